"""Sentences that labels are put into before they are encoded."""

from crossmodal.errors import UserError
from crossmodal.zero_shot.labels import is_chinese

SLOT = "{}"
MOST_TEMPLATES = 20
ENGLISH = ("{}", "a picture of {}", "a scene with {}")
CHINESE = ("{}", "一张{}的图片", "这是{}")
SIGLIP = ("This is a photo of {}.",)
"""SigLIP's authors evaluate with this one."""


def default_templates(model_type: str, label: str) -> tuple[str, ...]:
    """The templates for a label where the person chose none, by the model's family and the label's language."""
    if is_chinese(label):
        return CHINESE
    return SIGLIP if "siglip" in model_type else ENGLISH


def parse_templates(text: str) -> tuple[str, ...]:
    """One template a line, each with {} where the label goes; none for the defaults.

    Raises UserError where a line has no {}, or there are too many lines.
    """
    lines = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    for line in lines:
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
