"""Fits and measures the bundled CLIP's independent probabilities, and its threshold for *none of these*.

python -m crossmodal.training.calibrate

Lists of labels are drawn for unseen scenes; in half of them one label names a thing of the scene. The curve is fitted
to the best label of each list and one other at random, and the threshold laid where both errors are equal, on scenes of
other seeds than those that the figures come from. Writes `calibration.json`, `reliability.svg` and a section of the model card.
"""

import argparse
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.embedding.embedder import Embedder
from crossmodal.models.catalog import find_spec
from crossmodal.models.loading import load_checkpoint
from crossmodal.paths import MODELS
from crossmodal.reliability import expected_calibration_error, reliability
from crossmodal.training.cards import write_section
from crossmodal.training.diagrams import reliability_diagram
from crossmodal.training.shares import PICTURE_SIDE, Share
from crossmodal.world.render import render
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.vocabulary import vocabulary
from crossmodal.world.words import LANGUAGES, Language
from crossmodal.zero_shot.calibration import (
    Calibration,
    features,
    write_calibration,
)
from crossmodal.zero_shot.templates import default_templates, fill

BACKGROUND_LABELS = 200
FIT_SEEDS = 300_000_000
TEST_SEEDS = 400_000_000
LENGTHS = (1, 2, 5, 10, 20)
SHOWN_LENGTHS = (2, 10, 20)
BINS = 10


@dataclass(frozen=True)
class Readings:
    """One label of each list of labels, one list a scene."""

    above: Tensor
    """(lists,): standard deviations above the background."""
    logit: Tensor
    """(lists,)."""
    share: Tensor
    """(lists,): softmax over the list, the reading before calibration."""
    right: Tensor
    """(lists,): whether the label names a thing of the scene."""
    held: Tensor
    """(lists,): whether any label of the list does."""
    length: Tensor
    """(lists,)."""

    def of_length(self, *lengths: int) -> "Readings":
        mine = torch.isin(self.length, torch.tensor(lengths))
        return Readings(**{name: values[mine] for name, values in vars(self).items()})

    def with_others(self, others: "Readings") -> "Readings":
        return Readings(**{name: torch.cat([values, getattr(others, name)]) for name, values in vars(self).items()})

    def score(self, calibration: Calibration) -> Tensor:
        return calibration.score(self.above, self.logit)


@dataclass(frozen=True)
class Lists:
    best: Readings
    """The best label of each list."""
    other: Readings
    """Another label, where the list has one."""

    @property
    def all(self) -> Readings:
        return self.best.with_others(self.other)


Row = tuple[float, float, float, bool, bool, int]
"""The fields of Readings."""


class Names:
    """Every name's vector in each language, and the background's."""

    def __init__(self, embedder: Embedder) -> None:
        words = vocabulary()
        self.labels = {
            language: [getattr(words.named(name), "name" if language == "en" else "zh") for name in words.names]
            for language in LANGUAGES
        }
        rng = random.Random(0)
        self.background = {language: tuple(rng.sample(self.labels[language], BACKGROUND_LABELS)) for language in LANGUAGES}
        self.vectors = {language: self._ensemble(embedder, self.labels[language]) for language in LANGUAGES}
        self.background_vectors = {language: embedder.texts(self.background[language]) for language in LANGUAGES}

    @staticmethod
    def _ensemble(embedder: Embedder, labels: list[str]) -> Tensor:
        templates = default_templates(embedder.model_type, True, labels[0])
        vectors = torch.stack([embedder.texts([fill(t, label) for label in labels]) for t in templates])
        return F.normalize(vectors.mean(0), dim=-1)


def draw_lists(embedder: Embedder, names: Names, first_seed: int, scenes: int) -> Lists:
    """One list for each of so many scenes; lengths, languages and whether it holds the truth by turns."""
    sampler, words = SceneSampler(), vocabulary()
    drawn = [sampler.sample(first_seed + i) for i in range(scenes)]
    seen = torch.cat([embedder.pictures([render(s, PICTURE_SIDE) for s in drawn[i : i + 64]]) for i in range(0, scenes, 64)])
    unrelated = {language: seen @ names.background_vectors[language].T for language in LANGUAGES}
    rows: tuple[list[Row], list[Row]] = ([], [])
    for i, scene in enumerate(drawn):
        rng = random.Random(first_seed + i)
        language, length = rng.choice(LANGUAGES), LENGTHS[i % len(LENGTHS)]
        present = [words.name_ids[name] for name in scene.counts]
        chosen = rng.sample([j for j in range(len(words.names)) if j not in present], length)
        holds = rng.random() < 0.5
        if holds:
            chosen[rng.randrange(length)] = rng.choice(present)
        cosines = (seen[i] @ names.vectors[language][chosen].T)[None]
        above, logit = features(cosines, unrelated[language][i : i + 1], embedder.logit_scale)
        order = cosines[0].argsort(descending=True).tolist()
        for kept, label in zip(rows, (order[0], *([rng.choice(order[1:])] if length > 1 else [])), strict=False):
            share = float(logit[0].softmax(-1)[label])
            kept.append((float(above[0, label]), float(logit[0, label]), share, chosen[label] in present, holds, length))
    return Lists(*(Readings(*map(torch.tensor, zip(*kept, strict=True))) for kept in rows))


def fit(lists: Lists, background: Mapping[Language, tuple[str, ...]]) -> Calibration:
    """A logistic curve over both features, by Newton's method with a little ridge, and the equal-error threshold."""
    seen = lists.all
    columns = torch.stack([seen.above, seen.logit, torch.ones_like(seen.logit)], 1).double()
    target = seen.right.double()
    weights = torch.zeros(3, dtype=torch.float64)
    ridge = 1e-3 * torch.eye(3, dtype=torch.float64)
    for _ in range(50):
        p = torch.sigmoid(columns @ weights)
        gradient = columns.T @ (p - target) + ridge @ weights
        hessian = columns.T @ (columns * (p * (1 - p))[:, None]) + ridge
        weights = weights - torch.linalg.solve(hessian, gradient)
    above, logit, offset = weights.tolist()
    curve = Calibration(above, logit, offset, 0.0, 0.0, max(LENGTHS), {str(k): v for k, v in background.items()})
    none_offset, none_slope = _thresholds(lists.best, curve)
    return replace(curve, none_offset=none_offset, none_per_log_label=none_slope)


def _thresholds(lists: Readings, curve: Calibration) -> tuple[float, float]:
    """A line through the equal-error log-odds of each length."""
    equal = torch.tensor([_equal_error(mine.score(curve), mine.held) for mine in map(lists.of_length, LENGTHS)])
    columns = torch.stack([torch.ones(len(LENGTHS)), torch.tensor(LENGTHS).log()], 1)
    offset, slope = torch.linalg.lstsq(columns, equal[:, None]).solution.flatten().tolist()
    return offset, slope


def _equal_error(score: Tensor, held: Tensor) -> float:
    candidates = score.sort().values
    rejected = (score[held][None] < candidates[:, None]).float().mean(1)
    accepted = (score[~held][None] >= candidates[:, None]).float().mean(1)
    return float(candidates[(rejected - accepted).abs().argmin()])


def figures(lists: Lists, calibration: Calibration) -> str:
    """The table of the card, from lists that nothing was fitted to."""
    choices = lists.all.of_length(*LENGTHS[1:])  # the softmax over one label is 1 by definition
    right = choices.right.tolist()
    before = expected_calibration_error(reliability(choices.share.tolist(), right, BINS))
    after = expected_calibration_error(reliability(choices.score(calibration).sigmoid().tolist(), right, BINS))
    lines = [
        f"*Is it this?* for {len(right):,} labels, the best and another one of lists of "
        f"{', '.join(map(str, LENGTHS[1:]))} names, half of which hold a name of the scene: expected calibration error "
        f"({BINS} bins) {100 * before:.1f} % before (softmax over the list), {100 * after:.1f} % after. "
        "![Reliability diagram](reliability.svg)",
        "",
        "*None of these* where the best label's probability is below a threshold that grows with the number of labels:",
        "",
        "| labels | threshold | scenes | said none although one was right % | scenes | named one although none was right % |",
        "|---|---|---|---|---|---|",
    ]
    for length in SHOWN_LENGTHS:
        mine = lists.best.of_length(length)
        threshold = calibration.none_below(length)
        assert threshold is not None  # these lengths are among those fitted to
        none = mine.score(calibration).sigmoid() < threshold
        rejected = Share(int((none & mine.held).sum()), int(mine.held.sum()))
        accepted = Share(int((~none & ~mine.held).sum()), int((~mine.held).sum()))
        lines.append(f"| {length} | {threshold:.2f} | {rejected.total:,} | {rejected} | {accepted.total:,} | {accepted} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=10_500, help="lists to measure on; as many to fit to")
    parser.add_argument("--folder", type=Path, default=MODELS / "picturebook-clip")
    parser.add_argument("--no-card", action="store_true", help="print only")
    options = parser.parse_args()
    embedder = Embedder(load_checkpoint(find_spec(str(options.folder), "embedding"), "fp32", "cpu", offline=True))
    names = Names(embedder)
    calibration = fit(draw_lists(embedder, names, FIT_SEEDS, options.scenes), names.background)
    tested = draw_lists(embedder, names, TEST_SEEDS, options.scenes)
    text = figures(tested, calibration)
    print(text)
    if options.no_card:
        return
    write_calibration(calibration, options.folder)
    shown = tested.all.of_length(*LENGTHS[1:])
    diagram = reliability_diagram(
        {
            "before: softmax over the list": reliability(shown.share.tolist(), shown.right.tolist(), BINS),
            "after calibration": reliability(shown.score(calibration).sigmoid().tolist(), shown.right.tolist(), BINS),
        }
    )
    (options.folder / "reliability.svg").write_text(diagram, encoding="utf-8")
    write_section(options.folder, "calibration", options.scenes, text)


if __name__ == "__main__":
    main()
