"""Tiny dual encoders of several families, with random weights, saved as checkpoints."""

from pathlib import Path
from typing import Any

import torch
from transformers import (
    BertTokenizerFast,
    ChineseCLIPConfig,
    ChineseCLIPImageProcessorPil,
    ChineseCLIPModel,
    ChineseCLIPProcessor,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPProcessor,
    MetaClip2Config,
    MetaClip2Model,
    Siglip2Config,
    Siglip2ImageProcessorPil,
    Siglip2Model,
    Siglip2Processor,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
    SiglipProcessor,
)

from crossmodal.training.clip import caption_corpus
from crossmodal.training.tokens import train_tokenizer

WORDS = ("cat", "dog", "red car", "house", "apple", "a dog on a house", "猫", "一张狗的图片")
SIZES = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
VISION: dict[str, Any] = {**SIZES, "image_size": 32, "patch_size": 8}
SIDE = {"height": 32, "width": 32}
WIDE = 5.0
"""Times the usual spread of initial weights, so that different inputs give clearly different vectors."""


def _spread(model: Any) -> Any:
    torch.manual_seed(0)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            parameter.data.normal_(0, 0.02 * WIDE)
    return model.eval()


def save_clip(folder: Path) -> Path:
    tokenizer = train_tokenizer(caption_corpus(20), 1024, lowercase=True)
    text = {**SIZES, "vocab_size": len(tokenizer), "max_position_embeddings": 64}
    ids = {k: getattr(tokenizer, k) for k in ("bos_token_id", "eos_token_id", "pad_token_id")}
    config = CLIPConfig(projection_dim=64, vision_config=VISION, text_config={**text, **ids})
    _spread(CLIPModel(config)).save_pretrained(folder)
    images = CLIPImageProcessorPil(size=SIDE, crop_size=SIDE, do_center_crop=False)
    CLIPProcessor(images, tokenizer).save_pretrained(folder)
    return folder


def save_metaclip_2(folder: Path) -> Path:
    tokenizer = train_tokenizer(caption_corpus(20), 1024, lowercase=True)
    text = {**SIZES, "vocab_size": len(tokenizer), "max_position_embeddings": 64, "projection_dim": 64}
    ids = {k: getattr(tokenizer, k) for k in ("bos_token_id", "eos_token_id", "pad_token_id")}
    config = MetaClip2Config(projection_dim=64, vision_config=VISION, text_config={**text, **ids})
    _spread(MetaClip2Model(config)).save_pretrained(folder)
    images = CLIPImageProcessorPil(size=SIDE, crop_size=SIDE, do_center_crop=False)
    CLIPProcessor(images, tokenizer).save_pretrained(folder)
    return folder


def save_siglip2(folder: Path) -> Path:
    tokenizer = train_tokenizer(caption_corpus(20), 1024, lowercase=True, max_length=64)
    text = {**SIZES, "vocab_size": len(tokenizer), "max_position_embeddings": 64, "projection_size": 64}
    vision = {**SIZES, "patch_size": 8, "num_patches": 16}
    model = _spread(Siglip2Model(Siglip2Config(vision_config=vision, text_config=text)))
    model.logit_scale.data.fill_(1.5)
    model.logit_bias.data.fill_(-2.0)
    model.save_pretrained(folder)
    Siglip2Processor(Siglip2ImageProcessorPil(patch_size=8, max_num_patches=16), tokenizer).save_pretrained(folder)
    return folder


def save_siglip(folder: Path) -> Path:
    tokenizer = train_tokenizer(caption_corpus(20), 1024, lowercase=True, max_length=64)
    text = {**SIZES, "vocab_size": len(tokenizer), "max_position_embeddings": 64, "projection_size": 64}
    model = _spread(SiglipModel(SiglipConfig(vision_config=VISION, text_config=text)))
    model.logit_scale.data.fill_(1.5)
    model.logit_bias.data.fill_(-2.0)
    model.save_pretrained(folder)
    SiglipProcessor(SiglipImageProcessorPil(size=SIDE), tokenizer).save_pretrained(folder)
    return folder


def save_chinese_clip(folder: Path) -> Path:
    characters = sorted({c for word in WORDS for c in word if c != " "})
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *(f"##{c}" for c in characters)]
    tokenizer = BertTokenizerFast(vocab={word: i for i, word in enumerate(vocabulary)})
    text = {**SIZES, "vocab_size": len(vocabulary), "max_position_embeddings": 64}
    config = ChineseCLIPConfig(projection_dim=64, vision_config=VISION, text_config=text)
    _spread(ChineseCLIPModel(config)).save_pretrained(folder)
    images = ChineseCLIPImageProcessorPil(size=SIDE, crop_size=SIDE, do_center_crop=False)
    ChineseCLIPProcessor(images, tokenizer).save_pretrained(folder)
    return folder


SAVERS = {
    "clip": save_clip,
    "metaclip_2": save_metaclip_2,
    "siglip": save_siglip,
    "siglip2": save_siglip2,
    "chinese_clip": save_chinese_clip,
}
