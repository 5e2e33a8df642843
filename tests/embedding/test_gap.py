import pytest
import torch
import torch.nn.functional as F

from crossmodal.embedding.gap import modality_gap


def test_the_gap_between_two_cones() -> None:
    noise = F.normalize(torch.randn(50, 8, generator=torch.Generator().manual_seed(0)), dim=-1)
    first, second = (F.normalize(noise * 0.1 + torch.eye(8)[i], dim=-1) for i in range(2))
    assert modality_gap(first, second) == pytest.approx(2**0.5, abs=0.1)
    assert modality_gap(first, first) == 0


def test_opposite_ends_are_2_apart() -> None:
    left = torch.tensor([[1.0, 0.0]]).expand(4, 2)
    assert modality_gap(left, -left) == 2
