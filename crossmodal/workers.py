"""Jobs in processes of their own: results arrive one by one, a stop ends them at once, a death is told."""

import logging
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.queues import Queue
from typing import Any

from crossmodal.errors import UserError

log = logging.getLogger(__name__)
LISTEN_SECONDS = 0.3
Begin = Callable[..., None]


def run_jobs(
    work: Callable[[Any], Any],
    jobs: Sequence[Any],
    stop: threading.Event,
    begin: Begin | None = None,
    given: tuple[Any, ...] = (),
    processes: int = 0,
) -> Iterator[Any]:
    """The results of `work` for each job, and what jobs `say` meanwhile, as they come.

    work, begin: functions of a module, for they are named to the processes; begin: called in each with `given`, before its
    first job. stop: once set, the processes end; so they do when nobody reads on. processes: 0 for one a core.

    Raises UserError where a process died; what came before stays right.
    """
    context = multiprocessing.get_context("spawn")
    said: Queue[Any] = context.Queue()
    processes = processes or max(1, min(len(jobs), available_cores()))
    pool = ProcessPoolExecutor(processes, context, _start, (said, begin, given))
    try:
        yield from _followed({pool.submit(work, job) for job in jobs}, said, stop)
    except (BrokenProcessPool, MemoryError, RuntimeError, OSError) as error:
        log.exception("a training process failed")
        raise UserError(
            "A training process ended unexpectedly, perhaps for lack of memory. What was finished stays; run it again.",
            "训练进程意外结束，可能是内存不足。已完成的结果保留；请重新运行。",
        ) from error
    finally:
        _end(pool)


def available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_telling: list["Queue[Any]"] = []
"""Where a process of the pool sends what it says: a pool's initialiser has no other place for it."""


def say(event: Any) -> None:
    """From within a job: something for whoever follows it."""
    _telling[0].put(event)


def _start(said: "Queue[Any]", begin: Begin | None, given: tuple[Any, ...]) -> None:
    import torch

    torch.set_num_threads(1)  # one core a process
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C at the app ends it at once, without a traceback
    _telling[:] = [said]
    if begin:
        begin(*given)


def _followed(waiting: "set[Future[Any]]", said: "Queue[Any]", stop: threading.Event) -> Iterator[Any]:
    while waiting and not stop.is_set():
        done, waiting = wait(waiting, LISTEN_SECONDS, FIRST_COMPLETED)
        yield from _heard(said)
        finished = [future for future in done if future.exception() is None]
        for future in finished:
            yield future.result()
        for future in done - set(finished):
            future.result()
    yield from _heard(said, LISTEN_SECONDS if not stop.is_set() else 0.0)


def _heard(said: "Queue[Any]", patience: float = 0.0) -> Iterator[Any]:
    """What is there by now. patience: seconds to wait for what is still on its way."""
    while True:
        try:
            yield said.get(timeout=patience) if patience else said.get_nowait()
        except queue.Empty:
            return


def _end(pool: ProcessPoolExecutor) -> None:
    """At once: a training that nobody waits for must not go on."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()
