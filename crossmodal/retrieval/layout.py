"""A gallery in two dimensions."""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Method = Literal["pca", "tsne"]
MOST = 2_000
"""Points of a map; a larger gallery is shown by some of its pictures."""
PERPLEXITY = 30.0


@dataclass(frozen=True)
class Layout:
    """Points in the order of the vectors given, each coordinate from 0 to 1."""

    points: Tensor
    """(points, 2)."""
    kept: float | None
    """Share of the variance that two dimensions keep; None for a method that has no such figure."""


def lay_out(vectors: Tensor, method: Method = "pca", seed: int = 0) -> Layout:
    """PCA (Pearson 1901) at once, or t-SNE (van der Maaten and Hinton 2008), which takes seconds to minutes.

    vectors: (points, dim), L2-normalised.
    """
    if len(vectors) < 3:
        return Layout(torch.linspace(0.3, 0.7, max(1, len(vectors)))[: len(vectors), None].repeat(1, 2), None)
    if method == "tsne":
        from sklearn.manifold import TSNE

        perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
        found = TSNE(2, perplexity=perplexity, metric="cosine", init="random", random_state=seed).fit_transform(vectors.numpy())
        return Layout(_framed(torch.from_numpy(found)), None)
    centred = vectors - vectors.mean(0)
    _, sizes, directions = torch.linalg.svd(centred, full_matrices=False)
    share = float(sizes[:2].square().sum() / sizes.square().sum().clamp_min(1e-12))
    return Layout(_framed(centred @ directions[:2].T), share)


def near_duplicates(vectors: Tensor, threshold: float) -> list[int]:
    """For each row, the first row of the group of near-duplicates that it belongs to: its own number where it is alone.

    vectors: (rows, dim), L2-normalised, in order of preference; threshold: the cosine from which two count as one.
    """
    alike = F.normalize(vectors, dim=-1) @ F.normalize(vectors, dim=-1).T >= threshold
    first: list[int] = []
    for row in range(len(vectors)):
        earlier = [first[i] for i in range(row) if alike[row, i] and first[i] == i]
        first.append(earlier[0] if earlier else row)
    return first


def _framed(points: Tensor) -> Tensor:
    low, high = points.amin(0), points.amax(0)
    return (points - low) / (high - low).clamp_min(1e-9)
