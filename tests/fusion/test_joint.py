"""The classic VQA classifier on small encoders of the families that it names."""

import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    ResNetConfig,
    ResNetModel,
)

from crossmodal.fusion.joint import JointEmbeddingClassifier

SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}


def resnet_and_bert() -> JointEmbeddingClassifier:
    vision = ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic"))
    return JointEmbeddingClassifier(vision, BertModel(BertConfig(vocab_size=50, **SIZES)), ("cat", "dog", "laptop"))


def clip_towers() -> JointEmbeddingClassifier:
    vision = CLIPVisionModel(CLIPVisionConfig(image_size=64, patch_size=8, **SIZES))
    return JointEmbeddingClassifier(vision, CLIPTextModel(CLIPTextConfig(vocab_size=50, **SIZES)), ("yes", "no"))


@pytest.mark.parametrize("make", [resnet_and_bert, clip_towers])
@pytest.mark.parametrize("batch", [1, 3])
def test_any_two_encoders_answer_also_a_batch_of_one(make: type, batch: int) -> None:
    torch.manual_seed(0)
    model = make().eval()
    ids = torch.randint(4, 50, (batch, 7))
    answers = model.answer(torch.randn(batch, 3, 64, 64), ids, torch.ones_like(ids))
    assert len(answers) == batch
    assert all(answer in model.answers and 0 < p <= 1 for answer, p in answers)


def test_frozen_encoders_stay_and_the_rest_learns() -> None:
    torch.manual_seed(0)
    model = resnet_and_bert()
    ids = torch.randint(4, 50, (4, 7))
    torch.nn.functional.cross_entropy(
        model(torch.randn(4, 3, 64, 64), ids, torch.ones_like(ids)), torch.tensor([0, 1, 2, 0])
    ).backward()
    assert all(p.grad is None for part in (model.vision, model.text) for p in part.parameters())
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.strategy.parameters())


def test_what_is_padded_changes_nothing() -> None:
    torch.manual_seed(0)
    model = resnet_and_bert().eval()
    picture, ids = torch.randn(1, 3, 64, 64), torch.randint(4, 50, (1, 7))
    padded, mask = torch.nn.functional.pad(ids, (0, 5)), torch.nn.functional.pad(torch.ones_like(ids), (0, 5))
    torch.testing.assert_close(model(picture, ids, torch.ones_like(ids)), model(picture, padded, mask), atol=1e-5, rtol=1e-4)
