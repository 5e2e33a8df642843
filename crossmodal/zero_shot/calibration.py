"""*Is it this?*: an independent probability for a label, fitted for one checkpoint on pictures whose content is known.

A cosine alone says little: some pictures are close to every text. So a label's cosine is read against the cosines that a
fixed background of unrelated labels gets on the same picture: how many of their standard deviations it lies above their
mean. A logistic curve over that and the logit gives the probability (Platt 1999). `crossmodal.training.calibrate` fits
it, measures it on other pictures, and writes it beside the weights.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

FILE = "calibration.json"


@dataclass(frozen=True)
class Calibration:
    """What turns cosines into independent probabilities for one checkpoint."""

    above_background: float
    """Weight of the label's distance from the background, in its standard deviations."""
    logit: float
    """Weight of logit scale x cosine."""
    offset: float
    none_offset: float
    """Log-odds that the best of one label must reach, or the picture is taken to show none of them."""
    none_per_log_label: float
    """What they rise by for each factor e of labels: the best of many wrong labels looks better than one wrong label."""
    most_labels: int
    """The longest list that the threshold was measured on; for longer ones nothing is claimed."""
    background: dict[str, tuple[str, ...]]
    """Language -> unrelated labels."""

    def probability(self, cosines: Tensor, background: Tensor, logit_scale: float) -> Tensor:
        """(pictures, labels) from cosines with the labels and, (pictures, background labels), with the background."""
        above, logit = features(cosines, background, logit_scale)
        return torch.sigmoid(self.score(above, logit))

    def none_below(self, labels: int) -> float | None:
        """The probability that the best of so many labels must reach; None where nobody measured so long a list."""
        if labels > self.most_labels:
            return None
        return 1 / (1 + math.exp(-(self.none_offset + self.none_per_log_label * math.log(labels))))

    def score(self, above: Tensor, logit: Tensor) -> Tensor:
        """Log-odds from the two features."""
        return self.above_background * above + self.logit * logit + self.offset


def features(cosines: Tensor, background: Tensor, logit_scale: float) -> tuple[Tensor, Tensor]:
    """Standard deviations above the background, and the logit: both (pictures, labels)."""
    mean, deviation = background.mean(1, keepdim=True), background.std(1, keepdim=True)
    return (cosines - mean) / deviation.clamp_min(1e-6), logit_scale * cosines


def read_calibration(folder: Path | None) -> Calibration | None:
    """None where the checkpoint has none: then no independent probability is claimed."""
    if folder is None or not (folder / FILE).is_file():
        return None
    values = json.loads((folder / FILE).read_text(encoding="utf-8"))
    values["background"] = {language: tuple(labels) for language, labels in values["background"].items()}
    return Calibration(**values)


def write_calibration(calibration: Calibration, folder: Path) -> None:
    text = json.dumps(asdict(calibration), ensure_ascii=False, indent=1)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")
