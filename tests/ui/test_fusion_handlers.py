"""What the fusion tab does where things go wrong, wait or are stopped; the way it should go is in the browser test."""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from crossmodal.errors import UserError
from crossmodal.fusion.config import OWN, Config
from crossmodal.fusion.names import LATE
from crossmodal.fusion.results import Comparison, Outcome, bundled
from crossmodal.fusion.tasks import TASKS, tasks
from crossmodal.line import Line
from crossmodal.ui.fusion_handlers import CaseState, FusionHandlers
from crossmodal.ui.fusion_view import accuracy_bars, headings, table
from crossmodal.ui.texts import TEXTS
from tests.fusion.known import comparison, outcome


class Bench:
    """A laboratory that trains nothing: outcomes come from a list."""

    def __init__(self, events: list[Outcome | Exception]) -> None:
        self.events, self.asked = events, list[Config]()

    def splits(self, config: Config, said: Any, own: Any) -> list[Any]:
        said(1.0)
        self.asked.append(config)
        return []

    def train(self, config: Config, splits: list[Any], stop: threading.Event, own: Any) -> Iterator[Outcome]:
        for event in self.events:
            if stop.is_set():
                return
            if isinstance(event, Exception):
                raise event
            yield event


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))


def visitor(name: str) -> Any:
    return SimpleNamespace(session_hash=name)


def start(handlers: FusionHandlers, who: str = "one", **changed: Any) -> Iterator[tuple[Any, ...]]:
    given = {"task": "xor", "xor": 1.0, "strategies": ["film", "gmu"], "seeds": 2, "cases": 1000, **changed}
    return handlers.run(*given.values(), 0.0, 0.0, None, "en", visitor(who))


OUTCOMES = [outcome(name, seed, 0.9) for seed in range(2) for name in ("film", "gmu")]


def test_results_come_strategy_by_strategy() -> None:
    steps = [s for s in start(FusionHandlers(lambda: Bench(list(OUTCOMES)), Line())) if isinstance(s[1], Comparison)]  # type: ignore[arg-type, return-value]
    assert [len(s[1].outcomes) for s in steps] == [1, 2, 3, 4, 4]
    assert "4 trainings" in steps[-1][0]
    assert Path(steps[-1][-1][0]).name == "config.json"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"strategies": []}, "No strategy"),
        ({"seeds": 1}, "seeds is 1"),
        ({"seeds": None}, "seeds is 0"),
        ({"task": "x"}, "no task"),
    ],
)
def test_a_run_that_cannot_be_is_refused_and_the_next_one_goes(changed: dict[str, Any], said: str) -> None:
    bench = Bench(list(OUTCOMES))
    handlers = FusionHandlers(lambda: bench, Line())  # type: ignore[arg-type, return-value]
    with pytest.raises(gr.Error, match=said):
        list(start(handlers, **changed))
    assert "4 trainings" in list(start(handlers))[-1][0]


def test_the_second_person_is_told_the_place_in_the_queue() -> None:
    bench = Bench(list(OUTCOMES))
    handlers = FusionHandlers(lambda: bench, Line())  # type: ignore[arg-type, return-value]
    first, second = start(handlers, "one"), start(handlers, "two")
    next(first)
    assert "queue: 1" in next(second)[0]
    list(first)
    assert "4 trainings" in list(second)[-1][0]


def test_who_stops_keeps_what_is_done_and_lets_the_next_one_in() -> None:
    line = Line()
    bench = Bench(list(OUTCOMES))
    handlers = FusionHandlers(lambda: bench, line)  # type: ignore[arg-type, return-value]
    running = start(handlers)
    next(s for s in running if isinstance(s[1], Comparison))
    handlers.stop(visitor("one"))
    last = list(running)[-1]
    assert last[0].startswith("Stopped: 1 of 4")
    assert len(last[1].outcomes) == 1
    assert line.join().place == 0


def test_who_stops_while_waiting_trains_nothing() -> None:
    line = Line()
    bench = Bench(list(OUTCOMES))
    handlers = FusionHandlers(lambda: bench, line)  # type: ignore[arg-type, return-value]
    first, second = start(handlers, "one"), start(handlers, "two")
    next(first)
    next(second)
    handlers.stop(visitor("two"))
    assert [step[0] for step in second][-1].startswith("Stopped: 0 of 4")
    assert len(bench.asked) == 0 or line.join().place == 1


def test_a_second_run_of_the_same_person_can_be_stopped_too() -> None:
    bench = Bench(list(OUTCOMES))
    handlers = FusionHandlers(lambda: bench, Line())  # type: ignore[arg-type, return-value]
    first = start(handlers)
    next(s for s in first if isinstance(s[1], Comparison))
    second = start(handlers)
    next(second)
    assert list(first)[-1][0].startswith("Stopped: 1 of 4")
    next(s for s in second if isinstance(s[1], Comparison))
    handlers.stop(visitor("one"))
    assert list(second)[-1][0].startswith("Stopped: 1 of 4")


def test_a_case_of_one_task_is_not_judged_by_another(picture: Any) -> None:
    from crossmodal.fusion.one_case import Told, Verdict

    class Teller(Bench):
        def tell(self, task: str, picture: Any, text: str, model: str) -> list[Told]:
            return [Told("majority", Verdict(1, 0.6), Verdict(1, 0.6), Verdict(1, 0.6), None)]

    bench = Teller([])
    handlers = FusionHandlers(lambda: bench, Line())  # type: ignore[arg-type, return-value]
    image, text, case = handlers.new_case("xor", "en")
    assert "Right is" in handlers.tell("xor", image, text, case, "en")[2]
    assert "Right is" not in handlers.tell("and", image, text, case, "en")[2]
    assert "正确答案" in handlers.tell("xor", image, text, case, "zh")[2]


def test_a_worker_that_died_is_said_and_the_line_goes_on() -> None:
    line = Line()
    bench = Bench([OUTCOMES[0], UserError("A training process ended unexpectedly.")])
    handlers = FusionHandlers(lambda: bench, line)  # type: ignore[arg-type, return-value]
    with pytest.raises(gr.Error, match="ended unexpectedly"):
        list(start(handlers))
    assert line.join().place == 0


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("task", TASKS)
def test_a_new_case_is_in_the_persons_language_and_its_answer_is_one_of_the_task(task: str, language: Any) -> None:
    handlers = FusionHandlers(lambda: pytest.fail("no model is needed"), Line())
    picture, text, case = handlers.new_case(task, language)
    assert picture.size == (384, 384)
    assert case.task == task
    assert 0 <= case.label < len(tasks()[task].classes)
    assert any("一" <= c <= "鿿" for c in text) == (language == "zh")


def test_no_case_is_made_for_a_persons_own_task(picture: Any) -> None:
    handlers = FusionHandlers(lambda: pytest.fail("no model is needed"), Line())
    with pytest.raises(gr.Error, match="your own data"):
        handlers.new_case(OWN, "en")
    with pytest.raises(gr.Error, match="your own data"):
        handlers.tell(OWN, picture, "a sentence", CaseState(), "en")


def test_a_persons_own_task_needs_files(picture: Any) -> None:
    bench = Bench(list(OUTCOMES))
    handlers = FusionHandlers(lambda: bench, Line())  # type: ignore[arg-type, return-value]
    with pytest.raises(gr.Error, match="no files yet"):
        list(start(handlers, task=OWN))


@pytest.mark.parametrize(
    ("picture", "text", "said"),
    [(None, "Where is the cat?", "no picture"), ("picture", " ", "no sentence"), ("picture", "a" * 400, "400 characters")],
)
def test_a_case_that_lacks_something_is_refused_in_one_sentence(picture: Any, text: str, said: str, request: Any) -> None:
    handlers = FusionHandlers(lambda: pytest.fail("no model is needed"), Line())
    image = request.getfixturevalue("picture") if picture else None
    with pytest.raises(gr.Error, match=said):
        handlers.tell("xor", image, text, CaseState(), "en")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_table_has_a_heading_for_each_column_in_both_languages(language: Any) -> None:
    made = comparison({"film": (0.9, 0.8), "majority": (0.5, 0.5)})
    assert all(len(row) == len(headings(TEXTS[language])) for row in table(made))
    bars = accuracy_bars(made, TEXTS[language])
    assert bars.index("FiLM") < bars.index("Majority")


@pytest.mark.parametrize("task", TASKS)
def test_results_and_trained_strategies_ship_for_every_task(task: str) -> None:
    from crossmodal.fusion.heads import bundled_heads
    from crossmodal.fusion.names import STRATEGIES

    found = bundled(task)
    assert found is not None
    assert found.config.checked().task == task
    assert found.strategies == list(STRATEGIES)
    assert all(len(found.of(name)) == found.config.seeds for name in STRATEGIES)
    assert list(bundled_heads(task)) == list(STRATEGIES)


def test_what_ships_says_what_the_tasks_were_made_for() -> None:
    scores = {task: {row["strategy"]: row for row in found.rows()} for task in TASKS if (found := bundled(task))}
    assert all(45 < scores["xor"][late]["accuracy"] < 55 for late in LATE)
    # An additive part that knows nothing; the one of a strategy that interacts may lie a little below chance.
    assert all(0.4 < row["emap"] < 0.56 for row in scores["xor"].values())
    grounded = scores["grounded_vqa"]
    assert grounded["cross_attention"]["accuracy"] > 90
    assert max(grounded[late]["accuracy"] for late in LATE) < 40
    assert scores["redundant"]["product_of_experts"]["accuracy"] > scores["redundant"]["picture_only"]["accuracy"]
