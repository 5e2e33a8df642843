import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from crossmodal.embedding.embedder import Embedder
from crossmodal.errors import ModelError
from crossmodal.models.catalog import find_spec
from crossmodal.models.loading import LoadedModel, load_checkpoint
from tests.tiny import SAVERS


def embedder(family: str, folder: Path) -> Embedder:
    spec = find_spec(str(SAVERS[family](folder)), "embedding")
    return Embedder(load_checkpoint(spec, "fp32", "cpu", offline=True))


@pytest.mark.parametrize("family", SAVERS)
def test_vectors_are_of_unit_length_and_do_not_depend_on_the_batch(family: str, tmp_path: Path) -> None:
    made = embedder(family, tmp_path)
    pictures = [Image.effect_noise((40, 30), 50 + i).convert("RGB") for i in range(40)]
    texts = ["cat", "a dog on a house", "猫"]
    seen, said = made.pictures(pictures), made.texts(texts)
    assert torch.allclose(seen.norm(dim=1), torch.ones(40))
    assert torch.allclose(said.norm(dim=1), torch.ones(3))
    assert torch.allclose(seen[35], made.pictures(pictures[35:36])[0], atol=1e-5)
    assert torch.allclose(said[0], made.texts(texts[:1])[0], atol=1e-5)  # whatever it was padded to


def test_a_text_of_any_length_is_cut_and_not_refused(tmp_path: Path) -> None:
    assert embedder("clip", tmp_path).texts(["cat " * 500]).shape == (1, 64)


@pytest.mark.parametrize("family", ["clip", "metaclip_2", "chinese_clip"])
def test_the_map_has_a_value_for_each_patch_and_each_text(family: str, tmp_path: Path) -> None:
    made = embedder(family, tmp_path)
    found = made.where(Image.new("RGB", (50, 50)), made.texts(["cat", "dog"]))
    assert found is not None
    assert found.shape == (2, 4, 4)
    assert made.sees_where
    assert not made.independent


def test_the_map_covers_the_whole_picture_where_the_checkpoint_crops_to_the_middle(tmp_path: Path) -> None:
    """A cropping checkpoint sees the middle square alone; the map must not show that square as if it were all."""
    folder = SAVERS["clip"](tmp_path)
    settings = json.loads((folder / "processor_config.json").read_text())
    settings["image_processor"] |= {"do_center_crop": True, "size": {"shortest_edge": 32}}
    (folder / "processor_config.json").write_text(json.dumps(settings))
    made = Embedder(load_checkpoint(find_spec(str(folder), "embedding"), "fp32", "cpu", offline=True))
    wide = Image.new("RGB", (128, 32), "white")
    marked = wide.copy()
    marked.paste("black", (0, 0, 16, 32))  # in the left eighth, which a crop to the middle never sees
    said = made.texts(["cat"])
    plain, changed = made.where(wide, said), made.where(marked, said)
    assert plain is not None
    assert changed is not None
    assert not torch.allclose(plain, changed)


def test_a_family_with_another_rule_is_refused_in_one_sentence() -> None:
    model = SimpleNamespace(config=SimpleNamespace(model_type="align"))
    loaded = LoadedModel(find_spec("picturebook-clip", "embedding"), "fp32", "cpu", model, None, 0)
    with pytest.raises(ModelError, match="no CLIP or SigLIP"):
        Embedder(loaded)


@pytest.mark.parametrize("family", SAVERS)
def test_towers_give_their_last_layer_by_patch_and_by_token(family: str, tmp_path: Path) -> None:
    made = embedder(family, tmp_path)
    picture = Image.effect_noise((40, 40), 60).convert("RGB")
    patches = made.patch_features([picture, picture.rotate(90)])
    assert patches.shape[0] == 2
    assert patches.shape[1] == patches.shape[2] > 1
    assert not torch.allclose(patches[0], patches[1])
    short, long = made.token_features("cat"), made.token_features("a dog on a house")
    assert short.ndim == 2
    assert short.shape[1] == long.shape[1]
