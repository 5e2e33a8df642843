"""A scene that nobody has seen, with questions whose answers are known."""

import random

from PIL import Image

from crossmodal.ui.session import OFFERS, Offer
from crossmodal.world.answers import FAMILIES
from crossmodal.world.questions import ask
from crossmodal.world.render import PEOPLE_SIZE, render
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.words import Language

DULL = ("who", "can", "outside")
FIRST = ("describe", "where", "relation", "count", "bigger", "more", "feeling", "category", "exists")


def compose(seed: int, language: Language) -> tuple[Image.Image, tuple[Offer, ...]]:
    """A picture, and as many questions of different families as the page offers."""
    scene = SceneSampler(structure_weights=(0.2, 0.4, 0.15, 0.1, 0.15)).sample(seed)
    rng = random.Random(seed)
    families = [f for f in FAMILIES if f not in DULL]
    families.sort(key=lambda f: (f not in FIRST, rng.random()))
    offers: dict[str, Offer] = {}
    for family in families:
        turn = ask(scene, family, language, rng)
        if turn and turn.answer not in {o.answer for o in offers.values()}:
            offers.setdefault(turn.question, Offer(turn.question, turn.answer))
        if len(offers) == OFFERS:
            break
    return render(scene, PEOPLE_SIZE), tuple(offers.values())
