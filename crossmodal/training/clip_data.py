"""Pictures with captions, made as they are asked for: what `crossmodal.training.clip` trains on."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from transformers import PreTrainedTokenizerFast

from crossmodal.world.captions import caption, label
from crossmodal.world.render import patch_labels, render_with_masks
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.scenes import Scene
from crossmodal.world.vocabulary import Thing, vocabulary
from crossmodal.world.words import LANGUAGES

SIDE, PATCH = 96, 12
GRID = SIDE // PATCH
NOTHING = {"en": "nothing", "zh": "什么都没有"}
DISTRACTORS = 400
TRAINING_SEEDS = 1_000_000_000
"""Seeds below this one are never trained on."""
MEAN, STD = 0.5, 0.5


@dataclass(frozen=True)
class Sample:
    pixels: Tensor
    """(3, side, side), uint8."""
    caption: str
    names: tuple[str, ...]
    """What each placed thing is called this time."""
    name_ids: tuple[int, ...]
    patches: Tensor
    """(grid * grid,): position in `names`, -1 for background."""


class ScenePictures(Dataset[Sample]):
    """Sample i is made from seed `first + i` alone, so that workers and resumed runs agree.

    The samplers take turns.
    """

    def __init__(self, first: int, samplers: Sequence[SceneSampler]) -> None:
        self._first, self._samplers = first, samplers

    def __getitem__(self, index: int) -> Sample:
        seed = self._first + index
        return picture_sample(self._samplers[seed % len(self._samplers)].sample(seed), random.Random(seed))


def picture_sample(scene: Scene, rng: random.Random) -> Sample:
    picture, masks = render_with_masks(scene, SIDE)
    language = rng.choice(LANGUAGES)
    ids = vocabulary().name_ids
    return Sample(
        pixels=torch.from_numpy(np.array(picture)).permute(2, 0, 1),
        caption=caption(scene, language, rng),
        names=tuple(label(p.thing, language, rng) for p in scene.placed),
        name_ids=tuple(ids[p.thing.name] for p in scene.placed),
        patches=torch.from_numpy(patch_labels(scene, masks, SIDE, GRID)).flatten(),
    )


@dataclass(frozen=True)
class ClipBatch:
    pixels: Tensor
    """(batch, 3, side, side), normalised."""
    captions: dict[str, Tensor]
    same_caption: Tensor
    """(batch, batch), true where two captions read alike."""
    names: dict[str, Tensor]
    """Tokens of one text for each name in the batch; the last text is "nothing"."""
    patches: Tensor
    """(batch, grid * grid): row in `names`."""
    name_ids: Tensor
    """(names,): which name of the vocabulary each row is; the last, "nothing", is one past the vocabulary."""


class Collate:
    """Samples -> ClipBatch, in the worker."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._tokenizer = tokenizer

    def __call__(self, samples: list[Sample]) -> ClipBatch:
        texts: dict[int, str] = {}
        for sample in samples:
            texts.update(zip(sample.name_ids, sample.names, strict=True))
        for thing in self._distractors(samples[0].caption):
            texts.setdefault(vocabulary().name_ids[thing.name], thing.name if len(texts) % 2 else thing.zh)
        row = {name_id: i for i, name_id in enumerate(texts)}
        patches = torch.stack(
            [torch.tensor([*(row[i] for i in s.name_ids), len(row)])[s.patches] for s in samples]
        )  # -1 picks the last entry: background is "nothing"
        captions = [s.caption for s in samples]
        return ClipBatch(
            pixels=normalised(torch.stack([s.pixels for s in samples])),
            captions=self._tokens(captions),
            same_caption=torch.tensor([[a == b for b in captions] for a in captions]),
            names=self._tokens([*texts.values(), tuple(NOTHING.values())[len(texts) % len(NOTHING)]]),
            patches=patches,
            name_ids=torch.tensor([*row, len(vocabulary().names)]),
        )

    @staticmethod
    def _distractors(seed: str) -> list[Thing]:
        """Names that need not be in the batch: zero-shot is against all names, not a few."""
        return random.Random(seed).sample(vocabulary().things, DISTRACTORS)

    def _tokens(self, texts: list[str]) -> dict[str, Tensor]:
        tokens = self._tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        return {k: tokens[k] for k in ("input_ids", "attention_mask")}


def normalised(pixels: Tensor) -> Tensor:
    return (pixels.float() / 255 - MEAN) / STD


def batches(task_tokenizer: PreTrainedTokenizerFast, first: int, size: int, workers: int) -> Iterator[ClipBatch]:
    """Batches without end, from seed `first` on; in every other picture rare things come as often as common ones."""
    dataset = ScenePictures(first, (SceneSampler(), SceneSampler(uniform=True)))
    loader: DataLoader[Sample] = DataLoader(
        dataset,
        batch_size=size,
        sampler=range(2**31),
        num_workers=workers,
        collate_fn=Collate(task_tokenizer),
        persistent_workers=workers > 0,
    )
    yield from loader


def to_device(batch: ClipBatch, device: torch.device) -> ClipBatch:
    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: v.to(device) for k, v in value.items()}
        return value.to(device)

    return ClipBatch(**{k: moved(v) for k, v in vars(batch).items()})
