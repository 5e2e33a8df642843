"""The models tab's events: plans, loads, what is refused, and two models asked at once."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from crossmodal.chat.engine import ChatEngine
from crossmodal.models.catalog import CATALOG, LLAVA
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings
from crossmodal.ui.models_handlers import ModelsHandlers
from crossmodal.ui.models_texts import TEXTS, ModelsTexts
from crossmodal.ui.session import ChatState
from crossmodal.world.words import LANGUAGES
from tests.known import slots
from tests.models.loopback import COMMIT, LoopbackHub

PICTURE = Image.new("RGB", (60, 60), "red")
BUNDLED = "picturebook-llava"
VISITOR: gr.Request = SimpleNamespace(session_hash="one")  # type: ignore[assignment]


@pytest.fixture
def manager() -> Iterator[ModelManager]:
    made = ModelManager(Settings(device="cpu", memory_budget_gb=0.1, idle_minutes=0))
    yield made
    made.shutdown()


@pytest.fixture
def handlers(manager: ModelManager) -> ModelsHandlers:
    return ModelsHandlers(manager, ChatEngine(manager, Settings()))


@pytest.fixture
def server(tiny_llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    made = LoopbackHub({"owner/tiny": tiny_llava}).start()
    monkeypatch.setenv("HF_ENDPOINT", made.endpoint)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    yield made
    made.close()


@pytest.mark.parametrize("name", [field.name for field in fields(ModelsTexts)])
def test_both_languages_say_it_with_the_same_slots(name: str) -> None:
    en, zh = (getattr(TEXTS[language], name) for language in LANGUAGES)
    assert en
    assert zh
    assert slots(en) == slots(zh)


def test_a_large_model_is_told_not_to_fit_before_anything_is_fetched_and_a_smaller_one_is_offered(
    handlers: ModelsHandlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelManager, "room", lambda self: 8 * 10**9)
    table, plan, button, *_ = handlers.show("chat", LLAVA, "bf16", "en")
    assert "does not fit" in plan
    assert "Llama 2 community" in plan
    assert button["value"] == "Take LLaVA 1.5 7B in nf4"
    assert "⚠️ research only" in table
    assert handlers.take_smaller("chat", LLAVA, "bf16", "en") == (LLAVA, "nf4")
    assert not handlers.show("chat", LLAVA, "nf4", "en")[2]["visible"]


@pytest.mark.parametrize("typed", ["", "no such thing", "<b>x</b>", "../../etc"])
def test_a_name_that_is_none_is_one_sentence(handlers: ModelsHandlers, typed: str) -> None:
    plan = handlers.show("chat", typed, "fp32", "en")[1]
    assert plan.startswith("⚠️ ")
    assert "<b>" not in plan
    with pytest.raises(gr.Error):
        list(handlers.load("chat", typed, "fp32", "en"))


def test_a_model_is_loaded_seen_switched_and_unloaded(handlers: ModelsHandlers, manager: ModelManager) -> None:
    assert list(handlers.load("chat", BUNDLED, "fp32", "en"))[-1].endswith("is in memory in fp32: 0.044 GB.")
    assert "fp32 0.044 GB" in handlers.show("chat", BUNDLED, "fp32", "en")[3]
    assert "nf4: 0.015 GB" in list(handlers.load("chat", BUNDLED, "nf4", "en"))[-1]
    assert manager.peak > 0.058 * 10**9
    assert handlers.unload("chat", BUNDLED, "fp32", "en").endswith("left memory.")
    assert [s.precision for s in manager.status()] == ["nf4"]
    assert "not in memory" in handlers.unload("chat", BUNDLED, "fp32", "en")


def test_what_does_not_fit_is_refused_and_the_next_question_is_answered(handlers: ModelsHandlers, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.mkdir()
    (large / "config.json").write_text("{}")
    with (large / "model.safetensors").open("wb") as file:
        file.truncate(2 * 10**9)
    said = list(handlers.load("chat", str(large), "fp32", "en"))[-1]
    assert "needs about 2 GB and 0.1 GB may be used here" in said
    answered = list(handlers.compare(BUNDLED, "fp32", BUNDLED, "nf4", PICTURE, "What is this?", False, "en", VISITOR))[-1]
    assert "tokens/s" in answered[0]
    assert "tokens/s" in answered[1]


def test_a_checkpoint_is_fetched_pinned_loaded_and_deleted(handlers: ModelsHandlers, server: LoopbackHub) -> None:
    assert "Its commit is written down" in handlers.show("chat", "owner/tiny", "fp32", "en")[1]
    assert list(handlers.fetch("chat", "owner/tiny", "en", VISITOR))[-1] == "owner/tiny is on the disk."
    plan = handlers.show("chat", "owner/tiny", "fp32", "en")[1]
    assert COMMIT[:12] in plan
    assert "from its configuration" in plan
    assert "is in memory" in list(handlers.load("chat", "owner/tiny", "fp32", "en"))[-1]
    assert "Unload it first" in handlers.delete("chat", "owner/tiny", "en")
    handlers.unload("chat", "owner/tiny", "fp32", "en")
    assert "was deleted" in handlers.delete("chat", "owner/tiny", "en")
    assert "Its commit is written down" in handlers.show("chat", "owner/tiny", "fp32", "en")[1]


def test_a_hub_that_fails_is_one_sentence_on_the_page(handlers: ModelsHandlers, server: LoopbackHub) -> None:
    server.faults.status = 500
    assert list(handlers.fetch("chat", "owner/tiny", "en", VISITOR))[-1].startswith("⚠️ The Hub has a problem of its own")


def test_the_bundled_models_are_not_deleted(handlers: ModelsHandlers) -> None:
    assert handlers.delete("chat", BUNDLED, "en").startswith("⚠️")
    assert (CATALOG[BUNDLED].folder or Path()).is_dir()


def test_the_chat_of_one_visitor_goes_to_the_model_that_was_chosen(handlers: ModelsHandlers) -> None:
    state, said = handlers.use(BUNDLED, "nf4", ChatState(), "en")
    assert state.model == (BUNDLED, "nf4")
    assert said == "The chat now asks Picture book (bundled, 12M) in nf4."


def test_two_answer_side_by_side_and_blind_ones_are_named_at_the_end(handlers: ModelsHandlers) -> None:
    steps = list(handlers.compare(BUNDLED, "fp32", BUNDLED, "bf16", PICTURE, "What is this?", True, "en", VISITOR))
    assert all(step[0].startswith("**A**") and step[1].startswith("**B**") for step in steps)
    assert all("fp32" not in step[0] + step[1] + step[3] for step in steps[:-1])
    assert {"fp32", "bf16"} <= set(steps[-1][3].replace("\n", " ").split())


def test_two_that_do_not_fit_together_answer_one_after_the_other(tiny_llava: Path) -> None:
    manager = ModelManager(Settings(device="cpu", memory_budget_gb=0.06, idle_minutes=0))
    handlers = ModelsHandlers(manager, ChatEngine(manager, Settings()))
    last: Any = list(handlers.compare(BUNDLED, "fp32", str(tiny_llava), "fp32", PICTURE, "?", False, "en", VISITOR))[-1]
    manager.shutdown()
    assert last[2] == TEXTS["en"].one_by_one
    assert all("tokens/s" in answer for answer in last[:2])


@pytest.mark.parametrize(("image", "question"), [(None, "What?"), (PICTURE, " ")])
def test_a_comparison_without_a_picture_or_a_question_is_refused(
    handlers: ModelsHandlers, image: Image.Image | None, question: str
) -> None:
    with pytest.raises(gr.Error):
        list(handlers.compare(BUNDLED, "fp32", BUNDLED, "nf4", image, question, False, "en", VISITOR))


def test_what_is_not_on_the_disk_is_neither_loaded_nor_asked_but_named(
    handlers: ModelsHandlers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert list(handlers.load("chat", LLAVA, "nf4", "en")) == []
    state, said = handlers.use(LLAVA, "nf4", ChatState(), "en")
    assert state.model is None
    assert said == "LLaVA 1.5 7B is not on the disk yet. Fetch it first."
    with pytest.raises(gr.Error, match="not on the disk"):
        list(handlers.compare(LLAVA, "nf4", BUNDLED, "nf4", PICTURE, "?", False, "en", VISITOR))


def test_offline_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    manager = ModelManager(Settings(device="cpu", offline=True, idle_minutes=0))
    handlers = ModelsHandlers(manager, ChatEngine(manager, Settings()))
    assert "the app runs offline" in list(handlers.fetch("chat", LLAVA, "en", VISITOR))[-1]


def test_strangers_delete_and_keep_nothing(manager: ModelManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    handlers = ModelsHandlers(manager, ChatEngine(manager, Settings()), shared=True)
    assert "is shared" in handlers.delete("chat", LLAVA, "en")
    assert "is shared" in handlers.keep("chat", BUNDLED, "fp32", True, "en")


def test_a_model_is_kept_once_it_is_there_and_the_tick_follows_the_choice(handlers: ModelsHandlers) -> None:
    assert "not in memory" in handlers.keep("chat", BUNDLED, "fp32", True, "en")
    list(handlers.load("chat", BUNDLED, "fp32", "en"))
    assert handlers.keep("chat", BUNDLED, "fp32", True, "en") == ""
    assert handlers.show("chat", BUNDLED, "fp32", "en")[4]
    assert not handlers.show("chat", BUNDLED, "nf4", "en")[4]


def test_what_fits_is_what_the_manager_would_let_in(tmp_path: Path) -> None:
    manager = ModelManager(Settings(device="cpu", memory_budget_gb=0.02, idle_minutes=0))
    handlers = ModelsHandlers(manager, ChatEngine(manager, Settings()))
    assert "does not fit" in handlers.show("chat", BUNDLED, "fp32", "en")[1]
    assert "needs about 0.048 GB" in list(handlers.load("chat", BUNDLED, "fp32", "en"))[-1]
