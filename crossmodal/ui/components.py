"""Components of our own, and how they say what went wrong."""

from pathlib import Path

import gradio as gr
from gradio.context import LocalContext
from gradio.data_classes import ImageData
from PIL import Image

from crossmodal.errors import PictureError, UserError
from crossmodal.images import read_picture
from crossmodal.ui.texts import preferred_language
from crossmodal.world.words import Language


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
