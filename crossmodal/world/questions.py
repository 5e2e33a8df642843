"""Questions whose answers are known, because the world that made the picture knows them.

`ask(scene, family, language, rng)` gives one question of a family with its answer, or None where the family has
nothing to ask of this scene. `conversation(...)` gives several turns, follow-ups among them.
"""

import random
from dataclasses import dataclass

from crossmodal.world.answers import FAMILIES, FOLLOW_UPS, Reply
from crossmodal.world.phrasings import Manner, phrase
from crossmodal.world.scenes import Scene
from crossmodal.world.vocabulary import Thing
from crossmodal.world.words import Language


@dataclass(frozen=True)
class Turn:
    """One question with its one right answer."""

    family: str
    language: Language
    question: str
    answer: str
    subject: Thing | None = None
    """What "it" means in the next question."""
    template: str = ""
    """The phrasing, its slots still open."""


def ask(scene: Scene, family: str, language: Language, rng: random.Random, manner: Manner = "plain") -> Turn | None:
    reply = FAMILIES[family](scene, language, rng)
    return _turn(reply, family, language, rng, manner) if reply else None


def follow_up(
    scene: Scene, family: str, language: Language, rng: random.Random, subject: Thing, manner: Manner = "plain"
) -> Turn | None:
    """A question about `subject` that calls it "it"."""
    reply = FOLLOW_UPS[family](scene, language, rng, subject)
    return _turn(reply, family, language, rng, manner) if reply else None


def conversation(scene: Scene, language: Language, rng: random.Random, turns: int) -> list[Turn]:
    """That many turns about a scene, loosely phrased, nothing asked or answered twice."""
    said: list[Turn] = []
    for _ in range(4 * turns):
        if len(said) == turns:
            break
        turn = _next_turn(scene, language, rng, said[-1] if said else None)
        if turn and all(turn.question != t.question and turn.answer != t.answer for t in said):
            said.append(turn)
    return said


def _next_turn(scene: Scene, language: Language, rng: random.Random, last: Turn | None) -> Turn | None:
    if last and last.subject and rng.random() < 0.35:
        return follow_up(scene, rng.choice(tuple(FOLLOW_UPS)), language, rng, last.subject, "loose")
    family = rng.choices(tuple(FAMILIES), tuple(_WEIGHTS.get(f, 1.0) for f in FAMILIES))[0]
    return ask(scene, family, language, rng, "loose")


def _turn(reply: Reply, family: str, language: Language, rng: random.Random, manner: Manner) -> Turn:
    template = phrase(family, language, manner, rng)
    question = template.format(**reply.slots)
    question = question[0].upper() + question[1:]
    return Turn(family, language, question, reply.answer, reply.subject, template)


_WEIGHTS = {
    "identify": 2.0,
    "describe": 2.0,
    "where": 8.0,
    "relation": 5.0,
    "count": 1.5,
    "exists": 1.2,
    "kind": 0.6,
    "colour": 0.7,
    "place": 0.7,
    "graph": 0.8,
    "who": 0.2,
    "can": 0.2,
    "outside": 0.6,
}
"""How often training asks each family, where not once."""
