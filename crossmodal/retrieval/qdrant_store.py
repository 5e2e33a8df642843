"""Galleries past one machine: a Qdrant server or cluster behind the same protocol.

One collection a gallery, and one that lists the galleries with their stamps. Needs `qdrant-client`, which the app itself
does not. Its local mode (":memory:" or a folder) is for testing this adapter: it is slow and not safe to share.
"""

import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

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
    name_taken,
    no_such_gallery,
    no_such_picture,
    words_of,
)

T = TypeVar("T")
LIST = "crossmodal-galleries"
PREFIX = "crossmodal-"
ATTEMPTS = 4
FIRST_PAUSE = 0.25
"""Seconds before the second attempt; twice as long before each further one."""
AT_ONCE = 256
"""Points of one request."""
NAMESPACE = uuid.UUID("5b3c1a64-61a3-4a39-8a5d-0a4d4d2f7f10")
INDEXES = {"kind": "keyword", "picture": "keyword", "folders": "keyword", "words": "keyword", "day": "integer"}
"""Made before the first point: a filter over a field without one loses recall in Qdrant's graph."""


class QdrantStore:
    """Speaks to the server at `url`. `timeout`: seconds that one request may take."""

    def __init__(self, url: str, key: str | None = None, timeout: int = 20, pause: float = FIRST_PAUSE) -> None:
        try:
            from qdrant_client import QdrantClient
        except ImportError as error:
            raise StoreError(
                "Galleries on Qdrant need the package qdrant-client. Install it: pip install qdrant-client",
                "使用 Qdrant 图库需要 qdrant-client。请安装：pip install qdrant-client",
            ) from error
        self._url, self._pause = url, pause
        remote = url.startswith(("http://", "https://"))
        self._local = not remote
        if remote:
            self._client = QdrantClient(url=url, api_key=key, timeout=timeout, check_compatibility=False)
        else:
            self._client = QdrantClient(url) if url == ":memory:" else QdrantClient(path=url)

    def names(self) -> list[str]:
        return sorted(str(payload["name"]) for payload in self._listed())

    def info(self, gallery: str) -> GalleryInfo:
        return self._info(self._payload(gallery))

    def create(self, gallery: str, root: str, stamp: Stamp) -> None:
        if self._find(gallery) is not None:
            raise name_taken(gallery)
        collection = self._new_collection(stamp.dim)
        self._list(gallery, {"name": gallery, "root": root, "collection": collection, "stamp": asdict(stamp)})

    def reset(self, gallery: str, stamp: Stamp) -> None:
        payload = self._payload(gallery)
        made = self._new_collection(stamp.dim)
        self._list(gallery, {**payload, "collection": made, "stamp": asdict(stamp)})
        old = str(payload["collection"])
        self._call(lambda: self._client.delete_collection(old))

    def rename(self, gallery: str, name: str) -> None:
        payload = self._payload(gallery)
        same = gallery.strip().casefold() == name.strip().casefold()  # another case
        if not same and self._find(name) is not None:
            raise name_taken(name)
        self._list(name, {**payload, "name": name})
        if not same:
            self._unlist(gallery)

    def delete(self, gallery: str) -> None:
        collection = str(self._payload(gallery)["collection"])
        self._unlist(gallery)  # first: a listed gallery always has its points
        self._call(lambda: self._client.delete_collection(collection))

    def add(self, gallery: str, entries: Sequence[Entry]) -> None:
        from qdrant_client import models

        payload = self._payload(gallery)
        collection, dim = str(payload["collection"]), int(payload["stamp"]["dim"])
        points = [
            models.PointStruct(id=_point(e.id), vector=checked_vector(e, dim).tolist(), payload=_payload(e, i))
            for i, e in enumerate(entries, start=time.time_ns())
        ]
        if not points:
            return
        self._call(lambda: self._client.upsert(collection, points, wait=True))  # one request: all of them or none
        pictures = [e.id for e in entries if e.kind == "picture"]
        left_over = models.Filter(
            must=[models.FieldCondition(key="picture", match=models.MatchAny(any=pictures))],
            must_not=[models.HasIdCondition(has_id=[point.id for point in points])],
        )
        if pictures:
            self._call(lambda: self._client.delete(collection, models.FilterSelector(filter=left_over), wait=True))

    def remove(self, gallery: str, pictures: Sequence[str]) -> None:
        from qdrant_client import models

        collection = str(self._payload(gallery)["collection"])
        chosen = models.Filter(must=[models.FieldCondition(key="picture", match=models.MatchAny(any=list(pictures)))])
        if pictures:
            self._call(lambda: self._client.delete(collection, models.FilterSelector(filter=chosen), wait=True))

    def entries(self, gallery: str, kind: Kind = "picture", where: Filter = ANY) -> list[Entry]:
        points = sorted(self._points(gallery, kind, where), key=lambda p: (p.payload["order"], p.payload["id"]))
        return [_entry(point.payload) for point in points]

    def vectors(self, gallery: str, ids: Sequence[str]) -> Tensor:
        payload = self._payload(gallery)
        collection, keys = str(payload["collection"]), [_point(i) for i in ids]
        by_id: dict[str, Any] = {}
        for start in range(0, len(keys), AT_ONCE):
            part = keys[start : start + AT_ONCE]
            request = partial(self._client.retrieve, collection, part, with_vectors=True, with_payload=False)
            by_id.update({str(point.id): point.vector for point in self._call(request)})
        if any(key not in by_id for key in keys):
            raise no_such_picture()
        return _tensor([by_id[key] for key in keys], int(payload["stamp"]["dim"]))

    def sample(self, gallery: str, most: int, kind: Kind = "picture") -> Tensor:
        found = []
        for point in self._points(gallery, kind, Filter(), vectors=True):
            found.append(point.vector)
            if len(found) == most:
                break  # points come in the order of their ids, which are digests
        return _tensor(found, self.info(gallery).stamp.dim)

    def search(self, gallery: str, queries: Tensor, k: int, kind: Kind = "picture", where: Filter = ANY) -> list[list[Found]]:
        collection = str(self._payload(gallery)["collection"])
        chosen = _filter(kind, where)
        found = []
        for query in queries.tolist():
            request = partial(self._client.query_points, collection, query, query_filter=chosen, limit=max(k, 1))
            found.append([Found(_entry(p.payload or {}), float(p.score)) for p in self._call(request).points[:k]])
        return found

    def close(self) -> None:
        self._client.close()

    def _new_collection(self, dim: int) -> str:
        from qdrant_client import models

        collection = PREFIX + uuid.uuid4().hex
        product = models.VectorParams(size=dim, distance=models.Distance.DOT)  # the vectors are of length 1 already
        self._call(lambda: self._client.create_collection(collection, vectors_config=product))
        for field, kind in INDEXES.items():
            self._index(collection, field, kind)
        return collection

    def _points(self, gallery: str, kind: Kind, where: Filter, vectors: bool = False) -> Iterator[Any]:
        collection, chosen, offset = str(self._payload(gallery)["collection"]), _filter(kind, where), None
        while True:
            request = partial(
                self._client.scroll, collection, scroll_filter=chosen, limit=AT_ONCE, offset=offset, with_vectors=vectors
            )
            points, offset = self._call(request)
            yield from points
            if offset is None:
                return

    def _info(self, payload: dict[str, Any]) -> GalleryInfo:
        collection = str(payload["collection"])
        kinds: tuple[Kind, Kind] = ("picture", "caption")
        pictures, captions = (
            self._call(partial(self._client.count, collection, count_filter=_filter(kind, ANY), exact=True)) for kind in kinds
        )
        stamp = Stamp(**payload["stamp"])
        return GalleryInfo(str(payload["name"]), str(payload["root"]), stamp, pictures.count, captions.count)

    def _payload(self, gallery: str) -> dict[str, Any]:
        found = self._find(gallery)
        if found is None:
            raise no_such_gallery(gallery)
        return found

    def _find(self, gallery: str) -> dict[str, Any] | None:
        key = _point(gallery.strip().casefold())
        if not self._call(lambda: self._client.collection_exists(LIST)):
            return None
        found = self._call(lambda: self._client.retrieve(LIST, [key]))
        return dict(found[0].payload or {}) if found else None

    def _listed(self) -> list[dict[str, Any]]:
        if not self._call(lambda: self._client.collection_exists(LIST)):
            return []
        points, _ = self._call(lambda: self._client.scroll(LIST, limit=10_000))
        return [dict(point.payload or {}) for point in points]

    def _list(self, gallery: str, payload: dict[str, Any]) -> None:
        from qdrant_client import models

        if not self._call(lambda: self._client.collection_exists(LIST)):
            nothing = models.VectorParams(size=1, distance=models.Distance.DOT)
            self._call(lambda: self._client.create_collection(LIST, vectors_config=nothing))
        point = models.PointStruct(id=_point(gallery.strip().casefold()), vector=[1.0], payload=payload)
        self._call(lambda: self._client.upsert(LIST, [point], wait=True))

    def _unlist(self, gallery: str) -> None:
        from qdrant_client import models

        key = models.PointIdsList(points=[_point(gallery.strip().casefold())])
        self._call(lambda: self._client.delete(LIST, key, wait=True))

    def _index(self, collection: str, field: str, kind: Any) -> None:
        with warnings.catch_warnings():
            if self._local:
                warnings.simplefilter("ignore")  # local mode has no indexes, and says so
            self._call(lambda: self._client.create_payload_index(collection, field, field_schema=kind, wait=True))

    def _call(self, request: Callable[[], T]) -> T:
        """The answer; asks again, after growing pauses, where the server is down, busy or slow.

        Every request of ours may be repeated: points and collections have ids of their own.
        """
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        for attempt in range(ATTEMPTS):
            try:
                return request()
            except UnexpectedResponse as error:
                status = error.status_code or 0
                if status == 409 and attempt > 0:
                    return cast("T", None)  # made by the attempt before, whose answer was lost
                if status < 500 and status != 429:
                    raise self._refused(status) from error
                reason: Exception = error
            except (ResponseHandlingException, ConnectionError, TimeoutError) as error:
                reason = error
            if attempt < ATTEMPTS - 1:
                time.sleep(self._pause * 2**attempt)
        raise StoreError(
            f"The Qdrant server did not answer, {ATTEMPTS} times in a row. Check that it runs and try again.",
            f"Qdrant 服务器连续 {ATTEMPTS} 次没有响应。请确认它在运行，然后再试。",
        ) from reason

    @staticmethod
    def _refused(status: int) -> StoreError:
        if status in (401, 403):
            return StoreError(
                "The Qdrant server refused the key. Set QDRANT_API_KEY.", "Qdrant 服务器拒绝了密钥。请设置 QDRANT_API_KEY。"
            )
        return StoreError(
            f"The Qdrant server refused the request ({status}). See its log.",
            f"Qdrant 服务器拒绝了请求（{status}）。请查看其日志。",
        )


def _point(entry_id: str) -> str:
    """Qdrant takes numbers and UUIDs as ids."""
    return str(uuid.uuid5(NAMESPACE, entry_id))


def _payload(entry: Entry, order: int) -> dict[str, Any]:
    parts = entry.folder.split("/") if entry.folder else []
    return {
        **{name: getattr(entry, name) for name in FIELDS},
        "order": order,
        "folders": ["/".join(parts[: i + 1]) for i in range(len(parts))],
        "words": words_of(entry.text),
        "day": _day(entry.date),
    }


def _entry(payload: dict[str, Any]) -> Entry:
    return Entry(**{name: payload[name] for name in FIELDS})


def _tensor(vectors: Sequence[Any], dim: int) -> Tensor:
    return torch.tensor(vectors, dtype=torch.float32).reshape(-1, dim)


def _day(date: str) -> int:
    """A date as a number that sorts alike, -1 where there is none."""
    digits = date.replace("-", "")
    return int(digits) if digits.isdigit() else -1


def _filter(kind: Kind, where: Filter) -> Any:
    from qdrant_client import models

    must: list[Any] = [models.FieldCondition(key="kind", match=models.MatchValue(value=kind))]
    if where.folder:
        must.append(models.FieldCondition(key="folders", match=models.MatchValue(value=where.folder)))
    if where.since or where.until:
        earliest = _day(where.since) if where.since else 0
        latest = _day(where.until) if where.until else None
        must.append(models.FieldCondition(key="day", range=models.Range(gte=earliest, lte=latest)))
    for word in words_of(where.contains):
        must.append(models.FieldCondition(key="words", match=models.MatchValue(value=word)))
    if where.picture:
        must.append(models.FieldCondition(key="picture", match=models.MatchValue(value=where.picture)))
    return models.Filter(must=must)
