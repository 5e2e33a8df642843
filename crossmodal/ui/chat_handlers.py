"""Turns the chat tab's events into calls of the engine, and its results into what the components show."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr
from PIL import Image

from crossmodal.chat.answer import Decoding
from crossmodal.chat.conversation import Conversation, Message, Picture
from crossmodal.chat.engine import ChatEngine
from crossmodal.errors import ModelError, UserError
from crossmodal.models.catalog import ModelSpec, find_spec
from crossmodal.models.hub import is_here
from crossmodal.ui.chat_view import messages, note, offer_updates, plain, thumbnails
from crossmodal.ui.components import as_toast
from crossmodal.ui.examples import Example
from crossmodal.ui.offers import compose
from crossmodal.ui.session import ChatState, StopSignals
from crossmodal.ui.texts import TEXTS
from crossmodal.world.familiarity import looks_like_picture_book
from crossmodal.world.words import Language

Update = Any
Options = tuple[float, float, float, str]
"""Temperature, top-p, longest answer, system prompt: the order of the components."""


class ChatHandlers:
    """One for the app; what belongs to a visitor comes in as ChatState."""

    def __init__(self, engine: ChatEngine, spec: ModelSpec, precision: str) -> None:
        self._engine, self._spec, self._precision = engine, spec, precision
        self._signals = StopSignals()

    def ask(
        self,
        question: str,
        image: Image.Image | None,
        state: ChatState,
        temperature: float,
        top_p: float,
        length: float,
        system: str,
        language: Language,
        request: gr.Request,
    ) -> Iterator[tuple[Update, ...]]:
        pictures = self._new_pictures(image, state.conversation)
        yield from self._stream(question, pictures, state, (temperature, top_p, length, system), language, request)

    def retry(
        self,
        state: ChatState,
        temperature: float,
        top_p: float,
        length: float,
        system: str,
        language: Language,
        request: gr.Request,
    ) -> Iterator[tuple[Update, ...]]:
        earlier, last = _before_question(state, len(state.conversation.messages) - 1, language)
        options = (temperature, top_p, length, system)
        yield from self._stream(last.text, last.pictures, earlier, options, language, request, fallback=state)

    def edit(
        self,
        state: ChatState,
        temperature: float,
        top_p: float,
        length: float,
        system: str,
        language: Language,
        request: gr.Request,
        edited: gr.EditData,
    ) -> Iterator[tuple[Update, ...]]:
        said = state.conversation.messages
        old = plain(edited.previous_value)
        index = next((i for i, m in reversed(list(enumerate(said))) if m.role == "user" and m.text == old), None)
        if index is None:
            raise as_toast(
                UserError("That question is no longer in the conversation. Ask it anew.", "这个问题已不在对话里。请重新提问。"),
                language,
            )
        earlier, question = _before_question(state, index, language)
        options = (temperature, top_p, length, system)
        text = plain(edited.value)
        yield from self._stream(text, question.pictures, earlier, options, language, request, fallback=state)

    def undo(self, state: ChatState, language: Language) -> tuple[Update, ...]:
        earlier, question = _before_question(state, len(state.conversation.messages) - 1, language)
        return messages(earlier), earlier, question.text

    def clear(self, state: ChatState) -> tuple[Update, ...]:
        return [], state.emptied(), gr.skip()

    def stop(self, request: gr.Request) -> None:
        self._signals.stop(str(request.session_hash))

    def new_scene(self, state: ChatState, language: Language) -> tuple[Update, ...]:
        scene, offers = compose(random.randrange(1_000_000), language)
        state = replace(state.emptied(), offers=offers, offered_picture=Picture.of(scene).hash)
        return scene, state, [], "", *offer_updates(offers)

    def example(self, example: Example, state: ChatState, language: Language) -> tuple[Update, ...]:
        state = replace(state.emptied(), offers=(), offered_picture="")
        return gr.update(value=str(example.path)), state, [], example.question(language), *offer_updates(())

    def no_offers(self, image: Image.Image | None, state: ChatState) -> tuple[Update, ...]:
        """Take the offers away once the picture is another than the one they are about."""
        if image is not None and Picture.of(image).hash == state.offered_picture:
            return (gr.skip(),) * (1 + len(offer_updates(())))
        return replace(state, offers=(), offered_picture=""), *offer_updates(())

    def notice(self, image: Image.Image | None, state: ChatState, language: Language) -> Update:
        spec = find_spec(state.model[0], "chat") if state.model else self._spec
        strange = image is not None and spec.picture_book_only and not looks_like_picture_book(image)
        return gr.update(value=TEXTS[language].unfamiliar if strange else "", visible=strange)

    def api_ask(self) -> Any:
        engine, spec, precision = self._engine, self._spec, self._precision

        def ask(image: Image.Image, question: str, temperature: float = 0.0, max_new_tokens: int = 256) -> str:
            """Answer a question about a picture.

            Args:
                image: the picture that the question is about
                question: what you want to know, in English or Chinese
                temperature: 0 for the most likely answer, up to 2 for more variety
                max_new_tokens: the longest answer, in tokens

            Returns:
                The answer, as text in the question's language.
            """
            try:
                pictures = (Picture.of(image),) if image is not None else ()
                conversation = Conversation().asked(question or "", pictures)
                decoding = Decoding(temperature or 0.0, 1.0, int(max_new_tokens or 256))
                return engine.answer(conversation, spec, precision=precision, decoding=decoding)
            except UserError as error:
                raise as_toast(error, "en") from error

        return ask

    def _stream(
        self,
        question: str,
        pictures: tuple[Picture, ...],
        state: ChatState,
        options: Options,
        language: Language,
        request: gr.Request,
        fallback: ChatState | None = None,
    ) -> Iterator[tuple[Update, ...]]:
        """Ask, and show the answer as it grows. On an error everything is as before, the question in its box."""
        words = TEXTS[language]
        temperature, top_p, length, system = options
        try:
            asked = replace(state.conversation, system_prompt=system or "").asked(question or "", pictures)
            decoding = Decoding(temperature, top_p, int(length))
        except UserError as error:
            raise as_toast(error, language) from error
        state = replace(state, thumbnails=state.thumbnails + thumbnails(pictures, state))
        before = fallback or replace(state, conversation=state.conversation)
        session = str(request.session_hash)
        stop = self._signals.begin(session)
        waiting = replace(state, conversation=asked)
        yield messages(waiting, "…"), gr.skip(), ""
        try:
            for piece in self._engine.stream(asked, *self._model(state), decoding, session, stop):
                if piece.cost is None:
                    yield messages(waiting, piece.text), gr.skip(), gr.skip()
                    continue
                truth = state.truth(question, asked.pictures[-1].hash)
                line = note(piece.cost, piece.stopped, piece.text, truth, words)
                done = replace(
                    state,
                    conversation=asked.answered(piece.text or words.interrupted),
                    notes=(*state.notes, line),
                )
                yield messages(done), done, gr.skip()
        except UserError as error:
            gr.Warning(error.said(language))
            yield messages(before), before, question
        finally:
            stop.set()
            self._signals.end(session, stop)

    def _model(self, state: ChatState) -> tuple[ModelSpec, str]:
        """Raises ModelError where the visitor's choice is no longer to be found."""
        if state.model is None:
            return self._spec, self._precision
        model_id, precision = state.model
        spec = find_spec(model_id, "chat")
        if not is_here(spec):
            raise ModelError(
                f"{spec.title} is no longer on the disk. Fetch it again in the models tab, or choose another one there.",
                f"{spec.title} 已不在磁盘上。请在模型页重新下载，或另选一个。",
            )
        return spec, precision

    def _new_pictures(self, image: Image.Image | None, conversation: Conversation) -> tuple[Picture, ...]:
        if image is None:
            return ()
        picture = Picture.of(image)
        known = conversation.pictures
        return () if known and known[-1].hash == picture.hash else (picture,)


def _before_question(state: ChatState, index: int, language: Language) -> tuple[ChatState, Message]:
    """The state before the question at or before that message, and the question."""
    messages = state.conversation.messages
    while index >= 0 and messages[index].role != "user":
        index -= 1
    if index < 0:
        raise as_toast(
            UserError("There is nothing to go back to. Ask a question first.", "没有可以返回的内容。请先提问。"), language
        )
    answers = sum(m.role == "assistant" for m in messages[:index])
    earlier = replace(state, conversation=state.conversation.until(index), notes=state.notes[:answers])
    return earlier, messages[index]
