import random

import pytest

from crossmodal.world.sampler import SceneSampler, arrange_pair
from crossmodal.world.scenes import RELATIONS
from crossmodal.world.vocabulary import vocabulary

SAMPLER = SceneSampler()


def test_the_same_seed_gives_the_same_scene() -> None:
    assert [SAMPLER.sample(s) for s in range(50)] == [SceneSampler().sample(s) for s in range(50)]
    assert SAMPLER.sample(1) != SAMPLER.sample(2)


def test_all_structures_and_backgrounds_occur_and_none_holds_more_than_six() -> None:
    scenes = [SAMPLER.sample(s) for s in range(600)]
    assert {s.structure for s in scenes} == {"one", "pair", "three", "group", "groups"}
    assert {s.background.kind for s in scenes} == {"plain", "gradient", "horizon"}
    assert {len(s.placed) for s in scenes} == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize("relation", RELATIONS)
def test_a_stated_relation_holds_in_the_picture(relation: str) -> None:
    words = vocabulary()
    for seed in range(200):
        rng = random.Random(seed)
        subject, other = rng.sample(words.things, 2)
        if subject.name == other.name:
            continue
        scene = arrange_pair(rng, SAMPLER.sample(seed).background, subject, other, relation)  # type: ignore[arg-type]
        link = scene.links[0]
        a, b = scene.placed[link.subject], scene.placed[link.other]
        assert (a.thing, b.thing) == (subject, other)
        assert {
            "left of": a.x < b.x - 0.2,
            "right of": a.x > b.x + 0.2,
            "above": a.y < b.y - 0.2,
            "below": a.y > b.y + 0.2,
            "on": a.y < b.y and abs(a.x - b.x) < 0.1,
        }[relation]


def test_things_lie_in_the_picture() -> None:
    for seed in range(500):
        for p in SAMPLER.sample(seed).placed:
            assert p.x - p.width / 2 > -0.06
            assert p.x + p.width / 2 < 1.06
            assert p.y - p.height / 2 > -0.06
            assert p.y + p.height / 2 < 1.06


def test_a_group_is_of_one_name_and_two_groups_of_two() -> None:
    assert len(SAMPLER.sample(3, "group").counts) == 1
    assert len(SAMPLER.sample(3, "groups").counts) == 2


def test_common_things_come_more_often_unless_all_are_to_come_alike() -> None:
    def share(sampler: SceneSampler) -> float:
        things = [p.thing for s in range(1500) for p in sampler.sample(s, "one").placed]
        return sum(t.common == 3 for t in things) / len(things)

    assert share(SceneSampler()) > share(SceneSampler(uniform=True)) + 0.1
