import math
from pathlib import Path

import pytest
import torch

from crossmodal.zero_shot.calibration import (
    Calibration,
    read_calibration,
    write_calibration,
)

SOME = Calibration(0.5, 0.1, -2.0, -1.0, 0.5, 20, {"en": ("cat",), "zh": ("猫",)})


def test_it_is_read_back_as_written_and_none_where_there_is_no_file(tmp_path: Path) -> None:
    write_calibration(SOME, tmp_path)
    assert read_calibration(tmp_path) == SOME
    assert read_calibration(tmp_path / "elsewhere") is None
    assert read_calibration(None) is None


def test_a_label_is_read_against_the_background_of_its_own_picture() -> None:
    cosines = torch.tensor([[0.5], [0.5]])
    background = torch.tensor([[0.1, 0.2, 0.0], [0.6, 0.7, 0.5]])
    clear, drowned = SOME.probability(cosines, background, 10.0).flatten().tolist()
    assert clear > 0.5 > drowned
    assert clear == pytest.approx(1 / (1 + math.exp(-(0.5 * 4 + 0.1 * 5 - 2))), abs=1e-4)


def test_more_labels_must_reach_more() -> None:
    assert SOME.none_below(1) == pytest.approx(1 / (1 + math.e))
    needed = [SOME.none_below(n) or 0 for n in (1, 2, 20)]
    assert needed == sorted(set(needed))
    assert SOME.none_below(21) is None  # nobody measured so long a list
