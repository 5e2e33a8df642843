"""Does a picture look as if it came from the picture book? Its backgrounds are even along each row; photographs' are not."""

import numpy as np
from PIL import Image

SIDE = 96
TOLERANCE = 3
"""Levels, of 255, by which a pixel may differ from its row's background: what JPEG and WebP leave after shrinking."""
LEAST_EVENNESS = 0.38
"""Measured by `python -m crossmodal.training.evaluate familiarity`; figures in the model card."""


def evenness(picture: Image.Image) -> float:
    """Share of pixels that have the colour most common in their row, 0 to 1."""
    pixels = np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.int16)
    rows = []
    for row in pixels:
        distance = np.abs(row[:, None, :] - row[None, :, :]).max(axis=-1)
        rows.append((distance <= TOLERANCE).sum(axis=1).max())
    return float(np.mean(rows)) / SIDE


def looks_like_picture_book(picture: Image.Image) -> bool:
    return evenness(picture) >= LEAST_EVENNESS
