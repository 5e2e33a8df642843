"""Put Twemoji's drawings of the picture book's things into an atlas of their own: the second domain.

    npm pack emoji-datasource-twitter && tar xzf emoji-datasource-twitter-*.tgz
    python -m crossmodal.training.twemoji package/img/twitter/64

Writes `assets/sprites/twemoji.webp`. Each drawing fills the box that Noto's drawing of the same thing has, so that a scene
is laid out alike in both styles and differs in nothing but how it is drawn.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from crossmodal.paths import SPRITES
from crossmodal.world.sprites import CELL, COLUMNS
from crossmodal.world.vocabulary import Thing, vocabulary

JOINER_STYLE = "fe0f"
"""The character that asks for a coloured drawing: some names of files have it, some glyphs, not always both."""


def file_of(glyph: str, names: Iterable[str]) -> str | None:
    """The name, among those of the package, of the drawing of a glyph; None where there is none."""
    codes = [f"{ord(character):04x}" for character in glyph]
    wanted = [code for code in codes if code != JOINER_STYLE]
    return next((n for n in names if [c for c in n.split("-") if c != JOINER_STYLE] == wanted), None)


def fitted(drawing: Image.Image, thing: Thing) -> Image.Image:
    """What is drawn, as large as fits into the thing's box, in the middle of it."""
    drawing = drawing.convert("RGBA")
    drawing = drawing.crop(drawing.getbbox())
    scale = min(thing.width / drawing.width, thing.height / drawing.height)
    size = max(1, round(drawing.width * scale)), max(1, round(drawing.height * scale))
    box = Image.new("RGBA", (thing.width, thing.height), (0, 0, 0, 0))
    corner = (thing.width - size[0]) // 2, (thing.height - size[1]) // 2
    box.paste(drawing.resize(size, Image.Resampling.LANCZOS), corner)
    return box


def main(folder: Path, out: Path) -> None:
    things = vocabulary().things
    names = sorted(path.stem for path in folder.glob("*.png"))
    atlas = Image.new("RGBA", (COLUMNS * CELL, -(-len(things) // COLUMNS) * CELL), (0, 0, 0, 0))
    for thing in things:
        name = file_of(thing.glyph, names)
        if name is None:
            raise SystemExit(f"{folder} has no drawing of {thing.glyph} ({thing.name}).")
        with Image.open(folder / f"{name}.png", formats=("PNG",)) as drawing:
            box = fitted(drawing, thing)
        x, y = thing.index % COLUMNS * CELL, thing.index // COLUMNS * CELL
        atlas.paste(box, (x + (CELL - thing.width) // 2, y + (CELL - thing.height) // 2))
    atlas = atlas.resize((atlas.width // 2, atlas.height // 2), Image.Resampling.BOX)  # the drawings have 64 pixels
    atlas.save(out, quality=80, method=4)
    print(f"{len(things)} drawings, {out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the package's pictures of 64 pixels")
    parser.add_argument("--out", type=Path, default=SPRITES / "twemoji.webp")
    main(*vars(parser.parse_args()).values())
