import pytest
import torch
from transformers import BertConfig, BertModel, CLIPVisionConfig, CLIPVisionModel, ResNetConfig, ResNetModel

from crossmodal.alignment.dual_encoder import DualEncoder
from crossmodal.embedding.encoders import encoder_width, pooled
from crossmodal.fusion.joint import JointEmbeddingClassifier

SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}


def resnet() -> ResNetModel:
    return ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic"))


def bert(pools: bool = True) -> BertModel:
    return BertModel(BertConfig(vocab_size=50, **SIZES), add_pooling_layer=pools)


def test_a_width_is_that_of_what_the_encoder_gives() -> None:
    pixels, ids = torch.randn(2, 3, 64, 64), torch.randint(4, 50, (2, 5))
    vision = CLIPVisionModel(CLIPVisionConfig(image_size=64, patch_size=8, **SIZES))
    for encoder, found in ((resnet(), None), (vision, None), (bert(), ids)):
        given = encoder(pixel_values=pixels) if found is None else encoder(input_ids=found)
        assert pooled(given).shape == (2, encoder_width(encoder))


def test_where_nothing_is_pooled_the_tokens_that_are_there_are() -> None:
    torch.manual_seed(0)
    encoder, ids = bert(pools=False).eval(), torch.randint(4, 50, (1, 5))
    mask = torch.tensor([[1, 1, 1, 0, 0]])
    given = encoder(input_ids=ids, attention_mask=mask)
    torch.testing.assert_close(pooled(given, mask), given.last_hidden_state[:, :3].mean(1))


@pytest.mark.parametrize("freeze", [True, False])
def test_what_is_frozen_keeps_its_statistics_while_the_rest_trains(freeze: bool) -> None:
    for model in (
        DualEncoder(resnet(), bert(), 8, freeze=freeze),
        JointEmbeddingClassifier(resnet(), bert(), ("a", "b"), freeze=freeze),
    ):
        before = {n: b.clone() for n, b in model.vision.named_buffers() if "running_mean" in n}
        ids = torch.randint(4, 50, (4, 5))
        model.train()(torch.randn(4, 3, 64, 64), ids, torch.ones_like(ids))
        same = [torch.equal(b, dict(model.vision.named_buffers())[n]) for n, b in before.items()]
        assert all(same) == freeze
        assert model.training
