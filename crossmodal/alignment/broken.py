"""Known bugs of public implementations, kept apart to show what each looks like.

Each has the signature of what it breaks. The tests show that the property which the right one has fails with it.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def misprinted_info_nce(image: Tensor, text: Tensor, logit_scale: Tensor) -> Tensor:
    """As `info_nce`, with the temperature in the numerator alone: below zero, and a collapse costs hardly anything."""
    similarities = image @ text.T
    matched = (similarities * logit_scale).diagonal()
    return -(matched - similarities.logsumexp(1) + matched - similarities.logsumexp(0)).mean() / 2


def unsquared_kernel(x: Tensor, y: Tensor, bandwidth: Tensor | float, scales: Sequence[float] = (1.0,)) -> Tensor:
    """As `gaussian_kernel`, without the square: a Laplacian, with a spike at 0."""
    distance = torch.cdist(x, y)
    return torch.stack([(-distance / (2 * (scale * bandwidth) ** 2)).exp() for scale in scales]).mean(0)


class OneWayDiscriminator(nn.Module):
    """Says for each row which domain it is from, through a softmax over its one output: always 1, no gradient."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = nn.Linear(width, 1)

    def forward(self, features: Tensor) -> Tensor:
        said: Tensor = self.layer(features).softmax(-1)
        return said


def double_softmax_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of what is a probability already: with two classes it never falls below 0.31."""
    return F.cross_entropy(logits.softmax(-1), labels)
