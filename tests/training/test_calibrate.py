import torch

from crossmodal.reliability import expected_calibration_error, reliability
from crossmodal.training.calibrate import LENGTHS, Lists, Readings, figures, fit

BACKGROUND = {"en": ("cat",), "zh": ("猫",)}


def drawn(seed: int, lists: int = 4_000) -> Lists:
    """Labels whose distance from the background tells, up to a noise, whether they are right."""
    torch.manual_seed(seed)
    length = torch.tensor(LENGTHS)[torch.arange(lists) % len(LENGTHS)]
    held = torch.rand(lists) < 0.5
    above = torch.where(held, 3.0, 0.0) + torch.randn(lists) + 0.4 * length.log()
    share = torch.full((lists,), 0.95)
    best = Readings(above, 4 * above, share, held, held, length)
    return Lists(best, Readings(torch.randn(lists), torch.randn(lists), share, torch.zeros(lists) > 0, held, length))


def test_the_fitted_probability_means_what_it_says_on_other_lists() -> None:
    calibration = fit(drawn(0), BACKGROUND)
    tested = drawn(1).all
    claimed = tested.score(calibration).sigmoid().tolist()
    right = tested.right.tolist()
    assert expected_calibration_error(reliability(claimed, right, 10)) < 0.05
    assert expected_calibration_error(reliability(tested.share.tolist(), right, 10)) > 0.5


def test_the_threshold_makes_both_errors_alike_whatever_the_length() -> None:
    calibration = fit(drawn(0), BACKGROUND)
    assert calibration.none_per_log_label > 0
    tested = drawn(1).best
    for length in LENGTHS:
        mine = tested.of_length(length)
        needed = calibration.none_below(length)
        assert needed is not None
        none = mine.score(calibration).sigmoid() < needed
        rejected, accepted = none[mine.held].float().mean(), (~none)[~mine.held].float().mean()
        assert abs(rejected - accepted) < 0.06
        assert rejected < 0.15


def test_the_table_counts_both_kinds_of_scenes() -> None:
    text = figures(drawn(1), fit(drawn(0), BACKGROUND))
    assert "before (softmax over the list)" in text
    rows = [line for line in text.splitlines() if line.startswith("| 10 ")]
    (row,) = rows
    cells = [cell.strip() for cell in row.split("|")]
    assert int(cells[3]) + int(cells[5]) == 4_000 // len(LENGTHS)
