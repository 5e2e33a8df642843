"""Trains `picturebook-clip`: a small CLIP on picture-book scenes with captions in two languages.

Its losses: InfoNCE between pictures and captions (Radford et al. 2021), and between pictures of one thing and names; the
same idea a patch at a time, each patch being matched with the name of the thing that fills it, so that the patches also
answer "where is it seen"; a plain classifier of patches, dropped after training, which gets the tower going; and another
that asks each patch where in the picture it lies. A tower without it forgets that on the way up (from the last layer the
column could hardly be told, layer by layer less), and a language model that reads its patches mixes up left and right. The
world knows what fills a patch.

    python -m crossmodal.training.clip --minutes 60
    torchrun --nproc_per_node 2 -m crossmodal.training.clip --minutes 60
    ... --minutes 60 --weights FOLDER --seeds-from 1000000000    goes on from a checkpoint, on scenes of its own

It resumes from its folder of checkpoints when started again.
"""

import argparse
import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPProcessor,
    PreTrainedTokenizerFast,
)

from crossmodal.training.clip_data import GRID, MEAN, PATCH, SIDE, STD, TRAINING_SEEDS, ClipBatch, batches, to_device
from crossmodal.training.recipe import decay_groups, new_accelerator, save_model, shared_tokenizer, training_parser
from crossmodal.training.run import Schedule, TrainingRun
from crossmodal.training.tokens import train_tokenizer
from crossmodal.world.captions import caption
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.vocabulary import vocabulary
from crossmodal.world.words import LANGUAGES

MAX_LOGIT_SCALE = float(np.log(100))


class ClipTask(nn.Module):
    """A CLIPModel with its losses."""

    BACKGROUND_WEIGHT = 0.1
    PATCH_WEIGHT = 1.0
    PLACE_WEIGHT = 0.2

    def __init__(self, model: CLIPModel, classify: bool = True, place: bool = True) -> None:
        super().__init__()
        self.model = model
        width = model.visual_projection.in_features
        self.classifier = nn.Linear(width, len(vocabulary().names) + 1) if classify else None
        self.places = nn.Linear(width, GRID * GRID) if place else None

    def forward(self, batch: ClipBatch) -> dict[str, Tensor]:
        vision = self.model.vision_model(pixel_values=batch.pixels)
        return self.losses(vision.last_hidden_state, batch)

    def losses(self, hidden: Tensor, batch: ClipBatch) -> dict[str, Tensor]:
        """The losses from the vision tower's last hidden state, (batch, 1 + patches, width)."""
        hidden = self.model.vision_model.post_layernorm(hidden)
        projected = self.model.visual_projection(hidden)
        seen = F.normalize(projected.float(), dim=-1)
        scale = self.model.logit_scale.exp()
        captions = self._text(batch.captions)
        logits = scale * seen[:, 0] @ captions.T
        twins = batch.same_caption & ~torch.eye(len(logits), dtype=torch.bool, device=logits.device)
        logits = logits.masked_fill(twins, float("-inf"))  # not wrong, only not the pair
        target = torch.arange(len(logits), device=logits.device)
        contrast = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
        names = self._text(batch.names)
        weight = torch.ones(len(names), device=logits.device)
        weight[-1] = self.BACKGROUND_WEIGHT
        patch_logits = scale * seen[:, 1:] @ names.T
        patch = F.cross_entropy(patch_logits.flatten(0, 1), batch.patches.flatten(), weight=weight)
        thing = batch.patches != len(names) - 1
        right = (patch_logits.argmax(-1) == batch.patches)[thing].float().mean()
        whole = self._whole_picture(scale * seen[:, 0] @ names.T, batch.patches)
        named = torch.zeros_like(patch)
        if self.classifier:
            every = torch.full((self.classifier.out_features,), 1.0, device=logits.device)
            every[-1] = self.BACKGROUND_WEIGHT
            guesses = self.classifier(hidden[:, 1:]).float().flatten(0, 1)
            named = F.cross_entropy(guesses, batch.name_ids[batch.patches.flatten()], weight=every)
        place = torch.zeros_like(patch)
        if self.places:
            guesses = self.places(hidden[:, 1:]).float().flatten(0, 1)
            place = F.cross_entropy(guesses, torch.arange(GRID * GRID, device=guesses.device).repeat(len(hidden)))
        return {
            "loss": contrast + self.PATCH_WEIGHT * patch + named + whole + self.PLACE_WEIGHT * place,
            "contrast": contrast.detach(),
            "patch": patch.detach(),
            "named": named.detach(),
            "whole": whole.detach(),
            "place": place.detach(),
            "patch_accuracy": right,
            "pair_accuracy": (logits.argmax(-1) == target).float().mean(),
        }

    @staticmethod
    def _whole_picture(logits: Tensor, patches: Tensor) -> Tensor:
        """Pictures of one name, matched with all names of the batch: zero-shot classification itself.

        logits: (batch, names), the last name being "nothing"; patches: (batch, grid * grid).
        """
        nothing = logits.shape[1] - 1
        highest = patches.masked_fill(patches == nothing, -1).amax(1)
        lowest = patches.amin(1)
        alone = (highest == lowest) & (highest >= 0)
        if not alone.any():
            return logits.sum() * 0
        return F.cross_entropy(logits[alone, :-1], highest[alone])

    def _text(self, tokens: dict[str, Tensor]) -> Tensor:
        features = self.model.get_text_features(**tokens).pooler_output
        return F.normalize(features.float(), dim=-1)

    def clamp(self) -> None:
        self.model.logit_scale.data.clamp_(0, MAX_LOGIT_SCALE)


def caption_corpus(count: int) -> Iterator[str]:
    """Texts to train the tokenizer on; every name and alias occurs."""
    sampler = SceneSampler(uniform=True)
    for seed in range(TRAINING_SEEDS, TRAINING_SEEDS + count):
        for language in LANGUAGES:
            yield caption(sampler.sample(seed), language, random.Random(seed))
    for thing in vocabulary().things:
        yield from (f"{thing.one}", f"two {thing.many}", thing.zh_one, *thing.aliases, *thing.zh_aliases)


def new_model(tokenizer: PreTrainedTokenizerFast) -> CLIPModel:
    return CLIPModel(
        CLIPConfig(
            projection_dim=256,
            logit_scale_init_value=float(np.log(1 / 0.07)),
            vision_config={
                "hidden_size": 256,
                "intermediate_size": 1024,
                "num_hidden_layers": 6,
                "num_attention_heads": 4,
                "image_size": SIDE,
                "patch_size": PATCH,
                "hidden_act": "gelu",
            },
            text_config={
                "hidden_size": 192,
                "intermediate_size": 768,
                "num_hidden_layers": 3,
                "num_attention_heads": 3,
                "vocab_size": len(tokenizer),
                "max_position_embeddings": 64,
                "hidden_act": "gelu",
                "bos_token_id": tokenizer.bos_token_id,
                "eos_token_id": tokenizer.eos_token_id,
                "pad_token_id": tokenizer.pad_token_id,
            },
        )
    )


def image_processor() -> CLIPImageProcessorPil:
    return CLIPImageProcessorPil(
        size={"height": SIDE, "width": SIDE},
        crop_size={"height": SIDE, "width": SIDE},
        do_center_crop=False,
        image_mean=[MEAN] * 3,
        image_std=[STD] * 3,
    )


def main(arguments: argparse.Namespace) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    accelerator = new_accelerator()
    if arguments.weights:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(arguments.weights)
    else:
        tokenizer = shared_tokenizer(
            accelerator, arguments.run, lambda: train_tokenizer(caption_corpus(20_000), 4096, lowercase=True)
        )
    go_on = arguments.weights is not None
    model = CLIPModel.from_pretrained(arguments.weights, dtype=torch.float32) if go_on else new_model(tokenizer)
    if accelerator.device.type == "cpu":
        model.set_attn_implementation("eager")  # PyTorch 2.13's fused attention is five times slower backwards here
    task = ClipTask(model, classify=not go_on)  # a new classifier would upset a tower that is trained already
    optimizer = torch.optim.AdamW(decay_groups(task, arguments.rate), betas=(0.9, 0.98), fused=True)
    schedule = Schedule(arguments.minutes, arguments.steps, arguments.warmup)
    run = TrainingRun(accelerator, task, optimizer, schedule, arguments.run, task.clamp)
    done = run.step * accelerator.num_processes + accelerator.process_index * 10_000_000
    first = TRAINING_SEEDS + arguments.seeds_from + done * arguments.batch
    processor = CLIPProcessor(image_processor(), tokenizer)
    stream = (to_device(b, accelerator.device) for b in batches(tokenizer, first, arguments.batch, arguments.workers))
    run.train(stream, lambda: save_model(model, processor, arguments.output))


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    parser = training_parser("clip", __doc__)
    parser.add_argument("--weights", type=Path, default=None, help="a checkpoint to go on from")
    parser.add_argument("--seeds-from", type=int, default=0, help="how many seeds to leave out, where earlier runs used them")
    options = parser.parse_args()
    if not options.minutes and not options.steps:
        raise SystemExit("Say how long: --minutes or --steps.")
    main(options)
