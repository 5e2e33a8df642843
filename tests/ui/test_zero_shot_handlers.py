from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings
from crossmodal.ui.zero_shot_handlers import ZeroShotHandlers

REQUEST: Any = SimpleNamespace(session_hash="me", request=None)
PICTURE = Image.new("RGB", (20, 20), "red")


def handlers(**settings: Any) -> ZeroShotHandlers:
    made = Settings(offline=True, idle_minutes=0, **settings)
    return ZeroShotHandlers(ModelManager(made), made)


def test_a_new_scene_has_its_own_name_among_ten_labels() -> None:
    tab = handlers()
    for language in ("en", "zh"):
        picture, labels = tab.new_scene(language)  # type: ignore[arg-type]
        assert len(set(labels.splitlines())) == 10
        shares = tab.api_classify()(picture, labels)
        assert set(shares) == set(labels.splitlines())


def test_nothing_is_claimed_of_words_that_the_picture_book_does_not_have() -> None:
    headline, bars, *_ = handlers().classify(PICTURE, "quokka\nwombat", "", "", "en", REQUEST)
    assert "never learned these words" in headline
    assert "quokka" in headline
    assert bars.count("not measured") == 2
    assert "✅" not in headline


def test_a_photograph_is_met_with_a_warning_and_a_scene_is_not() -> None:
    tab = handlers()
    noise = Image.effect_noise((64, 64), 90).convert("RGB")
    assert tab.notice(noise, "", "en")["visible"]
    assert not tab.notice(tab.new_scene("en")[0], "", "en")["visible"]
    assert not tab.notice(noise, "openai/clip-vit-base-patch32", "en")["visible"]


def test_a_folder_of_the_server_is_classified_only_where_the_operator_opened_it(tmp_path: Path) -> None:
    for i in range(3):
        PICTURE.save(tmp_path / f"{i}.png")
    closed, opened = handlers(), handlers(pictures=str(tmp_path))
    with pytest.raises(gr.Error, match="no pictures yet"):
        list(closed.classify_many(None, str(tmp_path), "cat, dog", "", "", "en", REQUEST))
    steps = list(opened.classify_many(None, "", "cat, dog", "", "", "en", REQUEST))
    assert "3 of 3 done, 0 could not be read" in steps[-1][0]
    with pytest.raises(gr.Error, match="no such folder"):
        list(opened.classify_many(None, "..", "cat, dog", "", "", "en", REQUEST))


def test_stopping_keeps_what_is_done_and_offers_it_for_download(tmp_path: Path) -> None:
    for i in range(70):
        PICTURE.save(tmp_path / f"{i:02}.png")
    tab = handlers(pictures=str(tmp_path))
    steps = tab.classify_many(None, "", "cat, dog", "", "", "en", REQUEST)
    next(steps)
    next(steps)
    tab.stop(REQUEST)
    *_, last = steps
    assert "Stopped after" in last[0]
    assert 0 < len(last[1]) < 70
    assert Path(last[2]["value"]).read_text(encoding="utf-8-sig").count("\n") == 1 + len(last[1])


def test_a_visitor_chooses_from_the_menu_and_no_path_of_the_server() -> None:
    tab = handlers()
    assert tab.models[0] == "picturebook-clip"
    with pytest.raises(gr.Error, match="no such model"):
        tab.classify(PICTURE, "cat", "", "/etc", "en", REQUEST)
