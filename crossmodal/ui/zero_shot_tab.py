"""The zero-shot tab: a picture or many against labels of the person's own, two readings, a map, tables to take away."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from crossmodal.models.catalog import CATALOG
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings
from crossmodal.sources import SUFFIXES
from crossmodal.ui.components import ACCELERATOR, Labelled, LabelSets, SafeImage
from crossmodal.ui.label_sets import label_sets
from crossmodal.ui.texts import TEXTS, Texts
from crossmodal.ui.zero_shot_handlers import ZeroShotHandlers
from crossmodal.zero_shot.tables import COLUMNS

COMPUTES: dict[str, Any] = {"concurrency_id": ACCELERATOR, "concurrency_limit": 1}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True)
class ZeroShotTab:
    """What the rest of the page needs of the tab."""

    labels: tuple[Labelled, ...]
    picture: Any
    ask: Any
    """The button that carries the picture to the chat."""
    similar: Any
    """The button that carries it to the search tab."""


@dataclass(frozen=True)
class _Asking:
    picture: SafeImage
    notice: gr.Markdown
    new_scene: gr.Button
    ask: gr.Button
    similar: gr.Button
    labels: gr.Textbox
    sets: gr.Dropdown
    go: gr.Button
    options: gr.Accordion
    model: gr.Dropdown
    templates: gr.Textbox

    @property
    def spoken(self) -> tuple[Labelled, ...]:
        return (
            Labelled(self.picture, "picture"),
            Labelled(self.new_scene, "new_scene", "value"),
            Labelled(self.ask, "ask_about", "value"),
            Labelled(self.similar, "find_similar", "value"),
            Labelled(self.labels, "labels"),
            Labelled(self.labels, "labels_hint", "placeholder"),
            Labelled(self.sets, "label_set"),
            LabelSets(self.sets, "label_set", "choices"),
            Labelled(self.go, "classify", "value"),
            Labelled(self.options, "zs_options"),
            Labelled(self.model, "embedding_model"),
            Labelled(self.templates, "templates"),
        )


@dataclass(frozen=True)
class _Reading:
    headline: gr.HTML
    bars: gr.HTML
    looked_for: gr.Dropdown
    map: gr.Image
    note: gr.Markdown
    code: gr.Accordion
    python: gr.Code
    curl: gr.Code

    @property
    def spoken(self) -> tuple[Labelled, ...]:
        return (Labelled(self.looked_for, "seen_where"), Labelled(self.code, "show_code"))

    @property
    def outputs(self) -> list[Any]:
        return [self.headline, self.bars, self.looked_for, self.map, self.note, self.python, self.curl]


@dataclass(frozen=True)
class _Many:
    accordion: gr.Accordion
    files: gr.File
    folder: gr.Textbox
    go: gr.Button
    stop: gr.Button
    progress: gr.Markdown
    table: gr.Dataframe
    csv: gr.DownloadButton
    json: gr.DownloadButton

    @property
    def spoken(self) -> tuple[Labelled, ...]:
        return (
            Labelled(self.accordion, "many"),
            Labelled(self.files, "files"),
            Labelled(self.folder, "folder"),
            Labelled(self.go, "run_all", "value"),
            Labelled(self.stop, "stop", "value"),
            Labelled(self.table, "zs_table"),
            Labelled(self.csv, "csv"),
            Labelled(self.json, "json"),
        )


def build(manager: ModelManager, settings: Settings, language: Any) -> ZeroShotTab:
    """Lay out the tab inside the current Blocks and connect it. `language` is the page's language component."""
    handlers = ZeroShotHandlers(manager, settings)
    words = TEXTS["en"]
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            asking = _asking_column(words, handlers.models)
        with gr.Column(scale=3, min_width=320):
            reading = _reading_column(words)
    many = _many_row(words, bool(settings.pictures))
    _endpoints(handlers)
    _connect_one(handlers, asking, reading, language)
    _connect_many(handlers, asking, many, language)
    return ZeroShotTab((*asking.spoken, *reading.spoken, *many.spoken), asking.picture, asking.ask, asking.similar)


def _asking_column(words: Texts, models: tuple[str, ...]) -> _Asking:
    picture = SafeImage(
        type="pil",
        format="png",
        label=words.picture,
        height=300,
        sources=["upload", "clipboard"],
        elem_id="zs-picture",
        buttons=[],
    )
    notice = gr.Markdown(visible=False, elem_classes="notice", elem_id="zs-notice")
    with gr.Row():
        new_scene = gr.Button(words.new_scene, elem_id="zs-new-scene", min_width=120)
        ask = gr.Button(words.ask_about, elem_id="zs-ask", min_width=120)
        similar = gr.Button(words.find_similar, elem_id="zs-similar", min_width=120)
    labels = gr.Textbox(label=words.labels, placeholder=words.labels_hint, lines=4, max_lines=8, elem_id="zs-labels")
    sets = gr.Dropdown(label_sets("en"), value=None, label=words.label_set, elem_id="zs-sets")
    go = gr.Button(words.classify, variant="primary", elem_id="zs-go")
    with gr.Accordion(words.zs_options, open=False) as options:
        titles = [(CATALOG[m].title if m in CATALOG else m, m) for m in models]
        model = gr.Dropdown(titles, value=models[0], label=words.embedding_model, elem_id="zs-model")
        templates = gr.Textbox(label=words.templates, lines=2, max_lines=6, elem_id="zs-templates")
    return _Asking(picture, notice, new_scene, ask, similar, labels, sets, go, options, model, templates)


def _reading_column(words: Texts) -> _Reading:
    headline = gr.HTML(words.zs_empty, elem_id="zs-headline")
    bars = gr.HTML(elem_id="zs-bars")
    looked_for = gr.Dropdown([], label=words.seen_where, visible=False, elem_id="zs-looked-for")
    seen = gr.Image(visible=False, interactive=False, show_label=False, height=300, elem_id="zs-map", buttons=[])
    note = gr.Markdown(visible=False, elem_classes="hint")
    with gr.Accordion(words.show_code, open=False) as code:
        python = gr.Code(language="python", label="Python", interactive=False)
        curl = gr.Code(language="shell", label="curl", interactive=False)
    return _Reading(headline, bars, looked_for, seen, note, code, python, curl)


def _many_row(words: Texts, folders: bool) -> _Many:
    with gr.Accordion(words.many, open=False, elem_id="zs-many") as accordion:
        files = gr.File(
            label=words.files, file_count="multiple", file_types=[*SUFFIXES, ".zip"], height=140, elem_id="zs-files"
        )
        folder = gr.Textbox(label=words.folder, visible=folders, elem_id="zs-folder")
        with gr.Row():
            go = gr.Button(words.run_all, variant="primary", elem_id="zs-run-all", min_width=120)
            stop = gr.Button(words.stop, variant="stop", elem_id="zs-stop", min_width=120)
        progress = gr.Markdown(elem_id="zs-progress")
        table = gr.Dataframe(
            headers=list(COLUMNS),
            visible=False,
            interactive=False,
            show_search="filter",
            label=words.zs_table,
            max_height=420,
            elem_id="zs-table",
        )
        with gr.Row():
            csv = gr.DownloadButton(words.csv, visible=False, elem_id="zs-csv")
            json = gr.DownloadButton(words.json, visible=False, elem_id="zs-json")
    return _Many(accordion, files, folder, go, stop, progress, table, csv, json)


def _connect_one(handlers: ZeroShotHandlers, asking: _Asking, reading: _Reading, language: Any) -> None:
    inputs = [asking.picture, asking.labels, asking.templates, asking.model, language]
    computing: dict[str, Any] = {"api_visibility": "private", "show_progress_on": [reading.bars], **COMPUTES}
    asking.go.click(handlers.classify, inputs, reading.outputs, **computing)
    composed = asking.new_scene.click(handlers.new_scene, language, [asking.picture, asking.labels], **QUIET)
    composed.success(handlers.classify, inputs, reading.outputs, **computing)
    for changed in (asking.picture, asking.model):
        changed.change(handlers.notice, [asking.picture, asking.model, language], asking.notice, **QUIET)
    looking = [asking.picture, reading.looked_for, asking.templates, asking.model, language]
    reading.looked_for.input(handlers.look, looking, [reading.map, reading.note], **QUIET, **COMPUTES)
    asking.sets.input(handlers.fill_labels, [asking.sets, language], asking.labels, queue=False, **QUIET)


def _connect_many(handlers: ZeroShotHandlers, asking: _Asking, many: _Many, language: Any) -> None:
    inputs = [many.files, many.folder, asking.labels, asking.templates, asking.model, language]
    outputs = [many.progress, many.table, many.csv, many.json]
    many.go.click(handlers.classify_many, inputs, outputs, **QUIET, **COMPUTES)
    many.stop.click(handlers.stop, queue=False, **QUIET)


def _endpoints(handlers: ZeroShotHandlers) -> None:
    """`/classify` and `/classify_files`, which need components to describe their parameters."""
    with gr.Row(visible=False):
        image = SafeImage(type="pil", label="image")
        files = gr.File(file_count="multiple", label="files")
        labels = gr.Textbox(label="labels")
        templates = gr.Textbox("", label="templates")
        model = gr.Textbox("", label="model")
        shares, table = gr.Label(label="shares"), gr.JSON(label="files")
        gr.Button().click(handlers.api_classify(), [image, labels, templates, model], shares, api_name="classify", **COMPUTES)
        gr.Button().click(
            handlers.api_classify_files(), [files, labels, templates, model], table, api_name="classify_files", **COMPUTES
        )
