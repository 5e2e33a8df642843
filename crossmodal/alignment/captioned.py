"""A small captioned set of the picture book: what both towers pool of pictures and captions, encoded once."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from crossmodal.embedding.embedder import PICTURE_BATCH, Embedder
from crossmodal.world.captions import caption
from crossmodal.world.render import render
from crossmodal.world.sampler import SceneSampler

PAIRS, TEST = 2_000, 400
SEEDS_FROM = 720_000_000
"""Of scenes that the bundled towers were not trained on."""
SEVERAL = (0.0, 0.6, 0.4, 0.0, 0.0)
"""Scenes of two and three things: captions of one thing would be the same too often to be told apart."""


@dataclass(frozen=True)
class Captioned:
    """Pooled features, row i of one belonging to row i of the other."""

    pictures: Tensor
    """(pairs, width)."""
    texts: Tensor

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, rows: Tensor) -> "Captioned":
        return Captioned(self.pictures[rows], self.texts[rows])

    def split(self, seed: int) -> "tuple[Captioned, Captioned]":
        """To learn from, and `TEST` pairs to measure on; another split for each seed."""
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        return self[order[TEST:]], self[order[:TEST]]


def encode(embedder: Embedder, said: Callable[[float], None] = lambda share: None) -> Captioned:
    """said: told how far it is, 0 to 1."""
    sampler, pictures, texts = SceneSampler(structure_weights=SEVERAL), [], []
    for start in range(0, PAIRS, PICTURE_BATCH):
        scenes = [sampler.sample(SEEDS_FROM + i) for i in range(start, min(start + PICTURE_BATCH, PAIRS))]
        pictures.append(embedder.tower_pictures([render(scene, embedder.side) for scene in scenes]))
        texts.append(embedder.tower_texts([caption(s, "en", random.Random(i)) for i, s in enumerate(scenes, start)]))
        said(min(1.0, (start + PICTURE_BATCH) / PAIRS))
    return Captioned(torch.cat(pictures), torch.cat(texts))
