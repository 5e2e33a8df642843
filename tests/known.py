"""Example pictures with a question that the bundled model answers, and its answer: what flows and browser tests ask."""

from pathlib import Path
from string import Formatter

PICTURES = Path(__file__).resolve().parent.parent / "assets" / "pictures"
CAT = PICTURES / "cat-on-laptop.webp"
SHIP = PICTURES / "ship-at-sea.webp"
WHERE = {
    "en": ("Where is this?", "It is at sea."),
    "zh": ("这是什么地方？", "这是在海上。"),
}
DOING = {
    "en": ("What is the cat doing?", "The cat is sitting on the laptop."),
    "zh": ("猫在做什么？", "猫坐在笔记本电脑上。"),
}


def slots(text: str) -> int:
    """How many places of a text the page fills in."""
    return sum(field is not None for _, field, _, _ in Formatter().parse(text))
