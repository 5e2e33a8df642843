"""One `generate` in a thread of its own, read as a stream and stopped within a token."""

import logging
import threading
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from crossmodal.chat.answer import Cost, Decoding
from crossmodal.errors import MemoryShortError, UserError
from crossmodal.models.loading import LoadedModel

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)


class Generation:
    """One `generate` in a thread of its own, read from this one."""

    def __init__(self, loaded: LoadedModel, inputs: dict[str, Any], decoding: Decoding, stop: threading.Event) -> None:
        self._loaded, self._inputs, self._decoding, self._stop = loaded, inputs, decoding, stop
        self._tokens: SimpleQueue[int | None] = SimpleQueue()
        self._times: list[float] = []
        self._prompt_length = inputs["input_ids"].shape[1]
        self.text = ""
        self.error: BaseException | None = None
        self.sequence: Tensor | None = None
        self.cache: Any = None
        self._thread = threading.Thread(target=self._run, name="generate", daemon=True)
        self._thread.start()

    def texts(self) -> Iterator[str]:
        """The decoded answer, each time it has grown."""
        tokens: list[int] = []
        ended = False
        while not ended:
            batch = [self._tokens.get()]
            while True:
                try:
                    batch.append(self._tokens.get_nowait())
                except Empty:
                    break
            ended = None in batch
            tokens += [t for t in batch if t is not None]
            text = self._loaded.processor.tokenizer.decode(tokens, skip_special_tokens=True).strip()
            if not ended:
                text = text.rstrip("\ufffd")  # half a character so far
            if text != self.text:
                self.text = text
                yield text

    def finish(self) -> None:
        """Stop the model, and wait until it has."""
        if self._thread.is_alive() and not self._stop.is_set() and self.sequence is None:
            self._stop.set()
        self._thread.join()

    def cost(self, prompt_tokens: int, picture_tokens: int, reused: int, began: float) -> Cost:
        n = len(self._times)
        span = self._times[-1] - self._times[0] if n > 1 else 0.0
        first = self._times[0] - began if n else 0.0
        return Cost(prompt_tokens, picture_tokens, reused, n, first, (n - 1) / span if span else 0.0)

    def _run(self) -> None:
        import torch
        from transformers import DynamicCache, StoppingCriteriaList

        try:
            self._inputs.setdefault("past_key_values", DynamicCache(config=self._loaded.model.config))
            self._forget_positions()
            with torch.no_grad():
                output = self._loaded.model.generate(
                    **self._inputs,
                    **self._sampling(),
                    max_new_tokens=self._decoding.max_new_tokens,
                    suppress_tokens=self._unspeakable(),
                    streamer=self,
                    stopping_criteria=StoppingCriteriaList([_Stopped(self._stop)]),
                    return_dict_in_generate=True,
                )
            self.cache = output.past_key_values
            self.sequence = output.sequences[0]
        except BaseException as error:
            self.error = error
        finally:
            self._tokens.put(None)

    def _forget_positions(self) -> None:
        """Qwen-VL and its kin keep on the model where the last run's pictures lay, which may be another conversation's."""
        base: Any = getattr(self._loaded.model, "model", None)
        if hasattr(base, "rope_deltas"):
            base.rope_deltas = None

    def _unspeakable(self) -> list[int] | None:
        """The placeholder of a picture, which an answer must not hold: what is kept of it could not be told apart."""
        token = getattr(self._loaded.model.config, "image_token_id", None)
        return None if token is None else [token]

    def _sampling(self) -> dict[str, Any]:
        if self._decoding.temperature == 0:
            return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        return {
            "do_sample": True,
            "temperature": float(self._decoding.temperature),  # sliders give whole numbers, which transformers refuses
            "top_p": float(self._decoding.top_p),
            "top_k": 0,
        }

    def put(self, value: "Tensor") -> None:
        """Called by `generate`: once with the prompt, then with each token."""
        if value.numel() == 1 and value.ndim == 1:
            self._times.append(time.perf_counter())
            self._tokens.put(int(value))

    def end(self) -> None:
        """Called by `generate` when it is done; `_run` says so itself, errors included."""


class _Stopped:
    """A stopping criterion that another thread can set off."""

    def __init__(self, event: threading.Event) -> None:
        self._event = event

    def __call__(self, input_ids: "Tensor", scores: "Tensor", **kwargs: Any) -> "Tensor":
        import torch

        return torch.full((input_ids.shape[0],), self._event.is_set(), device=input_ids.device)


def as_user_error(error: BaseException) -> UserError:
    if isinstance(error, UserError):
        return error
    log.error("generation failed", exc_info=error)
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return MemoryShortError(
            "The memory was not enough for this answer, and the model was unloaded. Choose nf4 or a smaller checkpoint in the "
            "models tab, or ask with fewer or smaller pictures.",
            "内存不足以完成回答，模型已卸载。请在模型页选择 nf4 或更小的检查点，或减少、缩小图片。",
        )
    return UserError(
        f"The model failed on this question ({type(error).__name__}). Ask again, or clear the conversation.",
        f"模型没能回答这个问题（{type(error).__name__}）。请再问一次，或清空对话。",
    )
