import re

import pytest

from crossmodal.world.facts import KINDS
from crossmodal.world.vocabulary import vocabulary

THINGS = vocabulary().things


def test_there_are_about_a_thousand_things() -> None:
    assert 950 <= len(THINGS) <= 1100
    assert len({t.glyph for t in THINGS}) == len(THINGS)


@pytest.mark.parametrize(
    ("name", "one", "two", "zh_two"),
    [
        ("apple", "an apple", "two apples", "两个苹果"),
        ("mouse", "a mouse", "two mice", "两只老鼠"),
        ("glasses", "a pair of glasses", "two pairs of glasses", "两副眼镜"),
        ("car", "a car", "two cars", "两辆汽车"),
        ("cat", "a cat", "two cats", "两只猫"),
    ],
)
def test_articles_plurals_and_measure_words_are_right(name: str, one: str, two: str, zh_two: str) -> None:
    thing = vocabulary().named(name)
    assert (thing.one, thing.count(2), thing.zh_count(2)) == (one, two, zh_two)


def test_articles_follow_the_sound() -> None:
    exceptions = re.compile(r"(hour|honest|uni|use|ukulele|euro|one-|UFO|X-ray)", re.IGNORECASE)
    wrong = []
    for thing in THINGS:
        article, _, rest = thing.one.partition(" ")
        vowel = rest[:1].lower() in "aeiou"
        if article in ("a", "an") and (article == "an") != vowel and not exceptions.match(rest):
            wrong.append(thing.one)
    assert not wrong


def test_things_that_share_a_name_share_all_their_words() -> None:
    for things in vocabulary().by_name.values():
        assert len({(t.one, t.many, t.zh, t.measure, t.category) for t in things}) == 1, things[0].name


def test_a_word_means_one_thing() -> None:
    for names in ([(t.zh, t.name) for t in THINGS], [(a, t.name) for t in THINGS for a in t.aliases]):
        meanings: dict[str, set[str]] = {}
        for word, name in names:
            meanings.setdefault(word, set()).add(name)
        assert {w: m for w, m in meanings.items() if len(m) > 1} == {}


def test_no_alias_is_the_name_of_something_else() -> None:
    assert not [a for t in THINGS for a in t.aliases if a in vocabulary().by_name]


def test_a_bird_is_an_animal_and_a_car_is_not() -> None:
    assert vocabulary().named("eagle").belongs_to("animal")
    assert vocabulary().named("eagle").belongs_to("bird")
    assert not vocabulary().named("car").belongs_to("animal")


def test_every_kind_that_is_asked_for_has_members() -> None:
    for kind in KINDS:
        assert sum(t.belongs_to(kind) for t in THINGS) >= 5, kind


def test_what_was_spoken_of_takes_the_definite_article() -> None:
    assert vocabulary().named("glasses").definite == "the pair of glasses"
    assert vocabulary().named("Santa Claus").definite == "Santa Claus"
