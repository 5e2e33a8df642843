"""What a trained strategy does and costs: the figures that keep a comparison honest."""

import time

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from crossmodal.fusion.cases import Cases, Tokens
from crossmodal.fusion.figures import NOISE, Costs, Figures, Presence
from crossmodal.fusion.strategy import Strategy
from crossmodal.fusion.training import accuracy, perturbed, predicted
from crossmodal.reliability import expected_calibration_error, reliability

EMAP_PAIRS, EMAP_CASES = 8_192, 64
"""EMAP asks about every pair of the test's pictures and sentences; where those are more, of so many cases' only."""
NOISE_CASES = 400
LATENCY_RUNS = 30
PUSH = 0.1
"""How far the attack of `perturbed_accuracy` moves each token, as a share of its modality's mean length."""


def measure(strategy: Strategy, test: Cases, seed: int = 0) -> Figures:
    picture, text, labels = test.whole
    logits = predicted(strategy, test)
    generator = torch.Generator().manual_seed(seed)
    few = torch.randperm(len(test), generator=generator)[:NOISE_CASES]
    noisy: dict[str, list[float]] = {"picture": [], "text": []}
    for spread in NOISE:
        seen, read, truth = test.batch(few)
        noisy["picture"].append(_correct(strategy, seen.noisy(spread, generator), read, truth))
        noisy["text"].append(_correct(strategy, seen, read.noisy(spread, generator), truth))
    additive, itself = emap_accuracy(strategy, test, emap_rows(test, few))
    confidence, guess = logits.softmax(-1).max(-1)
    bins = reliability(confidence.tolist(), (guess == labels).tolist())
    return Figures(
        accuracy(logits, labels),
        additive,
        itself,
        presence(strategy, picture, text, labels),
        tuple(noisy["picture"]),
        tuple(noisy["text"]),
        perturbed_accuracy(strategy, *test.batch(few)),
        expected_calibration_error(bins),
        bins,
        costs(strategy, test),
    )


def presence(strategy: Strategy, picture: Tokens, text: Tokens, labels: Tensor) -> Presence:
    return Presence(
        _correct(strategy, picture, text, labels),
        _correct(strategy, picture, text.absent(), labels),
        _correct(strategy, picture.absent(), text, labels),
        _correct(strategy, picture.absent(), text.absent(), labels),
    )


def emap(scores: Tensor, pictures: Tensor, texts: Tensor) -> Tensor:
    """The best additive approximation of a function of two modalities (Hessel & Lee 2020).

    scores: (n, m, classes), logits for picture i with text j. pictures, texts: (n,) and (m,), in how many cases each is.
    Returns (n, m, classes): `mean_j f(i, .) + mean_i f(., j) - mean f`, the means over cases.
    """
    of_pictures, of_texts = pictures / pictures.sum(), texts / texts.sum()
    rows = torch.einsum("nmc,m->nc", scores, of_texts)
    columns = torch.einsum("nmc,n->mc", scores, of_pictures)
    return rows[:, None] + columns[None] - (of_pictures @ rows)


def emap_accuracy(strategy: Strategy, test: Cases, rows: Tensor) -> tuple[float, float]:
    """Accuracy of the additive part, and of the strategy, on those cases."""
    pictures, of_picture = torch.unique(test.picture[rows], return_inverse=True)
    texts, of_text = torch.unique(test.text[rows], return_inverse=True)
    read = test.texts[texts]
    with torch.inference_mode():
        each = torch.stack([strategy(test.pictures[i.expand(len(texts))], read) for i in pictures])
    labels = test.labels[rows]
    additive = emap(each, torch.bincount(of_picture), torch.bincount(of_text))
    return accuracy(additive[of_picture, of_text], labels), accuracy(each[of_picture, of_text], labels)


def emap_rows(test: Cases, few: Tensor) -> Tensor:
    """All cases where their pictures and sentences make few pairs, some of `few` otherwise."""
    pairs = len(torch.unique(test.picture)) * len(torch.unique(test.text))
    return torch.arange(len(test)) if pairs <= EMAP_PAIRS else few[:EMAP_CASES]


def perturbed_accuracy(strategy: Strategy, picture: Tokens, text: Tokens, labels: Tensor) -> float:
    if not any(p.requires_grad for p in strategy.parameters()):
        return _correct(strategy, picture, text, labels)
    return _correct(strategy, *perturbed(strategy, picture, text, labels, PUSH), labels)


def costs(strategy: Strategy, test: Cases) -> Costs:
    picture, text, _ = test.batch(torch.zeros(1, dtype=torch.long))
    seconds = []
    with torch.inference_mode():
        counter = FlopCounterMode(display=False)
        with counter:
            strategy(picture, text)
        for _ in range(LATENCY_RUNS):
            began = time.perf_counter()
            strategy(picture, text)
            seconds.append(time.perf_counter() - began)
    p50, p95 = np.percentile(seconds, (50, 95))
    parameters = sum(p.numel() for p in strategy.parameters())
    return Costs(parameters, int(counter.get_total_flops()), float(p50), float(p95))


@torch.no_grad()
def _correct(strategy: Strategy, picture: Tokens, text: Tokens, labels: Tensor) -> float:
    return accuracy(strategy(picture, text), labels)
