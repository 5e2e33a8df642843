"""Tiny vision-language models of the chat families, with random weights, saved as checkpoints."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers.processors import TemplateProcessing
from transformers import (
    AyaVisionConfig,
    AyaVisionForConditionalGeneration,
    AyaVisionProcessor,
    CLIPImageProcessorPil,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3ImageProcessorPil,
    Gemma3Processor,
    GotOcr2ImageProcessorPil,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLProcessor,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionImageProcessorPil,
    LlavaOnevisionProcessor,
    LlavaProcessor,
    MllamaConfig,
    MllamaForConditionalGeneration,
    MllamaImageProcessorPil,
    MllamaProcessor,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PaliGemmaProcessor,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessorPil,
    Qwen2VLProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    SiglipImageProcessorPil,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessorPil,
    SmolVLMProcessor,
)

from crossmodal.training.llava_data import conversation_corpus
from crossmodal.training.tokens import train_tokenizer

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}PICTURE{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
ROLES = ("<|user|>", "<|assistant|>", "<|system|>")
SIZES: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
SIDE = {"height": 32, "width": 32}
CLIP_TOWER: dict[str, Any] = {"model_type": "clip_vision_model", "image_size": 32, "patch_size": 8, **SIZES}
SIGLIP_TOWER: dict[str, Any] = {**CLIP_TOWER, "model_type": "siglip_vision_model", "vision_use_head": False}
PINPOINTS = [[32, 32], [32, 64], [64, 32], [64, 64]]
SPREAD = 0.2
"""Of the weights: ten times the usual, so that different inputs give clearly different answers."""


def _tokenizer(extra: Sequence[str] = ("<image>",), **named: str) -> PreTrainedTokenizerFast:
    """Knows the extra tokens as one each; the named ones also as attributes, which some processors read."""
    tokens = (*extra, *named.values(), *ROLES)
    trained = train_tokenizer(conversation_corpus(20), 1024, lowercase=False, extra_tokens=tokens, max_length=2048)
    if not named:
        return trained
    usual = {k: getattr(trained, k) for k in ("pad_token", "bos_token", "unk_token", "eos_token", "model_max_length")}
    return PreTrainedTokenizerFast(tokenizer_object=trained.backend_tokenizer, extra_special_tokens=named, **usual)


def _text(family: str, tokenizer: PreTrainedTokenizerFast, **more: Any) -> dict[str, Any]:
    ids = {k: getattr(tokenizer, k) for k in ("bos_token_id", "eos_token_id", "pad_token_id")}
    size = {"vocab_size": -(-len(tokenizer) // 64) * 64, "max_position_embeddings": 2048, "head_dim": 32}
    return {"model_type": family, "num_key_value_heads": 2, **size, **SIZES, **ids, **more}


def _id(tokenizer: PreTrainedTokenizerFast, token: str) -> int:
    return int(tokenizer.convert_tokens_to_ids(token))  # type: ignore[arg-type]


def _template(placeholder: str = "<image>") -> str:
    return TEMPLATE.replace("PICTURE", placeholder)


def _for_pictures(processor_class: Any) -> Any:
    """The class without its part for videos, which some installations cannot make."""
    attributes = [name for name in processor_class.get_attributes() if name != "video_processor"]
    return type(processor_class.__name__, (processor_class,), {"get_attributes": classmethod(lambda _: attributes)})


def _save(model: Any, processor: Any, folder: Path) -> Path:
    torch.manual_seed(0)
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            parameter.data.normal_(0, SPREAD)
        elif name.endswith("gate"):
            parameter.data.fill_(1.0)  # untrained ones are shut
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        setattr(model.generation_config, name, getattr(processor.tokenizer, name))
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def save_llava(folder: Path, template: str | None = None) -> Path:
    tokenizer = _tokenizer()
    config = LlavaConfig(
        vision_config=CLIP_TOWER, text_config=_text("llama", tokenizer), image_token_index=_id(tokenizer, "<image>")
    )
    images = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=SIDE)
    shape = {"patch_size": 8, "num_additional_image_tokens": 1, "vision_feature_select_strategy": "default"}
    processor = LlavaProcessor(images, tokenizer, chat_template=template or _template(), **shape)
    return _save(LlavaForConditionalGeneration(config), processor, folder)


def save_llava_vicuna(folder: Path) -> Path:
    """The start token comes from the tokenizer and not from the template, as in LLaVA 1.5."""
    save_llava(folder, _template().replace("{{ bos_token }}", ""))
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    start = [(tokenizer.bos_token, tokenizer.bos_token_id)]
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=f"{tokenizer.bos_token} $A", special_tokens=start)
    tokenizer.save_pretrained(folder)
    return folder


def save_llava_interleave(folder: Path) -> Path:
    tokenizer = _tokenizer()
    config = LlavaConfig(
        vision_config=SIGLIP_TOWER,
        text_config=_text("qwen2", tokenizer),
        image_token_index=_id(tokenizer, "<image>"),
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
    )
    images = SiglipImageProcessorPil(size=SIDE)
    shape = {"patch_size": 8, "vision_feature_select_strategy": "full"}
    processor = LlavaProcessor(images, tokenizer, chat_template=_template(), **shape)
    return _save(LlavaForConditionalGeneration(config), processor, folder)


def save_llava_next(folder: Path) -> Path:
    tokenizer = _tokenizer()
    config = LlavaNextConfig(
        vision_config=CLIP_TOWER,
        text_config=_text("mistral", tokenizer),
        image_token_index=_id(tokenizer, "<image>"),
        image_grid_pinpoints=PINPOINTS,
    )
    images = LlavaNextImageProcessorPil(size={"shortest_edge": 32}, crop_size=SIDE, image_grid_pinpoints=PINPOINTS)
    shape = {"patch_size": 8, "num_additional_image_tokens": 1, "vision_feature_select_strategy": "default"}
    processor = LlavaNextProcessor(images, tokenizer, chat_template=_template(), **shape)
    return _save(LlavaNextForConditionalGeneration(config), processor, folder)


def save_llava_onevision(folder: Path) -> Path:
    tokenizer = _tokenizer(("<image>", "<video>"))
    config = LlavaOnevisionConfig(
        vision_config=SIGLIP_TOWER,
        text_config=_text("qwen2", tokenizer),
        image_token_index=_id(tokenizer, "<image>"),
        video_token_index=_id(tokenizer, "<video>"),
        image_grid_pinpoints=PINPOINTS,
    )
    images = LlavaOnevisionImageProcessorPil(size=SIDE, image_grid_pinpoints=PINPOINTS)
    shape = {"num_image_tokens": 16, "vision_feature_select_strategy": "full"}
    processor = _for_pictures(LlavaOnevisionProcessor)(images, tokenizer, chat_template=_template(), **shape)
    return _save(LlavaOnevisionForConditionalGeneration(config), processor, folder)


def _idefics3_tokenizer() -> PreTrainedTokenizerFast:
    places = (f"<row_{row}_col_{column}>" for row in range(1, 3) for column in range(1, 3))
    return _tokenizer(("<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>", "<video>", *places))


def _idefics3_parts(family: str, tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    vision = {"model_type": f"{family}_vision", "image_size": 32, "patch_size": 8, **SIZES}
    text = _text("llama", tokenizer)
    return {"vision_config": vision, "text_config": text, "image_token_id": _id(tokenizer, "<image>"), "scale_factor": 2}


def save_idefics3(folder: Path) -> Path:
    tokenizer = _idefics3_tokenizer()
    images = Idefics3ImageProcessorPil(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    processor = Idefics3Processor(images, tokenizer, image_seq_len=4, chat_template=_template())
    config = Idefics3Config(**_idefics3_parts("idefics3", tokenizer))
    return _save(Idefics3ForConditionalGeneration(config), processor, folder)


def save_smolvlm(folder: Path) -> Path:
    tokenizer = _idefics3_tokenizer()
    images = SmolVLMImageProcessorPil(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    processor = _for_pictures(SmolVLMProcessor)(images, tokenizer, None, image_seq_len=4, chat_template=_template())
    config = SmolVLMConfig(**_idefics3_parts("smolvlm", tokenizer))
    return _save(SmolVLMForConditionalGeneration(config), processor, folder)


def _save_qwen(kinds: tuple[Any, Any, Any], text: str, rope: dict[str, Any], vision: dict[str, Any], folder: Path) -> Path:
    config_class, model_class, processor_class = kinds
    names = {"vision_start": "<|vision_start|>", "vision_end": "<|vision_end|>", "image": "<|image_pad|>"}
    names["video"] = "<|video_pad|>"
    tokenizer = _tokenizer(tuple(names.values()))
    rope = {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [4, 6, 6], **rope}
    config = config_class(
        vision_config={"depth": 2, "num_heads": 2, "patch_size": 8, "hidden_size": 64, **vision},
        text_config=_text(text, tokenizer, rope_parameters=rope),
        **{f"{name}_token_id": _id(tokenizer, token) for name, token in names.items()},
    )
    images = Qwen2VLImageProcessorPil(patch_size=8, size={"shortest_edge": 32 * 32, "longest_edge": 64 * 64})
    placeholder = names["vision_start"] + names["image"] + names["vision_end"]
    processor = _for_pictures(processor_class)(images, tokenizer, chat_template=_template(placeholder))
    return _save(model_class(config), processor, folder)


def save_qwen2_vl(folder: Path) -> Path:
    kinds = Qwen2VLConfig, Qwen2VLForConditionalGeneration, Qwen2VLProcessor
    return _save_qwen(kinds, "qwen2_vl_text", {}, {"embed_dim": 64, "mlp_ratio": 2}, folder)


def save_qwen2_5_vl(folder: Path) -> Path:
    kinds = Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor
    vision = {"intermediate_size": 128, "out_hidden_size": 64, "window_size": 32, "fullatt_block_indexes": [1]}
    return _save_qwen(kinds, "qwen2_5_vl_text", {}, vision, folder)


def save_qwen3_vl(folder: Path) -> Path:
    kinds = Qwen3VLConfig, Qwen3VLForConditionalGeneration, Qwen3VLProcessor
    vision = {"intermediate_size": 128, "out_hidden_size": 64, "num_position_embeddings": 16, "deepstack_visual_indexes": [0]}
    return _save_qwen(kinds, "qwen3_vl_text", {"mrope_interleaved": True}, vision, folder)


def save_internvl(folder: Path) -> Path:
    names = {"start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<IMG_CONTEXT>"}
    tokenizer = _tokenizer((), **names, video_token="<video>")
    config = InternVLConfig(
        vision_config={"image_size": [32, 32], "patch_size": [8, 8], **SIZES},
        text_config=_text("qwen2", tokenizer),
        image_token_id=_id(tokenizer, "<IMG_CONTEXT>"),
        image_seq_length=4,
    )
    images = GotOcr2ImageProcessorPil(size=SIDE, crop_to_patches=True, max_patches=4)
    template = _template("<IMG_CONTEXT>")
    processor = _for_pictures(InternVLProcessor)(images, tokenizer, image_seq_length=4, chat_template=template)
    return _save(InternVLForConditionalGeneration(config), processor, folder)


def save_gemma3(folder: Path) -> Path:
    names = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
    tokenizer = _tokenizer((), **names)
    ids: dict[str, Any] = {f"{name}_index": _id(tokenizer, token) for name, token in names.items()}
    sliding = {"sliding_window": 32, "sliding_window_pattern": 2, "tie_word_embeddings": False}
    config = Gemma3Config(
        vision_config=SIGLIP_TOWER,
        text_config=_text("gemma3_text", tokenizer, query_pre_attn_scalar=32, **sliding),
        mm_tokens_per_image=4,
        tie_word_embeddings=False,
        **ids,
    )
    images = Gemma3ImageProcessorPil(size=SIDE)
    processor = Gemma3Processor(images, tokenizer, chat_template=_template("<start_of_image>"), image_seq_length=4)
    return _save(Gemma3ForConditionalGeneration(config), processor, folder)


def save_aya_vision(folder: Path) -> Path:
    tokens = "<|START_OF_IMG|>", "<|END_OF_IMG|>", "<|IMG_PATCH|>", "<|IMG_LINE_BREAK|>", "TILE", "TILE_GLOBAL"
    tokenizer = _tokenizer(("<image>", *tokens))
    config = AyaVisionConfig(
        vision_config=SIGLIP_TOWER,
        text_config=_text("cohere2", tokenizer, sliding_window=32),
        image_token_index=_id(tokenizer, "<|IMG_PATCH|>"),
    )
    images = GotOcr2ImageProcessorPil(size=SIDE, crop_to_patches=True, max_patches=4)
    shape = {"patch_size": 8, "img_size": 32, "downsample_factor": 2}
    processor = AyaVisionProcessor(images, tokenizer, chat_template=_template(), **shape)
    return _save(AyaVisionForConditionalGeneration(config), processor, folder)


def save_mllama(folder: Path) -> Path:
    """Pictures reach it by cross-attention: a picture is one token of the prompt."""
    tokenizer = _tokenizer(("<|image|>", "<|python_tag|>"))
    tower = {"num_global_layers": 1, "attention_heads": 2, "intermediate_layers_indices": [0], "vision_output_dim": 128}
    config = MllamaConfig(
        vision_config={**SIZES, "image_size": 32, "patch_size": 8, "max_num_tiles": 4, **tower},
        text_config=_text("mllama_text_model", tokenizer, cross_attention_layers=[1]),
        image_token_index=_id(tokenizer, "<|image|>"),
    )
    images = MllamaImageProcessorPil(size=SIDE, max_image_tiles=4)
    processor = MllamaProcessor(images, tokenizer, chat_template=_template("<|image|>"))
    return _save(MllamaForConditionalGeneration(config), processor, folder)


def save_paligemma(folder: Path) -> Path:
    """It has no chat template, as all of its kin."""
    tokenizer = _tokenizer()
    images: Any = SiglipImageProcessorPil(size=SIDE)
    images.image_seq_length = 16
    processor = PaliGemmaProcessor(images, tokenizer)
    config = PaliGemmaConfig(
        vision_config=SIGLIP_TOWER,
        text_config=_text("gemma", tokenizer),
        image_token_index=_id(tokenizer, "<image>"),
        projection_dim=64,
        hidden_size=64,
    )
    return _save(PaliGemmaForConditionalGeneration(config), processor, folder)


CHAT_SAVERS: dict[str, Callable[[Path], Path]] = {
    "llava": save_llava,
    "llava_vicuna": save_llava_vicuna,
    "llava_interleave": save_llava_interleave,
    "llava_next": save_llava_next,
    "idefics3": save_idefics3,
    "gemma3": save_gemma3,
    "aya_vision": save_aya_vision,
    "mllama": save_mllama,
    "llava_onevision": save_llava_onevision,
    "smolvlm": save_smolvlm,
    "qwen2_vl": save_qwen2_vl,
    "qwen2_5_vl": save_qwen2_5_vl,
    "qwen3_vl": save_qwen3_vl,
    "internvl": save_internvl,
}
"""The last six also take videos."""
PLAIN_SAVERS: dict[str, Callable[[Path], Path]] = {"paligemma": save_paligemma}
"""No chat template."""
