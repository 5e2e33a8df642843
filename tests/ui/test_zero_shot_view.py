import numpy as np
import torch
from PIL import Image

from crossmodal.ui.texts import TEXTS
from crossmodal.ui.zero_shot_view import bars, curl_code, headline, heat_map, python_code
from crossmodal.zero_shot.classifier import Score, Verdict
from crossmodal.zero_shot.labels import Labels

EN = TEXTS["en"]
EVIL = "<img src=x> http://example.com"
SURE = Verdict((Score(EVIL, 0.9, 0.8), Score("dog", 0.1, 0.05)), False, 0.4, False, (("a {}", "dog"),))
NONE = Verdict((Score("cat", 0.9, 0.2),), True, 0.4, False)
UNMEASURED = Verdict((Score("cat", 0.9, None),), None, None, False)


def test_the_headline_names_the_best_or_none_or_says_that_nobody_measured() -> None:
    assert "dog</b>" in headline(SURE, Labels(("x",)), (), EN)
    assert "a {}" in headline(SURE, Labels(("x",)), (), EN)
    assert "None of these" in headline(NONE, Labels(("cat",)), (), EN)
    assert "20%" in headline(NONE, Labels(("cat",)), (), EN)
    assert "not measured" in headline(UNMEASURED, Labels(("cat",)), (), EN)
    assert "都不是" in headline(NONE, Labels(("cat",)), (), TEXTS["zh"])


def test_words_that_the_model_cannot_know_are_said() -> None:
    assert "never learned these words" in headline(SURE, Labels(("quokka",)), ("quokka",), EN)
    assert "never learned" not in headline(SURE, Labels(("cat",)), (), EN)


def test_no_tick_where_nobody_measured_whether_any_is_right() -> None:
    doubtful = Verdict((Score("cat", 0.9, 0.001),), None, None, True)  # SigLIP's own probability, no threshold
    assert "✅" not in headline(doubtful, Labels(("cat",)), (), EN)


def test_merged_labels_are_said() -> None:
    assert "used once: cat" in headline(NONE, Labels(("cat",), ("cat",)), (), EN)


def test_a_label_is_text_wherever_it_is_shown() -> None:
    for shown in (headline(SURE, Labels((EVIL,), (EVIL,)), (), EN), bars(SURE, EN)):
        assert "<img" not in shown
        assert "&lt;img" in shown


def test_both_readings_stand_side_by_side() -> None:
    assert "90.0 %" in bars(SURE, EN)
    assert "80.0 %" in bars(SURE, EN)
    assert EN.not_measured in bars(UNMEASURED, EN)


def test_the_map_is_warm_where_the_label_is_seen_and_grey_elsewhere() -> None:
    seen = torch.zeros(4, 4)
    seen[0, 3] = 1.0
    drawn = np.asarray(heat_map(Image.new("RGB", (80, 80), "blue"), seen)).astype(int)
    red_over_green = drawn[..., 0] - drawn[..., 1]
    assert red_over_green[8, 72] > 60
    assert abs(red_over_green[60, 20]) < 5


def test_the_code_that_is_shown_quotes_what_was_typed() -> None:
    labels = Labels(('a "quoted" label', "it's"))
    shown = python_code(labels, ("{} here",), "some/model", "http://127.0.0.1:7860/")
    compile(shown, "shown", "exec")
    assert 'templates="{} here"' in shown
    assert 'model="some/model"' in shown
    assert "$FILE" in curl_code(Labels(("price in $FILE",)), (), "", "http://x/").split("price in ")[1][:5]
    assert "it'\\''s" in curl_code(labels, (), "", "http://127.0.0.1:7860/")
