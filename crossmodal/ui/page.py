"""The whole page: header, tabs, language, and the state of the model."""

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from crossmodal.chat.engine import ChatEngine
from crossmodal.errors import UserError
from crossmodal.line import Line
from crossmodal.models.catalog import ModelSpec, find_spec
from crossmodal.models.first import first_model
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings
from crossmodal.ui import alignment_tab, chat_tab, fusion_tab, models_tab, search_tab, zero_shot_tab
from crossmodal.ui.components import Labelled
from crossmodal.ui.examples import Example, bundled_examples
from crossmodal.ui.texts import LANGUAGE_CHOICES, TEXTS, preferred_language
from crossmodal.world.words import Language

SYSTEM_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Noto Sans SC", "sans-serif")
CONTENT_POLICY = "; ".join(
    f"{kind} 'self' data: blob:" for kind in ("img-src", "media-src", "connect-src", "frame-src", "object-src")
)
"""An answer may hold a picture's address; the browser must not fetch it."""
HEAD = f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">'
CSS = """
.gradio-container { max-width: min(1200px, 100vw) !important; margin: 0 auto !important; }
.gradio-container .column, .gradio-container .row > * { min-width: 0; }
#title h1 { margin: 0; }
#title p, #status p, .hint p { margin: 0; color: var(--body-text-color-subdued); }
#status p { font-size: 0.9em; }
#notice, .notice { border-left: 3px solid #d97706; padding-left: 10px; }
#chat small { color: var(--body-text-color-subdued); display: block; line-height: 1.4; }
#offers button { white-space: normal; }
table.bars { width: 100%; border-collapse: collapse; table-layout: fixed; }
.prose table.bars, .prose table.bars tr, .prose table.bars th, .prose table.bars td { border: none; }
table.bars th { text-align: start; font-weight: 500; padding: 4px 8px 4px 0; overflow-wrap: anywhere; }
table.bars td { position: relative; padding: 4px 8px 4px 0; height: 30px; }
table.bars .bar { position: absolute; left: 0; top: 5px; bottom: 5px; border-radius: 4px;
  background: var(--primary-300); opacity: 0.55; max-width: calc(100% - 8px); }
table.bars .figure { position: relative; padding-left: 6px; font-variant-numeric: tabular-nums; }
table.bars .unmeasured { color: var(--body-text-color-subdued); font-size: 0.85em; }
#sr-hits .grid-container { grid-template-columns: repeat(auto-fill, minmax(105px, 1fr)) !important; }
#sr-hits .caption-label { font-size: 0.75em; padding: 1px 5px; max-width: 96%; }
table.fusion .whisker { position: absolute; bottom: 4px; height: 3px; background: var(--primary-600); border-radius: 2px; }
table.bars .figure small { white-space: nowrap; }
table.fusion .figure { text-shadow: 0 0 3px var(--body-background-fill); }
.chart { margin: 10px 0; }
.chart figcaption { font-weight: 500; }
.chart svg { width: 100%; max-width: 760px; height: auto; }
.chart svg text { font-size: 11px; fill: currentColor; }
.chart .legend { display: flex; flex-wrap: wrap; gap: 2px 12px; font-size: 0.8em; }
.chart .legend i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-inline-end: 4px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 0 16px; }
.wide { overflow-x: auto; }
table.plain { font-size: 0.85em; }
table.plain th, table.plain td { padding: 3px 8px; white-space: nowrap; text-align: start;
  border: 1px solid var(--border-color-primary); }
.wiring svg { width: 100%; height: auto; display: block; margin: 6px 0; }
#zs-table, #sr-table, #fu-table { max-width: 100%; overflow-x: auto; }
@media (max-width: 640px) {
  #header { flex-wrap: wrap; }
  #header > #title { min-width: 100% !important; }
  #chat { height: 320px !important; }
}
#examples button { flex-direction: column; gap: 4px; padding: 8px; font-weight: 400; white-space: normal; }
#examples button img { width: 72px; height: 72px; border-radius: 8px; margin: 0; }
"""
POLL_SECONDS = 0.5


class ModelWatch:
    """Loads the first model in the background, and says how far it is."""

    def __init__(self, manager: ModelManager, spec: ModelSpec, precision: str) -> None:
        self._manager, self._spec, self._precision = manager, spec, precision
        self._error: UserError | None = None
        self._done = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._load, name="first-model", daemon=True).start()

    def _load(self) -> None:
        try:
            with self._manager.use(self._spec, self._precision):
                pass
        except UserError as error:
            self._error = error
        finally:
            self._done.set()

    def lines(self, language: Language) -> Iterator[str]:
        """What to show until the model is there, or has failed."""
        words, began = TEXTS[language], time.monotonic()
        while not self._done.is_set():
            yield words.model_loading.format(self._spec.title, time.monotonic() - began)
            self._done.wait(POLL_SECONDS)
        if self._error:
            yield words.model_failed.format(self._error.said(language))
            return
        yield self.line(language)

    def line(self, language: Language) -> str:
        words = TEXTS[language]
        for status in self._manager.status():
            if status.spec.id == self._spec.id and status.state == "ready":
                device = "GPU" if self._manager.device != "cpu" else "CPU"
                return words.model_ready.format(self._spec.title, status.precision, device, status.bytes / 1e9)
        return words.model_failed.format(self._error.said(language)) if self._error else self._spec.title


def build(settings: Settings) -> tuple[gr.Blocks, ModelWatch]:
    """The page and the watch that loads its model. Nothing is loaded yet.

    Raises ModelError where the model of the settings is unknown.
    """
    spec = first_model(settings.model, settings.device)
    find_spec(settings.embedding_model, "embedding")
    manager = ModelManager(settings)
    engine = ChatEngine(manager, settings)
    watch = ModelWatch(manager, spec, settings.precision)
    examples, line = bundled_examples(), Line()
    with gr.Blocks(title="crossmodal", analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        with gr.Row(equal_height=True, elem_id="header"):
            title = gr.Markdown(_title("en"), elem_id="title")
            language = gr.Radio(
                LANGUAGE_CHOICES,
                value="en",
                label=TEXTS["en"].language,
                elem_id="language",
                min_width=200,
                scale=0,
                container=False,
            )
        status = gr.Markdown(spec.title, elem_id="status")
        with gr.Tabs() as tabs:
            with gr.Tab(TEXTS["en"].tab_chat, id="chat") as chat_title:
                chat = chat_tab.build(engine, spec, settings.precision, examples, language)
            with gr.Tab(TEXTS["en"].tab_zero_shot, id="zero-shot") as zero_shot_title:
                zero_shot = zero_shot_tab.build(manager, settings, language)
            with gr.Tab(TEXTS["en"].tab_search, id="search") as search_title:
                search = search_tab.build(manager, settings, language, page)
            with gr.Tab(TEXTS["en"].tab_fusion, id="fusion") as fusion_title:
                fusion = fusion_tab.build(manager, settings, language, fusion_title, line)
            with gr.Tab(TEXTS["en"].tab_alignment, id="alignment") as alignment_title:
                alignment = alignment_tab.build(manager, settings, language, alignment_title, line)
            with gr.Tab(TEXTS["en"].tab_models, id="models") as models_title:
                shared = settings.share or "SPACE_ID" in os.environ
                models = models_tab.build(manager, engine, chat.state, language, models_title, shared)
        _carry(chat.classify, chat.picture, zero_shot.picture, tabs, "zero-shot")
        _carry(zero_shot.ask, zero_shot.picture, chat.picture, tabs, "chat")
        _carry(chat.similar, chat.picture, search.picture, tabs, "search")
        _carry(zero_shot.similar, zero_shot.picture, search.picture, tabs, "search")
        _carry(search.ask, search.selected, chat.picture, tabs, "chat")
        _carry(search.classify, search.selected, zero_shot.picture, tabs, "zero-shot")
        titles = (
            Labelled(chat_title, "tab_chat"),
            Labelled(zero_shot_title, "tab_zero_shot"),
            Labelled(search_title, "tab_search"),
            Labelled(fusion_title, "tab_fusion"),
            Labelled(alignment_title, "tab_alignment"),
            Labelled(models_title, "tab_models"),
        )
        labels = (*titles, *chat.labels, *zero_shot.labels, *search.labels, *fusion.labels, *alignment.labels, *models.labels)
        _connect_language(page, language, title, status, labels, dict(zip(chat.examples, examples, strict=True)), watch)
        page.unload(_forgetter(engine))
    page.queue(default_concurrency_limit=8)
    return page, watch


def _connect_language(
    page: gr.Blocks,
    language: Any,
    title: Any,
    status: Any,
    labels: tuple[Labelled, ...],
    examples: dict[Any, Example],
    watch: ModelWatch,
) -> None:
    components = list(dict.fromkeys(label.component for label in labels))

    def spoken(lang: Language) -> list[Any]:
        updates = [_label_update(labels, component, lang) for component in components]
        return [_title(lang), *updates, *(e.question(lang) for e in examples.values())]

    def first(request: gr.Request) -> list[Any]:
        lang = preferred_language(request.headers.get("accept-language", ""))
        return [lang, *spoken(lang)]

    outputs = [title, *components, *examples]
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    greeted = page.load(first, None, [language, *outputs], queue=False, **quiet)
    greeted.then(watch.lines, language, status, **quiet)
    language.input(spoken, language, outputs, queue=False, **quiet)
    language.input(watch.line, language, status, queue=False, **quiet)


def _carry(button: Any, picture: Any, target: Any, tabs: Any, tab: str) -> None:
    """One picture travels: the button takes it to another tab and goes there."""
    button.click(
        lambda image: (image, gr.Tabs(selected=tab)),
        picture,
        [target, tabs],
        queue=False,
        api_visibility="private",
        show_progress="hidden",
    )


def _label_update(labels: tuple[Labelled, ...], component: Any, lang: Language) -> Any:
    mine = [label for label in labels if label.component is component]
    return gr.update(**{label.attribute: label.said(lang) for label in mine})


def _forgetter(engine: ChatEngine) -> Any:
    def forget(request: gr.Request) -> None:
        engine.forget(str(request.session_hash))

    return forget


def _title(lang: Language) -> str:
    return f"# crossmodal\n{TEXTS[lang].tagline}"


def launch_options(settings: Settings) -> dict[str, Any]:
    """What `Blocks.launch` is given."""
    user, _, password = settings.auth.partition(":")
    return {
        "server_name": settings.host,
        "server_port": settings.port,
        "share": settings.share,
        "auth": (user, password) if settings.auth else None,
        "mcp_server": settings.mcp,
        "max_file_size": "30mb",
        "show_error": False,  # our own sentences come through all the same; a traceback must not
        "run_history": False,
        "ssr_mode": False,
        "theme": gr.themes.Soft(primary_hue="indigo", font=SYSTEM_FONTS, font_mono=("ui-monospace", "monospace")),
        "css": CSS,
        "head": HEAD,
    }
