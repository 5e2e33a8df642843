import csv
import io
import json

import pytest

from crossmodal.errors import UserError
from crossmodal.fusion.config import Config, config_from
from crossmodal.fusion.names import STRATEGIES
from crossmodal.fusion.reading import remarks
from crossmodal.fusion.results import COLUMNS, comparison_from
from tests.fusion.known import comparison


def test_differences_are_taken_seed_by_seed() -> None:
    made = comparison({"film": (0.9, 0.7, 0.8), "gmu": (0.8, 0.6, 0.7)})
    assert made.difference("film", "gmu") == pytest.approx((10, 10, 10))


def test_rows_come_in_the_catalogues_order_and_intervals_stay_within_the_possible() -> None:
    made = comparison({"stacking": (0.99, 1.0), "majority": (0.5, 0.5)})
    rows = made.rows()
    assert [row["strategy"] for row in rows] == ["majority", "stacking"]
    assert rows[1]["high"] == 100.0
    assert {"strategy", "accuracy", "low", "high", "parameters", "flops"} <= set(rows[0])


def test_what_is_written_is_read_again() -> None:
    made = comparison({"film": (0.9, 0.8), "text_only": (0.5, 0.6)})
    assert comparison_from(made.to_json()) == made
    rows = list(csv.DictReader(io.StringIO(made.to_csv())))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["strategy"] for row in rows] == ["text_only", "film"]
    assert config_from(json.loads(made.config.to_json())) == made.config


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"task": "nor"}, "no task 'nor'"),
        ({"strategies": ()}, "No strategy is chosen"),
        ({"strategies": ("mlp",)}, "no strategy 'mlp'"),
        ({"seeds": 1}, "seeds is 1; an interval needs 2"),
        ({"seeds": 99}, "seeds is 99"),
        ({"cases": 3}, "training cases is 3"),
        ({"cases": 50_000, "seeds": 20}, "20 seeds of 50,000 cases are 1,000,000"),
        ({"xor": 3.0}, "XOR is 3"),
        ({"modality_dropout": 2.0}, "Modality dropout is 2"),
        ({"colour": "red"}, "'colour', which is no setting"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_sentence(changed: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        config_from({"task": "xor", **changed})


def test_the_command_of_a_run_names_what_differs_from_the_defaults() -> None:
    plain = Config("and").command
    assert plain == "python -m crossmodal.fusion.compare --task and --seeds 5 --cases 20000"
    told = Config("xor", ("film", "gmu"), seeds=2, xor=0.5, adversarial=0.1).command
    assert Config("xor", xor=0.0).command.endswith("--xor 0")
    assert told.endswith("--seeds 2 --cases 20000 --strategies film gmu --adversarial 0.1 --xor 0.5")


def said(scores: dict[str, tuple[float, ...]]) -> str:
    return "\n".join(remark.en for remark in remarks(comparison(scores)))


def test_late_fusion_is_said_to_lose_only_where_every_seed_bears_it_out() -> None:
    alone = {"text_only": (0.5, 0.51, 0.5)}
    lost = said({"film": (0.98, 0.97, 0.99), "stacking": (0.5, 0.49, 0.51), **alone})
    assert "adds up what each modality says alone" in lost
    assert "Best here: FiLM: 98.0 %" in lost
    even = said({"film": (0.9, 0.91, 0.9), "stacking": (0.9, 0.91, 0.905), **alone})
    assert "keeps up" in even
    unclear = said({"film": (0.99, 0.6), "stacking": (0.7, 0.7), **alone})
    assert "do not tell which is better" in unclear
    assert "no clear gain" in unclear


def test_nothing_is_said_of_one_strategy_or_of_one_seed() -> None:
    assert remarks(comparison({"film": (0.9, 0.8), "majority": (0.5, 0.5)})) == []
    assert remarks(comparison({"film": (0.9,), "gmu": (0.8,)})) == []


def test_every_strategy_has_a_title_of_its_own() -> None:
    assert len({kind.title for kind in STRATEGIES.values()}) == len(STRATEGIES)
