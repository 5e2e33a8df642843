import numpy as np
import pytest
from PIL import ImageChops

from crossmodal.world.render import patch_labels, render, render_with_masks
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.scenes import Background, Placed, Scene
from crossmodal.world.sprites import sprites
from crossmodal.world.vocabulary import vocabulary

WHITE = Background("plain", "white", (255, 255, 255), (255, 255, 255), 0.0)


@pytest.mark.parametrize("size", [64, 96, 384])
def test_a_scene_renders_at_any_size(size: int) -> None:
    assert render(SceneSampler().sample(4), size).size == (size, size)


def test_the_same_scene_gives_the_same_pixels() -> None:
    scene = SceneSampler().sample(9)
    assert ImageChops.difference(render(scene, 128), render(scene, 128)).getbbox() is None


def test_every_sprite_is_drawn() -> None:
    for thing in vocabulary().things:
        alpha = np.asarray(sprites().drawing(thing.index, 128).getchannel("A"))
        assert (alpha > 128).mean() > 0.03, thing.name


def test_patches_are_labelled_where_the_thing_is() -> None:
    thing = vocabulary().named("apple")
    scene = Scene("one", WHITE, (Placed(thing, 0.25, 0.25, 0.4),))
    _, masks = render_with_masks(scene, 96)
    labels = patch_labels(scene, masks, 96, 8)
    assert labels[2, 2] == 0
    assert (labels[5:] == -1).all()
    assert (labels[:, 5:] == -1).all()


def test_what_is_in_front_owns_the_patch() -> None:
    back, front = vocabulary().named("apple"), vocabulary().named("car")
    scene = Scene("pair", WHITE, (Placed(back, 0.5, 0.5, 0.8), Placed(front, 0.5, 0.5, 0.8)))
    _, masks = render_with_masks(scene, 96)
    assert patch_labels(scene, masks, 96, 8)[4, 4] == 1
