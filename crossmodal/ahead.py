"""Work done ahead of where it is needed, by threads, never more than a bounded number of results waiting."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(pool: Executor, work: Callable[[T], R], items: Iterable[T], most: int) -> Iterator[tuple[T, R]]:
    """Each item with its result, in the order given; at most so many are begun before they are asked for."""
    rest = iter(items)
    waiting: deque[tuple[T, Future[R]]] = deque((item, pool.submit(work, item)) for item in islice(rest, most))
    while waiting:
        item, future = waiting.popleft()
        for following in islice(rest, 1):
            waiting.append((following, pool.submit(work, following)))
        yield item, future.result()
