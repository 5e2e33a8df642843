import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.alignment.broken import misprinted_info_nce
from crossmodal.alignment.contrastive import (
    alignment,
    clamp_logit_scale,
    info_nce,
    siglip,
    uniformity,
)

SCALE = torch.tensor(1 / 0.07)
N = 8


def units(seed: int, dim: int = 16) -> Tensor:
    return F.normalize(torch.randn(N, dim, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_info_nce_is_ln_n_where_pairs_cannot_be_told_apart_and_0_where_they_can() -> None:
    same = F.normalize(torch.ones(N, 16), dim=-1)
    assert float(info_nce(same, same, SCALE)) == pytest.approx(math.log(N), abs=1e-5)
    apart = torch.eye(N, 16)
    assert float(info_nce(apart, apart, torch.tensor(100.0))) == pytest.approx(0, abs=1e-5)


def test_info_nce_is_what_its_formula_says_and_symmetric() -> None:
    image, text = units(0), units(1)
    s = (image @ text.T * SCALE).double()
    rows, columns = ([torch.log(torch.exp(m[i, i]) / torch.exp(m[i]).sum()) for i in range(N)] for m in (s, s.T))
    each = [a + b for a, b in zip(rows, columns, strict=True)]
    assert float(info_nce(image, text, SCALE)) == pytest.approx(float(-sum(each) / (2 * N)), rel=1e-5)
    torch.testing.assert_close(info_nce(image, text, SCALE), info_nce(text, image, SCALE))


def test_the_misprint_goes_below_zero_and_hardly_punishes_a_collapse() -> None:
    apart, same = torch.eye(N, 16), F.normalize(torch.ones(N, 16), dim=-1)
    right = [float(info_nce(v, v, SCALE)) for v in (apart, same)]
    wrong = [float(misprinted_info_nce(v, v, SCALE)) for v in (apart, same)]
    assert right[0] >= 0
    assert right[1] - right[0] > 2
    assert wrong == pytest.approx([-12.1, -11.2], abs=0.5)  # Radford's temperature, N = 8
    assert wrong[1] - wrong[0] < 1.5


def test_siglip_is_what_its_formula_says() -> None:
    image, text, bias = units(0), units(1), torch.tensor(-10.0)
    total = 0.0
    for i in range(N):
        for j in range(N):
            z = 1 if i == j else -1
            total -= math.log(1 / (1 + math.exp(-z * (float(SCALE) * float(image[i] @ text[j]) - 10))))
    assert float(siglip(image, text, SCALE, bias)) == pytest.approx(total / N, rel=1e-4)


def test_batches_of_different_sizes_are_no_pairs() -> None:
    with pytest.raises(ValueError, match="no matched pairs"):
        info_nce(units(0), units(1)[:3], SCALE)


def test_the_logit_scale_is_kept_between_1_and_100() -> None:
    for value, kept in ((-3.0, 0.0), (2.0, 2.0), (9.0, math.log(100))):
        scale = torch.tensor(value, requires_grad=True)
        clamp_logit_scale(scale)
        assert float(scale.detach()) == pytest.approx(kept)
        assert scale.requires_grad


def test_alignment_and_uniformity_of_known_places() -> None:
    left, right = torch.tensor([[1.0, 0.0]]).expand(4, 2), torch.tensor([[-1.0, 0.0]]).expand(4, 2)
    assert float(alignment(left, right)) == 4
    assert float(alignment(left, left)) == 0
    assert float(uniformity(left)) == 0
    corners = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert float(uniformity(corners)) == pytest.approx(-8)
    with pytest.raises(ValueError, match="needs two"):
        uniformity(corners[:1])
