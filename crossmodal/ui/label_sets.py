"""Lists of labels to start from: the names of the picture book, all of them or those of one kind."""

from crossmodal.world.facts import KINDS
from crossmodal.world.vocabulary import Thing, vocabulary
from crossmodal.world.words import Language

ALL = "all"


def label_sets(language: Language) -> list[tuple[str, str]]:
    """What the menu shows, and the key of each set."""
    sizes = {kind: len(labels_of(kind, language).splitlines()) for kind in (ALL, *KINDS)}
    titles = {kind: en.split(" ", 1)[1] if language == "en" else zh for kind, (en, zh) in KINDS.items()}
    titles[ALL] = "all names" if language == "en" else "全部名称"
    return [(f"{titles[kind]} ({size:,})", kind) for kind, size in sizes.items()]


def labels_of(kind: str, language: Language) -> str:
    """One name a line. Raises KeyError for a set that does not exist."""
    words = vocabulary()
    if kind != ALL and kind not in KINDS:
        raise KeyError(kind)
    things = map(words.named, words.names)
    return "\n".join(dict.fromkeys(spoken(t, language) for t in things if kind == ALL or t.belongs_to(kind)))


def spoken(thing: Thing, language: Language) -> str:
    return thing.name if language == "en" else thing.zh
