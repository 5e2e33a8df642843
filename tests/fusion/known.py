"""Small splits and results that several tests need."""

import torch

from crossmodal.fusion.cases import Cases, Split, Tokens
from crossmodal.fusion.config import Config
from crossmodal.fusion.figures import Bin, Costs, Figures, Point, Presence
from crossmodal.fusion.results import Comparison, Outcome


def split(count: int = 80, seed: int = 0) -> Split:
    """Two classes that both modalities show; picture and text of 4 tokens, 8 wide."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 2, (count,), generator=generator)
    sign = (2.0 * labels - 1)[:, None, None]
    mask = torch.ones(count, 4, dtype=torch.bool)
    pictures, texts = (Tokens(sign + 0.3 * torch.randn(count, 4, 8, generator=generator), mask) for _ in range(2))
    rows = torch.arange(count)
    cases = Cases(pictures, texts, rows, rows, labels)
    return Split(cases, cases)


def outcome(strategy: str, seed: int, accuracy: float, interaction: float = 0.0, flops: int = 1000) -> Outcome:
    presence = Presence(accuracy, 0.5, 0.5 - interaction + accuracy - 0.5, 0.5)
    figures = Figures(
        accuracy,
        0.5,
        accuracy,
        presence,
        (accuracy, 0.8, 0.7, 0.6),
        (accuracy, 0.7, 0.6, 0.5),
        0.4,
        0.02,
        (Bin(0.9, accuracy, 100), Bin(0.0, 0.0, 0)),
        Costs(10, flops, 0.001, 0.002),
    )
    return Outcome(strategy, seed, figures, (Point(25, 0.7, 0.1), Point(50, 0.3, 0.2)), 0.2)


def comparison(scores: dict[str, tuple[float, ...]]) -> Comparison:
    made = [outcome(name, seed, score) for name, of in scores.items() for seed, score in enumerate(of)]
    return Comparison(Config("xor", tuple(scores), seeds=max(map(len, scores.values()))), tuple(made))
