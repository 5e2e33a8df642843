import random

import pytest

from crossmodal.world.captions import caption, label
from crossmodal.world.lexicon import is_known
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.vocabulary import vocabulary
from crossmodal.world.words import LANGUAGES


def test_every_name_and_alias_is_known() -> None:
    rng = random.Random(0)
    for thing in vocabulary().things:
        for said in (thing.name, thing.one, thing.many, thing.zh, thing.zh_one, *thing.aliases, *thing.zh_aliases):
            assert is_known(said), said
        for language in LANGUAGES:
            assert is_known(label(thing, language, rng))


def test_captions_without_a_place_are_known() -> None:
    assert is_known("two dogs and three cars")
    assert is_known("a cat on a laptop")
    assert is_known("两只狗和三辆汽车")
    assert is_known("Cat")
    known = [is_known(caption(SceneSampler().sample(s), "en", random.Random(s))) for s in range(50)]
    assert sum(known) > 25


@pytest.mark.parametrize("text", ["quokka", "<b>x</b>", "=cmd()", "🐱", "قطة", "a quokka on a laptop", "袋熊", "", "{0}"])
def test_other_words_are_not(text: str) -> None:
    assert not is_known(text)
