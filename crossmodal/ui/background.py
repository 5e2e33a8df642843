"""Work in a thread, while the page says how far it is."""

import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TypeVar

POLL_SECONDS = 0.4
Result = TypeVar("Result")
Shown = TypeVar("Shown")


@contextmanager
def in_background(work: Callable[[], Result]) -> "Iterator[Future[Result]]":
    """The work, begun. Whoever leaves the block does not wait for it: the server's loop would wait too."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="background")
    try:
        yield pool.submit(work)
    finally:
        pool.shutdown(wait=False)


def told_meanwhile(
    work: Callable[[Callable[[float], None]], Result], stop: Event, shown: Callable[[float], Shown]
) -> Generator[Shown, None, Result | None]:
    """Yields what is `shown` of a share, 0 to 1; returns what the work gives, None where it was stopped.

    work: is given the function that it tells its share; that function ends it once `stop` is set.
    """
    shares = [0.0]

    def said(share: float) -> None:
        shares[0] = share
        if stop.is_set():
            raise InterruptedError

    try:
        with in_background(lambda: work(said)) as future:
            while not future.done():
                yield shown(shares[0])
                time.sleep(POLL_SECONDS)
            return future.result()
    except InterruptedError:
        return None
    except GeneratorExit:
        stop.set()
        raise
