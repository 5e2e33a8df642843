"""Work in a thread: its share is shown, a stop ends it, and whoever leaves does not wait."""

import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import pytest

from crossmodal.ui.background import in_background, told_meanwhile


def result(steps: Generator[float, None, Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_shares_are_shown_until_the_result_is_there() -> None:
    release = threading.Event()

    def work(said: Callable[[float], None]) -> str:
        said(0.5)
        release.wait(10)
        return "done"

    steps = told_meanwhile(work, threading.Event(), lambda share: share)
    time.sleep(0.05)
    shown = [next(steps), next(steps)]
    release.set()
    assert result(steps) == "done"
    assert shown[1] == 0.5


def test_a_stop_ends_the_work_without_a_result() -> None:
    stop, begun = threading.Event(), threading.Event()

    def work(said: Callable[[float], None]) -> None:
        while True:
            said(0.1)
            begun.set()
            time.sleep(0.01)

    steps = told_meanwhile(work, stop, lambda share: share)
    next(steps)
    assert begun.wait(10)
    stop.set()
    assert result(steps) is None


def test_whoever_leaves_stops_the_work_and_does_not_wait_for_it() -> None:
    stop, release = threading.Event(), threading.Event()
    steps = told_meanwhile(lambda said: release.wait(10), stop, lambda share: share)
    next(steps)
    began = time.monotonic()
    steps.close()
    assert time.monotonic() - began < 5
    assert stop.is_set()
    release.set()


def test_what_the_work_raises_is_raised() -> None:
    def fail() -> None:
        raise ValueError("no")

    with in_background(fail) as future, pytest.raises(ValueError, match="no"):
        future.result(10)
