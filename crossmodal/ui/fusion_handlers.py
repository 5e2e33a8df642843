"""Turns the fusion tab's events into comparisons and cases, and their outcomes into what the components show."""

import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image

from crossmodal.embedding.language import is_chinese
from crossmodal.errors import UserError
from crossmodal.fusion.config import OWN, Config
from crossmodal.fusion.names import STRATEGIES
from crossmodal.fusion.reading import remarks
from crossmodal.fusion.results import Comparison, Outcome, bundled
from crossmodal.fusion.tasks import Drawn, Task, checked_task, tasks
from crossmodal.images import content_hash
from crossmodal.line import Line
from crossmodal.ui.background import POLL_SECONDS, told_meanwhile
from crossmodal.ui.components import as_toast
from crossmodal.ui.fusion_view import accuracy_bars, case_table, curves, curves_of, headings, plots, table
from crossmodal.ui.session import StopSignals
from crossmodal.ui.texts import TEXTS
from crossmodal.ui.zero_shot_view import heat_map
from crossmodal.world.familiarity import looks_like_picture_book
from crossmodal.world.render import PEOPLE_SIZE, render
from crossmodal.world.scenes import Scene
from crossmodal.world.words import Language

if TYPE_CHECKING:
    from crossmodal.fusion.laboratory import Laboratory
    from crossmodal.fusion.own import Own

log = logging.getLogger(__name__)
Update = Any
SHOW_SECONDS = 1.0
"""Curves are drawn again no more often than that."""
MODEL = "picturebook-clip"
"""Whose towers the strategies that ship were trained on."""
LONGEST_TEXT = 300
RESULTS = 8
"""Outputs after the progress line: the comparison, bars, table, reading, curves, charts, the command and the files."""


@dataclass(frozen=True)
class CaseState:
    """The case that the tab made itself, whose answer is known."""

    task: str = ""
    text: str = ""
    label: int = 0
    """The right class."""
    picture: str = ""
    """Digest of its pixels."""


class FusionHandlers:
    """One for the app."""

    def __init__(self, laboratory: "Callable[[], Laboratory]", line: Line) -> None:
        """laboratory: gives the one, made at its first use: it imports torch, and the page must be up before that.

        line: of all who train, in any tab.
        """
        self._made, self._line = laboratory, line
        self._signals = StopSignals()

    def choose(self, task: str) -> tuple[Update, ...]:
        """The slider where the task has one, and the place for files."""
        slid = gr.update(visible=task in ("redundant", "xor"), value=1.0 if task == "xor" else 0.0)
        return slid, gr.update(visible=task == OWN)

    def show(self, task: str, kept: Comparison | None, language: Language) -> tuple[Update, ...]:
        """A note, and the results: the visitor's own of that task, or those that ship."""
        found, words = bundled(task), TEXTS[language]
        if kept is not None and kept.config.task == task and kept is not found:
            return gr.skip(), *_results(kept, language)
        if found is None:
            return words.fu_own_hint if task == OWN else words.fu_nothing, *([None] * RESULTS)
        return words.fu_bundled.format(found.config.seeds), *_results(found, language)

    def run(
        self,
        task: str,
        xor: float,
        strategies: list[str],
        seeds: float,
        cases: float,
        dropout: float,
        adversarial: float,
        files: list[str] | None,
        language: Language,
        request: gr.Request,
    ) -> Iterator[tuple[Update, ...]]:
        """The progress line, and the results as they come in."""
        session = f"{request.session_hash} fusion"
        self._signals.stop(session)  # the same person's earlier run
        stop, ticket = self._signals.begin(session), self._line.join()
        try:
            slid = xor if task in ("redundant", "xor") else None
            chosen = tuple(name for name in STRATEGIES if name in strategies)
            config = Config(task, chosen, int(seeds or 0), int(cases or 0), 1000, 0, dropout, adversarial, slid).checked()
            own = _own(files) if task == OWN else None
            if own and own.left_out:
                gr.Warning(TEXTS[language].fu_left_out.format(own.left_out))
            while (place := ticket.place) and not stop.is_set():
                yield TEXTS[language].fu_queue.format(place), *_untouched(RESULTS)
                stop.wait(POLL_SECONDS)
            if stop.is_set():
                yield TEXTS[language].fu_stopped.format(0, config.seeds * len(config.strategies)), *_untouched(RESULTS)
                return
            yield from self._run(config, own, stop, language)
        except UserError as error:
            raise as_toast(error, language) from error
        finally:
            stop.set()
            ticket.leave()
            self._signals.end(session, stop)

    def stop(self, request: gr.Request) -> None:
        self._signals.stop(f"{request.session_hash} fusion")

    def new_case(self, task: str, language: Language) -> tuple[Update, ...]:
        """Picture, sentence, and the case with its answer: of the task's own kind, of a seed that nothing was trained on."""
        try:
            made, rng = tasks()[_checked(task)], random.Random()
        except UserError as error:
            raise as_toast(error, language) from error
        scenes = made.pool(rng, 2, True)
        drawn = next(d for d in _cases(made, rng, scenes) if is_chinese(d.text) == (language == "zh"))
        scene = scenes[drawn.scene]
        picture = render(scene, PEOPLE_SIZE)
        return picture, drawn.text, CaseState(task, drawn.text, drawn.label, content_hash(picture))

    def tell(
        self, task: str, picture: Image.Image | None, text: str, case: CaseState, language: Language
    ) -> tuple[Update, ...]:
        """The table of all strategies, where cross-attention looked, and what to make of it."""
        words = TEXTS[language]
        try:
            told = self._told(task, picture, text)
        except UserError as error:
            raise as_toast(error, language) from error
        assert picture is not None
        known = case.task == task and case.text == text and case.picture == content_hash(picture)
        classes = [c[language == "zh"] for c in tasks()[task].classes]
        looked = next((t for t in told if t.strategy == "cross_attention" and t.attention is not None), None)
        drawn = gr.update(visible=False)
        if looked is not None and looked.attention is not None:
            drawn = gr.update(value=heat_map(picture, looked.attention), label=words.fu_attention, visible=True)
        notes = [words.fu_truth.format(classes[case.label])] if known else [words.fu_unknown_case]
        if not looks_like_picture_book(picture):
            notes.append(words.fu_unfamiliar)
        return case_table(told, classes, classes[case.label] if known else None, words), drawn, "\n\n".join(notes)

    def api_fuse(self) -> Callable[..., list[dict[str, Any]]]:
        def fuse(image: Image.Image, text: str, task: str = "vqa") -> list[dict[str, Any]]:
            """Send one picture and one sentence through every fusion strategy that ships.

            Args:
                image: a picture-book scene
                text: a question or sentence of the task's kind, as "What is the cat on?"
                task: redundant, and, xor, grounded_vqa, vqa, matching or sentiment

            Returns:
                For each strategy its answer and probability, and its answers without the picture and without the text.
            """
            try:
                told = self._told(task, image, text)
            except UserError as error:
                raise as_toast(error, "en") from error
            classes = [en for en, _ in tasks()[task].classes]
            return [
                {
                    "strategy": t.strategy,
                    "answer": classes[t.whole.label],
                    "probability": round(t.whole.probability, 6),
                    "without_picture": classes[t.without_picture.label],
                    "without_text": classes[t.without_text.label],
                }
                for t in told
            ]

        return fuse

    def api_results(self) -> Callable[[str], list[dict[str, Any]]]:
        def fusion_results(task: str = "xor") -> list[dict[str, Any]]:
            """Give the bundled comparison of fusion strategies on a task.

            Args:
                task: redundant, and, xor, grounded_vqa, vqa, matching or sentiment

            Returns:
                One row a strategy: accuracy with its 95 % interval, EMAP, Shapley shares, calibration error and costs.
            """
            try:
                found = bundled(_checked(task))
            except UserError as error:
                raise as_toast(error, "en") from error
            return found.rows() if found else []

        return fusion_results

    def _told(self, task: str, picture: Image.Image | None, text: str) -> Any:
        task = _checked(task)
        if picture is None:
            raise UserError(
                "There is no picture yet. Make a new case, or upload one.", "还没有图片。请生成一个例子或上传图片。"
            )
        if not (text or "").strip():
            raise UserError("There is no sentence yet. Type one.", "还没有句子。请输入。")
        if len(text) > LONGEST_TEXT:
            raise UserError(
                f"The sentence has {len(text):,} characters; the limit is {LONGEST_TEXT}. Shorten it.",
                f"句子有 {len(text):,} 个字符，上限为 {LONGEST_TEXT}。请缩短。",
            )
        return self._made().tell(task, picture, text.strip(), MODEL)

    def _run(self, config: Config, own: "Own | None", stop: Event, language: Language) -> Iterator[tuple[Update, ...]]:
        words = TEXTS[language]
        splits = yield from self._encoded(config, own, stop, language)
        if splits is None:
            yield words.fu_stopped.format(0, config.seeds * len(config.strategies)), *_untouched(RESULTS)
            return
        comparison, points = Comparison(config, ()), list[tuple[str, int, float]]()
        jobs, began, shown = config.seeds * len(config.strategies), time.monotonic(), 0.0
        latest: dict[tuple[str, int], float] = {}
        for event in self._made().train(config, splits, stop, own=own):
            if isinstance(event, Outcome):
                comparison = replace(comparison, outcomes=(*comparison.outcomes, event))
                latest[event.strategy, event.seed] = 1.0
            else:
                points.append((event.strategy, event.point.step, event.point.loss))
                latest[event.strategy, event.seed] = event.point.step / event.of
            now = time.monotonic()
            if now - shown < SHOW_SECONDS and not isinstance(event, Outcome):
                continue
            shown, share = now, sum(latest.values()) / jobs
            left = (now - began) / max(share, 1e-6) * (1 - share)
            line = words.fu_progress.format(len(comparison.outcomes), jobs, left)
            if isinstance(event, Outcome):
                kept, bars, rows, reading, _, *rest = _results(comparison, language, files=False)
                yield line, kept, bars, rows, reading, curves(points, words), *rest
            else:
                yield line, *_untouched(4), curves(points, words), *_untouched(RESULTS - 5)
        done = len(comparison.outcomes)
        line = words.fu_stopped.format(done, jobs) if done < jobs else words.fu_done.format(jobs, time.monotonic() - began)
        yield line, *(_results(comparison, language) if done else _untouched(RESULTS))

    def _encoded(
        self, config: Config, own: "Own | None", stop: Event, language: Language
    ) -> "Iterator[tuple[Update, ...]] | Any":
        """Yields how far the encoding is; returns the splits, None where it was stopped."""

        def shown(share: float) -> tuple[Update, ...]:
            return TEXTS[language].fu_encoding.format(100 * share), *_untouched(RESULTS)

        try:
            return (yield from told_meanwhile(lambda said: self._made().splits(config, said, own), stop, shown))
        except (RuntimeError, MemoryError) as error:
            log.exception("encoding failed")
            raise UserError(
                f"Encoding the pictures failed ({type(error).__name__}). Choose fewer cases and try again.",
                f"图片编码失败（{type(error).__name__}）。请减少样本后再试。",
            ) from error


def _results(comparison: Comparison, language: Language, files: bool = True) -> tuple[Update, ...]:
    """files: whether the run is to be taken away; while it goes on it is not."""
    words = TEXTS[language]
    said = "\n".join(f"- {remark.said(language)}" for remark in remarks(comparison)) or words.fu_no_reading
    return (
        comparison,
        accuracy_bars(comparison, words),
        gr.update(value=table(comparison), headers=headings(words)),
        said,
        curves_of(comparison, words),
        plots(comparison, words),
        comparison.config.command,
        _files(comparison) if files else gr.skip(),
    )


def _files(comparison: Comparison) -> list[str]:
    written = comparison.files()
    digest = hashlib.sha256(written["results.json"].encode()).hexdigest()[:20]
    folder = Path(get_upload_folder()) / "fusion" / digest  # the same results lie in one place, however often shown
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in written.items():
        if not (folder / name).exists():
            (folder / name).write_text(text, encoding="utf-8")
    return [str(folder / name) for name in written]


def _cases(task: Task, rng: random.Random, scenes: Sequence[Scene]) -> Iterator[Drawn]:
    while True:
        yield from task.draw(rng, scenes, 20)


def _own(files: list[str] | None) -> "Own":
    from crossmodal.fusion.own import read_own

    if not files:
        raise UserError(
            "There are no files yet. Send a CSV of picture, text and label, and the pictures, or a zip of all.",
            "还没有文件。请发送含 picture、text、label 三列的 CSV 和图片，或它们的 zip 压缩包。",
        )
    return read_own((Path(file), Path(file).name) for file in files)


def _checked(task: str) -> str:
    if task == OWN:
        raise UserError(
            "No trained strategies ship for your own data. Choose another task for a case.",
            "您自己的数据没有附带训练好的策略。请为例子选择其他任务。",
        )
    return checked_task(task)


def _untouched(count: int) -> tuple[Update, ...]:
    return tuple(gr.skip() for _ in range(count))
