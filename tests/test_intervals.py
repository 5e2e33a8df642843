import pytest

from crossmodal.errors import UserError
from crossmodal.intervals import checked_seeds, interval


def test_an_interval_is_students() -> None:
    mean, low, high = interval([90.0, 92.0, 94.0])
    assert mean == 92
    assert (low, high) == pytest.approx((92 - 4.9683, 92 + 4.9683), abs=1e-3)  # t = 4.3027, sd 2, n 3


def test_one_seed_has_no_interval() -> None:
    assert interval([50.0]) == (50.0, float("-inf"), float("inf"))


def test_too_few_or_too_many_seeds_are_refused_with_their_number() -> None:
    assert checked_seeds(2, 5) == 2
    for seeds in (1, 6):
        with pytest.raises(UserError, match=f"seeds is {seeds}; an interval needs 2 to 5"):
            checked_seeds(seeds, 5)
