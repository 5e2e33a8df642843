"""Whether probabilities can be taken at their word."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 15


@dataclass(frozen=True)
class Bin:
    """One bar of a reliability diagram."""

    confidence: float
    """Mean probability claimed, 0 to 1."""
    accuracy: float
    """Share that came true."""
    count: int


def reliability(claimed: Sequence[float], right: Sequence[bool], bins: int = BINS) -> tuple[Bin, ...]:
    """Equally wide bins of confidence, all of them; one that holds nothing is all 0."""
    said, true = np.asarray(claimed, dtype=float), np.asarray(right, dtype=float)
    cell = np.clip((said * bins).astype(int), 0, bins - 1)
    count = np.bincount(cell, minlength=bins)
    confidence, accuracy = (np.bincount(cell, values, bins) / np.maximum(count, 1) for values in (said, true))
    return tuple(Bin(float(c), float(a), int(n)) for c, a, n in zip(confidence, accuracy, count, strict=True))


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Mean distance between what was claimed and what came true, weighted by bin (Guo et al. 2017); 0 to 1."""
    return sum(b.count * abs(b.confidence - b.accuracy) for b in bins) / max(1, sum(b.count for b in bins))
