"""Galleries on this machine: one SQLite file each holds everything, and an array in memory is kept in step with it.

A commit is on disk when `add` returns (write-ahead log, `synchronous=FULL`), and readers in this and other processes
see whole commits only. The array is brought up to date before each search, from what was committed since.
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from crossmodal.retrieval.matrix import VectorMatrix
from crossmodal.retrieval.store import (
    ANY,
    FIELDS,
    Entry,
    Filter,
    Found,
    GalleryInfo,
    Kind,
    Stamp,
    StoreError,
    checked_vector,
    damaged,
    name_taken,
    no_such_gallery,
    no_such_picture,
    words_of,
)

VERSION = 1
INDEX, MANIFEST = "index.sqlite", "gallery.json"
WAIT_SECONDS = 30
"""How long one process waits for another's commit."""
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, picture TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, folder TEXT NOT NULL,
    text TEXT NOT NULL, words TEXT NOT NULL, date TEXT NOT NULL, content TEXT NOT NULL,
    size INTEGER NOT NULL, modified INTEGER NOT NULL, vector BLOB NOT NULL
);
CREATE INDEX by_picture ON entries (picture);
CREATE INDEX by_folder ON entries (kind, folder);
CREATE INDEX by_date ON entries (kind, date);
INSERT INTO meta VALUES ('removals', '0');
"""
ROWS_AT_ONCE = 4096
SCATTER = 2654435761
"""Knuth's multiplicative hash: neighbours come apart, and the order is the same each time."""


class SqliteStore:
    """A folder of galleries."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, _Index] = {}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        names = []
        for manifest in self._folder.glob(f"*/{MANIFEST}"):
            with contextlib.suppress(OSError, ValueError, KeyError):
                names.append(str(json.loads(manifest.read_text(encoding="utf-8"))["name"]))
        return sorted(names)

    def info(self, gallery: str) -> GalleryInfo:
        return self._index(gallery).info(gallery)

    def create(self, gallery: str, root: str, stamp: Stamp) -> None:
        home = self.home(gallery)
        with _sentences():
            home.mkdir(parents=True, exist_ok=True)
        if (home / MANIFEST).exists():
            raise name_taken(gallery)
        _Index.create(home, stamp)
        _write_manifest(home, gallery, root)

    def reset(self, gallery: str, stamp: Stamp) -> None:
        home = self.home(gallery)
        if not (home / MANIFEST).exists():
            raise no_such_gallery(gallery)
        self._forget(gallery)
        _Index.create(home, stamp)

    def rename(self, gallery: str, name: str) -> None:
        self._index(gallery)
        old, new = self.home(gallery), self.home(name)
        root = _root(old)
        if old == new:
            _write_manifest(old, name, root)  # another case
            return
        if (new / MANIFEST).exists():
            raise name_taken(name)
        shutil.rmtree(new, ignore_errors=True)
        self._forget(gallery)
        with _sentences():
            old.rename(new)
        _write_manifest(new, name, root)

    def delete(self, gallery: str) -> None:
        home = self.home(gallery)
        if not (home / MANIFEST).exists():
            raise no_such_gallery(gallery)
        self._forget(gallery)
        with _sentences():
            (home / MANIFEST).unlink()  # first: what is left then is no gallery
            shutil.rmtree(home, ignore_errors=True)

    def add(self, gallery: str, entries: Sequence[Entry]) -> None:
        self._index(gallery).add(entries)

    def remove(self, gallery: str, pictures: Sequence[str]) -> None:
        self._index(gallery).remove(pictures)

    def entries(self, gallery: str, kind: Kind = "picture", where: Filter = ANY) -> list[Entry]:
        return self._index(gallery).entries(kind, where)

    def vectors(self, gallery: str, ids: Sequence[str]) -> Tensor:
        return self._index(gallery).vectors(ids)

    def sample(self, gallery: str, most: int, kind: Kind = "picture") -> Tensor:
        return self._index(gallery).sample(most, kind)

    def search(self, gallery: str, queries: Tensor, k: int, kind: Kind = "picture", where: Filter = ANY) -> list[list[Found]]:
        return self._index(gallery).search(queries, k, kind, where)

    def close(self) -> None:
        with self._lock:
            for index in self._open.values():
                index.close()
            self._open.clear()

    def home(self, gallery: str) -> Path:
        """The folder of a gallery, by a digest: names may hold what no file name can."""
        return self._folder / hashlib.sha256(gallery.strip().casefold().encode()).hexdigest()[:16]

    def root(self, gallery: str) -> str:
        """The folder of its pictures, readable also where the index is damaged."""
        return _root(self.home(gallery))

    def put_aside(self, gallery: str) -> Path:
        """Keep a copy of a damaged index, for whoever wants to look at it. Returns where it lies."""
        self._forget(gallery)
        index = self.home(gallery) / INDEX
        aside = index.with_name(f"{INDEX}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        with _sentences():
            if index.exists():
                index.rename(aside)
        return aside

    def _index(self, gallery: str) -> "_Index":
        home = self.home(gallery)
        with self._lock:
            if not (home / MANIFEST).exists():
                raise no_such_gallery(gallery)
            if home.name in self._open and self._open[home.name].replaced:
                self._open.pop(home.name)  # another process made the gallery anew; who searches the old one may finish
            if home.name not in self._open:
                self._open[home.name] = _Index(home)
            return self._open[home.name]

    def _forget(self, gallery: str) -> None:
        with self._lock:
            if index := self._open.pop(self.home(gallery).name, None):
                index.close()


class _Index:
    """One gallery's file, and the array of its vectors. Shared by threads, each with a connection of its own."""

    def __init__(self, home: Path) -> None:
        self._path = home / INDEX
        self._connections: dict[int, sqlite3.Connection] = {}
        self._guard = threading.Lock()
        self._matrices: dict[Kind, VectorMatrix] = {}
        self._seen = (-1, -1)
        """The last number and the count of removals that the arrays know of."""
        self._loading = threading.Lock()
        self._file = _file(self._path)
        if self._file is None:
            raise damaged()
        with _sentences():
            version = self._connection().execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                self.close()
                raise StoreError(
                    f"The gallery was written by a later version of the app (format {version}, this one reads {VERSION}). "
                    "Update the app; the gallery was left as it is.",
                    f"该图库由更新的版本写入（格式 {version}，本版本为 {VERSION}）。请更新应用；图库未被改动。",
                )
            self.stamp = self._read_stamp()

    @property
    def replaced(self) -> bool:
        """Whether the file that was opened is no longer the gallery's."""
        return _file(self._path) != self._file

    @staticmethod
    def create(home: Path, stamp: Stamp) -> None:
        with _sentences():
            path = home / INDEX
            for old in (path, path.with_name(f"{INDEX}-wal"), path.with_name(f"{INDEX}-shm")):
                old.unlink(missing_ok=True)
            connection = sqlite3.connect(path, isolation_level=None)
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version={VERSION}; COMMIT;")
                connection.execute("INSERT INTO meta VALUES ('stamp', ?)", (json.dumps(asdict(stamp)),))
            finally:
                connection.close()

    def info(self, name: str) -> GalleryInfo:
        with self._reading() as connection:
            counts = dict(connection.execute("SELECT kind, count(*) FROM entries GROUP BY kind"))
        return GalleryInfo(name, _root(self._path.parent), self.stamp, counts.get("picture", 0), counts.get("caption", 0))

    def add(self, entries: Sequence[Entry]) -> None:
        rows = [_row(entry, self.stamp.dim) for entry in entries]
        with self._writing() as connection:
            old = [(e.id,) for e in entries if e.kind == "picture"]
            removed = connection.executemany("DELETE FROM entries WHERE picture = ?", old).rowcount
            again = [(e.id,) for e in entries if e.kind == "caption"]
            removed += connection.executemany("DELETE FROM entries WHERE id = ?", again).rowcount
            _count_removals(connection, removed)
            connection.executemany(
                "INSERT INTO entries (id, picture, kind, name, text, date, content, size, modified, folder, words, "
                "vector) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def remove(self, pictures: Sequence[str]) -> None:
        with self._writing() as connection:
            removed = connection.executemany("DELETE FROM entries WHERE picture = ?", [(p,) for p in pictures]).rowcount
            _count_removals(connection, removed)

    def entries(self, kind: Kind, where: Filter) -> list[Entry]:
        condition, values = _condition(where)
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {', '.join(FIELDS)} FROM entries WHERE kind = ?{condition} ORDER BY number", (kind, *values)
            ).fetchall()
        return [Entry(*row) for row in rows]

    def vectors(self, ids: Sequence[str]) -> Tensor:
        with self._reading() as connection:
            found = [connection.execute("SELECT vector FROM entries WHERE id = ?", (i,)).fetchone() for i in ids]
        if any(row is None for row in found):
            raise no_such_picture()
        return _unpacked([row[0] for row in found], self.stamp.dim)

    def sample(self, most: int, kind: Kind) -> Tensor:
        with self._reading() as connection:
            numbers = [n for (n,) in connection.execute("SELECT number FROM entries WHERE kind = ?", (kind,))]
            chosen = sorted(numbers, key=lambda n: n * SCATTER % 2**32)[:most] if len(numbers) > most else numbers
            rows = [connection.execute("SELECT vector FROM entries WHERE number = ?", (n,)).fetchone()[0] for n in chosen]
        return _unpacked(rows, self.stamp.dim)

    def search(self, queries: Tensor, k: int, kind: Kind, where: Filter) -> list[list[Found]]:
        with self._reading() as connection:  # one transaction: what the array finds is there when it is looked up
            matrix = self._in_step(connection, kind)
            allowed = None
            if not where.empty:
                condition, values = _condition(where)
                rows = connection.execute(f"SELECT number FROM entries WHERE kind = ?{condition}", (kind, *values))
                allowed = torch.tensor([n for (n,) in rows], dtype=torch.long)
            scores, numbers = matrix.search(queries.float(), k, allowed)
            known = self._looked_up(connection, numbers)
        return [
            [Found(known[n], s) for n, s in zip(of_query, of_scores, strict=True)]
            for of_query, of_scores in zip(numbers.tolist(), scores.tolist(), strict=True)
        ]

    def close(self) -> None:
        with self._guard:
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()

    @staticmethod
    def _looked_up(connection: sqlite3.Connection, numbers: Tensor) -> dict[int, Entry]:
        wanted = sorted(set(numbers.flatten().tolist()))
        known: dict[int, Entry] = {}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            query = f"SELECT number, {', '.join(FIELDS)} FROM entries WHERE number IN ({', '.join('?' * len(part))})"
            known.update({row[0]: Entry(*row[1:]) for row in connection.execute(query, part)})
        return known

    def _in_step(self, connection: sqlite3.Connection, kind: Kind) -> VectorMatrix:
        """The array as the connection's transaction sees the table.

        Rows that were added are read and put behind the others. Where rows were removed it is read anew, into an array of
        its own: other threads may be searching the old one.
        """
        removals = int(connection.execute("SELECT value FROM meta WHERE key = 'removals'").fetchone()[0])
        last = connection.execute("SELECT coalesce(max(number), 0) FROM entries").fetchone()[0]
        with self._loading:
            known_last, known_removals = self._seen
            if removals < known_removals:
                return self._fresh(connection, last)[kind]  # the transaction began before another thread's reading
            if removals > known_removals:
                self._matrices = self._fresh(connection, last)
                self._seen = (last, removals)
            elif last > known_last:
                self._seen = (-1, -1)  # unless all of it comes in
                self._append(connection, self._matrices, known_last, last)
                self._seen = (last, removals)
            return self._matrices[kind].view(last)

    def _fresh(self, connection: sqlite3.Connection, last: int) -> dict[Kind, VectorMatrix]:
        made: dict[Kind, VectorMatrix] = {"picture": VectorMatrix(self.stamp.dim), "caption": VectorMatrix(self.stamp.dim)}
        self._append(connection, made, 0, last)
        return made

    def _append(self, connection: sqlite3.Connection, to: dict[Kind, VectorMatrix], after: int, last: int) -> None:
        for kind, matrix in to.items():
            rows = connection.execute(
                "SELECT number, vector FROM entries WHERE number > ? AND number <= ? AND kind = ? ORDER BY number",
                (after, last, kind),
            )
            while part := rows.fetchmany(ROWS_AT_ONCE):
                matrix.add(torch.tensor([n for n, _ in part]), _unpacked([v for _, v in part], self.stamp.dim))

    def _read_stamp(self) -> Stamp:
        row = self._connection().execute("SELECT value FROM meta WHERE key = 'stamp'").fetchone()
        if row is None:
            raise sqlite3.DatabaseError("no stamp")
        return Stamp(**json.loads(row[0]))

    def _connection(self) -> sqlite3.Connection:
        key = threading.get_ident()
        with self._guard:
            if key not in self._connections:
                self._connections[key] = _connect(self._path)
            return self._connections[key]

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with _sentences():
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with _sentences():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")


def _file(path: Path) -> tuple[int, int] | None:
    """Which file a path leads to; None for none."""
    try:
        known = path.stat()
    except OSError:
        return None
    return known.st_dev, known.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    """For reading alone where the folder cannot be written to: the log could not be made then."""
    writable = os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))
    uri = f"{path.absolute().as_uri()}?{'mode=rw' if writable else 'immutable=1'}"
    # A thread that ends leaves its connection behind; a later thread of the same number takes it over.
    connection = sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous=FULL")
    return connection


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    """Turn what disks and SQLite raise into a sentence for the person."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise _said(str(error)) from error
    except (sqlite3.ProgrammingError, sqlite3.InterfaceError) as error:
        raise _said("closed") from error  # the gallery was taken away while it was read
    except sqlite3.DatabaseError as error:
        raise damaged() from error
    except OSError as error:
        raise _said("full" if error.errno == errno.ENOSPC else "readonly") from error


def _said(reason: str) -> StoreError:
    if "full" in reason:
        return StoreError(
            "The disk is full. What was stored before is safe; free some space and go on.",
            "磁盘已满。之前保存的内容没有丢失；请腾出空间后继续。",
        )
    if "readonly" in reason or "unable to open" in reason:
        return StoreError(
            "The folder of the galleries cannot be written to. Start the app with --galleries and another folder.",
            "图库文件夹无法写入。请用 --galleries 指定另一个文件夹启动应用。",
        )
    if "locked" in reason or "busy" in reason:
        return StoreError("Another process is writing to the gallery. Try again.", "另一个进程正在写入该图库。请再试。")
    if "malformed" in reason or "no such table" in reason:
        return damaged()
    return StoreError("The gallery's index cannot be read. Try again.", "无法读取图库的索引。请再试。")


def _row(entry: Entry, dim: int) -> tuple[Any, ...]:
    vector = checked_vector(entry, dim).contiguous().numpy().tobytes()
    known = tuple(getattr(entry, name) for name in FIELDS)
    return (*known, entry.folder, f" {' '.join(words_of(entry.text))} ", vector)


def _unpacked(blobs: Sequence[bytes], dim: int) -> Tensor:
    if not blobs:
        return torch.empty(0, dim)
    return torch.frombuffer(bytearray(b"".join(blobs)), dtype=torch.float32).reshape(-1, dim)


def _count_removals(connection: sqlite3.Connection, removed: int) -> None:
    if removed > 0:
        connection.execute("UPDATE meta SET value = value + ? WHERE key = 'removals'", (removed,))


def _condition(where: Filter) -> tuple[str, list[str]]:
    """SQL to put behind a condition, and its values."""
    parts: list[str] = []
    values: list[str] = []
    if where.folder:
        parts.append("(folder = ? OR substr(folder, 1, length(?)) = ?)")
        values += [where.folder, f"{where.folder}/", f"{where.folder}/"]
    for value, comparison in ((where.since, "date >= ?"), (where.until, "date <= ? AND date != ''")):
        if value:
            parts.append(comparison)
            values.append(value)
    for word in words_of(where.contains):
        parts.append("instr(words, ?) > 0")
        values.append(f" {word} ")
    if where.picture:
        parts.append("picture = ?")
        values.append(where.picture)
    return "".join(f" AND {part}" for part in parts), values


def _write_manifest(home: Path, name: str, root: str) -> None:
    """Whole or not at all: it is what makes a folder a gallery."""
    with _sentences():
        part = home / f"{MANIFEST}.part"
        part.write_text(json.dumps({"name": name, "root": root}, ensure_ascii=False), encoding="utf-8")
        os.replace(part, home / MANIFEST)


def _root(home: Path) -> str:
    with _sentences():
        return str(json.loads((home / MANIFEST).read_text(encoding="utf-8"))["root"])
