"""What transformers' encoders have in common, whatever their family."""

from typing import Any

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
