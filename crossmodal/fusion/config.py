"""What a comparison is: task, strategies, seeds and sizes. The same file runs it from the page and from the command line."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from crossmodal.errors import UserError
from crossmodal.fusion.names import STRATEGIES
from crossmodal.fusion.tasks import checked_task
from crossmodal.intervals import checked_seeds

OWN = "own"
"""The task of a person's own pictures."""
OWN_STEPS = 400
MOST_SEEDS = 20
MOST_CASES, FEWEST_CASES = 50_000, 200
MOST_IN_ALL = 200_000
"""Of all seeds: they are in memory at once."""


@dataclass(frozen=True)
class Config:
    """One comparison."""

    task: str
    strategies: tuple[str, ...] = tuple(STRATEGIES)
    seeds: int = 5
    cases: int = 20_000
    """Training cases of each seed."""
    test: int = 1_000
    steps: int = 0
    """Training steps; 0 for the task's own number."""
    modality_dropout: float = 0.0
    adversarial: float = 0.0
    xor: float | None = None
    """Moves the logical task from redundant, 0, to XOR, 1."""
    model: str = "picturebook-clip"
    """Whose towers encode pictures and sentences."""

    def checked(self) -> "Config":
        """Itself. Raises UserError, naming the value, where it cannot be run."""
        if self.task != OWN:
            checked_task(self.task)
        if not self.strategies:
            raise UserError("No strategy is chosen. Tick at least one.", "没有选择策略。请至少勾选一个。")
        unknown = [s for s in self.strategies if s not in STRATEGIES]
        if unknown:
            raise UserError(
                f"There is no strategy {unknown[0]!r}. Choose among {', '.join(STRATEGIES)}.", f"没有策略 {unknown[0]!r}。"
            )
        checked_seeds(self.seeds, MOST_SEEDS)
        if not FEWEST_CASES <= self.cases <= MOST_CASES:
            raise UserError(
                f"The number of training cases is {self.cases:,}; choose {FEWEST_CASES} to {MOST_CASES:,}.",
                f"训练样本数是 {self.cases:,}；请选择 {FEWEST_CASES} 到 {MOST_CASES:,}。",
            )
        if self.seeds * self.cases > MOST_IN_ALL:
            raise UserError(
                f"{self.seeds} seeds of {self.cases:,} cases are {self.seeds * self.cases:,}; the limit is "
                f"{MOST_IN_ALL:,}. Choose fewer of either.",
                f"{self.seeds} 个种子各 {self.cases:,} 个样本，超过上限 {MOST_IN_ALL:,}。请减少。",
            )
        for title, value in (
            ("XOR", self.xor or 0.0),
            ("Modality dropout", self.modality_dropout),
            ("Adversarial training", self.adversarial),
        ):
            if not 0 <= value <= 1:
                raise UserError(f"{title} is {value:g}; choose 0 to 1.", f"{title} 是 {value:g}；请选择 0 到 1。")
        return self

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @property
    def command(self) -> str:
        """The same run from the command line."""
        parts = ["python -m crossmodal.fusion.compare", f"--task {self.task}", f"--seeds {self.seeds}", f"--cases {self.cases}"]
        if self.strategies != tuple(STRATEGIES):
            parts.append(f"--strategies {' '.join(self.strategies)}")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("steps", "modality_dropout", "adversarial", "xor", "model") and value != field.default:
                parts.append(f"--{field.name.replace('_', '-')} {value if isinstance(value, str) else f'{value:g}'}")
        if self.task == OWN:
            parts.append("--data YOUR_FILES")
        return " ".join(parts)


def config_from(values: Mapping[str, Any]) -> Config:
    """From what `to_json` wrote. Raises UserError for a field that does not exist."""
    known = {field.name for field in fields(Config)}
    if unknown := sorted(set(values) - known):
        raise UserError(
            f"The configuration has {unknown[0]!r}, which is no setting. Remove it.",
            f"配置中的 {unknown[0]!r} 不是设置项。请删除。",
        )
    return Config(**{**values, "strategies": tuple(values.get("strategies", STRATEGIES))}).checked()
