"""Scenes and sentences -> tokens, by a dual encoder's two towers, which stay as they are."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from crossmodal.embedding.embedder import PICTURE_BATCH, Embedder
from crossmodal.fusion.cases import Cases, Split, Tokens, stacked
from crossmodal.fusion.tasks import Drawn, Task
from crossmodal.world.render import render
from crossmodal.world.scenes import Scene

GRID = 4
"""Rows and columns of picture tokens: neighbouring patches are averaged down to so many."""
TESTING_SHARE = 3
POOL_SEED = 20_000


def picture_tokens(embedder: Embedder, pictures: Sequence[Image.Image]) -> Tensor:
    """(pictures, GRID * GRID, width)."""
    return grid_tokens(embedder.patch_features(pictures).permute(0, 3, 1, 2))


def grid_tokens(feature_map: Tensor) -> Tensor:
    """(pictures, width, rows, columns) -> (pictures, GRID * GRID, width)."""
    return F.adaptive_avg_pool2d(feature_map, GRID).flatten(2).transpose(1, 2)


@dataclass(frozen=True)
class Pools:
    """A task's scenes as tokens, for training and for testing."""

    scenes: tuple[tuple[Scene, ...], tuple[Scene, ...]]
    pictures: tuple[Tensor, Tensor]


def encode_pools(task: Task, embedder: Embedder, said: Callable[[float], None] = lambda share: None) -> Pools:
    """said: told how far it is, 0 to 1."""
    sizes = task.scenes, task.scenes // TESTING_SHARE
    scenes = tuple(task.pool(random.Random(POOL_SEED + i), size, bool(i)) for i, size in enumerate(sizes))
    done, encoded = 0, []
    for pool in scenes:
        parts = []
        for start in range(0, len(pool), PICTURE_BATCH):
            drawn = [render(scene, embedder.side) for scene in pool[start : start + PICTURE_BATCH]]
            parts.append(picture_tokens(embedder, drawn))
            done += len(drawn)
            said(done / sum(sizes))
        encoded.append(torch.cat(parts))
    return Pools((scenes[0], scenes[1]), (encoded[0], encoded[1]))


class TextTokens:
    """Sentences as tokens, each encoded once."""

    def __init__(self, embedder: Embedder, length: int) -> None:
        self._embedder, self._length = embedder, length
        self._known: dict[str, Tensor] = {}

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """(texts, length, width)."""
        for text in texts:
            if text not in self._known:
                self._known[text] = self._embedder.token_features(text)
        return stacked([self._known[text] for text in texts], self._length)


def draw_split(task: Task, pools: Pools, texts: TextTokens, seed: int, train: int, test: int) -> Split:
    """Fresh cases for a seed: the same for every strategy."""
    parts = []
    for i, count in enumerate((train, test)):
        drawn = task.draw(random.Random(seed * 2 + i), pools.scenes[i], count)
        parts.append(cases(drawn, pools.pictures[i], texts))
    return Split(*parts)


def cases(drawn: Sequence[Drawn], pictures: Tensor, texts: TextTokens) -> Cases:
    """Drawn cases over encoded pictures: (pictures, tokens, width)."""
    unique = list(dict.fromkeys(d.text for d in drawn))
    number = {text: i for i, text in enumerate(unique)}
    return Cases(
        Tokens.full(pictures),
        texts(unique),
        torch.tensor([d.scene for d in drawn]),
        torch.tensor([number[d.text] for d in drawn]),
        torch.tensor([d.label for d in drawn]),
    )
