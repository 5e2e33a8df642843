"""Two domains of digits: scikit-learn's, and the same kind styled."""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor

from crossmodal.alignment.styles import Domains, Pictures

SIDE = 16
SOURCE, TARGET = 700, 600
"""Pictures to train on, of 1,797; the rest are the target's test. No digit is in two of the three."""
TURN = 0.45
"""Radians that a styled digit is rotated by, at most."""


def domains(seed: int, classes: int = 10) -> Domains:
    """classes: how many of the ten the target has."""
    known = load_digits()
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(known.target), generator=generator)
    strokes = torch.tensor(np.asarray(known.images), dtype=torch.float32)[order][:, None] / 16
    strokes = F.interpolate(strokes, (SIDE, SIDE), mode="bilinear", align_corners=False)
    labels = torch.tensor(known.target)[order]
    source = Pictures(strokes[:SOURCE].expand(-1, 3, -1, -1), labels[:SOURCE])
    there = labels < classes
    parts = []
    for rows in (slice(SOURCE, SOURCE + TARGET), slice(SOURCE + TARGET, None)):
        kept = there[rows]
        parts.append(Pictures(styled(strokes[rows][kept], generator), labels[rows][kept]))
    target, test = parts
    return Domains(source, target, test, 10)


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
