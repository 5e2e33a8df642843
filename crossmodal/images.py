"""The only door by which a picture from outside comes in: formats, size, rotation, colour."""

import hashlib
import warnings
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from crossmodal.errors import PictureError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
MAX_PIXELS = 40_000_000
MAX_ASPECT = 200
MIN_SIDE = 1


def read_picture(source: str | Path | IO[bytes], name: str = "", side: int = 0) -> Image.Image:
    """Decode one picture to RGB, upright, the first frame of an animation.

    Only the header is read before the checks, so an oversized picture costs no memory.
    side: where it is enough, a JPEG is decoded at a fraction of its size, both sides still this long; 0 for all of it.
    Raises PictureError with one sentence where it is no picture, of another format, too large, too thin or damaged.
    """
    shown = name or (Path(source).name if isinstance(source, str | Path) else "The file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own cap is lower, and an error
            with Image.open(source, formats=FORMATS) as picture:
                _check_size(picture.width, picture.height)
                picture.seek(0)
                if side:
                    picture.draft("RGB", (side, side))
                picture.load()
                return _as_rgb(ImageOps.exif_transpose(picture))
    except PictureError:
        raise
    except Image.DecompressionBombError:
        raise PictureError(
            f"The picture has too many pixels; the limit is {MAX_PIXELS // 1_000_000} million. Send a smaller one.",
            f"图片像素太多，上限是 {MAX_PIXELS // 1_000_000} 百万像素。请换一张小一些的。",
        ) from None
    except UnidentifiedImageError:
        raise PictureError(
            f"{_short(shown)} is not a picture that can be read. Send JPEG, PNG, WebP, GIF, BMP or TIFF.",
            f"{_short(shown)} 不是可以读取的图片。请使用 JPEG、PNG、WebP、GIF、BMP 或 TIFF。",
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, FileNotFoundError):
            raise PictureError(
                f"{_short(shown)} is no longer there. Send the picture again.",
                f"{_short(shown)} 已经不在了。请重新上传。",
            ) from None
        raise PictureError(
            f"{_short(shown)} is damaged or cut short. Send it again or choose another.",
            f"{_short(shown)} 已损坏或不完整。请重新上传或换一张。",
        ) from None


def content_hash(picture: Image.Image) -> str:
    """The same for the same pixels, whatever the file was."""
    digest = hashlib.sha256(f"{picture.mode} {picture.size}".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"The picture has {width * height / 1e6:.0f} megapixels; the limit is {MAX_PIXELS // 1_000_000}. "
            "Send a smaller one.",
            f"图片有 {width * height / 1e6:.0f} 百万像素，上限是 {MAX_PIXELS // 1_000_000} 百万。请换一张小一些的。",
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise PictureError(
            f"The picture is {width} x {height} pixels; one side may be at most {MAX_ASPECT} times the other. Crop it.",
            f"图片是 {width} x {height} 像素，长边最多是短边的 {MAX_ASPECT} 倍。请裁剪。",
        )


def _as_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith(("I", "F")):
        picture = _as_8_bits(picture)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        picture = Image.new("RGBA", layered.size, "white")
        picture.alpha_composite(layered)
    return picture.convert("RGB")


def _as_8_bits(picture: Image.Image) -> Image.Image:
    """Grey of 16 bits by its depth; deeper grey, whose range no header states, by its brightest pixel."""
    values = np.asarray(picture, dtype=np.float64)
    top = 65535.0 if picture.mode.startswith("I;16") else float(values.max(initial=255.0))
    return Image.fromarray((values * (255 / top)).clip(0, 255).round().astype(np.uint8))


def _short(name: str, limit: int = 60) -> str:
    """A file's name, short enough for a sentence and without what a page could take for markup."""
    plain = "".join(c for c in name if c.isprintable() and c not in "<>&\"'`[]()")
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"
