"""The alignment tab: losses that bring modalities and domains together, as experiments a person can move."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from crossmodal.alignment.bugs import BUGS
from crossmodal.alignment.names import CONTROL, OBJECTIVES, WAYS
from crossmodal.line import Line
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings
from crossmodal.ui.alignment_handlers import SHIPPED, AlignmentHandlers
from crossmodal.ui.alignment_texts import TEXTS, Choices, OfTexts
from crossmodal.ui.components import ACCELERATOR, STATE_SECONDS, Labelled, Spoken
from crossmodal.ui.texts import TEXTS as PAGE_TEXTS
from crossmodal.world.words import Language

if TYPE_CHECKING:
    from crossmodal.alignment.playground import Playground

COMPUTES: dict[str, Any] = {"concurrency_id": ACCELERATOR, "concurrency_limit": 1}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
WAITS: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
TRIES: dict[str, Any] = {"concurrency_id": "experiments", "concurrency_limit": 4}
"""Short experiments, in a process that computes nothing else."""
TRAINS: dict[str, Any] = {"concurrency_id": "training", "concurrency_limit": 16}
FIRST_WAYS = ("Source only", CONTROL, "CORAL", "MMD", "DANN, strength 0.1")
FIRST_SEEDS, MOST_SEEDS = 2, 10
FIRST_TEMPERATURE = 0.07


@dataclass(frozen=True)
class Bugs(Labelled):
    """The menu of bugs, in the page's language."""

    def said(self, language: Language) -> Any:
        return _bugs(language)


@dataclass(frozen=True)
class AlignmentTab:
    """What the rest of the page needs of the tab."""

    labels: tuple[Labelled, ...]


class _Layout:
    """Collects what is spoken while the tab is laid out."""

    def __init__(self) -> None:
        self.labels: list[Labelled] = []

    def add(self, component: Any, text: str, attribute: str = "label") -> Any:
        self.labels.append(Spoken(component, text, attribute, TEXTS))
        return component


def build(manager: ModelManager, settings: Settings, language: Any, tab: Any, line: Line) -> AlignmentTab:
    """Lay out the tab inside the current Blocks and connect it. `language` is the page's language component."""
    handlers = AlignmentHandlers(_first_use(manager, settings), line)
    layout = _Layout()
    _endpoints(handlers)  # before the tab's own events, which would take its names
    with gr.Tabs(elem_id="al-tabs"):
        for name, fill in (
            ("pairing", _pairing),
            ("temperature", _temperature),
            ("domains", _domains),
            ("clip", _clip),
            ("bugs", _bugs_tab),
        ):
            with gr.Tab(getattr(TEXTS["en"], name), id=f"al-{name}") as inner:
                layout.add(inner, name)
                about = getattr(TEXTS["en"], f"{name}_about")
                layout.add(gr.Markdown(about), f"{name}_about", "value")
                fill(handlers, layout, language, (tab, inner))
    return AlignmentTab(tuple(layout.labels))


def _first_use(manager: ModelManager, settings: Settings) -> Any:
    lock, made = threading.Lock(), list["Playground"]()

    def playground() -> "Playground":
        with lock:
            if not made:
                from crossmodal.alignment.playground import Playground

                made.append(Playground(manager, settings.precision))
            return made[0]

    return playground


def _pairing(handlers: AlignmentHandlers, layout: _Layout, language: Any, opened: tuple[Any, ...]) -> None:
    words = TEXTS["en"]
    objectives = gr.CheckboxGroup(
        [(title, name) for name, title in OBJECTIVES.items()],
        value=["info_nce", "siglip", "reconstruction"],
        elem_id="al-objectives",
    )
    layout.add(objectives, "objectives")
    layout.labels.append(Choices(objectives, "objectives"))
    seeds = layout.add(_seeds("al-pairing-seeds"), "seeds")
    run, stop = _buttons(layout, words.run, "run", "al-pairing")
    progress = gr.Markdown(elem_id="al-pairing-progress")
    outcome, curves = gr.HTML(elem_id="al-pairing-outcome"), gr.HTML()
    outputs = [progress, outcome, curves]
    mine = gr.State(False, time_to_live=STATE_SECONDS)
    for trigger in (*(o.select for o in opened), language.input):
        trigger(handlers.show_pairing, [mine, language], outputs, queue=False, **QUIET)
    run.click(lambda: True, None, mine, queue=False, **QUIET)
    run.click(handlers.run_pairing, [objectives, seeds, language], outputs, **QUIET, **TRAINS)
    stop.click(handlers.stop, queue=False, **QUIET)


def _temperature(handlers: AlignmentHandlers, layout: _Layout, language: Any, opened: tuple[Any, ...]) -> None:
    words = TEXTS["en"]
    data = gr.Radio([(words.cones, "cones"), (words.book, "book")], value="cones", label=words.material, elem_id="al-material")
    layout.add(data, "material")
    layout.labels.append(OfTexts(data, "cones:cones book:book"))
    with gr.Row():
        degree = gr.Slider(0.01, 1, value=FIRST_TEMPERATURE, step=0.01, label=words.degree, elem_id="al-degree")
        misprint = gr.Checkbox(label=words.misprint, elem_id="al-misprint")
    layout.add(degree, "degree")
    layout.add(misprint, "misprint")
    with gr.Row():
        look = layout.add(gr.Button(words.look, variant="primary", elem_id="al-look", min_width=120), "look", "value")
        sweep = layout.add(gr.Button(words.sweep, elem_id="al-sweep", min_width=120), "sweep", "value")
    said, drawn = gr.Markdown(elem_id="al-moment"), gr.HTML(elem_id="al-trace", min_height=80)
    asked = [data, degree, misprint, language]
    for trigger in (look.click, degree.release, misprint.input, data.input, opened[1].select):
        trigger(handlers.temperature, asked, [said, drawn], **QUIET, **TRIES)
    sweep.click(handlers.sweep, [data, misprint, language], [said, drawn], **QUIET, **TRIES)


def _domains(handlers: AlignmentHandlers, layout: _Layout, language: Any, opened: tuple[Any, ...]) -> None:
    words = TEXTS["en"]
    with gr.Row():
        data = gr.Radio(
            [(words.digits, "digits"), (words.scenes, "book")], value="digits", label=words.material, elem_id="al-domains"
        )
        experiment = gr.Radio(
            [(words.adapting, "ways"), (words.labels_needed, "curve")],
            value="ways",
            label=words.experiment,
            elem_id="al-experiment",
        )
    layout.add(data, "material")
    layout.labels.append(OfTexts(data, "digits:digits scenes:book"))
    layout.add(experiment, "experiment")
    layout.labels.append(OfTexts(experiment, "adapting:ways labels_needed:curve"))
    ways = gr.CheckboxGroup(list(WAYS), value=list(FIRST_WAYS), label=words.ways, elem_id="al-ways")
    layout.add(ways, "ways")
    layout.labels.append(Choices(ways, "ways"))
    with gr.Row():
        seeds = layout.add(_seeds("al-domains-seeds"), "seeds")
        classes = gr.Slider(2, 10, value=10, step=1, label=words.classes, elem_id="al-classes")
    layout.add(classes, "classes")
    run, stop = _buttons(layout, words.run, "run", "al-domains")
    progress = gr.Markdown(elem_id="al-domains-progress")
    outcome, drawn = gr.HTML(elem_id="al-domains-outcome"), gr.HTML(elem_id="al-domains-drawn")
    outputs = [progress, outcome, drawn]
    mine, shown = gr.State(False, time_to_live=STATE_SECONDS), [data, experiment, classes, language]
    for trigger in (opened[1].select, language.input):
        trigger(handlers.kept_domains, [mine, *shown], outputs, queue=False, **QUIET)
    for trigger in (data.input, experiment.input, classes.release):
        trigger(handlers.show_domains, shown, outputs, queue=False, **QUIET)
        trigger(lambda: False, None, mine, queue=False, **QUIET)
    run.click(lambda: True, None, mine, queue=False, **QUIET)
    asked = [data, experiment, ways, seeds, classes, language]
    run.click(handlers.run_domains, asked, outputs, **QUIET, **TRAINS)
    stop.click(handlers.stop, queue=False, **QUIET)


def _clip(handlers: AlignmentHandlers, layout: _Layout, language: Any, opened: tuple[Any, ...]) -> None:
    words = TEXTS["en"]
    new = layout.add(gr.Button(words.new_pair, variant="primary", elem_id="al-new-pair"), "new_pair", "value")
    pictures, names = [], []
    with gr.Row(equal_height=False):
        for style in ("noto", "twemoji"):
            with gr.Column(min_width=260):
                title = getattr(words, style)
                picture = gr.Image(interactive=False, height=260, label=title, format="png", buttons=[], elem_id=f"al-{style}")
                pictures.append(layout.add(picture, style))
                names.append(gr.Label(show_label=False, elem_id=f"al-{style}-names"))
    note, outcome = gr.Markdown(elem_id="al-clip-note"), gr.HTML(elem_id="al-clip-outcome")
    for trigger in (opened[1].select, language.input):
        trigger(handlers.show_clip, language, [note, outcome], queue=False, **QUIET)
    new.click(handlers.new_pair, language, [*pictures, *names], **WAITS, **COMPUTES)


def _bugs_tab(handlers: AlignmentHandlers, layout: _Layout, language: Any, opened: tuple[Any, ...]) -> None:
    words = TEXTS["en"]
    bug = gr.Radio(_bugs("en"), value=next(iter(BUGS)), label=words.bug, elem_id="al-bug")
    layout.add(bug, "bug")
    layout.labels.append(Bugs(bug, "bug", "choices"))
    shown = gr.HTML(elem_id="al-broken", min_height=80)
    for trigger in (bug.input, opened[1].select, language.input):
        trigger(handlers.break_it, [bug, language], shown, **WAITS, **TRIES)


def _bugs(language: Language) -> list[tuple[str, str]]:
    return [(bug.title[language == "zh"], name) for name, bug in BUGS.items()]


def _seeds(elem_id: str) -> Any:
    return gr.Number(FIRST_SEEDS, minimum=2, maximum=MOST_SEEDS, precision=0, label=TEXTS["en"].seeds, elem_id=elem_id)


def _buttons(layout: _Layout, title: str, text: str, elem_id: str) -> tuple[Any, Any]:
    with gr.Row():
        run = layout.add(gr.Button(title, variant="primary", elem_id=f"{elem_id}-run", min_width=120), text, "value")
        stop = gr.Button(PAGE_TEXTS["en"].stop, variant="stop", elem_id=f"{elem_id}-stop", min_width=80)
    layout.labels.append(Labelled(stop, "stop", "value"))
    return run, stop


def _endpoints(handlers: AlignmentHandlers) -> None:
    """`/temperature` and `/adaptation_results`, which need components to describe their parameters."""
    with gr.Row(visible=False):
        degree, misprinted = gr.Number(FIRST_TEMPERATURE, label="degree"), gr.Checkbox(label="misprinted")
        figures, rows = gr.JSON(label="figures"), gr.JSON(label="rows")
        experiment = gr.Dropdown(list(SHIPPED), value="digits", label="experiment")
        gr.Button().click(handlers.api_temperature(), [degree, misprinted], figures, api_name="temperature", **TRIES)
        gr.Button().click(handlers.api_adaptation(), experiment, rows, api_name="adaptation_results", queue=False)
