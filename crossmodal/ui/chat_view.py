"""How a conversation looks: messages, thumbnails, the line under each answer, the offered questions."""

from typing import Any

import gradio as gr
from gradio.processing_utils import save_pil_to_cache
from gradio.utils import get_upload_folder

from crossmodal.chat.answer import Cost
from crossmodal.chat.conversation import Picture
from crossmodal.ui.session import OFFERS, ChatState, Offer
from crossmodal.ui.texts import Texts


def thumbnails(pictures: tuple[Picture, ...], state: ChatState) -> tuple[tuple[str, str], ...]:
    known = dict(state.thumbnails)
    cache = get_upload_folder()
    made = []
    for picture in pictures:
        if picture.hash not in known:
            small = picture.image.copy()
            small.thumbnail((320, 320))
            made.append((picture.hash, save_pil_to_cache(small, cache_dir=cache, format="webp")))
    return tuple(made)


def messages(state: ChatState, growing: str | None = None) -> list[dict[str, Any]]:
    """The conversation as the chatbot wants it; `growing` is an answer on its way."""
    files = dict(state.thumbnails)
    lines: list[dict[str, Any]] = []
    notes = iter(state.notes)
    for message in state.conversation.messages:
        if message.role == "user":
            parts: list[Any] = [{"path": files[p.hash]} for p in message.pictures if p.hash in files]
            lines.append({"role": "user", "content": [*parts, message.text]})
        else:
            line = next(notes, "")
            lines.append({"role": "assistant", "content": f"{message.text}\n\n<small>{line}</small>"})
    if growing is not None:
        lines.append({"role": "assistant", "content": growing})
    return lines


def note(cost: Cost, stopped: bool, answer: str, truth: str | None, words: Texts) -> str:
    if cost.reused_tokens:
        reuse = words.cost_reused.format(cost.reused_tokens, cost.prompt_tokens)
    else:
        reuse = words.cost_fresh.format(cost.prompt_tokens)
    parts = [words.cost.format(cost.picture_tokens, reuse, cost.first_token_seconds, cost.tokens_per_second)]
    if stopped:
        parts.append(words.stopped)
    elif truth is not None:
        parts.insert(0, words.right if answer == truth else words.wrong.format(truth))
    return " · ".join(parts)


def offer_updates(offers: tuple[Offer, ...]) -> list[Any]:
    buttons = [gr.update(value=o.question, visible=True) for o in offers]
    buttons += [gr.update(visible=False)] * (OFFERS - len(offers))
    return [gr.update(visible=bool(offers)), *buttons]


def plain(value: Any) -> str:
    """The text of a chatbot message, whichever of its forms it comes in."""
    if isinstance(value, list):
        return " ".join(filter(None, (plain(part) for part in value)))
    if isinstance(value, dict):
        return str(value.get("text", ""))
    return value if isinstance(value, str) else ""
