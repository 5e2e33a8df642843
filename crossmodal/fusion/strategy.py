"""What every strategy is: two modalities in, logits out, put together from encoders, a fusion and a head."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.fusion.cases import Tokens

WIDTH = 64
PLACE_SPREAD = 0.5


@dataclass(frozen=True)
class Encoded:
    """One modality, learned."""

    tokens: Tensor
    """(batch, tokens, width)."""
    pooled: Tensor
    """(batch, width): the mean of the tokens."""
    mask: Tensor
    """(batch, tokens)."""


class Strategy(nn.Module):
    """A way to fuse. `forward(picture, text)` gives (batch, classes) logits."""

    attention: Tensor | None = None
    """(batch, picture tokens): where the last forward looked, for strategies that attend."""

    def forward(self, picture: Tokens, text: Tokens) -> Tensor:
        raise NotImplementedError

    def loss(self, picture: Tokens, text: Tokens, labels: Tensor, held: Tensor) -> Tensor:
        """What is minimised. held: (batch,), cases that only a second stage may learn from, where there is one."""
        return F.cross_entropy(self(picture, text), labels)


class TokenEncoder(nn.Module):
    """Tokens of any width -> tokens of ours, with a learned place for each."""

    def __init__(self, width: int, length: int, out: int = WIDTH) -> None:
        super().__init__()
        # Without weights of its own, which `project` has already: nothing is then derived by the frozen tokens.
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.project = nn.Linear(width, out)
        self.place = nn.Parameter(PLACE_SPREAD * torch.randn(length, out))
        self.mix = nn.Linear(out, out)

    def forward(self, tokens: Tokens) -> Encoded:
        """Raises ValueError for more tokens than there are places."""
        if tokens.length > len(self.place):
            raise ValueError(f"{tokens.length} tokens; the encoder has places for {len(self.place)}")
        hidden = F.gelu(self.project(self.norm(tokens.values)) + self.place[: tokens.length])
        learned = self.mix(hidden)
        return Encoded(learned, mean_of(learned, tokens.mask), tokens.mask)


def mean_of(values: Tensor, mask: Tensor) -> Tensor:
    """(batch, tokens, width), (batch, tokens) -> (batch, width): the mean of the tokens that are there."""
    weights = mask.to(values.dtype)[..., None]
    return (values * weights).sum(1) / weights.sum(1)


class Fusion(nn.Module):
    """Two encoded modalities -> (batch, `out`)."""

    out: int

    def forward(self, picture: Encoded, text: Encoded) -> Tensor:
        raise NotImplementedError


class Fused(Strategy):
    """Encoders, a fusion and a head, each passed in."""

    def __init__(self, picture: nn.Module, text: nn.Module, fusion: Fusion, head: nn.Module) -> None:
        super().__init__()
        self.picture, self.text, self.fusion, self.head = picture, text, fusion, head

    def forward(self, picture: Tokens, text: Tokens) -> Tensor:
        logits: Tensor = self.head(self.fusion(self.picture(picture), self.text(text)))
        self.attention = getattr(self.fusion, "attention", None)
        return logits
