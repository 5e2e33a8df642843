"""Trained strategies as files: one case goes through all of them without a training first."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from crossmodal.fusion.catalogue import Shape, make
from crossmodal.fusion.names import STRATEGIES
from crossmodal.fusion.strategy import Strategy
from crossmodal.paths import MODELS

BUNDLED = MODELS / "fusion"


def save_head(folder: Path, name: str, strategy: Strategy, shape: Shape) -> None:
    """bf16, with the shapes that it was made for."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.to(torch.bfloat16).contiguous() for key, value in strategy.state_dict().items()}
    save_file(tensors, folder / f"{name}.safetensors", {"shape": json.dumps(asdict(shape))})


def load_heads(folder: Path) -> dict[str, Strategy]:
    """All strategies of a folder, in the catalogue's order; none where the folder is not there."""
    return {name: _load(folder / f"{name}.safetensors") for name in STRATEGIES if (folder / f"{name}.safetensors").exists()}


@cache
def bundled_heads(task: str) -> dict[str, Strategy]:
    return load_heads(BUNDLED / task)


def _load(path: Path) -> Strategy:
    with safe_open(path, "pt") as file:
        known = json.loads(file.metadata()["shape"])
        state = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118 - no mapping
    shape = Shape(tuple(known["picture"]), tuple(known["text"]), known["classes"])
    strategy = make(path.stem, shape)
    strategy.load_state_dict(state)
    return strategy.eval()
