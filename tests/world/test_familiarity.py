import numpy as np
from PIL import Image

from crossmodal.world.familiarity import looks_like_picture_book
from crossmodal.world.render import render
from crossmodal.world.sampler import SceneSampler


def test_scenes_are_familiar() -> None:
    sampler = SceneSampler()
    strange = [seed for seed in range(200) if not looks_like_picture_book(render(sampler.sample(seed), 192))]
    assert len(strange) <= 4


def test_a_picture_of_noise_at_all_scales_is_not() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        layers = [
            np.asarray(Image.fromarray(rng.integers(0, 256, (n, n, 3), dtype=np.uint8)).resize((96, 96)), dtype=float)
            for n in (4, 12, 48)
        ]
        photo = Image.fromarray((sum(layers) / 3).astype(np.uint8))  # type: ignore[attr-defined]
        assert not looks_like_picture_book(photo)
