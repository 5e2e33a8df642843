"""Brings a gallery's index up to date with its folder: decode ahead in a bounded pool, embed in batches, commit each.

Killed at any moment, it goes on where it stopped: what was committed is in the index, the rest is found to be missing.
"""

import hashlib
import io
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from threading import Event
from typing import Any

import torch
from torch import Tensor

from crossmodal.ahead import ahead
from crossmodal.embedding.embedder import Embedder
from crossmodal.errors import PictureError, UserError
from crossmodal.images import read_picture
from crossmodal.retrieval.folder import PictureFile, Skipped
from crossmodal.retrieval.store import Entry, Store

log = logging.getLogger(__name__)
BATCH = 32
READ_AHEAD = 2 * BATCH
"""Pictures decoded and waiting, at most."""
DECODERS = 2
REMOVED_AT_ONCE = 1_000
MOST_CARRIED = 100_000
"""Vectors of pictures that go or change, kept for the run in case their content turns up under another name."""


@dataclass(frozen=True)
class Progress:
    """How far the index is, after one commit."""

    done: int
    total: int
    """Pictures that were new or changed."""
    unchanged: int
    removed: int
    reused: int
    """Of those done, how many had been embedded before under another name."""
    skipped: tuple[Skipped, ...]
    """All so far: pictures, and files of captions."""
    unreadable: int
    """How many of those done could not be read."""
    seconds_left: float
    waiting: float
    """Share of the time that was spent waiting for pictures to be decoded, 0 to 1; the rest is embedding and storing."""
    mended: bool = False
    """Whether the index had been damaged and was begun anew."""

    @property
    def added(self) -> int:
        """New or changed, and in the index now."""
        return self.done - self.unreadable


@dataclass(frozen=True)
class _Decoded:
    content: str
    pixels: dict[str, Tensor] | None
    """None where the same content has been embedded before."""


def update(
    store: Store,
    gallery: str,
    files: Sequence[PictureFile],
    embedder: Embedder,
    stop: Event,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Progress]:
    """A step for each commit. Ends early once `stop` is set; what was committed stays.

    Pictures that are no longer among `files` leave the index. Raises StoreError where the store fails.
    """
    known = {entry.name: entry for entry in store.entries(gallery)}
    gone = [known[name].id for name in known.keys() - {file.name for file in files}]
    todo = [file for file in files if _changed(file, known.get(file.name))]
    embedded = _Embedded(store, gallery, known, {*gone, *(known[f.name].id for f in todo if f.name in known)})
    for start in range(0, len(gone), REMOVED_AT_ONCE):
        store.remove(gallery, gone[start : start + REMOVED_AT_ONCE])
    tally = Progress(0, len(todo), len(files) - len(todo), len(gone), 0, (), 0, 0.0, 0.0)
    yield tally
    began, waited = clock(), 0.0
    pool = ThreadPoolExecutor(DECODERS, thread_name_prefix="decode")
    try:
        decoded = ahead(pool, lambda file: _decode(file, embedder, embedded), todo, READ_AHEAD)
        while not stop.is_set():
            asked = clock()
            batch = list(islice(decoded, BATCH))
            waited += clock() - asked
            if not batch:
                break
            reused = _commit(store, gallery, batch, embedder, embedded)
            skipped = tuple(Skipped(file.name, found) for file, found in batch if isinstance(found, UserError))
            unreadable = [known[s.name].id for s in skipped if s.name in known]
            if unreadable:
                store.remove(gallery, unreadable)  # it was a picture once; its old vector shows what is no longer there
            done, spent = tally.done + len(batch), clock() - began
            tally = replace(
                tally,
                done=done,
                reused=tally.reused + reused,
                skipped=tally.skipped + skipped,
                unreadable=tally.unreadable + len(skipped),
                seconds_left=spent / done * (len(todo) - done),
                waiting=waited / max(spent, 1e-9),
            )
            yield tally
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class _Embedded:
    """Contents that have a vector already: of pictures that stay as they are, and of those that are about to go.

    The second are read before anything is changed: a file may have been renamed, or two have changed places.
    """

    def __init__(self, store: Store, gallery: str, known: Mapping[str, Entry], going: Collection[str]) -> None:
        self._store, self._gallery = store, gallery
        self._ids = {e.content: e.id for e in known.values() if e.id not in going}
        lost = [e for e in known.values() if e.id in going and e.content not in self._ids][:MOST_CARRIED]
        vectors = store.vectors(gallery, [e.id for e in lost]) if lost else ()
        self._carried: dict[str, Tensor] = {e.content: v for e, v in zip(lost, vectors, strict=True)}

    def __contains__(self, content: str) -> bool:
        return content in self._carried or content in self._ids

    def vectors(self, contents: Sequence[str]) -> dict[str, Tensor]:
        found = {content: self._carried[content] for content in contents if content in self._carried}
        rest = [content for content in contents if content not in found]
        if rest:
            stored = self._store.vectors(self._gallery, [self._ids[content] for content in rest])
            found.update(zip(rest, stored, strict=True))
        return found

    def learn(self, entries: Sequence[Entry]) -> None:
        """Pictures that are in the store now, and will not change again in this run."""
        self._ids.update({e.content: e.id for e in entries if e.kind == "picture"})


def picture_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:20]


def _changed(file: PictureFile, known: Entry | None) -> bool:
    return known is None or (file.size, file.modified, "\n".join(file.described.captions), file.described.date) != (
        known.size,
        known.modified,
        known.text,
        known.date,
    )


def _decode(file: PictureFile, embedder: Embedder, embedded: _Embedded) -> _Decoded | UserError:
    try:
        content = file.path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest in embedded:
            return _Decoded(digest, None)
        # Twice the model's side: a JPEG decoded to no more than that is shrunk once more, smoothly, by the processor.
        picture = read_picture(io.BytesIO(content), file.name, side=2 * embedder.side)
        return _Decoded(digest, embedder.prepared(picture))
    except PictureError as error:
        return error
    except Exception:  # decoders fail in ways of their own, and one file must not end the rest
        log.exception("reading a picture failed")
        return PictureError("It cannot be read. Choose another.", "无法读取。请换一张。")


def _commit(
    store: Store,
    gallery: str,
    batch: Sequence[tuple[PictureFile, _Decoded | UserError]],
    embedder: Embedder,
    embedded: _Embedded,
) -> int:
    """Embed what is new and store the whole batch. Returns how many had been embedded before."""
    good = [(file, found) for file, found in batch if isinstance(found, _Decoded)]
    if not good:
        return 0
    fresh: dict[str, dict[str, Tensor]] = {}
    for _, found in good:
        if found.pixels is not None and found.content not in embedded:
            fresh.setdefault(found.content, found.pixels)
    vectors: dict[str, Any] = {}
    if fresh:
        vectors.update(zip(fresh, embedder.prepared_pictures(list(fresh.values())), strict=True))
    vectors.update(embedded.vectors(sorted({found.content for _, found in good} - vectors.keys())))
    texts = list(dict.fromkeys(text for file, _ in good for text in file.described.captions))
    captions = dict(zip(texts, embedder.texts(texts) if texts else torch.empty(0), strict=True))
    entries: list[Entry] = []
    for file, found in good:
        mine = _entry(file, found.content, vectors[found.content])
        entries.append(mine)
        for i, text in enumerate(file.described.captions):
            entries.append(replace(mine, id=f"{mine.id}-{i}", kind="caption", text=text, vector=captions[text]))
    store.add(gallery, entries)
    reused = sum(found.content not in fresh for _, found in good)
    embedded.learn(entries)
    return reused


def _entry(file: PictureFile, content: str, vector: Tensor) -> Entry:
    identity = picture_id(file.name)
    return Entry(
        id=identity,
        picture=identity,
        kind="picture",
        name=file.name,
        text="\n".join(file.described.captions),
        date=file.described.date,
        content=content,
        size=file.size,
        modified=file.modified,
        vector=vector,
    )
