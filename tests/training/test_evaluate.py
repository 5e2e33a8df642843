from pathlib import Path

import pytest

from crossmodal.training.cards import write_section
from crossmodal.training.clip_data import TRAINING_SEEDS
from crossmodal.training.evaluate import chat_cases
from crossmodal.training.shares import Share
from crossmodal.world.answers import FAMILIES, FOLLOW_UPS
from crossmodal.world.phrasings import phrasings


def test_wilsons_interval() -> None:
    low, high = Share(85, 100).interval()
    assert (low, high) == (pytest.approx(76.7, abs=0.1), pytest.approx(90.7, abs=0.1))
    assert Share(0, 0).percent == 0


def test_cases_cover_all_families_in_both_languages_with_held_out_phrasings() -> None:
    cases = chat_cases(160)
    assert {(c.turn.family, c.turn.language) for c in cases} == {
        (family, language) for family in (*FAMILIES, *FOLLOW_UPS) for language in ("en", "zh")
    }
    for case in cases:
        if case.turn.family in ("describe", "colour", "graph", "who"):
            assert case.turn.question in phrasings(case.turn.family, case.turn.language, True)
        assert (case.before is not None) == (case.turn.family in FOLLOW_UPS)


def test_the_seeds_of_the_evaluation_are_never_trained_on() -> None:
    assert TRAINING_SEEDS > 900_000_000 + 1_000_000


def test_a_card_keeps_one_section_of_each_measurement(tmp_path: Path) -> None:
    write_section(tmp_path, "clip", 100, "first figures")
    write_section(tmp_path, "chat", 100, "other figures")
    write_section(tmp_path, "clip", 2000, "second figures")
    text = (tmp_path / "README.md").read_text()
    assert "first figures" not in text
    assert text.count("second figures") == text.count("other figures") == 1
    assert "--scenes 2000" in text
