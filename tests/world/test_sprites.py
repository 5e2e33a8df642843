"""Two styles of the same things, in boxes of the same size."""

from crossmodal.world.render import render_with_masks
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.sprites import CELL, COLUMNS, sprites
from crossmodal.world.vocabulary import vocabulary


def test_every_thing_is_drawn_in_both_styles_in_a_box_of_the_same_size() -> None:
    noto, twemoji = sprites("noto"), sprites("twemoji")
    for thing in vocabulary().things:
        one, other = (style.drawing(thing.index, CELL) for style in (noto, twemoji))
        assert one.size == other.size == (thing.width, thing.height)
        assert other.getchannel("A").getextrema()[1] > 200, thing.name
    assert CELL * COLUMNS == 4096


def test_a_scene_is_laid_out_alike_in_both_styles() -> None:
    for seed in range(5):
        scene = SceneSampler().sample(seed)
        (one, ones), (other, others) = (render_with_masks(scene, 96, sprites(style)) for style in ("noto", "twemoji"))
        assert [corner for _, corner in ones] == [corner for _, corner in others]
        assert one.tobytes() != other.tobytes()
