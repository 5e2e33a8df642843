"""The strategies by name, and how each is put together for a task."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import nn

from crossmodal.fusion.attending import CrossAttention, GlobalLocal, Mbt
from crossmodal.fusion.late import (
    EarlyConcat,
    Late,
    Majority,
    MeanProbability,
    OneModality,
    ProductOfExperts,
    Stacking,
)
from crossmodal.fusion.pooled import ConcatMlp, Film, Gmu, Lmf, Tfn
from crossmodal.fusion.strategy import WIDTH, Fused, Fusion, Strategy, TokenEncoder

Stage = Literal["baseline", "early", "mid", "late"]


@dataclass(frozen=True)
class Shape:
    """What the modalities of a task look like."""

    picture: tuple[int, int]
    """Tokens and width."""
    text: tuple[int, int]
    classes: int


@dataclass(frozen=True)
class Kind:
    """A strategy before it is made for a task."""

    title: str
    stage: Stage
    also: str
    """What else it is called."""
    make: Callable[[Shape], Strategy]


def _encoder(shape: tuple[int, int]) -> TokenEncoder:
    tokens, width = shape
    return TokenEncoder(width, tokens)


def _fused(fusion: Callable[[], Fusion]) -> Callable[[Shape], Strategy]:
    def make(shape: Shape) -> Strategy:
        made = fusion()
        return Fused(_encoder(shape.picture), _encoder(shape.text), made, nn.Linear(made.out, shape.classes))

    return make


def _one(of_picture: bool) -> Callable[[Shape], OneModality]:
    def make(shape: Shape) -> OneModality:
        encoder = _encoder(shape.picture if of_picture else shape.text)
        head = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Linear(WIDTH, shape.classes))
        return OneModality(encoder, head, of_picture)

    return make


def _late(join: Callable[[OneModality, OneModality], Late]) -> Callable[[Shape], Strategy]:
    return lambda shape: join(_one(True)(shape), _one(False)(shape))


STRATEGIES: dict[str, Kind] = {
    "majority": Kind("Majority", "baseline", "prior", lambda shape: Majority(shape.classes)),
    "picture_only": Kind("Picture only", "baseline", "unimodal", _one(True)),
    "text_only": Kind("Text only", "baseline", "unimodal", _one(False)),
    "early_concat": Kind("Early concat", "early", "feature-level fusion", lambda s: EarlyConcat(s.picture, s.text, s.classes)),
    "concat_mlp": Kind("Concat MLP", "mid", "joint embedding, intermediate fusion", _fused(ConcatMlp)),
    "gmu": Kind("GMU", "mid", "gated multimodal unit", _fused(Gmu)),
    "tfn": Kind("TFN", "mid", "tensor fusion network", _fused(Tfn)),
    "lmf": Kind("LMF", "mid", "low-rank multimodal fusion", _fused(Lmf)),
    "film": Kind("FiLM", "mid", "feature-wise linear modulation", _fused(Film)),
    "cross_attention": Kind("Cross-attention", "mid", "co-attention, ViLBERT", _fused(CrossAttention)),
    "global_local": Kind("Global + local attention", "mid", "pooled and token-level together", _fused(GlobalLocal)),
    "mbt": Kind("MBT", "mid", "attention bottlenecks", _fused(Mbt)),
    "mean_probability": Kind("Late: mean probability", "late", "decision-level fusion, sum rule", _late(MeanProbability)),
    "product_of_experts": Kind("Late: product of experts", "late", "summed logits", _late(ProductOfExperts)),
    "stacking": Kind(
        "Late: stacking", "late", "stacked generalisation", lambda s: Stacking(_one(True)(s), _one(False)(s), s.classes)
    ),
}
"""Baselines first, then early, mid and late."""
BASELINES = tuple(name for name, kind in STRATEGIES.items() if kind.stage == "baseline")
LATE = tuple(name for name, kind in STRATEGIES.items() if kind.stage == "late")
