"""Components of our own, and how they say what went wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.data_classes import ImageData
from PIL import Image

from crossmodal.errors import PictureError, UserError
from crossmodal.images import read_picture
from crossmodal.ui.label_sets import label_sets
from crossmodal.ui.texts import TEXTS, preferred_language
from crossmodal.world.words import Language

ACCELERATOR = "accelerator"
"""The one concurrency id of everything that computes: two answers at once would only slow each other."""
STATE_SECONDS = 3600


@dataclass(frozen=True)
class Labelled:
    """A component and the property of it that is in the page's language."""

    component: Any
    text: str
    """Name of a field of Texts."""
    attribute: str = "label"

    def said(self, language: Language) -> Any:
        return getattr(TEXTS[language], self.text)


@dataclass(frozen=True)
class Spoken(Labelled):
    """As Labelled, of a field of a tab's own texts."""

    texts: Mapping[Language, Any] = field(default_factory=dict, compare=False)

    def said(self, language: Language) -> Any:
        return getattr(self.texts[language], self.text)


@dataclass(frozen=True)
class LabelSets(Labelled):
    """The menu of label sets, whose choices are in the page's language."""

    def said(self, language: Language) -> Any:
        return label_sets(language)


def as_toast(error: UserError, language: Language) -> gr.Error:
    """The error as Gradio shows it."""
    return gr.Error(error.said(language), print_exception=False)


class SafeImage(gr.Image):
    """A `gr.Image` that decodes nothing but through `crossmodal.images`, and nothing from outside Gradio's cache.

    It has no constructor of its own: Gradio reads a component's properties from the constructor's signature.
    """

    is_template = True  # so the front end draws it as what it extends

    def preprocess(self, payload: ImageData | None) -> Image.Image | None:
        if payload is None:
            return None
        path = Path(payload.path or "").resolve()
        if not payload.path or not path.is_relative_to(Path(self.GRADIO_CACHE).resolve()):
            outside = UserError(
                "The picture is not one of the uploaded files. Upload it, then ask.",
                "图片不是上传的文件。请先上传，再提问。",
            )
            raise as_toast(outside, _visitors_language())
        try:
            return read_picture(path, payload.orig_name or "")
        except PictureError as error:
            raise as_toast(error, _visitors_language()) from error


def _visitors_language() -> Language:
    """The browser's: a component's own checks do not know what the page was switched to."""
    request = LocalContext.request.get(None)
    return preferred_language(request.headers.get("accept-language", "")) if request is not None else "en"
