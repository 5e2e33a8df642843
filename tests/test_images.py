import io
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
from PIL import Image

from crossmodal.errors import PictureError
from crossmodal.images import content_hash, read_picture


def bomb(width: int, height: int) -> bytes:
    """A PNG of one colour, small on disk and large in memory."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" * ((width // 8 + 1) * height), 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def saved(path: Path, picture: Image.Image, **options: object) -> Path:
    picture.save(path, **options)
    return path


def test_a_text_file_named_png_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.png"
    path.write_text("not a picture")
    with pytest.raises(PictureError, match=r"notes\.png is not a picture"):
        read_picture(path)


def test_a_truncated_jpeg_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "half.jpg", Image.effect_noise((300, 300), 80).convert("RGB"))
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(PictureError, match="damaged or cut short"):
        read_picture(path)


def test_144_megapixels_are_refused_without_decoding_them(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(12_000, 12_000))
    assert path.stat().st_size < 30_000
    tracemalloc.start()
    with pytest.raises(PictureError, match="144 megapixels; the limit is 40"):
        read_picture(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_picture_over_pillows_own_limit_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(30_000, 30_000))
    with pytest.raises(PictureError, match="pixels"):
        read_picture(path)


@pytest.mark.parametrize(
    "content",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF",
    ],
    ids=["eps", "svg", "pdf"],
)
def test_documents_are_refused_whatever_they_are_called(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "drawing.png"
    path.write_bytes(content)
    with pytest.raises(PictureError, match="not a picture that can be read"):
        read_picture(path)


def test_a_picture_of_8000_by_1_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="8000 x 1"):
        read_picture(saved(tmp_path / "line.png", Image.new("RGB", (8000, 1))))


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no longer there"):
        read_picture(tmp_path / "gone.png")


def test_one_pixel_is_a_picture(tmp_path: Path) -> None:
    assert read_picture(saved(tmp_path / "dot.png", Image.new("RGB", (1, 1), "red"))).getpixel((0, 0)) == (255, 0, 0)


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    path = saved(tmp_path / "two.gif", frames[0], save_all=True, append_images=frames[1:])
    red, _, blue = read_picture(path).getpixel((4, 4))  # type: ignore[misc]
    assert red > 200 > 50 > blue


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    picture = read_picture(saved(tmp_path / "print.jpg", Image.new("CMYK", (8, 8), (0, 255, 255, 0))))
    assert picture.mode == "RGB"
    red, green, _ = picture.getpixel((4, 4))  # type: ignore[misc]
    assert red > 200 > 60 > green


def test_16_bits_keep_their_brightness(tmp_path: Path) -> None:
    grey = Image.new("I;16", (8, 8), 32768)
    value = read_picture(saved(tmp_path / "deep.png", grey)).getpixel((4, 4))
    assert all(120 <= channel <= 135 for channel in value)  # type: ignore[union-attr]


def test_a_16_bit_picture_that_is_dark_stays_dark(tmp_path: Path) -> None:
    grey = Image.new("I;16", (8, 8), 200)
    assert max(read_picture(saved(tmp_path / "dark.png", grey)).getpixel((4, 4))) <= 2  # type: ignore[type-var]


def test_transparency_is_shown_on_white(tmp_path: Path) -> None:
    path = saved(tmp_path / "glass.png", Image.new("RGBA", (8, 8), (255, 0, 0, 0)))
    assert read_picture(path).getpixel((4, 4)) == (255, 255, 255)


def test_a_rotated_photograph_stands_upright(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 20), "white")
    exif = Image.Exif()
    exif[274] = 6
    assert read_picture(saved(tmp_path / "phone.jpg", picture, exif=exif)).size == (20, 40)


def test_a_name_full_of_markup_does_not_reach_the_sentence(tmp_path: Path) -> None:
    with pytest.raises(PictureError) as raised:
        read_picture(io.BytesIO(b"x"), "<img src=x onerror=alert(1)>.png")
    assert "<" not in str(raised.value)


def test_the_hash_is_of_the_pixels_not_of_the_file(tmp_path: Path) -> None:
    picture = Image.effect_noise((20, 20), 50).convert("RGB")
    png, bmp = saved(tmp_path / "a.png", picture), saved(tmp_path / "b.bmp", picture)
    assert content_hash(read_picture(png)) == content_hash(read_picture(bmp))
    assert content_hash(picture) != content_hash(picture.rotate(180))
