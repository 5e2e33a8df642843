"""What transformers' encoders have in common, whatever their family."""

from typing import Any, Self

from torch import Tensor, nn


def encoder_width(encoder: nn.Module) -> int:
    """Of the features that it gives."""
    config: Any = encoder.config
    sizes = getattr(config, "hidden_sizes", None)
    return int(sizes[-1] if sizes else config.hidden_size)


def pooled(found: Any, mask: Tensor | None = None) -> Tensor:
    """(batch, width) of an encoder's output: what it pools itself, or the mean of its tokens.

    mask: (batch, tokens), true where there is a token; None where all are.
    """
    own: Tensor | None = getattr(found, "pooler_output", None)
    if own is not None:
        return own.flatten(1)
    hidden: Tensor = found.last_hidden_state
    if mask is None:
        return hidden.mean(1)
    weights = mask[..., None].to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


class TwoEncoders(nn.Module):
    """A vision encoder and a text encoder, frozen or learning."""

    def __init__(self, vision: nn.Module, text: nn.Module, freeze: bool) -> None:
        """freeze: whether the encoders stay as they are."""
        super().__init__()
        self.vision, self.text, self.frozen = vision, text, freeze
        if freeze:
            self.vision.requires_grad_(False)
            self.text.requires_grad_(False)

    def train(self, mode: bool = True) -> Self:
        """As ever, but what is frozen stays out of it: or its batch norms would go on learning, and its dropout forget."""
        super().train(mode)
        if self.frozen:
            self.vision.eval()
            self.text.eval()
        return self
