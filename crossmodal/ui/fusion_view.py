"""How a comparison looks: the table, the plots, each strategy's wiring, one case through all of them."""

from collections.abc import Sequence
from html import escape
from statistics import fmean
from typing import TYPE_CHECKING

from crossmodal.fusion.figures import NOISE
from crossmodal.fusion.names import STRATEGIES
from crossmodal.fusion.results import Comparison
from crossmodal.reliability import Bin
from crossmodal.ui.charts import Axes, Bar, bar_table, chart
from crossmodal.ui.texts import Texts

if TYPE_CHECKING:
    from crossmodal.fusion.one_case import Told, Verdict

FEWEST_IN_A_BIN = 10
PALETTE = tuple(kind.title for kind in STRATEGIES.values())
WIRING = {
    "baseline": (("one modality", "answer"),),
    "early": (("picture + text, raw", "MLP", "answer"),),
    "mid": (("picture → encoder", "text → encoder"), ("fusion", "head", "answer")),
    "late": (("picture → encoder → answer", "text → encoder → answer"), ("join", "answer")),
}
BOX_HEIGHT, BOX_GAP, CHARACTER = 26, 22, 6.4


def table(comparison: Comparison) -> list[list[str]]:
    """One row a strategy, as `headings` names the columns."""
    return [
        [
            STRATEGIES[row["strategy"]].title,
            STRATEGIES[row["strategy"]].stage,
            f"{row['accuracy']:.1f}",
            f"{row['low']:.1f} – {row['high']:.1f}",
            f"{100 * row['emap']:.1f} / {100 * row['emap_of']:.1f}",
            f"{100 * row['without_picture']:.1f}",
            f"{100 * row['without_text']:.1f}",
            f"{100 * row['shapley_picture']:+.1f} / {100 * row['shapley_text']:+.1f}",
            f"{100 * row['interaction']:+.1f}",
            f"{100 * row['perturbed']:.1f}",
            f"{100 * row['ece']:.1f}",
            f"{row['parameters']:,}",
            f"{row['flops'] / 1e6:.2f}",
            f"{row['latency_p50_ms']:.2f} / {row['latency_p95_ms']:.2f}",
        ]
        for row in comparison.rows()
    ]


def headings(words: Texts) -> list[str]:
    return words.fu_headings.split(" | ")


def accuracy_bars(comparison: Comparison, words: Texts) -> str:
    """Accuracy with its interval as a whisker, best first, as HTML."""
    kinds = {row["strategy"]: STRATEGIES[row["strategy"]] for row in comparison.rows()}
    return bar_table(
        [
            Bar(
                kinds[row["strategy"]].title,
                stage_title(kinds[row["strategy"]].stage, words),
                float(row["accuracy"]),
                float(row["low"]),
                float(row["high"]),
            )
            for row in sorted(comparison.rows(), key=lambda r: -float(r["accuracy"]))
        ]
    )


def curves(points: Sequence[tuple[str, int, float]], words: Texts) -> str:
    """Loss over steps, the mean of the seeds so far. points: (strategy, step, loss)."""
    losses: dict[str, dict[int, list[float]]] = {}
    for name, step, loss in points:
        losses.setdefault(name, {}).setdefault(step, []).append(loss)
    series = {
        _title(name): [(step, fmean(losses[name][step])) for step in sorted(losses[name])]
        for name in STRATEGIES
        if name in losses
    }
    return chart(words.fu_curves, series, Axes(words.fu_step, words.fu_loss, y_low=0.0), PALETTE)


def curves_of(comparison: Comparison, words: Texts) -> str:
    return curves([(o.strategy, p.step, p.loss) for o in comparison.outcomes for p in o.curve], words)


def pareto(comparison: Comparison, words: Texts) -> str:
    """Cost against accuracy."""
    series = {_title(row["strategy"]): [(row["flops"] / 1e6, float(row["accuracy"]))] for row in comparison.rows()}
    return chart(words.fu_pareto, series, Axes("MFLOP", words.fu_accuracy, y_high=100.0), PALETTE, lines=False)


def noise(comparison: Comparison, of_picture: bool, words: Texts) -> str:
    """Accuracy against noise in one modality, the mean of the seeds."""
    series = {}
    for name in comparison.strategies:
        figures = [o.figures for o in comparison.of(name)]
        seen = [f.noisy_picture if of_picture else f.noisy_text for f in figures]
        series[_title(name)] = [(level, 100 * fmean(levels[i] for levels in seen)) for i, level in enumerate(NOISE)]
    title = words.fu_noise_picture if of_picture else words.fu_noise_text
    return chart(title, series, Axes(words.fu_noise, words.fu_accuracy, y_high=100.0), PALETTE)


def reliability(comparison: Comparison, words: Texts) -> str:
    """Confidence against accuracy over all seeds, bins with few cases left out; on the diagonal a word can be taken."""
    series: dict[str, list[tuple[float, float]]] = {"y = x": [(0.0, 0.0), (100.0, 100.0)]}
    for name in comparison.strategies:
        bins = [o.figures.bins for o in comparison.of(name)]
        series[_title(name)] = []
        for same in zip(*bins, strict=True):
            count = sum(b.count for b in same)
            if count >= FEWEST_IN_A_BIN * len(bins):
                claimed, right = (sum(b.count * v(b) for b in same) / count for v in (_claimed, _right))
                series[_title(name)].append((100 * claimed, 100 * right))
    return chart(words.fu_reliability, series, Axes(words.fu_claimed, words.fu_accuracy, 0.0, 100.0), PALETTE)


def _claimed(b: Bin) -> float:
    return b.confidence


def _right(b: Bin) -> float:
    return b.accuracy


def _title(name: str) -> str:
    return STRATEGIES[name].title


def wiring(words: Texts) -> str:
    """A diagram for each stage, and each strategy's formula below it, as HTML."""
    parts = []
    for stage, rows in WIRING.items():
        mine = [kind for kind in STRATEGIES.values() if kind.stage == stage]
        listed = "".join(
            f"<li><b>{escape(kind.title)}</b>: <code>{escape(kind.wiring)}</code> <small>{escape(kind.also)}</small></li>"
            for kind in mine
        )
        parts.append(f"<h4>{escape(stage_title(stage, words))}</h4>{_diagram(rows)}<ul>{listed}</ul>")
    return f'<div class="wiring">{"".join(parts)}</div>'


def case_table(told: "Sequence[Told]", classes: Sequence[str], truth: str | None, words: Texts) -> str:
    """Every strategy's answer, and what it says with one modality taken away, as HTML. Titles are ours, classes too."""
    head = "".join(f"<th>{escape(h)}</th>" for h in words.fu_case_headings.split(" | "))
    rows = []
    for one in told:
        right = truth is not None and classes[one.whole.label] == truth
        mark = "" if truth is None else (" ✓" if right else " ✗")
        cells = "".join(_verdict(v, classes) for v in (one.without_picture, one.without_text))
        rows.append(
            f'<tr><th scope="row">{escape(STRATEGIES[one.strategy].title)}</th>{_verdict(one.whole, classes, mark)}{cells}</tr>'
        )
    return f'<table class="bars">{"<tr>" + head + "</tr>"}{"".join(rows)}</table>'


def stage_title(stage: str, words: Texts) -> str:
    return str(getattr(words, f"fu_stage_{stage}"))


def _verdict(verdict: "Verdict", classes: Sequence[str], mark: str = "") -> str:
    percent = 100 * verdict.probability
    return (
        f'<td><span class="bar" style="width:{percent:.1f}%"></span>'
        f'<span class="figure">{escape(classes[verdict.label])}{mark} <small>{percent:.0f} %</small></span></td>'
    )


def _diagram(rows: Sequence[Sequence[str]]) -> str:
    """Boxes: of the first row one below the other, of the second one behind the other."""
    *first, last = rows
    inputs = first[0] if first else (last[0],)
    chain = last if first else last[1:]
    width = max(len(text) for text in inputs) * CHARACTER + 20
    height = len(inputs) * (BOX_HEIGHT + 8)
    parts = [_box(0, i * (BOX_HEIGHT + 8), width, text) for i, text in enumerate(inputs)]
    x, middle = width, height / 2 - 4
    for i, text in enumerate(chain):
        starts = [k * (BOX_HEIGHT + 8) + BOX_HEIGHT / 2 for k in range(len(inputs))] if i == 0 else [middle]
        parts += [f'<path d="M{x} {y} L{x + BOX_GAP} {middle}" stroke="currentColor" fill="none"/>' for y in starts]
        x += BOX_GAP
        box = len(text) * CHARACTER + 20
        parts.append(_box(x, middle - BOX_HEIGHT / 2, box, text))
        x += box
    drawn = "".join(parts)
    return f'<svg viewBox="-1 -5 {x + 2:.0f} {height + 4}" style="max-width:{x:.0f}px" role="img">{drawn}</svg>'


def _box(x: float, y: float, width: float, text: str) -> str:
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{BOX_HEIGHT}" rx="6" fill="none" stroke="currentColor"/>'
        f'<text x="{x + width / 2:.0f}" y="{y + 17:.0f}" text-anchor="middle" font-size="12" fill="currentColor">'
        f"{escape(text)}</text>"
    )


def plots(comparison: Comparison, words: Texts) -> str:
    """All charts but the curves, as HTML."""
    return "".join(
        (
            pareto(comparison, words),
            noise(comparison, True, words),
            noise(comparison, False, words),
            reliability(comparison, words),
        )
    )
