"""Losses that make two domains look alike, and the reversal layer of adversarial adaptation."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Of the kernels' bandwidths, around the median distance."""


def gaussian_kernel(x: Tensor, y: Tensor, bandwidth: Tensor | float, scales: Sequence[float] = (1.0,)) -> Tensor:
    """`exp(-|x - y|^2 / 2 s^2)`, the mean over bandwidths s. x: (n, dim), y: (m, dim). Returns (n, m)."""
    squared = torch.cdist(x, y).square()
    return torch.stack([(-squared / (2 * (scale * bandwidth) ** 2)).exp() for scale in scales]).mean(0)


def median_distance(x: Tensor, y: Tensor) -> Tensor:
    """The usual bandwidth: the median distance within both together, without gradient."""
    with torch.no_grad():
        return torch.pdist(torch.cat([x, y])).median().clamp_min(1e-6)


def mmd_biased(x: Tensor, y: Tensor, bandwidth: Tensor | float | None = None, scales: Sequence[float] = SCALES) -> Tensor:
    """Squared maximum mean discrepancy with the diagonals, >= 0 (Gretton et al. 2012, eq. 5).

    x: (n, dim) of the source; y: (m, dim) of the target. bandwidth: None for the median distance.
    """
    s = median_distance(x, y) if bandwidth is None else bandwidth
    kernels = (gaussian_kernel(*pair, s, scales).mean() for pair in ((x, x), (y, y), (x, y)))
    within_x, within_y, between = kernels
    return within_x + within_y - 2 * between


def mmd_unbiased(x: Tensor, y: Tensor, bandwidth: Tensor | float | None = None, scales: Sequence[float] = SCALES) -> Tensor:
    """The same without the diagonals: its mean over draws of one distribution is 0, so it may be negative (ibid., eq. 3).

    Raises ValueError for fewer than two rows on a side.
    """
    if min(len(x), len(y)) < 2:
        raise ValueError(f"{len(x)} and {len(y)} rows; the unbiased estimate needs two on each side")
    s = median_distance(x, y) if bandwidth is None else bandwidth
    between = gaussian_kernel(x, y, s, scales).mean()
    return _off_diagonal(gaussian_kernel(x, x, s, scales)) + _off_diagonal(gaussian_kernel(y, y, s, scales)) - 2 * between


def _off_diagonal(kernel: Tensor) -> Tensor:
    return (kernel.sum() - kernel.diagonal().sum()) / (len(kernel) * (len(kernel) - 1))


def coral(x: Tensor, y: Tensor) -> Tensor:
    """`|C_x - C_y|^2_F / 4 d^2`: the distance of the covariances (Sun & Saenko 2016). x: (n, dim), y: (m, dim)."""
    return (covariance(x) - covariance(y)).square().sum() / (4 * x.shape[1] ** 2)


def covariance(x: Tensor) -> Tensor:
    """(dim, dim), unbiased. Raises ValueError for fewer than two rows."""
    if len(x) < 2:
        raise ValueError(f"{len(x)} row; a covariance needs two")
    centred = x - x.mean(0)
    return centred.T @ centred / (len(x) - 1)


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Any) -> Any:
        return -ctx.strength * gradients[0], None  # type: ignore[attr-defined]


def reversed_gradient(values: Tensor, strength: float) -> Tensor:
    """The values as they are; their gradient times `-strength` (Ganin & Lempitsky 2015)."""
    reversed_values: Tensor = _Reversed.apply(values, strength)  # type: ignore[no-untyped-call]
    return reversed_values


def dann_strength(progress: float) -> float:
    """`2 / (1 + exp(-10 p)) - 1`: 0 at the beginning, nearly 1 at the end (Ganin et al. 2016). progress: 0 to 1."""
    return 2 / (1 + math.exp(-10 * progress)) - 1
