"""Results as a table, as CSV for spreadsheets and as JSON for programs."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from crossmodal.zero_shot.batch import TOP, FileResult

COLUMNS = (
    "file",
    *(f"{what} {i}" for i in range(1, TOP + 1) for what in ("label", "share", "is it")),
    "none of these",
    "error",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def row(result: FileResult) -> list[str | float | None]:
    """One file's values under COLUMNS."""
    cells: list[str | float | None] = [result.name]
    scores = result.verdict.scores[:TOP] if result.verdict else ()
    for score in scores:
        cells += [score.label, round(score.which, 4), None if score.is_it is None else round(score.is_it, 4)]
    cells += [None] * (1 + 3 * TOP - len(cells))
    none = result.verdict.none_of_these if result.verdict else None
    return [*cells, None if none is None else str(none).lower(), str(result.error) if result.error else None]


def as_csv(results: Sequence[FileResult]) -> str:
    """With a byte-order mark, so that spreadsheets read Chinese; no cell can be taken for a formula (OWASP)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(cell) for cell in row(result)] for result in results)
    return "\ufeff" + text.getvalue()


def as_json(results: Sequence[FileResult]) -> str:
    return json.dumps([_record(result) for result in results], ensure_ascii=False, indent=1)


def _record(result: FileResult) -> dict[str, Any]:
    if result.verdict is None:
        return {"file": result.name, "error": str(result.error)}
    scores = [{"label": s.label, "share": s.which, "is_it": s.is_it} for s in result.verdict.scores[:TOP]]
    return {"file": result.name, "none_of_these": result.verdict.none_of_these, "scores": scores}


def _harmless(cell: str | float | None) -> str | float | None:
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA_STARTS) else cell
