"""Retrieval on the bundled gallery, measured: recall, relations told apart, and where hits end."""

import tempfile
from dataclasses import replace
from pathlib import Path

import torch

from crossmodal.embedding.embedder import Embedder
from crossmodal.images import read_picture
from crossmodal.models.catalog import find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.retrieval.engine import SearchEngine
from crossmodal.retrieval.places import BUNDLED, PICTURE_BOOK
from crossmodal.retrieval.quality import as_table
from crossmodal.retrieval.query import Term
from crossmodal.settings import Settings
from crossmodal.training.gallery import FIRST_SEED, FOLDER, gallery_scenes
from crossmodal.training.shares import Share
from crossmodal.world.scenes import RELATIONS, Scene
from crossmodal.world.vocabulary import vocabulary
from crossmodal.world.words import LANGUAGES, RELATION_WORDS, Language

SWAPPED_NAMES, OTHER_RELATION = "names swapped", "another relation"
OPPOSITE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above", "on": "below"}


def evaluate_retrieval(folder: Path, pictures: int) -> str:
    """Recall both ways, a table of relation hard negatives, and both errors of the cut-off, as Markdown."""
    spec = replace(find_spec(str(folder), "embedding"), picture_book_only=True)
    manager = ModelManager(Settings(offline=True, idle_minutes=0))
    drawn = [(f"scene-{seed - FIRST_SEED:04}.webp", scene) for seed, scene, _ in gallery_scenes(pictures)]
    with tempfile.TemporaryDirectory() as data:
        engine = SearchEngine(manager, spec, "auto", Path(data), BUNDLED)
        for _ in engine.prepare(PICTURE_BOOK):
            pass
        parts = [as_table(engine.quality(PICTURE_BOOK)), _cutoffs(engine, [scene for _, scene in drawn])]
        engine.close()
    with manager.use(spec) as loaded:
        parts.insert(1, _relations(Embedder(loaded), [(name, s) for name, s in drawn if s.structure == "pair"]))
    return "\n\n".join(parts)


def _relations(embedder: Embedder, pairs: list[tuple[str, Scene]]) -> str:
    """Whether the true sentence fits better than the same with the names swapped, or with the opposite relation."""
    seen = embedder.pictures([read_picture(FOLDER / name) for name, _ in pairs])
    lines = [
        "| relation | language | pairs | against the names swapped % | against the opposite relation % |",
        "|---|---|---|---|---|",
    ]
    for language in LANGUAGES:
        said = [[_sentence(scene, language, kind) for kind in ("", SWAPPED_NAMES, OTHER_RELATION)] for _, scene in pairs]
        vectors = embedder.texts([text for texts in said for text in texts]).reshape(len(pairs), 3, -1)
        scores = torch.einsum("pd,psd->ps", seen, vectors)
        won = scores[:, :1] > scores[:, 1:]
        for relation in (*RELATIONS, "all"):
            mine = torch.tensor([relation in ("all", scene.links[0].relation) for _, scene in pairs])
            cells = [Share(int(won[mine, i].sum()), int(mine.sum())) for i in (0, 1)]
            lines.append(f"| {relation} | {language} | {int(mine.sum())} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def _sentence(scene: Scene, language: Language, kind: str) -> str:
    link = scene.links[0]
    subject, other = scene.placed[link.subject].thing, scene.placed[link.other].thing
    if kind == SWAPPED_NAMES:
        subject, other = other, subject
    relation = OPPOSITE[link.relation] if kind == OTHER_RELATION else link.relation
    en, zh = RELATION_WORDS[relation]  # type: ignore[index]
    return f"{subject.one} {en} {other.one}" if language == "en" else f"{subject.zh_one}在{other.zh_one}{zh}"


def _cutoffs(engine: SearchEngine, scenes: list[Scene]) -> str:
    """For each name: does the best hit pass the cut-off where the thing is in the gallery, and where it is not?"""
    words = vocabulary()
    present = {name for scene in scenes for name in scene.counts}
    lines = [
        "| queries | language | said nothing matches, although it is there % | said something matches, although it is not % |"
    ]
    lines.append("|---|---|---|---|")
    for language in LANGUAGES:
        missed = invented = 0
        for name in words.names:
            thing = words.named(name)
            answer = engine.search(PICTURE_BOOK, (Term(words=thing.name if language == "en" else thing.zh),), 1)
            missed += name in present and not answer.matching
            invented += name not in present and bool(answer.matching)
        absent = len(words.names) - len(present)
        lines.append(f"| {len(words.names)} names | {language} | {Share(missed, len(present))} | {Share(invented, absent)} |")
    return "\n".join(lines)
