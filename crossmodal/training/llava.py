"""Trains `picturebook-llava`: the tower of `picturebook-clip`, an MLP projector and a small Llama (Liu et al. 2023).

Two stages, as in the LLaVA papers, except that the language model is not pretrained but learns from nothing:

    python -m crossmodal.training.llava --stage align --minutes 10    captions; the tower rests
    python -m crossmodal.training.llava --stage tune --minutes 60     conversations; the tower learns on, slowly

Both stages also pull each projected patch towards the embeddings of the words for what it shows, and towards a code of
where it lies; the world knows both. The language model then reads pictures as if they were text, and need not discover
that first. In the second stage the tower keeps its CLIP losses, and both checkpoints are written, so that they go on
sharing one tower.
"""

import os
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    CLIPModel,
    CLIPProcessor,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from crossmodal.paths import MODELS
from crossmodal.training.clip import ClipTask, image_processor
from crossmodal.training.clip_data import GRID, PATCH, TRAINING_SEEDS
from crossmodal.training.llava_data import (
    ASSISTANT,
    CHAT_TEMPLATE,
    IGNORED,
    IMAGE,
    SYSTEM,
    USER,
    LlavaBatch,
    batches,
    conversation_corpus,
    on_device,
    token_id,
)
from crossmodal.training.recipe import decay_groups, new_accelerator, save_model, shared_tokenizer, training_parser
from crossmodal.training.run import Schedule, TrainingRun
from crossmodal.training.tokens import train_tokenizer

FEATURE_LAYERS = (0, -1)
"""What of the tower the projector sees. The last layer knows what a patch shows and hardly where; the first knows where."""
PROJECTOR_SCALE = 0.1
"""The tower's features are long, about 90: at first the projector makes them about as long as words, not twenty times."""
PROJECTOR_SHARES = 0.1, 0.03
"""The rates of the projector's two layers, as shares of --rate: the first's inputs are long, the last's weights small."""
PLACE_WAVES, PLACE_LENGTH = 4, 0.6
STAGES = {"align": 1, "tune": 2}
"""Each with a range of seeds of its own."""


class LlavaTask(nn.Module):
    """A LLaVA that shares its tower with a CLIP, and the losses of both."""

    SEEN_WEIGHT = 1.0
    PLACE_WEIGHT = 2.0
    NAMING_SCALE = 20.0
    CLIP_WEIGHT = 0.5

    def __init__(self, llava: LlavaForConditionalGeneration, clip: CLIPModel, tower_learns: bool) -> None:
        super().__init__()
        llava.model.vision_tower = clip.vision_model
        self.llava = llava
        self.clip_task = ClipTask(clip, classify=False, place=False)
        self.tower_learns = tower_learns
        clip.requires_grad_(tower_learns)
        clip.logit_scale.requires_grad_(False)  # small batches would push it the wrong way
        words: Any = llava.get_input_embeddings()
        directions, codes = place_codes(words.weight.shape[1])
        self.register_buffer("directions", directions, persistent=False)
        self.register_buffer("codes", codes, persistent=False)

    def forward(self, batch: LlavaBatch) -> dict[str, Tensor]:
        model = self.llava.model
        with torch.set_grad_enabled(self.tower_learns):
            layers = model.vision_tower(pixel_values=batch.clip.pixels, output_hidden_states=True).hidden_states
        features = model.multi_modal_projector(torch.cat([layers[i][:, 1:] for i in FEATURE_LAYERS], -1))
        embeddings = model.get_input_embeddings()(batch.ids)
        pictured = batch.ids == self.llava.config.image_token_id
        flat = features.flatten(0, 1).to(embeddings.dtype)
        embeddings = embeddings.masked_scatter(pictured[..., None].expand_as(embeddings), flat)
        states = model.language_model(
            inputs_embeds=embeddings,
            attention_mask=_added(batch.visible, embeddings.dtype),
            position_ids=batch.positions,
            use_cache=False,
        ).last_hidden_state
        spoken = batch.labels != IGNORED
        logits = self.llava.lm_head(states[spoken]).float()
        answer = F.cross_entropy(logits, batch.labels[spoken])
        seen = self._naming(features.flatten(0, 1), batch.seen)
        place = (features.float() @ self.directions - self.codes).square().sum(-1).mean()
        loss = answer + self.SEEN_WEIGHT * seen + self.PLACE_WEIGHT * place
        figures = {
            "answer": answer.detach(),
            "seen": seen.detach(),
            "place": place.detach(),
            "token_accuracy": (logits.argmax(-1) == batch.labels[spoken]).float().mean(),
        }
        if self.tower_learns:
            clip = self.clip_task.losses(layers[-1], batch.clip)
            loss = loss + self.CLIP_WEIGHT * clip["loss"]
            figures |= {"contrast": clip["contrast"], "patch_accuracy": clip["patch_accuracy"]}
        return {"loss": loss, **figures}

    def _naming(self, features: Tensor, tokens: Tensor) -> Tensor:
        """How far the projected patches are from the words for what they show.

        features: (patches, width of the language model); tokens: (patches, languages).
        """
        thing = tokens[:, 0] != IGNORED
        embedding: Any = self.llava.get_input_embeddings()
        words = embedding.weight.detach()  # the words stay: a cat and a 猫 must not merge
        words = F.normalize(words.float(), dim=-1)
        # Not the cosine: with the length in it, projected patches stay as long as words, and the layers can add to them.
        logits = self.NAMING_SCALE * features[thing].float() @ words.T
        per_language = [F.cross_entropy(logits, tokens[thing, i]) for i in range(tokens.shape[1])]
        return torch.stack(per_language).mean()


def place_codes(width: int) -> tuple[Tensor, Tensor]:
    """Where a patch lies, as it is to be read in its projected features.

    Without it the projector passes on what a patch shows and drops the column, and left and right are guessed.
    Returns directions, (width, 4 * PLACE_WAVES), orthonormal, and codes, (patches, 4 * PLACE_WAVES), PLACE_LENGTH long:
    sines and cosines of row and column (Vaswani et al. 2017).
    """
    generator = torch.Generator().manual_seed(0)
    directions, _ = torch.linalg.qr(torch.randn(width, 4 * PLACE_WAVES, generator=generator))
    steps = torch.arange(GRID)[:, None] * torch.arange(1, PLACE_WAVES + 1) * (torch.pi / GRID)
    waves = torch.cat([steps.sin(), steps.cos()], 1)
    rows, columns = torch.meshgrid(torch.arange(GRID), torch.arange(GRID), indexing="ij")
    codes = torch.cat([waves[rows.flatten()], waves[columns.flatten()]], 1)
    return directions, codes * (PLACE_LENGTH / (2 * PLACE_WAVES) ** 0.5)


def _added(visible: Tensor, dtype: torch.dtype) -> Tensor:
    """The mask as it is added to attention scores. Plain attention would add a boolean one too: and hide nothing."""
    return torch.zeros_like(visible, dtype=dtype).masked_fill(~visible, torch.finfo(dtype).min)


def new_tokenizer() -> PreTrainedTokenizerFast:
    extra = (IMAGE, USER, ASSISTANT, SYSTEM)
    tokenizer = train_tokenizer(conversation_corpus(8_000), 4096, lowercase=False, extra_tokens=extra, max_length=2048)
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def new_model(tokenizer: PreTrainedTokenizerFast, clip: CLIPModel) -> LlavaForConditionalGeneration:
    llava = LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=clip.config.vision_config,
            text_config={
                "model_type": "llama",
                "hidden_size": 256,
                "intermediate_size": 704,
                "num_hidden_layers": 6,
                "num_attention_heads": 4,
                "num_key_value_heads": 4,
                "vocab_size": -(-len(tokenizer) // 64) * 64,
                "max_position_embeddings": 2048,
                "tie_word_embeddings": True,
                "bos_token_id": tokenizer.bos_token_id,
                "eos_token_id": tokenizer.eos_token_id,
                "pad_token_id": tokenizer.pad_token_id,
            },
            image_token_index=token_id(tokenizer, IMAGE),
            image_seq_length=GRID * GRID,
            vision_feature_layer=list(FEATURE_LAYERS),
            vision_feature_select_strategy="default",
            projector_hidden_act="gelu",
            tie_word_embeddings=True,
        )
    )
    projector: Any = llava.model.multi_modal_projector
    projector.linear_2.weight.data *= PROJECTOR_SCALE
    return llava


def new_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaProcessor:
    return LlavaProcessor(
        image_processor(),
        tokenizer,
        patch_size=PATCH,
        num_additional_image_tokens=1,
        vision_feature_select_strategy="default",
        chat_template=CHAT_TEMPLATE,
        image_token=IMAGE,
    )


def _groups(task: LlavaTask, rate: float, tower_share: float) -> list[dict[str, object]]:
    projector: Any = task.llava.model.multi_modal_projector
    groups = decay_groups(task.llava.model.language_model, rate)
    for layer, share in zip((projector.linear_1, projector.linear_2), PROJECTOR_SHARES, strict=True):
        groups += decay_groups(layer, rate * share)
    return groups + (decay_groups(task.clip_task, rate * tower_share) if task.tower_learns else [])


def main() -> None:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    parser = training_parser("llava", __doc__)
    parser.set_defaults(batch=24)
    parser.add_argument("--stage", choices=tuple(STAGES), required=True)
    parser.add_argument("--clip", type=Path, default=MODELS / "picturebook-clip", help="whose tower to take")
    parser.add_argument("--tower-share", type=float, default=0.2, help="the tower's rate, as a share of --rate; 0: it rests")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    accelerator = new_accelerator()
    clip = CLIPModel.from_pretrained(arguments.clip, dtype=torch.float32)
    clip_processor = CLIPProcessor.from_pretrained(arguments.clip, backend="pil")
    if accelerator.device.type == "cpu":
        clip.set_attn_implementation("eager")
    if arguments.stage == "align":
        tokenizer = shared_tokenizer(accelerator, arguments.run, new_tokenizer)
        llava = new_model(tokenizer, clip)
    else:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(arguments.output)
        llava = LlavaForConditionalGeneration.from_pretrained(arguments.output, dtype=torch.float32)
    if accelerator.device.type == "cpu":
        llava.model.language_model.set_attn_implementation("eager")  # for the same reason; 0.75 s a step instead of 0.88
    task = LlavaTask(llava, clip, tower_learns=arguments.stage == "tune" and arguments.tower_share > 0)
    optimizer = torch.optim.AdamW(_groups(task, arguments.rate, arguments.tower_share), betas=(0.9, 0.98), fused=True)
    schedule = Schedule(arguments.minutes, arguments.steps, arguments.warmup)
    run = TrainingRun(accelerator, task, optimizer, schedule, arguments.run / arguments.stage)
    offset = STAGES[arguments.stage] * 100_000_000_000
    done = run.step * accelerator.num_processes + accelerator.process_index * 10_000_000
    first = TRAINING_SEEDS + offset + done * arguments.batch
    stream = batches(tokenizer, clip_processor.tokenizer, arguments.stage, first, arguments.batch, arguments.workers)

    def export() -> None:
        save_model(llava, new_processor(tokenizer), arguments.output)
        if task.tower_learns:
            save_model(clip, clip_processor, arguments.clip)

    run.train((on_device(b, accelerator.device) for b in stream), export)


if __name__ == "__main__":
    main()
