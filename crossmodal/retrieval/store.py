"""What a gallery's index holds, and what every store of galleries can do."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal, Protocol

from crossmodal.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

_WORD = re.compile(r"[一-鿿]|[^\W一-鿿]+")
Kind = Literal["picture", "caption"]


class StoreError(UserError):
    """A store that cannot do what was asked: a full disk, a server that is down, a gallery of another version."""


class GoneError(StoreError):
    """A picture that is no longer in the gallery."""


class DamagedError(StoreError):
    """An index whose file is corrupted."""


@dataclass(frozen=True)
class Stamp:
    """The space that vectors lie in. Vectors of different stamps must never be compared."""

    checkpoint: str
    revision: str
    """The Hub's commit, or a digest of the weights where there is none."""
    preprocessing: str
    """A digest of how pictures and texts become tensors."""
    dim: int


@dataclass(frozen=True)
class Entry:
    """One vector of a gallery and what is known of it: a picture, or one of a picture's captions."""

    id: str
    """Unique in its gallery."""
    picture: str
    """The id of the picture; for a picture its own."""
    kind: Kind
    name: str
    """The picture's path below the gallery's folder, with "/"."""
    text: str
    """A caption's words; for a picture all its captions, one a line."""
    date: str = ""
    """YYYY-MM-DD, empty where it is not known."""
    content: str = ""
    """Digest of the file, so that the same content is embedded once."""
    size: int = 0
    """Bytes of the file."""
    modified: int = 0
    """Nanoseconds since the epoch, so that a re-scan sees what changed."""
    vector: "Tensor | None" = None
    """(dim,), L2-normalised; None where it was not asked for."""

    @property
    def folder(self) -> str:
        return self.name.rpartition("/")[0]


@dataclass(frozen=True)
class Filter:
    """Which pictures may be hits. Empty fields let everything pass."""

    folder: str = ""
    """This folder and those below it."""
    since: str = ""
    """YYYY-MM-DD, inclusive."""
    until: str = ""
    """YYYY-MM-DD, inclusive."""
    contains: str = ""
    """Words that the captions hold, in any case and order; of Chinese, characters."""
    picture: str = ""
    """Of this picture alone."""

    @property
    def empty(self) -> bool:
        return self == Filter()


ANY = Filter()


@dataclass(frozen=True)
class Found:
    """One search result."""

    entry: Entry
    score: float
    """Cosine similarity, -1 to 1."""


@dataclass(frozen=True)
class GalleryInfo:
    """A gallery as a list of galleries shows it."""

    name: str
    root: str
    """Folder of its pictures."""
    stamp: Stamp
    pictures: int
    captions: int


class Store(Protocol):
    """Galleries of vectors. Every method raises StoreError, in one sentence, where it cannot do its work."""

    def names(self) -> list[str]:
        """Of all galleries, sorted; also of those that `info` then refuses."""

    def info(self, gallery: str) -> GalleryInfo:
        """Raises StoreError where there is no such gallery."""

    def create(self, gallery: str, root: str, stamp: Stamp) -> None:
        """Raises StoreError where the name is taken."""

    def reset(self, gallery: str, stamp: Stamp) -> None:
        """Empty the gallery and give it another space. Its name and folder are never lost."""

    def rename(self, gallery: str, name: str) -> None:
        """Raises StoreError where the new name is taken."""

    def delete(self, gallery: str) -> None:
        """The index goes; the pictures stay where they are."""

    def add(self, gallery: str, entries: Sequence[Entry]) -> None:
        """All of them or none, safe when this returns. A picture that is there already is replaced, with its captions."""

    def remove(self, gallery: str, pictures: Sequence[str]) -> None:
        """Pictures and their captions. Ids that are not there are passed over."""

    def entries(self, gallery: str, kind: Kind = "picture", where: Filter = ANY) -> list[Entry]:
        """In the order in which they were added, without vectors."""

    def vectors(self, gallery: str, ids: Sequence[str]) -> "Tensor":
        """(ids, dim). Raises StoreError for an id that is not there."""

    def sample(self, gallery: str, most: int, kind: Kind = "picture") -> "Tensor":
        """(at most so many, dim): some of its vectors, the same ones each time while the gallery stays as it is."""

    def search(self, gallery: str, queries: "Tensor", k: int, kind: Kind = "picture", where: Filter = ANY) -> list[list[Found]]:
        """The k entries most like each query, best first. queries: (queries, dim), L2-normalised."""

    def close(self) -> None:
        """Let go of files and connections."""


FIELDS = tuple(field.name for field in fields(Entry) if field.name != "vector")
"""What of an entry a store keeps beside its vector, in the order in which `Entry` takes it."""


def checked_vector(entry: Entry, dim: int) -> "Tensor":
    """The vector of an entry that is to be stored. Raises ValueError where it has none of that length."""
    if entry.vector is None or entry.vector.shape != (dim,):
        raise ValueError(f"{entry.id} has no vector of {dim} numbers")
    return entry.vector.float()


def words_of(text: str) -> list[str]:
    """The different words of a text, and its Chinese characters one by one, as `Filter.contains` compares them."""
    return list(dict.fromkeys(_WORD.findall(text.casefold())))


def damaged() -> DamagedError:
    return DamagedError(
        "The gallery's index is damaged. Re-scan it: it is made anew from the pictures.",
        "图库的索引已损坏。请重新扫描，索引会从图片重建。",
    )


def no_such_gallery(name: str) -> StoreError:
    return StoreError(
        f"There is no gallery {shown(name)}. Choose one of the list.", f"没有图库 {shown(name)}。请从列表中选择。"
    )


def name_taken(name: str) -> StoreError:
    return StoreError(
        f"There is a gallery {shown(name)} already. Choose another name, or re-scan it.",
        f"已经有图库 {shown(name)}。请换一个名称，或重新扫描它。",
    )


def ships_with_the_app(name: str) -> StoreError:
    return StoreError(f"{shown(name)} ships with the app. Choose another name.", f"{shown(name)} 是内置图库。请换一个名称。")


def no_such_picture() -> GoneError:
    return GoneError("The picture is no longer in the gallery. Search again.", "图片已不在图库中。请重新检索。")


def shown(name: str) -> str:
    """A gallery's name within a sentence."""
    plain = "".join(c for c in name if c.isprintable() and c not in "<>&`\"'[]()!*_|\\#")
    return f"“{plain[:60]}”"
