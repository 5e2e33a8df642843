"""Trains what aligns two encoders, by each objective, and compares them by retrieval.

python -m crossmodal.alignment.pairing --seeds 5

On what the bundled CLIP's towers pool, without its projections; every objective learns from the same pairs, as many steps,
with the same width, and is measured on the same pairs that it never saw.
"""

import argparse
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from tqdm import tqdm

from crossmodal.alignment.captioned import Captioned, encode
from crossmodal.alignment.dual_encoder import aligner, recalls
from crossmodal.alignment.names import OBJECTIVES, UNTRAINED, Objective
from crossmodal.alignment.outcomes import Row, bundle, rows_of, table_of
from crossmodal.embedding.embedder import Embedder
from crossmodal.errors import UserError
from crossmodal.intervals import checked_seeds
from crossmodal.models.catalog import find_spec
from crossmodal.models.loading import load_checkpoint
from crossmodal.workers import run_jobs, say

NAME = "pairing"
DIM, BATCH, STEPS, RATE = 128, 128, 300, 1e-3
REPORT_EVERY = 10
MOST_SEEDS = 10


@dataclass(frozen=True)
class Job:
    """One objective on one seed; no objective for projections as they begin."""

    objective: Objective | None
    seed: int
    steps: int = STEPS

    @property
    def title(self) -> str:
        return OBJECTIVES[self.objective] if self.objective else UNTRAINED


@dataclass(frozen=True)
class Point:
    """One point of a training's curve."""

    job: Job
    step: int
    loss: float


@dataclass(frozen=True)
class Result:
    """What came of a job; recalls in per cent."""

    job: Job
    figures: dict[str, float]
    seconds: float


def jobs_for(objectives: Sequence[Objective], seeds: int, steps: int = STEPS) -> list[Job]:
    """Raises UserError, naming the value, for what cannot be run."""
    if not objectives:
        raise UserError("No objective is chosen. Tick at least one.", "没有选择目标函数。请至少勾选一个。")
    checked_seeds(seeds, MOST_SEEDS)
    return [Job(objective, seed, steps) for seed in range(seeds) for objective in (None, *objectives)]


def run(data: Captioned, jobs: Sequence[Job], stop: threading.Event, processes: int = 0) -> Iterator[Point | Result]:
    """Points of the curves and results, as they come. Raises UserError where a process died."""
    yield from run_jobs(_work, jobs, stop, _begin, (data.pictures.numpy(), data.texts.numpy()), processes)


def learn(data: Captioned, job: Job) -> Result:
    """Trains one aligner and measures it."""
    began = time.perf_counter()
    known, test = data.split(job.seed)
    torch.manual_seed(job.seed)
    made = aligner(job.objective or "info_nce", data.pictures.shape[1], data.texts.shape[1], DIM)
    optimizer = torch.optim.Adam(made.parameters(), lr=RATE)
    generator = torch.Generator().manual_seed(job.seed)
    total = 0.0
    for step in range(job.steps if job.objective else 0):
        rows = torch.randint(len(known), (BATCH,), generator=generator)
        loss = made.loss(known.pictures[rows], known.texts[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        made.after_step()
        total += float(loss.detach())
        if (step + 1) % REPORT_EVERY == 0:
            say(Point(job, step + 1, total / REPORT_EVERY))
            total = 0.0
    with torch.inference_mode():
        found = recalls(made.scores(test.pictures, test.texts))
    figures = {f"text → picture R@{k}": 100 * share for k, share in found.to_picture.items()}
    figures |= {f"picture → text R@{k}": 100 * share for k, share in found.to_text.items()}
    return Result(job, figures, time.perf_counter() - began)


def compared(results: Iterable[Result]) -> list[Row]:
    """One row an objective, the untrained one first."""
    listed, titles = list(results), (UNTRAINED, *OBJECTIVES.values())
    return rows_of({title: {r.job.seed: r.figures for r in listed if r.job.title == title} for title in titles}, UNTRAINED)


_data: dict[str, Captioned] = {}
"""What a training process keeps between its jobs."""


def _begin(pictures: NDArray[Any], texts: NDArray[Any]) -> None:
    _data["pairs"] = Captioned(torch.from_numpy(pictures), torch.from_numpy(texts))


def _work(job: Job) -> Result:
    return learn(_data["pairs"], job)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--bundle", action="store_true", help="put the results where the app has them")
    arguments = parser.parse_args()
    jobs = jobs_for(tuple(OBJECTIVES), arguments.seeds)
    data = encode(Embedder(load_checkpoint(find_spec("picturebook-clip", "embedding"), "fp32", "cpu", offline=True)))
    with tqdm(total=len(jobs), unit=" runs") as bar:
        results = []
        for event in run(data, jobs, threading.Event()):
            if isinstance(event, Result):
                results.append(event)
                bar.update()
    rows = compared(results)
    print(table_of(rows))
    if arguments.bundle:
        bundle(NAME, f"python -m crossmodal.alignment.pairing --seeds {arguments.seeds}", rows)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        raise SystemExit(str(error)) from error
