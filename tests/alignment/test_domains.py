import numpy as np
import pytest
import torch
from torch import Tensor

from crossmodal.alignment.broken import OneWayDiscriminator, double_softmax_loss, unsquared_kernel
from crossmodal.alignment.domains import (
    coral,
    covariance,
    dann_strength,
    gaussian_kernel,
    mmd_biased,
    mmd_unbiased,
    reversed_gradient,
)


def draws(seed: int, shift: float = 0.0, count: int = 40) -> Tensor:
    return torch.randn(count, 5, generator=torch.Generator().manual_seed(seed)) + shift


def test_the_kernel_is_gaussian_and_the_unsquared_one_is_not() -> None:
    x, y = torch.tensor([[0.0]]), torch.tensor([[3.0]])
    assert float(gaussian_kernel(x, y, 2.0)) == pytest.approx(np.exp(-9 / 8))
    assert float(unsquared_kernel(x, y, 2.0)) != pytest.approx(np.exp(-9 / 8), abs=0.1)


def test_the_unbiased_mmd_of_one_distribution_is_0_on_average_and_the_biased_one_is_not() -> None:
    pairs = [(draws(2 * i), draws(2 * i + 1)) for i in range(200)]
    unbiased = torch.stack([mmd_unbiased(x, y, 2.0) for x, y in pairs])
    error = float(unbiased.std()) / 200**0.5
    assert abs(float(unbiased.mean())) < 3 * error
    assert float(unbiased.min()) < 0
    biased = torch.stack([mmd_biased(x, y, 2.0) for x, y in pairs])
    assert float(biased.min()) >= 0
    assert float(biased.mean()) > 10 * error


def test_mmd_and_coral_grow_with_what_they_compare() -> None:
    x = draws(0)
    assert mmd_unbiased(x, draws(1, 2.0)) > mmd_unbiased(x, draws(1, 1.0)) > mmd_unbiased(x, draws(1))
    assert coral(x, 3 * draws(1)) > coral(x, draws(1))
    assert float(coral(x, x + 7)) == pytest.approx(0, abs=1e-9)  # means are not its business


def test_covariance_is_numpys() -> None:
    x = draws(3)
    torch.testing.assert_close(covariance(x), torch.tensor(np.cov(x.numpy().T), dtype=torch.float32))
    y = draws(4)
    expected = ((np.cov(x.numpy().T) - np.cov(y.numpy().T)) ** 2).sum() / (4 * 25)
    assert float(coral(x, y)) == pytest.approx(expected, rel=1e-4)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="needs two on each side"):
        mmd_unbiased(draws(0), draws(1)[:1])
    with pytest.raises(ValueError, match="needs two"):
        covariance(draws(0)[:1])


def test_the_reversal_changes_the_gradients_sign_and_nothing_else() -> None:
    x = draws(0).requires_grad_()
    out = reversed_gradient(x, 0.5)
    torch.testing.assert_close(out, x)
    out.sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    torch.testing.assert_close(x.grad, torch.full_like(x, -0.5))


def test_danns_schedule_begins_at_0_and_ends_near_1() -> None:
    assert dann_strength(0.0) == 0
    assert dann_strength(1.0) == pytest.approx(0.9999, abs=1e-4)
    assert dann_strength(0.1) < dann_strength(0.2)


def gradients(discriminator: torch.nn.Module, features: Tensor) -> float:
    said = discriminator(features)
    torch.nn.functional.binary_cross_entropy(torch.sigmoid(said), torch.ones_like(said)).backward()
    return sum(float(p.grad.abs().sum()) for p in discriminator.parameters() if p.grad is not None)


def test_a_softmax_over_one_output_kills_the_discriminator() -> None:
    assert gradients(torch.nn.Linear(5, 1), draws(0)) > 0
    assert gradients(OneWayDiscriminator(5), draws(0)) == 0


def test_a_double_softmax_never_gets_below_its_floor() -> None:
    sure, labels = torch.tensor([[60.0, 0.0]]), torch.tensor([0])
    assert float(torch.nn.functional.cross_entropy(sure, labels)) < 1e-6
    assert float(double_softmax_loss(sure, labels)) == pytest.approx(0.3133, abs=1e-3)
