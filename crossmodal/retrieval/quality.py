"""How well a gallery with captions is searched: recall and median rank in both directions, and relations told apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

KS = (1, 5, 10)
RESAMPLES = 1_000
AT_ONCE = 1_000


@dataclass(frozen=True)
class Recall:
    """Of so many queries, the share whose right answer is among the first k, with 95 % intervals."""

    queries: int
    among: int
    """How many could have been found."""
    at: dict[int, tuple[float, float, float]]
    """k -> share in percent, and the interval's ends: bootstrap over pictures, since captions of one picture go together."""
    median_rank: float


def recall(pictures: Tensor, captions: Tensor, owner: Sequence[int]) -> tuple[Recall, Recall]:
    """Text -> picture, and picture -> text, where any of a picture's captions is right.

    pictures: (pictures, dim), captions: (captions, dim), L2-normalised; owner: each caption's picture.
    """
    of = torch.tensor(list(owner))
    rank_of_caption, rank_of_picture = [], []
    for start in range(0, len(captions), AT_ONCE):
        scores = captions[start : start + AT_ONCE] @ pictures.T
        mine = of[start : start + AT_ONCE]
        rank_of_caption.append((scores > scores.gather(1, mine[:, None])).sum(1) + 1)
    for start in range(0, len(pictures), AT_ONCE):
        scores = pictures[start : start + AT_ONCE] @ captions.T
        right = of[None, :] == torch.arange(start, start + len(scores))[:, None]
        best = scores.masked_fill(~right, float("-inf")).amax(1, keepdim=True)
        rank_of_picture.append((scores.masked_fill(right, float("-inf")) > best).sum(1) + 1)
    has_caption = torch.zeros(len(pictures), dtype=torch.bool)
    has_caption[of] = True
    to_picture = _summary(torch.cat(rank_of_caption), of, len(pictures))
    ranks = torch.cat(rank_of_picture)[has_caption]
    return to_picture, _summary(ranks, torch.arange(len(ranks)), len(captions))


def _summary(ranks: Tensor, group: Tensor, among: int) -> Recall:
    """group: which picture each rank belongs to, which is what is drawn again in the bootstrap."""
    hits = torch.stack([(ranks <= k).float() for k in KS], 1)
    groups = int(group.max()) + 1
    sums = torch.zeros(groups, len(KS)).index_add_(0, group, hits)
    counts = torch.zeros(groups).index_add_(0, group, torch.ones(len(group)))
    present = counts > 0
    sums, counts = sums[present], counts[present]
    generator = torch.Generator().manual_seed(0)
    shares = []
    for _ in range(RESAMPLES):
        drawn = torch.randint(len(sums), (len(sums),), generator=generator)
        shares.append(100 * sums[drawn].sum(0) / counts[drawn].sum())
    ends = torch.stack(shares).quantile(torch.tensor([0.025, 0.975]), dim=0)
    means = 100 * hits.mean(0)
    at = {k: (float(means[i]), float(ends[0, i]), float(ends[1, i])) for i, k in enumerate(KS)}
    return Recall(len(ranks), among, at, float(ranks.float().quantile(0.5)))


def as_table(rows: Sequence[tuple[str, Recall]]) -> str:
    """Markdown."""
    lines = ["| direction | queries | " + " | ".join(f"R@{k} %" for k in KS) + " | median rank |", "|---|---|---|---|---|---|"]
    for title, found in rows:
        cells = " | ".join(f"{share:.1f} ({low:.1f}-{high:.1f})" for share, low, high in found.at.values())
        lines.append(f"| {title} | {found.queries:,} among {found.among:,} | {cells} | {found.median_rank:.0f} |")
    return "\n".join(lines)
