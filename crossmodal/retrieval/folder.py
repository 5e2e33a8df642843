"""The folder of a gallery's pictures: what lies in it, with captions from the files beside them, and what comes into it.

Captions: `cat.txt` or `cat.json` beside `cat.jpg` (in the JSON "caption" or "captions", and "date"), or a CSV with a
column of files and columns of captions. A caption file may hold several captions, one a line.
"""

import csv
import errno
import filecmp
import io
import json
import re
import shutil
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from crossmodal.errors import PictureError, UserError
from crossmodal.sources import SUFFIXES, Source, sources

SIDECARS = (".txt", ".json", ".csv")
FILE_COLUMNS = ("file", "filename", "file_name", "image", "picture", "path")
CAPTION_COLUMN = re.compile(r"(caption|text|title|description).*", re.IGNORECASE)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
LONGEST_CAPTION, MOST_CAPTIONS = 1_000, 10
LARGEST_SIDECAR = 20_000_000
"""Bytes."""
MOST_PICTURES = 1_000_000
LONGEST_NAME = 150
"""Bytes of a file's name without its suffix; what comes in may get a number too."""


@dataclass(frozen=True)
class Described:
    """What a file beside a picture says of it."""

    captions: tuple[str, ...] = ()
    date: str = ""
    """YYYY-MM-DD."""

    def completed(self, other: "Described") -> "Described":
        """What this one does not say, the other may."""
        return Described(self.captions or other.captions, self.date or other.date)


@dataclass(frozen=True)
class PictureFile:
    """One picture of a folder, not opened yet."""

    name: str
    """Its path below the folder, with "/"."""
    path: Path
    size: int
    modified: int
    """Nanoseconds since the epoch."""
    described: Described = Described()


@dataclass(frozen=True)
class Skipped:
    """A file that was left out, and why."""

    name: str
    error: UserError


@dataclass
class Imported:
    """What came of files that were sent."""

    added: int = 0
    already_there: int = 0
    skipped: list[Skipped] = field(default_factory=list)


def scan(root: Path) -> tuple[list[PictureFile], list[Skipped]]:
    """Every picture below the folder, by name, and the caption files that cannot be read. Links out of it are not followed.

    Raises UserError where there is no such folder.
    """
    if not root.is_dir():
        raise UserError("The gallery's folder of pictures is not there.", "图库的图片文件夹不存在。")
    files = sorted(p for p in root.rglob("*") if _visible(p.relative_to(root)) and _is_file(p) and _inside(p, root))
    described, skipped = _described([p for p in files if p.suffix.lower() in SIDECARS], root)
    found = []
    for path in files:
        if path.suffix.lower() not in SUFFIXES:
            continue
        name = path.relative_to(root).as_posix()
        try:
            name.encode()
            known = path.stat()
        except (OSError, UnicodeEncodeError):  # gone meanwhile, closed to us, or named in another encoding
            skipped.append(Skipped(name.encode(errors="replace").decode(), _unreadable()))
            continue
        said = described.get(name, Described()).completed(described.get(name.rpartition(".")[0], Described()))
        found.append(PictureFile(name, path, known.st_size, known.st_mtime_ns, said))
    if len(found) > MOST_PICTURES:
        raise UserError(
            f"The folder holds {len(found):,} pictures; the limit is {MOST_PICTURES:,}. Make several galleries.",
            f"文件夹里有 {len(found):,} 张图片，上限是 {MOST_PICTURES:,}。请分成几个图库。",
        )
    return found, skipped


def bring_in(files: Iterable[tuple[Path, str]], root: Path) -> Imported:
    """Copy pictures, caption files and what lies in zip archives into the folder. Nothing there is overwritten.

    Another file of the same name gets a number; the same file again is passed over.
    Raises UserError where an archive cannot be read, or there is nothing.
    """
    result = Imported()
    for source in sources(files, (*SUFFIXES, *SIDECARS)):
        kept = PurePosixPath(*_clean(source.name))
        if kept.suffix.lower() not in (*SUFFIXES, *SIDECARS):
            result.skipped.append(Skipped(source.name, _no_picture()))
            continue
        try:
            _place(source, root / kept, root / f".{uuid.uuid4().hex}.part", result)
        except PictureError as error:
            result.skipped.append(Skipped(source.name, error))
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
                raise  # no other file would fare better
            result.skipped.append(Skipped(source.name, _unreadable()))
    return result


def _place(source: Source, target: Path, part: Path, result: Imported) -> None:
    """By way of `part`, so that a copy that is cut short is never taken for a picture."""
    root = part.parent
    root.mkdir(parents=True, exist_ok=True)
    try:
        if source.archive is None:
            shutil.copyfile(source.path, part)
        else:
            part.write_bytes(source.content())
        target.parent.mkdir(parents=True, exist_ok=True)
        number, free = 1, target
        while free.exists():
            if free.is_file() and filecmp.cmp(part, free, shallow=False):
                result.already_there += 1
                return
            number += 1
            free = target.with_name(f"{target.stem} ({number}){target.suffix}")
        part.rename(free)
        result.added += free.suffix.lower() in SUFFIXES
    finally:
        part.unlink(missing_ok=True)


def _described(files: list[Path], root: Path) -> tuple[dict[str, Described], list[Skipped]]:
    """Picture's name, with or without suffix -> what is said of it."""
    found: dict[str, Described] = {}
    skipped = []
    for path in files:
        folder = path.parent.relative_to(root).as_posix()
        prefix = "" if folder == "." else f"{folder}/"
        try:
            if path.stat().st_size > LARGEST_SIDECAR:
                raise ValueError("too large")
            text = path.read_text(encoding="utf-8-sig")
            if path.suffix.lower() == ".csv":
                says = {prefix + name: said for name, said in _table(text).items()}
            elif path.suffix.lower() == ".txt":
                says = {prefix + path.stem: Described(_captions(text.splitlines()))}
            else:
                says = {prefix + path.stem: _from_json(json.loads(text))}
            for name, said in says.items():
                found[name] = found.get(name, Described()).completed(said)
        except (ValueError, OSError, csv.Error, RecursionError):
            skipped.append(Skipped(path.relative_to(root).as_posix(), _no_captions()))
    return found, skipped


def _table(text: str) -> dict[str, Described]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    columns = list(rows.fieldnames or ())
    of_file = next((c for c in columns if c and c.strip().lower() in FILE_COLUMNS), None)
    of_captions = [c for c in columns if c and CAPTION_COLUMN.fullmatch(c.strip())]
    of_date = next((c for c in columns if c and c.strip().lower() == "date"), None)
    if of_file is None:
        raise ValueError("no column of files")
    return {
        str(row[of_file]).strip().replace("\\", "/"): Described(
            _captions(row[c] or "" for c in of_captions), _date(row[of_date] if of_date else "")
        )
        for row in rows
        if row[of_file]
    }


def _from_json(values: Any) -> Described:
    if not isinstance(values, dict):
        raise ValueError("no object")
    given = values.get("captions") or [values.get("caption") or ""]
    if not isinstance(given, list):
        raise ValueError("captions are no list")
    return Described(_captions(str(text) for text in given), _date(values.get("date")))


def _captions(texts: Iterable[str]) -> tuple[str, ...]:
    # Half of a surrogate pair, as a JSON may hold, is no text.
    cleaned = (" ".join(text.encode(errors="replace").decode().split())[:LONGEST_CAPTION] for text in texts)
    return tuple(dict.fromkeys(text for text in cleaned if text))[:MOST_CAPTIONS]


def _date(value: Any) -> str:
    found = DATE.match(str(value or ""))
    return found.group() if found else ""


def _clean(name: str) -> list[str]:
    """The parts of a name as they may be in any file system, none leading out of the folder."""
    parts = [re.sub(r'[\x00-\x1f<>:"|?*]', "_", part).strip(" .") for part in name.replace("\\", "/").split("/")]
    return [_short(part) for part in parts if part] or ["_"]


def _short(part: str) -> str:
    """So many bytes of it, its suffix among them: file systems count bytes."""
    stem, dot, suffix = part.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, dot, suffix = part, "", ""
    return stem.encode(errors="replace")[:LONGEST_NAME].decode(errors="ignore") + dot + suffix


def _visible(path: Path) -> bool:
    return not any(part.startswith(".") for part in path.parts)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _inside(path: Path, root: Path) -> bool:
    return not path.is_symlink() or path.resolve().is_relative_to(root.resolve())


def _unreadable() -> UserError:
    return UserError("It cannot be read, or its name cannot. Rename it, or choose another.", "文件或名称无法读取。请改名。")


def _no_picture() -> UserError:
    return UserError(
        "It is neither a picture nor a file of captions. Send JPEG, PNG, WebP, GIF, BMP or TIFF.",
        "既不是图片也不是说明文件。请使用 JPEG、PNG、WebP、GIF、BMP 或 TIFF。",
    )


def _no_captions() -> UserError:
    return UserError(
        "Captions could not be read from it: it must be UTF-8 text, a JSON object, or a CSV with a column named file.",
        "无法读取说明：需要 UTF-8 文本、JSON 对象，或带有 file 列的 CSV。",
    )
