from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossmodal.models.catalog import find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings
from crossmodal.zero_shot.classifier import ZeroShotClassifier
from tests.tiny import SAVERS


@pytest.fixture(scope="session")
def dual_encoder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny checkpoint of a family, made once."""
    made: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in made:
            made[family] = SAVERS[family](tmp_path_factory.mktemp(family))
        return made[family]

    return folder


@pytest.fixture
def manager() -> ModelManager:
    return ModelManager(Settings(offline=True, idle_minutes=0))


@pytest.fixture
def bundled(manager: ModelManager) -> tuple[ZeroShotClassifier, object]:
    return ZeroShotClassifier(manager), find_spec("picturebook-clip", "embedding")


@pytest.fixture
def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 255, (40, 30, 3), dtype=np.uint8)) for _ in range(3)]
