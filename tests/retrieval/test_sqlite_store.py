import json
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from crossmodal.retrieval.sqlite_store import INDEX, VERSION, SqliteStore
from crossmodal.retrieval.store import DamagedError, StoreError
from tests.retrieval.stores import STAMP, entries, unit


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    made = SqliteStore(tmp_path)
    made.create("mine", "/pictures", STAMP)
    made.add("mine", entries(30))
    return made


def index_of(store: SqliteStore) -> Path:
    return store.home("mine") / INDEX


def test_another_store_on_the_same_folder_sees_everything(store: SqliteStore, tmp_path: Path) -> None:
    other = SqliteStore(tmp_path)
    assert other.entries("mine") == store.entries("mine")
    store.add("mine", entries(5, first=100))
    assert other.info("mine").pictures == 35
    assert other.search("mine", entries(1, first=102)[0].vector[None], 1)[0][0].entry.id == "p102"
    other.remove("mine", ["p102"])
    assert store.search("mine", entries(1, first=102)[0].vector[None], 1)[0][0].entry.id != "p102"


def test_a_gallery_that_another_process_made_anew_is_opened_anew(store: SqliteStore, tmp_path: Path) -> None:
    assert store.search("mine", unit(1), 5)[0]
    other = SqliteStore(tmp_path)
    other.delete("mine")
    (tmp_path / "keeps the number of the old file from coming back").write_text("")
    other.create("mine", "/elsewhere", STAMP)
    other.add("mine", entries(3, first=500))
    assert store.info("mine").pictures == 3
    assert {f.entry.id for f in store.search("mine", unit(1), 5)[0]} == {"p500", "p501", "p502"}


def test_a_gallery_taken_away_while_it_is_read_is_not_called_damaged(store: SqliteStore) -> None:
    store._index("mine").close = lambda: None  # type: ignore[method-assign]
    connection = store._index("mine")._connection()
    connection.close()
    with pytest.raises(StoreError, match="Try again") as caught:
        store.entries("mine")
    assert not isinstance(caught.value, DamagedError)


def test_rows_that_came_in_half_way_are_not_counted_twice(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.search("mine", unit(1), 3)
    store.add("mine", entries(8, first=200))
    index = store._index("mine")
    plain = index._append

    def failing(*arguments: object) -> None:
        plain(*arguments)  # type: ignore[arg-type]
        raise MemoryError

    monkeypatch.setattr(index, "_append", failing)
    with pytest.raises(MemoryError):
        store.search("mine", unit(1), 3)
    monkeypatch.setattr(index, "_append", plain)
    hits = store.search("mine", unit(1), 1000)[0]
    assert len(hits) == len({h.entry.id for h in hits}) == 38


def test_a_later_format_is_refused_and_left_as_it_is(store: SqliteStore, tmp_path: Path) -> None:
    store.close()
    with sqlite3.connect(index_of(store)) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    before = index_of(store).read_bytes()
    with pytest.raises(StoreError, match="later version") as caught:
        SqliteStore(tmp_path).info("mine")
    assert not isinstance(caught.value, DamagedError)
    assert index_of(store).read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database" * 1000, b""], ids=["garbage", "empty"])
def test_a_damaged_index_is_said_to_be_damaged_and_can_be_put_aside(store: SqliteStore, tmp_path: Path, content: bytes) -> None:
    store.close()
    for leftover in index_of(store).parent.glob(f"{INDEX}-*"):
        leftover.unlink()
    index_of(store).write_bytes(content)
    again = SqliteStore(tmp_path)
    assert again.names() == ["mine"]
    with pytest.raises(DamagedError):
        again.info("mine")
    assert again.root("mine") == "/pictures"
    aside = again.put_aside("mine")
    assert aside.read_bytes() == content
    again.reset("mine", STAMP)
    assert again.info("mine").pictures == 0
    assert again.root("mine") == "/pictures"


def test_pages_overwritten_in_the_middle_are_damage(store: SqliteStore, tmp_path: Path) -> None:
    store.add("mine", entries(500, first=1000))
    store.close()
    content = bytearray(index_of(store).read_bytes())
    content[4096 : len(content)] = os.urandom(len(content) - 4096)
    index_of(store).write_bytes(content)
    with pytest.raises(DamagedError):
        SqliteStore(tmp_path).entries("mine")


def test_a_full_disk_gives_a_sentence_and_keeps_what_was_committed(store: SqliteStore) -> None:
    connection = store._index("mine")._connection()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError, match="disk is full"):
        store.add("mine", entries(2_000, first=50))
    assert store.info("mine").pictures == 30
    connection.execute("PRAGMA max_page_count=1000000")
    store.add("mine", entries(20, first=50))
    assert store.info("mine").pictures == 50


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_searched_and_not_written(store: SqliteStore, tmp_path: Path) -> None:
    _read_only(store, tmp_path)


def _read_only(store: SqliteStore, tmp_path: Path) -> None:
    store.close()
    home = index_of(store).parent
    home.chmod(0o500)
    try:
        again = SqliteStore(tmp_path)
        assert again.search("mine", unit(1), 3)[0]
        with pytest.raises(StoreError, match="cannot be written"):
            again.add("mine", entries(1, first=99))
    finally:
        home.chmod(0o700)


def test_a_read_only_folder_is_searched_and_not_written_whoever_runs_this(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.close()
    monkeypatch.setattr(os, "access", lambda *_: False)
    again = SqliteStore(tmp_path)
    assert len(again.search("mine", unit(1), 3)[0]) == 3
    with pytest.raises(StoreError, match="cannot be written"):
        again.add("mine", entries(1, first=99))
    assert SqliteStore(tmp_path).info("mine").pictures == 30


def test_no_reader_ever_sees_half_a_batch(store: SqliteStore, tmp_path: Path) -> None:
    """One process adds batches of ten; threads search meanwhile, and every hit is one that was added whole."""
    code = (
        "from pathlib import Path; import sys\n"
        "from crossmodal.retrieval.sqlite_store import SqliteStore\n"
        "from tests.retrieval.stores import entries\n"
        "store = SqliteStore(Path(sys.argv[1]))\n"
        "for i in range(40):\n"
        "    store.add('mine', entries(10, first=1000 + 10 * i))\n"
        "    if i % 10 == 9: store.remove('mine', [f'p{1000 + 10 * i}'])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=Path(__file__).parents[2])
    troubles: list[str] = []

    def search(seed: int) -> None:
        reader = SqliteStore(tmp_path) if seed % 2 else store
        while process.poll() is None:
            query = unit(1, seed=seed)
            for found in reader.search("mine", query, 5)[0]:
                vector = unit(1, seed=int(found.entry.id[1:]))[0]
                if abs(float(query[0] @ vector) - found.score) > 1e-5:
                    troubles.append(f"{found.entry.id} scored {found.score}")
            if (reader.info("mine").pictures + 10) % 10 not in (0, 6, 7, 8, 9):
                troubles.append(f"{reader.info('mine').pictures} pictures")

    readers = [threading.Thread(target=search, args=(seed,)) for seed in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert process.wait() == 0
    assert troubles == []
    assert store.info("mine").pictures == 30 + 400 - 4


def test_a_folder_without_a_manifest_is_no_gallery_and_does_not_block_its_name(store: SqliteStore, tmp_path: Path) -> None:
    home = store.home("cut short")
    home.mkdir()
    (home / INDEX).write_bytes(b"half")
    assert store.names() == ["mine"]
    store.create("cut short", "/pictures", STAMP)
    assert store.info("cut short").pictures == 0
    manifest = json.loads((home / "gallery.json").read_text())
    assert manifest["name"] == "cut short"


def test_the_array_in_memory_follows_the_table_over_block_boundaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossmodal.retrieval.matrix.BLOCK", 16)
    store = SqliteStore(tmp_path)
    store.create("blocks", "/pictures", STAMP)
    given = entries(70, captions=0)
    for start in range(0, 70, 7):
        store.add("blocks", given[start : start + 7])
        query = unit(1, seed=500 + start)
        scores = query @ torch.stack([e.vector for e in given[: start + 7]]).T
        best = scores[0].argsort(descending=True)[:5].tolist()
        assert [f.entry.id for f in store.search("blocks", query, 5)[0]] == [given[i].id for i in best]
