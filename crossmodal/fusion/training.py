"""Trains one strategy on one split."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.fusion.cases import Cases, Split, Tokens
from crossmodal.fusion.catalogue import Shape, make
from crossmodal.fusion.figures import Point
from crossmodal.fusion.late import HELD, Majority
from crossmodal.fusion.strategy import Strategy

RATE = 1.5e-3
WARMUP = 0.05
BATCH = 64
DECAY = 0.05
REPORT_EVERY = 25
"""Steps between two points of a curve."""


@dataclass(frozen=True)
class Recipe:
    """How a strategy is trained, beside the task and the seed."""

    steps: int
    modality_dropout: float = 0.0
    """How often a training case loses one of its modalities, picture or text alike."""
    adversarial: float = 0.0
    """How far embeddings are pushed against the strategy while it learns, as a share of their length; 0: not at all."""


def shape_of(split: Split, classes: int) -> Shape:
    pictures, texts = split.train.pictures, split.train.texts
    return Shape((pictures.length, pictures.width), (texts.length, texts.width), classes)


def train(
    name: str,
    split: Split,
    classes: int,
    seed: int,
    recipe: Recipe,
    said: Callable[[Point], None] = lambda point: None,
) -> Strategy:
    """A trained strategy. The test cases are not looked at."""
    torch.manual_seed(seed)
    strategy = make(name, shape_of(split, classes))
    if isinstance(strategy, Majority):
        strategy.prior = torch.bincount(split.train.labels, minlength=classes).clamp_min(1).float().log()
        return strategy.eval()
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(strategy.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    # By picture: what a second stage learns from shows pictures that the first has not been trained on.
    held = (torch.rand(len(split.train.pictures), generator=generator) < HELD)[split.train.picture]
    began, total = time.perf_counter(), 0.0
    order = torch.empty(0, dtype=torch.long)
    for step in range(recipe.steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * _factor((step + 0.5) / recipe.steps)
        if len(order) < BATCH:
            order = torch.cat([order, torch.randperm(len(split.train), generator=generator)])
        rows, order = order[:BATCH], order[BATCH:]
        picture, text, labels = split.train.batch(rows)
        if recipe.modality_dropout:
            picture, text = _dropped(picture, text, recipe.modality_dropout, generator)
        loss = strategy.loss(picture, text, labels, held[rows])
        if recipe.adversarial:
            loss = loss + adversarial_loss(strategy, picture, text, labels, held[rows], recipe.adversarial)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        total += float(loss.detach())
        if (step + 1) % REPORT_EVERY == 0:
            said(Point(step + 1, total / REPORT_EVERY, time.perf_counter() - began))
            total = 0.0
    return strategy.eval()


def perturbed(strategy: Strategy, picture: Tokens, text: Tokens, labels: Tensor, length: float) -> tuple[Tokens, Tokens]:
    """Both modalities, moved one step along the gradient that makes the answer worse (Gan et al. 2020; Miyato et al. 2017).

    length: how far each token may move, as a share of the mean length of its modality's tokens.
    """
    values = [t.values.detach().requires_grad_() for t in (picture, text)]
    moved = [Tokens(v, t.mask) for v, t in zip(values, (picture, text), strict=True)]
    loss = F.cross_entropy(strategy(moved[0], moved[1]), labels)
    gradients = torch.autograd.grad(loss, values, allow_unused=True)
    result = []
    for tokens, gradient in zip((picture, text), gradients, strict=True):
        if gradient is None:  # a baseline that does not look at it
            result.append(tokens)
            continue
        reach = length * tokens.values[tokens.mask].norm(dim=-1).mean()
        push = reach * F.normalize(gradient, dim=-1) * tokens.mask[..., None]
        result.append(Tokens(tokens.values + push, tokens.mask))
    return result[0], result[1]


def adversarial_loss(strategy: Strategy, picture: Tokens, text: Tokens, labels: Tensor, held: Tensor, length: float) -> Tensor:
    """The loss on perturbed embeddings: added to the clean one, as VILLA does."""
    return strategy.loss(*perturbed(strategy, picture, text, labels, length), labels, held)


def predicted(strategy: Strategy, cases: Cases, batch: int = 512) -> Tensor:
    """(cases, classes) logits."""
    with torch.inference_mode():
        parts = []
        for rows in torch.split(torch.arange(len(cases)), batch):
            picture, text, _ = cases.batch(rows)
            parts.append(strategy(picture, text))
        return torch.cat(parts)


def accuracy(logits: Tensor, labels: Tensor) -> float:
    return float((logits.argmax(-1) == labels).float().mean())


def _factor(share: float) -> float:
    return min(1.0, share / WARMUP) * 0.5 * (1 + math.cos(math.pi * share))


def _dropped(picture: Tokens, text: Tokens, share: float, generator: torch.Generator) -> tuple[Tokens, Tokens]:
    chance = torch.rand(len(picture), generator=generator)
    return picture.absent(chance < share / 2), text.absent(chance > 1 - share / 2)
