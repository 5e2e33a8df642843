"""Sentences that labels are put into before they are encoded."""

from crossmodal.embedding.language import is_chinese
from crossmodal.errors import UserError

SLOT = "{}"
MOST_TEMPLATES = 20
LONGEST_TEMPLATE = 200
DEFAULTS = {
    "picture book": (("{}", "a picture of {}", "a scene with {}"), ("{}", "一张{}的图片", "这是{}")),
    "siglip": (("This is a photo of {}.",), ("这是一张{}的照片。",)),
    "clip": (("a photo of a {}.", "{}", "a picture of a {}."), ("一张{}的照片。", "{}", "一张{}的图片。")),
}
"""In English and Chinese, as many in both: what one label is worth must not depend on the others' language."""


def default_templates(model_type: str, picture_book: bool, label: str) -> tuple[str, ...]:
    """The templates for a label where the person chose none: by what the model was trained on, and the label's language."""
    family = "picture book" if picture_book else "siglip" if "siglip" in model_type else "clip"
    return DEFAULTS[family][is_chinese(label)]


def parse_templates(text: str) -> tuple[str, ...]:
    """One template a line, each with {} where the label goes; none for the defaults.

    Raises UserError where a line has no {}, or there are too many lines.
    """
    lines = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    for line in lines:
        if len(line) > LONGEST_TEMPLATE:
            raise UserError(
                f"A template has {len(line):,} characters; the limit is {LONGEST_TEMPLATE}. Shorten it.",
                f"有一个模板长达 {len(line):,} 个字符，上限是 {LONGEST_TEMPLATE}。请缩短。",
            )
        if line.count(SLOT) != 1:
            raise UserError(
                f"Template {lines.index(line) + 1} does not have {SLOT} once. Write {SLOT} where the label goes.",
                f"第 {lines.index(line) + 1} 个模板没有恰好一个 {SLOT}。请在放标签的位置写 {SLOT}。",
            )
    if len(lines) > MOST_TEMPLATES:
        raise UserError(
            f"There are {len(lines)} templates; the limit is {MOST_TEMPLATES}. Leave some out.",
            f"共有 {len(lines)} 个模板，上限是 {MOST_TEMPLATES}。请删去一些。",
        )
    return lines


def fill(template: str, label: str) -> str:
    """Not `str.format`: a label may hold braces."""
    return template.replace(SLOT, label)
