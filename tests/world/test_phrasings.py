import random

import pytest

from crossmodal.world.answers import FAMILIES, FOLLOW_UPS
from crossmodal.world.phrasings import HELD_OUT, TRAINED, phrase, phrasings
from crossmodal.world.words import LANGUAGES


def test_every_family_has_its_phrasings_and_no_other_has() -> None:
    assert set(TRAINED) == set(HELD_OUT) == {*FAMILIES, *FOLLOW_UPS}


@pytest.mark.parametrize("family", TRAINED)
def test_eight_phrasings_a_language_and_two_held_out(family: str) -> None:
    for language in LANGUAGES:
        trained, held_out = phrasings(family, language), phrasings(family, language, held_out=True)
        assert len(trained) >= 8
        assert len(held_out) >= 2
        assert not set(trained) & set(held_out)
        assert len({*trained, *held_out}) == len(trained) + len(held_out)


@pytest.mark.parametrize("family", TRAINED)
def test_loosened_phrasings_are_many_keep_their_slots_and_are_never_held_out_ones(family: str) -> None:
    rng = random.Random(0)
    for language in LANGUAGES:
        loose = {phrase(family, language, "loose", rng) for _ in range(600)}
        assert len(loose) > len(phrasings(family, language))
        assert not loose & set(phrasings(family, language, held_out=True))
        slots = {part.split("}")[0] for text in phrasings(family, language) for part in text.split("{")[1:]}
        assert {part.split("}")[0] for text in loose for part in text.split("{")[1:]} == slots
