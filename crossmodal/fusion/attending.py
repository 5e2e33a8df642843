"""Fusions in which the tokens of one modality look at those of the other."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.fusion.strategy import WIDTH, Encoded, Fusion, mean_of

HEADS = 4


class Attention(nn.Module):
    """Multi-head attention of one set of tokens over another, with a feed-forward layer (Vaswani et al. 2017)."""

    def __init__(self, width: int, heads: int = HEADS) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.norm_other, self.norm_out = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key_value, self.join = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.weights: Tensor | None = None
        """(batch, tokens, others): of the last forward outside training, the mean over the heads."""

    def forward(self, tokens: Tensor, others: Tensor, mask: Tensor) -> Tensor:
        """tokens: (batch, n, width); others: (batch, m, width); mask: (batch, m), true where there is one."""
        query = self._split(self.query(self.norm(tokens)))
        key, value = (self._split(part) for part in self.key_value(self.norm_other(others)).chunk(2, -1))
        if self.training:
            mixed = F.scaled_dot_product_attention(query, key, value, mask[:, None, None])
        else:  # the same, in steps that can be drawn and counted
            scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
            weights = scores.masked_fill(~mask[:, None, None], -1e9).softmax(-1)
            self.weights = weights.mean(1).detach()
            mixed = weights @ value
        tokens = tokens + self.join(mixed.transpose(1, 2).flatten(2))
        fed: Tensor = tokens + self.feed(self.norm_out(tokens))
        return fed

    def _split(self, values: Tensor) -> Tensor:
        return values.reshape(*values.shape[:2], self.heads, -1).transpose(1, 2)


class CrossAttention(Fusion):
    """Co-attention: each modality's tokens attend to the other's, then both are pooled (Lu et al. 2019, ViLBERT)."""

    def __init__(self, width: int = WIDTH, layers: int = 1) -> None:
        super().__init__()
        self.out = 2 * width
        self.to_picture = nn.ModuleList(Attention(width) for _ in range(layers))
        self.to_text = nn.ModuleList(Attention(width) for _ in range(layers))
        self.attention: Tensor | None = None

    def forward(self, picture: Encoded, text: Encoded) -> Tensor:
        v, t = picture.tokens, text.tokens
        looked = torch.zeros(v.shape[:2])
        for to_picture, to_text in zip(self.to_picture, self.to_text, strict=True):
            v, t = to_text(v, t, text.mask), to_picture(t, v, picture.mask)
            if not self.training:
                looked = looked + mean_of(_weights(to_picture), text.mask)
        self.attention = None if self.training else looked / len(self.to_picture)
        return torch.cat([mean_of(v, picture.mask), mean_of(t, text.mask)], -1)


class GlobalLocal(Fusion):
    """Global and local together: the pooled vectors, and what the text's summary finds among the picture's tokens.

    The pair of views of Yang et al. 2016 (stacked attention) and Anderson et al. 2018 (bottom-up and top-down).
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.out = 3 * width
        self.look = Attention(width)
        self.attention: Tensor | None = None

    def forward(self, picture: Encoded, text: Encoded) -> Tensor:
        local = self.look(text.pooled[:, None], picture.tokens, picture.mask)[:, 0]
        self.attention = None if self.training else _weights(self.look)[:, 0]
        return torch.cat([picture.pooled, text.pooled, local], -1)


class Mbt(Fusion):
    """Multimodal bottleneck: the modalities meet only in a few shared tokens (Nagrani et al. 2021)."""

    def __init__(self, width: int = WIDTH, bottlenecks: int = 4, layers: int = 2) -> None:
        super().__init__()
        self.out = 2 * width
        self.bottlenecks = nn.Parameter(0.5 * torch.randn(bottlenecks, width))
        self.of_picture = nn.ModuleList(Attention(width) for _ in range(layers))
        self.of_text = nn.ModuleList(Attention(width) for _ in range(layers))

    def forward(self, picture: Encoded, text: Encoded) -> Tensor:
        v, t = picture.tokens, text.tokens
        shared = self.bottlenecks.expand(len(v), -1, -1)
        for of_picture, of_text in zip(self.of_picture, self.of_text, strict=True):
            v, from_picture = _with_shared(of_picture, v, shared, picture.mask)
            t, from_text = _with_shared(of_text, t, shared, text.mask)
            shared = (from_picture + from_text) / 2
        return torch.cat([mean_of(v, picture.mask), mean_of(t, text.mask)], -1)


def _with_shared(layer: nn.Module, tokens: Tensor, shared: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    both = torch.cat([tokens, shared], 1)
    learned = layer(both, both, F.pad(mask, (0, shared.shape[1]), value=True))
    return learned[:, : tokens.shape[1]], learned[:, tokens.shape[1] :]


def _weights(layer: nn.Module) -> Tensor:
    weights = layer.weights
    assert isinstance(weights, Tensor)
    return weights
