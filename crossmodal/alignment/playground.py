"""The part of the experiments that needs the checkpoint, or computes in this process; what was encoded is kept."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

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
DATA = ("cones", "book")


class Playground:
    """One for the app."""

    def __init__(self, manager: ModelManager, precision: str = "auto") -> None:
        self._manager, self._precision = manager, precision
        self._lock = threading.Lock()
        self._pairs: Captioned | None = None

    @contextmanager
    def embedder(self) -> Iterator[Embedder]:
        with self._manager.use(find_spec(MODEL, "embedding"), self._precision) as loaded:
            yield Embedder(loaded)

    def captioned(self, said: Callable[[float], None] = lambda share: None) -> Captioned:
        """Encoded at the first call, which tells how far it is, 0 to 1."""
        with self._lock:
            if self._pairs is None:
                with self.embedder() as embedder:
                    found = encode(embedder, said)
                self._pairs = Captioned(
                    found.pictures.clone(), found.texts.clone()
                )  # what inference made cannot be learned from
            return self._pairs

    def trace(self, data: str, temperature: float, misprinted: bool) -> Trace:
        """Raises UserError for unknown data or a temperature out of range."""
        checked(temperature)
        pairs = self._pairs_of(data)
        with _one_thread():
            return book(pairs, temperature, misprinted) if pairs else cones(temperature, misprinted)

    def sweep(self, data: str, misprinted: bool) -> list[Trace]:
        """Raises UserError for unknown data."""
        pairs = self._pairs_of(data)
        with _one_thread():
            return sweep(pairs, misprinted)

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
        with _one_thread():
            return demonstrate(bug)

    def _pairs_of(self, data: str) -> Captioned | None:
        if data not in DATA:
            raise UserError(f"There is no data {data!r}. Choose one of {', '.join(DATA)}.", f"没有数据 {data!r}。")
        return self.captioned() if data == "book" else None


@contextmanager
def _one_thread() -> Iterator[None]:
    """Of this thread alone: thousands of tiny steps crawl where two threads wait for each other beside other work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
