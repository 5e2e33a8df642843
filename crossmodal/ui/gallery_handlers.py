"""Turns what a visitor does to galleries into calls of the engine: make, extend, re-scan, rename, remove, delete."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from crossmodal.errors import UserError
from crossmodal.retrieval.folder import Imported, Skipped
from crossmodal.retrieval.places import PICTURE_BOOK
from crossmodal.retrieval.store import name_taken, ships_with_the_app, shown
from crossmodal.settings import Settings
from crossmodal.sources import allowed_folder
from crossmodal.ui.components import as_toast
from crossmodal.ui.search_handlers import SearchState
from crossmodal.ui.session import StopSignals
from crossmodal.ui.texts import TEXTS
from crossmodal.world.words import Language

if TYPE_CHECKING:
    from crossmodal.retrieval.engine import SearchEngine
    from crossmodal.retrieval.indexing import Progress

log = logging.getLogger(__name__)
Update = Any
MOST_BY_CALL = 500
"""Files that one call of the endpoint may send: nobody can stop it half-way."""


class GalleryHandlers:
    """One for the app."""

    def __init__(self, engine: "Callable[[], SearchEngine]", settings: Settings) -> None:
        """engine: gives the one engine, made at its first use: it imports torch, and the page must be up before that."""
        self._made, self._settings = engine, settings
        self._signals = StopSignals()

    @property
    def _engine(self) -> "SearchEngine":
        return self._made()

    def add(
        self, name: str, files: list[str] | None, folder: str, language: Language, request: gr.Request
    ) -> Iterator[tuple[Update, ...]]:
        """Progress, skipped files, names of galleries: makes the gallery where there is none, brings files in, indexes."""
        try:
            imported = self._brought_in(name, files, folder)
            yield from self._indexed(_cleaned(name), imported, language, f"{request.session_hash} index")
        except UserError as error:
            raise as_toast(error, language) from error

    def rescan(self, gallery: str, language: Language, request: gr.Request) -> Iterator[tuple[Update, ...]]:
        try:
            yield from self._indexed(gallery, Imported(), language, f"{request.session_hash} index")
        except UserError as error:
            raise as_toast(error, language) from error

    def embed_anew(self, gallery: str, language: Language, request: gr.Request) -> Iterator[tuple[Update, ...]]:
        try:
            self._engine.embed_anew(gallery)
            yield from self._indexed(gallery, Imported(), language, f"{request.session_hash} index")
        except UserError as error:
            raise as_toast(error, language) from error

    def stop(self, request: gr.Request) -> None:
        self._signals.stop(f"{request.session_hash} index")

    def rename(self, gallery: str, name: str, state: SearchState, language: Language) -> tuple[Update, ...]:
        """What was done, skipped files, names of galleries, the search, without what is gone."""
        try:
            self._engine.rename(gallery, name)
        except UserError as error:
            raise as_toast(error, language) from error
        return TEXTS[language].sr_renamed.format(shown(_cleaned(name))), *self._afterwards(_cleaned(name), state, gallery)

    def delete(self, gallery: str, sure: bool, state: SearchState, language: Language) -> tuple[Update, ...]:
        try:
            if not sure:
                raise UserError(
                    "Deleting takes the gallery's own copies of pictures with it. Tick the box beside it first.",
                    "删除会同时删除图库自己的图片副本。请先勾选旁边的方框。",
                )
            self._engine.delete(gallery)
        except UserError as error:
            raise as_toast(error, language) from error
        return TEXTS[language].sr_gone.format(shown(gallery)), *self._afterwards(PICTURE_BOOK, state, gallery)

    def remove(self, state: SearchState, language: Language) -> tuple[Update, ...]:
        try:
            if state.selected is None:
                raise UserError("No picture is selected. Click one among the hits.", "没有选中图片。请在结果中点击一张。")
            gallery, picture = state.selected.gallery, state.selected.picture
            self._engine.remove(gallery, picture)
        except UserError as error:
            raise as_toast(error, language) from error
        return TEXTS[language].sr_removed.format(shown(state.selected.title)), *self._afterwards(gallery, state, gallery)

    def api_index(self) -> Callable[..., dict[str, Any]]:
        def index(gallery: str, files: list[str]) -> dict[str, Any]:
            """Make a gallery, or add to one. Everyone who can reach the app can search it.

            Args:
                gallery: its name
                files: pictures, caption files beside them (.txt, .json, .csv), or zip archives of these

            Returns:
                How many pictures were indexed, were unchanged and were removed, and the skipped files with reasons.
            """
            try:
                if len(files or ()) > MOST_BY_CALL:
                    raise UserError(
                        f"There are {len(files):,} files; one call takes {MOST_BY_CALL}. Send fewer, or a zip of them.",
                        f"共有 {len(files):,} 个文件，一次调用最多 {MOST_BY_CALL} 个。请减少，或打包成 zip。",
                    )
                imported = self._brought_in(gallery, files, "")
                *_, step = self._steps(_cleaned(gallery), threading.Event())
            except UserError as error:
                raise as_toast(error, "en") from error
            skipped = (*imported.skipped, *step.skipped)
            return {
                "gallery": _cleaned(gallery),
                "indexed": step.added,
                "unchanged": step.unchanged,
                "removed": step.removed,
                "already_there": imported.already_there,
                "skipped": [{"file": s.name, "reason": str(s.error)} for s in skipped],
            }

        return index

    def _brought_in(self, name: str, files: list[str] | None, folder: str) -> Imported:
        name = _cleaned(name)
        if not files and not (folder or "").strip():
            raise UserError(
                "There are no pictures yet. Choose some, or a zip of them.", "还没有图片。请选择图片或 zip 压缩包。"
            )
        exists = self._engine.exists(name)
        if not files:
            root = allowed_folder(folder, Path(self._settings.pictures) if self._settings.pictures else None)
            if exists:
                raise name_taken(name)
            self._engine.create(name, root)
            return Imported()
        if exists and not self._engine.own(name):
            raise ships_with_the_app(name)
        if not exists:
            self._engine.create(name)
        try:
            return self._engine.bring_in(name, ((Path(f), Path(f).name) for f in files))
        except UserError:
            if not exists:
                self._engine.delete(name)  # nothing came in: no empty gallery is left behind
            raise

    def _indexed(self, gallery: str, imported: Imported, language: Language, session: str) -> Iterator[tuple[Update, ...]]:
        words, step = TEXTS[language], None
        stop = self._signals.begin(session)
        mended = ""
        try:
            for step in self._steps(gallery, stop):
                mended = words.sr_mended.format(shown(gallery)) if step.mended else ""
                yield f"{mended} {_line(step, language)}", gr.skip(), gr.skip()
        finally:
            stop.set()
            self._signals.end(session, stop)
        assert step is not None
        skipped = (*imported.skipped, *step.skipped)
        if step.done < step.total:
            said = words.sr_stopped.format(step.done, step.total)
        else:
            said = words.sr_done.format(shown(gallery), step.added, step.unchanged, step.removed, len(skipped))
        if imported.already_there:
            said += " " + words.sr_there.format(imported.already_there)
        yield f"{mended} {said}", _table(skipped, language), gr.update(choices=self._engine.names(), value=gallery)

    def _steps(self, gallery: str, stop: threading.Event) -> "Iterator[Progress]":
        try:
            yield from self._engine.index(gallery, stop)
        except (RuntimeError, MemoryError) as error:
            log.exception("indexing failed")
            raise UserError(
                f"Indexing failed ({type(error).__name__}). What was done stays; re-scan to go on.",
                f"建立索引失败（{type(error).__name__}）。已完成的保留；重新扫描可继续。",
            ) from error

    def _afterwards(self, gallery: str, state: SearchState, changed: str) -> tuple[Update, Update, SearchState]:
        """A search in the gallery that was changed keeps its words, and nothing that points to pictures of it."""
        menu = gr.update(choices=self._engine.names(), value=gallery)
        if changed not in (state.gallery, state.map_gallery):
            return _table((), "en"), menu, state
        words = tuple(term for term in state.terms if not term.picture)
        return _table((), "en"), menu, SearchState(gallery=gallery, terms=words)


def _line(step: "Progress", language: Language) -> str:
    return TEXTS[language].sr_progress.format(step.done, step.total, step.seconds_left, step.waiting, 1 - step.waiting)


def _table(skipped: tuple[Skipped, ...], language: Language) -> Update:
    return gr.update(value=[[s.name, s.error.said(language)] for s in skipped], visible=bool(skipped))


def _cleaned(name: str) -> str:
    return " ".join((name or "").split())
