"""What is true of a scene, put into questions' slots and answers, family by family."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from crossmodal.world import facts
from crossmodal.world.scenes import RELATIONS, Relation, Scene
from crossmodal.world.vocabulary import Thing, vocabulary
from crossmodal.world.words import RELATION_WORDS, ZH_COLOURS, Language, place

SITTERS = ("animal", "bird", "insect", "person")
ALIAS_SHARE = 0.07


@dataclass(frozen=True)
class Reply:
    """Slots for the question, and the answer."""

    slots: dict[str, str]
    answer: str
    subject: Thing | None = None
    """What "it" means in the next question."""


Asker = Callable[[Scene, Language, random.Random], Reply | None]
FollowUp = Callable[[Scene, Language, random.Random, Thing], Reply | None]


def capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _slots(thing: Thing, rng: random.Random, prefix: str = "") -> dict[str, str]:
    the, x = thing.definite, thing.zh
    if thing.aliases and rng.random() < ALIAS_SHARE:
        the = f"the {rng.choice(thing.aliases)}"
    if thing.zh_aliases and rng.random() < ALIAS_SHARE:
        x = rng.choice(thing.zh_aliases)
    words = {"a": thing.one, "the": the, "many": thing.many, "x": x, "one": f"一{thing.measure}{x}", "m": thing.measure}
    return {prefix + key: word for key, word in words.items()}


def _listed(words: list[str], language: Language) -> str:
    last_joint = " and " if language == "en" else "和"
    return last_joint.join(filter(None, [(", " if language == "en" else "、").join(words[:-1]), words[-1]]))


def _counted(scene: Scene, language: Language) -> str:
    spoken = [thing.name for stated in facts.in_reading_order(scene) for thing in (stated.subject, stated.other)]
    parts = [(scene.first(name).thing, scene.counts[name]) for name in dict.fromkeys((*spoken, *scene.counts))]
    return _listed([t.count(n) if language == "en" else t.zh_count(n) for t, n in parts], language)


def _absent(scene: Scene, rng: random.Random) -> Thing:
    while (thing := rng.choice(vocabulary().things)).name in scene.counts:
        pass
    return thing


def _present(scene: Scene, rng: random.Random) -> Thing:
    return scene.first(rng.choice(tuple(scene.counts))).thing


def no_such_thing(thing: Thing, language: Language) -> str:
    return f"There is no {thing.name} in the picture." if language == "en" else f"图片里没有{thing.zh}。"


def relation_sentence(stated: facts.Stated, language: Language, new: bool = False) -> str:
    """ "The cat is sitting on the laptop."; with `new`, things are named as if not spoken of before."""
    subject, other = stated.subject, stated.other
    word = RELATION_WORDS[stated.relation][language == "zh"]
    sits = stated.relation == "on" and any(subject.belongs_to(kind) for kind in SITTERS)
    if language == "zh":
        verb = "坐在" if sits else "在"
        return f"{subject.zh_one if new else subject.zh}{verb}{other.zh_one if new else other.zh}{word}。"
    verb = "is sitting" if sits else "is"
    return capital(f"{subject.one if new else subject.definite} {verb} {word} {other.one if new else other.definite}.")


def _identify(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    subject = scene.placed[0].thing if len(scene.counts) == 1 else None
    if language == "zh":
        return Reply({}, f"这是{_counted(scene, language)}。", subject)
    return Reply({}, f"{'This is' if len(scene.placed) == 1 else 'These are'} {_counted(scene, language)}.", subject)


def _describe(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    if scene.links:
        stated = facts.in_reading_order(scene)
        sentences = [relation_sentence(stated[0], language, new=True)]
        sentences += [relation_sentence(s, language) for s in stated[1:]]
        return Reply({}, (" " if language == "en" else "").join(sentences), stated[0].subject)
    what, there = _counted(scene, language), place(scene.background, language)
    subject = scene.placed[0].thing if len(scene.placed) == 1 else None
    if language == "zh":
        return Reply({}, f"{there}有{what}。", subject)
    verb = "is" if next(iter(scene.counts.values())) == 1 else "are"
    return Reply({}, f"There {verb} {what} {there}.", subject)


def _where(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    if rng.random() < 0.15:
        thing = _absent(scene, rng)
        return Reply(_slots(thing, rng), no_such_thing(thing, language))
    thing = _present(scene, rng)
    answer = _where_answer(scene, thing, language)
    return Reply(_slots(thing, rng), answer, thing) if answer else None


def _where_answer(scene: Scene, thing: Thing, language: Language) -> str | None:
    if stated := facts.where(scene, thing.name):
        return relation_sentence(stated, language)
    if scene.structure != "one":
        return None
    there = place(scene.background, language)
    return capital(f"{thing.definite} is {there}.") if language == "en" else f"{thing.zh}{there}。"


def _relation(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    if not scene.links:
        return None
    if rng.random() < 0.12:
        thing = _absent(scene, rng)
        relation = rng.choice(RELATIONS)
        return Reply(_slots(thing, rng) | _relation_slot(relation), no_such_thing(thing, language))
    stated = rng.choice(facts.stated_relations(scene))
    return _beside(scene, language, rng, stated.other, stated.relation)


def _relation_slot(relation: Relation) -> dict[str, str]:
    en, zh = RELATION_WORDS[relation]
    return {"relation": en, "zh_relation": zh}


def _beside(scene: Scene, language: Language, rng: random.Random, thing: Thing, relation: Relation) -> Reply | None:
    slots = _slots(thing, rng) | _relation_slot(relation)
    if found := facts.neighbour(scene, relation, thing.name):
        stated = facts.Stated(found, relation, thing)
        sits = relation == "on" and any(found.belongs_to(kind) for kind in SITTERS)
        if language == "zh":
            answer = f"{found.zh_one}{'坐' if sits else ''}在{thing.zh}{slots['zh_relation']}。"
        else:
            verb = "is sitting" if sits else "is"
            answer = capital(f"{stated.subject.one} {verb} {slots['relation']} {thing.definite}.")
        return Reply(slots, answer, found)
    if language == "zh":
        return Reply(slots, f"{thing.zh}{slots['zh_relation']}什么都没有。")
    return Reply(slots, f"There is nothing {slots['relation']} {thing.definite}.")


def _exists(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    if rng.random() < 0.5:
        thing = _absent(scene, rng)
        no = no_such_thing(thing, language)
        return Reply(_slots(thing, rng), f"No, t{no[1:]}" if language == "en" else f"没有，{no}")
    thing = _present(scene, rng)
    n = scene.counts[thing.name]
    if language == "zh":
        return Reply(_slots(thing, rng), f"有，图片里有{thing.zh_count(n)}。", thing)
    return Reply(_slots(thing, rng), f"Yes, there {'is' if n == 1 else 'are'} {thing.count(n)}.", thing)


def _count(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    if rng.random() < 0.1:
        thing = _absent(scene, rng)
        answer = f"There are no {thing.many}." if language == "en" else f"图片里没有{thing.zh}。"
        return Reply(_slots(thing, rng), answer)
    thing = _present(scene, rng)
    if scene.structure in ("pair", "three", "one") and rng.random() < 0.6:
        return None  # ones are plenty already
    return Reply(_slots(thing, rng), _count_answer(scene, thing, language), thing)


def _count_answer(scene: Scene, thing: Thing, language: Language) -> str:
    n = scene.counts[thing.name]
    if language == "zh":
        return f"图片里有{thing.zh_count(n)}。"
    return f"There is {thing.one}." if n == 1 else f"There are {thing.count(n)}."


def _kind_slots(kind: str, language: Language) -> dict[str, str]:
    akind, zh = facts.KINDS[kind]
    return {"kind": kind if language == "en" else zh, "akind": akind}


def _category(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    present = [kind for kind in facts.KINDS if len(facts.of_kind(scene, kind)) == 1]
    absent = [kind for kind in facts.KINDS if not facts.of_kind(scene, kind)]
    if not present or rng.random() < 0.15:
        if present or rng.random() < 0.2:
            kind = rng.choice(absent)
            slots = _kind_slots(kind, language)
            no = f"There is no {kind} in the picture." if language == "en" else f"图片里没有{slots['kind']}。"
            return Reply(slots, no)
        return None
    kind = rng.choice(present)
    (thing,) = facts.of_kind(scene, kind)
    n = scene.counts[thing.name]
    answer = f"是{thing.zh_count(n)}。" if language == "zh" else f"There {'is' if n == 1 else 'are'} {thing.count(n)}."
    return Reply(_kind_slots(kind, language), answer, thing)


def _kind(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    thing = _present(scene, rng) if rng.random() < 0.6 else rng.choice(vocabulary().things)
    return _kind_reply(language, rng, thing)


def _kind_reply(language: Language, rng: random.Random, thing: Thing) -> Reply | None:
    mine = [kind for kind in facts.KINDS if thing.belongs_to(kind)]
    kind = rng.choice(mine) if mine and rng.random() < 0.55 else rng.choice(tuple(facts.KINDS))
    akind, zh = facts.KINDS[kind]
    yes = thing.belongs_to(kind)
    if language == "zh":
        answer = f"{'是的' if yes else '不是'}，{thing.zh}{'' if yes else '不'}是{zh}。"
    else:
        answer = f"Yes, {thing.one} is {akind}." if yes else f"No, {thing.one} is not {akind}."
    return Reply(_slots(thing, rng) | _kind_slots(kind, language), answer, thing)


def _more(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    if len(scene.counts) != 2:
        return None
    a, b = (scene.first(name).thing for name in rng.sample(tuple(scene.counts), 2))
    n, m = scene.counts[a.name], scene.counts[b.name]
    if language == "zh":
        answer = "一样多。" if n == m else f"{'是的' if n > m else '不是'}，{(a if n > m else b).zh}更多。"
    elif n == m:
        answer = f"No, there are as many {a.many} as {b.many}."
    else:
        more, less = (a, b) if n > m else (b, a)
        answer = f"{'Yes' if n > m else 'No'}, there are more {more.many} than {less.many}."
    return Reply(_slots(a, rng) | _slots(b, rng, "b_"), answer)


def _bigger(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    large = facts.bigger(scene)
    if large is None:
        return None
    a, b = (scene.first(name).thing for name in rng.sample(tuple(scene.counts), 2))
    answer = capital(f"{large.definite} is bigger.") if language == "en" else f"{large.zh}更大。"
    return Reply(_slots(a, rng) | _slots(b, rng, "b_"), answer, large)


def _colour(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    if scene.background.kind == "horizon":
        return None
    name = scene.background.name
    return Reply({}, f"The background is {name}." if language == "en" else f"背景是{ZH_COLOURS[name]}的。")


def _place(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    if scene.background.kind != "horizon":
        return None
    there = place(scene.background, language)
    return Reply({}, f"It is {there}." if language == "en" else f"这是{there}。")


def _feeling(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    felt = [p.thing.feeling for p in scene.placed if p.thing.feeling]
    if len(felt) != 1 or felt[0] is None or len(facts.of_kind(scene, "face")) != 1:
        return None
    return Reply({}, f"The face looks {felt[0].en}." if language == "en" else f"这张脸看起来很{felt[0].zh}。")


def _graph(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
    if not scene.links:
        return Reply({}, _counted(scene, language))
    parts = []
    for stated in facts.in_reading_order(scene):
        zh = RELATION_WORDS[stated.relation][1]
        en = f"{stated.subject.name} {stated.relation} {stated.other.name}"
        parts.append(en if language == "en" else f"{stated.subject.zh}在{stated.other.zh}{zh}")
    return Reply({}, ("; " if language == "en" else "；").join(parts))


def _fixed(en: str, zh: str) -> Asker:
    def answer(scene: Scene, language: Language, rng: random.Random) -> Reply | None:
        return Reply({}, en if language == "en" else zh)

    return answer


def _follow_where(scene: Scene, language: Language, rng: random.Random, it: Thing) -> Reply | None:
    if it.name not in scene.counts:
        return None
    answer = _where_answer(scene, it, language)
    return Reply({}, answer, it) if answer else None


def _follow_relation(scene: Scene, language: Language, rng: random.Random, it: Thing) -> Reply | None:
    mine = [s for s in facts.stated_relations(scene) if s.other.name == it.name]
    if not mine:
        return None
    relation = rng.choice(mine).relation
    if scene.structure == "pair" and rng.random() < 0.2:
        relation = facts.INVERSES[relation]
    return _beside(scene, language, rng, it, relation)


def _follow_kind(scene: Scene, language: Language, rng: random.Random, it: Thing) -> Reply | None:
    return _kind_reply(language, rng, it)


FAMILIES: dict[str, Asker] = {
    "identify": _identify,
    "describe": _describe,
    "where": _where,
    "relation": _relation,
    "exists": _exists,
    "count": _count,
    "category": _category,
    "kind": _kind,
    "more": _more,
    "bigger": _bigger,
    "colour": _colour,
    "place": _place,
    "feeling": _feeling,
    "graph": _graph,
    "who": _fixed("I am a small model that knows picture-book scenes.", "我是一个认识绘本场景的小模型。"),
    "can": _fixed(
        "I can say what is in a picture-book scene, where it is and how many there are.",
        "我能说出绘本场景里有什么、在哪里、有几个。",
    ),
    "outside": _fixed("I only know picture-book scenes.", "我只认识绘本场景。"),
}
FOLLOW_UPS: dict[str, FollowUp] = {
    "follow_where": _follow_where,
    "follow_relation": _follow_relation,
    "follow_kind": _follow_kind,
}
