"""The app's address as the visitor reached it."""

import gradio as gr
from gradio.route_utils import get_root_url


def address(request: gr.Request | None) -> str:
    """With a slash at its end; also behind a proxy."""
    if not request or not request.request:
        return "http://127.0.0.1:7860/"
    root = str(request.request.scope.get("root_path", ""))
    return get_root_url(request.request, "/gradio_api/queue/join", root) + "/"
