"""Turns the search tab's events into calls of the engine, and its answers into what the components show."""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image

from crossmodal.errors import UserError
from crossmodal.retrieval.places import PICTURE_BOOK
from crossmodal.retrieval.query import MOST_HITS, Term, checked, more_like, parse_query
from crossmodal.retrieval.store import ANY, Filter, Kind
from crossmodal.ui.addresses import address
from crossmodal.ui.components import as_toast
from crossmodal.ui.search_view import (
    Shown,
    captions,
    curl_code,
    headline,
    histogram,
    map_picture,
    map_places,
    python_code,
    shown,
    thumbnail,
    why,
)
from crossmodal.ui.texts import TEXTS
from crossmodal.ui.zero_shot_view import heat_map
from crossmodal.world.lexicon import is_known
from crossmodal.world.words import Language

if TYPE_CHECKING:
    from crossmodal.retrieval.engine import Answer, Map, SearchEngine

log = logging.getLogger(__name__)
Update = Any
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
NEAREST_PIXELS = 30
"""How far from a point of the map a click may be."""


@dataclass(frozen=True)
class SearchState:
    """One visitor's search."""

    gallery: str = PICTURE_BOOK
    terms: tuple[Term, ...] = ()
    answer: "Answer | None" = None
    hits: tuple[Shown, ...] = ()
    line: float = 0.0
    """The cut-off, where the visitor moved it to."""
    selected: Shown | None = None
    map: "Map | None" = None
    map_gallery: str = ""


@dataclass(frozen=True)
class Wanted:
    """What the controls beside the query say."""

    kind: Kind
    k: int
    hide: bool
    where: Filter


class SearchHandlers:
    """One for the app."""

    def __init__(self, engine: "Callable[[], SearchEngine]", picture_book_only: bool) -> None:
        """engine: gives the one engine, made at its first use: it imports torch, and the page must be up before that."""
        self._made, self._picture_book_only = engine, picture_book_only

    @property
    def _engine(self) -> "SearchEngine":
        return self._made()

    def search(
        self,
        text: str,
        gallery: str,
        kind: Kind,
        k: int,
        hide: bool,
        folder: str,
        since: str,
        until: str,
        contains: str,
        state: SearchState,
        language: Language,
        request: gr.Request,
    ) -> Iterator[tuple[Update, ...]]:
        """State, chips, headline, hits, histogram, cut-off, Python, curl: after what it takes to get the gallery ready."""
        try:
            wanted = _wanted(kind, k, hide, folder, since, until, contains)
            yield from self._search(text or "", gallery, wanted, state, language, request)
        except UserError as error:
            raise as_toast(error, language) from error

    def edit(
        self,
        chips: list[str],
        kind: Kind,
        k: int,
        hide: bool,
        folder: str,
        since: str,
        until: str,
        contains: str,
        state: SearchState,
        language: Language,
        request: gr.Request,
    ) -> tuple[Update, ...]:
        """The query from its chips: those that were there keep their pictures, new ones are read as words."""
        try:
            known = {term.label: term for term in state.terms}
            terms: list[Term] = []
            for chip in chips or ():
                terms += [known[chip]] if chip in known else parse_query(chip)
            wanted = _wanted(kind, k, hide, folder, since, until, contains)
            return self._found(replace(state, terms=checked(terms)), wanted, language, _written(terms), request)
        except UserError as error:
            raise as_toast(error, language) from error

    def add_picture(
        self,
        image: Image.Image | None,
        text: str,
        gallery: str,
        kind: Kind,
        k: int,
        hide: bool,
        folder: str,
        since: str,
        until: str,
        contains: str,
        state: SearchState,
        language: Language,
        request: gr.Request,
    ) -> Iterator[tuple[Update, ...]]:
        """A picture from outside joins the query, in the place of the one before it."""
        others = tuple(term for term in state.terms if term.image is None)
        if image is None:
            yield replace(state, terms=others), [t.label for t in others], *_untouched(6)
            return
        title = "picture" if language == "en" else "图片"
        joined = replace(state, terms=(*others, Term(image=image, title=title)))
        try:
            wanted = _wanted(kind, k, hide, folder, since, until, contains)
            yield from self._search(text or "", gallery, wanted, joined, language, request)
        except UserError as error:
            raise as_toast(error, language) from error

    def select(self, state: SearchState, language: Language, event: gr.SelectData) -> tuple[Update, ...]:
        """State, the selected picture, why it is a hit, where the words are seen in it, its buttons."""
        if not 0 <= int(event.index) < len(state.hits):
            return _untouched(5)  # the page was left open for so long that its search was forgotten
        return self._selected(state, state.hits[int(event.index)], language)

    def feedback(self, weight: float) -> Callable[..., tuple[Update, ...]]:
        """What a button does that wants more, or fewer, pictures like the selected one."""

        def more_or_less(
            kind: Kind,
            k: int,
            hide: bool,
            folder: str,
            since: str,
            until: str,
            contains: str,
            state: SearchState,
            language: Language,
            request: gr.Request,
        ) -> tuple[Update, ...]:
            if state.selected is None or state.selected.gallery != state.gallery:
                return _untouched(8)
            terms = more_like(state.terms, state.selected.picture, state.selected.title, weight)
            try:
                wanted = _wanted(kind, k, hide, folder, since, until, contains)
                return self._found(replace(state, terms=terms), wanted, language, _written(terms), request)
            except UserError as error:
                raise as_toast(error, language) from error

        return more_or_less

    def move_line(self, line: float, state: SearchState, language: Language) -> tuple[Update, ...]:
        """State, headline, hits, histogram: from what is known, without the model."""
        if state.answer is None:
            return _untouched(4)
        moved, words = replace(state, line=line), TEXTS[language]
        return (
            moved,
            headline(moved.hits, line, state.answer.pictures, words) + self._doubts(state.terms, language),
            captions(moved.hits, line, words),
            histogram(state.answer, line, words),
        )

    def draw_map(
        self, gallery: str, method: Literal["pca", "tsne"], with_captions: bool, state: SearchState, language: Language
    ) -> tuple[Update, ...]:
        """State, the map, the note below it."""
        try:
            for _ in self._ready(gallery, language):
                pass
            terms = state.terms if state.gallery == gallery else ()
            found = self._engine.map(gallery, terms, method, with_captions)
            root = Path(self._engine.info(gallery).root)
        except UserError as error:
            raise as_toast(error, language) from error
        words = TEXTS[language]
        small = [thumbnail(root / e.name, e.content, thumbnails()) if e.kind == "picture" else "" for e in found.entries]
        notes = [words.sr_kept.format(found.layout.kept)] if found.layout.kept is not None else []
        if found.gap is not None:
            notes.append(words.sr_gap.format(found.gap))
        note = words.sr_map_note.format(" ".join(notes))
        drawn = gr.update(value=map_picture(found, small), visible=True)
        return replace(state, map=found, map_gallery=gallery), drawn, gr.update(value=note, visible=True)

    def select_on_map(self, state: SearchState, language: Language, event: gr.SelectData) -> tuple[Update, ...]:
        """As `select`, for the picture nearest to the click."""
        if state.map is None:
            return _untouched(5)
        x, y = event.index
        places = map_places(state.map)[: len(state.map.entries)]
        distance, nearest = min((max(abs(a - x), abs(b - y)), i) for i, (a, b) in enumerate(places))
        if distance > NEAREST_PIXELS:
            return _untouched(5)
        entry = state.map.entries[nearest]
        try:
            picture = self._engine.entry(state.map_gallery, entry.picture)
            small = thumbnail(self._engine.path(state.map_gallery, picture), picture.content, thumbnails())
        except UserError as error:
            raise as_toast(error, language) from error
        title = " · ".join(picture.text.splitlines()[:2])
        chosen = Shown(state.map_gallery, picture.id, picture.name, title, 0.0, small, 0, (), "")
        return self._selected(state, chosen, language)

    def measure(self, gallery: str, language: Language) -> str:
        """Recall as a table."""
        from crossmodal.retrieval.quality import as_table

        try:
            for _ in self._ready(gallery, language):
                pass
            return f"{as_table(self._engine.quality(gallery))}\n\n{TEXTS[language].sr_quality_note}"
        except UserError as error:
            raise as_toast(error, language) from error

    def names(self) -> Update:
        return gr.update(choices=self._names())

    def api_search(self) -> Callable[..., list[dict[str, Any]]]:
        def search(
            text: str, image: Image.Image | None, k: int = 10, gallery: str = PICTURE_BOOK, request: gr.Request | None = None
        ) -> list[dict[str, Any]]:
            """Search a gallery by words, by a picture, or by both.

            Args:
                text: what to look for, as "cat on laptop" or "cat - dog"; may be empty where there is a picture
                image: a picture that the hits should be like; may be left out where there is text
                k: how many hits
                gallery: name of a gallery

            Returns:
                Hits, best first: id, score (cosine), caption, url of the picture, and whether the score passes the cut-off.
            """
            try:
                terms = [*parse_query(text or "")]
                if image is not None:
                    terms.append(Term(image=image, title="image"))
                for _ in self._ready(gallery, "en"):
                    pass
                asked = SearchState(gallery, checked(terms))
                answer = self._searched(asked, Wanted("picture", int(k or 10), False, ANY))
                return [self._as_json(gallery, answer, i, request) for i in range(len(answer.hits))]
            except UserError as error:
                raise as_toast(error, "en") from error

        return search

    def api_galleries(self) -> Callable[[], list[dict[str, Any]]]:
        def galleries() -> list[dict[str, Any]]:
            """List the galleries.

            Returns:
                For each its name, how many pictures and captions it holds, and the checkpoint of its vectors.
            """
            return [self._described(name) for name in self._names()]

        return galleries

    def _search(
        self, text: str, gallery: str, wanted: Wanted, state: SearchState, language: Language, request: gr.Request
    ) -> Iterator[tuple[Update, ...]]:
        pictures = [term for term in state.terms if not term.words]
        if state.gallery != gallery:
            pictures = [term for term in pictures if term.image is not None]  # the others are that gallery's
        terms = checked([*parse_query(text), *pictures])
        yield from self._ready(gallery, language)
        yield self._found(replace(state, gallery=gallery, terms=terms), wanted, language, text, request)

    def _as_json(self, gallery: str, answer: "Answer", index: int, request: gr.Request | None) -> dict[str, Any]:
        hit = answer.hits[index]
        small = thumbnail(self._engine.path(gallery, hit.entry), hit.entry.content, thumbnails())
        url = f"{address(request)}gradio_api/file={small}" if small else ""
        return {
            "id": hit.entry.picture,
            "score": round(hit.score, 6),
            "caption": hit.entry.text,
            "url": url,
            "matches": hit.matches,
        }

    def _described(self, name: str) -> dict[str, Any]:
        try:
            if not self._engine.ready(name):
                return {"name": name, "pictures": 0, "captions": 0, "checkpoint": "", "error": "not indexed yet"}
            info = self._engine.info(name)
            return {
                "name": name,
                "pictures": info.pictures,
                "captions": info.captions,
                "checkpoint": info.stamp.checkpoint.rpartition("/")[2],
                "error": "",
            }
        except UserError as error:
            return {"name": name, "pictures": 0, "captions": 0, "checkpoint": "", "error": str(error)}

    def _names(self) -> list[str]:
        try:
            return self._engine.names()
        except UserError:
            log.exception("the galleries cannot be listed")
            return [PICTURE_BOOK]

    def _ready(self, gallery: str, language: Language) -> Iterator[tuple[Update, ...]]:
        """Index a bundled gallery, saying how far it is."""
        if self._engine.ready(gallery):
            return
        words = TEXTS[language]
        for step in self._engine.prepare(gallery):
            line = words.sr_preparing.format(gallery, step.done, step.total, step.seconds_left)
            yield gr.skip(), gr.skip(), line, *_untouched(5)

    def _found(
        self, state: SearchState, wanted: Wanted, language: Language, text: str, request: gr.Request
    ) -> tuple[Update, ...]:
        words, url = TEXTS[language], address(request)
        answer = self._searched(state, wanted)
        root = Path(self._engine.info(state.gallery).root)
        every = (
            shown(hit, state.gallery, thumbnail(root / hit.entry.name, hit.entry.content, thumbnails())) for hit in answer.hits
        )
        hits = tuple(hit for hit in every if hit.thumbnail)  # a file that is gone shows with the next re-scan
        line = round(answer.cutoff.score, 3)
        said = headline(hits, line, answer.pictures, words) + self._doubts(state.terms, language)
        scores = [*answer.cutoff.scores, *(hit.score for hit in hits), line]
        low, high = min(scores), max(scores)
        chips = [term.label for term in state.terms]
        return (
            replace(state, answer=answer, hits=hits, line=line, selected=None),
            gr.update(choices=chips, value=chips, visible=True),
            said,
            gr.update(value=captions(hits, line, words), selected_index=None),
            histogram(answer, line, words),
            gr.update(minimum=round(low - 0.01, 3), maximum=round(high + 0.01, 3), value=line, visible=bool(hits)),
            python_code(text, wanted.k, state.gallery, url),
            curl_code(text, wanted.k, state.gallery, url),
        )

    def _searched(self, state: SearchState, wanted: Wanted) -> "Answer":
        try:
            return self._engine.search(
                state.gallery, state.terms, min(wanted.k, MOST_HITS), wanted.where, wanted.kind, wanted.hide
            )
        except (RuntimeError, MemoryError) as error:
            log.exception("the search failed")
            raise UserError(
                f"The search failed ({type(error).__name__}). Try other words, or a smaller picture.",
                f"检索失败（{type(error).__name__}）。请换一些词，或换一张小一些的图片。",
            ) from error

    def _doubts(self, terms: Sequence[Term], language: Language) -> str:
        """Words that a model of the picture book alone cannot know."""
        unknown = [t.words for t in terms if t.words and self._picture_book_only and not is_known(t.words)]
        return f"<p>{TEXTS[language].sr_unknown.format(escape(', '.join(unknown)))}</p>" if unknown else ""

    def _selected(self, state: SearchState, hit: Shown, language: Language) -> tuple[Update, ...]:
        words = TEXTS[language]
        seen = gr.update(visible=False)
        try:
            picture = self._engine.picture(hit.gallery, hit.picture)
            if hit.words:
                image, cosines = self._engine.seen_where(hit.gallery, hit.picture, hit.words)
                if cosines is not None:
                    seen = gr.update(value=heat_map(image, cosines), label=words.sr_seen.format(hit.words), visible=True)
        except UserError as error:
            raise as_toast(error, language) from error
        return (
            replace(state, selected=hit),
            gr.update(value=picture, visible=True),
            why(hit, state.line, words) if hit.why else f"<p>{_plain(hit.title)}</p><p>{_plain(hit.caption)}</p>",
            seen,
            gr.update(visible=True),
        )


def thumbnails() -> Path:
    """In Gradio's cache, from which the page may fetch."""
    folder = Path(get_upload_folder()) / "thumbnails"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _wanted(kind: Kind, k: int, hide: bool, folder: str, since: str, until: str, contains: str) -> Wanted:
    return Wanted(kind, int(k), hide, _filter(folder, since, until, contains))


def _filter(folder: str, since: str, until: str, contains: str) -> Filter:
    for date in (since, until):
        if date and not DATE.fullmatch(date.strip()):
            raise UserError("A date is not written as YYYY-MM-DD.", "日期格式应为 YYYY-MM-DD。")
    return Filter((folder or "").strip().strip("/"), (since or "").strip(), (until or "").strip(), (contains or "").strip())


def _written(terms: Sequence[Term]) -> str:
    """The words of a query as they are typed."""
    parts = []
    for term in terms:
        if term.words:
            parts.append(f"{'-' if term.weight < 0 else '+'} {term.words}*{abs(term.weight):g}")
    return " ".join(parts).removeprefix("+ ")


def _plain(text: str) -> str:
    return escape(text[:200])


def _untouched(count: int) -> tuple[Update, ...]:
    return tuple(gr.skip() for _ in range(count))
