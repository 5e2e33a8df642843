import random

from crossmodal.world.captions import caption
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.words import LANGUAGES


def test_a_caption_names_everything_in_the_scene() -> None:
    sampler = SceneSampler()
    for seed in range(300):
        scene = sampler.sample(seed)
        for language in LANGUAGES:
            text = caption(scene, language, random.Random(seed))
            for placed in scene.placed:
                t = placed.thing
                known = (t.name, t.one, t.many, *t.aliases) if language == "en" else (t.zh, *t.zh_aliases)
                bare = [w.split(" ", 1)[-1] for w in known]
                assert any(word in text for word in (*known, *bare)), (text, t.name)


def test_captions_of_one_scene_vary_and_are_reproducible() -> None:
    scene = SceneSampler().sample(8)
    texts = {caption(scene, "en", random.Random(i)) for i in range(40)}
    assert len(texts) > 3
    assert caption(scene, "zh", random.Random(1)) == caption(scene, "zh", random.Random(1))
