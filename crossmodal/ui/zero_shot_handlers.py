"""Turns the zero-shot tab's events into calls of the classifier, and its verdicts into what the components show."""

import logging
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image

from crossmodal.errors import UserError
from crossmodal.models.catalog import CATALOG, ModelSpec, find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.settings import Settings
from crossmodal.sources import Source, folder_sources, sources
from crossmodal.ui.addresses import address
from crossmodal.ui.components import as_toast
from crossmodal.ui.label_sets import labels_of, spoken
from crossmodal.ui.session import StopSignals
from crossmodal.ui.texts import TEXTS
from crossmodal.ui.zero_shot_view import bars, curl_code, headline, heat_map, python_code
from crossmodal.world.familiarity import looks_like_picture_book
from crossmodal.world.lexicon import is_known
from crossmodal.world.render import PEOPLE_SIZE, render
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.words import Language
from crossmodal.zero_shot.batch import FileResult, classify_all
from crossmodal.zero_shot.labels import Labels, parse_labels
from crossmodal.zero_shot.tables import as_csv, as_json, row
from crossmodal.zero_shot.templates import parse_templates

if TYPE_CHECKING:
    from crossmodal.zero_shot.classifier import Verdict, ZeroShotClassifier

log = logging.getLogger(__name__)
Update = Any
OFFERED_LABELS = 10
MOST_BY_CALL = 500
"""Pictures that one call of the endpoint may send: nobody can stop it half-way."""
TABLE_SECONDS = 1.0
"""How often a growing table is sent anew."""


@dataclass(frozen=True)
class Asked:
    """What the person asked for, checked."""

    labels: Labels
    templates: tuple[str, ...]
    model: str


class ZeroShotHandlers:
    """One for the app."""

    def __init__(self, manager: ModelManager, settings: Settings) -> None:
        self._manager, self._settings = manager, settings
        self._signals = StopSignals()
        self._made: ZeroShotClassifier | None = None
        self._making = threading.Lock()

    def classify(
        self, image: Image.Image | None, labels: str, templates: str, model: str, language: Language, request: gr.Request
    ) -> tuple[Update, ...]:
        """Headline, bars, labels to look for, map, the map's note, Python code, curl code."""
        try:
            asked = _asked(labels, templates, model)
            unknown = self._unknown(asked)
            (verdict,) = self._verdicts(_present(image), asked)
            looked_for = self.look(image, verdict.best.label, templates, model, language)
        except UserError as error:
            raise as_toast(error, language) from error
        words, url = TEXTS[language], address(request)
        choices = [s.label for s in verdict.scores[:10]]
        return (
            headline(verdict, asked.labels, unknown, words),
            bars(verdict, words),
            gr.update(choices=choices, value=choices[0], visible=True),
            *looked_for,
            python_code(asked.labels, asked.templates, asked.model, url),
            curl_code(asked.labels, asked.templates, asked.model, url),
        )

    def notice(self, image: Image.Image | None, model: str, language: Language) -> Update:
        """The warning where a picture-book model is shown anything else."""
        strange = image is not None and self._spec(model).picture_book_only and not looks_like_picture_book(image)
        return gr.update(value=TEXTS[language].zs_unfamiliar if strange else "", visible=strange)

    def look(
        self, image: Image.Image | None, label: str, templates: str, model: str, language: Language
    ) -> tuple[Update, Update]:
        """The map of one label and the note below it."""
        if image is None or not label:
            return gr.update(value=None, visible=False), gr.update(visible=False)
        words = TEXTS[language]
        try:
            seen = self._classifier.where(
                image, label, self._spec(model), self._settings.precision, parse_templates(templates or "")
            )
        except UserError as error:
            raise as_toast(error, language) from error
        if seen is None:
            return gr.update(value=None, visible=False), gr.update(value=words.no_map, visible=True)
        return gr.update(value=heat_map(image, seen), visible=True), gr.update(value=words.seen_note, visible=True)

    def fill_labels(self, kind: str | None, language: Language) -> Update:
        return labels_of(kind, language) if kind else gr.skip()

    def new_scene(self, language: Language) -> tuple[Image.Image, str]:
        """A picture of one thing, and labels of which one is right."""
        rng = random.Random()
        sampler = SceneSampler()
        scene = sampler.sample(rng.randrange(1_000_000), "one")
        shown = scene.placed[0].thing
        things = {t.name: t for t in (shown, *sampler.things(rng, OFFERED_LABELS))}
        offered = list(dict.fromkeys(spoken(t, language) for t in list(things.values())[:OFFERED_LABELS]))
        rng.shuffle(offered)
        return render(scene, PEOPLE_SIZE), "\n".join(offered)

    def classify_many(
        self,
        files: list[str] | None,
        folder: str,
        labels: str,
        templates: str,
        model: str,
        language: Language,
        request: gr.Request,
    ) -> Iterator[tuple[Update, ...]]:
        """Progress, table, CSV, JSON: growing, and kept when stopped."""
        words, session = TEXTS[language], f"{request.session_hash} many"
        try:
            asked = _asked(labels, templates, model)
            found = self._found(files, folder)
        except UserError as error:
            raise as_toast(error, language) from error
        stop = self._signals.begin(session)
        results: list[FileResult] = []
        shown = 0.0
        yield words.progress.format(0, len(found), 0), gr.update(value=[], visible=True), *_no_downloads()
        try:
            for step in classify_all(found, self._scorer(asked), stop):
                results += step.results
                line = words.progress.format(step.done, step.total, step.seconds_left)
                late = time.monotonic() - shown > TABLE_SECONDS
                shown = time.monotonic() if late else shown
                yield line, _rows(results) if late else gr.skip(), gr.skip(), gr.skip()
            broken = sum(r.error is not None for r in results)
            if len(results) < len(found):
                line = words.stopped_at.format(len(results), len(found))
            else:
                line = words.all_done.format(len(results) - broken, len(found), broken)
            yield line, _rows(results), *_downloads(results)
        except UserError as error:
            gr.Warning(error.said(language))
            yield error.said(language), _rows(results), *_downloads(results)
        finally:
            stop.set()
            self._signals.end(session, stop)

    def stop(self, request: gr.Request) -> None:
        self._signals.stop(f"{request.session_hash} many")

    def api_classify(self) -> Callable[..., dict[str, float]]:
        def classify(image: Image.Image, labels: str, templates: str = "", model: str = "") -> dict[str, float]:
            """Classify a picture against labels that the model was never trained on.

            Args:
                image: the picture
                labels: what it may show, one label a line or separated by commas
                templates: sentences with {} where the label goes, one a line; empty for those that suit the model
                model: a dual encoder of the app's menu; empty for the one it started with

            Returns:
                Each label's share, best first; SigLIP checkpoints give each label a probability of its own.
            """
            try:
                asked = _asked(labels, templates, model)
                (verdict,) = self._verdicts(_present(image), asked)
            except UserError as error:
                raise as_toast(error, "en") from error
            return {s.label: s.is_it if verdict.independent and s.is_it is not None else s.which for s in verdict.scores}

        return classify

    def api_classify_files(self) -> Callable[..., list[dict[str, Any]]]:
        def classify_files(files: list[str], labels: str, templates: str = "", model: str = "") -> list[dict[str, Any]]:
            """Classify many pictures, or zip archives of them, against labels.

            Args:
                files: pictures and zip archives
                labels: what they may show, one label a line or separated by commas
                templates: sentences with {} where the label goes, one a line; empty for those that suit the model
                model: a dual encoder of the app's menu; empty for the one it started with

            Returns:
                For each picture its five best labels, or the reason why it could not be read.
            """
            import json

            try:
                asked = _asked(labels, templates, model)
                found_files = sources((Path(f), Path(f).name) for f in files or ())
                if len(found_files) > MOST_BY_CALL:
                    raise UserError(
                        f"There are {len(found_files):,} pictures; one call takes {MOST_BY_CALL}. Send fewer.",
                        f"共有 {len(found_files):,} 张图片，一次调用最多 {MOST_BY_CALL} 张。请减少。",
                    )
                steps = classify_all(found_files, self._scorer(asked), threading.Event())
                found: list[dict[str, Any]] = json.loads(as_json([r for step in steps for r in step.results]))
            except UserError as error:
                raise as_toast(error, "en") from error
            return found

        return classify_files

    @property
    def _classifier(self) -> "ZeroShotClassifier":
        """Made at first use: it imports torch, and the page must be up before that."""
        with self._making:
            if self._made is None:
                from crossmodal.zero_shot.classifier import ZeroShotClassifier

                self._made = ZeroShotClassifier(self._manager)
            return self._made

    @property
    def models(self) -> tuple[str, ...]:
        """What a visitor may choose: the operator's model and the catalogue's, no path or id of their own."""
        known = (spec.id for spec in CATALOG.values() if spec.task == "embedding")
        return tuple(dict.fromkeys((self._settings.embedding_model, *known)))

    def _spec(self, model: str) -> ModelSpec:
        if model and model not in self.models:
            raise UserError("There is no such model in the menu. Choose one of those.", "菜单里没有这个模型。请从中选择。")
        return find_spec(model or self._settings.embedding_model, "embedding")

    def _unknown(self, asked: Asked) -> list[str]:
        """Labels in words that a model of the picture book alone cannot know."""
        if not self._spec(asked.model).picture_book_only:
            return []
        return [label for label in asked.labels.names if not is_known(label)]

    def _verdicts(self, pictures: Sequence[Image.Image], asked: Asked) -> "list[Verdict]":
        """Nothing is claimed of labels that the model cannot know."""
        spec, unknown = self._spec(asked.model), frozenset(self._unknown(asked))
        try:
            found = self._classifier.classify(pictures, asked.labels, spec, self._settings.precision, asked.templates)
        except (RuntimeError, MemoryError) as error:
            log.exception("classification failed")
            raise UserError(
                f"The model failed on these pictures ({type(error).__name__}). Try fewer labels, or another model.",
                f"模型没能处理这些图片（{type(error).__name__}）。请减少标签，或换一个模型。",
            ) from error
        return [verdict.claiming_nothing_of(unknown) for verdict in found]

    def _scorer(self, asked: Asked) -> "Callable[[Sequence[Image.Image]], list[Verdict]]":
        return lambda pictures: self._verdicts(pictures, asked)

    def _found(self, files: list[str] | None, folder: str) -> list[Source]:
        if files:
            return sources((Path(f), Path(f).name) for f in files)
        if self._settings.pictures:
            return folder_sources(folder or "", Path(self._settings.pictures))
        raise UserError("There are no pictures yet. Choose some, or a zip of them.", "还没有图片。请选择图片或其 zip 压缩包。")


def _asked(labels: str, templates: str, model: str) -> Asked:
    return Asked(parse_labels(labels or ""), parse_templates(templates or ""), model or "")


def _present(image: Image.Image | None) -> tuple[Image.Image]:
    if image is None:
        raise UserError(
            "There is no picture yet. Upload one, or compose a new scene.", "还没有图片。请上传一张，或生成新场景。"
        )
    return (image,)


def _rows(results: list[FileResult]) -> list[list[Any]]:
    return [row(result) for result in results]


def _no_downloads() -> tuple[Update, Update]:
    return gr.update(visible=False), gr.update(visible=False)


def _downloads(results: list[FileResult]) -> tuple[Update, Update]:
    """Written into Gradio's cache, which it clears."""
    folder = Path(tempfile.mkdtemp(dir=get_upload_folder()))
    (folder / "labels.csv").write_text(as_csv(results), encoding="utf-8", newline="")
    (folder / "labels.json").write_text(as_json(results), encoding="utf-8")
    return tuple(gr.update(value=str(folder / f"labels.{kind}"), visible=True) for kind in ("csv", "json"))  # type: ignore[return-value]
