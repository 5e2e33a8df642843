"""Losses over pairs of two modalities, and figures of how their spaces lie."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

LARGEST_LOGIT_SCALE = math.log(100)


def info_nce(image: Tensor, text: Tensor, logit_scale: Tensor) -> Tensor:
    """Symmetric InfoNCE over a batch of matched pairs (Radford et al. 2021, fig. 3).

    image, text: (batch, dim), L2-normalised; row i of one matches row i of the other.
    logit_scale: scalar, 1/temperature.
    Returns a scalar, >= 0; ln(batch) where the pairs cannot be told apart.
    Raises ValueError where the two batches differ in size.
    """
    logits = _similarities(image, text) * logit_scale
    labels = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def siglip(image: Tensor, text: Tensor, logit_scale: Tensor, bias: Tensor) -> Tensor:
    """Sigmoid loss: `-1/N sum_ij log sigmoid(z_ij (t x_i.y_j + b))` (Zhai et al. 2023).

    image, text: (batch, dim), L2-normalised; logit_scale, bias: scalars. Returns a scalar, >= 0.
    Raises ValueError where the two batches differ in size.
    """
    logits = _similarities(image, text) * logit_scale + bias
    signs = 2 * torch.eye(len(logits), device=logits.device) - 1
    return -F.logsigmoid(signs * logits).sum() / len(logits)


@torch.no_grad()
def clamp_logit_scale(log_scale: Tensor) -> None:
    """Keep ln(logit scale) within [0, ln 100], in place, after each step of the optimiser (Radford et al. 2021)."""
    log_scale.clamp_(0, LARGEST_LOGIT_SCALE)


def alignment(image: Tensor, text: Tensor) -> Tensor:
    """Mean squared distance of matched pairs (Wang & Isola 2020). Returns a scalar, 0 to 4 for unit vectors."""
    return (image - text).square().sum(-1).mean()


def uniformity(vectors: Tensor) -> Tensor:
    """`ln mean exp(-2 d^2)` over all pairs of different rows (Wang & Isola 2020). Lower is more uniform; at most 0.

    Raises ValueError for fewer than two rows.
    """
    if len(vectors) < 2:
        raise ValueError(f"{len(vectors)} vectors; uniformity needs two")
    return F.pdist(vectors).square().mul(-2).exp().mean().log()


def _similarities(image: Tensor, text: Tensor) -> Tensor:
    if image.shape != text.shape:
        raise ValueError(f"{tuple(image.shape)} and {tuple(text.shape)} are no matched pairs")
    return image @ text.T
