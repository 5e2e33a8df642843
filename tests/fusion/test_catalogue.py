"""Properties that every strategy has, each seen to fail once its bug is put in."""

import pytest
import torch
from torch import Tensor, nn

from crossmodal.fusion.analysis import costs, emap, measure
from crossmodal.fusion.cases import Cases, Split, Tokens
from crossmodal.fusion.catalogue import Shape, make
from crossmodal.fusion.names import BASELINES, LATE, STRATEGIES
from crossmodal.fusion.pooled import Lmf, with_one
from crossmodal.fusion.strategy import Encoded
from crossmodal.fusion.training import Recipe, accuracy, perturbed, predicted, train

SHAPE = Shape((4, 12), (3, 10), 2)
TRAINED = [name for name in STRATEGIES if name != "majority"]


def tokens(count: int, shape: tuple[int, int], seed: int = 0) -> Tokens:
    generator = torch.Generator().manual_seed(seed)
    return Tokens(torch.randn(count, *shape, generator=generator), torch.ones(count, shape[0], dtype=torch.bool))


def bits(count: int, kind: str, seed: int) -> Cases:
    """One bit a modality, as the sign of a direction, on every token."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(count, generator=generator)
    seen, read = order % 2, order // 2 % 2  # all four pairs alike often
    labels = {"xor": seen ^ read, "and": seen & read}[kind]

    def said(values: Tensor, shape: tuple[int, int]) -> Tokens:
        noise = 0.3 * torch.randn(count, *shape, generator=generator)
        direction = torch.linspace(-1, 1, shape[1])
        return Tokens(noise + (2.0 * values[:, None, None] - 1) * direction, torch.ones(count, shape[0], dtype=torch.bool))

    rows = torch.arange(count)
    return Cases(said(seen, SHAPE.picture), said(read, SHAPE.text), rows, rows, labels)


@pytest.fixture(scope="module")
def xor() -> Split:
    return Split(bits(1500, "xor", 1), bits(600, "xor", 2))


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_batch_of_one_gives_one_row_of_logits(name: str) -> None:
    assert make(name, SHAPE)(tokens(1, SHAPE.picture), tokens(1, SHAPE.text)).shape == (1, 2)


def untrained(module: nn.Module, loss: Tensor) -> list[str]:
    module.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    return [name for name, p in module.named_parameters() if p.grad is None or not p.grad.abs().sum()]


@pytest.mark.parametrize("name", TRAINED)
def test_every_parameter_learns(name: str) -> None:
    torch.manual_seed(0)
    strategy = make(name, SHAPE)
    held = torch.arange(40) % 5 == 0
    loss = strategy.loss(tokens(40, SHAPE.picture), tokens(40, SHAPE.text, 1), torch.arange(40) % 2, held)
    # An attention's key bias shifts all its scores alike, so that the softmax takes it away.
    assert [p for p in untrained(strategy, loss) if "key_value.bias" not in p] == []


class LmfInAList(Lmf):
    """The bug: the factors in a plain list, which no optimiser ever sees."""

    def __init__(self) -> None:
        super().__init__(8)
        factors = [self.picture.detach().clone(), self.text.detach().clone()]
        del self.picture, self.text
        self.factors = factors

    def forward(self, picture: Encoded, text: Encoded) -> Tensor:
        v = torch.einsum("bi,rio->bro", with_one(picture.pooled), self.factors[0])
        return (v * torch.einsum("bi,rio->bro", with_one(text.pooled), self.factors[1])).sum(1)


def test_factors_in_a_plain_list_are_no_parameters() -> None:
    assert len(list(Lmf(8).parameters())) == 2
    assert list(LmfInAList().parameters()) == []


@pytest.mark.parametrize("name", ["concat_mlp", "lmf", "film", "cross_attention"])
def test_fusing_in_the_middle_learns_xor(name: str, xor: Split) -> None:
    strategy = train(name, xor, 2, 0, Recipe(200))
    assert accuracy(predicted(strategy, xor.test), xor.test.labels) > 0.95


@pytest.mark.parametrize("name", [*LATE, *BASELINES])
def test_what_adds_up_single_modalities_cannot_learn_xor(name: str, xor: Split) -> None:
    strategy = train(name, xor, 2, 0, Recipe(200))
    assert 0.42 < accuracy(predicted(strategy, xor.test), xor.test.labels) < 0.58


def test_stacking_learns_and_but_a_product_of_experts_ties_where_both_bits_are_set() -> None:
    split = Split(bits(1500, "and", 1), bits(600, "and", 2))
    scores = {}
    for name in ("stacking", "product_of_experts"):
        strategy = train(name, split, 2, 0, Recipe(200))
        scores[name] = accuracy(predicted(strategy, split.test), split.test.labels)
    assert scores["stacking"] > 0.95
    assert scores["product_of_experts"] < 0.95


def test_stacking_weighs_on_cases_that_its_members_have_not_seen() -> None:
    torch.manual_seed(0)
    strategy = make("stacking", SHAPE)
    picture, text, labels = tokens(10, SHAPE.picture), tokens(10, SHAPE.text, 1), torch.arange(10) % 2
    everything, nothing = torch.ones(10, dtype=torch.bool), torch.zeros(10, dtype=torch.bool)
    assert not any(name.startswith("weigh.") for name in untrained(strategy, strategy.loss(picture, text, labels, everything)))
    kept = untrained(strategy, strategy.loss(picture, text, labels, nothing))
    assert {name for name in kept if name.startswith("weigh.")} == {"weigh.weight", "weigh.bias"}


def test_probabilities_of_late_fusion_are_what_their_formulas_say() -> None:
    torch.manual_seed(0)
    picture, text = tokens(5, SHAPE.picture), tokens(5, SHAPE.text, 1)
    mean = make("mean_probability", SHAPE)
    p, q = mean.picture(picture, text).softmax(-1), mean.text(picture, text).softmax(-1)  # type: ignore[union-attr, operator]
    torch.testing.assert_close(mean(picture, text).softmax(-1), (p + q) / 2)
    product = make("product_of_experts", SHAPE)
    p, q = product.picture(picture, text).softmax(-1), product.text(picture, text).softmax(-1)  # type: ignore[union-attr, operator]
    torch.testing.assert_close(product(picture, text).softmax(-1), p * q / (p * q).sum(-1, keepdim=True))


def test_emap_of_an_additive_function_is_itself_and_of_a_product_is_not() -> None:
    of_picture, of_text = torch.randn(9, 1, 3), torch.randn(1, 7, 3)
    pictures, texts = torch.randint(1, 5, (9,)), torch.randint(1, 5, (7,))
    additive, product = of_picture + of_text, of_picture * of_text
    torch.testing.assert_close(emap(additive, pictures, texts), additive)
    assert not torch.allclose(emap(product, pictures, texts), product, atol=0.1)


def test_emap_counts_a_picture_as_often_as_it_is_in_a_case() -> None:
    scores, pictures, texts = torch.randn(3, 2, 2), torch.tensor([1, 2, 1]), torch.tensor([3, 1])
    repeated = scores[torch.tensor([0, 1, 1, 2])][:, torch.tensor([0, 0, 0, 1])]
    once = torch.ones(4, dtype=torch.long)
    expected = emap(repeated, once, once)[torch.tensor([0, 1, 3])][:, torch.tensor([0, 3])]
    torch.testing.assert_close(emap(scores, pictures, texts), expected)


def test_emap_takes_from_xor_what_it_owes_to_interaction(xor: Split) -> None:
    figures = measure(train("concat_mlp", xor, 2, 0, Recipe(200)), xor.test)
    assert figures.emap_of > 0.95
    assert figures.emap < 0.65
    assert figures.presence.interaction > 0.4
    shares = figures.presence.shapley
    assert sum(shares) == pytest.approx(figures.presence.both - figures.presence.none)


def test_flops_are_two_for_each_multiplication_of_the_closed_form(xor: Split) -> None:
    width, (n, v), (m, t) = 64, SHAPE.picture, SHAPE.text
    encoders = n * v * width + m * t * width + (n + m) * width * width
    fusion = 2 * width * 2 * width + 2 * width * width
    assert costs(make("concat_mlp", SHAPE), xor.test).flops == 2 * (encoders + fusion + width * 2)


def test_an_attack_lowers_accuracy_and_training_against_it_helps(xor: Split) -> None:
    plain = train("concat_mlp", xor, 2, 0, Recipe(150))
    hardened = train("concat_mlp", xor, 2, 0, Recipe(150, adversarial=0.4))

    def attacked(strategy: nn.Module, reach: float) -> float:
        picture, text, labels = xor.test.whole
        pushed = perturbed(strategy, picture, text, labels, reach)  # type: ignore[arg-type]
        return accuracy(strategy(*pushed), labels)

    assert attacked(plain, 0.0) > 0.95
    assert attacked(plain, 1.5) < attacked(plain, 0.0) - 0.04
    assert attacked(hardened, 1.5) > attacked(plain, 1.5)


def test_modality_dropout_keeps_more_where_one_modality_is_missing() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 2, (1500,), generator=generator)
    made = []
    for shape, strength in ((SHAPE.picture, 0.5), (SHAPE.text, 2.0)):
        sign = strength * (2.0 * labels - 1)[:, None, None] * torch.linspace(-1, 1, shape[1])
        made.append(
            Tokens(sign + 1.5 * torch.randn(1500, *shape, generator=generator), torch.ones(1500, shape[0], dtype=torch.bool))
        )
    rows = torch.arange(1500)
    cases = Cases(*made, rows, rows, labels)
    dropped = measure(train("film", Split(cases, cases), 2, 0, Recipe(150, modality_dropout=0.5)), cases).presence
    kept = measure(train("film", Split(cases, cases), 2, 0, Recipe(150)), cases).presence
    assert dropped.picture + dropped.text > kept.picture + kept.text + 0.05


def test_the_same_seed_gives_the_same_strategy(xor: Split) -> None:
    first, second, other = (train("gmu", xor, 2, seed, Recipe(30)) for seed in (0, 0, 1))
    torch.testing.assert_close(predicted(first, xor.test), predicted(second, xor.test))
    assert not torch.allclose(predicted(first, xor.test), predicted(other, xor.test))


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_can_be_measured(name: str, xor: Split) -> None:
    figures = measure(train(name, xor, 2, 0, Recipe(2)), xor.test)
    assert 0 <= figures.accuracy <= 1
    assert figures.costs.flops >= 0
    assert sum(b.count for b in figures.bins) == len(xor.test)


@pytest.mark.parametrize("name", ["cross_attention", "global_local", "mbt"])
def test_attention_gives_the_same_while_it_trains_and_when_it_is_drawn(name: str, xor: Split) -> None:
    strategy = make(name, SHAPE)
    picture, text, _ = xor.test.batch(torch.arange(8))
    with torch.no_grad():
        torch.testing.assert_close(strategy.train()(picture, text), strategy.eval()(picture, text), rtol=1e-4, atol=1e-5)
