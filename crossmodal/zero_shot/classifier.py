"""Score pictures against labels: *which of these* (softmax), *is it this* (independent), and *none of these*."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from crossmodal.caches import BoundedCache
from crossmodal.embedding.embedder import Embedder
from crossmodal.embedding.language import is_chinese
from crossmodal.models.catalog import ModelSpec
from crossmodal.models.loading import LoadedModel
from crossmodal.models.manager import ModelManager
from crossmodal.zero_shot.calibration import Calibration, read_calibration
from crossmodal.zero_shot.labels import Labels
from crossmodal.zero_shot.templates import default_templates, fill

CLASS_CACHE_BYTES = 256_000_000
ENTRY_BYTES = 500
"""What a kept vector takes besides its numbers and its text, about."""


@dataclass(frozen=True)
class Score:
    """One label's reading."""

    label: str
    which: float
    """Its share among the labels given; these add up to 1 whatever the picture shows."""
    is_it: float | None
    """The probability that the picture shows it, whatever the other labels; None where nobody measured that."""


@dataclass(frozen=True)
class Verdict:
    """What the labels are to one picture."""

    scores: tuple[Score, ...]
    """Best first."""
    none_of_these: bool | None
    """True where not even the best label is likely; None where the checkpoint has no measured threshold."""
    none_below: float | None
    """The probability that the best label must reach."""
    independent: bool
    """True where the model itself was trained to give each label a probability of its own."""
    other_winners: tuple[tuple[str, str], ...] = ()
    """(template, label): templates that alone would have made another label the best."""

    @property
    def best(self) -> Score:
        return self.scores[0]

    def shortened(self, best: int) -> "Verdict":
        """With so many scores alone: of thousands of pictures and labels nobody reads the rest."""
        return replace(self, scores=self.scores[:best])

    def claiming_nothing_of(self, labels: Collection[str]) -> "Verdict":
        """Without independent probabilities for these labels: those that the calibration does not hold for."""
        scores = tuple(replace(s, is_it=None) if s.label in labels else s for s in self.scores)
        return replace(self, scores=scores, none_of_these=None if scores[0].is_it is None else self.none_of_these)


class ZeroShotClassifier:
    """Classifies with any dual encoder of the manager. Encoded labels are kept, so that they are encoded once."""

    def __init__(self, manager: ModelManager) -> None:
        self._manager = manager
        self._texts: BoundedCache[Tensor] = BoundedCache(CLASS_CACHE_BYTES)
        self._calibrations: dict[str, Calibration | None] = {}
        manager.on_unload(lambda _: self._forget())  # the weights may be others when they come back

    def _forget(self) -> None:
        self._texts.clear()
        self._calibrations.clear()

    def classify(
        self,
        pictures: Sequence[Image.Image],
        labels: Labels,
        spec: ModelSpec,
        precision: str = "auto",
        templates: tuple[str, ...] = (),
    ) -> list[Verdict]:
        """One verdict a picture. Without templates, those that suit the model and each label's language."""
        with self._manager.use(spec, precision) as loaded:
            embedder = Embedder(loaded)
            classes = self._classes(embedder, loaded, labels.names, templates)
            seen = embedder.pictures(pictures)
            ensemble = F.normalize(classes.mean(0), dim=-1)
            is_it = self._independent(embedder, loaded, seen, seen @ ensemble.T, labels.names, bool(templates))
        logits = embedder.logits(seen, ensemble)
        alone = torch.einsum("pd,tld->ptl", seen, classes).argmax(-1)
        shown = [self._template_names(embedder, loaded, labels.names, templates, t) for t in range(len(classes))]
        calibration = self._calibration(loaded)
        threshold = calibration.none_below(len(labels.names)) if calibration else None
        return [
            _verdict(labels.names, logits[i], None if is_it is None else is_it[i], threshold, others, embedder.independent)
            for i, others in enumerate(_winners(labels.names, alone, shown))
        ]

    def where(
        self,
        picture: Image.Image,
        label: str,
        spec: ModelSpec,
        precision: str = "auto",
        templates: tuple[str, ...] = (),
    ) -> Tensor | None:
        """Cosine of each patch with the label, (rows, columns); None where the family does not give it."""
        with self._manager.use(spec, precision) as loaded:
            embedder = Embedder(loaded)
            classes = self._classes(embedder, loaded, (label,), templates)
            found = embedder.where(picture, F.normalize(classes.mean(0), dim=-1))
        return None if found is None else found[0]

    def _classes(self, embedder: Embedder, loaded: LoadedModel, labels: Sequence[str], templates: tuple[str, ...]) -> Tensor:
        """(templates, labels, dim)."""
        sets = [templates or _defaults(embedder, loaded, label) for label in labels]
        count = len(sets[0])
        prompts = [fill(s[t], label) for t in range(count) for s, label in zip(sets, labels, strict=True)]
        return self._encoded(embedder, loaded, prompts).reshape(count, len(labels), -1)

    def _template_names(
        self, embedder: Embedder, loaded: LoadedModel, labels: Sequence[str], templates: tuple[str, ...], index: int
    ) -> str:
        sets = dict.fromkeys((templates or _defaults(embedder, loaded, label))[index] for label in labels)
        return " / ".join(sets)

    def _encoded(self, embedder: Embedder, loaded: LoadedModel, prompts: Sequence[str]) -> Tensor:
        """(prompts, dim); only what was not encoded before is encoded now."""
        checkpoint = (loaded.spec.id, loaded.spec.revision, loaded.precision)
        kept = {prompt: self._texts.get((checkpoint, prompt)) for prompt in dict.fromkeys(prompts)}
        missing = [prompt for prompt, vector in kept.items() if vector is None]
        if missing:
            for prompt, vector in zip(missing, embedder.texts(missing), strict=True):
                kept[prompt] = vector
                self._texts.put((checkpoint, prompt), vector.clone(), vector.numel() * 4 + 4 * len(prompt) + ENTRY_BYTES)
        return torch.stack([v for prompt in prompts if (v := kept[prompt]) is not None])

    def _independent(
        self,
        embedder: Embedder,
        loaded: LoadedModel,
        seen: Tensor,
        cosines: Tensor,
        labels: Sequence[str],
        own_templates: bool,
    ) -> Tensor | None:
        """(pictures, labels), or None where the checkpoint was neither trained nor calibrated for it.

        The calibration was fitted with the default templates and holds for no others.
        """
        if embedder.independent:
            return torch.sigmoid(embedder.logit_scale * cosines + embedder.logit_bias)
        calibration = self._calibration(loaded)
        if calibration is None or own_templates:
            return None
        result = torch.empty_like(cosines)
        for chinese, language in ((False, "en"), (True, "zh")):
            mine = torch.tensor([is_chinese(label) == chinese for label in labels])
            if mine.any():
                unrelated = seen @ self._encoded(embedder, loaded, calibration.background[language]).T
                result[:, mine] = calibration.probability(cosines[:, mine], unrelated, embedder.logit_scale)
        return result

    def _calibration(self, loaded: LoadedModel) -> Calibration | None:
        key = loaded.spec.id
        if key not in self._calibrations:
            self._calibrations[key] = read_calibration(loaded.spec.folder)
        return self._calibrations[key]


def _defaults(embedder: Embedder, loaded: LoadedModel, label: str) -> tuple[str, ...]:
    return default_templates(embedder.model_type, loaded.spec.picture_book_only, label)


def _verdict(
    labels: Sequence[str],
    logits: Tensor,
    is_it: Tensor | None,
    none_below: float | None,
    winners: Sequence[tuple[str, str]],
    independent: bool,
) -> Verdict:
    """logits, is_it: (labels,); winners: each template with the label that it alone would have chosen."""
    shares = logits.softmax(-1)
    order = logits.argsort(descending=True).tolist()
    scores = tuple(Score(labels[i], float(shares[i]), None if is_it is None else float(is_it[i])) for i in order)
    best = scores[0].is_it
    none = None if best is None or none_below is None else best < none_below
    others = tuple((template, label) for template, label in winners if label != scores[0].label)
    return Verdict(scores, none, none_below, independent, others if len(winners) > 1 else ())


def _winners(labels: Sequence[str], alone: Tensor, templates: Sequence[str]) -> list[list[tuple[str, str]]]:
    """For each picture, each template with the label it alone would choose. alone: (pictures, templates)."""
    return [[(t, labels[i]) for t, i in zip(templates, row, strict=True)] for row in alone.tolist()]
