from crossmodal.models.catalog import ModelSpec
from crossmodal.models.machine import choose_precision

GB = 1_000_000_000
LARGE = ModelSpec("l", "chat", "large", "?", 7 * GB)
SMALL = ModelSpec("s", "chat", "small", "?", GB // 100)


def test_the_precision_follows_from_the_model_and_the_memory() -> None:
    assert choose_precision("auto", SMALL, "cpu", 8 * GB) == "fp32"
    assert choose_precision("auto", LARGE, "cuda", 24 * GB) == "bf16"
    assert choose_precision("auto", LARGE, "cuda", 8 * GB) == "nf4"
    assert choose_precision("int8", SMALL, "cuda", 8 * GB) == "int8"
