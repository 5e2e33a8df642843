from pathlib import Path

import pytest

from crossmodal.errors import ModelError
from crossmodal.models import first
from crossmodal.models.catalog import LLAVA
from crossmodal.models.first import BUNDLED, first_model


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def cache_llava(cache: Path) -> None:
    home = cache / f"models--{LLAVA.replace('/', '--')}"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("abc")
    folder = home / "snapshots" / "abc"
    folder.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json", "preprocessor_config.json"):
        (folder / name).write_text("{}")
    (folder / "model.safetensors").write_bytes(b"x")


def test_the_bundled_one_starts_unless_another_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first, "NVIDIA", Path("/nowhere"))
    assert first_model("auto", environment={}).id == BUNDLED
    assert first_model("auto", environment={"SPACE_ID": "a/b"}).id == BUNDLED
    assert first_model("Qwen/Qwen3-VL-2B-Instruct").id == "Qwen/Qwen3-VL-2B-Instruct"
    with pytest.raises(ModelError):
        first_model("no such model")


def test_with_a_gpu_llava_starts_where_it_is_there_or_on_a_space(empty_cache: Path) -> None:
    assert first_model("auto", "cuda", {}).id == BUNDLED
    assert first_model("auto", "cuda", {"SPACE_ID": "a/b"}).id == LLAVA
    cache_llava(empty_cache)
    assert first_model("auto", "cuda", {}).id == LLAVA
    assert first_model("auto", "cpu", {}).id == BUNDLED
