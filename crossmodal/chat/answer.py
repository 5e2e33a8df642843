"""What can be asked of an answer, and what one is made of."""

from dataclasses import dataclass

from crossmodal.errors import UserError


@dataclass(frozen=True)
class Decoding:
    """How the answer is chosen. Greedy at temperature 0."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 256

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 2:
            raise UserError(f"The temperature is {self.temperature}; it must lie between 0 and 2.", "温度须在 0 到 2 之间。")
        if not 0 < self.top_p <= 1:
            raise UserError(f"Top-p is {self.top_p}; it must be over 0 and at most 1.", "Top-p 须大于 0 且不超过 1。")
        if not 1 <= self.max_new_tokens <= 4096:
            raise UserError(
                f"The length is {self.max_new_tokens} tokens; it must lie between 1 and 4096.", "长度须在 1 到 4096 之间。"
            )


@dataclass(frozen=True)
class Cost:
    """What an answer took."""

    prompt_tokens: int
    picture_tokens: int
    """Those of the prompt that stand for pictures."""
    reused_tokens: int
    """Those of the prompt that the kept prefix spared."""
    new_tokens: int
    first_token_seconds: float
    tokens_per_second: float
    """After the first token; 0 where there was only one."""


@dataclass(frozen=True)
class Piece:
    """One step of the stream: the answer so far. The last one has the cost."""

    text: str
    cost: Cost | None = None
    stopped: bool = False
