"""The joint-embedding classifier of classic VQA: any vision encoder and any text encoder of transformers, and a fusion.

`JointEmbeddingClassifier(AutoModel.from_pretrained("microsoft/resnet-50"),
AutoModel.from_pretrained("google-bert/bert-base-uncased"), answers)` is the ResNet + BERT + answer classifier (Antol et al.
2015, with today's encoders). On the bundled towers it is the app's task `vqa`, whose trained strategy can be passed in.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.embedding.embedder import square_of
from crossmodal.embedding.encoders import TwoEncoders, encoder_width
from crossmodal.fusion.cases import Tokens
from crossmodal.fusion.catalogue import Shape, make
from crossmodal.fusion.features import GRID, grid_tokens
from crossmodal.fusion.strategy import Strategy

WORDS = 24


class JointEmbeddingClassifier(TwoEncoders):
    """Two encoders, which may be frozen, and a strategy over their tokens; an answer of a fixed list comes out."""

    def __init__(
        self,
        vision: nn.Module,
        text: nn.Module,
        answers: Sequence[str],
        strategy: Strategy | None = None,
        words: int = WORDS,
        freeze: bool = True,
    ) -> None:
        """strategy: by default a new concat-MLP of the encoders' widths. words: text tokens at most."""
        super().__init__(vision, text, freeze)
        self.answers, self.words = tuple(answers), words
        shape = Shape((GRID * GRID, encoder_width(vision)), (words, encoder_width(text)), len(self.answers))
        self.strategy = strategy or make("concat_mlp", shape)

    def forward(self, pixel_values: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(batch, answers) logits, also for a batch of one."""
        read: Any = self.text(input_ids=input_ids, attention_mask=attention_mask)
        values, mask = read.last_hidden_state[:, : self.words], attention_mask[:, : self.words].bool()
        missing = self.words - values.shape[1]
        text = Tokens(F.pad(values, (0, 0, 0, missing)) * F.pad(mask, (0, missing))[..., None], F.pad(mask, (0, missing)))
        logits: Tensor = self.strategy(self._seen(pixel_values), text)
        return logits

    @torch.inference_mode()
    def answer(self, pixel_values: Tensor, input_ids: Tensor, attention_mask: Tensor) -> list[tuple[str, float]]:
        """For each of the batch its answer and probability."""
        probabilities, best = self(pixel_values, input_ids, attention_mask).softmax(-1).max(-1)
        return [(self.answers[i], p) for i, p in zip(best.tolist(), probabilities.tolist(), strict=True)]

    def _seen(self, pixel_values: Tensor) -> Tokens:
        seen: Any = self.vision(pixel_values=pixel_values)
        hidden: Tensor = seen.last_hidden_state
        if hidden.ndim == 3:  # a transformer's tokens; a ResNet gives a map
            hidden = square_of(hidden).permute(0, 3, 1, 2)
        return Tokens.full(grid_tokens(hidden))
