import pytest

from crossmodal.world.answers import FAMILIES, FOLLOW_UPS
from crossmodal.world.phrasings import HELD_OUT, PHRASINGS, phrasings
from crossmodal.world.words import LANGUAGES


def test_every_family_has_its_phrasings_and_no_other_has() -> None:
    assert set(PHRASINGS) == {*FAMILIES, *FOLLOW_UPS}


@pytest.mark.parametrize("family", PHRASINGS)
def test_eight_phrasings_a_language_two_of_them_held_out(family: str) -> None:
    for language in LANGUAGES:
        trained, held_out = phrasings(family, language, False), phrasings(family, language, True)
        assert len(trained) + len(held_out) >= 8
        assert len(held_out) == HELD_OUT
        assert not set(trained) & set(held_out)
        assert len({*trained, *held_out}) == len(trained) + len(held_out)
