"""Zero-shot as the app does it, measured: short and long lists of labels, and whether the map points at the thing."""

import random
from dataclasses import replace
from pathlib import Path

from crossmodal.models.catalog import ModelSpec, find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings
from crossmodal.training.shares import PICTURE_SIDE, Share
from crossmodal.world.render import patch_labels, render, render_with_masks
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.vocabulary import Thing, vocabulary
from crossmodal.world.words import LANGUAGES, Language
from crossmodal.zero_shot.classifier import ZeroShotClassifier
from crossmodal.zero_shot.labels import Labels

SHORT_LIST = 20
BATCH = 64


def evaluate_zero_shot(folder: Path, scenes: int) -> str:
    """Top-1 and top-5 on unseen single-thing scenes, and pointing-game accuracy, as Markdown."""
    classifier = ZeroShotClassifier(ModelManager(Settings(offline=True, idle_minutes=0)))
    spec = replace(find_spec(str(folder), "embedding"), picture_book_only=True)
    rows = ["| labels | language | top-1 % | top-5 % |", "|---|---|---|---|"]
    for count in (SHORT_LIST, len(vocabulary().names)):
        for language in LANGUAGES:
            ranks = _ranks(classifier, spec, scenes, count, language)
            top1, top5 = (Share(sum(rank < k for rank in ranks), scenes) for k in (1, 5))
            rows.append(f"| {count} | {language} | {top1} | {top5} |")
    pointed = _pointing(classifier, spec, scenes)
    game = "Pointing game (the patch that is most like a thing's name is one that the thing fills)"
    return "\n".join([*rows, "", f"{game}: {pointed} % of {scenes:,} things in scenes of several."])


def _ranks(classifier: ZeroShotClassifier, spec: ModelSpec, scenes: int, count: int, language: Language) -> list[int]:
    """Where the right label stands for each scene, 0 for first."""
    words, sampler = vocabulary(), SceneSampler()
    drawn = [sampler.sample(seed, "one") for seed in range(scenes)]
    every = [_name(words.named(name), language) for name in words.names]
    ranks = []
    step = BATCH if count == len(every) else 1
    for start in range(0, scenes, step):
        batch = drawn[start : start + step]
        truths = [_name(words.named(s.placed[0].thing.name), language) for s in batch]
        labels = every if step > 1 else _short_list(truths[0], every, random.Random(start))
        verdicts = classifier.classify([render(s, PICTURE_SIDE) for s in batch], Labels(tuple(labels)), spec)
        for verdict, truth in zip(verdicts, truths, strict=True):
            ranks.append([s.label for s in verdict.scores].index(truth))
    return ranks


def _short_list(truth: str, every: list[str], rng: random.Random) -> list[str]:
    wrong = rng.sample([name for name in every if name != truth], SHORT_LIST - 1)
    return rng.sample([truth, *wrong], SHORT_LIST)


def _pointing(classifier: ZeroShotClassifier, spec: ModelSpec, scenes: int) -> Share:
    """On scenes of two or three things (Zhang et al. 2018): each asked for by its English name."""
    sampler, hits = SceneSampler(), 0
    for seed in range(scenes):
        rng = random.Random(seed)
        scene = sampler.sample(seed, rng.choice(("pair", "three")))
        picture, masks = render_with_masks(scene, PICTURE_SIDE)
        index = rng.randrange(len(scene.placed))
        seen = classifier.where(picture, scene.placed[index].thing.name, spec)
        if seen is None:
            return Share(0, 0)
        owners = patch_labels(scene, masks, PICTURE_SIDE, len(seen))
        hits += int(owners.flatten()[int(seen.argmax())]) == index
    return Share(hits, scenes)


def _name(thing: Thing, language: Language) -> str:
    return thing.name if language == "en" else thing.zh
