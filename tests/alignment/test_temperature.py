import math

import pytest
import torch

from crossmodal.alignment.captioned import TEST, Captioned
from crossmodal.alignment.temperature import CONE_PAIRS, SWEEP, book, cones, sweep
from crossmodal.errors import UserError


def test_two_cones_begin_apart_and_a_moderate_temperature_brings_pairs_together() -> None:
    run = cones(0.1)
    assert run.moments[0].gap > 1
    assert run.moments[0].retrieval < 0.2
    assert run.last.gap < 0.1
    assert run.last.retrieval > 0.9
    assert run.last.uniformity < run.moments[0].uniformity
    assert run.before[0].shape == run.after[1].shape == (CONE_PAIRS, 2)


def test_a_low_temperature_leaves_the_gap_in_the_same_time() -> None:
    low, moderate = cones(0.01), cones(0.1)
    assert low.last.gap > 10 * moderate.last.gap + 0.3
    assert low.last.alignment > moderate.last.alignment


def test_the_misprint_goes_below_zero_and_spreads_less() -> None:
    right, wrong = cones(0.05), cones(0.05, misprinted=True)
    assert min(m.loss for m in right.moments) > 0
    assert wrong.last.loss < -5
    assert wrong.last.uniformity > right.last.uniformity + 0.3


def test_the_loss_at_the_beginning_is_what_unrelated_pairs_have_at_a_high_temperature() -> None:
    assert cones(1.0, steps=1).moments[0].loss == pytest.approx(math.log(CONE_PAIRS), abs=0.5)


def test_projections_learn_at_a_temperature_that_stays() -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(TEST + 200, 12, generator=generator)
    data = Captioned(hidden @ torch.randn(12, 24, generator=generator), hidden @ torch.randn(12, 16, generator=generator))
    run = book(data, 0.1, steps=120)
    assert run.last.retrieval > run.moments[0].retrieval + 0.2
    assert run.temperature == 0.1


def test_a_sweep_runs_every_temperature() -> None:
    assert [run.temperature for run in sweep(None, temperatures=SWEEP[:2])] == list(SWEEP[:2])


@pytest.mark.parametrize("temperature", [0.0, 1.5, float("nan")])
def test_a_temperature_out_of_range_is_refused_with_its_value(temperature: float) -> None:
    with pytest.raises(UserError, match=f"temperature is {temperature:g}"):
        cones(temperature)
