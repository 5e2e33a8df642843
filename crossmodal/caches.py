"""A cache within a bound in bytes: image features, KV prefixes and class embeddings are kept in one each."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


class BoundedCache(Generic[V]):
    """Least recently used entries go when the bytes of all of them pass the bound. Safe to share between threads."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._entries: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._total = 0

    @property
    def bytes(self) -> int:
        return self._total

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
            return self._remove(key)

    def put(self, key: Hashable, value: V, size: int) -> None:
        """Keep the value, unless it alone is over the bound."""
        with self._lock:
            self._remove(key)
            if size > self._max_bytes:
                return
            self._entries[key] = (value, size)
            self._total += size
            while self._total > self._max_bytes:
                self._remove(next(iter(self._entries)))

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._total = 0

    def _remove(self, key: Hashable) -> V | None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return None
        self._total -= entry[1]
        return entry[0]
