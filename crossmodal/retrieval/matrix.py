"""Exact search: a matrix product over normalised vectors that are kept in memory."""

import torch
from torch import Tensor

BLOCK = 65_536
"""Rows of one block. The last block is grown into; memory that no row has been written to is not taken."""


class VectorMatrix:
    """Rows of unit vectors with a number each, in the order they were added. Grows without moving what it holds."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._blocks: list[Tensor] = []
        self._numbers: list[Tensor] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def bytes(self) -> int:
        return self._count * (4 * self._dim + 8)

    def add(self, numbers: Tensor, vectors: Tensor) -> None:
        """numbers: (rows,) int64; vectors: (rows, dim), L2-normalised."""
        begin = 0
        while begin < len(vectors):
            place = self._count % BLOCK
            if place == 0:
                self._blocks.append(torch.empty(BLOCK, self._dim))
                self._numbers.append(torch.empty(BLOCK, dtype=torch.long))
            end = min(len(vectors), begin + BLOCK - place)
            rows = slice(place, place + end - begin)
            self._blocks[-1][rows] = vectors[begin:end]
            self._numbers[-1][rows] = numbers[begin:end]
            self._count += end - begin
            begin = end

    def view(self, last: int) -> "VectorMatrix":
        """The rows with numbers up to `last`, for numbers that only rise; what is added later does not show in it."""
        seen = VectorMatrix(self._dim)
        seen._blocks, seen._numbers, seen._count = self._blocks[:], self._numbers[:], self._count
        while seen._count:
            start = (seen._count - 1) // BLOCK * BLOCK
            filled = seen._numbers[start // BLOCK][: seen._count - start]
            seen._count = start + int(torch.searchsorted(filled, last, right=True))
            if seen._count > start:
                break
        kept = -(-seen._count // BLOCK)
        seen._blocks, seen._numbers = seen._blocks[:kept], seen._numbers[:kept]
        return seen

    def search(self, queries: Tensor, k: int, allowed: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Scores and numbers of the best rows, best first: (queries, at most k) each.

        queries: (queries, dim); allowed: numbers that may be found, all where None.
        """
        scores, numbers = [torch.empty(len(queries), 0)], [torch.empty(len(queries), 0, dtype=torch.long)]
        for i, (block, of_block) in enumerate(zip(self._blocks, self._numbers, strict=True)):
            filled = min(BLOCK, self._count - i * BLOCK)
            block, of_block = block[:filled], of_block[:filled]
            if allowed is not None:
                kept = torch.isin(of_block, allowed)
                block, of_block = block[kept], of_block[kept]
            found = _product(block, queries)
            best = found.topk(min(k, len(block)), dim=1)
            scores.append(best.values)
            numbers.append(of_block[best.indices])
        every, every_number = torch.cat(scores, 1), torch.cat(numbers, 1)
        best = every.topk(min(k, every.shape[1]), dim=1)
        return best.values, every_number.gather(1, best.indices)


def _product(block: Tensor, queries: Tensor) -> Tensor:
    """(queries, rows). A single query by numpy: its BLAS uses all cores for a matrix and a vector, where torch uses one."""
    if len(queries) > 1:
        return queries @ block.T
    return torch.from_numpy(block.numpy() @ queries[0].numpy())[None]
