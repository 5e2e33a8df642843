"""Turns the models tab's events into calls of the manager and the Hub."""

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Event, Thread
from typing import Any

import gradio as gr
from PIL import Image

from crossmodal.chat.answer import Decoding, Piece
from crossmodal.chat.conversation import Conversation, Picture
from crossmodal.chat.engine import ChatEngine
from crossmodal.chat.generation import as_user_error
from crossmodal.errors import UserError
from crossmodal.models import hub
from crossmodal.models.catalog import CATALOG, ModelSpec, Task, find_spec
from crossmodal.models.machine import Precision
from crossmodal.models.manager import ModelManager
from crossmodal.models.memory import Prediction, predict, read_shape, smaller, verdict
from crossmodal.ui import models_view as view
from crossmodal.ui.background import POLL_SECONDS, in_background
from crossmodal.ui.components import as_toast
from crossmodal.ui.models_texts import TEXTS
from crossmodal.ui.session import ChatState, StopSignals
from crossmodal.world.words import LANGUAGES, Language

Update = Any
SHAPES = 64
"""Configurations that are remembered."""


class ModelsHandlers:
    """One for the app."""

    def __init__(self, manager: ModelManager, engine: ChatEngine, shared: bool = False) -> None:
        """shared: whether strangers use the page, who then may not delete what is everybody's, nor keep it in memory."""
        self._manager, self._engine, self._shared = manager, engine, shared
        self._signals = StopSignals()
        self._predicted: dict[tuple[str, str], Prediction] = {}

    def show(self, task: Task, model: str, precision: Precision, language: Language) -> tuple[Update, ...]:
        """The catalogue, the plan, the button for a smaller choice, the memory, and whether that one is kept."""
        words, free, statuses = TEXTS[language], self._manager.room(), self._manager.status()
        kept = any(s.kept for s in statuses if (s.spec.id, s.precision) == (model, precision))
        listed = view.table([s for s in CATALOG.values() if s.task == task], free, statuses, words)
        try:
            spec = find_spec(model or "", task)
        except UserError as error:
            return listed, f"⚠️ {error.said(language)}", gr.update(visible=False), self._memory(language), kept
        needed = self._needed(spec, precision)
        nearest = smaller(spec, precision, free) if verdict(needed.total, free) != "fits" else None
        button = gr.update(visible=False)
        if nearest:
            button = gr.update(value=words.take_smaller.format(nearest[0].title, nearest[1]), visible=True)
        return listed, view.plan(spec, precision, needed, free, words), button, self._memory(language), kept

    def choose(self, task: Task) -> Update:
        """The checkpoints for that task."""
        choices = [(spec.title, spec.id) for spec in CATALOG.values() if spec.task == task]
        return gr.update(choices=choices, value=choices[0][1])

    def take_smaller(self, task: Task, model: str, precision: Precision, language: Language) -> tuple[str, Precision]:
        spec = self._spec(model, task, language)
        nearest = smaller(spec, precision, self._manager.room())
        return (nearest[0].id, nearest[1]) if nearest else (model, precision)

    def fetch(self, task: Task, model: str, language: Language, request: gr.Request) -> Iterator[str]:
        """How far the download is. Whoever leaves or stops ends it; what came stays."""
        spec, words = self._spec(model, task, language), TEXTS[language]
        if hub.is_here(spec):
            yield words.fetched.format(spec.title)
            return
        if self._manager.offline:
            yield f"⚠️ {hub.not_cached(spec).said(language)}"
            return
        session, told = f"{request.session_hash} fetch", [hub.Progress(0, 0, "")]
        self._signals.stop(session)
        stop, began = self._signals.begin(session), time.monotonic()
        try:
            with in_background(lambda: hub.fetch(spec, told.append, stop)) as future:
                while not future.done():
                    now = told[-1]
                    speed = (now.done - told[min(1, len(told) - 1)].done) / max(time.monotonic() - began, 1e-3)
                    share = 100 * now.done / max(now.of, 1)
                    yield words.fetching.format(spec.title, now.done / 1e6, now.of / 1e6, share, speed / 1e6)
                    time.sleep(POLL_SECONDS)
                future.result()
            yield words.fetched.format(spec.title)
        except UserError as error:
            yield f"⚠️ {error.said(language)}"
        finally:
            stop.set()
            self._signals.end(session, stop)

    def stop(self, request: gr.Request) -> None:
        """The download."""
        self._signals.stop(f"{request.session_hash} fetch")

    def stop_comparing(self, request: gr.Request) -> None:
        self._signals.stop(f"{request.session_hash} compare")

    def load(self, task: Task, model: str, precision: Precision, language: Language) -> Iterator[str]:
        """How long it takes, and what it takes. Nothing where it was not fetched: what kept it from that is said already."""
        spec, words, began = self._spec(model, task, language), TEXTS[language], time.monotonic()
        if not hub.is_here(spec):
            return

        def loaded() -> int:
            with self._manager.use(spec, precision) as found:
                return found.bytes

        try:
            with in_background(loaded) as future:
                while not future.done():
                    yield words.loading.format(spec.title, time.monotonic() - began)
                    time.sleep(POLL_SECONDS)
                taken = future.result()
            yield words.loaded.format(spec.title, precision, taken / 1e9)
        except UserError as error:
            yield f"⚠️ {error.said(language)}"

    def unload(self, task: Task, model: str, precision: Precision, language: Language) -> str:
        spec, words = self._spec(model, task, language), TEXTS[language]
        try:
            gone = self._manager.unload(spec, precision)
        except UserError as error:
            return f"⚠️ {error.said(language)}"
        return words.unloaded.format(spec.title) if gone else words.not_loaded.format(spec.title, precision)

    def keep(self, task: Task, model: str, precision: Precision, kept: bool, language: Language) -> str:
        """Takes effect on what is in memory; the tick is gone again where it is not."""
        spec, words = self._spec(model, task, language), TEXTS[language]
        if self._shared:
            return f"⚠️ {words.not_shared}"
        if not any((s.spec.id, s.precision) == (spec.id, precision) for s in self._manager.status()):
            return words.not_loaded.format(spec.title, precision)
        self._manager.keep(spec, precision, kept)
        return ""

    def delete(self, task: Task, model: str, language: Language) -> str:
        spec, words = self._spec(model, task, language), TEXTS[language]
        if spec.folder is not None:
            return f"⚠️ {words.bundled if spec.picture_book_only else spec.title}"
        if self._shared:
            return f"⚠️ {words.not_shared}"
        if any(s.spec.id == spec.id for s in self._manager.status()):
            return f"⚠️ {words.unload_first.format(spec.title)}"
        return words.deleted.format(spec.title, hub.delete(spec) / 1e9)

    def use(self, model: str, precision: Precision, state: ChatState, language: Language) -> tuple[ChatState, str]:
        """The chat's state of that visitor, whose next question goes to it."""
        spec = self._spec(model, "chat", language)
        if not hub.is_here(spec):
            return state, TEXTS[language].fetch_first.format(spec.title)
        return replace(state, model=(spec.id, precision)), TEXTS[language].used.format(spec.title, precision)

    def compare(
        self,
        first: str,
        first_precision: Precision,
        second: str,
        second_precision: Precision,
        image: Image.Image | None,
        question: str,
        blind: bool,
        language: Language,
        request: gr.Request,
    ) -> Iterator[tuple[Update, ...]]:
        """Both answers as they grow with their titles, what both cost together, and who was who."""
        words = TEXTS[language]
        try:
            pictures = (Picture.of(image),) if image is not None else ()
            asked = Conversation().asked(question or "", pictures)
            sides = [(find_spec(m, "chat"), p) for m, p in ((first, first_precision), (second, second_precision))]
            for side, _ in sides:
                if not hub.is_here(side):
                    raise UserError(*(TEXTS[lang].fetch_first.format(side.title) for lang in LANGUAGES))
        except UserError as error:
            raise as_toast(error, language) from error
        if blind:
            random.shuffle(sides)
        session = f"{request.session_hash} compare"
        self._signals.stop(session)
        stop = self._signals.begin(session)
        room = sum(self._needed(*side).total for side in sides) <= self._manager.room()
        titles = [words.blind_first, words.blind_second] if blind else [f"{s.title}, {p}" for s, p in sides]
        note = words.together if room else words.one_by_one
        answers = [_Answer(self._engine, spec, precision, asked, stop) for spec, precision in sides]
        try:
            groups = [answers] if room else [[answer] for answer in answers]
            for group in groups:
                if stop.is_set():
                    break
                for answer in group:
                    answer.start()
                while any(answer.is_alive() for answer in group) and not stop.is_set():
                    yield (*_said(titles, answers, language), note, "")
                    stop.wait(POLL_SECONDS)
                for answer in group:
                    answer.join()
            who = "\n\n".join(f"{title}: {s.title}, {p}" for title, (s, p) in zip(titles, sides, strict=True)) if blind else ""
            yield (*_said(titles, answers, language), note, who)
        finally:
            stop.set()
            self._signals.end(session, stop)

    def _needed(self, spec: ModelSpec, precision: Precision) -> Prediction:
        folder = spec.folder or hub.cached_folder(spec)
        key = (f"{spec.id} {folder}", precision)
        if key not in self._predicted:
            if len(self._predicted) > SHAPES:
                self._predicted.clear()
            self._predicted[key] = predict(spec, precision, read_shape(folder, spec))
        return self._predicted[key]

    def _memory(self, language: Language) -> str:
        manager = self._manager
        budget = manager.budget(manager.device)
        return view.memory(manager.status(), manager.bytes, manager.peak, budget, TEXTS[language])

    @staticmethod
    def _spec(model: str, task: Task, language: Language) -> ModelSpec:
        try:
            return find_spec(model or "", task)
        except UserError as error:
            raise as_toast(error, language) from error


class _Answer(Thread):
    """One side of a comparison."""

    def __init__(self, engine: ChatEngine, spec: ModelSpec, precision: str, asked: Conversation, stop: Event) -> None:
        super().__init__(name="compare", daemon=True)
        self._engine, self._spec, self._precision, self._asked, self._stop_event = engine, spec, precision, asked, stop
        self.piece: Piece | None = None
        self.error: UserError | None = None
        self.bytes = 0

    def run(self) -> None:
        try:
            for piece in self._engine.stream(self._asked, self._spec, self._precision, Decoding(), stop=self._stop_event):
                self.piece = piece
            self.bytes = self._engine.bytes_of(self._spec, self._precision)
        except Exception as error:  # in a thread of its own nobody else would say it
            self.error = as_user_error(error)

    def said(self, language: Language) -> str:
        if self.error:
            return f"⚠️ {self.error.said(language)}"
        if self.piece is None:
            return "…"
        cost = self.piece.cost
        if cost is None:
            return self.piece.text
        line = TEXTS[language].cost.format(cost.first_token_seconds, cost.tokens_per_second, self.bytes / 1e9)
        return f"{self.piece.text}\n\n<small>{line}</small>"


def _said(titles: list[str], answers: list[_Answer], language: Language) -> tuple[str, ...]:
    return tuple(f"**{title}**\n\n{answer.said(language)}" for title, answer in zip(titles, answers, strict=True))
