"""ModelManager: the one place where weights enter and leave memory.

One copy of a model serves all its users. Whoever asks first loads it; the others wait for the same load. A model in use
is never evicted; among the rest the one that was used longest ago goes first.
"""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from crossmodal.errors import MemoryShortError, ModelError
from crossmodal.models.catalog import BYTES_PER_PARAMETER, ModelSpec
from crossmodal.models.hub import cached_bytes
from crossmodal.models.loading import LoadedModel, load_checkpoint
from crossmodal.models.machine import Precision, choose_device, choose_precision, free_bytes, memory_bytes
from crossmodal.settings import Settings

Loader = Callable[[ModelSpec, Precision, str, bool], LoadedModel]
State = Literal["loading", "ready"]


@dataclass(frozen=True)
class ModelStatus:
    """One line of the status: a model that is in memory or on its way there."""

    spec: ModelSpec
    precision: Precision
    state: State
    seconds: float
    """Since loading began, or since the last use."""
    bytes: int
    users: int
    kept: bool
    """Whether it stays until somebody says otherwise."""


@dataclass
class _Entry:
    spec: ModelSpec
    precision: Precision
    future: "Future[LoadedModel]"
    expected: int
    users: int = 0
    kept: bool = False
    touched: float = field(default_factory=time.monotonic)

    @property
    def bytes(self) -> int:
        return self.future.result().bytes if self.loaded else self.expected

    @property
    def loaded(self) -> bool:
        return self.future.done() and self.future.exception() is None

    @property
    def free(self) -> bool:
        """Whether it may go to make room."""
        return self.loaded and not self.users and not self.kept


class ModelManager:
    """Hands out loaded models and takes them back."""

    def __init__(self, settings: Settings, loader: Loader = load_checkpoint) -> None:
        self._settings = settings
        self._loader = loader
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str | None, Precision], _Entry] = {}
        self._sweeper: threading.Timer | None = None
        self._on_unload: list[Callable[[LoadedModel], None]] = []
        self._peak = 0

    def on_unload(self, listener: Callable[[LoadedModel], None]) -> None:
        """Call `listener` with every model that leaves memory, so that what was kept for it can go too."""
        self._on_unload.append(listener)

    @contextmanager
    def use(self, spec: ModelSpec, precision: str = "auto") -> Iterator[LoadedModel]:
        """The loaded model, for as long as the block runs. Loads it first where it must.

        Raises ModelError where it does not fit, or cannot be loaded; the next try starts afresh.
        """
        key, entry, mine = self._enter(spec, precision)
        try:
            if mine:
                self._load(key, entry)
            yield entry.future.result()
        finally:
            with self._lock:
                entry.users -= 1
                entry.touched = time.monotonic()
            self._schedule_sweep()

    def status(self) -> list[ModelStatus]:
        now = time.monotonic()
        with self._lock:
            return [
                ModelStatus(e.spec, e.precision, "ready" if e.loaded else "loading", now - e.touched, e.bytes, e.users, e.kept)
                for e in self._entries.values()
            ]

    def unload_idle(self, seconds: float = 0.0) -> int:
        """Unload what nobody uses and nobody used for that long. Returns how many models went."""
        now = time.monotonic()
        with self._lock:
            keys = [k for k, e in self._entries.items() if e.free and now - e.touched >= seconds]
            for key in keys:
                self._drop(key)
        return len(keys)

    def unload(self, spec: ModelSpec, precision: str) -> bool:
        """Unload that one, kept or not. False where it is not in memory. Raises ModelError where it is answering."""
        with self._lock:
            key = next((k for k, e in self._entries.items() if e.spec.id == spec.id and e.precision == precision), None)
            if key is None:
                return False
            if self._entries[key].users or not self._entries[key].loaded:
                raise ModelError(
                    f"{spec.title} is in use at the moment. Try again when it has answered.",
                    f"{spec.title} 正在使用。请等它回答完再试。",
                )
            self._drop(key)
            return True

    def keep(self, spec: ModelSpec, precision: str, kept: bool) -> None:
        """Whether it stays in memory however long nobody uses it, and whatever else wants room."""
        with self._lock:
            for entry in self._entries.values():
                if entry.spec.id == spec.id and entry.precision == precision:
                    entry.kept = kept

    @property
    def bytes(self) -> int:
        """What the models in memory take together."""
        with self._lock:
            return self._taken()

    @property
    def peak(self) -> int:
        """The most that models took together since the start."""
        return self._peak

    def shutdown(self) -> None:
        """Unload everything and stop the timer."""
        with self._lock:
            if self._sweeper:
                self._sweeper.cancel()
            for key in [k for k, e in self._entries.items() if e.loaded]:
                self._drop(key)

    @property
    def device(self) -> str:
        return choose_device(self._settings.device)

    @property
    def offline(self) -> bool:
        """Whether nothing may be fetched."""
        return self._settings.offline

    def budget(self, device: str) -> int:
        """Bytes that loaded models may take together on that device."""
        if self._settings.memory_budget_gb:
            return int(self._settings.memory_budget_gb * 1e9)
        return int(0.75 * memory_bytes(device))

    def room(self) -> int:
        """Bytes that a model could take now: what is free on the device with what may go, within the budget."""
        device = self.device
        with self._lock:
            goes = sum(e.bytes for e in self._entries.values() if e.free)
            stays = self._taken() - goes
        return max(0, min(free_bytes(device) + goes, self.budget(device) - stays))

    def _enter(self, spec: ModelSpec, wanted: str) -> tuple[tuple[str, str | None, Precision], _Entry, bool]:
        device = self.device
        precision = choose_precision(wanted, spec, device, self.budget(device))
        key = (spec.id, spec.revision, precision)
        with self._lock:
            entry = self._entries.get(key)
            mine = entry is None
            if entry is None:
                expected = spec.bytes_in(precision) or int(cached_bytes(spec) * BYTES_PER_PARAMETER[precision] / 2)
                self._make_room(spec, expected, self.budget(device))
                entry = self._entries[key] = _Entry(spec, precision, Future(), expected)
            entry.users += 1
        return key, entry, mine

    def _load(self, key: tuple[str, str | None, Precision], entry: _Entry) -> None:
        device = self.device
        if self._settings.threads:
            import torch

            torch.set_num_threads(self._settings.threads)
        try:
            entry.future.set_result(self._loader(entry.spec, entry.precision, device, self._settings.offline))
            with self._lock:
                self._peak = max(self._peak, self._taken())
        except BaseException as error:
            with self._lock:
                self._entries.pop(key, None)
            wrapped = error if isinstance(error, ModelError) else _failed(entry.spec, error)
            entry.future.set_exception(wrapped)

    def _make_room(self, spec: ModelSpec, needed: int, budget: int) -> None:
        if needed > budget:
            raise ModelError(
                f"{spec.title} needs about {needed / 1e9:.2g} GB and {budget / 1e9:.2g} GB may be used here. "
                "Choose a smaller model, or nf4.",
                f"{spec.title} 约需 {needed / 1e9:.2g} GB，本机最多可用 {budget / 1e9:.2g} GB。请选更小的模型或 nf4 精度。",
            )
        taken = self._taken()
        idle = sorted((e.touched, k) for k, e in self._entries.items() if e.free)
        for _, key in idle:
            if taken + needed <= budget:
                break
            taken -= self._entries[key].bytes
            self._drop(key)
        if taken + needed > budget:
            raise ModelError(
                f"{spec.title} needs about {needed / 1e9:.1f} GB, and models in use hold {taken / 1e9:.1f} of "
                f"{budget / 1e9:.1f} GB. Try again when they are free.",
                f"{spec.title} 约需 {needed / 1e9:.1f} GB，正在使用的模型占了 {taken / 1e9:.1f} GB。请稍后再试。",
            )

    def _taken(self) -> int:
        return sum(e.bytes for e in self._entries.values())

    def _drop(self, key: tuple[str, str | None, Precision]) -> None:
        device = self._told(self._entries.pop(key).future.result())
        if device == "cuda":
            import torch

            gc.collect()  # before: what something still holds is not given back
            torch.cuda.empty_cache()

    def _told(self, loaded: LoadedModel) -> str:
        """Tells the listeners, and returns the device: nothing here holds the model afterwards."""
        for listener in self._on_unload:
            listener(loaded)
        return loaded.device

    def _schedule_sweep(self) -> None:
        if not self._settings.idle_minutes:
            return
        seconds = 60 * self._settings.idle_minutes
        with self._lock:
            if self._sweeper:
                self._sweeper.cancel()
            self._sweeper = threading.Timer(seconds + 1, self.unload_idle, (seconds,))
            self._sweeper.daemon = True
            self._sweeper.start()


def _failed(spec: ModelSpec, error: BaseException) -> ModelError:
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return MemoryShortError(
            f"{spec.title} does not fit into the memory that is free. Choose a smaller model, or nf4.",
            f"{spec.title} 放不进空闲的内存。请选更小的模型或 nf4 精度。",
        )
    return ModelError(
        f"{spec.title} could not be loaded ({type(error).__name__}). Try again, or choose another model.",
        f"{spec.title} 加载失败（{type(error).__name__}）。请再试一次，或换一个模型。",
    )
