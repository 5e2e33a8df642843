import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from crossmodal.errors import UserError
from crossmodal.retrieval.folder import bring_in, scan


def picture(path: Path, colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(path)
    return path


def test_captions_from_text_json_and_csv(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "in/c.png", "in/d.png", "e.png"):
        picture(tmp_path / name)
    (tmp_path / "a.txt").write_text("A cat\n\n一只猫\nA cat\n", encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps({"captions": ["x", "y"], "date": "2024-05-06T10:00"}))
    (tmp_path / "in/list.csv").write_text("File,caption,caption_zh,date\nc.png,See,海,2020-01-02\n", encoding="utf-8-sig")
    files, skipped = scan(tmp_path)
    assert skipped == []
    assert [f.name for f in files] == ["a.png", "b.png", "e.png", "in/c.png", "in/d.png"]
    said = {f.name: f.described for f in files}
    assert said["a.png"].captions == ("A cat", "一只猫")
    assert (said["b.png"].captions, said["b.png"].date) == (("x", "y"), "2024-05-06")
    assert (said["in/c.png"].captions, said["in/c.png"].date) == (("See", "海"), "2020-01-02")
    assert said["in/d.png"].captions == said["e.png"].captions == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"\xff\xfe\x00bad\x80"),
        ("a.json", b"[1, 2]"),
        ("a.json", b"{broken"),
        ("a.csv", b"name,words\nx,y\n"),
        ("a.json", b"[" * 100_000),
    ],
)
def test_caption_files_that_cannot_be_read_are_named_and_the_pictures_stay(tmp_path: Path, name: str, content: bytes) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / name).write_bytes(content)
    files, skipped = scan(tmp_path)
    assert [f.name for f in files] == ["a.png"]
    assert [s.name for s in skipped] == [name]
    assert "Captions could not be read" in str(skipped[0].error)


def test_links_out_of_the_folder_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    outside = picture(tmp_path / "outside/secret.png")
    root = tmp_path / "root"
    picture(root / "a.png")
    picture(root / ".hidden/b.png")
    (root / "link.png").symlink_to(outside)
    assert [f.name for f in scan(root)[0]] == ["a.png"]


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not there"):
        scan(tmp_path / "nowhere")


def test_files_come_in_under_names_of_their_own(tmp_path: Path) -> None:
    root = tmp_path / "gallery"
    first, second = picture(tmp_path / "1/same.png", "red"), picture(tmp_path / "2/same.png", "blue")
    result = bring_in([(first, "same.png"), (second, "same.png"), (first, "same.png")], root)
    assert (result.added, result.already_there) == (2, 1)
    assert sorted(p.name for p in root.iterdir()) == ["same (2).png", "same.png"]
    assert (root / "same.png").read_bytes() == first.read_bytes()
    assert (root / "same (2).png").read_bytes() == second.read_bytes()


def test_an_archive_keeps_its_folders_and_nothing_leaves_the_gallery(tmp_path: Path) -> None:
    root = tmp_path / "a/gallery"
    packed = tmp_path / "more.zip"
    good = picture(tmp_path / "good.png")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(good, "deep/in/good.png")
        archive.write(good, "../../evil.png")
        archive.writestr("deep/in/good.txt", "A good one")
        archive.writestr("readme.exe", "no")
    result = bring_in([(packed, "more.zip")], root)
    assert result.added == 1
    assert [s.name for s in result.skipped] == ["../../evil.png"]
    assert "outside" in str(result.skipped[0].error)
    (file,) = scan(root)[0]
    assert (file.name, file.described.captions) == ("deep/in/good.png", ("A good one",))
    assert not (tmp_path / "evil.png").exists()


def test_what_is_neither_picture_nor_caption_is_named(tmp_path: Path) -> None:
    script = tmp_path / "x.exe"
    script.write_text("no")
    result = bring_in([(script, "x.exe"), (picture(tmp_path / "a.png"), "a.png")], tmp_path / "gallery")
    assert result.added == 1
    assert [s.name for s in result.skipped] == ["x.exe"]


def test_names_with_characters_of_other_systems(tmp_path: Path) -> None:
    root = tmp_path / "gallery"
    bring_in(
        [(picture(tmp_path / "a.png"), 'C:\\pictures\\what? "so" *.png'), (picture(tmp_path / "b.png", "blue"), "猫🐱.png")],
        root,
    )
    assert {f.name for f in scan(root)[0]} == {"C_/pictures/what_ _so_ _.png", "猫🐱.png"}


def test_what_several_files_say_of_one_picture_is_put_together(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("A cat")
    (tmp_path / "list.csv").write_text("file,caption,date\na.png,,2020-01-02\n")
    (file,) = scan(tmp_path)[0]
    assert (file.described.captions, file.described.date) == (("A cat",), "2020-01-02")


def test_a_caption_over_two_lines_of_a_table_is_one_caption(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "list.csv").write_text('file,caption\na.png,"red cat\non a\u2028mat"\n', encoding="utf-8")
    (file,) = scan(tmp_path)[0]
    assert file.described.captions == ("red cat on a mat",)


def test_long_names_are_cut_by_bytes_and_keep_their_suffix(tmp_path: Path) -> None:
    root = tmp_path / "gallery"
    source = picture(tmp_path / "a.png")
    result = bring_in([(source, "猫" * 200 + ".png"), (picture(tmp_path / "b.png", "blue"), "猫" * 200 + ".png")], root)
    assert (result.added, result.skipped) == (2, [])
    assert all(f.name.endswith(".png") and len(f.name.encode()) < 255 for f in scan(root)[0])
    assert not [p for p in root.iterdir() if p.name.startswith(".")]


def test_an_entry_that_stands_in_the_way_of_another_is_named(tmp_path: Path) -> None:
    packed, good = tmp_path / "clash.zip", picture(tmp_path / "good.png")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(good, "a.jpg")
        archive.write(good, "a.jpg/b.png")
        archive.write(good, "c.png")
    result = bring_in([(packed, "clash.zip")], tmp_path / "gallery")
    assert result.added == 2
    assert [s.name for s in result.skipped] == ["a.jpg/b.png"]


def test_captions_do_not_count_as_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossmodal.sources.MOST_PICTURES", 2)
    sent = []
    for i in range(2):
        sent += [picture(tmp_path / f"{i}.png"), tmp_path / f"{i}.txt"]
        sent[-1].write_text("said")
    assert bring_in([(p, p.name) for p in sent], tmp_path / "gallery").added == 2
    with pytest.raises(UserError, match="more than 2 pictures"):
        bring_in([(p, f"x{i}.png") for i, p in enumerate(sent)], tmp_path / "gallery")


def test_nothing_sent(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no picture in what was sent"):
        bring_in([], tmp_path / "gallery")
