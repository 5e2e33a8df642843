"""The alignment tab's events: what ships is shown, a run goes in turn and stops, bad input is one sentence."""

import time
from collections.abc import Iterator
from dataclasses import fields
from html import escape
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import torch

from crossmodal.alignment.bugs import BUGS
from crossmodal.alignment.captioned import TEST, Captioned
from crossmodal.alignment.names import CONTROL, OBJECTIVES, WAYS
from crossmodal.alignment.outcomes import bundled
from crossmodal.alignment.playground import Playground
from crossmodal.line import Line
from crossmodal.ui.alignment_handlers import SHIPPED, AlignmentHandlers
from crossmodal.ui.alignment_texts import TEXTS, AlignmentTexts, Choices, OfTexts, named
from crossmodal.world.words import LANGUAGES, Language
from tests.known import slots


class Encoded(Playground):
    """With a captioned set of its own, and no checkpoint."""

    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[arg-type]

    def captioned(self, said: Any = None) -> Captioned:
        generator = torch.Generator().manual_seed(0)
        hidden = torch.randn(TEST + 200, 8, generator=generator)
        return Captioned(hidden @ torch.randn(8, 12, generator=generator), hidden @ torch.randn(8, 10, generator=generator))


def visitor(name: str = "one") -> gr.Request:
    return SimpleNamespace(session_hash=name)  # type: ignore[return-value]


PLAYGROUND = Encoded()
"""One for all: its process takes seconds to start."""


@pytest.fixture
def handlers() -> AlignmentHandlers:
    return AlignmentHandlers(lambda: PLAYGROUND, Line())


@pytest.mark.parametrize("name", [field.name for field in fields(AlignmentTexts)])
def test_both_languages_say_it_with_the_same_slots(name: str) -> None:
    en, zh = (getattr(TEXTS[language], name) for language in LANGUAGES)
    assert en
    assert zh
    assert slots(en) == slots(zh)


@pytest.mark.parametrize("language", LANGUAGES)
def test_choices_keep_what_they_stand_for_in_both_languages(language: Language) -> None:
    assert [value for _, value in Choices(None, "ways").said(language)] == list(WAYS)
    assert [value for _, value in Choices(None, "objectives").said(language)] == list(OBJECTIVES)
    assert [value for _, value in OfTexts(None, "digits:digits scenes:book").said(language)] == ["digits", "book"]


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_experiment_ships_with_its_command_and_is_shown_by_name(
    name: str, language: Language, handlers: AlignmentHandlers
) -> None:
    found = bundled(name)
    assert found is not None
    assert found.command.startswith("python -m crossmodal.alignment.")
    if name == "pairing":
        note, shown, *_ = handlers.show_pairing(False, language)
    elif name == "clip":
        note, shown = handlers.show_clip(language)
    else:
        data, _, more = name.partition("-")
        classes = int(more) if more.isdigit() else 10
        note, shown, drawn = handlers.show_domains(data, "curve" if more == "curve" else "ways", classes, language)
        assert "<svg" in drawn
    assert found.command in note
    assert all(escape(named(row.title, language).split(",")[0]) in shown for row in found.rows)


def test_mmd_beats_the_control_by_five_points_on_the_digits_that_ship() -> None:
    found = bundled("digits")
    assert found is not None
    rows = {row.title: row for row in found.rows}
    assert len(rows[CONTROL].first) >= 5
    gain = rows["MMD"].gain
    assert gain is not None
    assert gain[1] > 5


def start(handlers: AlignmentHandlers, name: str = "one", **changed: Any) -> Iterator[tuple[Any, ...]]:
    asked = {"data": "digits", "experiment": "ways", "ways": [CONTROL], "seeds": 2, "classes": 10, **changed}
    return handlers.run_domains(*asked.values(), "en", visitor(name))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ways": []}, "No way"),
        ({"seeds": 1}, "seeds is 1"),
        ({"seeds": None}, "seeds is 0"),
        ({"classes": 1}, "1 classes"),
        ({"data": "x"}, "no domains"),
    ],
)
def test_a_run_that_cannot_be_is_refused_and_the_line_goes_on(
    changed: dict[str, Any], said: str, handlers: AlignmentHandlers
) -> None:
    with pytest.raises(gr.Error, match=said):
        list(start(handlers, **changed))
    assert handlers._line.join().place == 0


def test_the_second_person_is_told_the_place_and_who_stops_trains_nothing(handlers: AlignmentHandlers) -> None:
    first, second = start(handlers), start(handlers, "two")
    assert "0 of 2" in next(first)[0]
    assert "queue: 1" in next(second)[0]
    handlers.stop(visitor("one"))
    assert list(first)[-1][0].startswith("Stopped: 0 of 2")
    handlers.stop(visitor("two"))
    list(second)
    assert handlers._line.join().place == 0


def test_pairs_are_aligned_live_and_end_with_recall_and_curves(handlers: AlignmentHandlers) -> None:
    *_, last = handlers.run_pairing(["info_nce"], 2, "en", visitor())
    assert last[0].startswith("This run: 4 trainings")
    assert "InfoNCE" in last[1]
    assert "<polyline" in last[2]


@pytest.mark.parametrize("data", ["cones", "book"])
def test_a_temperature_is_told_in_figures_and_drawn(data: str, handlers: AlignmentHandlers) -> None:
    *_, (said, drawn) = handlers.temperature(data, 0.1, False, "en", visitor())
    assert said.startswith("At temperature 0.1: gap ")
    assert drawn.count("<svg") == 5
    with pytest.raises(gr.Error, match="temperature is 3"):
        list(handlers.temperature(data, 3, False, "en", visitor()))
    with pytest.raises(gr.Error, match="no data 'x'"):
        list(handlers.temperature("x", 0.1, False, "en", visitor()))


def test_a_sweep_is_drawn_over_all_temperatures(handlers: AlignmentHandlers) -> None:
    *_, (said, drawn) = handlers.sweep("cones", False, "zh", visitor())
    assert said == ""
    assert drawn.count("<polyline") == 4


@pytest.mark.parametrize("bug", list(BUGS))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bug_is_shown_with_both_lines_and_its_symptom(bug: str, language: Language, handlers: AlignmentHandlers) -> None:
    shown = handlers.break_it(bug, language)
    assert shown.count("<polyline") == 2
    assert shown.count("<code>") == 2
    assert escape(BUGS[bug].title[language == "zh"]) in shown


def test_endpoints_refuse_what_is_unknown_by_name(handlers: AlignmentHandlers) -> None:
    with pytest.raises(gr.Error, match=r"no experiment '\.\./x'"):
        handlers.api_adaptation()("../x")
    with pytest.raises(gr.Error, match="temperature is 0"):
        handlers.api_temperature()(0)
    assert handlers.api_temperature()(0.1)["recall_at_1"] > 0.9


def test_results_of_ones_own_are_not_overwritten_by_those_that_ship(handlers: AlignmentHandlers) -> None:
    assert "python -m" not in str(handlers.show_pairing(True, "en"))
    assert "python -m" not in str(handlers.kept_domains(True, "digits", "ways", 10, "en"))
    assert "python -m" in str(handlers.kept_domains(False, "digits", "ways", 10, "en"))


def test_an_experiment_reseeds_nothing_here(handlers: AlignmentHandlers) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    handlers.break_it("one_output", "en")
    assert torch.equal(torch.rand(1), expected)


def test_a_process_that_died_is_said_and_the_next_experiment_goes(handlers: AlignmentHandlers) -> None:
    handlers.break_it("squeeze", "en")
    assert PLAYGROUND._process is not None
    for process in list(PLAYGROUND._process._processes.values()):
        process.kill()

    def until_noticed() -> None:
        for _ in range(50):
            handlers.break_it("squeeze", "en")
            time.sleep(0.1)

    with pytest.raises(gr.Error, match="ended unexpectedly"):
        until_noticed()
    assert "<svg" in handlers.break_it("squeeze", "en")
