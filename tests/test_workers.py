"""Jobs in processes: results and what they say arrive, a stop ends them, a death is told."""

import os
import threading
import time

import pytest

from crossmodal.errors import UserError
from crossmodal.workers import run_jobs, say

_given: list[int] = []


def begin(value: int) -> None:
    _given.append(value)


def add(job: int) -> int:
    say(f"at {job}")
    return job + _given[0]


def sleep(job: int) -> int:
    time.sleep(60)
    return job


def die(job: int) -> int:
    os._exit(1)


def test_results_and_what_jobs_say_arrive_and_each_process_was_prepared() -> None:
    events = list(run_jobs(add, [1, 2, 3], threading.Event(), begin, (10,), processes=2))
    assert sorted(e for e in events if isinstance(e, int)) == [11, 12, 13]
    assert {e for e in events if isinstance(e, str)} == {"at 1", "at 2", "at 3"}


def test_a_stop_ends_at_once() -> None:
    stop = threading.Event()
    threading.Timer(1, stop.set).start()
    began = time.monotonic()
    assert list(run_jobs(sleep, [1, 2], stop, processes=2)) == []
    assert time.monotonic() - began < 20


def test_a_death_is_told() -> None:
    with pytest.raises(UserError, match="ended unexpectedly"):
        list(run_jobs(die, [1], threading.Event(), processes=1))
