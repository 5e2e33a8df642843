"""How the alignment experiments look: tables with bars, curves, and points before and after."""

from collections.abc import Sequence
from html import escape
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from crossmodal.alignment.bugs import BUGS
from crossmodal.alignment.names import CURVE, OBJECTIVES, WAYS
from crossmodal.alignment.outcomes import Point, Row
from crossmodal.ui.alignment_texts import TEXTS, AlignmentTexts, named
from crossmodal.ui.charts import Axes, Bar, bar_table, chart
from crossmodal.world.words import Language

if TYPE_CHECKING:
    from crossmodal.alignment.breaking import Broken
    from crossmodal.alignment.temperature import Trace

DOT = 2.5


def outcome(rows: Sequence[Row], language: Language) -> str:
    """Bars of the first figure with its spread as a whisker, and a table of all figures, as HTML."""
    if not rows:
        return ""
    words = TEXTS[language]
    bars = [
        Bar(named(row.title, language), "", row.mean, row.mean - row.spread, row.mean + row.spread, f"± {row.spread:.1f}")
        for row in rows
    ]
    names = list(rows[0].figures)
    gained = any(row.gain for row in rows)
    head = [words.way, *(f"{named(n, language)} %" for n in names), *([words.gain] if gained else []), words.each_seed]
    body = []
    for row in rows:
        cells = [f"{fmean(v):.1f} ± {stdev(v):.1f}" if len(v) > 1 else f"{v[0]:.1f}" for v in row.figures.values()]
        if gained:
            cells.append("{:+.1f} ({:+.1f} … {:+.1f})".format(*row.gain) if row.gain else "")
        cells.append(", ".join(f"{v:.1f}" for v in row.first))
        listed = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        body.append(f'<tr><th scope="row">{escape(named(row.title, language))}</th>{listed}</tr>')
    top = "".join(f"<th>{escape(h)}</th>" for h in head)
    caption = f"<p><b>{escape(named(names[0], language))}, %</b> · {escape(words.control_note) if gained else ''}</p>"
    table = f'<div class="wide"><table class="plain"><tr>{top}</tr>{"".join(body)}</table></div>'
    return caption + bar_table(bars) + table


def losses(points: Sequence[tuple[str, int, float]], words: AlignmentTexts, language: Language) -> str:
    """points: (title, step, loss); the mean of the seeds so far."""
    found: dict[str, dict[int, list[float]]] = {}
    for title, step, loss in points:
        found.setdefault(title, {}).setdefault(step, []).append(loss)
    series = {
        named(title, language): [(step, fmean(found[title][step])) for step in sorted(found[title])]
        for title in OBJECTIVES.values()
        if title in found
    }
    palette = [named(title, language) for title in OBJECTIVES.values()]
    return chart(words.curves, series, Axes(words.step, words.loss), palette)


def trace(run: "Trace", words: AlignmentTexts) -> str:
    """Where the vectors lie before and after, and every figure over the steps, as HTML."""
    clouds = "".join(
        _cloud(title, {words.pictures: pair[0].tolist(), words.texts: pair[1].tolist()})
        for title, pair in ((words.before, run.before), (words.after, run.after))
    )
    figures = {
        words.gap: [(m.step, m.gap) for m in run.moments],
        words.alignment: [(m.step, m.alignment) for m in run.moments],
        words.uniformity: [(m.step, m.uniformity) for m in run.moments],
    }
    over = chart(words.lie, figures, Axes(words.step, ""))
    found = chart(
        words.retrieval, {words.retrieval: [(m.step, 100 * m.retrieval) for m in run.moments]}, Axes(words.step, "%", 0, 100)
    )
    loss = chart(words.loss, {words.loss: [(m.step, m.loss) for m in run.moments]}, Axes(words.step, words.loss))
    return f'<div class="pair">{clouds}</div><div class="pair">{over}{found}{loss}</div>'


def swept(runs: "Sequence[Trace]", words: AlignmentTexts) -> str:
    """The last moment of each run over the temperature."""
    axes = Axes(words.degree, "", logarithmic=True)
    figures = {
        words.gap: [(run.temperature, run.last.gap) for run in runs],
        words.alignment: [(run.temperature, run.last.alignment) for run in runs],
        words.uniformity: [(run.temperature, run.last.uniformity) for run in runs],
    }
    found = {words.retrieval: [(run.temperature, 100 * run.last.retrieval) for run in runs]}
    percent = Axes(words.degree, "%", 0, 100, logarithmic=True)
    return f'<div class="pair">{chart(words.sweep, figures, axes)}{chart(words.retrieval, found, percent)}</div>'


def moment(run: "Trace", words: AlignmentTexts) -> str:
    """The same in a sentence."""
    first, last = run.moments[0], run.last
    pairs = ((getattr(m, name) for m in (first, last)) for name in ("gap", "alignment", "uniformity"))
    values = [value for pair in pairs for value in pair]
    return words.moment.format(run.temperature, *values, 100 * first.retrieval, 100 * last.retrieval, last.loss)


def domains_drawn(drawn: dict[str, list[Point]], words: AlignmentTexts, language: Language) -> str:
    """For each way, source and target as its network sees them."""
    parts = [
        _cloud(
            words.drawn.format(named(way, language)),
            {words.source: [p[:2] for p in drawn[way] if not p[3]], words.target: [p[:2] for p in drawn[way] if p[3]]},
        )
        for way in WAYS
        if drawn.get(way)
    ]
    return f'<div class="pair">{"".join(parts)}</div>'


def learning_curve(rows: Sequence[Row], words: AlignmentTexts, language: Language) -> str:
    """Accuracy over labels a class. Rows are titled `way, N a class`."""
    series: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        way, _, labels = row.title.rpartition(", ")
        series.setdefault(named(way, language), []).append((float(labels.split()[0]), row.mean))
    palette = [named(way, language) for way in CURVE]
    return chart(words.labels_needed, series, Axes(words.labels, words.accuracy, 0, 100), palette)


def broken(found: "Broken", words: AlignmentTexts, language: Language) -> str:
    """Both runs in one chart, the two lines of code, and the symptom, as HTML."""
    bug = BUGS[found.bug]
    x, y = (axis[language == "zh"] for axis in bug.axes)
    series = {words.without_bug: list(found.right), words.with_bug: list(found.wrong)}
    code = "".join(
        f"<p>{escape(title)}: <code>{escape(line)}</code></p>"
        for title, line in ((words.without_bug, bug.right), (words.with_bug, bug.wrong))
    )
    drawn = chart(bug.title[language == "zh"], series, Axes(x, y))
    return f"{drawn}{code}<p><b>{escape(bug.said(language, *found.found))}</b></p>"


def _cloud(title: str, series: dict[str, list[tuple[float, float]]]) -> str:
    return chart(title, series, Axes("", ""), lines=False, dot=DOT)
