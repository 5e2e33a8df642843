"""Which chat model the app begins with, without importing torch: the page must be up first."""

import os
from collections.abc import Mapping
from pathlib import Path

from crossmodal.models.catalog import CATALOG, LLAVA, ModelSpec, find_spec
from crossmodal.models.hub import cached_folder

BUNDLED = "picturebook-llava"
NVIDIA = Path("/dev/nvidiactl")
"""There where the driver of a GPU is."""


def first_model(wanted: str, device: str = "auto", environment: Mapping[str, str] = os.environ) -> ModelSpec:
    """The one that is asked for; else LLaVA 1.5 where there is a GPU and the checkpoint, or a Space, which fetches it.

    In which precision it then runs, bf16 or nf4, is for the memory to say. Raises ModelError for a model that is unknown.
    """
    if wanted != "auto":
        return find_spec(wanted, "chat")
    llava = CATALOG[LLAVA]
    on_a_gpu = device == "cuda" or (device == "auto" and NVIDIA.exists())
    if on_a_gpu and (cached_folder(llava) is not None or "SPACE_ID" in environment):
        return llava
    return CATALOG[BUNDLED]
