"""Runs a comparison: pictures are encoded here, strategies are trained in processes of their own.

Results arrive one by one.
"""

import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from crossmodal.fusion.analysis import measure
from crossmodal.fusion.cases import Cases, Split, Tokens
from crossmodal.fusion.config import Config
from crossmodal.fusion.figures import Point
from crossmodal.fusion.heads import save_head
from crossmodal.fusion.results import Outcome
from crossmodal.fusion.training import Recipe, shape_of, train
from crossmodal.workers import run_jobs, say

_PARTS = ("train", "test")


@dataclass(frozen=True)
class Step:
    """A strategy has learned a little more."""

    strategy: str
    seed: int
    point: Point
    of: int
    """Steps of the whole training."""


@dataclass(frozen=True)
class Job:
    """One strategy on one seed."""

    strategy: str
    seed: int


def run(
    config: Config,
    splits: Sequence[Split],
    classes: int,
    steps: int,
    stop: threading.Event,
    heads: Path | None = None,
    processes: int = 0,
) -> Iterator[Step | Outcome]:
    """Steps and outcomes as they come, seed after seed. splits: one a seed.

    heads: a folder that the strategies trained on the first seed are written to. processes: 0 for one a core.

    Raises UserError where a process died; what came before stays right.
    """
    recipe = Recipe(config.steps or steps, config.modality_dropout, config.adversarial)
    jobs = [Job(strategy, seed) for seed in range(config.seeds) for strategy in config.strategies]
    with tempfile.TemporaryDirectory(prefix="crossmodal-fusion-") as folder:
        for seed, split in enumerate(splits):
            save_split(split, Path(folder) / f"{seed}.safetensors")
        yield from run_jobs(_work, jobs, stop, _begin, (folder, classes, recipe, heads), processes)


_worker: dict[str, Any] = {}
"""What a training process keeps between its jobs: a pool's initialiser has no other place for it."""


def _begin(folder: str, classes: int, recipe: Recipe, heads: Path | None) -> None:
    _worker.update(folder=Path(folder), classes=classes, recipe=recipe, heads=heads, splits={})


def _work(job: Job) -> Outcome:
    splits: dict[int, Split] = _worker["splits"]
    if job.seed not in splits:
        splits.clear()
        splits[job.seed] = load_split(_worker["folder"] / f"{job.seed}.safetensors")
    split, recipe = splits[job.seed], _worker["recipe"]
    curve: list[Point] = []

    def told(point: Point) -> None:
        curve.append(point)
        say(Step(job.strategy, job.seed, point, recipe.steps))

    strategy = train(job.strategy, split, _worker["classes"], job.seed, recipe, told)
    if _worker["heads"] and job.seed == 0:
        save_head(_worker["heads"], job.strategy, strategy, shape_of(split, _worker["classes"]))
    seconds = curve[-1].seconds if curve else 0.0
    return Outcome(job.strategy, job.seed, measure(strategy, split.test, job.seed), tuple(curve), seconds)


def save_split(split: Split, path: Path) -> None:
    tensors = {}
    for part, cases in zip(_PARTS, (split.train, split.test), strict=True):
        for name in ("pictures", "texts"):
            tokens: Tokens = getattr(cases, name)
            tensors[f"{part}.{name}.values"], tensors[f"{part}.{name}.mask"] = tokens.values.contiguous(), tokens.mask
        for name in ("picture", "text", "labels"):
            tensors[f"{part}.{name}"] = getattr(cases, name)
    save_file({name: tensor.clone() for name, tensor in tensors.items()}, path)  # parts may share their memory


def load_split(path: Path) -> Split:
    known = load_file(path)
    return Split(*(_loaded(known, part) for part in _PARTS))


def _loaded(known: dict[str, torch.Tensor], part: str) -> Cases:
    pictures, texts = (Tokens(known[f"{part}.{n}.values"], known[f"{part}.{n}.mask"]) for n in ("pictures", "texts"))
    return Cases(pictures, texts, known[f"{part}.picture"], known[f"{part}.text"], known[f"{part}.labels"])
