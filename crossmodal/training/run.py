"""The loop that the recipes share: schedule, resuming, a progress bar, curves in a CSV."""

import csv
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor, nn
from tqdm import tqdm

from crossmodal.training.checkpoints import load_state, save_state


@dataclass(frozen=True)
class Schedule:
    """Linear warm-up, then a cosine down to a twentieth, over a span of minutes or of steps."""

    minutes: float
    steps: int
    """0 for no limit but the time."""
    warmup_steps: int = 200

    def done(self, step: int, seconds: float) -> float:
        """The share of the run that lies behind, 0 to 1."""
        share = seconds / (60 * self.minutes) if self.minutes else 0.0
        return min(1.0, max(share, step / self.steps if self.steps else 0.0))

    def factor(self, step: int, seconds: float) -> float:
        cosine = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * self.done(step, seconds)))
        return cosine * min(1.0, (step + 1) / self.warmup_steps)


class TrainingRun:
    """Steps a model through batches until its schedule ends, saving as it goes.

    `task(batch)` returns a dict of scalars; "loss" is the one that is minimised.
    """

    SAVE_EVERY_SECONDS = 120.0
    LOG_EVERY_STEPS = 20

    def __init__(
        self,
        accelerator: Accelerator,
        task: nn.Module,
        optimizer: torch.optim.Optimizer,
        schedule: Schedule,
        folder: Path,
        after_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._accelerator, self._plain_task, self._schedule, self._folder = accelerator, task, schedule, folder
        self._state_file = folder / "state.safetensors"
        folder.mkdir(parents=True, exist_ok=True)
        self._after_step = after_step
        self._progress = {"step": 0.0, "seconds": 0.0}
        if self._state_file.is_file():
            self._progress = load_state(self._state_file, task, optimizer)
        self._task, self._optimizer = accelerator.prepare(task, optimizer)
        self._rates = [group["lr"] for group in optimizer.param_groups]

    @property
    def step(self) -> int:
        """Steps taken so far, those before a resume included."""
        return int(self._progress["step"])

    def train(self, batches: Iterator[Any], export: Callable[[], None]) -> None:
        """Run to the end of the schedule; `export` writes the finished checkpoint whenever the state is saved."""
        saved = began = time.monotonic()
        before = self._progress["seconds"]
        recent: list[dict[str, float]] = []
        bar = tqdm(total=100, disable=not self._accelerator.is_local_main_process, unit="%")
        while True:
            clock = [before + time.monotonic() - began, time.monotonic() - saved]
            broadcast_object_list(clock)
            self._progress["seconds"] = clock[0]
            if clock[1] > self.SAVE_EVERY_SECONDS or self._schedule.done(self.step, clock[0]) >= 1:
                self._save(export)
                saved = time.monotonic()
            if self._schedule.done(self.step, clock[0]) >= 1:
                break
            recent.append({k: float(v.detach()) for k, v in self._one_step(next(batches)).items()})
            if self.step % self.LOG_EVERY_STEPS == 0:
                figures = {k: round(sum(r[k] for r in recent) / len(recent), 4) for k in recent[0]}
                recent.clear()
                self._log(figures)
                bar.set_postfix(figures)
                bar.update(round(100 * self._schedule.done(self.step, clock[0]), 1) - bar.n)
        bar.close()

    def _one_step(self, batch: Any) -> dict[str, Tensor]:
        factor = self._schedule.factor(self.step, self._progress["seconds"])
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        losses: dict[str, Tensor] = self._task(batch)
        self._accelerator.backward(losses["loss"])
        self._accelerator.clip_grad_norm_(self._task.parameters(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self._after_step()
        self._progress["step"] += 1
        return losses

    def _save(self, export: Callable[[], None]) -> None:
        if self._accelerator.is_main_process:
            save_state(self._state_file, self._plain_task, self._optimizer, self._progress)
            export()
        self._accelerator.wait_for_everyone()

    def _log(self, figures: dict[str, float]) -> None:
        if not self._accelerator.is_main_process:
            return
        path = self._folder / "curves.csv"
        fresh = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.writer(file)
            if fresh:
                writer.writerow(["step", "seconds", *figures])
            writer.writerow([self.step, round(self._progress["seconds"]), *figures.values()])
