import pytest
import torch
import torch.nn.functional as F

from crossmodal.retrieval.quality import as_table, recall
from tests.retrieval.stores import unit


def test_perfect_captions_are_all_found_first() -> None:
    pictures = unit(30)
    to_picture, to_text = recall(pictures, pictures, list(range(30)))
    for found in (to_picture, to_text):
        assert found.at[1] == (100, 100, 100)
        assert found.median_rank == 1
        assert (found.queries, found.among) == (30, 30)


def test_ranks_by_hand() -> None:
    """Two pictures; the first's caption is nearer to the second."""
    pictures = torch.eye(4)[:2]
    captions = F.normalize(torch.tensor([[0.4, 0.6, 0, 0], [0.0, 1.0, 0, 0]]), dim=-1)
    to_picture, to_text = recall(pictures, captions, [0, 1])
    assert to_picture.at[1][0] == 50
    assert to_picture.at[5][0] == 100
    assert to_picture.median_rank == 1.5
    assert to_text.at[1][0] == 100


def test_any_of_a_pictures_captions_is_right_and_none_competes_with_another() -> None:
    pictures = torch.eye(8)[:3]
    captions = torch.stack([torch.eye(8)[0], torch.eye(8)[0], torch.eye(8)[1], torch.eye(8)[2], torch.eye(8)[7]])
    to_picture, to_text = recall(pictures, captions, [0, 0, 1, 2, 2])
    assert to_text.at[1][0] == 100
    assert to_picture.queries == 5
    assert to_text.queries == 3


def test_pictures_without_captions_are_found_but_not_asked_for() -> None:
    to_picture, to_text = recall(unit(10), unit(10)[:4], [0, 1, 2, 3])
    assert (to_picture.queries, to_picture.among) == (4, 10)
    assert (to_text.queries, to_text.among) == (4, 4)


def test_the_interval_holds_the_share_and_shrinks_with_more_queries() -> None:
    widths = []
    for count in (50, 800):
        pictures = unit(count, dim=16)
        noisy = F.normalize(pictures + 0.9 * unit(count, dim=16, seed=1), dim=-1)
        share, low, high = recall(pictures, noisy, list(range(count)))[0].at[1]
        assert low <= share <= high
        widths.append(high - low)
    assert widths[1] < widths[0]


def test_the_table() -> None:
    found, _ = recall(unit(30), unit(30), list(range(30)))
    assert "| t → p | 30 among 30 | 100.0 (100.0-100.0) |" in as_table([("t → p", found)])


def test_chance_is_chance() -> None:
    found, _ = recall(unit(200, dim=64), unit(200, dim=64, seed=7), list(range(200)))
    assert found.at[1][0] < 5
    assert found.median_rank == pytest.approx(100, abs=30)
