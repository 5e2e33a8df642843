"""Two domains: the same things, drawn in two styles."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Pictures:
    """Labelled pictures of one domain."""

    pixels: Tensor
    """(n, 3, side, side) in 0 to 1."""
    labels: Tensor
    """(n,)."""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def side(self) -> int:
        return self.pixels.shape[-1]


@dataclass(frozen=True)
class Domains:
    """Source and target to train on, and the target's test. No picture is in two of the three."""

    source: Pictures
    target: Pictures
    test: Pictures
    classes: int
    """Of the source; the target may have fewer."""
