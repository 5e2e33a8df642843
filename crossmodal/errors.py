"""Errors that are meant for the person at the page."""

from typing import Literal


class UserError(Exception):
    """One sentence in each language, safe to show: what was wrong, the value, what to do."""

    def __init__(self, en: str, zh: str = "") -> None:
        super().__init__(en)
        self._zh = zh or en

    def said(self, language: Literal["en", "zh"]) -> str:
        return self._zh if language == "zh" else str(self)


class PictureError(UserError):
    """A file that cannot be taken as a picture."""


class ModelError(UserError):
    """A model that is unknown, does not fit or cannot be loaded."""


class MemoryShortError(ModelError):
    """The memory was not enough, for weights or for an answer."""
