"""The outcome of a comparison: one row a strategy, with 95 % intervals over paired seeds."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from crossmodal.fusion.config import Config, config_from
from crossmodal.fusion.figures import Costs, Figures, Point, Presence
from crossmodal.fusion.names import STRATEGIES
from crossmodal.intervals import interval
from crossmodal.paths import MODELS
from crossmodal.reliability import Bin

BUNDLED = MODELS / "fusion" / "results"
COLUMNS = (
    *("strategy", "stage", "accuracy", "low", "high", "seeds", "emap", "emap_of", "shapley_picture", "shapley_text"),
    *("interaction", "without_picture", "without_text", "perturbed", "ece", "parameters", "flops"),
    *("latency_p50_ms", "latency_p95_ms", "seconds"),
)


@dataclass(frozen=True)
class Outcome:
    """One strategy on one seed."""

    strategy: str
    seed: int
    figures: Figures
    curve: tuple[Point, ...]
    seconds: float
    """Training took so long."""


@dataclass(frozen=True)
class Comparison:
    """All outcomes of a configuration, so far."""

    config: Config
    outcomes: tuple[Outcome, ...]

    @property
    def strategies(self) -> list[str]:
        """Those with an outcome, in the catalogue's order."""
        done = {o.strategy for o in self.outcomes}
        return [name for name in STRATEGIES if name in done]

    def of(self, strategy: str) -> list[Outcome]:
        return sorted((o for o in self.outcomes if o.strategy == strategy), key=lambda o: o.seed)

    def rows(self) -> list[dict[str, Any]]:
        """One a strategy; shares are 0 to 1, except accuracy, low and high, which are per cent."""
        return [self._row(name) for name in self.strategies]

    def difference(self, one: str, other: str) -> tuple[float, float, float]:
        """By how many points `one` is better, over the seeds that both have: mean and 95 % interval."""
        scores = {s: {o.seed: o.figures.accuracy for o in self.of(s)} for s in (one, other)}
        shared = sorted(scores[one].keys() & scores[other].keys())
        return interval([100 * (scores[one][seed] - scores[other][seed]) for seed in shared])

    def to_csv(self) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        writer.writerows(self.rows())
        return text.getvalue()

    def to_json(self) -> str:
        outcomes = [asdict(o) for o in self.outcomes]
        return json.dumps({"config": asdict(self.config), "rows": self.rows(), "outcomes": outcomes})

    def files(self) -> dict[str, str]:
        """The run to take away, by file name: configuration with its seeds, results as JSON, the table as CSV."""
        return {"config.json": self.config.to_json(), "results.json": self.to_json(), "results.csv": self.to_csv()}

    def _row(self, name: str) -> dict[str, Any]:
        outcomes = self.of(name)
        figures = [o.figures for o in outcomes]
        mean, low, high = interval([100 * f.accuracy for f in figures])

        def average(values: Sequence[float]) -> float:
            return round(float(np.mean(values)), 6)

        return {
            "strategy": name,
            "stage": STRATEGIES[name].stage,
            "accuracy": round(mean, 2),
            "low": round(max(low, 0.0), 2),
            "high": round(min(high, 100.0), 2),
            "seeds": len(outcomes),
            "emap": average([f.emap for f in figures]),
            "emap_of": average([f.emap_of for f in figures]),
            "shapley_picture": average([f.presence.shapley[0] for f in figures]),
            "shapley_text": average([f.presence.shapley[1] for f in figures]),
            "interaction": average([f.presence.interaction for f in figures]),
            "without_picture": average([f.presence.text for f in figures]),
            "without_text": average([f.presence.picture for f in figures]),
            "perturbed": average([f.perturbed for f in figures]),
            "ece": average([f.ece for f in figures]),
            "parameters": figures[0].costs.parameters,
            "flops": figures[0].costs.flops,
            "latency_p50_ms": average([1000 * f.costs.latency_p50 for f in figures]),
            "latency_p95_ms": average([1000 * f.costs.latency_p95 for f in figures]),
            "seconds": average([o.seconds for o in outcomes]),
        }


def comparison_from(text: str) -> Comparison:
    """From what `Comparison.to_json` wrote."""
    known = json.loads(text)
    return Comparison(config_from(known["config"]), tuple(_outcome(o) for o in known["outcomes"]))


@cache
def bundled(task: str, folder: Path = BUNDLED) -> Comparison | None:
    """The comparison that ships for a task; None where there is none."""
    path = folder / f"{task}.json"
    return comparison_from(path.read_text(encoding="utf-8")) if path.exists() else None


def _outcome(values: dict[str, Any]) -> Outcome:
    figures = dict(values["figures"])
    figures["presence"] = Presence(**figures["presence"])
    figures["bins"] = tuple(Bin(**b) for b in figures["bins"])
    figures["costs"] = Costs(**figures["costs"])
    for name in ("noisy_picture", "noisy_text"):
        figures[name] = tuple(figures[name])
    curve = tuple(Point(**p) for p in values["curve"])
    return Outcome(values["strategy"], values["seed"], Figures(**figures), curve, values["seconds"])
