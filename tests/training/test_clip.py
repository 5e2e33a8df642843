import math
from pathlib import Path

import pytest
import torch
from transformers import AutoProcessor, CLIPModel, CLIPProcessor, PreTrainedTokenizerFast

from crossmodal.training.clip import ClipTask, caption_corpus, image_processor, new_model
from crossmodal.training.clip_data import NOTHING, TRAINING_SEEDS, batches
from crossmodal.training.recipe import save_model
from crossmodal.training.tokens import train_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(caption_corpus(20), 1500, lowercase=True)


def test_the_same_seeds_give_the_same_batch(tokenizer: PreTrainedTokenizerFast) -> None:
    first, second = (next(batches(tokenizer, TRAINING_SEEDS, 6, 0)) for _ in range(2))
    assert torch.equal(first.pixels, second.pixels)
    assert torch.equal(first.captions["input_ids"], second.captions["input_ids"])


def test_patches_point_to_the_names_of_their_things_and_background_to_nothing(tokenizer: PreTrainedTokenizerFast) -> None:
    batch = next(batches(tokenizer, TRAINING_SEEDS, 8, 0))
    names = tokenizer.batch_decode(batch.names["input_ids"], skip_special_tokens=True)
    assert names[-1].replace(" ", "") in NOTHING.values()
    assert len(names) == len(batch.name_ids)
    assert batch.patches.max() == len(names) - 1
    assert len(set(batch.name_ids.tolist())) == len(names)
    assert batch.patches.min() >= 0
    assert len(set(batch.patches.flatten().tolist())) > 8  # the rest are distractors


def test_every_parameter_of_the_model_learns(tokenizer: PreTrainedTokenizerFast) -> None:
    torch.manual_seed(0)
    task = ClipTask(new_model(tokenizer))
    task(next(batches(tokenizer, TRAINING_SEEDS, 8, 0)))["loss"].backward()
    still = [n for n, p in task.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert still == []


def test_untrained_the_contrast_is_that_of_guessing(tokenizer: PreTrainedTokenizerFast) -> None:
    torch.manual_seed(0)
    losses = ClipTask(new_model(tokenizer))(next(batches(tokenizer, TRAINING_SEEDS, 16, 0)))
    assert float(losses["contrast"]) == pytest.approx(math.log(16), abs=0.7)


def test_the_whole_picture_loss_looks_at_pictures_of_one_name_alone() -> None:
    logits = torch.zeros(3, 4)
    logits[0, 1] = 50.0
    patches = torch.tensor([[3, 1, 1, 3], [0, 2, 3, 3], [3, 3, 3, 3]])
    assert float(ClipTask._whole_picture(logits, patches)) == pytest.approx(0, abs=1e-4)
    logits[0, 1], logits[0, 2] = 0.0, 50.0
    assert float(ClipTask._whole_picture(logits, patches)) > 40


def test_the_logit_scale_is_clamped(tokenizer: PreTrainedTokenizerFast) -> None:
    task = ClipTask(new_model(tokenizer))
    task.model.logit_scale.data.fill_(9.0)
    task.clamp()
    assert float(task.model.logit_scale.exp().detach()) == pytest.approx(100)


def test_a_saved_model_is_what_the_hub_would_load(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    model = new_model(tokenizer)
    save_model(model, CLIPProcessor(image_processor(), tokenizer), tmp_path)
    assert all(f.stat().st_size < 9_000_000 for f in tmp_path.iterdir())
    assert not list(tmp_path.glob("*.bin"))
    again = CLIPModel.from_pretrained(tmp_path)
    assert again.dtype == torch.bfloat16
    assert torch.allclose(again.text_projection.weight.float(), model.text_projection.weight, atol=1e-2)
    assert AutoProcessor.from_pretrained(tmp_path, backend="pil").tokenizer("a cat")["input_ids"][0] == 1
