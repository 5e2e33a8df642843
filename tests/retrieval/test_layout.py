import pytest
import torch
import torch.nn.functional as F

from crossmodal.retrieval.layout import lay_out, near_duplicates
from tests.retrieval.stores import unit


def two_clouds() -> torch.Tensor:
    centres = torch.eye(8)[:2].repeat_interleave(15, 0)
    return F.normalize(centres + 0.05 * unit(30, seed=3), dim=-1)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_what_is_alike_lies_together(method: str) -> None:
    points = lay_out(two_clouds(), method).points  # type: ignore[arg-type]
    assert points.shape == (30, 2)
    assert float(points.min()) >= 0
    assert float(points.max()) <= 1
    within = max(torch.cdist(part, part).max() for part in (points[:15], points[15:]))
    assert float((points[:15].mean(0) - points[15:].mean(0)).norm()) > 0.5 * float(within)


def test_pca_says_how_much_it_keeps() -> None:
    flat = F.normalize(torch.cat([torch.randn(40, 2), torch.zeros(40, 6)], 1), dim=-1)
    assert lay_out(flat).kept == pytest.approx(1, abs=1e-4)
    kept = lay_out(unit(200)).kept
    assert kept is not None
    assert 0.2 < kept < 0.6


@pytest.mark.parametrize("count", [0, 1, 2])
def test_very_small_galleries(count: int) -> None:
    assert lay_out(unit(count)).points.shape == (count, 2)


def test_near_duplicates_point_to_the_first_of_their_group() -> None:
    a, b = unit(2, seed=4)
    close = F.normalize(a + 0.01 * b, dim=0)
    assert near_duplicates(torch.stack([a, b, close, a]), 0.98) == [0, 1, 0, 0]
    assert near_duplicates(torch.stack([a, b]), 0.98) == [0, 1]
