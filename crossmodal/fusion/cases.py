"""What strategies are trained and tested on: pictures and texts as tokens, and cases that pair one of each with a label."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Tokens:
    """One modality of a batch."""

    values: Tensor
    """(batch, tokens, width)."""
    mask: Tensor
    """(batch, tokens), true where there is a token; every row has one."""

    @classmethod
    def full(cls, values: Tensor) -> "Tokens":
        """Rows that are all as long as each other."""
        return cls(values, torch.ones(values.shape[:2], dtype=torch.bool))

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: Tensor) -> "Tokens":
        return Tokens(self.values[rows], self.mask[rows])

    @property
    def width(self) -> int:
        return self.values.shape[-1]

    @property
    def length(self) -> int:
        return self.values.shape[1]

    def absent(self, rows: Tensor | None = None) -> "Tokens":
        """The same with nothing in it: in the rows where `rows` is true, in all where it is not given."""
        if rows is None:
            return Tokens(torch.zeros_like(self.values), self.mask)
        return Tokens(self.values.masked_fill(rows[:, None, None], 0.0), self.mask)

    def noisy(self, spread: float, generator: torch.Generator) -> "Tokens":
        """With Gaussian noise, `spread` times as wide as the values themselves."""
        noise = torch.randn(self.values.shape, generator=generator) * self.values[self.mask].std() * spread
        return Tokens(self.values + noise * self.mask[..., None], self.mask)


def stacked(rows: Sequence[Tensor], length: int = 0) -> Tokens:
    """Rows of (tokens, width) as one batch, padded on the right to the longest, or cut or padded to `length`."""
    length = length or max(len(row) for row in rows)
    values = torch.zeros(len(rows), length, rows[0].shape[-1])
    mask = torch.zeros(len(rows), length, dtype=torch.bool)
    for i, row in enumerate(rows):
        kept = row[:length]
        values[i, : len(kept)], mask[i, : len(kept)] = kept, True
    return Tokens(values, mask)


@dataclass(frozen=True)
class Cases:
    """Many cases over few pictures and texts, which are kept once."""

    pictures: Tokens
    texts: Tokens
    picture: Tensor
    """(cases,): which row of `pictures`."""
    text: Tensor
    """(cases,): which row of `texts`."""
    labels: Tensor
    """(cases,): which class."""

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, rows: Tensor) -> tuple[Tokens, Tokens, Tensor]:
        return self.pictures[self.picture[rows]], self.texts[self.text[rows]], self.labels[rows]

    @property
    def whole(self) -> tuple[Tokens, Tokens, Tensor]:
        return self.batch(torch.arange(len(self)))


@dataclass(frozen=True)
class Split:
    """Cases to learn from, and others that nothing is chosen by. They share no picture."""

    train: Cases
    test: Cases
