"""Scenes as data: what is where, how large, on what, and in which relation."""

from dataclasses import dataclass
from typing import Literal

from crossmodal.world.vocabulary import Thing

Structure = Literal["one", "pair", "three", "group", "groups"]
Relation = Literal["left of", "right of", "above", "below", "on"]
BackgroundKind = Literal["plain", "gradient", "horizon"]

RELATIONS: tuple[Relation, ...] = ("left of", "right of", "above", "below", "on")

PLAIN: dict[str, tuple[int, int, int]] = {
    "white": (255, 255, 255),
    "red": (214, 60, 55),
    "orange": (245, 150, 50),
    "yellow": (250, 225, 80),
    "green": (95, 185, 95),
    "blue": (85, 140, 225),
    "purple": (150, 95, 200),
    "pink": (250, 170, 200),
    "brown": (150, 105, 70),
    "grey": (160, 160, 160),
    "black": (25, 25, 28),
}
HORIZONS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "grass": ((190, 225, 250), (110, 180, 85)),
    "sea": ((205, 232, 250), (45, 115, 185)),
    "sand": ((180, 222, 250), (235, 205, 145)),
    "snow": ((175, 200, 225), (244, 247, 250)),
    "night": ((22, 26, 62), (38, 48, 44)),
}
"""Sky and ground."""

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Background:
    kind: BackgroundKind
    name: str
    """A key of PLAIN or HORIZONS."""
    top: RGB
    bottom: RGB
    line: float
    """Where sky meets ground, as a share of the height (horizons only)."""


@dataclass(frozen=True)
class Placed:
    """A thing at its place. Lengths are shares of the picture's side."""

    thing: Thing
    x: float
    """Centre, from the left."""
    y: float
    """Centre, from the top."""
    size: float
    """The longer side of the drawing."""
    angle: float = 0.0
    """Degrees, counter-clockwise."""
    mirrored: bool = False
    brightness: float = 1.0

    @property
    def width(self) -> float:
        return self.size * self.thing.width / max(self.thing.width, self.thing.height)

    @property
    def height(self) -> float:
        return self.size * self.thing.height / max(self.thing.width, self.thing.height)


@dataclass(frozen=True)
class Link:
    """`subject` stands in `relation` to `other`; both are positions in the scene's `placed`."""

    subject: int
    relation: Relation
    other: int


@dataclass(frozen=True)
class Scene:
    """What is in a picture. `placed` is drawn in order, so later things cover earlier ones.

    one: a single thing. pair: two names, one link. three: three names, two links. group: n alike.
    groups: n of one name on the left, m of another on the right.
    """

    structure: Structure
    background: Background
    placed: tuple[Placed, ...]
    links: tuple[Link, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many of each name are in the picture, in the order in which they are spoken of."""
        counts: dict[str, int] = {}
        for p in self.placed:
            counts[p.thing.name] = counts.get(p.thing.name, 0) + 1
        return counts

    def first(self, name: str) -> Placed:
        return next(p for p in self.placed if p.thing.name == name)
