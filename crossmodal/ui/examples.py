"""The example pictures with the question that a click asks."""

import json
from dataclasses import dataclass
from pathlib import Path

from crossmodal.paths import PICTURES
from crossmodal.world.words import Language


@dataclass(frozen=True)
class Example:
    path: Path
    en: str
    zh: str

    def question(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


def bundled_examples() -> tuple[Example, ...]:
    rows = json.loads((PICTURES / "examples.json").read_text(encoding="utf-8"))
    return tuple(Example(PICTURES / row["picture"], row["en"], row["zh"]) for row in rows)
