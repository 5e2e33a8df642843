import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoModelForZeroShotImageClassification, AutoProcessor, pipeline

from crossmodal.embedding.embedder import Embedder
from crossmodal.models.catalog import ModelSpec, find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings
from crossmodal.world.render import render
from crossmodal.world.sampler import SceneSampler
from crossmodal.zero_shot.classifier import ZeroShotClassifier
from crossmodal.zero_shot.labels import Labels, parse_labels
from tests.tiny import SAVERS, WORDS

LABELS = Labels(WORDS)
TEMPLATE = ("This is a photo of {}.",)


@pytest.mark.parametrize("family", SAVERS)
def test_the_same_probabilities_as_transformers_own_pipeline(
    family: str, dual_encoder: Callable[[str], Path], manager: ModelManager, pictures: list[Image.Image]
) -> None:
    folder = dual_encoder(family)
    processor = AutoProcessor.from_pretrained(folder, backend="pil")
    theirs = pipeline(
        "zero-shot-image-classification",
        model=AutoModelForZeroShotImageClassification.from_pretrained(folder),
        image_processor=processor.image_processor,
        tokenizer=processor.tokenizer,
    )
    ours = ZeroShotClassifier(manager).classify(pictures, LABELS, find_spec(str(folder), "embedding"), "fp32", TEMPLATE)
    for picture, verdict in zip(pictures, ours, strict=True):
        expected = theirs(picture, candidate_labels=list(WORDS), hypothesis_template=TEMPLATE[0])
        assert len({round(e["score"], 3) for e in expected}) > 3  # the test would show nothing otherwise
        for entry in expected:
            (mine,) = [s for s in verdict.scores if s.label == entry["label"]]
            score = mine.is_it if "siglip" in family else mine.which
            assert score == pytest.approx(entry["score"], abs=1e-4)
        assert verdict.best.label == expected[0]["label"]


def test_siglip_gives_each_label_its_own_probability_and_a_plain_clip_claims_none(
    dual_encoder: Callable[[str], Path], manager: ModelManager, pictures: list[Image.Image]
) -> None:
    for family, independent in (("siglip", True), ("clip", False)):
        spec = find_spec(str(dual_encoder(family)), "embedding")
        few = ZeroShotClassifier(manager).classify(pictures[:1], Labels(WORDS[:2]), spec, "fp32", TEMPLATE)[0]
        many = ZeroShotClassifier(manager).classify(pictures[:1], LABELS, spec, "fp32", TEMPLATE)[0]
        first = [next(s for s in v.scores if s.label == WORDS[0]) for v in (few, many)]
        assert (first[0].is_it is not None) == independent
        if independent:
            assert first[0].is_it == pytest.approx(first[1].is_it)
        assert few.none_of_these is None
        assert sum(s.which for s in many.scores) == pytest.approx(1)


def test_a_second_call_encodes_no_text_and_one_more_label_encodes_only_that(
    dual_encoder: Callable[[str], Path],
    manager: ModelManager,
    pictures: list[Image.Image],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = find_spec(str(dual_encoder("clip")), "embedding")
    encoded: list[str] = []
    original = Embedder.texts

    def counted(self: Embedder, texts: Any) -> torch.Tensor:
        encoded.extend(texts)
        return original(self, texts)

    monkeypatch.setattr(Embedder, "texts", counted)
    classifier = ZeroShotClassifier(manager)
    first = classifier.classify(pictures, Labels(("cat", "dog")), spec, "fp32", ("{}",))
    assert encoded == ["cat", "dog"]
    again = classifier.classify(pictures, Labels(("cat", "dog")), spec, "fp32", ("{}",))
    assert encoded == ["cat", "dog"]
    assert again == first
    classifier.classify(pictures, Labels(("cat", "house", "dog")), spec, "fp32", ("{}",))
    assert encoded == ["cat", "dog", "house"]


def test_the_ensemble_is_the_normalised_mean_and_templates_that_disagree_are_named(
    dual_encoder: Callable[[str], Path], manager: ModelManager, pictures: list[Image.Image]
) -> None:
    spec = find_spec(str(dual_encoder("clip")), "embedding")
    classifier = ZeroShotClassifier(manager)
    templates = ("{}", "a house with {}", "red {} apple", "dog {}")
    together = classifier.classify(pictures, LABELS, spec, "fp32", templates)
    alone = {t: classifier.classify(pictures, LABELS, spec, "fp32", (t,)) for t in templates}
    disagreed = 0
    for i, verdict in enumerate(together):
        expected = {(t, alone[t][i].best.label) for t in templates if alone[t][i].best.label != verdict.best.label}
        assert set(verdict.other_winners) == expected
        disagreed += len(expected)
    assert disagreed


def test_the_bundled_model_names_what_it_sees_in_both_languages(bundled: tuple[ZeroShotClassifier, ModelSpec]) -> None:
    classifier, spec = bundled
    scenes = [SceneSampler().sample(seed, "one") for seed in range(40)]
    things = [s.placed[0].thing for s in scenes]
    for labels in ([t.name for t in things], [t.zh for t in things]):
        verdicts = classifier.classify([render(s, 192) for s in scenes], parse_labels("\n".join(labels)), spec)
        right = sum(v.best.label == label for v, label in zip(verdicts, labels, strict=True))
        assert right >= 32, f"{right} of 40"


def test_none_of_these_is_said_where_the_labels_are_all_wrong_and_seldom_where_one_is_right(
    bundled: tuple[ZeroShotClassifier, ModelSpec],
) -> None:
    classifier, spec = bundled
    scenes = [s for seed in range(60) if (s := SceneSampler().sample(seed, "one")).placed[0].thing.common == 3]
    wrong = [v.none_of_these for v in _verdicts(classifier, spec, scenes, "")]
    right = [v.none_of_these for v in _verdicts(classifier, spec, scenes, "{}")]
    assert sum(map(bool, wrong)) > 0.6 * len(scenes)
    assert sum(map(bool, right)) < 0.3 * len(scenes)


def _verdicts(classifier: ZeroShotClassifier, spec: ModelSpec, scenes: list[Any], truth: str) -> list[Any]:
    unlike = "escalator\nslot machine\nzombie\nbarber pole\n"
    return [
        classifier.classify([render(s, 192)], parse_labels(unlike + truth.format(s.placed[0].thing.name)), spec)[0]
        for s in scenes
    ]


def test_where_it_is_seen_lies_on_the_thing(bundled: tuple[ZeroShotClassifier, ModelSpec]) -> None:
    classifier, spec = bundled
    hits = total = 0
    for seed in range(40):
        scene = SceneSampler().sample(seed, "pair")
        for placed in scene.placed:
            seen = classifier.where(render(scene, 192), placed.thing.name, spec)
            assert seen is not None
            row, column = divmod(int(seen.argmax()), seen.shape[1])
            x, y = (column + 0.5) / seen.shape[1], (row + 0.5) / seen.shape[0]
            half = placed.size / 2 + 0.07
            hits += abs(x - placed.x) <= half and abs(y - placed.y) <= half
            total += 1
    assert hits > 0.7 * total


def test_a_family_without_patch_vectors_gives_no_map(
    dual_encoder: Callable[[str], Path], manager: ModelManager, pictures: list[Image.Image]
) -> None:
    spec = find_spec(str(dual_encoder("siglip")), "embedding")
    assert ZeroShotClassifier(manager).where(pictures[0], "cat", spec, "fp32") is None


def test_what_was_kept_of_a_checkpoint_goes_with_it(dual_encoder: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "clip"
    shutil.copytree(dual_encoder("clip"), folder)
    spec = find_spec(str(folder), "embedding")
    manager = ModelManager(Settings(offline=True, idle_minutes=0))
    classifier, pictures = ZeroShotClassifier(manager), [Image.effect_noise((32, 32), 90).convert("RGB")]
    before = classifier.classify(pictures, LABELS, spec, "fp32", ("{}",))
    weights = load_file(folder / "model.safetensors")
    save_file(
        {k: -v if "text_projection" in k else v for k, v in weights.items()}, folder / "model.safetensors", {"format": "pt"}
    )
    manager.unload_idle()
    after = classifier.classify(pictures, LABELS, spec, "fp32", ("{}",))
    assert [s.label for s in after[0].scores] == [s.label for s in before[0].scores][::-1]


def test_a_labels_own_probability_does_not_depend_on_the_other_labels_or_their_language(
    dual_encoder: Callable[[str], Path], manager: ModelManager, pictures: list[Image.Image]
) -> None:
    spec = find_spec(str(dual_encoder("siglip")), "embedding")
    classifier = ZeroShotClassifier(manager)
    found = [
        classifier.classify(pictures[:1], Labels(labels), spec, "fp32")[0] for labels in (("猫", "狗"), ("猫", "dog"), ("猫",))
    ]
    own = {round(next(s for s in v.scores if s.label == "猫").is_it or 0, 6) for v in found}
    assert len(own) == 1


def test_nothing_is_claimed_with_templates_or_lengths_that_nobody_measured(
    bundled: tuple[ZeroShotClassifier, ModelSpec], pictures: list[Image.Image]
) -> None:
    classifier, spec = bundled
    few, many = Labels(("cat", "dog")), Labels(tuple(f"cat {i}" for i in range(30)))
    assert classifier.classify(pictures[:1], few, spec)[0].none_of_these is not None
    assert classifier.classify(pictures[:1], few, spec, templates=("oh {}",))[0].best.is_it is None
    assert classifier.classify(pictures[:1], many, spec)[0].none_of_these is None
