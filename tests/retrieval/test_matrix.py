import pytest
import torch

from crossmodal.retrieval import matrix as module
from crossmodal.retrieval.matrix import VectorMatrix
from tests.retrieval.stores import unit


@pytest.fixture(params=[7, 65_536])
def rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> torch.Tensor:
    monkeypatch.setattr(module, "BLOCK", request.param)
    return unit(50)


def filled(rows: torch.Tensor, step: int = 9) -> VectorMatrix:
    made = VectorMatrix(rows.shape[1])
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        made.add(torch.arange(100 + start, 100 + start + len(part)), part)
    return made


@pytest.mark.parametrize("queries", [1, 4])
def test_the_best_rows_are_found_whatever_the_blocks(rows: torch.Tensor, queries: int) -> None:
    asked = unit(queries, seed=5)
    expected = (asked @ rows.T).topk(6, dim=1)
    scores, numbers = filled(rows).search(asked, 6)
    assert torch.allclose(scores, expected.values, atol=1e-6)
    assert torch.equal(numbers, expected.indices + 100)


def test_only_allowed_numbers_are_found(rows: torch.Tensor) -> None:
    _, numbers = filled(rows).search(unit(1, seed=5), 100, torch.tensor([103, 140, 7]))
    assert set(numbers[0].tolist()) == {103, 140}
    assert filled(rows).search(unit(1, seed=5), 3, torch.tensor([], dtype=torch.long))[1].shape == (1, 0)


def test_an_empty_matrix_finds_nothing() -> None:
    scores, numbers = VectorMatrix(8).search(unit(3), 5)
    assert scores.shape == numbers.shape == (3, 0)


@pytest.mark.parametrize("last", [99, 100, 106, 107, 128, 149, 500])
def test_a_view_ends_where_it_should_and_later_rows_do_not_show(rows: torch.Tensor, last: int) -> None:
    made = filled(rows)
    seen = made.view(last)
    made.add(torch.tensor([900]), unit(1, seed=9))
    count = min(max(0, last - 99), 50)
    assert len(seen) == count
    _, numbers = seen.search(unit(1, seed=9), 100)
    assert sorted(numbers[0].tolist()) == list(range(100, 100 + count))
