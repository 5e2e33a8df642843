import random

import pytest

from crossmodal.world.answers import FAMILIES, FOLLOW_UPS
from crossmodal.world.phrasings import phrasings
from crossmodal.world.questions import Turn, ask, conversation, follow_up
from crossmodal.world.sampler import SceneSampler, arrange_pair
from crossmodal.world.scenes import PLAIN, Background, Placed, Relation, Scene
from crossmodal.world.vocabulary import vocabulary
from crossmodal.world.words import LANGUAGES

WORDS = vocabulary()
SAMPLER = SceneSampler()
BLUE = Background("plain", "blue", PLAIN["blue"], PLAIN["blue"], 0.0)


def pair(subject: str, relation: Relation, other: str) -> Scene:
    return arrange_pair(random.Random(1), BLUE, WORDS.named(subject), WORDS.named(other), relation)


def answers(scene: Scene, family: str, language: str = "en", draws: int = 300) -> set[str]:
    """The answers that the family gives about a scene."""
    turns = [ask(scene, family, language, random.Random(i)) for i in range(draws)]  # type: ignore[arg-type]
    return {t.answer for t in turns if t}


def test_a_cat_on_a_laptop_is_sitting_on_it_in_both_languages() -> None:
    scene = pair("cat", "on", "laptop")
    assert "The cat is sitting on the laptop." in answers(scene, "where")
    assert "猫坐在笔记本电脑上。" in answers(scene, "where", "zh")
    assert "A cat is sitting on the laptop." in answers(scene, "relation")
    assert answers(scene, "describe") == {"A cat is sitting on a laptop."}


def test_a_book_does_not_sit() -> None:
    assert answers(pair("book", "on", "car"), "describe") == {"A book is on a car."}


def test_left_of_seen_from_the_other_side_is_right_of() -> None:
    found = answers(pair("dog", "left of", "apple"), "where")
    assert {"The dog is to the left of the apple.", "The apple is to the right of the dog."} <= found
    assert not any("dog is to the right" in text for text in found)


def test_counts_are_those_of_the_scene() -> None:
    mouse = WORDS.named("mouse")
    scene = Scene("group", BLUE, tuple(Placed(mouse, 0.2 * i, 0.5, 0.15) for i in range(1, 5)))
    assert "There are four mice." in answers(scene, "count")
    assert "图片里有四只老鼠。" in answers(scene, "count", "zh")


def test_more_and_as_many() -> None:
    dog, ball = WORDS.named("dog"), WORDS.named("apple")
    two_one = Scene("groups", BLUE, tuple(Placed(t, 0.3, 0.3, 0.2) for t in (dog, dog, ball)))
    assert answers(two_one, "more") == {"Yes, there are more dogs than apples.", "No, there are more dogs than apples."}
    assert all(a.startswith("No, there are as many") for a in answers(pair("dog", "on", "apple"), "more"))


def test_what_is_absent_is_said_to_be_absent() -> None:
    scene = pair("cat", "on", "laptop")
    for family, language in (("exists", "en"), ("where", "en"), ("exists", "zh")):
        absent = [a for a in answers(scene, family, language) if "no " in a.lower() or "没有" in a]
        assert absent
        assert not [a for a in absent if "no cat in" in a or "no laptop" in a or "没有猫。" in a]


def test_colour_is_asked_of_plain_backgrounds_and_place_of_horizons() -> None:
    assert answers(pair("cat", "on", "laptop"), "colour") == {"The background is blue."}
    assert not answers(pair("cat", "on", "laptop"), "place")


def test_kinds_are_known() -> None:
    found = answers(pair("eagle", "above", "car"), "kind", draws=3000)
    assert "Yes, an eagle is an animal." in found
    assert "No, a car is not an animal." in found
    assert not any(a.startswith("No, an eagle is not a bird") for a in found)


def test_it_means_what_the_last_answer_spoke_of() -> None:
    scene = pair("cat", "left of", "dog")
    turn = follow_up(scene, "follow_where", "en", random.Random(0), WORDS.named("dog"))
    assert turn is not None
    assert turn.answer == "The dog is to the right of the cat."
    assert "dog" not in turn.question


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("manner", ["plain", "loose", "held out"])
def test_every_family_asks_whole_sentences_from_its_own_phrasings(language: str, manner: str) -> None:
    for family in FAMILIES:
        turns = [
            ask(SAMPLER.sample(seed), family, language, random.Random(seed), manner)  # type: ignore[arg-type]
            for seed in range(400)
        ]
        found = [t for t in turns if t]
        assert found, family
        for turn in found:
            assert "{" not in turn.question + turn.answer
            if family != "graph":
                assert turn.answer[-1] in ".。"


def test_held_out_phrasings_are_never_trained_on() -> None:
    held_out = {p for language in LANGUAGES for f in ("describe", "colour") for p in phrasings(f, language, True)}
    asked = {
        t.question
        for seed in range(600)
        for language in LANGUAGES
        for t in conversation(SAMPLER.sample(seed), language, random.Random(seed), 8)
    }
    assert not asked & held_out


def test_a_conversation_asks_and_answers_nothing_twice() -> None:
    said: list[Turn] = conversation(SAMPLER.sample(5), "en", random.Random(5), 6)
    assert len({t.question for t in said}) == len({t.answer for t in said}) == len(said) == 6


def test_follow_ups_occur_in_conversations() -> None:
    families = {t.family for seed in range(80) for t in conversation(SAMPLER.sample(seed), "zh", random.Random(seed), 8)}
    assert set(FOLLOW_UPS) <= families


def test_a_picture_has_one_description_however_it_was_made() -> None:
    for made, mirrored in (("left of", "right of"), ("above", "below")):
        one, other = pair("cat", made, "dog"), pair("dog", mirrored, "cat")
        for family in ("describe", "graph", "identify"):
            assert answers(one, family) == answers(other, family), family
    assert answers(pair("dog", "right of", "cat"), "graph") == {"cat left of dog"}


def test_things_are_listed_from_left_to_right_and_from_the_top() -> None:
    assert answers(pair("cat", "on", "laptop"), "identify") == {"These are a cat and a laptop."}
    assert answers(pair("dog", "below", "cat"), "identify") == {"These are a cat and a dog."}
