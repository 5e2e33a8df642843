"""CLIP's tower taken to another style, on a tiny CLIP."""

import pytest
import torch
import torch.nn.functional as F
from transformers import CLIPConfig, CLIPModel

from crossmodal.alignment.clip_adaptation import TOP_LAYERS, WAYS, Material, Shown, Tower, adapt, compare, figures
from crossmodal.errors import UserError

NAMES, WIDTH, TOKENS = 6, 32, 5


def tiny() -> CLIPModel:
    torch.manual_seed(0)
    sizes = {"hidden_size": WIDTH, "intermediate_size": 64, "num_hidden_layers": TOP_LAYERS + 1, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={**sizes, "vocab_size": 50, "bos_token_id": 1, "eos_token_id": 2},
        vision_config={**sizes, "image_size": 16, "patch_size": 8},
        projection_dim=16,
    )
    return CLIPModel(config).requires_grad_(False).eval()


def material() -> Material:
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(NAMES, 1, WIDTH, generator=generator)

    def shown(count: int, shift: float) -> Shown:
        names = torch.arange(count) % NAMES
        hidden = centres[names] + shift + 0.3 * torch.randn(count, TOKENS, WIDTH, generator=generator)
        return Shown(hidden.half(), names)

    units = [F.normalize(torch.randn(n, 16, generator=generator), dim=-1) for n in (NAMES, 20)]
    parts = [shown(count, shift) for count, shift in ((60, 0.0), (60, 1.0), (18, 1.0), (60, 1.0))]
    return Material(*parts, shown(20, 1.0).hidden, units[0], units[1], 20.0)


def test_what_learns_reads_what_the_layers_below_gave() -> None:
    model = tiny()
    pixels = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        vision = model.vision_model(pixel_values=pixels, output_hidden_states=True)
        whole = F.normalize(model.visual_projection(vision.pooler_output), dim=-1)
        torch.testing.assert_close(Tower(model)(vision.hidden_states[-TOP_LAYERS - 1]), whole)


def test_labelled_target_pictures_help_and_a_way_without_labels_does_not_read_them() -> None:
    data = material()
    tuned = next(way for way in WAYS if way.shots == 3)
    tower = Tower(tiny())
    before = figures(tuned, tower.eval(), data)["top-1"]
    adapt(tuned, tower, data, 0, 60)
    assert figures(tuned, tower.eval(), data)["top-1"] > before + 30
    shuffled = Material(
        data.source,
        Shown(data.target.hidden, data.target.names.roll(1)),
        *(data.shots, data.test, data.gallery, data.names, data.captions, data.logit_scale),
    )
    for way in (way for way in WAYS if way.trains and not way.shots):
        towers = [Tower(tiny()) for _ in range(2)]
        for other, seen in zip(towers, (data, shuffled), strict=True):
            adapt(way, other, seen, 0, 3)
        assert torch.equal(towers[0].project.weight, towers[1].project.weight), way.title


def test_every_aligning_way_moves_the_tower_elsewhere_than_the_control() -> None:
    data, found = material(), {}
    for way in WAYS:
        if way.trains and not way.shots:
            tower = Tower(tiny())
            adapt(way, tower, data, 0, 3)
            found[way.title] = tower.project.weight.detach().clone()
    control, *others = found.values()
    assert len(others) == 3
    assert all(not torch.equal(control, other) for other in others)


def test_one_seed_is_refused() -> None:
    with pytest.raises(UserError, match="1 seed"):
        compare(1)
