import pytest
import torch
import torch.nn.functional as F

from crossmodal.retrieval.cutoff import TEXTS, Background, cutoff, cutoff_among
from tests.retrieval.stores import unit


@pytest.fixture
def known() -> Background:
    """Pictures and unrelated texts that share nothing but chance."""
    return Background(unit(200, dim=64), {"en": unit(48, dim=64, seed=1), "zh": unit(48, dim=64, seed=2)})


def test_an_unrelated_query_stays_below_and_a_matching_one_passes(known: Background) -> None:
    matching = F.normalize(known.pictures[17] + 0.5 * unit(1, dim=64, seed=3)[0], dim=0)
    line = cutoff(matching, "cat", known)
    assert float((known.pictures @ matching).max()) > line.score
    unrelated = [unit(1, dim=64, seed=seed)[0] for seed in range(100, 200)]
    passing = sum(float((known.pictures @ q).max()) > cutoff(q, "cat", known).score for q in unrelated)
    assert 20 <= passing <= 55  # a third of what matches nothing, by the quantile; about
    assert len(line.scores) == 200


def test_the_line_follows_a_query_that_lies_nearer_to_everything(known: Background) -> None:
    centre = F.normalize(torch.ones(64), dim=0)
    moved = Background(F.normalize(known.pictures + centre, dim=-1), known.texts)
    plain = unit(1, dim=64, seed=9)[0]
    nearer = F.normalize(plain + centre, dim=0)
    assert cutoff(nearer, "cat", moved).score > cutoff(plain, "cat", moved).score


def test_the_background_is_of_the_querys_language(known: Background) -> None:
    query = unit(1, dim=64, seed=9)[0]
    other = Background(known.pictures, {"en": known.texts["en"], "zh": F.normalize(known.pictures[:48], dim=-1)})
    assert cutoff(query, "猫", other).score > cutoff(query, "cat", other).score


def test_both_lists_of_texts_name_the_same_things() -> None:
    assert len(TEXTS["en"]) == len(TEXTS["zh"]) == len(set(TEXTS["en"])) == len(set(TEXTS["zh"]))


def test_a_picture_must_be_as_near_as_neighbours_usually_are(known: Background) -> None:
    line = cutoff_among(known.pictures[3], known.pictures, known.pictures, same=True)
    assert line.score < 0.9
    assert float(known.pictures[3] @ known.pictures[3]) > line.score
    assert max(cutoff_among(unit(1, dim=64, seed=5)[0], known.pictures, known.pictures, same=True).scores) < 1


@pytest.mark.parametrize("count", [0, 1])
def test_galleries_of_none_or_one(count: int) -> None:
    few = unit(count, dim=64)
    line = cutoff_among(unit(1, dim=64, seed=5)[0], few, few, same=True)
    assert line.score == 1
    assert cutoff(unit(1, dim=64)[0], "cat", Background(few[:0], {"en": unit(4, dim=64), "zh": unit(4, dim=64)})).scores == ()
