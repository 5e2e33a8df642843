"""Measures the bundled models on scenes of unseen seeds and writes the figures into their model cards.

python -m crossmodal.training.evaluate clip
python -m crossmodal.training.evaluate zero-shot
python -m crossmodal.training.evaluate retrieval
python -m crossmodal.training.evaluate chat
python -m crossmodal.training.evaluate familiarity --photos FOLDER
"""

import argparse
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from transformers import AutoModelForImageTextToText, AutoProcessor, CLIPModel, CLIPProcessor

from crossmodal.images import read_picture
from crossmodal.paths import MODELS
from crossmodal.training.cards import write_section
from crossmodal.training.retrieval_figures import evaluate_retrieval
from crossmodal.training.shares import PICTURE_SIDE, Share
from crossmodal.training.zero_shot_figures import evaluate_zero_shot
from crossmodal.world.answers import FAMILIES, FOLLOW_UPS
from crossmodal.world.familiarity import LEAST_EVENNESS, evenness
from crossmodal.world.phrasings import written_apart
from crossmodal.world.questions import Turn, ask, follow_up
from crossmodal.world.render import render
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.scenes import Scene
from crossmodal.world.vocabulary import vocabulary
from crossmodal.world.words import LANGUAGES, Language

GALLERY = 500
"""Pictures of the bundled gallery."""
BATCH = 64
APART = "all, in phrasings written apart"


def evaluate_clip(folder: Path, scenes: int) -> str:
    """Zero-shot top-1 and top-5 over all names on single-thing scenes, as a Markdown table."""
    model = CLIPModel.from_pretrained(folder, dtype=torch.float32).eval()
    processor = CLIPProcessor.from_pretrained(folder, backend="pil")
    rows = ["| scenes | language | top-1 % | top-5 % |", "|---|---|---|---|"]
    for title, sampler in (("as trained", SceneSampler()), ("every thing alike", SceneSampler(uniform=True))):
        drawn = [sampler.sample(seed, "one") for seed in range(scenes)]
        pictures = _image_embeddings(model, processor, drawn)
        truth = torch.tensor([vocabulary().name_ids[s.placed[0].thing.name] for s in drawn])
        for language in LANGUAGES:
            best = (pictures @ _name_embeddings(model, processor, language).T).topk(5).indices
            top1 = Share(int((best[:, 0] == truth).sum()), scenes)
            top5 = Share(int((best == truth[:, None]).any(1).sum()), scenes)
            rows.append(f"| {title} | {language} | {top1} | {top5} |")
    return "\n".join(rows)


@torch.inference_mode()
def _image_embeddings(model: CLIPModel, processor: CLIPProcessor, scenes: Sequence[Scene]) -> Tensor:
    parts = []
    for start in range(0, len(scenes), BATCH):
        pictures = [render(scene, PICTURE_SIDE) for scene in scenes[start : start + BATCH]]
        pixels = processor.image_processor(pictures, return_tensors="pt")["pixel_values"]
        parts.append(F.normalize(model.get_image_features(pixel_values=pixels).pooler_output, dim=-1))
    return torch.cat(parts)


@torch.inference_mode()
def _name_embeddings(model: CLIPModel, processor: CLIPProcessor, language: Language) -> Tensor:
    """One embedding a name: the normalised mean over two templates."""
    words = vocabulary()
    things = [words.named(name) for name in words.names]
    templates = {
        "en": ([t.name for t in things], [f"a picture of {t.one}" for t in things]),
        "zh": ([t.zh for t in things], [f"一张{t.zh}的图片" for t in things]),
    }[language]
    total = torch.zeros(len(things), model.visual_projection.out_features)
    for texts in templates:
        tokens = processor.tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        features = model.get_text_features(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
        total += F.normalize(features.pooler_output, dim=-1)
    return F.normalize(total, dim=-1)


@dataclass(frozen=True)
class Case:
    """One question about one scene; a follow-up has the turn before it."""

    scene: Scene
    turn: Turn
    before: Turn | None = None


def chat_cases(scenes: int) -> list[Case]:
    """One question a scene, families in turn, each family's held-out phrasings alone, both languages."""
    sampler, cases = SceneSampler(), []
    families = [*FAMILIES, *FOLLOW_UPS]
    for seed in range(scenes):
        language = LANGUAGES[seed % 2]
        rng = random.Random(seed)
        for attempt in range(1000):
            scene = sampler.sample(seed + attempt * 1_000_000 % 900_000_000)
            case = _case(scene, families[seed // 2 % len(families)], language, rng)
            if case:
                cases.append(case)
                break
    return cases


def _case(scene: Scene, family: str, language: Language, rng: random.Random) -> Case | None:
    if family in FAMILIES:
        turn = ask(scene, family, language, rng, "held out")
        return Case(scene, turn) if turn else None
    before = ask(scene, rng.choice(("identify", "relation", "where")), language, rng)
    if not before or not before.subject:
        return None
    turn = follow_up(scene, family, language, rng, before.subject, "held out")
    return Case(scene, turn, before) if turn else None


def evaluate_chat(folder: Path, scenes: int) -> str:
    """Answers that are right word for word, by family and language, as a Markdown table."""
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    processor = AutoProcessor.from_pretrained(folder, backend="pil")
    processor.tokenizer.padding_side = "left"
    cases = chat_cases(scenes)
    right: dict[tuple[str, str], list[bool]] = {}
    for start in range(0, len(cases), BATCH):
        batch = cases[start : start + BATCH]
        for case, answer in zip(batch, _answers(model, processor, batch), strict=True):
            turn = case.turn
            apart = (APART,) if written_apart(turn.family, turn.language, turn.template) else ()
            for family in (turn.family, "all", *apart):
                right.setdefault((family, turn.language), []).append(answer == turn.answer)
    rows = ["| family | English % | Chinese % |", "|---|---|---|"]
    for family in [*FAMILIES, *FOLLOW_UPS, "all", APART]:
        cells = [right.get((family, language), []) for language in LANGUAGES]
        rows.append(f"| {family} | " + " | ".join(str(Share(sum(c), len(c))) for c in cells) + " |")
    return "\n".join(rows)


@torch.inference_mode()
def _answers(model: Any, processor: Any, cases: Sequence[Case]) -> list[str]:
    conversations = []
    for case in cases:
        picture = {"type": "image", "image": render(case.scene, PICTURE_SIDE)}
        first = case.before or case.turn
        said = [{"role": "user", "content": [picture, {"type": "text", "text": first.question}]}]
        if case.before:
            said.append({"role": "assistant", "content": [{"type": "text", "text": case.before.answer}]})
            said.append({"role": "user", "content": [{"type": "text", "text": case.turn.question}]})
        conversations.append(said)
    inputs = processor.apply_chat_template(
        conversations,
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
        processor_kwargs={"padding": True},
    )
    output = model.generate(**inputs, max_new_tokens=64, do_sample=False)
    answers = output[:, inputs["input_ids"].shape[1] :]
    return [text.strip() for text in processor.batch_decode(answers, skip_special_tokens=True)]


def evaluate_familiarity(photos: Path | None, scenes: int) -> str:
    """How often scenes are taken for strangers, and photographs for scenes."""
    sampler = SceneSampler()
    scores = np.array([evenness(render(sampler.sample(seed), PICTURE_SIDE)) for seed in range(scenes)])
    alarms = Share(int((scores < LEAST_EVENNESS).sum()), scenes)
    lines = [
        f"Threshold: an evenness of {LEAST_EVENNESS:.2f}.",
        f"Unseen scenes wrongly called strange: {alarms} % of {scenes}.",
    ]
    if photos:
        crops = np.array([evenness(crop) for crop in _crops(photos)])
        missed = Share(int((crops >= LEAST_EVENNESS).sum()), len(crops))
        lines.append(f"Crops of photographs wrongly called scenes: {missed} % of {len(crops)}.")
    return "\n".join(lines)


def _crops(folder: Path) -> Iterable[Image.Image]:
    """Square crops of half the short side, on a grid, and the whole picture."""
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png")):
        picture = read_picture(path)
        yield picture
        side = min(picture.size) // 2
        for left in range(0, picture.width - side + 1, side):
            for top in range(0, picture.height - side + 1, side):
                yield picture.crop((left, top, left + side, top + side))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("clip", "zero-shot", "retrieval", "chat", "familiarity"))
    parser.add_argument("--scenes", type=int, default=2000)
    parser.add_argument("--folder", type=Path, default=None, help="a checkpoint other than the bundled one")
    parser.add_argument("--photos", type=Path, default=None, help="photographs, for familiarity")
    parser.add_argument("--no-card", action="store_true", help="print only")
    options = parser.parse_args()
    name = "picturebook-clip" if options.what in ("clip", "zero-shot", "retrieval") else "picturebook-llava"
    folder = options.folder or MODELS / name
    if options.what == "clip":
        text = evaluate_clip(folder, options.scenes)
    elif options.what == "zero-shot":
        text = evaluate_zero_shot(folder, options.scenes)
    elif options.what == "retrieval":
        options.scenes = min(options.scenes, GALLERY)
        text = evaluate_retrieval(folder, options.scenes)
    elif options.what == "chat":
        text = evaluate_chat(folder, options.scenes)
    else:
        text = evaluate_familiarity(options.photos, options.scenes)
    print(text)
    if not options.no_card:
        write_section(folder, options.what, options.scenes, text)


if __name__ == "__main__":
    main()
