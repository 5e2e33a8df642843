"""What a person types becomes a list of labels."""

from dataclasses import dataclass

from crossmodal.errors import UserError

MOST_LABELS = 2_000
LONGEST_LABEL = 200


@dataclass(frozen=True)
class Labels:
    """Different labels in the order typed."""

    names: tuple[str, ...]
    merged: tuple[str, ...] = ()
    """Labels that were typed more than once, or differ only in case or spaces."""


def parse_labels(text: str) -> Labels:
    """One label a line; a text of one line is split at its commas (also ， and 、).

    Raises UserError where there is no label, or too many, or one that is too long.
    """
    lines = text.splitlines()
    if len([line for line in lines if line.strip()]) == 1:
        lines = text.replace("，", ",").replace("、", ",").split(",")
    kept: dict[str, str] = {}
    merged: dict[str, str] = {}
    for line in lines:
        label = " ".join(line.split()).strip(",，、")
        if not label:
            continue
        if len(label) > LONGEST_LABEL:
            raise UserError(
                f"A label has {len(label):,} characters; the limit is {LONGEST_LABEL}. Write one label a line.",
                f"有一个标签长达 {len(label):,} 个字符，上限是 {LONGEST_LABEL}。请每行写一个标签。",
            )
        key = label.casefold()
        if key in kept:
            merged[key] = kept[key]
        kept.setdefault(key, label)
    if not kept:
        raise UserError(
            "There are no labels. Write one a line, or separate them by commas.", "没有标签。请每行写一个，或用逗号隔开。"
        )
    if len(kept) > MOST_LABELS:
        raise UserError(
            f"There are {len(kept):,} labels; the limit is {MOST_LABELS:,}. Leave some out.",
            f"共有 {len(kept):,} 个标签，上限是 {MOST_LABELS:,}。请删去一些。",
        )
    return Labels(tuple(kept.values()), tuple(merged.values()))
