"""Where hits end: a query's scores are read against a background, because no fixed score means "it matches".

The background: some pictures of the gallery, and texts of things that are hardly ever in a picture. How well the best
picture fits each of those texts is how well a text fits that matches nothing. A query whose scores lie higher or lower as
a whole is allowed for by half of that difference. That share and the quantile did best on other galleries of picture-book
scenes than the bundled one, on which `python -m crossmodal.training.evaluate retrieval` measures both errors.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from crossmodal.embedding.embedder import Embedder
from crossmodal.embedding.language import is_chinese

PICTURES = 1_000
QUANTILE = 0.65
"""Which of the background texts' best scores a hit must pass."""
ALLOWANCE = 0.5
TEXTS = {
    "en": (  # noqa: SIM905 - a hundred lines otherwise
        "abacus, accordion, alembic, badger, ballet shoes, ballot box, banjo, beaver, bison, bookmark, boar, cable car, "
        "clamp, clapperboard, comet, cricket bat, curling stone, dodo, fax machine, ferry, floppy disk, fortune cookie, "
        "frisbee, ginger, kimono, lab coat, line chart, mammoth, maracas, moose, mousetrap, oil lamp, orangutan, otter, "
        "oyster, petri dish, plunger, poodle, projector, pufferfish, scroll, sheet music, shrine, skunk, sloth, urn, "
        "videotape, wind chime"
    ).split(", "),
    "zh": (  # noqa: SIM905
        "算盘、手风琴、蒸馏器、獾、芭蕾舞鞋、投票箱、班卓琴、河狸、野牛、书签、野猪、缆车、夹钳、场记板、彗星、板球拍、冰壶、渡渡鸟、"
        "传真机、渡轮、软盘、幸运饼干、飞盘、姜、和服、白大褂、折线图、猛犸象、沙锤、驼鹿、捕鼠器、油灯、红毛猩猩、水獭、牡蛎、培养皿、"
        "皮搋子、贵宾犬、放映机、河豚、卷轴、乐谱、神社、臭鼬、树懒、骨灰坛、录像带、风铃"
    ).split("、"),
}


@dataclass(frozen=True)
class Background:
    """What a gallery's queries are read against."""

    pictures: Tensor
    """(pictures, dim): some of the gallery's."""
    texts: dict[str, Tensor]
    """Language -> (texts, dim)."""

    @property
    def centres(self) -> tuple[Tensor, Tensor]:
        """Mean text and mean picture, (dim,) each."""
        return torch.cat(list(self.texts.values())).mean(0), self.pictures.mean(0)


@dataclass(frozen=True)
class Cutoff:
    """A query's scores with random pictures, and the score that a hit must reach."""

    score: float
    scores: tuple[float, ...]
    """Of the background pictures, for the histogram."""


def background(sample: Tensor, embedder: Embedder) -> Background:
    """sample: (pictures, dim), some of the gallery's."""
    return Background(sample, {language: embedder.texts(texts) for language, texts in TEXTS.items()})


def cutoff(query: Tensor, said: str, known: Background) -> Cutoff:
    """query: (dim,), L2-normalised; said: its words, for the language of the background."""
    texts = known.texts["zh" if is_chinese(said) else "en"]
    scores = known.pictures @ query
    if len(scores) == 0:
        return Cutoff(1.0, ())
    unrelated = known.pictures @ texts.T
    usual = unrelated.median(0).values
    bar = unrelated.amax(0).quantile(QUANTILE) + ALLOWANCE * (scores.median() - usual.median())
    return Cutoff(float(bar), tuple(scores.tolist()))


def cutoff_among(query: Tensor, entries: Tensor, asked: Tensor, same: bool) -> Cutoff:
    """For a query that is no text among pictures: a hit must fit it as most best hits in the gallery fit what they are like.

    entries: (entries, dim), some of what can be found; asked: (queries, dim), some that could be asked for; same: whether
    the two are the same rows, so that each is to be left out of what it can find.
    """
    scores = entries @ query
    if len(scores) <= same:
        return Cutoff(1.0, tuple(scores.tolist()))
    fits = asked @ entries.T
    if same:
        fits.fill_diagonal_(-1)
    return Cutoff(float(fits.amax(1).quantile(1 - QUANTILE)), tuple(scores.tolist()))
