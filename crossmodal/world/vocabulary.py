"""The things that the picture book knows: what each looks like, is called and is counted with, in two languages."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from crossmodal.paths import SPRITES

CATEGORY_PARENTS = {
    "bird": "animal",
    "sea animal": "animal",
    "insect": "animal",
    "fruit": "food",
    "vegetable": "food",
    "dish": "food",
}
"""Kinds that are also kinds of something: a bird is an animal."""

ZH_NUMBERS = ("零", "一", "两", "三", "四", "五", "六")
EN_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six")


@dataclass(frozen=True)
class Feeling:
    """What a face shows: an adjective in each language."""

    en: str
    zh: str


@dataclass(frozen=True)
class Thing:
    """One sprite and its words. Several things may share a name: two drawings of a cat are both "cat"."""

    index: int
    """Its cell in the sprite atlas, row by row."""
    glyph: str
    name: str
    one: str
    """The noun phrase for one of it: "an apple", "a pair of glasses"."""
    many: str
    """What follows a number: "apples", "pairs of glasses"."""
    zh: str
    measure: str
    """The Chinese measure word."""
    category: str
    common: int
    """3 for words that people use most, 1 for rare ones."""
    aliases: tuple[str, ...]
    zh_aliases: tuple[str, ...]
    feeling: Feeling | None
    width: int
    """Width of the drawing inside its cell of 128 pixels."""
    height: int

    @property
    def definite(self) -> str:
        """The phrase for one that was already spoken of: "the apple", "Santa Claus"."""
        article, _, rest = self.one.partition(" ")
        return f"the {rest}" if article in ("a", "an", "the") else self.one

    @property
    def zh_one(self) -> str:
        return f"一{self.measure}{self.zh}"

    def count(self, n: int) -> str:
        """Say n of it in English: "two mice"."""
        return self.one if n == 1 else f"{EN_NUMBERS[n]} {self.many}"

    def zh_count(self, n: int) -> str:
        return f"{ZH_NUMBERS[n]}{self.measure}{self.zh}"

    def belongs_to(self, category: str) -> bool:
        return category in (self.category, CATEGORY_PARENTS.get(self.category))


class Vocabulary:
    """All things, and the ways to look them up."""

    def __init__(self, things: tuple[Thing, ...]) -> None:
        self.things = things
        self.by_name: dict[str, list[Thing]] = {}
        for thing in things:
            self.by_name.setdefault(thing.name, []).append(thing)
        self.names = tuple(self.by_name)
        self.name_ids = {name: i for i, name in enumerate(self.names)}

    def named(self, name: str) -> Thing:
        """The first thing of that name. Raises KeyError for a name that the picture book does not know."""
        return self.by_name[name][0]

    def __len__(self) -> int:
        return len(self.things)


def read_vocabulary(path: Path) -> Vocabulary:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return Vocabulary(tuple(_thing(i, row) for i, row in enumerate(rows)))


def _thing(index: int, row: dict[str, str]) -> Thing:
    feeling = row["feeling"].split("/")
    return Thing(
        index=index,
        glyph=row["glyph"],
        name=row["name"],
        one=row["one"],
        many=row["many"],
        zh=row["zh"],
        measure=row["measure"],
        category=row["category"],
        common=int(row["common"]),
        aliases=tuple(filter(None, row["aliases"].split("|"))),
        zh_aliases=tuple(filter(None, row["zh_aliases"].split("|"))),
        feeling=Feeling(*feeling) if len(feeling) == 2 else None,
        width=int(row["width"]),
        height=int(row["height"]),
    )


@cache
def vocabulary() -> Vocabulary:
    """The bundled vocabulary, read once."""
    return read_vocabulary(SPRITES / "vocabulary.tsv")
