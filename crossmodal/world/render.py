"""Draws a scene at any size, and says which thing is seen where."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from crossmodal.world.scenes import Background, Placed, Scene
from crossmodal.world.sprites import Sprites, sprites

Box = tuple[int, int]
PEOPLE_SIZE = 384
"""Pixels a side when the picture is for people to look at."""


def render(scene: Scene, size: int, atlas: Sprites | None = None) -> Image.Image:
    """An RGB picture of `size` by `size` pixels."""
    return render_with_masks(scene, size, atlas)[0]


def render_with_masks(
    scene: Scene, size: int, atlas: Sprites | None = None
) -> tuple[Image.Image, list[tuple[Image.Image, Box]]]:
    """The picture, and for each placed thing its alpha mask with the corner where it was pasted."""
    atlas = atlas or sprites()
    picture = _draw_background(scene.background, size)
    masks = []
    for placed in scene.placed:
        drawing = _draw(placed, size, atlas)
        corner = round(placed.x * size - drawing.width / 2), round(placed.y * size - drawing.height / 2)
        mask = drawing.getchannel("A")
        picture.paste(drawing.convert("RGB"), corner, mask)
        masks.append((mask, corner))
    return picture, masks


def patch_labels(scene: Scene, masks: list[tuple[Image.Image, Box]], size: int, grid: int) -> NDArray[np.int64]:
    """Which placed thing fills each patch of a `grid` by `grid` division: its position in the scene, -1 for none.

    A patch belongs to the thing that covers most of it, if that is at least a sixth.
    """
    cell = 3
    side = grid * cell
    seen = np.full((side, side), -1, dtype=np.int64)
    for i, (mask, (left, top)) in enumerate(masks):
        whole = Image.new("L", (size, size))
        whole.paste(mask, (left, top))
        seen[np.asarray(whole.resize((side, side), Image.Resampling.BOX)) > 100] = i
    cells = seen.reshape(grid, cell, grid, cell)
    shares = np.stack([(cells == i).sum(axis=(1, 3)) for i in range(len(scene.placed))])
    labels: NDArray[np.int64] = shares.argmax(axis=0)
    labels[shares.max(axis=0) * 6 < cell * cell] = -1
    return labels


def _draw(placed: Placed, size: int, atlas: Sprites) -> Image.Image:
    width, height = max(2, round(placed.width * size)), max(2, round(placed.height * size))
    drawing = atlas.drawing(placed.thing.index, max(width, height))
    drawing = drawing.resize((width, height), Image.Resampling.BILINEAR)
    if placed.mirrored:
        drawing = drawing.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if abs(placed.angle) > 1:
        drawing = drawing.rotate(placed.angle, Image.Resampling.BILINEAR, expand=True)
    if abs(placed.brightness - 1) > 0.02:
        alpha = drawing.getchannel("A")
        drawing = ImageEnhance.Brightness(drawing.convert("RGB")).enhance(placed.brightness)
        drawing.putalpha(alpha)
    return drawing


def _draw_background(background: Background, size: int) -> Image.Image:
    if background.kind == "plain":
        return Image.new("RGB", (size, size), background.top)
    if background.kind == "horizon":
        picture = Image.new("RGB", (size, size), background.top)
        line = round(background.line * size)
        picture.paste(background.bottom, (0, line, size, size))
        return picture
    share = np.linspace(0, 1, size)[:, None]
    column = np.asarray(background.top) * (1 - share) + np.asarray(background.bottom) * share
    rows = np.repeat(column[:, None, :], size, axis=1)
    return Image.fromarray(rows.round().astype(np.uint8))
