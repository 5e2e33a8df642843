"""What is kept between turns of a conversation: the KV cache of what the model has read."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class Prefix:
    """A conversation as the model has read it: its tokens, the pictures among them, and the KV cache of both."""

    ids: "Tensor"
    """(length,), on the CPU."""
    pictures: tuple[str, ...]
    """Content hashes, in order."""
    cache: Any
    model: tuple[str, str]
    """Spec id and precision: another model's cache is of no use."""

    def common_length(self, ids: "Tensor", pictures: tuple[str, ...]) -> int:
        """How many leading tokens of a longer conversation are already here.

        All pictures are placeholders of one token, so where the kept pictures are not the first of the new ones
        nothing counts as common.
        """
        if pictures[: len(self.pictures)] != self.pictures:
            return 0
        shared = min(len(ids), len(self.ids))
        differs = (ids[:shared] != self.ids[:shared]).nonzero()
        return int(differs[0]) if len(differs) else shared


def cache_bytes(cache: Any) -> int:
    """What a KV cache takes in memory."""
    return sum(
        t.numel() * t.element_size()
        for layer in cache.layers
        for t in (layer.keys, layer.values)
        if getattr(layer, "is_initialized", True)
    )
