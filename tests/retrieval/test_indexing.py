import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
import torch
from PIL import Image

from crossmodal.embedding.embedder import Embedder
from crossmodal.models.catalog import find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.retrieval import indexing as module
from crossmodal.retrieval.folder import scan
from crossmodal.retrieval.indexing import Progress, update
from crossmodal.retrieval.sqlite_store import SqliteStore
from crossmodal.retrieval.store import Stamp

ROOT = Path(__file__).parents[2]


class Indexed:
    """A folder of pictures, a gallery over it, and a tiny CLIP."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self.folder, self.embedder = folder / "pictures", embedder
        self.folder.mkdir()
        self.store = SqliteStore(folder / "galleries")
        self.store.create("mine", str(self.folder), Stamp("tiny", "", "", embedder.dim))

    def draw(self, *names: str, seed: int = 0) -> None:
        rng = random.Random(seed)
        for name in names:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.effect_noise((40, 30), rng.uniform(5, 90)).convert("RGB").save(path)

    def update(self, stop: Event | None = None) -> list[Progress]:
        return list(update(self.store, "mine", scan(self.folder)[0], self.embedder, stop or Event()))


@pytest.fixture
def indexed(tmp_path: Path, dual_encoder: Callable[[str], Path], manager: ModelManager) -> Iterator[Indexed]:
    with manager.use(find_spec(str(dual_encoder("clip")), "embedding"), "fp32") as loaded:
        yield Indexed(tmp_path, Embedder(loaded))


def test_every_picture_gets_the_vector_that_the_model_gives_it(indexed: Indexed) -> None:
    indexed.draw(*(f"{i:03}.png" for i in range(70)))
    steps = indexed.update()
    assert [s.done for s in steps] == [0, 32, 64, 70]
    assert steps[-1].total == 70
    assert steps[-1].seconds_left == 0
    entries = indexed.store.entries("mine")
    assert [e.name for e in entries] == [f"{i:03}.png" for i in range(70)]
    pictures = [Image.open(indexed.folder / e.name).convert("RGB") for e in entries]
    assert torch.allclose(
        indexed.store.vectors("mine", [e.id for e in entries]), indexed.embedder.pictures(pictures), atol=1e-4
    )


def test_captions_are_embedded_and_belong_to_their_picture(indexed: Indexed) -> None:
    indexed.draw("a.png", "b.png")
    (indexed.folder / "a.txt").write_text("a cat\na dog")
    indexed.update()
    captions = indexed.store.entries("mine", "caption")
    assert [(c.name, c.text) for c in captions] == [("a.png", "a cat"), ("a.png", "a dog")]
    vectors = indexed.store.vectors("mine", [c.id for c in captions])
    assert torch.allclose(vectors, indexed.embedder.texts(["a cat", "a dog"]), atol=1e-5)


def test_a_second_run_does_only_what_changed(indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    indexed.draw("a.png", "b.png", "c.png", "d.png")
    (indexed.folder / "d.txt").write_text("old")
    indexed.update()
    assert indexed.update()[-1].unchanged == 4
    indexed.draw("b.png", seed=5)
    (indexed.folder / "c.png").unlink()
    (indexed.folder / "d.txt").write_text("new")
    indexed.draw("e.png", seed=6)
    last = indexed.update()[-1]
    assert (last.done, last.unchanged, last.removed, last.reused) == (3, 1, 1, 1)
    assert {e.name for e in indexed.store.entries("mine")} == {"a.png", "b.png", "d.png", "e.png"}
    assert [c.text for c in indexed.store.entries("mine", "caption")] == ["new"]
    (b,) = [e for e in indexed.store.entries("mine") if e.name == "b.png"]
    seen = indexed.embedder.pictures([Image.open(indexed.folder / "b.png").convert("RGB")])
    assert torch.allclose(indexed.store.vectors("mine", [b.id]), seen, atol=1e-5)


def test_the_same_content_is_embedded_once_also_after_a_renaming(indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = []
    plain = Embedder.prepared_pictures
    monkeypatch.setattr(Embedder, "prepared_pictures", lambda self, given: embedded.append(len(given)) or plain(self, given))
    indexed.draw("a.png", "b.png")
    for copy in ("copy.png", "in/copy.png"):
        (indexed.folder / copy).parent.mkdir(exist_ok=True)
        (indexed.folder / copy).write_bytes((indexed.folder / "a.png").read_bytes())
    indexed.update()
    assert sum(embedded) == 2
    (indexed.folder / "copy.png").rename(indexed.folder / "renamed.png")
    last = indexed.update()[-1]
    assert (last.done, last.removed, last.reused) == (1, 1, 1)
    assert sum(embedded) == 2
    entries = indexed.store.entries("mine")
    assert len(entries) == 4
    by_name = dict(zip([e.name for e in entries], indexed.store.vectors("mine", [e.id for e in entries]), strict=True))
    assert torch.equal(by_name["renamed.png"], by_name["a.png"])


def test_files_that_change_places_change_vectors(indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has the content that the other had: neither may take the vector that the other's name has by now."""
    monkeypatch.setattr(module, "BATCH", 4)
    names = [f"{i:02}.png" for i in range(12)]
    indexed.draw(*names)
    indexed.update()
    first, last = indexed.folder / names[0], indexed.folder / names[-1]
    first.rename(indexed.folder / "between")
    last.rename(first)
    (indexed.folder / "between").rename(last)
    for name in names:
        os.utime(indexed.folder / name)
    assert indexed.update()[-1].reused == 12
    entries = indexed.store.entries("mine")
    pictures = [Image.open(indexed.folder / e.name).convert("RGB") for e in entries]
    found = indexed.store.vectors("mine", [e.id for e in entries])
    assert torch.allclose(found, indexed.embedder.pictures(pictures), atol=1e-4)


def test_the_only_copy_renamed_is_not_embedded_again(indexed: Indexed) -> None:
    indexed.draw("a.png")
    indexed.update()
    (indexed.folder / "a.png").rename(indexed.folder / "b.png")
    last = indexed.update()[-1]
    assert (last.done, last.removed, last.reused) == (1, 1, 1)


def test_what_cannot_be_read_is_named_and_the_rest_is_indexed(indexed: Indexed) -> None:
    indexed.draw("a.png", "c.png")
    (indexed.folder / "b.png").write_text("no picture")
    (indexed.folder / "d.jpg").write_bytes(b"\xff\xd8\xff" + b"cut")
    last = indexed.update()[-1]
    assert [s.name for s in last.skipped] == ["b.png", "d.jpg"]
    assert "not a picture" in str(last.skipped[0].error)
    assert {e.name for e in indexed.store.entries("mine")} == {"a.png", "c.png"}


def test_a_picture_that_became_unreadable_leaves_the_index(indexed: Indexed) -> None:
    indexed.draw("a.png", "b.png")
    indexed.update()
    (indexed.folder / "a.png").write_text("no longer a picture")
    assert [s.name for s in indexed.update()[-1].skipped] == ["a.png"]
    assert {e.name for e in indexed.store.entries("mine")} == {"b.png"}


def test_stop_keeps_what_is_committed_and_going_on_ends_in_the_same_gallery(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 8)
    indexed.draw(*(f"{i:03}.png" for i in range(30)))
    stop = Event()
    for step in update(indexed.store, "mine", scan(indexed.folder)[0], indexed.embedder, stop):
        if step.done:
            stop.set()
    assert len(indexed.store.entries("mine")) == 8
    last = indexed.update()[-1]
    assert (last.total, last.unchanged) == (22, 8)
    assert [e.name for e in indexed.store.entries("mine")] == [f"{i:03}.png" for i in range(30)]


def test_jpegs_decoded_at_a_fraction_give_nearly_the_same_vector(indexed: Indexed) -> None:
    picture = Image.effect_noise((100, 75), 60).convert("RGB").resize((2000, 1500), Image.Resampling.BICUBIC)
    picture.save(indexed.folder / "large.jpg", quality=95)
    indexed.update()
    vector = indexed.store.vectors("mine", [indexed.store.entries("mine")[0].id])
    assert float(vector[0] @ indexed.embedder.pictures([picture])[0]) > 0.98


WORKER = """
import sys
from pathlib import Path
from threading import Event
import crossmodal.retrieval.indexing as module
from crossmodal.embedding.embedder import Embedder
from crossmodal.models.catalog import find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.retrieval.folder import scan
from crossmodal.retrieval.sqlite_store import SqliteStore
from crossmodal.settings import Settings
folder, model = Path(sys.argv[1]), sys.argv[2]
store = SqliteStore(folder / "galleries")
with ModelManager(Settings(offline=True, threads=1)).use(find_spec(model, "embedding"), "fp32") as loaded:
    print("ready", flush=True)
    for step in module.update(store, "mine", scan(folder / "pictures")[0], Embedder(loaded), Event()):
        print(step.done + step.unchanged, flush=True)
"""


@contextmanager
def worker(folder: Path, model: Path) -> Iterator["subprocess.Popen[str]"]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), str(model)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    yield process
    process.kill()
    process.wait()


def test_killed_at_random_moments_nothing_committed_is_lost_and_nothing_comes_twice(
    tmp_path: Path, dual_encoder: Callable[[str], Path], manager: ModelManager
) -> None:
    """2,000 pictures; `kill -9` until they are through; then the gallery equals one that was indexed in one go."""
    model = dual_encoder("clip")
    with manager.use(find_spec(str(model), "embedding"), "fp32") as loaded:
        whole = Indexed(tmp_path, Embedder(loaded))
        rng = random.Random(1)
        for i in range(2_000):
            Image.new("RGB", (8, 8), tuple(rng.randrange(256) for _ in range(3))).save(whole.folder / f"{i:04}.png")  # type: ignore[arg-type]
        promised, kills, finished = 0, 0, False
        while not finished:
            with worker(tmp_path, model) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
                if kills < 10:
                    for _ in range(rng.randint(1, 7)):  # so many commits are said to be done, then it is killed
                        line = process.stdout.readline()
                        promised = max(promised, int(line or 0))
                    time.sleep(rng.uniform(0, 0.03))
                    process.send_signal(signal.SIGKILL)
                    kills += 1
                else:
                    promised = max(int(line) for line in process.stdout)
                    finished = process.wait() == 0
                process.wait()
            names = [e.name for e in whole.store.entries("mine")]
            assert len(names) == len(set(names))
            assert len(names) >= promised
        assert kills == 10
        assert promised == 2_000
        other = SqliteStore(tmp_path / "other")
        other.create("mine", str(whole.folder), whole.store.info("mine").stamp)
        for _ in update(other, "mine", scan(whole.folder)[0], whole.embedder, Event()):
            pass
        assert other.entries("mine") == whole.store.entries("mine")
        ids = [e.id for e in other.entries("mine")]
        assert torch.allclose(other.vectors("mine", ids), whole.store.vectors("mine", ids), atol=1e-5)
