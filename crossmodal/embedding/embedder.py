"""A dual encoder as this project uses it, whatever its family: CLIP, MetaCLIP 2, Chinese-CLIP, SigLIP, SigLIP 2."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from crossmodal.embedding.encoders import pooled
from crossmodal.errors import ModelError
from crossmodal.models.loading import LoadedModel

FAMILIES = ("clip", "metaclip_2", "chinese_clip", "siglip", "siglip2")
TITLES = "CLIP, MetaCLIP 2, Chinese-CLIP, SigLIP and SigLIP 2"
TEXT_BATCH = 256
PICTURE_BATCH = 32
OTHER_SIDE = 512
"""Where a family's processor does not say how large its pictures are."""
FIRST_NUMBERS = 16
SIGLIP_TEXT_LENGTH = 64
"""SigLIP was trained on texts padded to this length, and reads others badly."""


class Embedder:
    """Unit vectors for pictures and texts, in fp32 on the CPU, and the rule that turns cosines into logits."""

    def __init__(self, loaded: LoadedModel) -> None:
        """Raises ModelError for a family whose rule for scores is another one."""
        if loaded.model.config.model_type not in FAMILIES:
            raise ModelError(
                f"{loaded.spec.title} is no CLIP or SigLIP, and its scores follow another rule. Choose one of {TITLES}.",
                f"{loaded.spec.title} 不是 CLIP 或 SigLIP，打分规则不同。请选择 {TITLES} 之一。",
            )
        self._model, self._processor = loaded.model, loaded.processor
        self._device = torch.device(loaded.device)
        self._computing = loaded.computing
        self.logit_scale = float(self._model.logit_scale.exp())
        bias = getattr(self._model, "logit_bias", None)
        self.logit_bias = float(bias) if bias is not None else 0.0
        self.independent = bias is not None
        """True where each label has a probability of its own (SigLIP's sigmoid), false where labels share one (softmax)."""

    @property
    def model_type(self) -> str:
        return str(self._model.config.model_type)

    @property
    def identity(self) -> int:
        """Of the model in memory: the same as long as it stays loaded."""
        return id(self._model)

    @property
    def side(self) -> int:
        """About how many pixels of a side the model looks at."""
        size = dict(getattr(self._processor.image_processor, "size", None) or {})
        return int(max((v for v in size.values() if isinstance(v, int)), default=OTHER_SIDE))

    @property
    def dim(self) -> int:
        config = self._model.config
        return int(getattr(config, "projection_dim", 0) or config.text_config.projection_size)

    @property
    def weights_digest(self) -> str:
        """Tells checkpoints apart, also where no revision does: from the first numbers of every tensor, rounded alike."""
        digest = hashlib.sha256()
        for name, values in sorted(self._model.state_dict().items()):
            digest.update(f"{name} {tuple(values.shape)}".encode())
            if values.is_floating_point():
                digest.update(values.flatten()[:FIRST_NUMBERS].to("cpu", torch.bfloat16).view(torch.int16).numpy().tobytes())
        return digest.hexdigest()[:16]

    @property
    def preprocessing_digest(self) -> str:
        """Of how pictures and texts become tensors."""
        settings = {
            "picture": self._processor.image_processor.to_dict(),
            "text": (len(self._processor.tokenizer), self._longest_text),
        }
        return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[:16]

    @property
    def sees_where(self) -> bool:
        """Whether the vectors of patches lie in the space of texts: where one linear map projects all of them."""
        return hasattr(self._model, "visual_projection")

    def logits(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """(pictures, texts), from unit vectors."""
        return self.logit_scale * pictures @ texts.T + self.logit_bias

    @torch.inference_mode()
    def pictures(self, pictures: Sequence[Image.Image]) -> Tensor:
        """(pictures, dim), L2-normalised."""
        parts = []
        for start in range(0, len(pictures), PICTURE_BATCH):
            parts.append(self._seen(self._pixels(pictures[start : start + PICTURE_BATCH])))
        return torch.cat(parts)

    def prepared(self, picture: Image.Image) -> dict[str, Tensor]:
        """What the model needs of a picture, on the CPU: for threads that work ahead of `prepared_pictures`."""
        return dict(self._processor.image_processor([picture], return_tensors="pt"))

    @torch.inference_mode()
    def prepared_pictures(self, prepared: Sequence[dict[str, Tensor]]) -> Tensor:
        """(pictures, dim), L2-normalised, from what `prepared` gave."""
        return self._seen({k: self._moved(torch.cat([p[k] for p in prepared])) for k in prepared[0]})

    def _seen(self, pixels: dict[str, Tensor]) -> Tensor:
        with self._computing:
            return _unit(self._model.get_image_features(**pixels).pooler_output)

    @torch.inference_mode()
    def texts(self, texts: Sequence[str]) -> Tensor:
        """(texts, dim), L2-normalised. A text too long for the model is cut."""
        parts = []
        for start in range(0, len(texts), TEXT_BATCH):
            tokens = self._tokens(list(texts[start : start + TEXT_BATCH]))
            with self._computing:
                parts.append(_unit(self._model.get_text_features(**tokens).pooler_output))
        return torch.cat(parts)

    @torch.inference_mode()
    def where(self, picture: Image.Image, texts: Tensor) -> Tensor | None:
        """Cosine of every patch with every text, (texts, rows, columns); None where the family does not give it.

        The picture's own projection is applied to each patch of the last layer, as for dense CLIP features (Zhou et al.
        2022, MaskCLIP, without its change to the last attention).
        """
        if not self.sees_where:
            return None
        if getattr(self._processor.image_processor, "do_center_crop", False):
            picture = picture.resize((min(picture.size),) * 2)  # or the patches would show the middle alone
        with self._computing:
            hidden = self._model.vision_model(**self._pixels([picture])).last_hidden_state[:, 1:]
            patches = _unit(self._model.visual_projection(self._model.vision_model.post_layernorm(hidden))[0])
        side = round(len(patches) ** 0.5)
        return (texts @ patches.T).reshape(len(texts), side, -1)

    @torch.inference_mode()
    def patch_features(self, pictures: Sequence[Image.Image]) -> Tensor:
        """(pictures, rows, columns, width): the vision tower's last layer, patch by patch. The patches form a square."""
        parts = []
        for start in range(0, len(pictures), PICTURE_BATCH):
            with self._computing:
                inputs = self._pixels(pictures[start : start + PICTURE_BATCH])
                hidden = self._model.vision_model(**inputs).last_hidden_state.float().cpu()
            parts.append(square_of(hidden))
        return torch.cat(parts)

    @torch.inference_mode()
    def tower_pictures(self, pictures: Sequence[Image.Image]) -> Tensor:
        """(pictures, width): what the vision tower pools, before its projection."""
        parts = []
        for start in range(0, len(pictures), PICTURE_BATCH):
            with self._computing:
                found = self._model.vision_model(**self._pixels(pictures[start : start + PICTURE_BATCH]))
            parts.append(pooled(found).float().cpu())
        return torch.cat(parts)

    @torch.inference_mode()
    def tower_texts(self, texts: Sequence[str]) -> Tensor:
        """(texts, width): what the text tower pools, before its projection."""
        parts = []
        for start in range(0, len(texts), TEXT_BATCH):
            with self._computing:
                found = self._model.text_model(**self._tokens(list(texts[start : start + TEXT_BATCH])))
            parts.append(pooled(found).float().cpu())
        return torch.cat(parts)

    @torch.inference_mode()
    def picture_layer(self, pictures: Sequence[Image.Image], layer: int) -> Tensor:
        """(pictures, tokens, width): a layer of the vision tower; 0 is what enters the first, -1 what leaves the last."""
        with self._computing:
            found = self._model.vision_model(**self._pixels(pictures), output_hidden_states=True)
        hidden: Tensor = found.hidden_states[layer].float().cpu()
        return hidden

    @torch.inference_mode()
    def token_features(self, text: str) -> Tensor:
        """(tokens, width): the text tower's last layer. A text too long for the model is cut."""
        tokens = self._tokens([text])
        with self._computing:
            hidden: Tensor = self._model.text_model(**tokens).last_hidden_state[0].float().cpu()
        return hidden

    def _pixels(self, pictures: Sequence[Image.Image]) -> dict[str, Tensor]:
        inputs = self._processor.image_processor(list(pictures), return_tensors="pt")
        return {k: self._moved(v) for k, v in inputs.items()}

    def _tokens(self, texts: list[str]) -> dict[str, Tensor]:
        tokenizer: Any = self._processor.tokenizer
        if "siglip" in self.model_type:
            padding: dict[str, Any] = {"padding": "max_length", "max_length": self._longest_text}
        else:
            padding = {"padding": True, "max_length": self._longest_text}
        tokens = tokenizer(texts, truncation=True, return_tensors="pt", **padding)
        return {k: v.to(self._device) for k, v in tokens.items()}

    @property
    def _longest_text(self) -> int:
        if "siglip" in self.model_type:
            return SIGLIP_TEXT_LENGTH
        return int(min(self._processor.tokenizer.model_max_length, self._model.config.text_config.max_position_embeddings))

    def _moved(self, values: Tensor) -> Tensor:
        return values.to(self._device, self._model.dtype if values.is_floating_point() else None)


def square_of(hidden: Tensor) -> Tensor:
    """A vision transformer's tokens, (pictures, tokens, width), as (pictures, rows, columns, width), less a class token."""
    side = int(hidden.shape[1] ** 0.5)
    return hidden[:, hidden.shape[1] - side * side :].reshape(len(hidden), side, side, -1)


def _unit(vectors: Tensor) -> Tensor:
    return F.normalize(vectors.float(), dim=-1).cpu()
