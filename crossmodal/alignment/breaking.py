"""Known bugs, put in and taken out: what each does to a run, beside the same run without it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.alignment import broken
from crossmodal.alignment.bugs import BUGS
from crossmodal.alignment.domains import dann_strength, gaussian_kernel, reversed_gradient
from crossmodal.alignment.temperature import cones
from crossmodal.errors import UserError

Curve = tuple[tuple[float, float], ...]
STEPS, WIDTH, ROWS = 150, 16, 64


class _Steps(Protocol):
    def zero_grad(self) -> None: ...

    def step(self) -> None: ...


@dataclass(frozen=True)
class Broken:
    """One bug at work."""

    bug: str
    right: Curve
    """(x, y) without the bug."""
    wrong: Curve
    found: tuple[float, float]
    """The figure that gives it away: without the bug, and with it."""


def demonstrate(bug: str) -> Broken:
    """Both runs, from the same beginning. Raises UserError for a bug that is not known."""
    if bug not in BUGS:
        raise UserError(f"There is no bug {bug!r}. Choose one of {', '.join(BUGS)}.", f"没有错误 {bug!r}。")
    return _RUNS[bug](bug)


def _misprint(bug: str) -> Broken:
    runs = [cones(0.07, misprinted) for misprinted in (False, True)]
    right, wrong = (tuple((float(m.step), m.loss) for m in run.moments) for run in runs)
    return Broken(bug, right, wrong, (runs[0].last.loss, runs[1].last.loss))


def _dead(bug: str) -> Broken:
    """Two clouds that a line can part, judged with a sigmoid and with a softmax over one output."""
    torch.manual_seed(0)
    rows, labels = _clouds()
    curves = []
    for layer in (nn.Linear(WIDTH, 1), broken.OneWayDiscriminator(WIDTH)):
        alive = isinstance(layer, nn.Linear)

        def loss(layer: nn.Module = layer, alive: bool = alive) -> Tensor:
            said = layer(rows)[:, 0]
            return F.binary_cross_entropy_with_logits(said, labels) if alive else F.binary_cross_entropy(said, labels)

        curves.append(_learned(layer, loss, torch.optim.Adam(layer.parameters(), lr=0.05)))
    return _at(bug, curves, -1)


def _unsquared(bug: str) -> Broken:
    """The kernel over the distance: how steep it is at 0, where a Gaussian is flat."""
    distances = torch.linspace(0, 3, 61)[:, None]
    origin = torch.zeros(1, 1)
    kernels = [k(distances, origin, 1.0)[:, 0] for k in (gaussian_kernel, broken.unsquared_kernel)]
    right, wrong = (tuple(zip(distances[:, 0].tolist(), k.tolist(), strict=True)) for k in kernels)
    step = float(distances[1])
    return Broken(
        bug, right, wrong, (float((kernels[0][0] - kernels[0][1]) / step), float((kernels[1][0] - kernels[1][1]) / step))
    )


def _plain_list(bug: str) -> Broken:
    torch.manual_seed(0)
    picture, text = torch.randn(ROWS, WIDTH), torch.randn(ROWS, WIDTH)
    truth = ((picture[:, :1] * text[:, :1]) > 0).float()  # only the two together tell
    curves = []
    for registered in (True, False):
        torch.manual_seed(1)
        made = broken.PlainListFactors(WIDTH, 8)
        learning = [*made.parameters(), *([f.requires_grad_() for f in made.factors] if registered else [])]

        def loss(made: nn.Module = made) -> Tensor:
            return F.binary_cross_entropy_with_logits(made(picture, text), truth)

        curves.append(_learned(made, loss, torch.optim.Adam(learning, lr=0.02)))
    return _at(bug, curves, -1)


def _double_softmax(bug: str) -> Broken:
    rows, labels = _clouds()
    curves = []
    for twice in (False, True):
        torch.manual_seed(0)
        layer = nn.Linear(WIDTH, 2)

        def loss(layer: nn.Module = layer, twice: bool = twice) -> Tensor:
            logits = layer(rows)
            return broken.double_softmax_loss(logits, labels.long()) if twice else F.cross_entropy(logits, labels.long())

        curves.append(_learned(layer, loss, torch.optim.Adam(layer.parameters(), lr=0.05)))
    return _at(bug, curves, -1)


def _anew(bug: str) -> Broken:
    """A narrow valley, which Adam's memory is for: without it every step is as long as the rate."""
    curves = []
    for forgets in (False, True):
        torch.manual_seed(0)
        place = nn.Parameter(torch.tensor([1.0, 1.0]))
        steep = torch.tensor([100.0, 1.0])

        def made(place: nn.Parameter = place) -> torch.optim.Optimizer:
            return torch.optim.Adam([place], lr=0.02)

        def loss(place: nn.Parameter = place, steep: Tensor = steep) -> Tensor:
            return (steep * place.square()).sum() / 2

        curves.append(_learned(None, loss, broken.AnewEachStep(made) if forgets else made()))
    return _at(bug, curves, -1)


def _chosen(bug: str) -> Broken:
    """Models that guess; the best of ever more of them, reported on the cases it was chosen on, and on others."""
    generator = torch.Generator().manual_seed(0)
    guesses, labels = torch.randint(2, (200, 2 * ROWS), generator=generator), torch.randint(2, (2 * ROWS,), generator=generator)
    chosen, fresh = guesses[:, :ROWS] == labels[:ROWS], guesses[:, ROWS:] == labels[ROWS:]
    right, wrong = list[tuple[float, float]](), list[tuple[float, float]]()
    for models in range(4, 201, 4):
        best = int(chosen[:models].float().mean(1).argmax())
        right.append((float(models), 100 * float(fresh[best].float().mean())))
        wrong.append((float(models), 100 * float(broken.best_on_the_test(guesses[:models, :ROWS], labels[:ROWS]))))
    mean = sum(y for _, y in right) / len(right)
    return Broken(bug, tuple(right), tuple(wrong), (mean, wrong[-1][1]))


def _squeezed(bug: str) -> Broken:
    """Ten classes, read off in batches of ever other sizes: right wherever the batch is not one."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(ROWS, 10, generator=generator)
    truth = logits.argmax(-1)
    right, wrong = list[tuple[float, float]](), list[tuple[float, float]]()
    for size in range(1, 9):
        batches = zip(torch.split(logits, size), torch.split(truth, size), strict=True)
        hits = [
            ((part.argmax(-1) == best).float().mean(), (_rows_best(broken.squeezed(part), len(best)) == best).float().mean())
            for part, best in batches
        ]
        for curve, values in ((right, [h[0] for h in hits]), (wrong, [h[1] for h in hits])):
            curve.append((float(size), 100 * float(torch.stack(values).mean())))
    return Broken(bug, tuple(right), tuple(wrong), (right[0][1], wrong[0][1]))


def _rows_best(logits: Tensor, rows: int) -> Tensor:
    """As code that goes through the first axis does: of a lost batch it takes each class for a row."""
    return logits.reshape(len(logits), -1).argmax(-1)[:rows]


def _reversal(bug: str) -> Broken:
    """How well a discriminator tells two clouds apart while the strength of the reversal grows."""
    rows, labels = _clouds()
    curves = []
    for whole in (False, True):
        torch.manual_seed(0)
        body, judge = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 1)
        optimizer = torch.optim.SGD(judge.parameters(), lr=0.5)
        curve = []
        for step in range(STEPS):
            strength = dann_strength(step / STEPS / 10)  # the beginning, where it is near 0
            said = judge(reversed_gradient(body(rows).detach(), 1.0 if whole else strength))[:, 0]
            loss = F.binary_cross_entropy_with_logits(said, labels)
            curve.append((float(step), float(loss.detach())))
            optimizer.zero_grad()
            torch.autograd.backward(broken.scaled_whole(loss, strength) if whole else loss)
            optimizer.step()
        curves.append(tuple(curve))
    return _at(bug, curves, STEPS // 10)


def _at(bug: str, curves: list[Curve], step: int) -> Broken:
    """Given away by what the two are at that step."""
    right, wrong = curves
    return Broken(bug, right, wrong, (right[step][1], wrong[step][1]))


def _clouds() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    labels = (torch.arange(ROWS) % 2).float()
    return torch.randn(ROWS, WIDTH, generator=generator) + 1.5 * (2 * labels[:, None] - 1), labels


def _learned(module: nn.Module | None, loss: Callable[[], Tensor], optimizer: _Steps) -> Curve:
    curve = []
    for step in range(STEPS):
        value = loss()
        curve.append((float(step), float(value.detach())))
        optimizer.zero_grad()
        torch.autograd.backward(value)
        optimizer.step()
    return tuple(curve)


_RUNS: dict[str, Callable[[str], Broken]] = {
    "misprint": _misprint,
    "one_output": _dead,
    "unsquared": _unsquared,
    "plain_list": _plain_list,
    "double_softmax": _double_softmax,
    "anew": _anew,
    "chosen": _chosen,
    "squeeze": _squeezed,
    "reversal": _reversal,
}
