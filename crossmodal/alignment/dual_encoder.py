"""Two encoders brought into one space: by contrast, or by telling the other's features from one's own.

`DualEncoder(AutoModel.from_pretrained("microsoft/resnet-50"), AutoModel.from_pretrained("google-bert/bert-base-uncased"))`
takes any two of transformers' encoders, projects what they pool, and learns the projections and a logit scale (and, if
asked, the encoders). In the app it learns on what the bundled CLIP's towers pool, without the projections that those had.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.alignment.broken import misprinted_info_nce
from crossmodal.alignment.contrastive import clamp_logit_scale, info_nce, siglip
from crossmodal.alignment.names import Objective
from crossmodal.embedding.encoders import TwoEncoders, encoder_width, pooled

FIRST_TEMPERATURE = 0.07
SIGLIP_FIRST_SCALE, SIGLIP_FIRST_BIAS = math.log(10), -10.0


class Projections(nn.Module):
    """Pooled features of two modalities -> unit vectors of one space, with a logit scale, and a bias for SigLIP."""

    def __init__(self, picture: int, text: int, dim: int, objective: Objective = "info_nce") -> None:
        """picture, text: widths. objective: `misprint` is InfoNCE without the temperature in its denominator."""
        super().__init__()
        self.objective = objective
        self.picture, self.text = nn.Linear(picture, dim, bias=False), nn.Linear(text, dim, bias=False)
        first = SIGLIP_FIRST_SCALE if objective == "siglip" else math.log(1 / FIRST_TEMPERATURE)
        self.log_scale = nn.Parameter(torch.tensor(first))
        self.bias = nn.Parameter(torch.tensor(SIGLIP_FIRST_BIAS)) if objective == "siglip" else None

    def forward(self, picture: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, width) each -> (batch, dim) each, L2-normalised."""
        return F.normalize(self.picture(picture), dim=-1), F.normalize(self.text(text), dim=-1)

    def loss(self, picture: Tensor, text: Tensor) -> Tensor:
        seen, read = self(picture, text)
        if self.bias is not None:
            return siglip(seen, read, self.log_scale.exp(), self.bias)
        if self.objective == "misprint":
            return misprinted_info_nce(seen, read, self.log_scale.exp())
        return info_nce(seen, read, self.log_scale.exp())

    def scores(self, picture: Tensor, text: Tensor) -> Tensor:
        """(pictures, texts): cosines."""
        seen, read = self(picture, text)
        scores: Tensor = seen @ read.T
        return scores

    def after_step(self) -> None:
        """What follows each step of the optimiser."""
        clamp_logit_scale(self.log_scale)


class Reconstruction(nn.Module):
    """Encoder-decoder alignment: each modality tells the other's features (as in Ngiam et al. 2011; Feng et al. 2014)."""

    def __init__(self, picture: int, text: int, dim: int) -> None:
        super().__init__()
        self.from_picture = nn.Sequential(nn.Linear(picture, dim), nn.GELU(), nn.Linear(dim, text))
        self.from_text = nn.Sequential(nn.Linear(text, dim), nn.GELU(), nn.Linear(dim, picture))

    def forward(self, picture: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, picture width), (batch, text width) -> what each says the other is, in that order of modalities told."""
        return self.from_text(text), self.from_picture(picture)

    def loss(self, picture: Tensor, text: Tensor) -> Tensor:
        told_picture, told_text = self(picture, text)
        return F.mse_loss(told_picture, picture) + F.mse_loss(told_text, text)

    def scores(self, picture: Tensor, text: Tensor) -> Tensor:
        """(pictures, texts): mean cosine of what is told with what is there, both ways."""
        told_picture, told_text = self(picture, text)
        pairs = ((picture, told_picture), (told_text, text))
        one, other = (F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).T for a, b in pairs)
        return (one + other) / 2

    def after_step(self) -> None:
        """Nothing follows."""


def aligner(objective: Objective, picture: int, text: int, dim: int) -> Projections | Reconstruction:
    return Reconstruction(picture, text, dim) if objective == "reconstruction" else Projections(picture, text, dim, objective)


class DualEncoder(TwoEncoders):
    """Two encoders and what aligns them."""

    def __init__(
        self, vision: nn.Module, text: nn.Module, dim: int = 256, objective: Objective = "info_nce", freeze: bool = True
    ) -> None:
        """freeze: whether the encoders stay as they are."""
        super().__init__(vision, text, freeze)
        self.align = aligner(objective, encoder_width(vision), encoder_width(text), dim)

    def features(self, pixel_values: Tensor, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, width) of each modality: what the encoder pools, or the mean of its tokens where it pools nothing."""
        seen: Any = self.vision(pixel_values=pixel_values)
        read: Any = self.text(input_ids=input_ids, attention_mask=attention_mask)
        return pooled(seen), pooled(read, attention_mask)

    def forward(self, pixel_values: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(pictures, texts) scores."""
        scores: Tensor = self.align.scores(*self.features(pixel_values, input_ids, attention_mask))
        return scores

    def loss(self, pixel_values: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Of a batch whose rows belong together."""
        loss: Tensor = self.align.loss(*self.features(pixel_values, input_ids, attention_mask))
        return loss


@dataclass(frozen=True)
class Recalls:
    """Shares of queries whose own pair is among the first hits, 0 to 1: text to picture, and picture to text."""

    to_picture: dict[int, float]
    to_text: dict[int, float]


def recalls(scores: Tensor, depths: tuple[int, ...] = (1, 5, 10)) -> Recalls:
    """scores: (n, n), picture i belonging to text i. Ties count against: equal scores for all are no find."""
    own = scores.diagonal()
    to_text, to_picture = ((~(s < own[:, None])).sum(1) - 1 for s in (scores, scores.T))  # what is no number counts against
    return Recalls(*({k: float((ranks < k).float().mean()) for k in depths} for ranks in (to_picture, to_text)))
