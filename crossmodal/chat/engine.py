"""Answers questions about pictures, as a stream, and keeps what the next turn can use again."""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from crossmodal.caches import BoundedCache
from crossmodal.chat.answer import Decoding, Piece
from crossmodal.chat.conversation import Conversation
from crossmodal.chat.generation import Generation, as_user_error
from crossmodal.chat.memory import Prefix, cache_bytes
from crossmodal.chat.prompt import encode
from crossmodal.errors import MemoryShortError, UserError
from crossmodal.models.catalog import ModelSpec
from crossmodal.models.loading import LoadedModel
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)


class ChatEngine:
    """One for the app. `session` names a conversation whose prefix is kept between turns."""

    def __init__(self, manager: ModelManager, settings: Settings) -> None:
        self._manager = manager
        self._features: BoundedCache[Any] = BoundedCache(settings.feature_cache_mb * 1_000_000)
        self._prefixes: BoundedCache[Prefix] = BoundedCache(settings.prefix_cache_mb * 1_000_000)
        manager.on_unload(lambda loaded: self._forget_all())

    def stream(
        self,
        conversation: Conversation,
        spec: ModelSpec,
        precision: str = "auto",
        decoding: Decoding | None = None,
        session: str | None = None,
        stop: threading.Event | None = None,
    ) -> Iterator[Piece]:
        """The answer to the last question, growing. Setting `stop`, or closing the iterator, ends it within a token.

        Raises UserError where the question cannot be put to this model.
        """
        stop, short = stop or threading.Event(), None
        with self._manager.use(spec, precision) as loaded, loaded.computing:
            try:
                yield from self._answer(loaded, conversation, decoding or Decoding(), session, stop)
            except MemoryShortError as error:
                short = error
        if short is not None:
            del loaded
            self._forget_all()
            self._manager.unload_idle()  # this one too: it is used no longer
            raise short.with_traceback(None) from None  # whose frames would hold what is to go

    def answer(self, conversation: Conversation, spec: ModelSpec, **options: Any) -> str:
        """The whole answer at once."""
        text = ""
        for piece in self.stream(conversation, spec, **options):
            text = piece.text
        return text

    def bytes_of(self, spec: ModelSpec, precision: str) -> int:
        """What its weights take in memory; 0 where it is not there."""
        return sum(s.bytes for s in self._manager.status() if s.spec.id == spec.id and s.precision == precision)

    def forget(self, session: str) -> None:
        """Drop what was kept for a session."""
        self._prefixes.take(session)

    def _forget_all(self) -> None:
        self._features.clear()
        self._prefixes.clear()

    def _answer(
        self,
        loaded: LoadedModel,
        conversation: Conversation,
        decoding: Decoding,
        session: str | None,
        stop: threading.Event,
    ) -> Iterator[Piece]:
        began = time.perf_counter()
        prompt = self._prompt(loaded, conversation)
        prefix = self._kept_prefix(loaded, prompt, session)
        try:
            inputs = self._inputs(loaded, prompt, prefix)
        except Exception as error:  # the vision tower runs here, and can fail as the rest can
            raise as_user_error(error) from error
        run = Generation(loaded, inputs, decoding, stop)
        try:
            for text in run.texts():
                yield Piece(text)
        finally:
            run.finish()
        if run.error is not None:
            raise as_user_error(run.error) from run.error
        reused = prefix.cache_length if prefix else 0
        yield Piece(run.text, run.cost(len(prompt.ids), prompt.picture_tokens, reused, began), stop.is_set())
        self._keep(loaded, prompt, run, session)

    def _prompt(self, loaded: LoadedModel, conversation: Conversation) -> "_Prompt":
        if getattr(loaded.processor, "chat_template", None) is None:
            raise UserError(
                f"{loaded.spec.title} has no chat template: it was not made for conversations. Choose another checkpoint.",
                f"{loaded.spec.title} 没有聊天模板，不是用来对话的。请换一个检查点。",
            )
        try:
            encoded = encode(loaded.processor, conversation)
        except (ValueError, TypeError, KeyError, IndexError, NotImplementedError, TemplateError) as error:
            log.exception("the chat template of %s failed", loaded.spec.id)
            pictures = len(conversation.pictures)
            if pictures > 1:
                raise UserError(
                    f"{loaded.spec.title} cannot take the {pictures} pictures of this conversation. "
                    "Clear it, and ask about one.",
                    f"{loaded.spec.title} 无法接受这段对话里的 {pictures} 张图片。请清空，只问一张。",
                ) from error
            raise UserError(
                f"{loaded.spec.title} cannot take this conversation: its chat template refuses it. Clear it and ask again.",
                f"{loaded.spec.title} 无法接受这段对话（聊天模板拒绝了它）。请清空后再问。",
            ) from error
        ids = encoded["input_ids"][0]
        limit = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)
        if limit and len(ids) >= limit:
            raise UserError(
                f"The conversation has {len(ids)} tokens and {loaded.spec.title} reads at most {limit}. "
                "Clear it, or ask with fewer pictures.",
                f"对话有 {len(ids)} 个词元，{loaded.spec.title} 最多读 {limit} 个。请清空，或减少图片。",
            )
        picture_token = getattr(loaded.model.config, "image_token_id", None)
        return _Prompt(dict(encoded), ids, tuple(p.hash for p in conversation.pictures), _count(ids, picture_token))

    def _kept_prefix(self, loaded: LoadedModel, prompt: "_Prompt", session: str | None) -> "_UsablePrefix | None":
        kept = self._prefixes.take(session) if session else None
        if kept is None or kept.model != (loaded.spec.id, loaded.precision):
            return None
        if len(kept.pictures) != len(prompt.pictures) and not prompt.one_tensor_a_picture:
            return None  # this family's inputs cannot be split by picture
        if "cross_attention_mask" in prompt.encoded:
            return None  # pictures lie in layers of their own in the cache, which a cut would go through
        common = min(kept.common_length(prompt.ids, prompt.pictures), len(prompt.ids) - 1)
        surplus = kept.cache.get_seq_length() - common
        if common <= 0 or surplus < 0 or (surplus > 0 and not getattr(kept.cache, "is_croppable", True)):
            return None
        picture_token = getattr(loaded.model.config, "image_token_id", None)
        if _count(kept.ids[:common], picture_token) != _count(kept.ids, picture_token):
            return None  # the cut would go through the pictures
        if surplus:
            try:
                kept.cache.crop(-surplus)
            except RuntimeError:  # a sliding window has dropped what would have to come back
                return None
        return _UsablePrefix(kept.cache, common, len(kept.pictures))

    def _inputs(self, loaded: LoadedModel, prompt: "_Prompt", prefix: "_UsablePrefix | None") -> dict[str, Any]:
        inputs = {k: v.to(loaded.device) if hasattr(v, "to") else v for k, v in prompt.encoded.items()}
        known = prefix.pictures if prefix else 0
        if prefix:
            inputs["past_key_values"] = prefix.cache
        if prompt.one_tensor_a_picture:
            pixels = inputs.pop("pixel_values")
            if known < len(prompt.pictures):
                inputs["mm_encoder_outputs"] = {"image": self._encoded(loaded, prompt.pictures, pixels, known)}
        elif known:
            for key in [k for k in inputs if k.startswith(("pixel_values", "image_sizes", "pixel_attention_mask"))]:
                del inputs[key]
        return inputs

    def _encoded(self, loaded: LoadedModel, hashes: tuple[str, ...], pixels: "Tensor", first: int) -> Any:
        """Image features for the pictures from `first` on, each encoded once in its life."""
        import torch
        from transformers.modeling_outputs import BaseModelOutputWithPooling

        features: list[Any] = []
        for picture_hash, tensor in list(zip(hashes, pixels, strict=True))[first:]:
            key = (loaded.spec.id, loaded.precision, picture_hash)
            feature = self._features.get(key)
            if feature is None:
                feature = self._encode_picture(loaded, tensor)
                self._features.put(key, feature, feature.numel() * feature.element_size())
            features.append(feature)
        # As the family's own tower gives them: one tensor a picture, or one for all.
        each: Any = torch.cat(features) if features[0].ndim == 3 else tuple(features)
        return BaseModelOutputWithPooling(pooler_output=each)

    def _encode_picture(self, loaded: LoadedModel, pixels: "Tensor") -> "Tensor":
        """(3, height, width) -> (picture tokens, width of the language model), for some families with a batch of one before."""
        import torch

        with torch.inference_mode(False), torch.no_grad():
            pixels = pixels[None].to(dtype=loaded.model.dtype)
            output = loaded.model.get_image_features(pixel_values=pixels, return_dict=True).pooler_output
        return output if isinstance(output, torch.Tensor) else torch.cat(tuple(output))

    def _keep(self, loaded: LoadedModel, prompt: "_Prompt", run: "Generation", session: str | None) -> None:
        if session is None or run.cache is None or run.sequence is None:
            return
        length = run.cache.get_seq_length()
        kept = Prefix(run.sequence[:length].cpu(), prompt.pictures, run.cache, (loaded.spec.id, loaded.precision))
        self._prefixes.put(session, kept, cache_bytes(run.cache))


@dataclass(frozen=True)
class _Prompt:
    encoded: dict[str, Any]
    ids: "Tensor"
    pictures: tuple[str, ...]
    picture_tokens: int

    @property
    def one_tensor_a_picture(self) -> bool:
        """LLaVA 1.5 and its kin: (pictures, 3, height, width) and nothing else that belongs to pictures."""
        pixels = self.encoded.get("pixel_values")
        plain = set(self.encoded) <= {"input_ids", "attention_mask", "pixel_values"}
        return pixels is not None and plain and pixels.ndim == 4 and len(pixels) == len(self.pictures)


@dataclass(frozen=True)
class _UsablePrefix:
    cache: Any
    cache_length: int
    pictures: int


def _count(ids: "Tensor", token: int | None) -> int:
    return ids.tolist().count(token)
