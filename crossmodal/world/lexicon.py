"""Which words the picture book has: models that learned from it alone know no others."""

import re
from functools import cache

from crossmodal.world.vocabulary import EN_NUMBERS, ZH_NUMBERS, vocabulary
from crossmodal.world.words import RELATION_WORDS

GLUE = ("a", "an", "the", "and", "of", "in", "on", "at", "is", "there", "picture", "scene", "with")
ZH_GLUE = ("一", "和", "在", "有", "的", "图片", "里", "这是", "张")


def is_known(label: str) -> bool:
    """Whether a label is made of the picture book's words: its names, counts and relations."""
    label = label.casefold().strip()
    if any("一" <= c <= "鿿" for c in label):
        return not _zh_pattern().sub("", label).strip(" ，。")
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", label)
    return bool(words) and re.sub(r"[\w\s'’.,-]", "", label) == "" and all(word in _en_words() for word in words)


@cache
def _en_words() -> frozenset[str]:
    texts = [*GLUE, *EN_NUMBERS, *(en for en, _ in RELATION_WORDS.values())]
    for thing in vocabulary().things:
        texts += [thing.name, thing.one, thing.many, *thing.aliases]
    return frozenset(word for text in texts for word in re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text.casefold()))


@cache
def _zh_pattern() -> re.Pattern[str]:
    words = {*ZH_GLUE, *ZH_NUMBERS, *(zh for _, zh in RELATION_WORDS.values())}
    for thing in vocabulary().things:
        words |= {thing.zh, thing.measure, *thing.zh_aliases}
    return re.compile("|".join(re.escape(word) for word in sorted((w.casefold() for w in words), key=len, reverse=True)))
