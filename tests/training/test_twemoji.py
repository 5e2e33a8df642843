from pathlib import Path

import pytest
from PIL import Image

from crossmodal.training.twemoji import file_of, fitted, main
from crossmodal.world.vocabulary import vocabulary


def test_a_drawing_is_found_whether_or_not_its_name_asks_for_colour() -> None:
    names = ["1f431", "2764-fe0f", "1f408-200d-2b1b"]
    assert file_of("\U0001f431", names) == "1f431"
    assert file_of("\u2764", names) == "2764-fe0f"
    assert file_of("\U0001f408\u200d\u2b1b", names) == "1f408-200d-2b1b"
    assert file_of("\U0001f436", names) is None


def test_a_drawing_fills_the_things_box_and_keeps_its_shape() -> None:
    thing = next(t for t in vocabulary().things if t.width == 128 and t.height < 110)
    drawing = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    drawing.paste((255, 0, 0, 255), (20, 10, 40, 30))  # a square
    box = fitted(drawing, thing)
    assert box.size == (thing.width, thing.height)
    left, top, right, bottom = box.getbbox() or (0, 0, 0, 0)
    assert abs((right - left) - (bottom - top)) <= 1
    assert bottom - top == thing.height


def test_a_missing_drawing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"has no drawing of .* \(monkey\)"):
        main(tmp_path, tmp_path / "out.webp")
