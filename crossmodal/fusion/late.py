"""Early and late: what is joined before anything is learned, and what is joined after each modality has decided."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.fusion.cases import Tokens
from crossmodal.fusion.strategy import Strategy

HELD = 0.2
"""Share of the cases that stacking keeps from its members and learns to weigh them on."""


class EarlyConcat(Strategy):
    """Early fusion: the raw tokens of both, side by side, into one MLP ("feature-level fusion", Baltrušaitis et al. 2019)."""

    def __init__(self, picture: tuple[int, int], text: tuple[int, int], classes: int, hidden: int = 128) -> None:
        """picture, text: their (tokens, width)."""
        super().__init__()
        numbers = picture[0] * picture[1] + text[0] * text[1]
        self.norm = nn.LayerNorm(numbers)
        self.mlp = nn.Sequential(
            nn.Linear(numbers, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, classes)
        )

    def forward(self, picture: Tokens, text: Tokens) -> Tensor:
        logits: Tensor = self.mlp(self.norm(torch.cat([picture.values.flatten(1), text.values.flatten(1)], -1)))
        return logits


class Majority(Strategy):
    """Baseline: the class that is most frequent in training, whatever is seen or read."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.prior: Tensor
        self.register_buffer("prior", torch.zeros(classes))

    def forward(self, picture: Tokens, text: Tokens) -> Tensor:
        return self.prior.expand(len(picture), -1)


class OneModality(Strategy):
    """Baseline: one modality alone. What a fusion must beat to have used both."""

    def __init__(self, encoder: nn.Module, head: nn.Module, of_picture: bool) -> None:
        super().__init__()
        self.encoder, self.head, self.of_picture = encoder, head, of_picture

    def forward(self, picture: Tokens, text: Tokens) -> Tensor:
        logits: Tensor = self.head(self.encoder(picture if self.of_picture else text).pooled)
        return logits


class Late(Strategy):
    """Late fusion: each modality predicts for itself, and is trained so; then the predictions are joined."""

    def __init__(self, picture: OneModality, text: OneModality) -> None:
        super().__init__()
        self.picture, self.text = picture, text

    def loss(self, picture: Tokens, text: Tokens, labels: Tensor, held: Tensor) -> Tensor:
        seen, read = self.picture(picture, text), self.text(picture, text)
        return F.cross_entropy(seen, labels) + F.cross_entropy(read, labels)


class MeanProbability(Late):
    """The mean of the two probabilities: `(p_v + p_t) / 2` (sum rule, Kittler et al. 1998)."""

    def forward(self, picture: Tokens, text: Tokens) -> Tensor:
        mean: Tensor = (self.picture(picture, text).softmax(-1) + self.text(picture, text).softmax(-1)) / 2
        return mean.clamp_min(1e-12).log()


class ProductOfExperts(Late):
    """The product of the two probabilities, renormalised: summed logits (Hinton 2002)."""

    def forward(self, picture: Tokens, text: Tokens) -> Tensor:
        joined: Tensor = self.picture(picture, text).log_softmax(-1) + self.text(picture, text).log_softmax(-1)
        return joined


class Stacking(Late):
    """A linear layer over both log-probabilities, learned on pictures that the two were not trained on (Wolpert 1992)."""

    def __init__(self, picture: OneModality, text: OneModality, classes: int) -> None:
        super().__init__(picture, text)
        self.weigh = nn.Linear(2 * classes, classes)
        # It begins as the product of experts, which a few cases then correct.
        self.weigh.weight.data = torch.eye(classes).repeat(1, 2)
        self.weigh.bias.data.zero_()

    def forward(self, picture: Tokens, text: Tokens) -> Tensor:
        return self._weighed(self.picture(picture, text), self.text(picture, text))

    def loss(self, picture: Tokens, text: Tokens, labels: Tensor, held: Tensor) -> Tensor:
        seen, read = self.picture(picture, text), self.text(picture, text)
        known = torch.where(held, -100, labels)
        kept = torch.where(held, labels, -100)
        members = _cross_entropy(seen, known) + _cross_entropy(read, known)
        return members + _cross_entropy(self._weighed(seen.detach(), read.detach()), kept)

    def _weighed(self, seen: Tensor, read: Tensor) -> Tensor:
        logits: Tensor = self.weigh(torch.cat([seen.log_softmax(-1), read.log_softmax(-1)], -1))
        return logits


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """0 rather than not a number where no label counts."""
    return F.cross_entropy(logits, labels, ignore_index=-100, reduction="sum") / (labels != -100).sum().clamp_min(1)
