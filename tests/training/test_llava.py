import pytest
import torch
from transformers import CLIPModel, PreTrainedTokenizerFast

from crossmodal.training.clip import caption_corpus
from crossmodal.training.clip import new_model as new_clip
from crossmodal.training.clip_data import GRID, TRAINING_SEEDS
from crossmodal.training.llava import PLACE_LENGTH, LlavaTask, new_model, new_processor, place_codes
from crossmodal.training.llava_data import (
    CHAT_TEMPLATE,
    IGNORED,
    IMAGE,
    CollateDialogues,
    Dialogue,
    Dialogues,
    batches,
    conversation_corpus,
    token_id,
)
from crossmodal.training.tokens import train_tokenizer

EXTRA = (IMAGE, "<|user|>", "<|assistant|>", "<|system|>")


@pytest.fixture(scope="module")
def texts() -> PreTrainedTokenizerFast:
    return train_tokenizer(caption_corpus(20), 1500, lowercase=True)


@pytest.fixture(scope="module")
def chat() -> PreTrainedTokenizerFast:
    return train_tokenizer(conversation_corpus(30), 2000, lowercase=False, extra_tokens=EXTRA, max_length=2048)


@pytest.fixture
def clip(texts: PreTrainedTokenizerFast) -> CLIPModel:
    torch.manual_seed(0)
    return new_clip(texts)


@pytest.mark.parametrize("stage", ["align", "tune"])
def test_only_answers_are_learned_and_each_position_predicts_the_next(
    stage: str, chat: PreTrainedTokenizerFast, texts: PreTrainedTokenizerFast
) -> None:
    batch = next(batches(chat, texts, stage, TRAINING_SEEDS, 4, 0))
    for ids, labels in zip(batch.ids, batch.labels, strict=True):
        spoken = labels != IGNORED
        assert torch.equal(labels[spoken], ids.roll(-1)[spoken])
        text = chat.decode(labels[spoken])
        assert "<|user|>" not in text
        assert IMAGE not in text
        assert "</s>" in text


def dialogues(chat: PreTrainedTokenizerFast, stage: str, count: int) -> list[Dialogue]:
    made = Dialogues(TRAINING_SEEDS, chat, stage)
    return [made[i] for i in range(count)]


@pytest.mark.parametrize("stage", ["align", "tune"])
def test_what_a_block_sees_is_what_the_chat_template_makes(stage: str, chat: PreTrainedTokenizerFast) -> None:
    for dialogue in dialogues(chat, stage, 12):
        said = dialogue.said
        for block in sorted(set(said.blocks) - {0}) or [0]:
            seen = [i for i, b in enumerate(said.blocks) if b in (0, block)]
            assert [said.positions[i] for i in seen] == list(range(len(seen)))
            text = chat.decode([said.ids[i] for i in seen]).replace(IMAGE * 64, IMAGE)
            assert chat.apply_chat_template(messages_of(text), chat_template=CHAT_TEMPLATE, tokenize=False) == text


def messages_of(text: str) -> list[dict[str, object]]:
    before, *turns = text.removeprefix("<s>").split("<|user|>")
    messages: list[dict[str, object]] = []
    if before:
        messages.append({"role": "system", "content": before.removeprefix("<|system|>")})
    for turn in turns:
        question, answer = turn.split("<|assistant|>")
        parts = [{"type": "image"}] if question.startswith(IMAGE) else []
        messages.append({"role": "user", "content": [*parts, {"type": "text", "text": question.removeprefix(IMAGE)}]})
        messages.append({"role": "assistant", "content": [{"type": "text", "text": answer.removesuffix("</s>")}]})
    return messages


def test_a_question_sees_the_picture_and_no_answer_but_its_own(
    chat: PreTrainedTokenizerFast, texts: PreTrainedTokenizerFast
) -> None:
    made = [d for d in dialogues(chat, "tune", 12) if max(d.said.blocks) > 1][:1]
    (batch,) = CollateDialogues(texts, 1)(made)
    blocks = torch.tensor(made[0].said.blocks)
    visible = batch.visible[0, 0]
    last = blocks == blocks.max()
    first = blocks == 1
    assert visible[last][:, blocks == 0].all()
    assert not visible[last][:, first].any()
    assert not visible.triu(1).any()


def test_what_each_patch_shows_is_a_token_of_its_name(chat: PreTrainedTokenizerFast, texts: PreTrainedTokenizerFast) -> None:
    batch = next(batches(chat, texts, "tune", TRAINING_SEEDS, 6, 0))
    assert len(batch.seen) == int((batch.ids == token_id(chat, IMAGE)).sum())
    named = batch.seen[:, 0] != IGNORED
    assert 0.02 < float(named.float().mean()) < 0.8


def test_while_aligning_the_tower_rests_and_while_tuning_it_learns(
    clip: CLIPModel, chat: PreTrainedTokenizerFast, texts: PreTrainedTokenizerFast
) -> None:
    for stage, learns in (("align", False), ("tune", True)):
        task = LlavaTask(new_model(chat, clip), clip, tower_learns=learns)
        task.zero_grad()
        task(next(batches(chat, texts, stage, TRAINING_SEEDS, 4, 0)))["loss"].backward()
        tower = [p for n, p in task.named_parameters() if "clip_task" in n or "vision_tower" in n]
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in tower) == learns
        language = [(n, p) for n, p in task.named_parameters() if "language_model" in n or "projector" in n]
        assert [n for n, p in language if p.grad is None or not p.grad.abs().sum()] == []


def test_both_models_share_one_tower(clip: CLIPModel, chat: PreTrainedTokenizerFast) -> None:
    task = LlavaTask(new_model(chat, clip), clip, tower_learns=True)
    assert task.llava.model.vision_tower is task.clip_task.model.vision_model


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_the_recipes_forward_is_the_models_own(
    clip: CLIPModel, chat: PreTrainedTokenizerFast, texts: PreTrainedTokenizerFast, attention: str
) -> None:
    """The loss is computed by hand for speed; the model that is shipped must see the same, and nothing of what follows."""
    llava = new_model(chat, clip)
    task = LlavaTask(llava, clip, tower_learns=False).eval()
    batch = next(batches(chat, texts, "align", TRAINING_SEEDS, 2, 0))
    with torch.no_grad():
        llava.model.language_model.set_attn_implementation(attention)
        ours = float(task(batch)["answer"])
        llava.model.language_model.set_attn_implementation("sdpa")
        logits = llava(
            input_ids=batch.ids,
            pixel_values=batch.clip.pixels,
            attention_mask=batch.visible,
            position_ids=batch.positions,
        ).logits
    spoken = batch.labels != IGNORED
    theirs = float(torch.nn.functional.cross_entropy(logits[spoken], batch.labels[spoken]))
    assert ours == pytest.approx(theirs, rel=1e-4)


def test_the_processor_makes_as_many_picture_tokens_as_the_tower(chat: PreTrainedTokenizerFast) -> None:
    from PIL import Image

    processor = new_processor(chat)
    message = {"role": "user", "content": [{"type": "image", "image": Image.new("RGB", (50, 80))}]}
    ids = processor.apply_chat_template([message], tokenize=True, return_dict=True, return_tensors="pt")["input_ids"]
    assert int((ids == token_id(chat, IMAGE)).sum()) == 64


def test_each_patch_has_a_place_of_its_own_and_neighbours_are_alike() -> None:
    directions, codes = place_codes(256)
    assert torch.allclose(directions.T @ directions, torch.eye(directions.shape[1]), atol=1e-5)
    assert torch.allclose(codes.norm(dim=-1), torch.full((GRID * GRID,), PLACE_LENGTH), atol=1e-5)
    apart = torch.cdist(codes, codes)
    assert float((apart + torch.eye(len(codes))).min()) > 0.1
    for here, beside, far in ((0, 1, GRID - 1), (0, GRID, GRID * (GRID - 1))):  # to the right, and below
        assert apart[here, beside] < apart[here, far]
