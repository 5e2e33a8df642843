"""What is true of a scene: neighbours, sizes, kinds. Answers are made of these."""

from dataclasses import dataclass

from crossmodal.world.scenes import Relation, Scene
from crossmodal.world.vocabulary import Thing

KINDS: dict[str, tuple[str, str]] = {
    "animal": ("an animal", "动物"),
    "bird": ("a bird", "鸟类"),
    "insect": ("an insect", "昆虫"),
    "food": ("a food", "食物"),
    "fruit": ("a fruit", "水果"),
    "vegetable": ("a vegetable", "蔬菜"),
    "drink": ("a drink", "饮料"),
    "vehicle": ("a vehicle", "交通工具"),
    "instrument": ("an instrument", "乐器"),
    "tool": ("a tool", "工具"),
    "person": ("a person", "人物"),
    "building": ("a building", "建筑"),
    "plant": ("a plant", "植物"),
    "face": ("a face", "表情"),
    "toy": ("a toy", "玩具"),
}
"""Kinds that people ask for: with their article in English, and in Chinese."""

INVERSES: dict[Relation, Relation] = {
    "left of": "right of",
    "right of": "left of",
    "above": "below",
    "below": "above",
    "on": "below",
}
BIGGER_RATIO = 1.35
"""How many times as long as the other a thing must be before it is called bigger."""


@dataclass(frozen=True)
class Stated:
    """A relation that holds in the picture, from one thing's side."""

    subject: Thing
    relation: Relation
    other: Thing


def stated_relations(scene: Scene) -> list[Stated]:
    """Every relation that the scene was built with, from both sides."""
    found = []
    for link in scene.links:
        subject, other = scene.placed[link.subject].thing, scene.placed[link.other].thing
        found.append(Stated(subject, link.relation, other))
        found.append(Stated(other, INVERSES[link.relation], subject))
    return found


def in_reading_order(scene: Scene) -> list[Stated]:
    """The same relations once each, from the side of what is further left or up: a picture has one description."""
    return [_forward(stated) for stated in stated_relations(scene)[::2]]


def _forward(stated: Stated) -> Stated:
    if stated.relation not in ("right of", "below"):
        return stated
    return Stated(stated.other, INVERSES[stated.relation], stated.subject)


def where(scene: Scene, name: str) -> Stated | None:
    """The relation by which a person would say where that thing is: resting on another one before beside it."""
    mine = [s for s in stated_relations(scene) if s.subject.name == name]
    return next((s for s in mine if s.relation == "on"), mine[0] if mine else None)


def neighbour(scene: Scene, relation: Relation, name: str) -> Thing | None:
    """What is in that relation to the named thing; None where nothing is."""
    for stated in stated_relations(scene):
        if stated.relation == relation and stated.other.name == name:
            return stated.subject
    return None


def of_kind(scene: Scene, kind: str) -> list[Thing]:
    """One thing for each name in the picture that is of that kind."""
    return [scene.first(name).thing for name in scene.counts if scene.first(name).thing.belongs_to(kind)]


def bigger(scene: Scene) -> Thing | None:
    """The thing of a pair that is clearly longer than the other; None where they are alike or there is no pair."""
    if scene.structure != "pair":
        return None
    small, large = sorted(scene.placed, key=lambda p: p.size)
    return large.thing if large.size >= BIGGER_RATIO * small.size else None
