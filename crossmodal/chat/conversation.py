"""What was said, and which pictures it was said about."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from PIL import Image

from crossmodal.errors import UserError
from crossmodal.images import content_hash

MAX_QUESTION = 4_000
MAX_PICTURES = 8
MAX_TURNS = 100


@dataclass(frozen=True)
class Picture:
    """A decoded picture with the hash of its content."""

    image: Image.Image
    hash: str

    @classmethod
    def of(cls, image: Image.Image) -> "Picture":
        return cls(image, content_hash(image))


@dataclass(frozen=True)
class Message:
    role: Literal["user", "assistant"]
    text: str
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """Messages in turn, the person's first. Never changed in place."""

    messages: tuple[Message, ...] = ()
    system_prompt: str = field(default="")

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(p for m in self.messages for p in m.pictures)

    def asked(self, question: str, pictures: tuple[Picture, ...] = ()) -> "Conversation":
        """With one more question. Raises UserError where it cannot be asked."""
        question = question.strip()
        if not question:
            raise UserError(
                "The question is empty. Type what you want to know about the picture.",
                "问题是空的。请输入你想知道的内容。",
            )
        if len(question) > MAX_QUESTION:
            raise UserError(
                f"The question has {len(question)} characters; the limit is {MAX_QUESTION}. Shorten it.",
                f"问题有 {len(question)} 个字符，上限是 {MAX_QUESTION} 个。请缩短。",
            )
        if not self.pictures and not pictures:
            raise UserError(
                "There is no picture yet. Choose or upload one, then ask.", "还没有图片。请先选择或上传一张，再提问。"
            )
        if len(self.pictures) + len(pictures) > MAX_PICTURES:
            raise UserError(
                f"A conversation takes at most {MAX_PICTURES} pictures. Clear it and start a new one.",
                f"一次对话最多 {MAX_PICTURES} 张图片。请清空后重新开始。",
            )
        if len(self.messages) >= 2 * MAX_TURNS:
            raise UserError(
                f"A conversation takes at most {MAX_TURNS} questions. Clear it and start a new one.",
                f"一次对话最多 {MAX_TURNS} 个问题。请清空后重新开始。",
            )
        return replace(self, messages=(*self.messages, Message("user", question, pictures)))

    def answered(self, answer: str) -> "Conversation":
        return replace(self, messages=(*self.messages, Message("assistant", answer)))

    def until(self, message: int) -> "Conversation":
        """Only the messages before that one."""
        return replace(self, messages=self.messages[:message])

    def for_processor(self) -> list[dict[str, Any]]:
        """The messages as `apply_chat_template` wants them, each picture before the text of its turn."""
        told: list[dict[str, Any]] = []
        if self.system_prompt.strip():
            told.append({"role": "system", "content": [{"type": "text", "text": self.system_prompt.strip()}]})
        for message in self.messages:
            parts: list[dict[str, Any]] = [{"type": "image", "image": p.image} for p in message.pictures]
            told.append({"role": message.role, "content": [*parts, {"type": "text", "text": message.text}]})
        return told
