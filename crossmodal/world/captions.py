"""Captions that are true of a scene: what the dual encoder learns from."""

import random

from crossmodal.world.scenes import Scene
from crossmodal.world.vocabulary import Thing
from crossmodal.world.words import RELATION_WORDS, Language, place

EN_TEMPLATES = ("{}", "a picture of {}", "{}", "there is {}", "a scene with {}")
ZH_TEMPLATES = ("{}", "一张{}的图片", "{}", "图片里有{}", "这是{}")

ALIAS_SHARE = 0.15
PLACE_SHARE = 0.3


def caption(scene: Scene, language: Language, rng: random.Random) -> str:
    """One of the many true captions of a scene."""
    content = _content(scene, language, rng)
    if rng.random() < PLACE_SHARE:
        where = place(scene.background, language)
        content = f"{content} {where}" if language == "en" else f"{where}，{content}"
    return rng.choice(EN_TEMPLATES if language == "en" else ZH_TEMPLATES).format(content)


def label(thing: Thing, language: Language, rng: random.Random) -> str:
    """A name of a thing as a person would type it: bare, with its article, or an alias."""
    aliases = thing.aliases if language == "en" else thing.zh_aliases
    if aliases and rng.random() < ALIAS_SHARE:
        return rng.choice(aliases)
    if language == "en":
        return thing.one if rng.random() < 0.4 else thing.name
    return thing.zh_one if rng.random() < 0.3 else thing.zh


def _content(scene: Scene, language: Language, rng: random.Random) -> str:
    if scene.structure == "one":
        return label(scene.placed[0].thing, language, rng)
    if scene.structure in ("group", "groups"):
        parts = []
        for name, n in scene.counts.items():
            thing = scene.first(name).thing
            parts.append(thing.count(n) if language == "en" else thing.zh_count(n))
        return (" and " if language == "en" else "和").join(parts)
    return (", and " if language == "en" else "，").join(_link_words(scene, i, language) for i in range(len(scene.links)))


def _link_words(scene: Scene, index: int, language: Language) -> str:
    link = scene.links[index]
    subject, other = scene.placed[link.subject].thing, scene.placed[link.other].thing
    relation = RELATION_WORDS[link.relation][language == "zh"]
    if language == "en":
        return f"{subject.one} {relation} {other.one}"
    return f"{subject.zh_one}在{other.zh_one}{relation}"
