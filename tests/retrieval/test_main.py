"""The commands, as they are typed."""

import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "CROSSMODAL_GALLERIES": str(folder), "CROSSMODAL_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "crossmodal.retrieval", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_recall_search_list_and_copy_of_the_bundled_gallery(tmp_path: Path) -> None:
    first = run(tmp_path / "data", "list")
    assert first.stdout == "Picture book: not indexed yet\n", first.stderr
    table = run(tmp_path / "data", "recall").stdout.splitlines()
    assert [line.split("|")[1].strip() for line in table[2:]] == [
        "text → picture, English",
        "picture → text, English",
        "text → picture, Chinese",
        "picture → text, Chinese",
    ]
    for line in table[2:]:
        shares = [float(cell.split()[0]) for cell in line.split("|")[3:6]]
        assert shares == sorted(shares)
        assert shares[0] > 60
    assert len(run(tmp_path / "data", "search", "Picture book", "cat", "-k", "3").stdout.splitlines()) >= 3
    assert run(tmp_path / "data", "copy", "Picture book", str(tmp_path / "copy")).stdout == "1,500 vectors copied.\n"


def test_a_folder_is_indexed_and_a_second_time_brought_up_to_date(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for i in range(3):
        Image.new("RGB", (20, 20), (80 * i, 0, 0)).save(pictures / f"{i}.png")
    (pictures / "x.png").write_text("none")
    said = run(tmp_path / "data", "index", "mine", str(pictures)).stdout
    assert "3 new or changed, 0 unchanged, 0 removed, 1 skipped." in said
    assert "x.png" in said
    (pictures / "0.png").unlink()
    (pictures / "x.png").unlink()
    assert "0 new or changed, 2 unchanged, 1 removed, 0 skipped." in run(tmp_path / "data", "index", "mine").stdout


def test_what_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    for arguments in (("search", "nowhere", "cat"), ("recall", "nowhere"), ("index", "mine", str(tmp_path / "nowhere"))):
        done = run(tmp_path / "data", *arguments)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert done.stderr.strip().splitlines()[-1].endswith(".")
