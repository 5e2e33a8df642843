"""Will it fit? Memory predicted from a checkpoint's configuration, before its weights are fetched or read."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from crossmodal.models.catalog import CATALOG, ModelSpec
from crossmodal.models.loading import KEPT_IN_16_BITS, ONE_AT_A_TIME, automodel
from crossmodal.models.machine import PRECISIONS, Precision

Verdict = Literal["fits", "tight", "no"]
EASY = 0.8
"""Share of the free memory that a model may take and still leave room for everything else."""
CONTEXT = 2_048
"""Tokens of a conversation that room is kept for, pictures included."""
WORKING_SHARE = 0.08
"""Of the weights, for what is between layers while an answer is made; measured on a CPU to be less."""
NF4_BLOCK = 64
PARTS = {"fp32": 4.0, "bf16": 2.0}


@dataclass(frozen=True)
class Shape:
    """What a configuration says of a model's size."""

    quantised: int
    """Weights of linear layers that nf4 and int8 make smaller."""
    rows: int
    """Of those layers together: int8 keeps a scale for each."""
    others: int
    """All other weights, buffers included."""
    cache_per_token: int
    """Numbers that one token leaves in the KV cache, over all layers."""


@dataclass(frozen=True)
class Prediction:
    """Bytes, by what they are for."""

    weights: int
    cache: int
    working: int
    exact: bool
    """Whether the configuration was read; otherwise the number of weights stands for it."""

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.working


def shape_of(folder: Path, spec: ModelSpec) -> Shape:
    """Builds the model without memory (on torch's meta device) and counts. folder: holds at least the config.json."""
    import torch
    from transformers import AutoConfig

    with ONE_AT_A_TIME:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        with torch.device("meta"):
            model: Any = automodel(spec.task).from_config(config)
    linear = {name: module for name, module in model.named_modules() if isinstance(module, torch.nn.Linear) and not _kept(name)}
    small = sum(module.weight.numel() for module in linear.values())
    whole = sum(p.numel() for p in model.parameters()) + sum(b.numel() for b in model.buffers())
    rows = sum(module.out_features for module in linear.values())
    return Shape(small, rows, whole - small, _cache_per_token(config) if spec.task == "chat" else 0)


def predict(spec: ModelSpec, precision: Precision, shape: Shape | None = None, tokens: int = CONTEXT) -> Prediction:
    """For one model with a conversation of so many tokens. shape: None where only the number of weights is known."""
    width = 4 if precision == "fp32" else 2
    if shape is None:
        weights = spec.bytes_in(precision)
        return Prediction(weights, _unknown_cache(spec, tokens), int(WORKING_SHARE * weights), False)
    if precision in PARTS:
        weights = int(PARTS[precision] * (shape.quantised + shape.others))
    elif precision == "nf4":
        weights = int(shape.quantised * (0.5 + 4 / NF4_BLOCK)) + 2 * shape.others
    else:
        weights = shape.quantised + 4 * shape.rows + 2 * shape.others
    return Prediction(weights, shape.cache_per_token * tokens * width, int(WORKING_SHARE * weights), True)


def verdict(needed: int, free: int) -> Verdict:
    """Both in bytes."""
    if needed <= EASY * free:
        return "fits"
    return "tight" if needed <= free else "no"


def smaller(spec: ModelSpec, precision: Precision, free: int) -> tuple[ModelSpec, Precision] | None:
    """The nearest choice that fits: the same checkpoint in fewer bits, or the largest smaller one; None where none does."""
    fewer = PRECISIONS[PRECISIONS.index(precision) + 1 :]
    for choice in fewer:
        if verdict(predict(spec, choice).total, free) == "fits":
            return spec, choice
    others = sorted(
        (s for s in CATALOG.values() if s.task == spec.task and s.parameters < spec.parameters), key=lambda s: -s.parameters
    )
    for other in others:
        for choice in (precision, *fewer):
            if verdict(predict(other, choice).total, free) == "fits":
                return other, choice
    return None


def read_shape(folder: Path | None, spec: ModelSpec) -> Shape | None:
    """The shape, where there is a folder whose configuration transformers can build from."""
    if folder is None or not (folder / "config.json").is_file():
        return None
    try:
        return shape_of(folder, spec)
    except Exception:  # a family that cannot be built without its weights: the number of them stands for it
        return None


def _kept(name: str) -> bool:
    return any(re.match(pattern, name) for pattern in KEPT_IN_16_BITS)


def _cache_per_token(config: Any) -> int:
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return 2 * int(text.num_hidden_layers * heads * width)


def _unknown_cache(spec: ModelSpec, tokens: int) -> int:
    """About a 7B LLaVA's 0.5 MB a token in 16 bits, in proportion to the weights; newer families take less."""
    return int(tokens * 0.5e6 * spec.parameters / 7e9) if spec.task == "chat" else 0
