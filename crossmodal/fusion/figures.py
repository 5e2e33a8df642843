"""What is known of a strategy once it was trained. Without torch, so that results are shown before it is loaded."""

from dataclasses import dataclass

from crossmodal.reliability import Bin

NOISE = (0.0, 0.5, 1.0, 2.0)
"""Spread of the noise, as a share of the spread of the values."""


@dataclass(frozen=True)
class Point:
    """One point of a training curve."""

    step: int
    loss: float
    seconds: float


@dataclass(frozen=True)
class Presence:
    """Accuracies with and without each modality, 0 to 1."""

    both: float
    picture: float
    text: float
    none: float

    @property
    def shapley(self) -> tuple[float, float]:
        """What picture and text each add: two-player Shapley values, which sum to `both - none`."""
        return (
            ((self.picture - self.none) + (self.both - self.text)) / 2,
            ((self.text - self.none) + (self.both - self.picture)) / 2,
        )

    @property
    def interaction(self) -> float:
        """`v11 - v10 - v01 + v00`: what only the two together give."""
        return self.both - self.picture - self.text + self.none


@dataclass(frozen=True)
class Costs:
    """Of one case."""

    parameters: int
    flops: int
    """Two for each multiply-accumulate of a matrix product; encoders of the strategy included, the frozen towers not."""
    latency_p50: float
    """Seconds."""
    latency_p95: float


@dataclass(frozen=True)
class Figures:
    """One strategy on one seed."""

    accuracy: float
    emap: float
    """Accuracy of its best additive part: what is lost is what it owes to interaction."""
    emap_of: float
    """Accuracy of the strategy itself on the same few cases."""
    presence: Presence
    noisy_picture: tuple[float, ...]
    """Accuracy at each level of NOISE."""
    noisy_text: tuple[float, ...]
    perturbed: float
    """Accuracy where the embeddings are pushed against it."""
    ece: float
    bins: tuple[Bin, ...]
    costs: Costs
