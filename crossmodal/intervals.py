"""Means over few seeds, with how sure they are."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean, and the ends of Student's 95 % interval of it; the ends are infinite for fewer than two values."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, float("-inf"), float("inf")
    reach = float(student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5)
    return mean, mean - reach, mean + reach
