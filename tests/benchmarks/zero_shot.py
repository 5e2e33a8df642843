"""Zero-shot classification: ours against transformers' own pipeline, as a user would call it.

    python -m tests.benchmarks.zero_shot

A CLIP of ViT-B/32's size with random weights is made on the spot. Both sides run interleaved in one process, on the
same weights, and their probabilities are compared.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TEMPLATE = "This is a photo of {}."
LONG, SHORT, PICTURES = 1_000, 20, 64


def make_checkpoint(folder: Path) -> int:
    """CLIP ViT-B/32's widths and depths, and the bundled tokenizer. Returns its parameters."""
    import torch
    from transformers import CLIPConfig, CLIPModel, CLIPProcessor

    from crossmodal.paths import MODELS
    from crossmodal.training.clip import image_processor

    torch.manual_seed(0)
    tokenizer = CLIPProcessor.from_pretrained(MODELS / "picturebook-clip", backend="pil").tokenizer
    ids = {k: getattr(tokenizer, k) for k in ("bos_token_id", "eos_token_id", "pad_token_id")}
    config = CLIPConfig(
        projection_dim=512,
        vision_config={"hidden_size": 768, "intermediate_size": 3072, "image_size": 224, "patch_size": 32},
        text_config={"max_position_embeddings": 77, "vocab_size": 49_408, **ids},
    )
    model = CLIPModel(config)
    model.save_pretrained(folder)
    images = image_processor()
    images.size = images.crop_size = {"height": 224, "width": 224}
    CLIPProcessor(images, tokenizer).save_pretrained(folder)
    return int(model.num_parameters())


class Sides:
    """The same question to both."""

    def __init__(self, folder: Path) -> None:
        from transformers import pipeline

        from crossmodal.models.catalog import find_spec
        from crossmodal.models.loading import LoadedModel
        from crossmodal.models.manager import ModelManager
        from crossmodal.settings import Settings
        from crossmodal.zero_shot.classifier import ZeroShotClassifier

        self.spec = find_spec(str(folder), "embedding")
        self.manager = ModelManager(Settings(device="cpu", offline=True))
        self.fresh: Callable[[], ZeroShotClassifier] = lambda: ZeroShotClassifier(self.manager)
        with self.manager.use(self.spec, "fp32") as loaded:
            shared: LoadedModel = loaded
        self.plain = pipeline(
            "zero-shot-image-classification",
            model=shared.model,
            image_processor=shared.processor.image_processor,
            tokenizer=shared.processor.tokenizer,
        )

    def ours(self, classifier: Any, pictures: list[Any], labels: list[str]) -> list[dict[str, float]]:
        from crossmodal.zero_shot.labels import Labels

        verdicts = classifier.classify(pictures, Labels(tuple(labels)), self.spec, "fp32", (TEMPLATE,))
        return [{s.label: s.which for s in v.scores} for v in verdicts]

    def theirs(self, pictures: list[Any], labels: list[str], batch: int = 1) -> list[dict[str, float]]:
        found = self.plain(pictures, candidate_labels=labels, hypothesis_template=TEMPLATE, batch_size=batch)
        return [{entry["label"]: entry["score"] for entry in row} for row in found]


def noise(seed: int) -> Any:
    import numpy as np
    from PIL import Image

    pixels = np.random.default_rng(seed).integers(0, 255, (320, 400, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def compare(title: str, rounds: int, ours: Callable[[int], Any], theirs: Callable[[int], Any]) -> None:
    """Alternates who goes first; prints medians, how many times as fast ours is, and the largest difference."""
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    difference = 0.0
    for number in range(rounds):
        found = {}
        for side in ("ours", "theirs") if number % 2 == 0 else ("theirs", "ours"):
            began = time.perf_counter()
            found[side] = (ours if side == "ours" else theirs)(number)
            seconds[side].append(time.perf_counter() - began)
        for a, b in zip(found["ours"], found["theirs"], strict=True):
            difference = max([difference, *(abs(a[label] - b[label]) for label in b)])
    mine, plain = statistics.median(seconds["ours"]), statistics.median(seconds["theirs"])
    print(f"{title}: ours {mine:.3f} s, pipeline {plain:.3f} s, {plain / mine:.2f} times as fast, ", end="")
    print(f"medians of {rounds}; probabilities differ by at most {difference:.1e}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        print(f"{make_checkpoint(Path(name)) / 1e6:.0f}M parameters")
        sides = Sides(Path(name))
        long, short, two = ([f"thing {i}" for i in range(n)] for n in (LONG, SHORT, 2))
        warm = sides.fresh()
        sides.ours(warm, [noise(0)], long)
        sides.theirs([noise(0)], two)
        compare(
            f"second picture, {LONG:,} labels",
            min(rounds, 3),
            lambda i: sides.ours(warm, [noise(i + 1)], long),
            lambda i: sides.theirs([noise(i + 1)], long),
        )
        many = [noise(i) for i in range(PICTURES)]
        for batch in (1, 32):
            compare(
                f"{PICTURES} pictures, {SHORT} labels, labels new, the pipeline's batch_size {batch}",
                min(rounds, 3),
                lambda i: sides.ours(sides.fresh(), many, short),
                lambda i, batch=batch: sides.theirs(many, short, batch),  # type: ignore[misc]
            )
        compare(
            "one picture, two labels, labels new",
            4 * rounds,
            lambda i: sides.ours(sides.fresh(), [noise(i)], two),
            lambda i: sides.theirs([noise(i)], two),
        )


if __name__ == "__main__":
    main()
