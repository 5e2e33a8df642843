"""The fusion tab: strategies compared on a task, trained live or as they ship, and one case through all of them."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from crossmodal.fusion.config import FEWEST_CASES, MOST_CASES, MOST_SEEDS, OWN
from crossmodal.fusion.names import STRATEGIES
from crossmodal.fusion.tasks import TASKS, tasks
from crossmodal.line import Line
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings
from crossmodal.sources import SUFFIXES
from crossmodal.ui.components import ACCELERATOR, STATE_SECONDS, Labelled, SafeImage
from crossmodal.ui.fusion_handlers import CaseState, FusionHandlers
from crossmodal.ui.fusion_view import headings, wiring
from crossmodal.ui.texts import TEXTS, Texts
from crossmodal.world.words import Language

if TYPE_CHECKING:
    from crossmodal.fusion.laboratory import Laboratory

COMPUTES: dict[str, Any] = {"concurrency_id": ACCELERATOR, "concurrency_limit": 1}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
TRAINS: dict[str, Any] = {"concurrency_id": "training", "concurrency_limit": 16}
"""Training has processes of its own and a queue of its own, whose places are told."""
FIRST_TASK = "xor"
FIRST_STRATEGIES = ("picture_only", "text_only", "concat_mlp", "cross_attention", "product_of_experts")
FIRST_SEEDS, FIRST_CASES = 2, 20_000


@dataclass(frozen=True)
class TaskChoices(Labelled):
    """The menu of tasks, in the page's language."""

    def said(self, language: Language) -> Any:
        return _task_choices(language)


@dataclass(frozen=True)
class Drawing(Labelled):
    """The wiring, in the page's language."""

    def said(self, language: Language) -> Any:
        return wiring(TEXTS[language])


@dataclass(frozen=True)
class FusionTab:
    """What the rest of the page needs of the tab."""

    labels: tuple[Labelled, ...]


@dataclass(frozen=True)
class _Asking:
    task: gr.Dropdown
    slider: gr.Slider
    files: gr.File
    strategies: gr.CheckboxGroup
    options: gr.Accordion
    seeds: gr.Number
    cases: gr.Number
    dropout: gr.Slider
    adversarial: gr.Slider
    run: gr.Button
    stop: gr.Button
    progress: gr.Markdown

    @property
    def spoken(self) -> tuple[Labelled, ...]:
        return (
            Labelled(self.task, "fu_task"),
            TaskChoices(self.task, "fu_task", "choices"),
            Labelled(self.slider, "fu_slider"),
            Labelled(self.files, "fu_files"),
            Labelled(self.strategies, "fu_strategies"),
            Labelled(self.options, "fu_options"),
            Labelled(self.seeds, "fu_seeds"),
            Labelled(self.cases, "fu_cases"),
            Labelled(self.dropout, "fu_dropout"),
            Labelled(self.adversarial, "fu_adversarial"),
            Labelled(self.run, "fu_run", "value"),
            Labelled(self.stop, "stop", "value"),
        )

    @property
    def inputs(self) -> list[Any]:
        return [self.task, self.slider, self.strategies, self.seeds, self.cases, self.dropout, self.adversarial, self.files]


@dataclass(frozen=True)
class _Results:
    comparison: gr.State
    bars: gr.HTML
    figures: gr.Accordion
    table: gr.Dataframe
    reading: gr.Markdown
    plots: gr.Accordion
    curves: gr.HTML
    charts: gr.HTML
    wired: gr.Accordion
    wiring: gr.HTML
    export: gr.Accordion
    command: gr.Code
    files: gr.File

    @property
    def spoken(self) -> tuple[Labelled, ...]:
        titled = (
            *((self.figures, "fu_table"), (self.plots, "fu_plots"), (self.wired, "fu_wiring"), (self.export, "fu_export")),
        )
        return (*(Labelled(c, text) for c, text in titled), Drawing(self.wiring, "fu_wiring", "value"))

    @property
    def outputs(self) -> list[Any]:
        return [
            *(self.comparison, self.bars, self.table, self.reading),
            *(self.curves, self.charts, self.command, self.files),
        ]


@dataclass(frozen=True)
class _Case:
    accordion: gr.Accordion
    picture: SafeImage
    new: gr.Button
    text: gr.Textbox
    tell: gr.Button
    note: gr.Markdown
    table: gr.HTML
    attention: gr.Image
    state: gr.State

    @property
    def spoken(self) -> tuple[Labelled, ...]:
        return (
            Labelled(self.accordion, "fu_case"),
            Labelled(self.picture, "picture"),
            Labelled(self.new, "fu_new_case", "value"),
            Labelled(self.text, "fu_sentence"),
            Labelled(self.tell, "fu_tell", "value"),
        )


def build(manager: ModelManager, settings: Settings, language: Any, tab: Any, line: Line) -> FusionTab:
    """Lay out the tab inside the current Blocks and connect it. `language` is the page's language component."""
    handlers = FusionHandlers(_first_use(manager, settings), line)
    words = TEXTS["en"]
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            asking = _asking_column(words)
        with gr.Column(scale=3, min_width=320):
            results = _results_column(words)
    case = _case_row(words)
    _connect(handlers, asking, results, case, language, tab)
    _endpoints(handlers)
    return FusionTab((*asking.spoken, *results.spoken, *case.spoken))


def _first_use(manager: ModelManager, settings: Settings) -> Any:
    lock, made = threading.Lock(), list["Laboratory"]()

    def laboratory() -> "Laboratory":
        with lock:
            if not made:
                from crossmodal.fusion.laboratory import Laboratory

                made.append(Laboratory(manager, settings.precision))
            return made[0]

    return laboratory


def _task_choices(language: Language) -> list[tuple[str, str]]:
    listed = [(task.title[language == "zh"], name) for name, task in tasks().items()]
    return [*listed, (TEXTS[language].fu_own, OWN)]


def _asking_column(words: Texts) -> _Asking:
    task = gr.Dropdown(_task_choices("en"), value=FIRST_TASK, label=words.fu_task, elem_id="fu-task")
    slider = gr.Slider(0, 1, value=1, step=0.05, label=words.fu_slider, elem_id="fu-slider")
    files = gr.File(
        label=words.fu_files,
        file_count="multiple",
        file_types=[*SUFFIXES, ".csv", ".zip"],
        height=120,
        visible=False,
        elem_id="fu-own",
    )
    strategies = gr.CheckboxGroup(
        [(kind.title, name) for name, kind in STRATEGIES.items()],
        value=list(FIRST_STRATEGIES),
        label=words.fu_strategies,
        elem_id="fu-strategies",
    )
    with gr.Accordion(words.fu_options, open=False, elem_id="fu-options") as options:
        seeds = gr.Number(FIRST_SEEDS, minimum=1, maximum=MOST_SEEDS, precision=0, label=words.fu_seeds, elem_id="fu-seeds")
        cases = gr.Number(
            FIRST_CASES, minimum=FEWEST_CASES, maximum=MOST_CASES, precision=0, label=words.fu_cases, elem_id="fu-cases"
        )
        dropout = gr.Slider(0, 0.9, value=0, step=0.05, label=words.fu_dropout, elem_id="fu-dropout")
        adversarial = gr.Slider(0, 0.5, value=0, step=0.05, label=words.fu_adversarial, elem_id="fu-adversarial")
    with gr.Row():
        run = gr.Button(words.fu_run, variant="primary", elem_id="fu-run", min_width=120)
        stop = gr.Button(words.stop, variant="stop", elem_id="fu-stop", min_width=80)
    progress = gr.Markdown(elem_id="fu-progress")
    return _Asking(task, slider, files, strategies, options, seeds, cases, dropout, adversarial, run, stop, progress)


def _results_column(words: Texts) -> _Results:
    comparison = gr.State(None, time_to_live=STATE_SECONDS)
    bars = gr.HTML(elem_id="fu-bars")
    reading = gr.Markdown(elem_id="fu-reading")
    curves = gr.HTML(elem_id="fu-curves")
    with gr.Accordion(words.fu_plots, open=False, elem_id="fu-plots") as plots:
        charts = gr.HTML(elem_id="fu-charts")
    with gr.Accordion(words.fu_table, open=False) as figures:
        table = gr.Dataframe(headers=headings(words), interactive=False, show_label=False, max_height=420, elem_id="fu-table")
    with gr.Accordion(words.fu_wiring, open=False) as wired:
        drawn = gr.HTML(wiring(words), elem_id="fu-wiring")
    with gr.Accordion(words.fu_export, open=False) as export:
        command = gr.Code(language="shell", interactive=False, show_label=False, elem_id="fu-command")
        files = gr.File(file_count="multiple", interactive=False, show_label=False, elem_id="fu-files")
    return _Results(
        *(comparison, bars, figures, table, reading, plots, curves, charts),
        *(wired, drawn, export, command, files),
    )


def _case_row(words: Texts) -> _Case:
    state = gr.State(CaseState(), time_to_live=STATE_SECONDS)
    with gr.Accordion(words.fu_case, open=True, elem_id="fu-case") as accordion, gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            picture = SafeImage(
                type="pil",
                format="png",
                label=words.picture,
                height=280,
                sources=["upload", "clipboard"],
                elem_id="fu-picture",
                buttons=[],
            )
            new = gr.Button(words.fu_new_case, elem_id="fu-new-case")
            text = gr.Textbox(label=words.fu_sentence, elem_id="fu-sentence", max_lines=3)
            tell = gr.Button(words.fu_tell, variant="primary", elem_id="fu-tell")
        with gr.Column(scale=3, min_width=320):
            note = gr.Markdown(elem_id="fu-note")
            table = gr.HTML(elem_id="fu-case-table")
            attention = gr.Image(visible=False, interactive=False, height=260, elem_id="fu-attention", buttons=[])
    return _Case(accordion, picture, new, text, tell, note, table, attention, state)


def _connect(handlers: FusionHandlers, asking: _Asking, results: _Results, case: _Case, language: Any, tab: Any) -> None:
    shown = [asking.progress, *results.outputs]
    for trigger in (tab.select, asking.task.change, language.input):
        trigger(handlers.show, [asking.task, results.comparison, language], shown, queue=False, **QUIET)
    asking.task.change(handlers.choose, asking.task, [asking.slider, asking.files], queue=False, **QUIET)
    asking.run.click(handlers.run, [*asking.inputs, language], [asking.progress, *results.outputs], **QUIET, **TRAINS)
    asking.stop.click(handlers.stop, queue=False, **QUIET)
    told = [case.table, case.attention, case.note]
    asked = [asking.task, case.picture, case.text, case.state, language]
    made = case.new.click(handlers.new_case, [asking.task, language], [case.picture, case.text, case.state], **QUIET)
    made.success(handlers.tell, asked, told, **QUIET, **COMPUTES)
    for trigger in (case.tell.click, case.text.submit):
        trigger(handlers.tell, asked, told, **QUIET, **COMPUTES)


def _endpoints(handlers: FusionHandlers) -> None:
    """`/fuse` and `/fusion_results`, which need components to describe their parameters."""
    with gr.Row(visible=False):
        image = SafeImage(type="pil", label="image")
        text, task = gr.Textbox(label="text"), gr.Dropdown(list(TASKS), value="vqa", label="task")
        verdicts, rows = gr.JSON(label="verdicts"), gr.JSON(label="rows")
        gr.Button().click(handlers.api_fuse(), [image, text, task], verdicts, api_name="fuse", **COMPUTES)
        gr.Button().click(handlers.api_results(), task, rows, api_name="fusion_results", queue=False)
