"""Training state on disk, in safetensors only: weights, optimiser moments, how far the run has come."""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn


def save_state(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, progress: dict[str, float]) -> None:
    """Write everything that a run needs to go on; the file is replaced whole or not at all."""
    tensors: dict[str, Tensor] = {f"model.{k}": v for k, v in model.state_dict().items()}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for i, parameter in enumerate(parameters):
        for key, value in optimizer.state[parameter].items():
            tensors[f"optimizer.{i}.{key}"] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    unique = {k: v.detach().cpu().clone().contiguous() for k, v in tensors.items()}
    save_file(unique, partial, metadata={"progress": json.dumps(progress)})
    partial.replace(path)


def load_state(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, float]:
    """Put a saved run back into the model and the optimiser. Returns its progress."""
    with safe_open(path, framework="pt") as file:
        progress: dict[str, float] = json.loads(file.metadata()["progress"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    model.load_state_dict({k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")})
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, index, name = key.split(".", 2)
            optimizer.state[parameters[int(index)]][name] = value
    return progress
