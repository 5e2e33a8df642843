import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from crossmodal.training.run import Schedule, TrainingRun


class Line(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, target: Tensor) -> dict[str, Tensor]:
        return {"loss": (self.weight - target).square().sum()}


def run(folder: Path, steps: int) -> tuple[Line, TrainingRun, list[int]]:
    task = Line()
    optimizer = torch.optim.AdamW(task.parameters(), lr=0.05, weight_decay=0.0)
    made = TrainingRun(Accelerator(cpu=True), task, optimizer, Schedule(0, steps, warmup_steps=1), folder)
    exports: list[int] = []

    def batches() -> Iterator[Tensor]:
        while True:
            yield torch.ones(1)

    made.train(batches(), lambda: exports.append(made.step))
    return task, made, exports


def test_it_learns_saves_exports_and_logs(tmp_path: Path) -> None:
    task, made, exports = run(tmp_path / "r", 60)
    assert abs(float(task.weight.detach()) - 1) < 0.2
    assert made.step == 60
    assert exports[-1] == 60
    rows = list(csv.DictReader((tmp_path / "r" / "curves.csv").open()))
    assert [int(r["step"]) for r in rows] == [20, 40, 60]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])


def test_started_again_it_goes_on_and_a_finished_run_does_nothing(tmp_path: Path) -> None:
    first, _, _ = run(tmp_path, 20)
    second, made, _ = run(tmp_path, 60)
    assert made.step == 60
    assert abs(float(second.weight.detach()) - 1) < abs(float(first.weight.detach()) - 1)
    third, made, _ = run(tmp_path, 60)
    assert made.step == 60
    assert torch.equal(third.weight, second.weight)


def test_the_rate_warms_up_then_falls_to_a_twentieth() -> None:
    schedule = Schedule(minutes=0, steps=1000, warmup_steps=100)
    assert schedule.factor(0, 0) == pytest.approx(0.01, rel=0.01)
    assert schedule.factor(100, 0) > 0.95
    assert schedule.factor(1000, 0) == pytest.approx(0.05)
    assert Schedule(minutes=1, steps=0).done(0, 30) == 0.5
