"""A person's own task: a CSV with the columns picture, text and label, and the pictures that it names."""

import csv
import io
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import torch

from crossmodal.embedding.embedder import PICTURE_BATCH, Embedder
from crossmodal.errors import UserError
from crossmodal.fusion.cases import Split
from crossmodal.fusion.features import TextTokens, cases, picture_tokens
from crossmodal.fusion.tasks import Drawn
from crossmodal.sources import SUFFIXES, Source, sources

COLUMNS = ("picture", "text", "label")
FEWEST_ROWS, MOST_ROWS, MOST_CLASSES, FEWEST_PICTURES = 20, 20_000, 50, 8
WORDS = 24
TESTING_SHARE = 0.25


@dataclass(frozen=True)
class Own:
    """Rows of a table, and where its pictures are."""

    pictures: tuple[Source, ...]
    rows: tuple[Drawn, ...]
    classes: tuple[str, ...]
    left_out: int = 0
    """Rows of the table that lacked a picture, a text or a label."""

    def splits(self, embedder: Embedder, seeds: int, said: Callable[[float], None]) -> list[Split]:
        """For each seed another quarter of the pictures to test on. Raises PictureError where one cannot be read."""
        parts = []
        for start in range(0, len(self.pictures), PICTURE_BATCH):
            parts.append(picture_tokens(embedder, [p.read() for p in self.pictures[start : start + PICTURE_BATCH]]))
            said(min(1.0, (start + PICTURE_BATCH) / len(self.pictures)))
        seen, texts = torch.cat(parts), TextTokens(embedder, WORDS)
        found = []
        for seed in range(seeds):
            order = list(range(len(self.pictures)))
            random.Random(seed).shuffle(order)
            testing = set(order[: max(1, round(TESTING_SHARE * len(order)))])
            rows = ([r for r in self.rows if r.scene not in testing], [r for r in self.rows if r.scene in testing])
            found.append(Split(*(cases(part, seen, texts) for part in rows)))
        return found


def read_own(files: Iterable[tuple[Path, str]]) -> Own:
    """files: (path, name shown) of the table and the pictures, or of a zip that holds both.

    Raises UserError for a table that is not there, lacks a column or a picture, or has too few rows, pictures or classes.
    """
    found = sources(files, (*SUFFIXES, ".csv"))
    tables = [source for source in found if source.name.lower().endswith(".csv")]
    if len(tables) != 1:
        raise UserError(
            f"There are {len(tables)} CSV files; send one, with the columns {', '.join(COLUMNS)}, beside the pictures.",
            f"共有 {len(tables)} 个 CSV 文件；请只发送一个，含 {', '.join(COLUMNS)} 三列，并附上图片。",
        )
    rows, left_out = _rows(tables[0])
    pictures: dict[str, Source] = {}
    twice: set[str] = set()
    for source in found:
        if source is not tables[0]:
            for name in dict.fromkeys(_names(source.name)):
                twice.update((name,) if name in pictures else ())
                pictures[name] = source
    if unclear := [row["picture"] for row in rows if row["picture"] in twice]:
        raise UserError(
            f"Two pictures are called {unclear[0][:60]!r}. Write the folder too, or give one another name.",
            f"有两张图片都叫 {unclear[0][:60]!r}。请写上文件夹，或改名。",
        )
    missing = list(dict.fromkeys(row["picture"] for row in rows if row["picture"] not in pictures))
    if missing:
        raise UserError(
            f"The table names {len(missing)} pictures that were not sent, first {missing[0][:60]!r}. Send them too.",
            f"表格中有 {len(missing)} 张图片没有发送，第一张是 {missing[0][:60]!r}。请一并发送。",
        )
    classes = tuple(sorted({row["label"] for row in rows}))
    used = list(dict.fromkeys(pictures[row["picture"]] for row in rows))
    _check(rows, classes, len(used))
    number = {source: i for i, source in enumerate(used)}
    drawn = [Drawn(number[pictures[row["picture"]]], row["text"], classes.index(row["label"])) for row in rows]
    return Own(tuple(used), tuple(drawn), classes, left_out)


def _rows(table: Source) -> tuple[list[dict[str, str]], int]:
    """The whole rows, and how many others there are."""
    try:
        text = table.content().decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text))
        read = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{table.name[:60]!r} is no CSV in UTF-8. Save it as one.",
            f"{table.name[:60]!r} 不是 UTF-8 编码的 CSV。请重新保存。",
        ) from error
    there = {key.strip().lower(): key for key in reader.fieldnames or () if key}
    lacking = [column for column in COLUMNS if column not in there]
    if lacking:
        raise UserError(
            f"The table lacks the column {lacking[0]!r}; it needs {', '.join(COLUMNS)}. Add it.",
            f"表格缺少 {lacking[0]!r} 列；需要 {', '.join(COLUMNS)}。请补上。",
        )
    rows = [{column: (row[there[column]] or "").strip() for column in COLUMNS} for row in read]
    whole = [row for row in rows if all(row.values())]
    return whole, len(rows) - len(whole)


def _check(rows: list[dict[str, str]], classes: tuple[str, ...], pictures: int) -> None:
    if len(classes) < 2:
        raise UserError(
            f"All rows have the label {classes[0][:40]!r}; a comparison needs two. Add rows with another."
            if classes
            else "No row has a picture, a text and a label. Fill the table.",
            "表格中只有一种标签；比较至少需要两种。",
        )
    for title, zh, value, least, most in (
        ("rows", "行", len(rows), FEWEST_ROWS, MOST_ROWS),
        ("labels", "种标签", len(classes), 2, MOST_CLASSES),
        ("different pictures", "张不同的图片", pictures, FEWEST_PICTURES, MOST_ROWS),
    ):
        if not least <= value <= most:
            raise UserError(
                f"The table has {value:,} {title}; it needs {least} to {most:,}. Change it.",
                f"表格有 {value:,} {zh}；需要 {least} 到 {most:,}。请修改。",
            )
    rare, count = min(Counter(row["label"] for row in rows).items(), key=lambda item: item[1])
    if count < 2:
        raise UserError(
            f"The label {rare[:40]!r} is on one row alone. Give it more, or leave it out.",
            f"标签 {rare[:40]!r} 只出现一次。请增加或删除。",
        )


def _names(name: str) -> tuple[str, str]:
    """As the table may write it: with folders or without."""
    return name, PurePosixPath(name).name
