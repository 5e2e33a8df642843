"""Draw the sprite atlas: every glyph of the curated vocabulary, rendered once from Noto Color Emoji.

Needs Debian's `fonts-noto-color-emoji`. Run again after an edit of the vocabulary's rows; it fills in the
columns `width` and `height` and writes `assets/sprites/atlas.webp`.
"""

import argparse
import csv
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, features

from crossmodal.paths import SPRITES
from crossmodal.world.sprites import CELL, COLUMNS

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
FONT_SIZE = 109
"""The one size at which the font carries its bitmaps."""


def draw_glyph(glyph: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """The glyph cropped to what is drawn and scaled to fill a cell. Raises ValueError where the font lacks it."""
    canvas = Image.new("RGBA", (4 * CELL, 2 * CELL), (0, 0, 0, 0))
    ImageDraw.Draw(canvas).text((32, 32), glyph, font=font, embedded_color=True)
    box = canvas.getbbox()
    if box is None or box[2] - box[0] > 1.3 * CELL:
        raise ValueError(f"{glyph!r} is not one drawing in this font.")
    drawing = canvas.crop(box)
    scale = CELL / max(drawing.size)
    size = max(1, round(drawing.width * scale)), max(1, round(drawing.height * scale))
    return drawing.resize(size, Image.Resampling.LANCZOS)


def main(font_path: Path, folder: Path) -> None:
    if not features.check("raqm"):
        raise SystemExit("Pillow lacks Raqm, which joins the parts of a glyph. Install a Pillow wheel that has it.")
    font = ImageFont.truetype(str(font_path), FONT_SIZE)
    table = folder / "vocabulary.tsv"
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    atlas = Image.new("RGBA", (COLUMNS * CELL, -(-len(rows) // COLUMNS) * CELL), (0, 0, 0, 0))
    for i, row in enumerate(rows):
        drawing = draw_glyph(row["glyph"], font)
        row["width"], row["height"] = str(drawing.width), str(drawing.height)
        x, y = i % COLUMNS * CELL, i // COLUMNS * CELL
        atlas.paste(drawing, (x + (CELL - drawing.width) // 2, y + (CELL - drawing.height) // 2))
    atlas.save(folder / "atlas.webp", quality=80, method=6)
    lines = ["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(rows)} sprites, {(folder / 'atlas.webp').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--font", type=Path, default=FONT)
    parser.add_argument("--folder", type=Path, default=SPRITES)
    main(*vars(parser.parse_args()).values())
