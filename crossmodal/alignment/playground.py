"""The part of the experiments that needs the checkpoint, or computes in this process; what was encoded is kept."""

import multiprocessing
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from PIL import Image

from crossmodal.alignment.breaking import Broken, demonstrate
from crossmodal.alignment.captioned import Captioned, encode
from crossmodal.alignment.temperature import Trace, book, checked, cones, sweep
from crossmodal.embedding.embedder import Embedder
from crossmodal.errors import UserError
from crossmodal.models.catalog import find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.world.vocabulary import vocabulary
from crossmodal.world.words import Language

MODEL = "picturebook-clip"
Result = TypeVar("Result")


class Playground:
    """One for the app."""

    def __init__(self, manager: ModelManager, precision: str = "auto") -> None:
        self._manager, self._precision = manager, precision
        self._lock, self._encoding = threading.Lock(), threading.Lock()
        self._pairs: Captioned | None = None
        self._process: ProcessPoolExecutor | None = None

    @contextmanager
    def embedder(self) -> Iterator[Embedder]:
        with self._manager.use(find_spec(MODEL, "embedding"), self._precision) as loaded:
            yield Embedder(loaded)

    def captioned(self, said: Callable[[float], None] = lambda share: None) -> Captioned:
        """Encoded at the first call, which tells how far it is, 0 to 1."""
        with self._encoding:
            if self._pairs is None:
                with self.embedder() as embedder:
                    found = encode(embedder, said)
                self._pairs = Captioned(
                    found.pictures.clone(), found.texts.clone()
                )  # what inference made cannot be learned from
            return self._pairs

    def trace(self, pairs: Captioned | None, temperature: float, misprinted: bool) -> Trace:
        """pairs: of the picture book, None for the cones. Raises UserError for a temperature out of range."""
        checked(temperature)
        return self._apart(_traced, pairs, temperature, misprinted)

    def sweep(self, pairs: Captioned | None, misprinted: bool) -> list[Trace]:
        return self._apart(sweep, pairs, misprinted)

    def names(self, pictures: Sequence[Image.Image], language: Language, count: int) -> list[list[tuple[str, float]]]:
        """For each picture the names that CLIP finds most likely, with their softmax shares among all names."""
        things = [vocabulary().named(name) for name in vocabulary().names]
        listed = list(dict.fromkeys(thing.zh if language == "zh" else thing.name for thing in things))
        with self.embedder() as embedder:
            shares = embedder.logits(embedder.pictures(pictures), embedder.texts(listed)).softmax(-1)
        best = shares.topk(count)
        return [
            [(listed[i], float(share)) for share, i in zip(row, places, strict=True)]
            for row, places in zip(best.values, best.indices.tolist(), strict=True)
        ]

    def broken(self, bug: str) -> Broken:
        """Raises UserError for a bug that is not known."""
        return self._apart(demonstrate, bug)

    def _apart(self, work: Callable[..., Result], *given: Any) -> Result:
        """In a process of its own, which stays: there it neither reseeds nor slows what answers people here."""
        with self._lock:
            if self._process is None:
                context = multiprocessing.get_context("spawn")
                self._process = ProcessPoolExecutor(1, context, torch.set_num_threads, (1,))
            process = self._process
        try:
            return process.submit(work, *given).result()
        except BrokenProcessPool as error:
            with self._lock:
                self._process = None
            raise UserError(
                "The experiment's process ended unexpectedly, perhaps for lack of memory. Try again.",
                "实验进程意外结束，可能是内存不足。请重试。",
            ) from error


def _traced(pairs: Captioned | None, temperature: float, misprinted: bool) -> Trace:
    return book(pairs, temperature, misprinted) if pairs else cones(temperature, misprinted)
