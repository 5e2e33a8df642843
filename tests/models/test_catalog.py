from pathlib import Path

import pytest
from safetensors import safe_open

from crossmodal.errors import ModelError
from crossmodal.models.catalog import CATALOG, find_spec

BUNDLED = [spec for spec in CATALOG.values() if spec.folder]


@pytest.mark.parametrize("spec", CATALOG.values(), ids=lambda s: s.id)
def test_every_entry_says_what_a_person_must_know(spec) -> None:  # type: ignore[no-untyped-def]
    assert spec.title
    assert spec.licence
    assert spec.parameters > 0
    assert spec.bytes_in("nf4") < spec.bytes_in("bf16") < spec.bytes_in("fp32")
    assert find_spec(spec.id, spec.task) is spec


@pytest.mark.parametrize("spec", BUNDLED, ids=lambda s: s.id)
def test_bundled_checkpoints_are_there_in_small_files_and_count_as_many_parameters_as_stated(spec) -> None:  # type: ignore[no-untyped-def]
    files = list(spec.folder.glob("*.safetensors"))
    assert files
    assert all(file.stat().st_size < 9_000_000 for file in spec.folder.iterdir())
    parameters = 0
    for file in files:
        with safe_open(file, "pt") as weights:
            parameters += sum(weights.get_tensor(k).numel() for k in weights.keys())  # noqa: SIM118
    assert parameters == pytest.approx(spec.parameters, rel=0.1)


def test_a_hub_id_that_is_not_in_the_catalogue_is_taken() -> None:
    assert find_spec("someone/some-model", "chat").id == "someone/some-model"


@pytest.mark.parametrize("wrong", ["", "nonsense", "a/b/c", "../x", "../../etc", "a/..", "<b>/x", "a b/c"])
def test_an_unknown_model_gives_one_sentence_with_the_choices(wrong: str) -> None:
    with pytest.raises(ModelError) as raised:
        find_spec(wrong, "chat")
    assert "<" not in str(raised.value)


def test_a_model_for_another_task_is_refused() -> None:
    with pytest.raises(ModelError, match="for embedding, not for chat"):
        find_spec("picturebook-clip", "chat")


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        find_spec(str(tmp_path), "chat")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"no \.safetensors"):
        find_spec(str(tmp_path), "chat")


def test_a_local_folder_is_measured(tiny_llava: Path) -> None:
    spec = find_spec(str(tiny_llava), "chat")
    assert spec.folder == tiny_llava
    assert 100_000 < spec.parameters < 2_000_000
    assert not spec.picture_book_only
