"""Fusions of one vector from each modality."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.fusion.strategy import WIDTH, Encoded, Fusion, mean_of


class ConcatMlp(Fusion):
    """Joint embedding: `MLP([v; t])`, as in the baseline of VQA (Antol et al. 2015; "mid" or "joint" fusion)."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.out = width
        self.mlp = nn.Sequential(nn.Linear(2 * width, 2 * width), nn.GELU(), nn.Linear(2 * width, width), nn.GELU())

    def forward(self, picture: Encoded, text: Encoded) -> Tensor:
        fused: Tensor = self.mlp(torch.cat([picture.pooled, text.pooled], -1))
        return fused


class Gmu(Fusion):
    """Gated multimodal unit: `z * tanh(Wv v) + (1 - z) * tanh(Wt t)`, `z = sigmoid(Wz [v; t])` (Arevalo et al. 2017)."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.out = width
        self.picture, self.text = nn.Linear(width, width), nn.Linear(width, width)
        self.gate = nn.Linear(2 * width, width)

    def forward(self, picture: Encoded, text: Encoded) -> Tensor:
        gate = torch.sigmoid(self.gate(torch.cat([picture.pooled, text.pooled], -1)))
        return gate * torch.tanh(self.picture(picture.pooled)) + (1 - gate) * torch.tanh(self.text(text.pooled))


class Tfn(Fusion):
    """Tensor fusion: `[v; 1] (x) [t; 1]`, the outer product (Zadeh et al. 2017). Grows with the product of the widths."""

    def __init__(self, width: int = WIDTH, narrow: int = 16) -> None:
        super().__init__()
        self.out = width
        self.picture, self.text = nn.Linear(width, narrow), nn.Linear(width, narrow)
        self.mix = nn.Linear((narrow + 1) ** 2, width)

    def forward(self, picture: Encoded, text: Encoded) -> Tensor:
        v, t = with_one(torch.tanh(self.picture(picture.pooled))), with_one(torch.tanh(self.text(text.pooled)))
        return F.relu(self.mix(torch.einsum("bi,bj->bij", v, t).flatten(1)))


class Lmf(Fusion):
    """Low-rank tensor fusion: `sum_r (Wv_r [v; 1]) * (Wt_r [t; 1])` (Liu et al. 2018)."""

    def __init__(self, width: int = WIDTH, rank: int = 8) -> None:
        super().__init__()
        self.out = width
        spread = (width + 1) ** -0.5
        # Parameters, not a plain list of tensors: those would never be trained.
        self.picture = nn.Parameter(spread * torch.randn(rank, width + 1, width))
        self.text = nn.Parameter(spread * torch.randn(rank, width + 1, width))

    def forward(self, picture: Encoded, text: Encoded) -> Tensor:
        v = torch.einsum("bi,rio->bro", with_one(picture.pooled), self.picture)
        t = torch.einsum("bi,rio->bro", with_one(text.pooled), self.text)
        return (v * t).sum(1)


class Film(Fusion):
    """Feature-wise linear modulation: `gamma(q) * F + beta(q)` on the picture's tokens, then pooled (Perez et al. 2018)."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.out = width
        self.modulate = nn.Linear(width, 2 * width)
        self.mix = nn.Linear(width, width)

    def forward(self, picture: Encoded, text: Encoded) -> Tensor:
        gamma, beta = self.modulate(text.pooled)[:, None].chunk(2, -1)
        modulated = self.mix(F.relu((1 + gamma) * picture.tokens + beta))
        return F.relu(mean_of(modulated, picture.mask))


def with_one(values: Tensor) -> Tensor:
    """(batch, width) -> (batch, width + 1): keeps each modality's own terms in a product."""
    return torch.cat([values, torch.ones(len(values), 1)], -1)
