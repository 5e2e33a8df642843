"""The search tab: a gallery searched by words and pictures, a cut-off to move, a map, and galleries of the person's own."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from crossmodal.models.catalog import find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.retrieval.folder import SIDECARS
from crossmodal.retrieval.places import BUNDLED, PICTURE_BOOK, chosen_store, data_folder
from crossmodal.retrieval.query import LESS_WEIGHT, MORE_WEIGHT
from crossmodal.settings import Settings
from crossmodal.sources import SUFFIXES
from crossmodal.ui.components import ACCELERATOR, STATE_SECONDS, Labelled, SafeImage
from crossmodal.ui.gallery_handlers import GalleryHandlers
from crossmodal.ui.search_handlers import SearchHandlers, SearchState
from crossmodal.ui.texts import TEXTS, Texts
from crossmodal.world.words import Language

if TYPE_CHECKING:
    from crossmodal.retrieval.engine import SearchEngine

COMPUTES: dict[str, Any] = {"concurrency_id": ACCELERATOR, "concurrency_limit": 1}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
HITS, MOST_SHOWN = 24, 100


@dataclass(frozen=True)
class Kinds(Labelled):
    """What can be looked for, in the page's language."""

    def said(self, language: Language) -> Any:
        return _kinds(TEXTS[language])


def _kinds(words: Texts) -> list[tuple[str, str]]:
    return [(words.sr_pictures, "picture"), (words.sr_captions, "caption")]


@dataclass(frozen=True)
class SearchTab:
    """What the rest of the page needs of the tab."""

    labels: tuple[Labelled, ...]
    picture: Any
    """Where other tabs put a picture to search by."""
    selected: Any
    ask: Any
    classify: Any
    """The buttons that carry the selected picture to other tabs."""


@dataclass(frozen=True)
class _Query:
    gallery: gr.Dropdown
    text: gr.Textbox
    go: gr.Button
    picture: SafeImage
    chips: gr.Dropdown
    filters: gr.Accordion
    kind: gr.Radio
    most: gr.Slider
    hide: gr.Checkbox
    folder: gr.Textbox
    since: gr.Textbox
    until: gr.Textbox
    contains: gr.Textbox

    @property
    def controls(self) -> list[Any]:
        return [self.kind, self.most, self.hide, self.folder, self.since, self.until, self.contains]

    @property
    def spoken(self) -> tuple[Labelled, ...]:
        return (
            Labelled(self.gallery, "sr_gallery"),
            Labelled(self.text, "sr_query"),
            Labelled(self.text, "sr_query_hint", "placeholder"),
            Labelled(self.go, "sr_go", "value"),
            Labelled(self.picture, "sr_picture"),
            Labelled(self.chips, "sr_chips"),
            Labelled(self.filters, "sr_filters"),
            Labelled(self.kind, "sr_kind"),
            Kinds(self.kind, "sr_kind", "choices"),
            Labelled(self.most, "sr_most"),
            Labelled(self.hide, "sr_hide"),
            Labelled(self.folder, "sr_folder"),
            Labelled(self.since, "sr_since"),
            Labelled(self.until, "sr_until"),
            Labelled(self.contains, "sr_contains"),
        )


@dataclass(frozen=True)
class _Hits:
    headline: gr.HTML
    hits: gr.Gallery
    histogram: gr.HTML
    line: gr.Slider
    details: gr.Row
    selected: SafeImage
    why: gr.HTML
    seen: gr.Image
    more: gr.Button
    less: gr.Button
    ask: gr.Button
    classify: gr.Button
    code: gr.Accordion
    python: gr.Code
    curl: gr.Code

    @property
    def spoken(self) -> tuple[Labelled, ...]:
        return (
            Labelled(self.hits, "sr_hits"),
            Labelled(self.line, "sr_cut"),
            Labelled(self.selected, "sr_selected"),
            Labelled(self.more, "sr_more", "value"),
            Labelled(self.less, "sr_less", "value"),
            Labelled(self.ask, "ask_about", "value"),
            Labelled(self.classify, "classify_this", "value"),
            Labelled(self.code, "show_code"),
        )


@dataclass(frozen=True)
class _Galleries:
    accordion: gr.Accordion
    note: gr.Markdown
    name: gr.Textbox
    files: gr.File
    folder: gr.Textbox
    add: gr.Button
    stop: gr.Button
    progress: gr.Markdown
    skipped: gr.Dataframe
    rescan: gr.Button
    anew: gr.Button
    remove: gr.Button
    new_name: gr.Textbox
    rename: gr.Button
    sure: gr.Checkbox
    delete: gr.Button

    @property
    def spoken(self) -> tuple[Labelled, ...]:
        return (
            Labelled(self.accordion, "sr_galleries"),
            Labelled(self.note, "sr_shared", "value"),
            Labelled(self.name, "sr_name"),
            Labelled(self.files, "sr_files"),
            Labelled(self.folder, "folder"),
            Labelled(self.add, "sr_index", "value"),
            Labelled(self.stop, "stop", "value"),
            Labelled(self.skipped, "sr_skipped"),
            Labelled(self.rescan, "sr_rescan", "value"),
            Labelled(self.anew, "sr_anew", "value"),
            Labelled(self.remove, "sr_remove", "value"),
            Labelled(self.new_name, "sr_rename"),
            Labelled(self.rename, "sr_rename_go", "value"),
            Labelled(self.sure, "sr_sure"),
            Labelled(self.delete, "sr_delete", "value"),
        )


@dataclass(frozen=True)
class _Views:
    map: gr.Accordion
    method: gr.Radio
    captions: gr.Checkbox
    draw: gr.Button
    drawn: gr.Image
    note: gr.Markdown
    quality: gr.Accordion
    measure: gr.Button
    table: gr.Markdown

    @property
    def spoken(self) -> tuple[Labelled, ...]:
        return (
            Labelled(self.map, "sr_map"),
            Labelled(self.method, "sr_method"),
            Labelled(self.captions, "sr_with_captions"),
            Labelled(self.draw, "sr_draw", "value"),
            Labelled(self.quality, "sr_quality"),
            Labelled(self.measure, "sr_measure", "value"),
        )


def build(manager: ModelManager, settings: Settings, language: Any, page: gr.Blocks) -> SearchTab:
    """Lay out the tab inside the current Blocks and connect it. `language` is the page's language component."""
    spec = find_spec(settings.embedding_model, "embedding")
    engine = _late_engine(manager, settings)
    handlers, keepers = SearchHandlers(engine, spec.picture_book_only), GalleryHandlers(engine, settings)
    words = TEXTS["en"]
    state = gr.State(SearchState(), time_to_live=STATE_SECONDS)
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            query = _query_column(words)
        with gr.Column(scale=3, min_width=320):
            hits = _hits_column(words)
    galleries = _galleries_row(words, bool(settings.pictures))
    views = _views_row(words)
    _endpoints(handlers, keepers)
    _connect_search(handlers, query, hits, state, language)
    _connect_hits(handlers, query, hits, views, state, language)
    _connect_galleries(keepers, query, galleries, state, language)
    page.load(handlers.names, None, query.gallery, queue=False, **QUIET)
    labels = (*query.spoken, *hits.spoken, *galleries.spoken, *views.spoken)
    return SearchTab(labels, query.picture, hits.selected, hits.ask, hits.classify)


def _late_engine(manager: ModelManager, settings: Settings) -> "Callable[[], SearchEngine]":
    """Gives the one engine, and makes it when first asked."""
    making = threading.Lock()
    made: list[SearchEngine] = []

    def engine() -> "SearchEngine":
        with making:
            if not made:
                from crossmodal.retrieval.engine import SearchEngine

                spec = find_spec(settings.embedding_model, "embedding")
                folder, store = data_folder(settings), chosen_store(settings)
                made.append(SearchEngine(manager, spec, settings.precision, folder, BUNDLED, store))
            return made[0]

    return engine


def _query_column(words: Texts) -> _Query:
    gallery = gr.Dropdown([PICTURE_BOOK], value=PICTURE_BOOK, label=words.sr_gallery, elem_id="sr-gallery")
    text = gr.Textbox(label=words.sr_query, placeholder=words.sr_query_hint, max_lines=3, elem_id="sr-query")
    go = gr.Button(words.sr_go, variant="primary", elem_id="sr-go")
    picture = SafeImage(
        type="pil",
        format="png",
        label=words.sr_picture,
        height=180,
        sources=["upload", "clipboard"],
        elem_id="sr-picture",
        buttons=[],
    )
    chips = gr.Dropdown(
        [], value=[], multiselect=True, allow_custom_value=True, label=words.sr_chips, visible=False, elem_id="sr-chips"
    )
    with gr.Accordion(words.sr_filters, open=False, elem_id="sr-filters") as filters:
        kind = gr.Radio(_kinds(words), value="picture", label=words.sr_kind, elem_id="sr-kind")
        most = gr.Slider(1, MOST_SHOWN, HITS, step=1, label=words.sr_most, elem_id="sr-most")
        hide = gr.Checkbox(False, label=words.sr_hide, elem_id="sr-hide")
        contains = gr.Textbox(label=words.sr_contains, elem_id="sr-contains")
        folder = gr.Textbox(label=words.sr_folder, elem_id="sr-folder")
        with gr.Row():
            since = gr.Textbox(label=words.sr_since, min_width=120, elem_id="sr-since")
            until = gr.Textbox(label=words.sr_until, min_width=120, elem_id="sr-until")
    return _Query(gallery, text, go, picture, chips, filters, kind, most, hide, folder, since, until, contains)


def _hits_column(words: Texts) -> _Hits:
    headline = gr.HTML(words.sr_empty, elem_id="sr-headline")
    hits = gr.Gallery(
        [],
        label=words.sr_hits,
        columns=4,
        height=460,
        object_fit="contain",
        allow_preview=False,
        interactive=False,
        buttons=[],
        elem_id="sr-hits",
    )
    with gr.Row(visible=False, elem_id="sr-details") as details:
        with gr.Column(min_width=140):
            selected = SafeImage(
                type="pil",
                format="png",
                interactive=False,
                label=words.sr_selected,
                height=200,
                buttons=[],
                elem_id="sr-selected",
            )
        with gr.Column(min_width=140):
            seen = gr.Image(visible=False, interactive=False, height=200, buttons=[], elem_id="sr-seen")
        with gr.Column(min_width=220):
            why = gr.HTML(elem_id="sr-why")
            with gr.Row():
                more = gr.Button(words.sr_more, min_width=110, elem_id="sr-more")
                less = gr.Button(words.sr_less, min_width=110, elem_id="sr-less")
            with gr.Row():
                ask = gr.Button(words.ask_about, min_width=110, elem_id="sr-ask")
                classify = gr.Button(words.classify_this, min_width=110, elem_id="sr-classify")
    line = gr.Slider(-1, 1, 0, step=0.001, label=words.sr_cut, visible=False, elem_id="sr-line")
    histogram = gr.HTML(elem_id="sr-histogram", elem_classes="hint")
    with gr.Accordion(words.show_code, open=False) as code:
        python = gr.Code(language="python", label="Python", interactive=False)
        curl = gr.Code(language="shell", label="curl", interactive=False)
    return _Hits(headline, hits, histogram, line, details, selected, why, seen, more, less, ask, classify, code, python, curl)


def _galleries_row(words: Texts, folders: bool) -> _Galleries:
    with gr.Accordion(words.sr_galleries, open=False, elem_id="sr-galleries") as accordion:
        note = gr.Markdown(words.sr_shared, elem_classes="hint")
        name = gr.Textbox(label=words.sr_name, max_lines=1, elem_id="sr-name")
        files = gr.File(
            label=words.sr_files,
            file_count="multiple",
            file_types=[*SUFFIXES, *SIDECARS, ".zip"],
            height=140,
            elem_id="sr-files",
        )
        folder = gr.Textbox(label=words.folder, visible=folders, elem_id="sr-server-folder")
        with gr.Row():
            add = gr.Button(words.sr_index, variant="primary", elem_id="sr-add", min_width=120)
            stop = gr.Button(words.stop, variant="stop", elem_id="sr-stop", min_width=120)
        progress = gr.Markdown(elem_id="sr-progress")
        skipped = gr.Dataframe(
            headers=["file", "reason"], visible=False, interactive=False, label=words.sr_skipped, max_height=240
        )
        with gr.Row():
            rescan = gr.Button(words.sr_rescan, elem_id="sr-rescan", min_width=120)
            anew = gr.Button(words.sr_anew, elem_id="sr-anew", min_width=120)
            remove = gr.Button(words.sr_remove, elem_id="sr-remove", min_width=120)
        with gr.Row():
            new_name = gr.Textbox(label=words.sr_rename, max_lines=1, elem_id="sr-new-name")
            rename = gr.Button(words.sr_rename_go, elem_id="sr-rename", min_width=100)
            sure = gr.Checkbox(False, label=words.sr_sure, elem_id="sr-sure", min_width=160)
            delete = gr.Button(words.sr_delete, variant="stop", elem_id="sr-delete", min_width=100)
    return _Galleries(
        accordion, note, name, files, folder, add, stop, progress, skipped, rescan, anew, remove, new_name, rename, sure, delete
    )


def _views_row(words: Texts) -> _Views:
    with gr.Accordion(words.sr_map, open=False, elem_id="sr-map") as map_accordion:
        with gr.Row():
            method = gr.Radio([("PCA", "pca"), ("t-SNE", "tsne")], value="pca", label=words.sr_method, elem_id="sr-method")
            captions = gr.Checkbox(False, label=words.sr_with_captions, elem_id="sr-map-captions")
            draw = gr.Button(words.sr_draw, elem_id="sr-draw", min_width=120)
        drawn = gr.Image(visible=False, interactive=False, show_label=False, buttons=[], elem_id="sr-drawn")
        note = gr.Markdown(visible=False, elem_classes="hint")
    with gr.Accordion(words.sr_quality, open=False, elem_id="sr-quality") as quality:
        measure = gr.Button(words.sr_measure, elem_id="sr-measure", min_width=120)
        table = gr.Markdown(elem_id="sr-table")
    return _Views(map_accordion, method, captions, draw, drawn, note, quality, measure, table)


def _found_outputs(query: _Query, hits: _Hits, state: gr.State) -> list[Any]:
    return [state, query.chips, hits.headline, hits.hits, hits.histogram, hits.line, hits.python, hits.curl]


def _connect_search(handlers: SearchHandlers, query: _Query, hits: _Hits, state: gr.State, language: Any) -> None:
    inputs = [query.text, query.gallery, *query.controls, state, language]
    outputs = _found_outputs(query, hits, state)
    computing: dict[str, Any] = {"api_visibility": "private", "show_progress_on": [hits.hits], **COMPUTES}
    hide: dict[str, Any] = {"fn": lambda: gr.update(visible=False), "outputs": hits.details, "queue": False, **QUIET}
    for trigger in (query.go.click, query.text.submit):
        trigger(handlers.search, inputs, outputs, **computing).then(**hide)
    with_picture = [query.picture, *inputs]
    query.picture.change(handlers.add_picture, with_picture, outputs, **computing).then(**hide)
    query.chips.input(handlers.edit, [query.chips, *query.controls, state, language], outputs, **computing).then(**hide)
    for button, handler in ((hits.more, handlers.feedback(MORE_WEIGHT)), (hits.less, handlers.feedback(LESS_WEIGHT))):
        button.click(handler, [*query.controls, state, language], outputs, **computing).then(**hide)


def _connect_hits(handlers: SearchHandlers, query: _Query, hits: _Hits, views: _Views, state: gr.State, language: Any) -> None:
    chosen = [state, hits.selected, hits.why, hits.seen, hits.details]
    hits.hits.select(handlers.select, [state, language], chosen, **QUIET, **COMPUTES)
    moved = [state, hits.headline, hits.hits, hits.histogram]
    hits.line.release(handlers.move_line, [hits.line, state, language], moved, queue=False, **QUIET)
    drawing = [query.gallery, views.method, views.captions, state, language]
    views.draw.click(handlers.draw_map, drawing, [state, views.drawn, views.note], api_visibility="private", **COMPUTES)
    views.drawn.select(handlers.select_on_map, [state, language], chosen, **QUIET, **COMPUTES)
    views.measure.click(handlers.measure, [query.gallery, language], views.table, api_visibility="private", **COMPUTES)


def _connect_galleries(keepers: GalleryHandlers, query: _Query, galleries: _Galleries, state: gr.State, language: Any) -> None:
    outputs = [galleries.progress, galleries.skipped, query.gallery]
    adding = [galleries.name, galleries.files, galleries.folder, language]
    galleries.add.click(keepers.add, adding, outputs, **QUIET, **COMPUTES)
    galleries.rescan.click(keepers.rescan, [query.gallery, language], outputs, **QUIET, **COMPUTES)
    galleries.anew.click(keepers.embed_anew, [query.gallery, language], outputs, **QUIET, **COMPUTES)
    galleries.stop.click(keepers.stop, queue=False, **QUIET)
    changed = [*outputs, state]
    renaming = [query.gallery, galleries.new_name, state, language]
    galleries.rename.click(keepers.rename, renaming, changed, queue=False, **QUIET)
    deleting = [query.gallery, galleries.sure, state, language]
    deleted = galleries.delete.click(keepers.delete, deleting, changed, queue=False, **QUIET)
    deleted.then(lambda: False, None, galleries.sure, queue=False, **QUIET)
    galleries.remove.click(keepers.remove, [state, language], changed, queue=False, **QUIET)


def _endpoints(handlers: SearchHandlers, keepers: GalleryHandlers) -> None:
    """`/search`, `/index` and `/galleries`, which need components to describe their parameters."""
    with gr.Row(visible=False):
        text, image = gr.Textbox(label="text"), SafeImage(type="pil", label="image")
        k, gallery = gr.Number(10, precision=0, label="k"), gr.Textbox(PICTURE_BOOK, label="gallery")
        files = gr.File(file_count="multiple", label="files")
        found, counts, listed = gr.JSON(label="hits"), gr.JSON(label="counts"), gr.JSON(label="galleries")
        gr.Button().click(handlers.api_search(), [text, image, k, gallery], found, api_name="search", **COMPUTES)
        gr.Button().click(keepers.api_index(), [gallery, files], counts, api_name="index", **COMPUTES)
        gr.Button().click(handlers.api_galleries(), None, listed, api_name="galleries", **COMPUTES)
