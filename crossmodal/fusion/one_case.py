"""One picture and one sentence through every strategy, and through each of them with one of the two taken away."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from crossmodal.fusion.cases import Tokens
from crossmodal.fusion.strategy import Strategy


@dataclass(frozen=True)
class Verdict:
    """What a strategy says."""

    label: int
    probability: float


@dataclass(frozen=True)
class Told:
    """What one strategy makes of the case."""

    strategy: str
    whole: Verdict
    without_picture: Verdict
    without_text: Verdict
    attention: Tensor | None
    """(rows, columns): where it looked, for strategies that attend to the picture."""


def through_all(strategies: Mapping[str, Strategy], picture: Tokens, text: Tokens) -> list[Told]:
    """picture, text: of one case."""
    told = []
    with torch.inference_mode():
        for name, strategy in strategies.items():
            whole = _verdict(strategy(picture, text))
            seen = getattr(strategy, "attention", None)
            side = round(picture.length**0.5)
            told.append(
                Told(
                    name,
                    whole,
                    _verdict(strategy(picture.absent(), text)),
                    _verdict(strategy(picture, text.absent())),
                    None if seen is None else seen[0].reshape(side, side),
                )
            )
    return told


def _verdict(logits: Tensor) -> Verdict:
    probability, label = logits[0].softmax(-1).max(-1)
    return Verdict(int(label), float(probability))
