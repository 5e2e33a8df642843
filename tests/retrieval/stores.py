"""Both stores, as the contract suite and others meet them."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from crossmodal.retrieval.qdrant_store import QdrantStore
from crossmodal.retrieval.sqlite_store import SqliteStore
from crossmodal.retrieval.store import Entry, Stamp, Store

DIM = 8
STAMP = Stamp("some/checkpoint", "abc", "def", DIM)
KINDS = ("sqlite", "qdrant", "qdrant server")


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Store]:
    if kind == "sqlite":
        store: Store = SqliteStore(folder)
    elif kind == "qdrant":
        pytest.importorskip("qdrant_client")
        store = QdrantStore(":memory:")
    else:
        if not os.environ.get("QDRANT_URL"):
            pytest.skip("QDRANT_URL is not set")
        store = QdrantStore(os.environ["QDRANT_URL"])
    yield store
    store.close()


def some_name() -> str:
    """Not another test's: a server is shared."""
    return f"gallery {uuid.uuid4().hex[:8]}"


def unit(count: int, dim: int = DIM, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(count, dim, generator=torch.Generator().manual_seed(seed)), dim=-1)


def entries(count: int, captions: int = 1, first: int = 0) -> list[Entry]:
    """Pictures and their captions, each with a vector of its own."""
    found = []
    for i in range(first, first + count):
        name = f"{'ab'[i % 2]}/in/{i}.png" if i % 3 else f"{i}.png"
        said = tuple(f"Caption {j} of picture {i}" for j in range(captions))
        date = f"20{i % 30:02}-01-{1 + i % 28:02}" if i % 4 else ""
        mine = Entry(f"p{i}", f"p{i}", "picture", name, "\n".join(said), date, f"hash{i}", i, i * 10, unit(1, seed=i)[0])
        found.append(mine)
        for j, text in enumerate(said):
            vector = unit(1, seed=10_000 + 10 * i + j)[0]
            found.append(Entry(f"p{i}-{j}", f"p{i}", "caption", name, text, date, f"hash{i}", i, i * 10, vector))
    return found
