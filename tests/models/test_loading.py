import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from crossmodal.errors import ModelError
from crossmodal.models.catalog import ModelSpec, find_spec
from crossmodal.models.loading import load_checkpoint

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_checkpoint_loads_in_each_precision_and_smaller_ones_take_less(tiny_llava: Path) -> None:
    spec = find_spec(str(tiny_llava), "chat")
    sizes = [load_checkpoint(spec, p, "cpu", True).bytes for p in ("fp32", "bf16", "nf4")]  # type: ignore[arg-type]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[1] < 0.6 * sizes[0]


def test_nf4_keeps_the_tower_and_the_projector_in_16_bits(tiny_llava: Path) -> None:
    loaded = load_checkpoint(find_spec(str(tiny_llava), "chat"), "nf4", "cpu", True)
    kinds = {name: p.dtype for name, p in loaded.model.named_parameters()}
    assert {d for n, d in kinds.items() if "vision_tower" in n or "projector" in n} == {torch.bfloat16}
    assert torch.uint8 in {d for n, d in kinds.items() if "language_model" in n}


def test_damaged_weights_give_a_sentence_without_the_path(tiny_llava: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(tiny_llava, folder)
    (folder / "model.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(ModelError) as raised:
        load_checkpoint(find_spec(str(folder), "chat"), "fp32", "cpu", True)
    assert str(tmp_path) not in str(raised.value)


def test_offline_an_unknown_hub_id_is_refused_at_once() -> None:
    spec = ModelSpec("nobody/nothing", "chat", "nothing", "?", 0)
    with pytest.raises(ModelError, match="not in the cache"):
        load_checkpoint(spec, "fp32", "cpu", offline=True)


def test_two_models_load_at_once_in_a_process_that_has_imported_nothing_yet() -> None:
    """In a process of its own: what fails here is the import of half-imported modules."""
    code = """
from concurrent.futures import ThreadPoolExecutor
from crossmodal.models.catalog import CATALOG
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings

manager = ModelManager(Settings(device="cpu", offline=True, idle_minutes=0))

def load(name):
    import torch
    with manager.use(CATALOG[name]) as loaded:
        return type(loaded.model).__name__

with ThreadPoolExecutor(2) as pool:
    print(*pool.map(load, ("picturebook-llava", "picturebook-clip")))
"""
    for _ in range(2):
        said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
        assert said.stdout.split() == ["LlavaForConditionalGeneration", "CLIPModel"], said.stderr[-2000:]


def test_a_download_does_not_keep_other_models_from_loading(tiny_llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started, release = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> Path:
        started.set()
        assert release.wait(60)
        return tiny_llava

    monkeypatch.setattr("crossmodal.models.loading.fetch", slow)
    hub = ModelSpec("owner/name", "chat", "From the Hub", "?", 0)
    with ThreadPoolExecutor(1) as pool:
        fetched = pool.submit(load_checkpoint, hub, "fp32", "cpu", False)
        assert started.wait(30)
        local = load_checkpoint(find_spec(str(tiny_llava), "chat"), "fp32", "cpu", True)
        assert not fetched.done()
        release.set()
        assert type(fetched.result(60).model) is type(local.model)
