"""One process indexes while four search. `CROSSMODAL_LOAD_SECONDS=60` for the full minute."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
SECONDS = float(os.environ.get("CROSSMODAL_LOAD_SECONDS", "6"))
COMMON = """
import sys, time, threading
from pathlib import Path
from PIL import Image
from crossmodal.models.catalog import find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.retrieval.engine import SearchEngine
from crossmodal.retrieval.query import Term
from crossmodal.settings import Settings
data, model, until, seed = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
manager = ModelManager(Settings(offline=True, threads=1))
engine = SearchEngine(manager, find_spec(model, "embedding"), "fp32", data)
"""
INDEXER = (
    COMMON
    + """
sent = sorted((data / "sent").iterdir())
rounds = 0
while time.time() < until:
    part = sent[rounds * 40 % len(sent):][:40]
    engine.bring_in("mine", ((p, f"{rounds}/{p.name}") for p in part))
    for _ in engine.index("mine", threading.Event()): pass
    if rounds % 4 == 3:
        for entry in engine.store.entries("mine")[100:110]: engine.remove("mine", entry.id)
    rounds += 1
print(rounds, engine.info("mine").pictures)
"""
)
SEARCHER = (
    COMMON
    + """
known = sorted((data / "known").iterdir())
searches = wrong = 0
while time.time() < until:
    path = known[(seed + searches) % len(known)]
    hits = engine.search("mine", (Term(image=Image.open(path).convert("RGB")),), 5).hits
    if not hits or hits[0].entry.name != path.name or hits[0].score < 0.999: wrong += 1
    searches += 1
print(searches, wrong)
"""
)


def draw(folder: Path, count: int, seed: int) -> list[Path]:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    paths = [folder / f"{seed}-{i:03}.png" for i in range(count)]
    for path in paths:
        pixels = rng.integers(0, 255, (5, 5, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((32, 32), Image.Resampling.NEAREST).save(path)
    return paths


@pytest.mark.timeout(SECONDS + 300)
def test_one_process_indexes_while_four_search_without_an_error_or_a_wrong_hit(
    tmp_path: Path, dual_encoder: Callable[[str], Path]
) -> None:
    from threading import Event

    from crossmodal.models.catalog import find_spec
    from crossmodal.models.manager import ModelManager
    from crossmodal.retrieval.engine import SearchEngine
    from crossmodal.settings import Settings

    model = dual_encoder("clip")
    known = draw(tmp_path / "known", 30, 1)
    draw(tmp_path / "sent", 200, 2)
    engine = SearchEngine(ModelManager(Settings(offline=True)), find_spec(str(model), "embedding"), "fp32", tmp_path)
    engine.create("mine")
    engine.bring_in("mine", ((p, p.name) for p in known))
    for _ in engine.index("mine", Event()):
        pass
    engine.close()
    until = time.time() + 20 + SECONDS  # what it takes five processes to import torch on two cores
    programs = [INDEXER, *[SEARCHER] * 4]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(model), str(until), str(7 * i)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i, program in enumerate(programs)
    ]
    said = [process.communicate() for process in processes]
    assert [p.returncode for p in processes] == [0] * 5, [error for _, error in said]
    rounds, pictures = map(int, said[0][0].split())
    print(f"{rounds} rounds of indexing, {pictures} pictures; searches and wrong hits: {[out.split() for out, _ in said[1:]]}")
    assert rounds >= 1
    for out, _ in said[1:]:
        searches, wrong = map(int, out.split())
        assert searches > 0
        assert wrong == 0
