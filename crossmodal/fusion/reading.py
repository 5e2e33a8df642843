"""What a comparison says in words: derived from its figures, and from nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from crossmodal.fusion.names import BASELINES, LATE, STRATEGIES
from crossmodal.fusion.results import Comparison
from crossmodal.world.words import Language

UNSURE = 0.05
"""A calibration error from which on probabilities are not to be trusted."""
SMALL = 3.0
"""Points of accuracy that do not matter."""


@dataclass(frozen=True)
class Remark:
    """One sentence in both languages."""

    en: str
    zh: str

    def said(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


def remarks(comparison: Comparison) -> list[Remark]:
    """Sentences that this run's figures carry. None for fewer than two strategies that fuse, or before their second seed."""
    rows = {row["strategy"]: row for row in comparison.rows() if row["seeds"] > 1}
    fusing = [name for name in rows if name not in BASELINES]
    if len(fusing) < 2:
        return []
    shared = set.intersection(*({o.seed for o in comparison.of(name)} for name in rows))
    if len(shared) < 2:
        return []  # a live run whose strategies have not met on two seeds yet
    best = _top(rows, fusing)
    found = [_best(comparison, rows, best)]
    late = [name for name in fusing if name in LATE]
    rest = [name for name in fusing if name not in LATE]
    if late and rest:
        found.append(_late(comparison, rows, _top(rows, late), _top(rows, rest)))
    found += [_cost(rows, fusing), _worst_calibrated(rows, fusing)]
    return found


def _top(rows: dict[str, dict[str, float]], names: Sequence[str]) -> str:
    return max(names, key=lambda name: rows[name]["accuracy"])


def _title(name: str) -> str:
    return STRATEGIES[name].title


def _best(comparison: Comparison, rows: dict[str, dict[str, float]], best: str) -> Remark:
    alone = [name for name in ("picture_only", "text_only", "majority") if name in rows]
    top = f"{_title(best)}: {rows[best]['accuracy']:.1f} %"
    if not alone:
        return Remark(
            f"Best here: {top}. No baseline was run, so this says nothing of what fusing gains.",
            f"最佳：{top}。没有运行基线，无法判断融合的收益。",
        )
    baseline = _top(rows, alone)
    mean, low, high = comparison.difference(best, baseline)
    if high < 0:
        return Remark(
            f"Nothing here beats {_title(baseline).lower()}: {top} is {-mean:.1f} points below it ({-high:.1f} to {-low:.1f}).",
            f"没有策略胜过 {_title(baseline)}：{top} 低 {-mean:.1f} 点（{-high:.1f} 到 {-low:.1f}）。",
        )
    clear = low > 0
    return Remark(
        f"Best here: {top}, {mean:+.1f} points ({low:+.1f} to {high:+.1f}) against {_title(baseline).lower()}"
        + ("." if clear else ": with so few seeds, no clear gain."),
        f"最佳：{top}，比 {_title(baseline)} 高 {mean:+.1f} 点（{low:+.1f} 到 {high:+.1f}）"
        + ("。" if clear else "：种子太少，差异不明确。"),
    )


def _late(comparison: Comparison, rows: dict[str, dict[str, float]], late: str, rest: str) -> Remark:
    mean, low, high = comparison.difference(rest, late)
    interaction = 100 * rows[rest]["interaction"]
    span_en, span_zh = f"{mean:+.1f} points ({low:+.1f} to {high:+.1f})", f"{mean:+.1f} 点（{low:+.1f} 到 {high:+.1f}）"
    pair_en, pair_zh = f"{_title(rest)} against {_title(late)}", f"{_title(rest)} 对 {_title(late)}"
    if low > 0:
        return Remark(
            f"{pair_en}: {span_en}. Late fusion adds up what each modality says alone; {interaction:.0f} points of the other "
            "come from the two together.",
            f"{pair_zh}：{span_zh}。后期融合只把各模态的判断相加；前者有 {interaction:.0f} 点来自两者的交互。",
        )
    if high < SMALL:
        return Remark(
            f"{pair_en}: {span_en}. Late fusion keeps up; its best rival owes {interaction:.0f} points to the two together.",
            f"{pair_zh}：{span_zh}。后期融合不落后；对手有 {interaction:.0f} 点来自两者的交互。",
        )
    return Remark(
        f"{pair_en}: {span_en}. These seeds do not tell which is better; more of them would.",
        f"{pair_zh}：{span_zh}。这些种子无法判断优劣，需要更多种子。",
    )


def _cost(rows: dict[str, dict[str, float]], fusing: list[str]) -> Remark:
    cheap, dear = (f(fusing, key=lambda n: rows[n]["flops"]) for f in (min, max))
    times = rows[dear]["flops"] / max(rows[cheap]["flops"], 1)
    return Remark(
        f"Cheapest: {_title(cheap)}, {rows[cheap]['flops'] / 1e6:.2f} MFLOP a case; dearest: {_title(dear)}, {times:.1f} times "
        f"as much, for {rows[dear]['accuracy'] - rows[cheap]['accuracy']:+.1f} points.",
        f"计算最少：{_title(cheap)}，每例 {rows[cheap]['flops'] / 1e6:.2f} MFLOP；最多：{_title(dear)}，是它的 {times:.1f} 倍，"
        f"准确率相差 {rows[dear]['accuracy'] - rows[cheap]['accuracy']:+.1f} 点。",
    )


def _worst_calibrated(rows: dict[str, dict[str, float]], fusing: list[str]) -> Remark:
    worst = max(fusing, key=lambda n: rows[n]["ece"])
    error = 100 * rows[worst]["ece"]
    if rows[worst]["ece"] < UNSURE:
        return Remark(
            f"The probabilities of what fuses can be taken at their word: the worst calibration error is {error:.1f} % "
            f"({_title(worst)}).",
            f"各融合策略的概率都可信：最大校准误差为 {error:.1f} %（{_title(worst)}）。",
        )
    return Remark(
        f"Do not take the probabilities of {_title(worst)} at their word: they are off by {error:.1f} % on average.",
        f"不要轻信 {_title(worst)} 的概率：平均偏差 {error:.1f} %。",
    )
