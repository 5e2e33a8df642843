"""Draws scenes: the same seed gives the same scene."""

import random
from collections.abc import Sequence
from dataclasses import replace

from crossmodal.world.scenes import (
    HORIZONS,
    PLAIN,
    RELATIONS,
    RGB,
    Background,
    BackgroundKind,
    Link,
    Placed,
    Relation,
    Scene,
    Structure,
)
from crossmodal.world.vocabulary import Thing, Vocabulary, vocabulary

SHARES = (1.0, 2.0, 8.0)
"""How often a thing comes, by how common its word is: rare, ordinary, one of the words that people use most."""


class SceneSampler:
    """Draws scenes. Names that people use most come more often, unless `uniform` is asked for."""

    STRUCTURES: tuple[Structure, ...] = ("one", "pair", "three", "group", "groups")

    def __init__(
        self,
        words: Vocabulary | None = None,
        structure_weights: Sequence[float] = (0.35, 0.3, 0.12, 0.13, 0.1),
        uniform: bool = False,
    ) -> None:
        self._words = words or vocabulary()
        self._weights = structure_weights
        total, self._cumulative = 0.0, []
        for thing in self._words.things:
            total += 1.0 if uniform else SHARES[thing.common - 1]
            self._cumulative.append(total)

    def sample(self, seed: int, structure: Structure | None = None) -> Scene:
        rng = random.Random(seed)
        structure = structure or rng.choices(self.STRUCTURES, self._weights)[0]
        background = any_background(rng)
        if structure == "one":
            return Scene(structure, background, (self._one(rng),))
        if structure == "pair":
            return self._pair(rng, background)
        if structure == "three":
            return self._three(rng, background)
        return self._groups(rng, background, structure)

    def things(self, rng: random.Random, count: int) -> list[Thing]:
        """That many things of different names."""
        chosen: dict[str, Thing] = {}
        while len(chosen) < count:
            thing = rng.choices(self._words.things, cum_weights=self._cumulative)[0]
            chosen.setdefault(thing.name, thing)
        return list(chosen.values())

    def _one(self, rng: random.Random) -> Placed:
        size = rng.uniform(0.3, 0.9)
        margin = size / 2 * 0.9
        x, y = rng.uniform(margin, 1 - margin), rng.uniform(margin, 1 - margin)
        return placed_at(rng, self.things(rng, 1)[0], x, y, size)

    def _pair(self, rng: random.Random, background: Background) -> Scene:
        subject, other = self.things(rng, 2)
        return arrange_pair(rng, background, subject, other, rng.choice(RELATIONS))

    def _three(self, rng: random.Random, background: Background) -> Scene:
        a, b, c = self.things(rng, 3)
        if rng.random() < 0.5:
            return _row(rng, background, a, b, c)
        return _stack_and_side(rng, background, a, b, c)

    def _groups(self, rng: random.Random, background: Background, structure: Structure) -> Scene:
        if structure == "group":
            (thing,) = self.things(rng, 1)
            return Scene(structure, background, _scatter(rng, thing, rng.randint(2, 6), 0.0, 1.0))
        left, right = self.things(rng, 2)
        n = rng.randint(1, 4)
        m = rng.randint(1, min(4, 6 - n))
        return Scene(structure, background, _scatter(rng, left, n, 0.0, 0.5) + _scatter(rng, right, m, 0.5, 1.0))


def arrange_pair(rng: random.Random, background: Background, subject: Thing, other: Thing, relation: Relation) -> Scene:
    """A picture of `subject` in that relation to `other`."""
    if relation == "on":
        lower = placed_at(rng, other, 0, 0, rng.uniform(0.38, 0.56))
        upper = placed_at(rng, subject, 0, 0, rng.uniform(0.28, 0.44))
        x = rng.uniform(0.32, 0.68)
        y = 0.97 - lower.height / 2 - rng.uniform(0, max(0.0, 0.9 - lower.height - upper.height))
        lower = replace(lower, x=x, y=y)
        upper = replace(upper, x=x + rng.uniform(-0.06, 0.06), y=_resting_height(rng, upper, lower))
        return Scene("pair", background, (upper, lower)[::-1], (Link(1, "on", 0),))
    first, second = (subject, other) if relation in ("left of", "above") else (other, subject)
    sideways = relation in ("left of", "right of")
    placed = []
    for i, thing in enumerate((first, second)):
        size = rng.uniform(0.26, 0.47)
        along = 0.26 + 0.48 * i + rng.uniform(-0.03, 0.03)
        across = 0.5 + rng.uniform(-0.14, 0.14)
        placed.append(placed_at(rng, thing, *((along, across) if sideways else (across, along)), size))
    forward = relation in ("left of", "above")
    return Scene("pair", background, tuple(placed), (Link(0 if forward else 1, relation, 1 if forward else 0),))


def _resting_height(rng: random.Random, upper: Placed, lower: Placed) -> float:
    """Where the centre of `upper` lies when it sits on `lower`, sunk in a little."""
    return max(upper.height / 2 + 0.01, lower.y - lower.height / 2 - upper.height / 2 + rng.uniform(0.02, 0.08))


def _row(rng: random.Random, background: Background, a: Thing, b: Thing, c: Thing) -> Scene:
    placed = tuple(
        placed_at(rng, thing, 0.19 + 0.31 * i, 0.5 + rng.uniform(-0.2, 0.2), rng.uniform(0.24, 0.31))
        for i, thing in enumerate((a, b, c))
    )
    return Scene("three", background, placed, (Link(0, "left of", 1), Link(2, "right of", 1)))


def _stack_and_side(rng: random.Random, background: Background, a: Thing, b: Thing, c: Thing) -> Scene:
    """`a` on `b`, and `c` beside the two."""
    on_left = rng.random() < 0.5
    x = 0.27 if on_left else 0.73
    lower = placed_at(rng, b, 0, 0, rng.uniform(0.32, 0.44))
    upper = placed_at(rng, a, 0, 0, rng.uniform(0.24, 0.36))
    lower = replace(lower, x=x, y=0.95 - lower.height / 2 - rng.uniform(0, 0.12))
    upper = replace(upper, x=x, y=_resting_height(rng, upper, lower))
    side = placed_at(rng, c, 1 - x, rng.uniform(0.35, 0.7), rng.uniform(0.24, 0.4))
    relation: Relation = "right of" if on_left else "left of"
    return Scene("three", background, (lower, upper, side), (Link(1, "on", 0), Link(2, relation, 0)))


def _scatter(rng: random.Random, thing: Thing, count: int, left: float, right: float) -> tuple[Placed, ...]:
    """That many of one thing on the cells of a grid between two vertical lines."""
    span = right - left
    columns = _columns(count, narrow=span < 0.75)
    rows = -(-count // columns)
    cell_w, cell_h = span / columns, 1 / max(rows, 2)
    size = min(cell_w, cell_h) * rng.uniform(0.7, 0.92)
    top = 0.5 - rows * cell_h / 2
    cells = [(left + (i % columns + 0.5) * cell_w, top + (i // columns + 0.5) * cell_h) for i in range(rows * columns)]
    slack = 0.06 * min(cell_w, cell_h)
    return tuple(
        placed_at(rng, thing, x + rng.uniform(-slack, slack), y + rng.uniform(-slack, slack), size * rng.uniform(0.9, 1))
        for x, y in rng.sample(cells, count)
    )


def _columns(count: int, narrow: bool) -> int:
    if narrow:
        return 1 if count <= 2 else 2
    return {1: 1, 2: 2, 4: 2}.get(count, 3)


def alone(rng: random.Random, thing: Thing) -> Scene:
    """A scene that shows it and nothing else, large."""
    size = rng.uniform(0.45, 0.85)
    x, y = (rng.uniform(size / 2, 1 - size / 2) for _ in range(2))
    return Scene("one", any_background(rng), (placed_at(rng, thing, x, y, size),))


def placed_at(rng: random.Random, thing: Thing, x: float, y: float, size: float) -> Placed:
    mirrored = thing.category not in ("sign",) and rng.random() < 0.4
    return Placed(thing, x, y, size, rng.uniform(-9, 9), mirrored, rng.uniform(0.88, 1.08))


def any_background(rng: random.Random) -> Background:
    """Plain, a gradient or a horizon."""
    kind: BackgroundKind = rng.choices(("plain", "gradient", "horizon"), (0.45, 0.2, 0.35))[0]
    if kind == "horizon":
        name = rng.choice(tuple(HORIZONS))
        sky, ground = HORIZONS[name]
        return Background(kind, name, _shade(rng, sky), _shade(rng, ground), rng.uniform(0.4, 0.75))
    name = rng.choices(tuple(PLAIN), (4, *[1] * (len(PLAIN) - 1)))[0]
    colour = PLAIN[name] if name == "white" else _shade(rng, PLAIN[name])
    if kind == "plain" or name == "white":
        return Background("plain", name, colour, colour, 0.0)
    pale = _mixed(colour, (255, 255, 255), 0.3)
    return Background(kind, name, *((pale, colour) if rng.random() < 0.5 else (colour, pale)), 0.0)


def _mixed(colour: RGB, other: RGB, share: float) -> RGB:
    r, g, b = (round(c * (1 - share) + o * share) for c, o in zip(colour, other, strict=True))
    return r, g, b


def _shade(rng: random.Random, colour: RGB) -> RGB:
    r, g, b = (min(255, max(0, c + rng.randint(-9, 9))) for c in colour)
    return r, g, b
