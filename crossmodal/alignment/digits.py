"""Two domains of digits: scikit-learn's, and the same kind styled; ways to carry a classifier from one to the other.

python -m crossmodal.alignment.digits --seeds 5
python -m crossmodal.alignment.digits --classes 5      the target lacks half of the classes: aligning then hurts

Every way is shown beside the control, which merely lets the target's pictures through the batch norms.
"""

import argparse
import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn
from tqdm import tqdm

from crossmodal.alignment.domains import coral, dann_strength, mmd_unbiased, reversed_gradient
from crossmodal.errors import UserError
from crossmodal.intervals import interval

SIDE, FEATURES, BATCH, STEPS, RATE = 16, 64, 64, 400, 2e-3
SOURCE, TARGET = 700, 600
"""Pictures to train on, of 1,797; the rest are the target's test. No digit is in two of the three."""
TURN = 0.45
"""Radians that a styled digit is rotated by, at most."""
FEW_LABELS = 5
"""Labels for each class that fine-tuning gets."""


@dataclass(frozen=True)
class Setting:
    """How two domains are aligned while a classifier learns on the source."""

    title: str
    loss: Callable[["Network", Tensor, Tensor, float], Tensor] | None = None
    """Of the source's features, the target's and the progress, 0 to 1; None for no alignment."""
    sees_target: bool = True
    """Whether the target's pictures pass through the network in training."""
    labels: int = 0
    """Labels of the target for each class; -1 for all."""


class Network(nn.Module):
    """A small convolutional net with batch norms, its head, and a discriminator of domains."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(64 * (SIDE // 4) ** 2, FEATURES), nn.BatchNorm1d(FEATURES), nn.ReLU()),
        )
        self.head = nn.Linear(FEATURES, 10)
        self.discriminator = nn.Sequential(nn.Linear(FEATURES, 64), nn.ReLU(), nn.Linear(64, 1))


@dataclass(frozen=True)
class Digits:
    """Pictures (n, 3, SIDE, SIDE) in 0 to 1, and their labels (n,)."""

    pictures: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Domains:
    source: Digits
    target: Digits
    test: Digits


@dataclass(frozen=True)
class Row:
    """One way over all seeds; per cent on the target's test."""

    title: str
    accuracies: tuple[float, ...]
    mean: float
    spread: float
    """Standard deviation."""
    against_control: float
    low: float
    high: float
    """95 % interval of the paired difference to the control."""


def mmd_loss(network: Network, source: Tensor, target: Tensor, progress: float) -> Tensor:
    return mmd_unbiased(source, target)


def coral_loss(network: Network, source: Tensor, target: Tensor, progress: float) -> Tensor:
    return 100 * coral(source, target)


def dann_loss(strongest: float) -> Callable[[Network, Tensor, Tensor, float], Tensor]:
    """Both domains through the reversal to a discriminator; strongest: of the reversed gradient."""

    def loss(network: Network, source: Tensor, target: Tensor, progress: float) -> Tensor:
        features = reversed_gradient(torch.cat([source, target]), strongest * dann_strength(progress))
        said = network.discriminator(features)[:, 0]
        return F.binary_cross_entropy_with_logits(said, torch.cat([torch.ones(len(source)), torch.zeros(len(target))]))

    return loss


CONTROL = "Control: target statistics"
SETTINGS = (
    Setting("Source only", sees_target=False),
    Setting(CONTROL),
    Setting("CORAL", coral_loss),
    Setting("MMD", mmd_loss),
    Setting("DANN", dann_loss(1.0)),
    Setting("DANN, strength 0.1", dann_loss(0.1)),
    Setting(f"Fine-tuned on {FEW_LABELS} labels a class", labels=FEW_LABELS),
    Setting("Trained on the target", labels=-1),
)


def domains(seed: int, classes: int = 10) -> Domains:
    """classes: how many of the ten the target has. Raises UserError for fewer than two or more than ten."""
    if not 2 <= classes <= 10:
        raise UserError(f"The target has {classes} classes; choose 2 to 10.", f"目标域有 {classes} 个类别；请选择 2 到 10。")
    known = load_digits()
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(known.target), generator=generator)
    strokes = torch.tensor(np.asarray(known.images), dtype=torch.float32)[order][:, None] / 16
    strokes = F.interpolate(strokes, (SIDE, SIDE), mode="bilinear", align_corners=False)
    labels = torch.tensor(known.target)[order]
    source = Digits(strokes[:SOURCE].expand(-1, 3, -1, -1), labels[:SOURCE])
    there = labels < classes
    parts = []
    for rows in (slice(SOURCE, SOURCE + TARGET), slice(SOURCE + TARGET, None)):
        kept = there[rows]
        parts.append(Digits(styled(strokes[rows][kept], generator), labels[rows][kept]))
    return Domains(source, *parts)


def styled(strokes: Tensor, generator: torch.Generator) -> Tensor:
    """(n, 1, side, side) strokes -> (n, 3, side, side): turned, in a light colour on a dark blotchy ground."""
    n = len(strokes)

    def drawn(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    angle = (2 * drawn(n) - 1) * TURN
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).reshape(n, 2, 2)
    places = F.affine_grid(F.pad(turn, (0, 1)), [n, 1, SIDE, SIDE], align_corners=False)
    strokes = F.grid_sample(strokes, places, align_corners=False)
    ground = 0.25 * drawn(n, 3, 1, 1) + 0.35 * F.interpolate(drawn(n, 3, 4, 4), (SIDE, SIDE), mode="bilinear")
    ink = 0.5 + 0.5 * drawn(n, 3, 1, 1)
    return ground * (1 - strokes) + ink * strokes


def train(setting: Setting, data: Domains, seed: int, steps: int = STEPS) -> Network:
    """A trained network. Labels of the target are used only where the setting says so, its test never."""
    torch.manual_seed(seed)
    network = Network()
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    generator = torch.Generator().manual_seed(seed)
    own = data.target if setting.labels < 0 else data.source
    for step in range(steps):
        rows = torch.randint(len(own), (BATCH,), generator=generator)
        source = network.body(own.pictures[rows])
        loss = F.cross_entropy(network.head(source), own.labels[rows])
        if setting.sees_target and setting.labels >= 0:
            others = torch.randint(len(data.target), (BATCH,), generator=generator)
            target = network.body(data.target.pictures[others])
            if setting.loss:
                loss = loss + setting.loss(network, source, target, step / steps)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    if setting.labels > 0:
        _fine_tune(network, data.target, setting.labels, steps // 4)
    return network.eval()


def accuracy(network: Network, digits: Digits) -> float:
    """Per cent."""
    with torch.inference_mode():
        said = network.head(network.body(digits.pictures)).argmax(-1)
    return 100 * float((said == digits.labels).float().mean())


def compare(seeds: int, classes: int = 10, steps: int = STEPS, said: Callable[[], None] = lambda: None) -> list[Row]:
    """All settings on the same seeds. Raises UserError for one seed, which has no interval."""
    if seeds < 2:
        raise UserError(f"There is {seeds} seed; an interval needs two. Choose more.", f"种子数是 {seeds}；至少需要两个。")
    scores: dict[str, list[float]] = {setting.title: [] for setting in SETTINGS}
    for seed in range(seeds):
        data = domains(seed, classes)
        for setting in SETTINGS:
            scores[setting.title].append(accuracy(train(setting, data, seed, steps), data.test))
            said()
    return [_row(title, found, scores[CONTROL]) for title, found in scores.items()]


def as_table(rows: list[Row]) -> str:
    """Markdown."""
    lines = ["| way | target accuracy % | points above the control | 95 % interval | seeds |", "|---|---|---|---|---|"]
    for row in rows:
        each = ", ".join(f"{a:.1f}" for a in row.accuracies)
        gain = f"{row.against_control:+.1f} | {row.low:+.1f} to {row.high:+.1f}"
        lines.append(f"| {row.title} | {row.mean:.1f} ± {row.spread:.1f} | {gain} | {each} |")
    return "\n".join(lines)


def _row(title: str, found: list[float], control: list[float]) -> Row:
    gains = [a - b for a, b in zip(found, control, strict=True)]
    return Row(title, tuple(found), statistics.fmean(found), statistics.stdev(found), *interval(gains))


def _fine_tune(network: Network, target: Digits, labels: int, steps: int) -> None:
    """On so many labelled pictures a class: the batch norms keep what they learned of both domains."""
    rows = torch.cat([(target.labels == c).nonzero()[:labels, 0] for c in range(10)])
    network.eval()
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE / 4)
    for _ in range(steps):
        loss = F.cross_entropy(network.head(network.body(target.pictures[rows])), target.labels[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--classes", type=int, default=10, help="how many of the ten classes the target has")
    parser.add_argument("--json", type=Path, help="write the rows there")
    arguments = parser.parse_args()
    with tqdm(total=arguments.seeds * len(SETTINGS), unit=" runs") as bar:
        rows = compare(arguments.seeds, arguments.classes, said=bar.update)
    print(as_table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        raise SystemExit(str(error)) from error
