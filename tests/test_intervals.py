import pytest

from crossmodal.intervals import interval


def test_an_interval_is_students() -> None:
    mean, low, high = interval([90.0, 92.0, 94.0])
    assert mean == 92
    assert (low, high) == pytest.approx((92 - 4.9683, 92 + 4.9683), abs=1e-3)  # t = 4.3027, sd 2, n 3


def test_one_seed_has_no_interval() -> None:
    assert interval([50.0]) == (50.0, float("-inf"), float("inf"))
