"""What was right of what was asked, with its interval."""

import math
from dataclasses import dataclass

PICTURE_SIDE = 192
"""The size at which scenes reach the model, which shrinks them itself, as it does a person's."""


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    right: int
    total: int

    @property
    def percent(self) -> float:
        return 100 * self.right / max(1, self.total)

    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval, in percent."""
        n, p, z = max(1, self.total), self.right / max(1, self.total), 1.96
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, 100 * (centre - half)), min(100.0, 100 * (centre + half))

    def __str__(self) -> str:
        low, high = self.interval()
        return f"{self.percent:.1f} ({low:.1f}-{high:.1f})"
