"""Ways to carry a classifier from a source domain to a target whose labels it is not shown.

python -m crossmodal.alignment.adaptation digits --seeds 5
python -m crossmodal.alignment.adaptation book --seeds 5 --bundle
python -m crossmodal.alignment.adaptation digits --classes 5      the target lacks half of the classes: aligning then hurts
python -m crossmodal.alignment.adaptation book --curve            labels that fine-tuning needs, against from scratch

Every way is shown beside the control, which merely lets the target's pictures through the batch norms.
"""

import argparse
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from crossmodal.alignment import book, digits
from crossmodal.alignment.domains import coral, dann_strength, mmd_unbiased, reversed_gradient
from crossmodal.alignment.names import CONTROL, CURVE, FEW_LABELS, WAYS
from crossmodal.alignment.outcomes import Point, Row, bundle, rows_of, table_of
from crossmodal.alignment.styles import Domains, Pictures
from crossmodal.errors import UserError
from crossmodal.intervals import checked_seeds
from crossmodal.workers import run_jobs

FEATURES, BATCH, STEPS, RATE = 64, 64, 400, 2e-3
DATA: dict[str, Callable[[int, int], Domains]] = {"digits": digits.domains, "book": book.domains}
ALL = 10
"""Classes of either data."""
DRAWN = 150
"""Pictures of each domain whose features are drawn."""
MOST_SEEDS = 10
ACCURACY = "target accuracy"
Loss = Callable[["Network", Tensor, Tensor, float], Tensor]


@dataclass(frozen=True)
class Setting:
    """How two domains are aligned while a classifier learns on the source."""

    loss: Loss | None = None
    """Of the source's features, the target's and the progress, 0 to 1; None for no alignment."""
    sees_target: bool = True
    """Whether the target's pictures pass through the network in training."""
    labels: int = 0
    """Labels of the target for each class; -1 for all."""
    sees_source: bool = True


class Network(nn.Module):
    """A small convolutional net with batch norms, its head, and a discriminator of domains."""

    def __init__(self, side: int, classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(64 * (side // 4) ** 2, FEATURES), nn.BatchNorm1d(FEATURES), nn.ReLU()),
        )
        self.head = nn.Linear(FEATURES, classes)
        self.discriminator = nn.Sequential(nn.Linear(FEATURES, 64), nn.ReLU(), nn.Linear(64, 1))


def mmd_loss(network: Network, source: Tensor, target: Tensor, progress: float) -> Tensor:
    return mmd_unbiased(source, target)


def coral_loss(network: Network, source: Tensor, target: Tensor, progress: float) -> Tensor:
    return 100 * coral(source, target)


def dann_loss(strongest: float) -> Loss:
    """Both domains through the reversal to a discriminator; strongest: of the reversed gradient."""

    def loss(network: Network, source: Tensor, target: Tensor, progress: float) -> Tensor:
        features = reversed_gradient(torch.cat([source, target]), strongest * dann_strength(progress))
        said = network.discriminator(features)[:, 0]
        return F.binary_cross_entropy_with_logits(said, torch.cat([torch.ones(len(source)), torch.zeros(len(target))]).to(said))

    return loss


SETTINGS: dict[str, Setting] = dict(
    zip(
        WAYS,
        (
            Setting(sees_target=False),
            Setting(),
            Setting(coral_loss),
            Setting(mmd_loss),
            Setting(dann_loss(1.0)),
            Setting(dann_loss(0.1)),
            Setting(labels=FEW_LABELS),
            Setting(labels=-1),
        ),
        strict=True,
    )
)


def train(setting: Setting, data: Domains, seed: int, steps: int = STEPS) -> Network:
    """A trained network. Labels of the target are used only where the setting says so, its test never."""
    torch.manual_seed(seed)
    network = Network(data.source.side, data.classes)
    if setting.sees_source:
        _learn(network, setting, data, seed, steps)
    if setting.labels > 0:
        _fine_tune(network, data.target, setting, data.classes, steps)
    return network.eval()


def accuracy(network: Network, pictures: Pictures) -> float:
    """Per cent."""
    with torch.inference_mode():
        said = network.head(network.body(pictures.pixels)).argmax(-1)
    return 100 * float((said == pictures.labels).float().mean())


@dataclass(frozen=True)
class Job:
    """One way on one seed."""

    data: str
    classes: int
    way: str
    seed: int
    steps: int = STEPS
    labels: int | None = None
    """For the learning curve: labels of the target for each class, whatever the way has."""


@dataclass(frozen=True)
class Result:
    """What came of a job."""

    job: Job
    accuracy: float
    """Per cent, on the target's test."""
    drawn: tuple[Point, ...] = ()
    """Of the first seed: x, y, class and whether of the target, of pictures as the trained body sees them."""


def run(jobs: Sequence[Job], stop: threading.Event, processes: int = 0) -> Iterator[Result]:
    """Each trained in a process, as they come. Raises UserError where a process died."""
    yield from run_jobs(work, jobs, stop, processes=processes)


def jobs_for(data: str, ways: Iterable[str], seeds: int, classes: int, steps: int = STEPS) -> list[Job]:
    """Raises UserError, naming the value, for what cannot be run."""
    chosen = [way for way in WAYS if way in set(ways)]
    if data not in DATA:
        raise UserError(f"There are no domains {data!r}. Choose one of {', '.join(DATA)}.", f"没有 {data!r} 这对域。")
    if not chosen:
        raise UserError("No way is chosen. Tick at least one.", "没有选择方法。请至少勾选一个。")
    checked_seeds(seeds, MOST_SEEDS)
    if not 2 <= classes <= 10:
        raise UserError(f"The target has {classes} classes; choose 2 to 10.", f"目标域有 {classes} 个类别；请选择 2 到 10。")
    return [Job(data, classes, way, seed, steps) for seed in range(seeds) for way in chosen]


def curve_jobs(data: str, seeds: int, steps: int = STEPS) -> list[Job]:
    """Pretrained on the source and then fine-tuned, and from scratch, on so many labels of the target for each class."""
    ways = CURVE
    return [Job(data, ALL, way, seed, steps, labels) for seed in range(seeds) for labels in LABELS for way in ways]


LABELS = (1, 2, 5, 10, 20)


def work(job: Job) -> Result:
    """What a process does with a job."""
    data = _domains(job.data, job.seed, job.classes)
    if job.labels is not None:
        network = train(Setting(labels=job.labels, sees_source=job.way == CURVE[0]), data, job.seed, job.steps)
        return Result(job, accuracy(network, data.test))
    network = train(SETTINGS[job.way], data, job.seed, job.steps)
    return Result(job, accuracy(network, data.test), _drawn(network, data) if job.seed == 0 else ())


def compared(results: Iterable[Result]) -> list[Row]:
    """One row a way, in their order."""
    listed = list(results)
    found = {way: {r.job.seed: {ACCURACY: r.accuracy} for r in listed if r.job.way == way} for way in WAYS}
    return rows_of(found, CONTROL)


def drawn_of(results: Iterable[Result]) -> dict[str, list[Point]]:
    """Way -> what its network of the first seed makes of both domains."""
    return {r.job.way: list(r.drawn) for r in results if r.drawn}


def curves(results: Iterable[Result]) -> list[Row]:
    """The learning curve as rows: one a way and number of labels."""
    listed = list(results)
    found = {
        f"{way}, {labels} a class": {
            r.job.seed: {ACCURACY: r.accuracy} for r in listed if (r.job.way, r.job.labels) == (way, labels)
        }
        for way in CURVE
        for labels in LABELS
    }
    return rows_of(found, "")


@cache
def _domains(data: str, seed: int, classes: int) -> Domains:
    return DATA[data](seed, classes)


def _learn(network: Network, setting: Setting, data: Domains, seed: int, steps: int) -> None:
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    generator = torch.Generator().manual_seed(seed)
    own = data.target if setting.labels < 0 else data.source
    for step in range(steps):
        rows = torch.randint(len(own), (BATCH,), generator=generator)
        source = network.body(own.pixels[rows])
        loss = F.cross_entropy(network.head(source), own.labels[rows])
        if setting.sees_target and setting.labels >= 0:
            others = torch.randint(len(data.target), (BATCH,), generator=generator)
            target = network.body(data.target.pixels[others])
            if setting.loss:
                loss = loss + setting.loss(network, source, target, step / steps)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()


def _fine_tune(network: Network, target: Pictures, setting: Setting, classes: int, steps: int) -> None:
    """On so many labelled pictures a class.

    After pretraining the batch norms keep what they learned of both domains, the rate is low and a quarter of the steps is
    enough; from scratch they learn from these pictures, with the rate and the steps of pretraining.
    """
    rows = torch.cat([(target.labels == c).nonzero()[: setting.labels, 0] for c in range(classes)])
    network.train(not setting.sees_source)
    rate, tuning = (RATE / 4, steps // 4) if setting.sees_source else (RATE, steps)
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    for _ in range(tuning):
        loss = F.cross_entropy(network.head(network.body(target.pixels[rows])), target.labels[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()


@torch.inference_mode()
def _drawn(network: Network, data: Domains) -> tuple[Point, ...]:
    """The first two principal components of source and target together."""
    kept = [Pictures(p.pixels[:DRAWN], p.labels[:DRAWN]) for p in (data.source, data.test)]
    features = torch.cat([network.body(p.pixels) for p in kept])
    _, _, directions = torch.pca_lowrank(features, 2, niter=4)
    places = (features - features.mean(0)) @ directions
    labels = torch.cat([p.labels for p in kept])
    return tuple(
        (round(float(x), 2), round(float(y), 2), int(label), i >= len(kept[0]))
        for i, ((x, y), label) in enumerate(zip(places, labels, strict=True))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=tuple(DATA))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--classes", type=int, default=10, help="how many of the ten classes the target has")
    parser.add_argument("--curve", action="store_true", help="the learning curve over labels instead")
    parser.add_argument("--bundle", action="store_true", help="put the results where the app has them")
    arguments = parser.parse_args()
    jobs = jobs_for(arguments.data, WAYS, arguments.seeds, arguments.classes)
    if arguments.curve and arguments.classes != ALL:
        raise UserError(
            "The learning curve is of all ten classes. Leave --classes away.", "学习曲线使用全部十个类别。请去掉 --classes。"
        )
    if arguments.curve:
        jobs = curve_jobs(arguments.data, arguments.seeds)
    results = list(tqdm(run(jobs, threading.Event()), total=len(jobs), unit=" runs"))
    rows = curves(results) if arguments.curve else compared(results)
    print(table_of(rows))
    name, options = arguments.data, f"--seeds {arguments.seeds}"
    if arguments.curve:
        name, options = f"{name}-curve", f"{options} --curve"
    if arguments.classes != ALL:
        name, options = f"{name}-{arguments.classes}", f"{options} --classes {arguments.classes}"
    if arguments.bundle:
        bundle(name, f"python -m crossmodal.alignment.adaptation {arguments.data} {options}", rows, drawn_of(results))


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        raise SystemExit(str(error)) from error
