"""The chat tab: a picture, a conversation about it, and what each answer cost."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from crossmodal.chat.engine import ChatEngine
from crossmodal.models.catalog import ModelSpec
from crossmodal.ui.chat_handlers import ChatHandlers
from crossmodal.ui.components import ACCELERATOR, STATE_SECONDS, Labelled, SafeImage
from crossmodal.ui.examples import Example
from crossmodal.ui.session import OFFERS, ChatState
from crossmodal.ui.texts import TEXTS, Texts


@dataclass(frozen=True)
class ChatTab:
    """What the rest of the page needs of the tab: its words, and the examples that speak a language."""

    labels: tuple[Labelled, ...]
    examples: tuple[Any, ...]
    """One button each."""
    picture: Any
    classify: Any
    """The button that carries the picture to the zero-shot tab."""
    similar: Any
    """The button that carries it to the search tab."""
    state: Any
    """The visitor's conversation and choice of model."""


def build(engine: ChatEngine, spec: ModelSpec, precision: str, examples: tuple[Example, ...], language: Any) -> ChatTab:
    """Lay out the tab inside the current Blocks and connect it. `language` is the page's language component."""
    handlers = ChatHandlers(engine, spec, precision)
    words = TEXTS["en"]
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            scene = _picture_column(words)
        with gr.Column(scale=3, min_width=320):
            talk = _conversation_column(words)
            decoding = _options(words)
    examples_title = gr.Markdown(words.examples, elem_classes="hint")
    with gr.Row(elem_id="examples", equal_height=True):
        samples = tuple(gr.Button(e.en, icon=str(e.path), size="sm", min_width=140) for e in examples)
    _endpoint(handlers)  # before the page's own events, which would take its name
    _connect(handlers, scene, talk, [*decoding.inputs, language], dict(zip(samples, examples, strict=True)))
    labels = (*scene.labels, *talk.labels, *decoding.labels, Labelled(examples_title, "examples", "value"))
    return ChatTab(labels, samples, scene.picture, scene.classify, scene.similar, talk.state)


@dataclass(frozen=True)
class _PictureColumn:
    picture: SafeImage
    notice: gr.Markdown
    new_scene: gr.Button
    classify: gr.Button
    similar: gr.Button
    offers_title: gr.Markdown
    offers: tuple[gr.Button, ...]

    @property
    def labels(self) -> tuple[Labelled, ...]:
        return (
            Labelled(self.picture, "picture"),
            Labelled(self.new_scene, "new_scene", "value"),
            Labelled(self.classify, "classify_this", "value"),
            Labelled(self.similar, "find_similar", "value"),
            Labelled(self.offers_title, "try_asking", "value"),
        )


@dataclass(frozen=True)
class _ConversationColumn:
    state: gr.State
    chatbot: gr.Chatbot
    question: gr.Textbox
    send: gr.Button
    stop: gr.Button

    @property
    def labels(self) -> tuple[Labelled, ...]:
        return (
            Labelled(self.chatbot, "chat"),
            Labelled(self.chatbot, "chat_empty", "placeholder"),
            Labelled(self.question, "question"),
            Labelled(self.question, "question_hint", "placeholder"),
            Labelled(self.send, "send", "value"),
            Labelled(self.stop, "stop", "value"),
        )


@dataclass(frozen=True)
class _DecodingOptions:
    accordion: gr.Accordion
    inputs: tuple[Any, ...]
    """Temperature, top-p, longest answer, system prompt."""

    @property
    def labels(self) -> tuple[Labelled, ...]:
        names = ("temperature", "top_p", "length", "system_prompt")
        named = (Labelled(component, name) for component, name in zip(self.inputs, names, strict=True))
        return (Labelled(self.accordion, "options"), *named)


def _picture_column(words: Texts) -> _PictureColumn:
    picture = SafeImage(
        type="pil",
        format="png",
        label=words.picture,
        height=330,
        sources=["upload", "clipboard"],
        elem_id="picture",
        buttons=[],
    )
    notice = gr.Markdown(visible=False, elem_id="notice")
    with gr.Row():
        new_scene = gr.Button(words.new_scene, elem_id="new-scene", min_width=130)
        classify = gr.Button(words.classify_this, elem_id="classify-this", min_width=130)
        similar = gr.Button(words.find_similar, elem_id="find-similar", min_width=130)
    offers_title = gr.Markdown(words.try_asking, visible=False, elem_classes="hint")
    with gr.Row(elem_id="offers"):
        offers = tuple(gr.Button(visible=False, size="sm", min_width=130) for _ in range(OFFERS))
    return _PictureColumn(picture, notice, new_scene, classify, similar, offers_title, offers)


def _conversation_column(words: Texts) -> _ConversationColumn:
    state = gr.State(ChatState(), time_to_live=STATE_SECONDS)
    chatbot = gr.Chatbot(
        label=words.chat,
        height=420,
        placeholder=words.chat_empty,
        editable="user",
        buttons=["copy"],
        allow_tags=False,
        feedback_options=None,
        elem_id="chat",
    )
    with gr.Row(equal_height=True):
        question = gr.Textbox(
            label=words.question,
            placeholder=words.question_hint,
            lines=1,
            max_lines=4,
            scale=6,
            min_width=200,
            elem_id="question",
        )
        with gr.Column(scale=1, min_width=90):
            send = gr.Button(words.send, variant="primary", elem_id="send")
            stop = gr.Button(words.stop, variant="stop", elem_id="stop", size="sm")
    return _ConversationColumn(state, chatbot, question, send, stop)


def _options(words: Texts) -> _DecodingOptions:
    with gr.Accordion(words.options, open=False, elem_id="options") as accordion:
        temperature = gr.Slider(0, 2, 0, step=0.05, label=words.temperature, elem_id="temperature")
        top_p = gr.Slider(0.05, 1, 1, step=0.05, label=words.top_p)
        length = gr.Slider(1, 1024, 256, step=1, label=words.length, elem_id="length")
        system = gr.Textbox(label=words.system_prompt, lines=2, max_length=2000)
    return _DecodingOptions(accordion, (temperature, top_p, length, system))


def _connect(
    handlers: ChatHandlers,
    scene: _PictureColumn,
    talk: _ConversationColumn,
    settings: list[Any],
    samples: dict[gr.Button, Example],
) -> None:
    """Events to handlers. `settings` are the decoding options and, last, the language."""
    language = settings[-1]
    heard = [talk.chatbot, talk.state, talk.question]
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    stream: dict[str, Any] = {**quiet, "outputs": heard, "concurrency_id": ACCELERATOR, "concurrency_limit": 1}
    asked = [talk.question, scene.picture, talk.state, *settings]
    for trigger in (talk.question.submit, talk.send.click):
        trigger(handlers.ask, asked, **stream)
    for button in scene.offers:
        filled = button.click(lambda text: text, button, talk.question, queue=False, **quiet)
        filled.success(handlers.ask, asked, **stream)
    composed = [scene.picture, talk.state, talk.chatbot, talk.question, scene.offers_title, *scene.offers]
    for sample, example in samples.items():
        chosen = sample.click(partial(handlers.example, example), [talk.state, language], composed, **quiet)
        chosen.success(handlers.ask, asked, **stream)
    scene.new_scene.click(handlers.new_scene, [talk.state, language], composed, **quiet)
    offered = [talk.state, scene.offers_title, *scene.offers]
    scene.picture.change(handlers.no_offers, [scene.picture, talk.state], offered, queue=False, **quiet)
    scene.picture.change(handlers.notice, [scene.picture, talk.state, language], scene.notice, **quiet)
    talk.stop.click(handlers.stop, queue=False, **quiet)
    talk.chatbot.retry(handlers.retry, [talk.state, *settings], **stream)
    talk.chatbot.edit(handlers.edit, [talk.state, *settings], **stream)
    talk.chatbot.undo(handlers.undo, [talk.state, language], heard, **quiet)
    talk.chatbot.clear(handlers.clear, talk.state, heard, **quiet)


def _endpoint(handlers: ChatHandlers) -> None:
    """`/ask`, which needs components to describe its parameters."""
    with gr.Row(visible=False):
        image = SafeImage(type="pil", label="image")
        question = gr.Textbox(label="question")
        temperature = gr.Number(0, minimum=0, maximum=2, label="temperature")
        longest = gr.Number(256, minimum=1, maximum=1024, precision=0, label="max_new_tokens")
        answer = gr.Textbox(label="answer")
        gr.Button().click(
            handlers.api_ask(),
            [image, question, temperature, longest],
            answer,
            api_name="ask",
            concurrency_id=ACCELERATOR,
            concurrency_limit=1,
        )
