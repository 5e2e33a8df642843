"""Galleries as the app uses them: made, brought up to date, searched, each with one checkpoint's vectors."""

import shutil
import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from PIL import Image
from torch import Tensor

from crossmodal.caches import BoundedCache
from crossmodal.embedding.embedder import Embedder
from crossmodal.embedding.gap import modality_gap
from crossmodal.embedding.language import is_chinese
from crossmodal.errors import UserError
from crossmodal.images import content_hash, read_picture
from crossmodal.models.catalog import ModelSpec
from crossmodal.models.manager import ModelManager
from crossmodal.retrieval.composition import composed
from crossmodal.retrieval.cutoff import PICTURES as BACKGROUND_PICTURES
from crossmodal.retrieval.cutoff import Background, Cutoff, background, cutoff, cutoff_among
from crossmodal.retrieval.folder import Imported, bring_in, scan
from crossmodal.retrieval.indexing import Progress, update
from crossmodal.retrieval.layout import MOST, Layout, Method, lay_out, near_duplicates
from crossmodal.retrieval.places import Bundled
from crossmodal.retrieval.quality import Recall, recall
from crossmodal.retrieval.query import MOST_HITS, Term
from crossmodal.retrieval.sqlite_store import SqliteStore
from crossmodal.retrieval.store import (
    ANY,
    DamagedError,
    Entry,
    Filter,
    Found,
    GalleryInfo,
    GoneError,
    Kind,
    Stamp,
    Store,
    StoreError,
    no_such_gallery,
    no_such_picture,
    ships_with_the_app,
    shown,
)

LONGEST_NAME = 60
SEARCHES = 10
"""How often a search is begun anew because others remove pictures meanwhile."""
DUPLICATE = 0.985
"""The cosine from which two pictures count as near-duplicates."""
VECTOR_CACHE_BYTES = 64_000_000


@dataclass(frozen=True)
class Hit:
    """One search result, and why it is one."""

    entry: Entry
    score: float
    """Cosine similarity with the query, -1 to 1."""
    parts: tuple[tuple[Term, float], ...]
    """What each term contributes; the contributions add up to the score."""
    matches: bool
    """Whether the score passes the cut-off."""
    duplicates: int = 0
    """Near-duplicates of it among the results, worse ones, that were left out."""


@dataclass(frozen=True)
class Answer:
    """What a search found."""

    hits: tuple[Hit, ...]
    """Best first."""
    cutoff: Cutoff
    pictures: int
    """In the gallery."""

    @property
    def matching(self) -> int:
        return sum(hit.matches for hit in self.hits)


@dataclass(frozen=True)
class Map:
    """A gallery in two dimensions."""

    entries: tuple[Entry, ...]
    """Pictures, then captions where they were asked for."""
    layout: Layout
    """Points of the entries, then that of the query where there is one."""
    gap: float | None
    """Between the centres of pictures and captions."""


class SearchEngine:
    """One for the app, shared by all visitors."""

    def __init__(
        self,
        manager: ModelManager,
        spec: ModelSpec,
        precision: str,
        data: Path,
        bundled: Sequence[Bundled] = (),
        store: Store | None = None,
    ) -> None:
        """data: where galleries of the visitors are kept; store: where their vectors are, by default there too."""
        self._manager, self._spec, self._precision, self._data = manager, spec, precision, data
        self._store: Store = store or SqliteStore(data / "galleries")
        self._bundled = {b.name: b for b in bundled}
        self._vectors: BoundedCache[Tensor] = BoundedCache(VECTOR_CACHE_BYTES)
        self._stamp: tuple[int, Stamp] | None = None
        self._backgrounds: dict[str, tuple[GalleryInfo, Background]] = {}
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()
        manager.on_unload(lambda _: self._forget())

    @property
    def store(self) -> Store:
        """Where the vectors are."""
        return self._store

    def names(self) -> list[str]:
        """The bundled ones first."""
        return list(dict.fromkeys((*self._bundled, *self._store.names())))

    def own(self, gallery: str) -> bool:
        """Whether the gallery can be changed: it is none of the bundled ones."""
        return gallery.strip().casefold() not in {name.casefold() for name in self._bundled}

    def exists(self, gallery: str) -> bool:
        """Names differ in more than case."""
        return gallery.strip().casefold() in {name.casefold() for name in self.names()}

    def info(self, gallery: str) -> GalleryInfo:
        """Raises StoreError where there is no such gallery, or it cannot be read."""
        return self._store.info(gallery)

    def ready(self, gallery: str) -> bool:
        """Whether it can be searched at once: a bundled gallery is indexed when it is first asked for."""
        if gallery not in self._bundled:
            return True
        if gallery not in self._store.names():
            return False
        if gallery not in self._counts:
            self._counts[gallery] = len(scan(self._bundled[gallery].root)[0])
        with self._embedder() as embedder:
            try:
                info = self._store.info(gallery)
            except DamagedError:
                return False
            return info.stamp == self._stamp_of(embedder) and info.pictures == self._counts[gallery]

    def prepare(self, gallery: str) -> Iterator[Progress]:
        """Index a bundled gallery, anew where its vectors are of another checkpoint."""
        bundled = self._bundled[gallery]
        with self._indexing(gallery), self._embedder() as embedder:
            stamp = self._stamp_of(embedder)
            if gallery not in self._store.names():
                self._store.create(gallery, str(bundled.root), stamp)
            try:
                known = self._store.info(gallery)
            except DamagedError:
                known = None
            if known is None or known.stamp != stamp:
                self._store.reset(gallery, stamp)
            yield from self._updated(gallery, bundled.root, embedder, threading.Event())

    def create(self, gallery: str, root: Path | None = None) -> None:
        """A gallery of its own folder, or of one that the operator allowed. Raises UserError where the name will not do."""
        name = self._checked_name(gallery)
        if root is None:
            root = self._data / "pictures" / uuid.uuid4().hex
            with _disk_sentences():
                root.mkdir(parents=True)
        with self._embedder() as embedder:
            self._store.create(name, str(root), self._stamp_of(embedder))

    def bring_in(self, gallery: str, files: Iterable[tuple[Path, str]]) -> Imported:
        """Copy files into the gallery's own folder; `index` then finds them. Raises UserError for an operator's folder."""
        root = Path(self._store.info(gallery).root)
        if not self._is_own_folder(root):
            raise UserError(
                f"The pictures of {shown(gallery)} lie in a folder of the server's. Put new ones there and re-scan.",
                f"{shown(gallery)} 的图片在服务器的文件夹里。请把新图片放到那里，然后重新扫描。",
            )
        with self._indexing(gallery), _disk_sentences():
            return bring_in(files, root)

    def index(self, gallery: str, stop: threading.Event) -> Iterator[Progress]:
        """Bring the index up to date with the folder: only what changed. Mends a damaged index, from the pictures."""
        self._changeable(gallery)
        with self._indexing(gallery), self._embedder() as embedder:
            try:
                info = self._store.info(gallery)
                self._same_space(info, embedder)
                yield from self._updated(gallery, Path(info.root), embedder, stop)
            except DamagedError:
                if not isinstance(self._store, SqliteStore):
                    raise  # a server mends its own
                self._store.put_aside(gallery)
                self._store.reset(gallery, self._stamp_of(embedder))
                root = Path(self._store.root(gallery))
                for step in self._updated(gallery, root, embedder, stop):
                    yield replace(step, mended=True)

    def embed_anew(self, gallery: str) -> None:
        """Begin again with this checkpoint. `index` then fills the gallery."""
        self._changeable(gallery)
        with self._indexing(gallery), self._embedder() as embedder:
            self._store.reset(gallery, self._stamp_of(embedder))

    def rename(self, gallery: str, name: str) -> None:
        self._changeable(gallery)
        name = self._checked_name(name)
        with self._indexing(gallery):
            self._store.rename(gallery, name)

    def delete(self, gallery: str) -> None:
        """The index goes, and the copies of pictures that were sent; an operator's folder stays as it is."""
        self._changeable(gallery)
        with self._indexing(gallery):
            try:
                root = Path(self._store.info(gallery).root)
            except DamagedError:
                assert isinstance(self._store, SqliteStore)
                root = Path(self._store.root(gallery))
            self._store.delete(gallery)
            if self._is_own_folder(root):
                shutil.rmtree(root, ignore_errors=True)

    def remove(self, gallery: str, picture: str) -> None:
        """One picture goes from the index, and its copy from the gallery's own folder."""
        self._changeable(gallery)
        info, entry = self._store.info(gallery), self.entry(gallery, picture)
        if not self._is_own_folder(Path(info.root)):
            raise UserError(
                "The picture lies in a folder of the server's. Delete it there and re-scan.",
                "图片在服务器的文件夹里。请在那里删除，然后重新扫描。",
            )
        with self._indexing(gallery), _disk_sentences():
            (Path(info.root) / entry.name).unlink(missing_ok=True)
            self._store.remove(gallery, [picture])

    def entry(self, gallery: str, picture: str) -> Entry:
        """Raises StoreError where the picture is no longer there."""
        found = self._store.entries(gallery, where=Filter(picture=picture))
        if not found:
            raise no_such_picture()
        return found[0]

    def path(self, gallery: str, entry: Entry) -> Path:
        """The file of a picture, which lies below the gallery's folder."""
        return Path(self._store.info(gallery).root) / entry.name

    def picture(self, gallery: str, picture: str) -> Image.Image:
        """Raises PictureError or StoreError where it is no longer there."""
        entry = self.entry(gallery, picture)
        return read_picture(self.path(gallery, entry), entry.name)

    def search(
        self,
        gallery: str,
        terms: Sequence[Term],
        k: int,
        where: Filter = ANY,
        kind: Kind = "picture",
        hide_duplicates: bool = False,
    ) -> Answer:
        """The k best of a gallery, at most MOST_HITS. Raises UserError where there is nothing to search for or in."""
        if not terms:
            raise UserError("There is nothing to search for. Type words, or add a picture.", "没有检索内容。请输入文字或图片。")
        with self._embedder() as embedder:
            info = self._store.info(gallery)
            self._same_space(info, embedder)
            if not info.pictures:
                raise UserError("The gallery is empty. Add pictures to it.", "图库是空的。请先添加图片。")
            known = self._background(info, embedder)
            query, parts = self._composed(gallery, terms, known, embedder)
        k = max(1, min(k, MOST_HITS))
        most = min(MOST_HITS, 2 * k + 20) if hide_duplicates else k
        found, seen = self._hits(gallery, query, most, kind, where)
        said = " ".join(term.words for term in terms if term.weight > 0)
        line = self._cutoff(info, kind, query, said or None, known)
        each = (seen @ parts.T).tolist()
        hits = [
            Hit(f.entry, f.score, tuple(zip(terms, shares, strict=True)), f.score >= line.score)
            for f, shares in zip(found, each, strict=True)
        ]
        if hide_duplicates:
            hits = _without_duplicates(hits, near_duplicates(seen, DUPLICATE))
        return Answer(tuple(hits[:k]), line, info.pictures)

    def seen_where(self, gallery: str, picture: str, words: str) -> tuple[Image.Image, Tensor | None]:
        """The picture and, (rows, columns), how like the words each of its patches is; None where the model cannot say."""
        image = self.picture(gallery, picture)
        with self._embedder() as embedder:
            seen = embedder.where(image, self._encoded(words, embedder)[None])
        return image, None if seen is None else seen[0]

    def map(self, gallery: str, terms: Sequence[Term], method: Method = "pca", captions: bool = False) -> Map:
        """At most `layout.MOST` points of each kind, and the query's where there are terms."""
        info = self._store.info(gallery)
        shown_entries = _some(self._store.entries(gallery), MOST)
        if not shown_entries:
            raise UserError("The gallery is empty. Add pictures to it.", "图库是空的。请先添加图片。")
        parts = [self._store.vectors(gallery, [e.id for e in shown_entries])]
        gap = None
        said = _some(self._store.entries(gallery, "caption"), MOST) if captions else []
        if said:
            parts.append(self._store.vectors(gallery, [e.id for e in said]))
            gap = modality_gap(parts[0], parts[1])
        if terms:
            with self._embedder() as embedder:
                self._same_space(info, embedder)
                query, _ = self._composed(gallery, terms, self._background(info, embedder), embedder)
            parts.append(query[None])
        return Map((*shown_entries, *said), lay_out(torch.cat(parts), method), gap)

    def quality(self, gallery: str) -> list[tuple[str, Recall]]:
        """Recall in both directions, by the captions' language. Raises UserError where there are no captions."""
        pictures = self._store.entries(gallery)
        captions = self._store.entries(gallery, "caption")
        if not captions:
            raise UserError(
                "The gallery has no captions, so nothing can be measured. Add a .txt beside each picture, or a CSV.",
                "图库没有说明文字，无法测量。请为每张图片添加 .txt，或提供 CSV。",
            )
        seen = self._store.vectors(gallery, [e.id for e in pictures])
        number = {e.id: i for i, e in enumerate(pictures)}
        rows = []
        for title, chinese in (("English", False), ("Chinese", True)):
            mine = [e for e in captions if is_chinese(e.text) == chinese and e.picture in number]
            if mine:
                said = self._store.vectors(gallery, [e.id for e in mine])
                to_picture, to_text = recall(seen, said, [number[e.picture] for e in mine])
                rows += [(f"text → picture, {title}", to_picture), (f"picture → text, {title}", to_text)]
        return rows

    def close(self) -> None:
        self._store.close()

    def _hits(self, gallery: str, query: Tensor, k: int, kind: Kind, where: Filter) -> tuple[list[Found], Tensor]:
        """Hits with their vectors. Searches again where a hit was removed between the two."""
        for _ in range(SEARCHES):
            found = self._store.search(gallery, query[None], k, kind, where)[0]
            try:
                return found, self._store.vectors(gallery, [f.entry.id for f in found])
            except GoneError:
                continue
        raise no_such_picture()

    def _cutoff(self, info: GalleryInfo, kind: Kind, query: Tensor, said: str | None, known: Background) -> Cutoff:
        """said: the wanted words of the query; None where it has none."""
        if kind == "caption":
            captions = self._store.sample(info.name, BACKGROUND_PICTURES, "caption")
            return cutoff_among(query, captions, known.pictures if said is None else captions, same=said is not None)
        if said is None:
            return cutoff_among(query, known.pictures, known.pictures, same=True)
        return cutoff(query, said, known)

    def _updated(self, gallery: str, root: Path, embedder: Embedder, stop: threading.Event) -> Iterator[Progress]:
        files, problems = scan(root)
        for step in update(self._store, gallery, files, embedder, stop):
            yield replace(step, skipped=(*problems, *step.skipped))

    def _composed(self, gallery: str, terms: Sequence[Term], known: Background, embedder: Embedder) -> tuple[Tensor, Tensor]:
        """The query's vector, and what each term puts in."""
        vectors = torch.stack([self._vector(gallery, term, embedder) for term in terms])
        weights = torch.tensor([term.weight for term in terms])
        of_words = torch.tensor([bool(term.words) for term in terms])
        return composed(vectors, weights, of_words, known.centres)

    def _vector(self, gallery: str, term: Term, embedder: Embedder) -> Tensor:
        if term.picture:
            return self._store.vectors(gallery, [term.picture])[0]
        if term.image is not None:
            key = content_hash(term.image)
            known = self._vectors.get(key)
            if known is None:
                known = embedder.pictures([term.image])[0]
                self._vectors.put(key, known, known.numel() * 4)
            return known
        return self._encoded(term.words, embedder)

    def _encoded(self, words: str, embedder: Embedder) -> Tensor:
        known = self._vectors.get(f"text {words}")
        if known is None:
            known = embedder.texts([words])[0]
            self._vectors.put(f"text {words}", known, known.numel() * 4 + len(words))
        return known

    def _background(self, info: GalleryInfo, embedder: Embedder) -> Background:
        with self._lock:
            of, known = self._backgrounds.get(info.name, (None, None))
            if known is None or of != info:
                known = background(self._store.sample(info.name, BACKGROUND_PICTURES), embedder)
                self._backgrounds[info.name] = (info, known)
            return known

    def _same_space(self, info: GalleryInfo, embedder: Embedder) -> None:
        if info.stamp != self._stamp_of(embedder):
            theirs = info.stamp.checkpoint.rstrip("/").rpartition("/")[2]
            raise OtherSpaceError(
                f"{shown(info.name)} was embedded with {shown(theirs)} in another version or with another preprocessing than "
                "the model in use. Its vectors cannot be compared; embed it anew, or start the app with that model.",
                f"{shown(info.name)} 由 {shown(theirs)} 的另一版本或另一种预处理生成，无法比较。请重新生成，或用那个模型启动。",
            )

    def _stamp_of(self, embedder: Embedder) -> Stamp:
        with self._lock:
            if self._stamp is None or self._stamp[0] != embedder.identity:
                stamp = Stamp(self._spec.id, embedder.weights_digest, embedder.preprocessing_digest, embedder.dim)
                self._stamp = (embedder.identity, stamp)
            return self._stamp[1]

    @contextmanager
    def _embedder(self) -> Iterator[Embedder]:
        with self._manager.use(self._spec, self._precision) as loaded:
            yield Embedder(loaded)

    @contextmanager
    def _indexing(self, gallery: str) -> Iterator[None]:
        """One process and thread at a time; a killed one lets go."""
        with _disk_sentences():
            (self._data / "locks").mkdir(parents=True, exist_ok=True)
        lock = FileLock(
            self._data / "locks" / f"{uuid.uuid5(uuid.NAMESPACE_URL, gallery.strip().casefold()).hex}.lock", thread_local=False
        )
        try:
            with _disk_sentences():
                lock.acquire(timeout=0)
        except Timeout:
            raise StoreError(
                f"{shown(gallery)} is being changed by somebody else. Try again when that is done.",
                f"{shown(gallery)} 正在被其他人修改。请稍后再试。",
            ) from None
        try:
            yield
        finally:
            lock.release()

    def _changeable(self, gallery: str) -> None:
        if not self.own(gallery):
            raise UserError(
                f"{shown(gallery)} ships with the app and stays as it is. Make a gallery of your own.",
                f"{shown(gallery)} 是内置图库，不能修改。请新建自己的图库。",
            )
        if not self.exists(gallery):
            raise no_such_gallery(gallery)
        with self._lock:
            self._backgrounds.pop(gallery, None)  # whatever changes, it is no longer what was sampled

    def _checked_name(self, name: str) -> str:
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise UserError(
                f"A gallery's name has 1 to {LONGEST_NAME} characters; this one has {len(name)}. Choose another.",
                f"图库名称应为 1 到 {LONGEST_NAME} 个字符，现在是 {len(name)} 个。请换一个。",
            )
        if not self.own(name):
            raise ships_with_the_app(name)
        return name

    def _is_own_folder(self, root: Path) -> bool:
        return root.resolve().parent == (self._data / "pictures").resolve()

    def _forget(self) -> None:
        self._vectors.clear()
        with self._lock:
            self._stamp = None
            self._backgrounds.clear()


class OtherSpaceError(StoreError):
    """A gallery whose vectors are another checkpoint's."""


@contextmanager
def _disk_sentences() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, Timeout):
            raise
        raise StoreError(
            f"The folder of the galleries cannot be written to ({error.strerror or 'no space or no permission'}). "
            "Free some space, or start the app with --galleries and another folder.",
            "图库文件夹无法写入。请腾出空间，或用 --galleries 指定另一个文件夹。",
        ) from error


def _without_duplicates(hits: Sequence[Hit], groups: Sequence[int]) -> list[Hit]:
    return [replace(hit, duplicates=groups.count(i) - 1) for i, hit in enumerate(hits) if groups[i] == i]


def _some(entries: Sequence[Entry], most: int) -> list[Entry]:
    step = -(-len(entries) // most) if entries else 1
    return list(entries[::step])
