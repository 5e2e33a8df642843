from pathlib import Path

import pytest

from crossmodal.alignment.outcomes import bundle, bundled, rows_of, table_of

FOUND = {
    "control": {0: {"top-1": 40.0, "top-5": 60.0}, 1: {"top-1": 50.0, "top-5": 70.0}},
    "better": {1: {"top-1": 62.0, "top-5": 70.0}, 0: {"top-1": 50.0, "top-5": 60.0}},
    "none yet": {},
}


def test_gains_are_paired_with_the_controls_same_seed() -> None:
    rows = {row.title: row for row in rows_of(FOUND, "control")}
    assert list(rows) == ["control", "better"]
    assert rows["control"].gain == (0, 0, 0)
    mean, low, high = rows["better"].gain or (0, 0, 0)
    assert mean == 11
    assert low < mean < high
    assert (rows["better"].mean, rows["better"].spread) == (56, pytest.approx(8.485, abs=1e-3))


def test_one_seed_has_no_interval_and_no_control_no_gain() -> None:
    one = rows_of({"a": {0: {"x": 1.0}}}, "a")
    assert one[0].gain is None
    assert one[0].spread == 0
    assert rows_of({"a": {0: {"x": 1.0}, 1: {"x": 2.0}}}, "missing")[0].gain is None


def test_what_is_bundled_is_read_back_and_stands_in_the_card(tmp_path: Path) -> None:
    rows = rows_of(FOUND, "control")
    bundle("test", "python -m x", rows, {"better": [(0.5, 1.0, 3, True)]}, tmp_path)
    known = bundled("test", tmp_path)
    assert known is not None
    assert (known.command, known.rows, known.drawn) == ("python -m x", rows, {"better": [(0.5, 1.0, 3, True)]})
    assert table_of(rows) in (tmp_path / "README.md").read_text()
    assert bundled("other", tmp_path) is None


def test_a_table_has_every_figure_and_every_seed() -> None:
    table = table_of(rows_of(FOUND, "control"))
    assert "| better | 56.0 ± 8.5 | 65.0 ± 7.1 | +11.0 |" in table
    assert "50.0, 62.0 |" in table
    assert table_of([]) == ""


def test_while_a_run_goes_on_only_seeds_that_all_have_are_compared() -> None:
    live = {"control": {0: {"x": 50.0}, 1: {"x": 90.0}, 2: {"x": 60.0}}, "other": {1: {"x": 95.0}, 2: {"x": 65.0}}}
    rows = {row.title: row for row in rows_of(live, "control")}
    assert rows["control"].first == (90, 60)
    assert rows["other"].gain == (5, 5, 5)
    begun = rows_of({"control": {0: {"x": 50.0}}, "other": {1: {"x": 95.0}}}, "control")
    assert [row.gain for row in begun] == [None, None]
