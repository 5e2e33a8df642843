"""Two domains of the picture book: ten things drawn by Noto, and the same things drawn by Twemoji."""

import random

import numpy as np
import torch

from crossmodal.alignment.styles import Domains, Pictures
from crossmodal.world.render import render
from crossmodal.world.sampler import alone
from crossmodal.world.sprites import Style, sprites
from crossmodal.world.vocabulary import vocabulary

SIDE = 24
NAMES = ("cat", "dog", "elephant", "fish", "apple", "banana", "car", "bicycle", "house", "guitar")
SOURCE, TARGET, TEST = 800, 800, 500


def domains(seed: int, classes: int = 10) -> Domains:
    """classes: how many of the ten things the target has."""
    rng = random.Random(seed)
    return Domains(
        _drawn(rng, "noto", SOURCE, len(NAMES)),
        _drawn(rng, "twemoji", TARGET, classes),
        _drawn(rng, "twemoji", TEST, classes),
        len(NAMES),
    )


def _drawn(rng: random.Random, style: Style, count: int, classes: int) -> Pictures:
    atlas, pixels, labels = sprites(style), [], []
    for _ in range(count):
        label = rng.randrange(classes)
        scene = alone(rng, rng.choice(vocabulary().by_name[NAMES[label]]))
        pixels.append(np.asarray(render(scene, SIDE, atlas), dtype=np.float32).transpose(2, 0, 1) / 255)
        labels.append(label)
    return Pictures(torch.from_numpy(np.stack(pixels)), torch.tensor(labels))
