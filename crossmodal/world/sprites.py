"""The sprite atlas: one drawing a thing, 128 pixels a cell."""

from functools import cache
from typing import Literal

from PIL import Image

from crossmodal.paths import SPRITES
from crossmodal.world.vocabulary import Vocabulary, vocabulary

Style = Literal["noto", "twemoji"]
FILES: dict[Style, str] = {"noto": "atlas.webp", "twemoji": "twemoji.webp"}
CELL = 128
COLUMNS = 32


class Sprites:
    """The drawings of a vocabulary, each cropped to what is drawn, with smaller copies for small scenes."""

    LEVELS = (128, 64, 32)

    def __init__(self, atlas: Image.Image, words: Vocabulary) -> None:
        self._levels: dict[int, list[Image.Image]] = {level: [] for level in self.LEVELS}
        for thing in words.things:
            left = thing.index % COLUMNS * CELL + (CELL - thing.width) // 2
            top = thing.index // COLUMNS * CELL + (CELL - thing.height) // 2
            drawing = atlas.crop((left, top, left + thing.width, top + thing.height))
            for level in self.LEVELS:
                size = max(1, thing.width * level // CELL), max(1, thing.height * level // CELL)
                copy = drawing if level == CELL else drawing.resize(size, Image.Resampling.BOX)
                self._levels[level].append(copy)

    def drawing(self, index: int, longest_side: float) -> Image.Image:
        """The RGBA drawing of a thing from the smallest copy that is still sharp at that many pixels."""
        level = min((lv for lv in self.LEVELS if lv >= longest_side), default=CELL)
        return self._levels[level][index]


@cache
def sprites(style: Style = "noto") -> Sprites:
    """A bundled atlas, decoded once."""
    with Image.open(SPRITES / FILES[style], formats=("WEBP",)) as opened:
        atlas = opened.convert("RGBA")
    times = COLUMNS * CELL // atlas.width  # Twemoji's is kept at half the size, which is that of its drawings
    if times > 1:
        atlas = atlas.resize((atlas.width * times, atlas.height * times), Image.Resampling.BILINEAR)
    return Sprites(atlas, vocabulary())
