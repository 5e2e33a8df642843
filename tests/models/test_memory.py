"""Will it fit: what is predicted is what is measured, and the nearest smaller choice is named."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import LlavaConfig, LlavaForConditionalGeneration

from crossmodal.embedding.embedder import Embedder
from crossmodal.models.catalog import CATALOG, LLAVA, ModelSpec, find_spec
from crossmodal.models.loading import bytes_of, load_checkpoint
from crossmodal.models.machine import PRECISIONS, Precision, free_bytes
from crossmodal.models.memory import EASY, predict, read_shape, shape_of, smaller, verdict
from crossmodal.training.precisions import language_bytes
from tests.models.loopback import LoopbackHub
from tests.tiny import SAVERS

GB = 10**9


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", ["picturebook-llava", "picturebook-clip"])
def test_the_bundled_ones_take_what_is_predicted(name: str, precision: Precision) -> None:
    spec = CATALOG[name]
    assert spec.folder is not None
    predicted = predict(spec, precision, shape_of(spec.folder, spec))
    assert predicted.exact
    assert predicted.weights == pytest.approx(load_checkpoint(spec, precision, "cpu", True).bytes, rel=0.02)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LLaVA of about 300 million weights, all zero, and the bundled processor."""
    folder = tmp_path_factory.mktemp("large")
    sizes = {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16}
    config = LlavaConfig(
        vision_config={"model_type": "clip_vision_model", "image_size": 96, "patch_size": 12, **sizes, "num_hidden_layers": 4},
        text_config={"model_type": "llama", "vocab_size": 4096, **sizes, "num_hidden_layers": 14},
        image_token_index=7,
    )
    with torch.device("meta"):
        model = LlavaForConditionalGeneration(config)
    model.to_empty(device="cpu").to(torch.bfloat16)
    for parameter in model.parameters():
        parameter.data.zero_()
    model.save_pretrained(folder)
    bundled = CATALOG["picturebook-llava"].folder
    assert bundled is not None
    for file in ("processor_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (folder / file).write_bytes((bundled / file).read_bytes())
    return folder


def test_a_300m_one_takes_what_is_predicted_and_nf4_makes_its_language_layers_small(large: Path) -> None:
    spec = find_spec(str(large), "chat")
    shape, layers = shape_of(large, spec), {}
    for precision in ("fp32", "bf16", "nf4"):
        loaded = load_checkpoint(spec, precision, "cpu", True)  # type: ignore[arg-type]
        assert predict(spec, precision, shape).weights == pytest.approx(loaded.bytes, rel=0.15)  # type: ignore[arg-type]
        layers[precision] = language_bytes(loaded)
        assert sum(p.numel() for p in loaded.model.parameters()) > 100e6
        del loaded
    assert layers["nf4"] <= 0.32 * layers["bf16"]


def test_the_cache_of_a_token_is_counted_over_layers_heads_and_both_of_key_and_value(tiny_llava: Path) -> None:
    spec = find_spec(str(tiny_llava), "chat")
    shape = shape_of(tiny_llava, spec)
    assert shape.cache_per_token == 2 * 2 * 64
    assert predict(spec, "bf16", shape, tokens=10).cache == 10 * 2 * shape.cache_per_token


def test_what_is_known_before_a_download_is_near_what_is_published() -> None:
    llava = CATALOG[LLAVA]
    assert predict(llava, "bf16").weights == pytest.approx(14 * GB, rel=0.05)
    assert predict(llava, "nf4").weights == pytest.approx(4.5 * GB, rel=0.05)
    assert not predict(llava, "nf4").exact


def test_a_verdict_leaves_room() -> None:
    assert verdict(int(EASY * GB), GB) == "fits"
    assert verdict(int(0.9 * GB), GB) == "tight"
    assert verdict(GB + 1, GB) == "no"
    assert free_bytes("cpu") > 0


def test_the_nearest_smaller_choice_is_fewer_bits_and_then_a_smaller_checkpoint() -> None:
    llava = CATALOG[LLAVA]
    assert smaller(llava, "bf16", 8 * GB) == (llava, "nf4")
    other = smaller(llava, "bf16", 3 * GB)
    assert other is not None
    assert other[0].parameters < llava.parameters
    assert verdict(predict(*other).total, 3 * GB) == "fits"
    assert smaller(llava, "bf16", 1000) is None


def test_a_configuration_that_cannot_be_built_from_is_none_and_no_error(tmp_path: Path) -> None:
    spec = ModelSpec("x", "chat", "x", "?", 0)
    assert read_shape(None, spec) is None
    (tmp_path / "config.json").write_text('{"model_type": "nothing-known"}')
    assert read_shape(tmp_path, spec) is None


def test_scales_are_counted(tiny_llava: Path) -> None:
    loaded = load_checkpoint(find_spec(str(tiny_llava), "chat"), "nf4", "cpu", True)
    assert bytes_of(loaded.model) > loaded.model.get_memory_footprint()


@pytest.mark.parametrize("family", list(SAVERS))
def test_every_dual_encoder_family_comes_from_a_hub_and_takes_what_is_predicted(
    family: str, dual_encoder: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = LoopbackHub({f"owner/{family}": dual_encoder(family)}).start()
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    spec = find_spec(f"owner/{family}", "embedding")
    for precision in ("fp32", "bf16", "nf4"):
        loaded = load_checkpoint(spec, precision, "cpu", offline=False)  # type: ignore[arg-type]
        predicted = predict(spec, precision, read_shape(loaded.spec.folder, spec))  # type: ignore[arg-type]
        assert predicted.exact
        assert predicted.weights == pytest.approx(loaded.bytes, rel=0.15)
        assert Embedder(loaded).texts(["cat"]).norm() == pytest.approx(1, abs=1e-2)
    hub.close()


def test_counting_beside_a_load_leaves_torchs_default_type_alone(tiny_llava: Path, large: Path) -> None:
    spec, other = find_spec(str(tiny_llava), "chat"), find_spec(str(large), "chat")
    for _ in range(5):
        threads = [
            threading.Thread(target=load_checkpoint, args=(spec, "fp32", "cpu", True)),
            threading.Thread(target=shape_of, args=(large, other)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert torch.get_default_dtype() == torch.float32
