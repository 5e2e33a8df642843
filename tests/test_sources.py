import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from crossmodal import sources as module
from crossmodal.errors import PictureError, UserError
from crossmodal.sources import folder_sources, sources


def picture_bytes(colour: str = "red") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(content, "PNG")
    return content.getvalue()


def archive(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return path


def test_pictures_of_files_and_archives_in_order(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture_bytes("red"))
    packed = archive(tmp_path / "b.zip", {"in/c.png": picture_bytes("blue"), "notes.txt": b"no", "__MACOSX/x.png": b""})
    found = sources([(tmp_path / "a.png", "a.png"), (packed, "b.zip")])
    assert [s.name for s in found] == ["a.png", "in/c.png"]
    assert [s.read().getpixel((0, 0)) for s in found] == [(255, 0, 0), (0, 0, 255)]


@pytest.mark.parametrize("name", ["../../evil.png", "/etc/evil.png", "..\\evil.png", "C:\\evil.png"])
def test_a_path_that_leads_out_of_the_archive_is_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    packed = archive(inside / "b.zip", {name: picture_bytes(), "good.png": picture_bytes()})
    bad, good = sources([(packed, "b.zip")])
    with pytest.raises(PictureError, match="outside"):
        bad.read()
    assert good.read().size == (8, 8)
    assert [p.name for p in tmp_path.rglob("*")] == ["inside", "b.zip"]


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_FILE", 1_000_000)
    packed = archive(tmp_path / "b.zip", {"bomb.png": bytes(30_000_000)})
    assert packed.stat().st_size < 100_000
    (bomb,) = sources([(packed, "b.zip")])
    tracemalloc.start()
    with pytest.raises(PictureError, match="unpacked"):
        bomb.read()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_what_is_no_archive_and_what_holds_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip at all")
    with pytest.raises(UserError, match="damaged or no zip"):
        sources([(tmp_path / "a.zip", "a.zip")])
    with pytest.raises(UserError, match="no picture"):
        sources([(archive(tmp_path / "b.zip", {"notes.txt": b""}), "b.zip")])
    with pytest.raises(UserError, match="no picture"):
        sources([])


def test_too_many_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PICTURES", 3)
    with pytest.raises(UserError, match="more than 3 pictures"):
        sources([(tmp_path / f"{i}.png", str(i)) for i in range(4)])


def test_a_damaged_entry_says_so(tmp_path: Path) -> None:
    packed = archive(tmp_path / "b.zip", {"a.png": picture_bytes()})
    content = bytearray(packed.read_bytes())
    content[45] ^= 0xFF
    packed.write_bytes(bytes(content))
    (source,) = sources([(packed, "b.zip")])
    with pytest.raises(PictureError):
        source.read()


def test_an_entry_of_a_damaged_other_compression_says_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_LZMA) as made:
        made.writestr("a.png", picture_bytes())
    content = bytearray((tmp_path / "b.zip").read_bytes())
    content[39:60] = b"\xff" * 21
    (tmp_path / "b.zip").write_bytes(bytes(content))
    (source,) = sources([(tmp_path / "b.zip", "b.zip")])
    with pytest.raises(PictureError, match="unpacked"):
        source.read()


def test_an_archive_of_too_many_entries_or_bytes_is_refused_by_its_table_of_contents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = archive(tmp_path / "b.zip", {f"{i}.png": bytes(1_000) for i in range(5)})
    for limit, value in (("MOST_ENTRIES", 4), ("LARGEST_ARCHIVE", 4_999)):
        with monkeypatch.context() as patch:
            patch.setattr(module, limit, value)
            with pytest.raises(UserError, match="Send it in parts"):
                sources([(packed, "b.zip")])


def test_only_the_folder_that_the_operator_opened(tmp_path: Path) -> None:
    opened = tmp_path / "open"
    (opened / "sub").mkdir(parents=True)
    (opened / "sub" / "a.png").write_bytes(picture_bytes())
    (tmp_path / "secret.png").write_bytes(picture_bytes())
    (opened / "link.png").symlink_to(tmp_path / "secret.png")
    assert [s.name for s in folder_sources("", opened)] == ["sub/a.png"]
    assert [s.name for s in folder_sources("sub", opened)] == ["sub/a.png"]
    for outside in ("..", "../", str(tmp_path), "sub/../..", "nowhere", "x" * 3_000, "a\0b"):
        with pytest.raises(UserError, match="no such folder"):
            folder_sources(outside, opened)
    with pytest.raises(UserError, match="not open"):
        folder_sources("", None)
