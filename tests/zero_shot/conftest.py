import numpy as np
import pytest
from PIL import Image

from crossmodal.models.catalog import find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.zero_shot.classifier import ZeroShotClassifier


@pytest.fixture
def bundled(manager: ModelManager) -> tuple[ZeroShotClassifier, object]:
    return ZeroShotClassifier(manager), find_spec("picturebook-clip", "embedding")


@pytest.fixture
def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 255, (40, 30, 3), dtype=np.uint8)) for _ in range(3)]
