"""Known bugs of public implementations, kept apart to show what each looks like.

Each has the signature of what it breaks. The tests show that the property which the right one has fails with it.
"""

from collections.abc import Callable, Sequence

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


class PlainListFactors(nn.Module):
    """Low-rank fusion whose factors lie in a plain list: no optimiser is told of them, and they stay as they began."""

    def __init__(self, width: int, out: int, rank: int = 4) -> None:
        super().__init__()
        self.factors = [torch.randn(rank, width, out) / width**0.5 for _ in range(2)]
        self.head = nn.Linear(out, 1)

    def forward(self, picture: Tensor, text: Tensor) -> Tensor:
        one, other = (torch.einsum("bw,rwo->bro", v, f) for v, f in zip((picture, text), self.factors, strict=True))
        said: Tensor = self.head((one * other).sum(1))
        return said


class AnewEachStep:
    """An optimiser that is made anew at every step, and so remembers nothing of the last one."""

    def __init__(self, make: Callable[[], torch.optim.Optimizer]) -> None:
        self._make = make

    def zero_grad(self) -> None:
        self._make().zero_grad()

    def step(self) -> None:
        self._make().step()


def squeezed(logits: Tensor) -> Tensor:
    """(batch, classes) -> the same, or for a batch of one (classes,): whoever asks for the best class of each row errs."""
    return logits.squeeze()


def scaled_whole(loss: Tensor, strength: float) -> Tensor:
    """The strength of the reversal on the whole loss: while it is near 0 the discriminator does not learn either."""
    return strength * loss


def best_on_the_test(guesses: Tensor, labels: Tensor) -> Tensor:
    """Share right, 0 to 1, of whichever model does best on the very cases that it is reported on. guesses: (models, cases)."""
    return (guesses == labels).float().mean(1).max()
