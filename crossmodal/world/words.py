"""How scenes are put into words, in English and Chinese: colours, places, relations."""

from typing import Literal

from crossmodal.world.scenes import Background, Relation

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

ZH_COLOURS = {
    "white": "白色",
    "red": "红色",
    "orange": "橙色",
    "yellow": "黄色",
    "green": "绿色",
    "blue": "蓝色",
    "purple": "紫色",
    "pink": "粉色",
    "brown": "棕色",
    "grey": "灰色",
    "black": "黑色",
}
PLACES: dict[str, tuple[str, str]] = {
    "grass": ("on the grass", "在草地上"),
    "sea": ("at sea", "在海上"),
    "sand": ("on the sand", "在沙滩上"),
    "snow": ("in the snow", "在雪地里"),
    "night": ("out at night", "在夜里"),
}
RELATION_WORDS: dict[Relation, tuple[str, str]] = {
    "left of": ("to the left of", "的左边"),
    "right of": ("to the right of", "的右边"),
    "above": ("above", "的上方"),
    "below": ("below", "的下方"),
    "on": ("on", "上"),
}


def place(background: Background, language: Language) -> str:
    """Where a scene is, as an adverbial: "on the grass", "on a plain blue background"; 在草地上."""
    if background.kind == "horizon":
        return PLACES[background.name][language == "zh"]
    if language == "zh":
        return f"在{ZH_COLOURS[background.name]}背景上"
    article = "an" if background.name == "orange" else "a"
    return f"on {article} {background.name} background"
