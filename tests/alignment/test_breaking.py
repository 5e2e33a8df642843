"""Each known bug gives itself away in the figure that the page names, and only where it was put in."""

import pytest
import torch

from crossmodal.alignment.breaking import demonstrate
from crossmodal.alignment.broken import AnewEachStep, PlainListFactors, best_on_the_test, scaled_whole, squeezed
from crossmodal.alignment.bugs import BUGS
from crossmodal.errors import UserError

GIVEN_AWAY = {
    "misprint": lambda right, wrong: right > 0 > wrong,
    "one_output": lambda right, wrong: right < 0.05 and wrong > 0.5,
    "unsquared": lambda right, wrong: right < 0.1 < 0.4 < wrong,
    "plain_list": lambda right, wrong: right < 0.1 and wrong > 0.4,
    "double_softmax": lambda right, wrong: right < 0.05 and wrong > 0.31,
    "anew": lambda right, wrong: wrong > 100 * right,
    "chosen": lambda right, wrong: abs(right - 50) < 5 < 60 < wrong,
    "squeeze": lambda right, wrong: right == 100 and wrong < 30,
    "reversal": lambda right, wrong: wrong > 3 * right,
}


@pytest.mark.parametrize("bug", list(BUGS))
def test_a_bug_gives_itself_away(bug: str) -> None:
    found = demonstrate(bug)
    assert GIVEN_AWAY[bug](*found.found), found.found
    assert len(found.right) == len(found.wrong) > 5
    for language in ("en", "zh"):
        assert BUGS[bug].said(language, *found.found)  # type: ignore[arg-type]


def test_an_unknown_bug_is_refused() -> None:
    with pytest.raises(UserError, match="no bug 'x'"):
        demonstrate("x")


def test_factors_in_a_plain_list_get_no_step() -> None:
    made = PlainListFactors(4, 2)
    assert {name for name, _ in made.named_parameters()} == {"head.weight", "head.bias"}


def test_a_new_optimiser_has_no_memory_and_steps_by_the_rate_alone() -> None:
    place = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer = AnewEachStep(lambda: torch.optim.Adam([place], lr=0.1))
    for factor in (1.0, 1e-4):
        before = float(place.detach())
        optimizer.zero_grad()
        (factor * place.sum()).backward()
        optimizer.step()
        assert before - float(place.detach()) == pytest.approx(0.1, rel=1e-2)


def test_squeeze_loses_a_batch_of_one_alone() -> None:
    assert squeezed(torch.zeros(2, 3)).shape == (2, 3)
    assert squeezed(torch.zeros(1, 3)).shape == (3,)


def test_a_strength_on_the_whole_loss_stops_the_discriminator_too() -> None:
    weight = torch.nn.Parameter(torch.ones(1))
    scaled_whole((weight * 3).sum(), 0.0).backward()
    assert float(weight.grad) == 0  # type: ignore[arg-type]


def test_the_best_of_guesses_looks_better_than_chance_on_what_chose_it() -> None:
    generator = torch.Generator().manual_seed(0)
    guesses, labels = torch.randint(2, (100, 40), generator=generator), torch.randint(2, (40,), generator=generator)
    assert float(best_on_the_test(guesses, labels)) > 0.6 > float((guesses == labels).float().mean())
