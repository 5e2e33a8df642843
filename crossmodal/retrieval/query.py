"""A query: any number of texts and pictures, each with a weight, wanted or not wanted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from crossmodal.errors import UserError

LONGEST_QUERY = 1_000
MOST_TERMS = 20
MOST_HITS = 200
LARGEST_WEIGHT = 5.0
UNWANTED = 0.5
"""What a term with a minus weighs unless it says otherwise: at 1 so much is taken away that what is wanted goes too."""
MORE_WEIGHT, LESS_WEIGHT = 0.75, -0.25
"""What "more like this" and "less like this" add (Rocchio 1971, with the weights of Manning et al. 2008, section 9.1.1)."""
_SIGN = re.compile(r"(?:(?<=\s)|^)([+＋\-−–－])\s*(?=\S)")
_WEIGHT = re.compile(r"\s*[*×]\s*(\d+(?:\.\d+)?)$")
_WITHOUT = re.compile(r"\s+(?:without|except|but not|but no)\s+(?:an?\s+|the\s+|any\s+)?", re.IGNORECASE)
_ZH_WITHOUT = re.compile(r"没有(?P<not>.+?)的(?P<wanted>.+)")


@dataclass(frozen=True)
class Term:
    """One wish: exactly one of words, a picture of the gallery, or a picture from outside."""

    words: str = ""
    picture: str = ""
    """Id of a picture of the gallery."""
    image: Image.Image | None = None
    weight: float = 1.0
    """Negative for what is not wanted."""
    title: str = ""
    """What a picture is called on the page."""

    @property
    def label(self) -> str:
        """As it stands on a chip, and as `parse_query` reads it back where it is words."""
        sign = "+" if self.weight > 0 else "−"
        size = abs(self.weight)
        weight = "" if size == (1 if self.weight > 0 else UNWANTED) else f" ×{size:g}"
        return f"{sign} {self.words or f'🖼 {self.title}'}{weight}"


def parse_query(text: str) -> tuple[Term, ...]:
    """ "cat - dog", "beach + sunset*0.5", "chair without wheels", "没有狗的公园" become terms.

    A sign counts at the beginning or after a space, so that "t-shirt" is one word.
    Raises UserError where the text is too long, or a weight too large.
    """
    text = " ".join(text.split())
    if len(text) > LONGEST_QUERY:
        raise UserError(
            f"The query has {len(text):,} characters; the limit is {LONGEST_QUERY:,}. Shorten it.",
            f"检索词有 {len(text):,} 个字符，上限是 {LONGEST_QUERY:,}。请缩短。",
        )
    parts = _SIGN.split(text)
    signed = [("+", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
    terms = [term for sign, words in signed for term in _terms(words, sign in "+＋")]
    return checked(terms)


def checked(terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms without repeats. Raises UserError where there are too many, or one weighs too much."""
    if len(terms) > MOST_TERMS:
        raise UserError(
            f"The query has {len(terms)} parts; the limit is {MOST_TERMS}. Leave some out.",
            f"检索包含 {len(terms)} 个部分，上限是 {MOST_TERMS}。请删去一些。",
        )
    for term in terms:
        if not 0 < abs(term.weight) <= LARGEST_WEIGHT:
            raise UserError(
                f"A weight is {abs(term.weight):g}; it must be above 0 and at most {LARGEST_WEIGHT:g}.",
                f"有一个权重是 {abs(term.weight):g}，必须大于 0 且不超过 {LARGEST_WEIGHT:g}。",
            )
    kept: dict[tuple[str, str, int, bool], Term] = {}
    for term in terms:
        kept[(term.words.casefold(), term.picture, id(term.image), term.weight > 0)] = term
    return tuple(kept.values())


def more_like(terms: Sequence[Term], picture: str, title: str, weight: float = MORE_WEIGHT) -> tuple[Term, ...]:
    """The query with a picture of the gallery added, or with `LESS_WEIGHT` taken away; what was said of it before is undone."""
    others = [term for term in terms if term.picture != picture]
    return checked([*others, Term(picture=picture, title=title, weight=weight)])


def _terms(words: str, wanted: bool) -> list[Term]:
    words = words.strip()
    size = None
    if found := _WEIGHT.search(words):
        words, size = words[: found.start()], float(found.group(1))
    first, *others = _WITHOUT.split(words)
    if found := _ZH_WITHOUT.fullmatch(words):
        first, others = found["wanted"], [found["not"]]
    signed = [(first, wanted), *((text, not wanted) for text in others)]
    return [_term(text.strip(), positive, size) for text, positive in signed if text.strip()]


def _term(words: str, wanted: bool, size: float | None) -> Term:
    if size is None:
        size = 1.0 if wanted else UNWANTED
    return Term(words=words, weight=size if wanted else -size)
