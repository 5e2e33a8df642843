"""The models tab: what can be loaded, whether it fits, what is in memory, and two of them asked at once."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from crossmodal.chat.engine import ChatEngine
from crossmodal.models.catalog import CATALOG
from crossmodal.models.machine import PRECISIONS
from crossmodal.models.manager import ModelManager
from crossmodal.ui.components import ACCELERATOR, Labelled, SafeImage, Spoken
from crossmodal.ui.models_handlers import ModelsHandlers
from crossmodal.ui.models_texts import TEXTS
from crossmodal.ui.texts import TEXTS as PAGE_TEXTS
from crossmodal.world.words import Language

QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
COMPUTES: dict[str, Any] = {**QUIET, "concurrency_id": ACCELERATOR, "concurrency_limit": 1}
FETCHES: dict[str, Any] = {**QUIET, "concurrency_id": "fetching", "concurrency_limit": 4}


@dataclass(frozen=True)
class Tasks(Labelled):
    """The two tasks, in the page's language."""

    def said(self, language: Language) -> Any:
        return _tasks(language)


@dataclass(frozen=True)
class ModelsTab:
    """What the rest of the page needs of the tab."""

    labels: tuple[Labelled, ...]


def build(manager: ModelManager, engine: ChatEngine, chat_state: Any, language: Any, tab: Any, shared: bool) -> ModelsTab:
    """Lay out the tab inside the current Blocks and connect it.

    chat_state: of the chat tab, which a choice changes. shared: whether strangers use the page.
    """
    handlers, words, labels = ModelsHandlers(manager, engine, shared), TEXTS["en"], list[Labelled]()

    def spoken(component: Any, text: str, attribute: str = "label") -> Any:
        labels.append(Spoken(component, text, attribute, TEXTS))
        return component

    def button(text: str, **options: Any) -> Any:
        made = gr.Button(getattr(words, text), min_width=110, elem_id=f"mo-{text.replace('_', '-')}", **options)
        return spoken(made, text, "value")

    spoken(gr.Markdown(words.about), "about", "value")
    memory = gr.Markdown(elem_id="mo-memory")
    with gr.Row():
        task = spoken(gr.Radio(_tasks("en"), value="chat", label=words.task, elem_id="mo-task"), "task")
        labels.append(Tasks(task, "task", "choices"))
        model = spoken(_checkpoints("chat", words.checkpoint, "mo-model", scale=2), "checkpoint")
        precision = spoken(_precision("mo-precision"), "precision")
    plan = gr.Markdown(elem_id="mo-plan")
    nearest = gr.Button(visible=False, elem_id="mo-smaller", size="sm")
    with gr.Row():
        load, unload, use = button("load", variant="primary"), button("unload"), button("use")
        fetch, stop, delete = button("fetch"), button("stop", variant="stop"), button("delete")
    keep = spoken(gr.Checkbox(label=words.keep, elem_id="mo-keep"), "keep")
    said = gr.Markdown(elem_id="mo-said")
    table = gr.HTML(elem_id="mo-table")

    chosen = [task, model, precision]
    shown = {"fn": handlers.show, "inputs": [*chosen, language], "outputs": [table, plan, nearest, memory, keep], **QUIET}
    for trigger in (tab.select, model.change, precision.change, language.input):
        trigger(**shown)
    task.input(handlers.choose, task, model, **QUIET)
    nearest.click(handlers.take_smaller, [*chosen, language], [model, precision], **QUIET)
    fetch.click(handlers.fetch, [task, model, language], said, **FETCHES).then(**shown)
    stop.click(handlers.stop, queue=False, **QUIET)
    fetched = load.click(handlers.fetch, [task, model, language], said, **FETCHES)
    fetched.then(handlers.load, [*chosen, language], said, **COMPUTES).then(**shown)
    unload.click(handlers.unload, [*chosen, language], said, **QUIET).then(**shown)
    delete.click(handlers.delete, [task, model, language], said, **QUIET).then(**shown)
    keep.input(handlers.keep, [*chosen, keep, language], said, **QUIET).then(**shown)
    use.click(handlers.use, [model, precision, chat_state, language], [chat_state, said], **QUIET)
    labels += _comparison(handlers, language, shown)
    return ModelsTab(tuple(labels))


def _comparison(handlers: ModelsHandlers, language: Any, shown: dict[str, Any]) -> list[Labelled]:
    words, labels = TEXTS["en"], list[Labelled]()
    sides, answers = list[Any](), list[Any]()
    with gr.Accordion(words.compare, open=True, elem_id="mo-compare") as accordion:
        with gr.Row():
            for side in ("first", "second"):
                with gr.Column(min_width=260):
                    model = _checkpoints("chat", getattr(words, side), f"mo-{side}")
                    precision = _precision(f"mo-{side}-precision", "fp32" if side == "first" else "nf4")
                    labels += [Spoken(model, side, "label", TEXTS), Spoken(precision, "precision", "label", TEXTS)]
                    sides += [model, precision]
        with gr.Row(equal_height=False):
            picture = SafeImage(
                type="pil",
                format="png",
                label=PAGE_TEXTS["en"].picture,
                height=220,
                sources=["upload", "clipboard"],
                elem_id="mo-picture",
                buttons=[],
            )
            with gr.Column():
                question = gr.Textbox(label=PAGE_TEXTS["en"].question, elem_id="mo-question")
                blind = gr.Checkbox(label=words.blind, elem_id="mo-blind")
                with gr.Row():
                    ask = gr.Button(words.ask_both, variant="primary", elem_id="mo-ask-both", min_width=110)
                    stop = gr.Button(PAGE_TEXTS["en"].stop, variant="stop", elem_id="mo-compare-stop", min_width=80)
                note = gr.Markdown(elem_id="mo-note")
        with gr.Row(equal_height=False):
            for side in ("first", "second"):
                answers.append(gr.Markdown(elem_id=f"mo-{side}-answer", container=True, min_height=60))
        who = gr.Markdown(elem_id="mo-who")
    for trigger in (ask.click, question.submit):
        trigger(handlers.compare, [*sides, picture, question, blind, language], [*answers, note, who], **COMPUTES).then(**shown)
    stop.click(handlers.stop_comparing, queue=False, **QUIET)
    labels += [
        Spoken(accordion, "compare", "label", TEXTS),
        Spoken(blind, "blind", "label", TEXTS),
        Spoken(ask, "ask_both", "value", TEXTS),
        Labelled(stop, "stop", "value"),
        Labelled(picture, "picture"),
        Labelled(question, "question"),
    ]
    return labels


def _checkpoints(task: str, label: str, elem_id: str, scale: int = 1) -> Any:
    choices = [(spec.title, spec.id) for spec in CATALOG.values() if spec.task == task]
    return gr.Dropdown(choices, value=choices[0][1], label=label, allow_custom_value=True, elem_id=elem_id, scale=scale)


def _precision(elem_id: str, value: str = "fp32") -> Any:
    return gr.Radio(list(PRECISIONS), value=value, label=TEXTS["en"].precision, elem_id=elem_id)


def _tasks(language: Language) -> list[tuple[str, str]]:
    words = TEXTS[language]
    return [(words.chat, "chat"), (words.embedding, "embedding")]
