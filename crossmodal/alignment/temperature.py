"""What the temperature of InfoNCE does: to two cones of free vectors, and to picture-book embeddings.

Two modalities begin in two narrow cones, as those of a freshly made dual encoder do (Liang et al. 2022). The loss at a low
temperature looks at the nearest wrong pairs alone and leaves the gap; at a high one it pulls pairs together and cares less
that others stay apart (Wang & Liu 2021).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.alignment.broken import misprinted_info_nce
from crossmodal.alignment.captioned import Captioned
from crossmodal.alignment.contrastive import alignment, info_nce, uniformity
from crossmodal.alignment.dual_encoder import Projections, recalls
from crossmodal.embedding.gap import modality_gap
from crossmodal.errors import UserError

LOWEST, HIGHEST = 0.01, 1.0
SWEEP = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
CONE_PAIRS, CONE_DIM, CONE_WIDTH, CONE_RATE = 48, 3, 0.25, 0.02
BOOK_DIM, BOOK_BATCH, BOOK_RATE, BOOK_SHOWN = 64, 128, 1e-3, 150
STEPS, SEEN = 240, 25
"""Steps of a run, and about how many times it is looked at."""


@dataclass(frozen=True)
class Moment:
    """How the two modalities lie at one step."""

    step: int
    loss: float
    gap: float
    alignment: float
    uniformity: float
    """The mean of both modalities'."""
    retrieval: float
    """Recall at 1, the mean of both directions, 0 to 1."""


@dataclass(frozen=True)
class Trace:
    """A run at one temperature."""

    temperature: float
    moments: tuple[Moment, ...]
    before: tuple[Tensor, Tensor]
    """(pairs, 2) of pictures and of texts at the beginning, in the plane of both times' principal components."""
    after: tuple[Tensor, Tensor]

    @property
    def last(self) -> Moment:
        return self.moments[-1]


def checked(temperature: float) -> float:
    """Itself. Raises UserError where it is out of range."""
    if not LOWEST <= temperature <= HIGHEST:
        raise UserError(
            f"The temperature is {temperature:g}; choose {LOWEST:g} to {HIGHEST:g}.",
            f"温度是 {temperature:g}；请选择 {LOWEST:g} 到 {HIGHEST:g}。",
        )
    return temperature


def cones(temperature: float, misprinted: bool = False, steps: int = STEPS, seed: int = 0) -> Trace:
    """Free unit vectors in three dimensions, each pair one of either cone, moved by the loss."""
    scale = torch.tensor(1 / checked(temperature))
    generator = torch.Generator().manual_seed(seed)
    axes = torch.eye(CONE_DIM)[:2]
    free = [axis + CONE_WIDTH * torch.randn(CONE_PAIRS, CONE_DIM, generator=generator) for axis in axes]
    vectors = [v.requires_grad_() for v in free]
    optimizer = torch.optim.Adam(vectors, lr=CONE_RATE)
    objective = misprinted_info_nce if misprinted else info_nce
    moments, first = [], _units(vectors)
    for step in range(steps + 1):
        picture, text = (F.normalize(v, dim=-1) for v in vectors)
        loss = objective(picture, text, scale)
        if step % max(1, steps // SEEN) == 0 or step == steps:
            moments.append(_moment(step, loss, picture, text))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    return _trace(temperature, moments, first, _units(vectors))


def book(data: Captioned, temperature: float, misprinted: bool = False, steps: int = STEPS, seed: int = 0) -> Trace:
    """Projections of the bundled towers, learned at a fixed temperature, looked at on pairs that they do not learn from."""
    checked(temperature)
    known, test = data.split(seed)
    torch.manual_seed(seed)
    made = Projections(data.pictures.shape[1], data.texts.shape[1], BOOK_DIM, "misprint" if misprinted else "info_nce")
    made.log_scale.data.fill_(-math.log(temperature))
    made.log_scale.requires_grad_(False)
    optimizer = torch.optim.Adam([p for p in made.parameters() if p.requires_grad], lr=BOOK_RATE)
    generator = torch.Generator().manual_seed(seed)
    moments = []
    with torch.no_grad():
        first = made(test.pictures[:BOOK_SHOWN], test.texts[:BOOK_SHOWN])
    for step in range(steps + 1):
        rows = torch.randint(len(known), (BOOK_BATCH,), generator=generator)
        loss = made.loss(known.pictures[rows], known.texts[rows])
        if step % max(1, steps // SEEN) == 0 or step == steps:
            with torch.no_grad():
                moments.append(_moment(step, loss, *made(test.pictures, test.texts)))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    with torch.no_grad():
        last = made(test.pictures[:BOOK_SHOWN], test.texts[:BOOK_SHOWN])
    return _trace(temperature, moments, first, last)


def sweep(data: Captioned | None, misprinted: bool = False, temperatures: Sequence[float] = SWEEP) -> list[Trace]:
    """The same at each temperature; data: None for the cones."""
    return [book(data, t, misprinted) if data else cones(t, misprinted) for t in temperatures]


def _units(vectors: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    picture, text = (F.normalize(v.detach(), dim=-1) for v in vectors)
    return picture, text


@torch.no_grad()
def _moment(step: int, loss: Tensor, picture: Tensor, text: Tensor) -> Moment:
    found = recalls(picture @ text.T, (1,))
    return Moment(
        step,
        float(loss),
        modality_gap(picture, text),
        float(alignment(picture, text)),
        float(uniformity(picture) + uniformity(text)) / 2,
        (found.to_picture[1] + found.to_text[1]) / 2,
    )


def _trace(temperature: float, moments: list[Moment], first: tuple[Tensor, Tensor], last: tuple[Tensor, Tensor]) -> Trace:
    whole = torch.cat([*first, *last])
    torch.manual_seed(0)
    _, _, plane = torch.pca_lowrank(whole, 2, niter=4)
    before, after = ([(part - whole.mean(0)) @ plane for part in pair] for pair in (first, last))
    return Trace(temperature, tuple(moments), (before[0], before[1]), (after[0], after[1]))
