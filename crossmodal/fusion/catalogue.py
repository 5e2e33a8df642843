"""How each strategy is put together for a task."""

from collections.abc import Callable
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Shape:
    """What the modalities of a task look like."""

    picture: tuple[int, int]
    """Tokens and width."""
    text: tuple[int, int]
    classes: int


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


_MAKERS: dict[str, Callable[[Shape], Strategy]] = {
    "majority": lambda shape: Majority(shape.classes),
    "picture_only": _one(True),
    "text_only": _one(False),
    "early_concat": lambda shape: EarlyConcat(shape.picture, shape.text, shape.classes),
    "concat_mlp": _fused(ConcatMlp),
    "gmu": _fused(Gmu),
    "tfn": _fused(Tfn),
    "lmf": _fused(Lmf),
    "film": _fused(Film),
    "cross_attention": _fused(CrossAttention),
    "global_local": _fused(GlobalLocal),
    "mbt": _fused(Mbt),
    "mean_probability": _late(MeanProbability),
    "product_of_experts": _late(ProductOfExperts),
    "stacking": lambda shape: Stacking(_one(True)(shape), _one(False)(shape), shape.classes),
}


def make(name: str, shape: Shape) -> Strategy:
    """A new strategy of that name. Raises KeyError for a name that `names.STRATEGIES` has not."""
    return _MAKERS[name](shape)
