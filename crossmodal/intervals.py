"""Means over few seeds, with how sure they are."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

from crossmodal.errors import UserError


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean, and the ends of Student's 95 % interval of it; the ends are infinite for fewer than two values."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, float("-inf"), float("inf")
    reach = float(student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5)
    return mean, mean - reach, mean + reach


def checked_seeds(seeds: int, most: int) -> int:
    """Itself. Raises UserError for fewer than an interval needs, or more than `most`."""
    if not 2 <= seeds <= most:
        raise UserError(
            f"The number of seeds is {seeds}; an interval needs 2 to {most}. Choose another number.",
            f"随机种子数是 {seeds}；要得到区间需要 2 到 {most} 个。",
        )
    return seeds
