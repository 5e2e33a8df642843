"""Search and indexing against their plain alternatives, interleaved in one run.

    python -m tests.benchmarks.retrieval search --sizes 10000 100000 1000000
    python -m tests.benchmarks.retrieval index

search: p50 and p95 of `SqliteStore.search` against numpy's bare matrix product with top-k over the same vectors; memory a
vector; growth with size. index: pictures/s from JPEG files to committed rows against the model's forward pass alone, on
tensors that are decoded already. The model is a CLIP ViT-B/32 with random weights.
"""

import argparse
import random
import tempfile
import time
from pathlib import Path
from threading import Event

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from crossmodal.embedding.embedder import Embedder
from crossmodal.models.catalog import find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.retrieval.folder import scan
from crossmodal.retrieval.indexing import BATCH, update
from crossmodal.retrieval.sqlite_store import SqliteStore
from crossmodal.retrieval.store import Entry, Stamp
from crossmodal.settings import Settings

DIM, K = 512, 20
AT_ONCE = 8_192
QUERIES = {10_000: 300, 100_000: 100, 1_000_000: 40}
PICTURES, SIDE = 256, (640, 480)


def _vectors(count: int, seed: int) -> Tensor:
    return torch.nn.functional.normalize(torch.randn(count, DIM, generator=torch.Generator().manual_seed(seed)), dim=-1)


def _filled(store: SqliteStore, count: int) -> None:
    store.create("bench", "/", Stamp("random", "", "", DIM))
    for start in range(0, count, AT_ONCE):
        part = _vectors(min(AT_ONCE, count - start), start)
        names = [f"{start + i}.jpg" for i in range(len(part))]
        store.add("bench", [Entry(n, n, "picture", n, "", vector=v) for n, v in zip(names, part, strict=True)])


def _plain(matrix: np.ndarray, query: np.ndarray) -> list[int]:  # type: ignore[type-arg]
    scores = matrix @ query
    best = np.argpartition(scores, -K)[-K:]
    return best[np.argsort(scores[best])[::-1]].tolist()  # type: ignore[no-any-return]


def _resident() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return 1024 * int(line.split()[1])
    return 0


def _search(sizes: list[int], folder: Path) -> None:
    print(f"k = {K}, {DIM} dimensions, {torch.get_num_threads()} threads")
    medians = {}
    for size in sizes:
        store = SqliteStore(folder / str(size))
        _filled(store, size)
        before = _resident()
        store.search("bench", _vectors(1, 1), K)
        memory = (_resident() - before) / size
        matrix = torch.cat([_vectors(min(AT_ONCE, size - s), s) for s in range(0, size, AT_ONCE)]).numpy()
        ours, plain = [], []
        for i in range(QUERIES.get(size, 50)):
            query = _vectors(1, 10_000_000 + i)
            began = time.perf_counter()
            found = store.search("bench", query, K)[0]
            middle = time.perf_counter()
            best = _plain(matrix, query[0].numpy())
            plain.append(time.perf_counter() - middle)
            ours.append(middle - began)
            assert [f.entry.name for f in found] == [f"{n}.jpg" for n in best], "not the same hits"
        cells = []
        for share in (50, 95):
            a, b = np.percentile(ours, share) * 1e3, np.percentile(plain, share) * 1e3
            cells.append(f"p{share} {a:.2f} ms against {b:.2f} ms: ratio {a / b:.2f}")
        medians[size] = float(np.median(ours))
        print(f"{size:,} vectors: {'; '.join(cells)}; {memory:.0f} bytes a vector in memory (4 x {DIM} = {4 * DIM})")
        store.close()
    first, last = sizes[0], sizes[-1]
    growth = medians[last] / medians[first]
    print(f"growth from {first:,} to {last:,}: {last / first:.0f} times the vectors, {growth:.0f} times p50")


def _checkpoint(folder: Path) -> Path:
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

    from crossmodal.training.clip import caption_corpus
    from crossmodal.training.tokens import train_tokenizer

    torch.manual_seed(0)
    tokenizer = train_tokenizer(caption_corpus(50), 512, lowercase=True)
    CLIPModel(CLIPConfig(text_config={"vocab_size": 49408})).save_pretrained(folder)
    CLIPProcessor(CLIPImageProcessorPil(), tokenizer).save_pretrained(folder)
    return folder


def _draw(folder: Path) -> None:
    folder.mkdir()
    rng = random.Random(0)
    for i in range(PICTURES):
        small = Image.effect_noise((40, 30), rng.uniform(10, 90)).convert("RGB")
        small.resize(SIDE, Image.Resampling.BICUBIC).save(folder / f"{i:04}.jpg", quality=90)


def _index(rounds: int, folder: Path) -> None:
    model, pictures = _checkpoint(folder / "model"), folder / "pictures"
    _draw(pictures)
    files = scan(pictures)[0]
    with ModelManager(Settings(offline=True)).use(find_spec(str(model), "embedding"), "fp32") as loaded:
        embedder = Embedder(loaded)
        opened = [Image.open(file.path).convert("RGB") for file in files]
        tensors = [embedder.prepared(picture) for picture in opened]
        embedder.prepared_pictures(tensors[:BATCH])
        ratios = []
        for number in range(rounds):
            store = SqliteStore(folder / f"galleries {number}")
            store.create("bench", str(pictures), Stamp("random", "", "", embedder.dim))
            began = time.perf_counter()
            for _ in update(store, "bench", files, embedder, Event()):
                pass
            middle = time.perf_counter()
            for start in range(0, len(tensors), BATCH):
                embedder.prepared_pictures(tensors[start : start + BATCH])
            ended = time.perf_counter()
            assert store.info("bench").pictures == PICTURES
            ours, bare = PICTURES / (middle - began), PICTURES / (ended - middle)
            ratios.append(ours / bare)
            print(f"round {number + 1}: {ours:.1f} pictures/s end to end, {bare:.1f} in the bare forward: {ours / bare:.2f}")
            store.close()
    print(f"median ratio {np.median(ratios):.2f}, {torch.get_num_threads()} threads")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("search", "index"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.what == "search":
            _search(options.sizes, Path(folder))
        else:
            _index(options.rounds, Path(folder))


if __name__ == "__main__":
    main()
