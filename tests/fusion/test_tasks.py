"""Tasks give the class that the picture and the sentence really have."""

import random
from collections import Counter

import pytest

from crossmodal.fusion.tasks import HELD_OUT, KINDS, ON, TASKS, task_named, tasks
from crossmodal.world.scenes import Scene
from crossmodal.world.vocabulary import vocabulary

SURE_WORDS = ("Surely", "clearly", "sure", "肯定", "明显", "确定")


def drawn(name: str, count: int = 600, xor: float | None = None) -> list[tuple[Scene, str, str]]:
    task = task_named(name, xor)
    pool = task.pool(random.Random(0), 60, False)
    cases = task.draw(random.Random(1), pool, count)
    return [(pool[c.scene], c.text, task.classes[c.label][0]) for c in cases]


def shows_animal(scene: Scene) -> bool:
    return scene.placed[0].thing.belongs_to("animal")


def says_animal(text: str) -> bool:
    return any(words[1] in text for words in KINDS.values())


@pytest.mark.parametrize("name", TASKS)
def test_pools_for_training_and_testing_share_no_scene_and_every_class_occurs(name: str) -> None:
    task = tasks()[name]
    first, second = task.pool(random.Random(0), 40, False), task.pool(random.Random(1), 40, True)
    assert not set(first) & set(second)
    labels = {case.label for case in task.draw(random.Random(0), first, 3000)}
    assert labels == set(range(len(task.classes))) or (name == "vqa" and len(labels) > 20)


def test_xor_and_and_are_what_they_are_called() -> None:
    for scene, text, said in drawn("xor"):
        assert (said == "they disagree") == (shows_animal(scene) != says_animal(text))
    for scene, text, said in drawn("and"):
        assert (said == "yes") == (shows_animal(scene) and says_animal(text))


def test_in_the_redundant_task_each_modality_is_right_more_often_than_not() -> None:
    cases = drawn("redundant", 3000)
    seen = sum(shows_animal(scene) == (said == "animal") for scene, _, said in cases) / 3000
    read = sum(says_animal(text) == (said == "animal") for _, text, said in cases) / 3000
    assert seen == pytest.approx(0.85, abs=0.03)
    assert read == pytest.approx(0.75, abs=0.03)
    sure = [(says_animal(text) == (said == "animal")) for _, text, said in cases if any(w in text for w in SURE_WORDS)]
    assert sum(sure) / len(sure) == pytest.approx(0.95, abs=0.03)
    assert len(sure) / 3000 == pytest.approx(0.5, abs=0.05)


def test_the_slider_moves_from_redundant_to_xor() -> None:
    def agreeing(xor: float) -> float:
        cases = drawn("xor", 3000, xor)
        return sum(shows_animal(scene) == (said == "they disagree") for scene, _, said in cases) / 3000

    assert agreeing(1.0) == pytest.approx(0.5, abs=0.04)
    assert agreeing(0.5) == pytest.approx((0.85 + 0.5) / 2, abs=0.04)


def test_where_a_thing_is_asked_for_it_stands_in_that_corner() -> None:
    for scene, text, said in drawn("grounded_vqa"):
        asked = [p for p in scene.placed if f"the {p.thing.name}" in text.lower() or p.thing.zh in text]
        vertical, horizontal = said.split()
        assert any((p.y < 0.5) == (vertical == "top") and (p.x < 0.5) == (horizontal == "left") for p in asked)


def test_what_lies_on_what_is_never_trained_on_for_the_pair_that_is_asked_at_the_end() -> None:
    pool = tasks()["vqa"].pool(random.Random(3), 4000, False)
    assert all({p.thing.name for p in scene.placed} != set(HELD_OUT) for scene in pool)
    assert set(HELD_OUT) <= set(ON) <= set(vocabulary().names)
    for scene, text, said in drawn("vqa"):
        names = [p.thing.name for p in scene.placed]
        assert said in names
        other = scene.first(next(n for n in names if n != said)).thing
        assert f"the {other.name}" in text.lower() or other.zh in text or other.definite in text.lower()


def test_half_of_the_captions_fit_and_the_others_name_something_else() -> None:
    counts = Counter(said for _, _, said in drawn("matching", 2000))
    assert 0.45 < counts["yes"] / 2000 < 0.55


def test_sarcasm_is_where_face_and_sentence_disagree() -> None:
    glad = ("love", "wonderful", "best", "great", "可爱", "爱", "太棒", "最好", "很好")
    for scene, text, said in drawn("sentiment"):
        feeling = scene.placed[0].thing.feeling
        assert feeling is not None
        happy = feeling.en in ("happy", "in love")
        assert (said == "sarcastic") == (happy != any(word in text for word in glad))
