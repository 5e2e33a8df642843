"""Builds the page and launches it. Hugging Face Spaces runs this file."""

import argparse
import os
from dataclasses import fields, replace

from crossmodal.errors import UserError
from crossmodal.settings import PREFIX, Settings

HELP = {
    "host": "address to listen on; 0.0.0.0 for all",
    "port": "port to listen on",
    "share": "make a public link",
    "model": "chat model: bundled id, Hub id or local folder",
    "embedding_model": "dual encoder for zero-shot and search: bundled id, Hub id or local folder",
    "pictures": "folder of this machine's whose pictures visitors may classify and search",
    "galleries": "folder where galleries are kept",
    "store": "Qdrant server for the galleries' vectors, as http://host:6333; QDRANT_API_KEY is its key",
    "precision": "auto, fp32, bf16, int8 or nf4",
    "device": "auto, cpu, cuda or mps",
    "offline": "never ask the Hub for anything",
    "auth": "user:password that the page asks for",
    "mcp": "serve the endpoints as MCP tools too",
}


def read_settings(arguments: list[str] | None = None) -> Settings:
    """The command line over the environment over the defaults."""
    settings = Settings.from_environment()
    parser = argparse.ArgumentParser(description="crossmodal: ask a picture questions, in your browser.")
    for field in fields(Settings):
        if field.name not in HELP:
            continue
        default = getattr(settings, field.name)
        said = f"{HELP[field.name]} (default {default or 'none'}; {PREFIX}{field.name.upper()})"
        option = "--" + field.name.replace("_", "-")
        if field.type is bool or field.type == "bool":
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=default, help=said)
        else:
            parser.add_argument(option, type=type(field.default), default=default, help=said)
    return replace(settings, **vars(parser.parse_args(arguments)))


def main() -> None:
    settings = read_settings()
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if settings.offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    from crossmodal.ui.page import build, launch_options

    page, watch = build(settings)
    page.launch(**launch_options(settings), prevent_thread_lock=True)
    watch.start()
    page.block_thread()


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        raise SystemExit(str(error)) from error
