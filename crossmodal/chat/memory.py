"""What is kept between turns, within a bound in bytes: image features by content, the KV cache of each session."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

V = TypeVar("V")


class BoundedCache(Generic[V]):
    """Least recently used entries go when the bytes of all of them pass the bound. Safe to share between threads."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._entries: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()

    @property
    def bytes(self) -> int:
        with self._lock:
            return sum(size for _, size in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable) -> V | None:
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def take(self, key: Hashable) -> V | None:
        """Remove and return: for values that their user changes."""
        with self._lock:
            entry = self._entries.pop(key, None)
        return entry[0] if entry else None

    def put(self, key: Hashable, value: V, size: int) -> None:
        """Keep the value, unless it alone is over the bound."""
        with self._lock:
            self._entries.pop(key, None)
            if size > self._max_bytes:
                return
            self._entries[key] = (value, size)
            while sum(s for _, s in self._entries.values()) > self._max_bytes:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


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
