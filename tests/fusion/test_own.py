"""A person's own table: read, refused in a sentence, split by picture."""

import zipfile
from pathlib import Path

import pytest
from PIL import Image

from crossmodal.embedding.embedder import Embedder
from crossmodal.errors import UserError
from crossmodal.fusion.own import read_own
from crossmodal.models.catalog import find_spec
from crossmodal.models.manager import ModelManager


def table(rows: int = 24, pictures: int = 12, labels: int = 2, header: str = "picture,text,label") -> str:
    lines = [f"{i % pictures}.png,a thing of kind {i % labels},kind {i % labels}" for i in range(rows)]
    return "\n".join([header, *lines])


def sent(folder: Path, text: str, pictures: int = 12) -> list[tuple[Path, str]]:
    (folder / "table.csv").write_text(text, encoding="utf-8")
    for i in range(pictures):
        Image.new("RGB", (24, 24), (20 * i, 0, 255 - 20 * i)).save(folder / f"{i}.png")
    return [(path, path.name) for path in sorted(folder.iterdir())]


def test_rows_point_to_their_pictures_also_from_inside_a_zip(tmp_path: Path) -> None:
    files = sent(tmp_path, table())
    own = read_own(files)
    assert own.classes == ("kind 0", "kind 1")
    assert [own.pictures[r.scene].name for r in own.rows[:3]] == ["0.png", "1.png", "2.png"]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        for path, name in files:
            packed.write(path, f"data/{name}")
    again = read_own([(tmp_path / "all.zip", "all.zip")])
    assert again.rows == own.rows


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (table(header="picture,text,class"), "lacks the column 'label'"),
        (table(labels=1), "All rows have the label 'kind 0'"),
        (table(pictures=20), "8 pictures that were not sent, first '12.png'"),
        (table(rows=5), "5 rows; it needs 20"),
        (table(pictures=3), "3 different pictures; it needs 8"),
        (table() + "\n0.png,alone,rare", "'rare' is on one row alone"),
        ("picture,text,label\n,,", "No row has a picture"),
        ("", "lacks the column 'picture'"),
    ],
)
def test_a_table_that_will_not_do_is_refused_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_own(sent(tmp_path, text))


def test_rows_that_lack_something_are_counted(tmp_path: Path) -> None:
    own = read_own(sent(tmp_path, table() + "\n0.png,,kind 0\n,no picture,kind 1"))
    assert own.left_out == 2
    assert len(own.rows) == 24


def test_two_pictures_of_one_name_are_told_apart_by_their_folder_or_refused(tmp_path: Path) -> None:
    files = [(path, f"data/{name}") for path, name in sent(tmp_path, table())]
    twin = [*files, (tmp_path / "1.png", "other/0.png")]
    with pytest.raises(UserError, match=r"Two pictures are called '0\.png'"):
        read_own(twin)
    (tmp_path / "table.csv").write_text(table().replace("\n0.png", "\ndata/0.png"), encoding="utf-8")
    assert read_own(twin).pictures[0].name == "data/0.png"


def test_no_table_or_two_of_them_are_refused(tmp_path: Path) -> None:
    files = sent(tmp_path, table())
    with pytest.raises(UserError, match="0 CSV files"):
        read_own([f for f in files if not f[1].endswith(".csv")])
    with pytest.raises(UserError, match="2 CSV files"):
        read_own([*files, next(f for f in files if f[1] == "table.csv")])


def test_no_picture_is_in_training_and_testing_at_once(tmp_path: Path, manager: ModelManager) -> None:
    own = read_own(sent(tmp_path, table(rows=48)))
    with manager.use(find_spec("picturebook-clip", "embedding"), "fp32") as loaded:
        first, second = own.splits(Embedder(loaded), 2, lambda share: None)
    for split in (first, second):
        assert not set(split.train.picture.tolist()) & set(split.test.picture.tolist())
        assert len(split.train) + len(split.test) == 48
        assert len(set(split.test.picture.tolist())) == 3
    assert first.test.picture.tolist() != second.test.picture.tolist()
