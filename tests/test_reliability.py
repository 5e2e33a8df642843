import pytest

from crossmodal.reliability import Bin, expected_calibration_error, reliability


def test_the_error_is_nought_for_honest_claims_and_large_for_boasts() -> None:
    right = [True, False] * 50
    assert expected_calibration_error(reliability([0.5] * 100, right)) == pytest.approx(0)
    assert expected_calibration_error(reliability([0.99] * 100, right)) == pytest.approx(0.49, abs=1e-6)
    assert expected_calibration_error(reliability([1.0, 0.0], [True, False])) == 0


def test_the_error_is_the_gap_between_confidence_and_truth() -> None:
    bins = reliability([0.9] * 10, [True] * 6 + [False] * 4)
    assert expected_calibration_error(bins) == pytest.approx(0.3, abs=1e-6)
    assert [b.count for b in bins if b.count] == [10]


def test_bins_hold_what_was_claimed_and_all_of_them_are_there() -> None:
    assert reliability([0.05, 0.95, 0.85], [False, True, False], 3) == (
        Bin(pytest.approx(0.05), 0.0, 1),
        Bin(0.0, 0.0, 0),
        Bin(pytest.approx(0.9), 0.5, 2),
    )


def test_nothing_claimed_is_nothing_wrong() -> None:
    assert expected_calibration_error(reliability([], [])) == 0
