"""A conversation as the model's own chat template puts it, whatever the family; no control token can be typed into it."""

import re
from typing import Any

from crossmodal.chat.conversation import Conversation

BREAK = "\u200b"
"""A space of no width: a control token with it inside is plain text."""


def encode(processor: Any, conversation: Conversation) -> Any:
    """What the model is given, as tensors. Raises what the template or the processor raises.

    transformers can keep typed control tokens from being taken for real ones, but not for every family: some processors need
    what such an encoding lacks, and some refuse a typed placeholder of a picture. For those the tokens are broken here.
    """
    messages = conversation.for_processor()
    options: dict[str, Any] = {
        "add_generation_prompt": True,
        "tokenize": True,
        "return_dict": True,
        "return_tensors": "pt",
    }
    try:
        return processor.apply_chat_template(messages, sanitize_control_tokens=True, **options)
    except (ValueError, NotImplementedError):
        return processor.apply_chat_template(harmless(messages, processor.tokenizer), **options)


def harmless(messages: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """The same with every control token in a text broken in two."""
    tokens = {token for token in (*tokenizer.all_special_tokens, *tokenizer.added_tokens_encoder) if len(token.strip()) > 1}
    pattern = re.compile("|".join(map(re.escape, sorted(tokens, key=len, reverse=True))))

    def broken(part: dict[str, Any]) -> dict[str, Any]:
        if part["type"] != "text" or not tokens:
            return part
        return {**part, "text": pattern.sub(lambda found: found[0][0] + BREAK + found[0][1:], part["text"])}

    return [{**message, "content": [broken(part) for part in message["content"]]} for message in messages]
