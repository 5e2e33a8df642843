"""What an experiment found: one row a way, over paired seeds, beside its control. Without torch: the page lists it early."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from crossmodal.intervals import interval
from crossmodal.paths import MODELS

BUNDLED = MODELS / "alignment"
Point = tuple[float, float, int, bool]
"""x, y, class, and whether of the target: one picture as a trained network sees it."""


@dataclass(frozen=True)
class Row:
    """One way over all seeds."""

    title: str
    figures: dict[str, tuple[float, ...]]
    """Name of a figure -> one value a seed. The first figure is what the ways are compared by."""
    gain: tuple[float, float, float] | None
    """Mean and 95 % interval of the paired difference to the control, in the first figure; None for fewer than two seeds."""

    @property
    def first(self) -> tuple[float, ...]:
        return next(iter(self.figures.values()))

    @property
    def mean(self) -> float:
        return statistics.fmean(self.first)

    @property
    def spread(self) -> float:
        """Standard deviation over the seeds; 0 for one."""
        return statistics.stdev(self.first) if len(self.first) > 1 else 0.0


def rows_of(found: Mapping[str, Mapping[int, Mapping[str, float]]], control: str) -> list[Row]:
    """found: way -> seed -> its figures. Ways without a seed yet are left out.

    While a run goes on some ways have seeds that others have not: only those that all have are compared, where there are any.
    """
    begun = {title: seeds for title, seeds in found.items() if seeds}
    shared = sorted(set.intersection(*(set(seeds) for seeds in begun.values()))) if begun else []
    rows = []
    for title, seeds in begun.items():
        known = [seeds[seed] for seed in (shared or sorted(seeds))]
        figures = {name: tuple(figures[name] for figures in known) for name in known[0]}
        gain = None
        if control in begun and len(shared) > 1:
            first = next(iter(figures))
            gain = interval([seeds[seed][first] - begun[control][seed][first] for seed in shared])
        rows.append(Row(title, figures, gain))
    return rows


def table_of(rows: Sequence[Row]) -> str:
    """Markdown: every figure as mean ± standard deviation, the gain over the control, and every seed of the first figure."""
    if not rows:
        return ""
    names = list(rows[0].figures)
    head = ["way", *(f"{name} %" for name in names), "points above the control", "95 % interval", f"{names[0]}, each seed"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in rows:
        cells = [f"{statistics.fmean(v):.1f} ± {_spread(v):.1f}" for v in row.figures.values()]
        mean, low, high = row.gain or (0.0, 0.0, 0.0)
        gain = [f"{mean:+.1f}", f"{low:+.1f} to {high:+.1f}"] if row.gain else ["", ""]
        lines.append(f"| {' | '.join([row.title, *cells, *gain, ', '.join(f'{v:.1f}' for v in row.first)])} |")
    return "\n".join(lines)


@dataclass(frozen=True)
class Bundle:
    """The outcome that ships of one experiment, and the command that made it."""

    command: str
    rows: list[Row]
    drawn: dict[str, list[Point]]
    """Way -> pictures of both domains, where the experiment draws them."""


def bundle(
    name: str, command: str, rows: Sequence[Row], drawn: Mapping[str, Sequence[Point]] | None = None, folder: Path = BUNDLED
) -> None:
    """Writes it where the app has it, and the card anew."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"command": command, "rows": [asdict(row) for row in rows], "drawn": dict(drawn or {})})
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    parts = [CARD]
    for path in sorted(folder.glob("*.json")):
        found = bundled(path.stem, folder)
        if found:
            parts.append(f"## {path.stem}\n\n`{found.command}`\n\n{table_of(found.rows)}\n")
    (folder / "README.md").write_text("\n".join(parts), encoding="utf-8")


def bundled(name: str, folder: Path = BUNDLED) -> Bundle | None:
    """None where nothing ships of that name."""
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    known = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        Row(r["title"], {n: tuple(v) for n, v in r["figures"].items()}, tuple(r["gain"]) if r["gain"] else None)
        for r in known["rows"]
    ]
    drawn = {way: [(x, y, label, target) for x, y, label, target in points] for way, points in known["drawn"].items()}
    return Bundle(known["command"], rows, drawn)


def _spread(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


CARD = """# Alignment and domain adaptation, measured

Each table is what the command above it printed: mean ± standard deviation over seeds, the same seeds for every way, and the
paired difference to the control with Student's 95 % interval.

No network was stopped or selected by the target's test pictures. Some settings of the experiments were: the style of the digits
and DANN's strength of 0.1 were settled while looking at one seed, and CORAL's weight in the table of CLIP was made ten times
smaller after a short trial in which it had done harm. In the tables of CLIP the untrained rows have no spread, for nothing in
them is drawn; its test scenes show every name alike often, in Twemoji's drawings, where the same checkpoint is right about
nine in ten of Noto's (`assets/models/picturebook-clip/README.md`).
"""
