"""Turns the alignment tab's events into experiments, and their outcomes into what the components show."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import TYPE_CHECKING, Any

import gradio as gr

from crossmodal.alignment.names import OBJECTIVES, WAYS
from crossmodal.alignment.outcomes import Bundle, bundled
from crossmodal.errors import UserError
from crossmodal.line import Line
from crossmodal.ui import alignment_view as view
from crossmodal.ui.alignment_texts import TEXTS
from crossmodal.ui.background import POLL_SECONDS, told_meanwhile
from crossmodal.ui.components import as_toast
from crossmodal.ui.session import StopSignals
from crossmodal.ui.texts import TEXTS as PAGE_TEXTS
from crossmodal.world.render import PEOPLE_SIZE, render
from crossmodal.world.sampler import SceneSampler
from crossmodal.world.sprites import sprites
from crossmodal.world.words import Language

if TYPE_CHECKING:
    from crossmodal.alignment.playground import Playground

Update = Any
SHOW_SECONDS = 1.0
FOUND = 5
"""Names that are shown of a picture."""
ALL_CLASSES = 10


class AlignmentHandlers:
    """One for the app."""

    def __init__(self, playground: "Callable[[], Playground]", line: Line) -> None:
        """playground: gives the one, made at its first use: it imports torch. line: of all who train, in any tab."""
        self._made, self._line = playground, line
        self._signals = StopSignals()

    def stop(self, request: gr.Request) -> None:
        self._signals.stop(_session(request))

    def show_pairing(self, mine: bool, language: Language) -> tuple[Update, ...]:
        """The note, the outcome that ships, and no curves; nothing new where the visitor has results of their own."""
        if mine:
            return gr.skip(), gr.skip(), gr.skip()
        note, found = _shipped("pairing", language)
        return note, view.outcome(found.rows, language) if found else "", ""

    def run_pairing(
        self, objectives: list[str], seeds: float, language: Language, request: gr.Request
    ) -> Iterator[tuple[Update, ...]]:
        """Progress, outcome and curves, as they come."""
        words = TEXTS[language]

        def work(stop: Event) -> Iterator[tuple[Update, ...]]:
            from crossmodal.alignment import pairing

            chosen = tuple(name for name in OBJECTIVES if name in objectives)
            jobs = pairing.jobs_for(chosen, int(seeds or 0))
            data = yield from self._encoded(stop, language, 3)
            if data is None:
                yield words.stopped.format(0, len(jobs)), gr.skip(), gr.skip()
                return
            results, points = list[pairing.Result](), list[tuple[str, int, float]]()
            began, shown = time.monotonic(), 0.0
            for event in pairing.run(data, jobs, stop):
                if isinstance(event, pairing.Result):
                    results.append(event)
                else:
                    points.append((event.job.title, event.step, event.loss))
                now = time.monotonic()
                if now - shown < SHOW_SECONDS:
                    continue
                shown = now
                rows = view.outcome(pairing.compared(results), language)
                yield _progress(len(results), len(jobs), began, language), rows, view.losses(points, words, language)
            rows = view.outcome(pairing.compared(results), language)
            yield _ended(len(results), len(jobs), began, language), rows, view.losses(points, words, language)

        yield from self._in_turn(work, 3, language, request)

    def temperature(
        self, data: str, degree: float, misprinted: bool, language: Language, request: gr.Request
    ) -> Iterator[tuple[Update, ...]]:
        """The sentence and the drawings of a run at one temperature."""

        def looked(pairs: Any) -> tuple[Update, ...]:
            run = self._made().trace(pairs, float(degree), bool(misprinted))
            return view.moment(run, TEXTS[language]), view.trace(run, TEXTS[language])

        yield from self._with_pairs(data, looked, language, request)

    def sweep(self, data: str, misprinted: bool, language: Language, request: gr.Request) -> Iterator[tuple[Update, ...]]:
        """The same for all temperatures, and no sentence."""

        def looked(pairs: Any) -> tuple[Update, ...]:
            return "", view.swept(self._made().sweep(pairs, bool(misprinted)), TEXTS[language])

        yield from self._with_pairs(data, looked, language, request)

    def _with_pairs(
        self, data: str, looked: Callable[[Any], tuple[Update, ...]], language: Language, request: gr.Request
    ) -> Iterator[tuple[Update, ...]]:
        """Encodes first what has to be, and says how far that is."""
        session = f"{request.session_hash} temperature"
        self._signals.stop(session)
        stop = self._signals.begin(session)
        try:
            pairs = None
            if data == "book":
                pairs = yield from self._encoded(stop, language, 2)
            elif data != "cones":
                raise UserError(f"There is no data {data!r}. Choose cones or book.", f"没有数据 {data!r}。")
            if not stop.is_set():
                yield looked(pairs)
        except UserError as error:
            raise as_toast(error, language) from error
        finally:
            stop.set()
            self._signals.end(session, stop)

    def kept_domains(self, mine: bool, data: str, experiment: str, classes: float, language: Language) -> tuple[Update, ...]:
        """As `show_domains`, but nothing new where the visitor has results of their own."""
        if mine:
            return gr.skip(), gr.skip(), gr.skip()
        return self.show_domains(data, experiment, classes, language)

    def show_domains(self, data: str, experiment: str, classes: float, language: Language) -> tuple[Update, ...]:
        """The note, the outcome that ships, and its drawings."""
        name = f"{data}-curve" if experiment != "ways" else data if classes == ALL_CLASSES else f"{data}-{classes:.0f}"
        note, found = _shipped(name, language)
        if found is None:
            return TEXTS[language].nothing, "", ""
        return note, view.outcome(found.rows, language), self._domains_drawn(experiment, found, language)

    def run_domains(
        self,
        data: str,
        experiment: str,
        ways: list[str],
        seeds: float,
        classes: float,
        language: Language,
        request: gr.Request,
    ) -> Iterator[tuple[Update, ...]]:
        """Progress, outcome and drawings, as they come."""

        def work(stop: Event) -> Iterator[tuple[Update, ...]]:
            from crossmodal.alignment import adaptation

            jobs = adaptation.jobs_for(data, ways if experiment == "ways" else WAYS, int(seeds or 0), int(classes or 0))
            if experiment != "ways":
                jobs = adaptation.curve_jobs(data, int(seeds or 0))
            results, began = list[adaptation.Result](), time.monotonic()
            yield _progress(0, len(jobs), began, language), gr.skip(), gr.skip()

            def shown() -> tuple[Update, ...]:
                rows = adaptation.compared(results) if experiment == "ways" else adaptation.curves(results)
                found = Bundle("", rows, adaptation.drawn_of(results))
                return view.outcome(rows, language), self._domains_drawn(experiment, found, language)

            for result in adaptation.run(jobs, stop):
                results.append(result)
                yield _progress(len(results), len(jobs), began, language), *shown()
            yield _ended(len(results), len(jobs), began, language), *(shown() if results else (gr.skip(), gr.skip()))

        yield from self._in_turn(work, 3, language, request)

    def show_clip(self, language: Language) -> tuple[Update, ...]:
        """The note and the outcome that ships."""
        note, found = _shipped("clip", language)
        return note, view.outcome(found.rows, language) if found else ""

    def new_pair(self, language: Language) -> tuple[Update, ...]:
        """One scene in both styles, and what CLIP makes of each."""
        scene = SceneSampler(uniform=True).sample(random.randrange(10**9), "one")
        pictures = [render(scene, PEOPLE_SIZE), render(scene, PEOPLE_SIZE, sprites("twemoji"))]
        try:
            named = self._made().names(pictures, language, FOUND)
        except UserError as error:
            raise as_toast(error, language) from error
        return (*pictures, *({name: share for name, share in found} for found in named))

    def break_it(self, bug: str, language: Language) -> str:
        try:
            return view.broken(self._made().broken(bug), TEXTS[language], language)
        except UserError as error:
            raise as_toast(error, language) from error

    def api_temperature(self) -> Callable[..., dict[str, float]]:
        def temperature(degree: float = 0.07, misprinted: bool = False) -> dict[str, float]:
            """Move two modalities that begin in two cones with InfoNCE at one temperature, and see how they lie after.

            Args:
                degree: the temperature, 0.01 to 1
                misprinted: leave the temperature out of the denominator, as a common misprint does

            Returns:
                Modality gap, alignment, uniformity, recall at 1 (0 to 1) and loss after the run, and the gap before it.
            """
            try:
                run = self._made().trace(None, float(degree), bool(misprinted))
            except UserError as error:
                raise as_toast(error, "en") from error
            last = run.last
            return {
                "gap_before": round(run.moments[0].gap, 6),
                "gap": round(last.gap, 6),
                "alignment": round(last.alignment, 6),
                "uniformity": round(last.uniformity, 6),
                "recall_at_1": round(last.retrieval, 6),
                "loss": round(last.loss, 6),
            }

        return temperature

    def api_adaptation(self) -> Callable[[str], list[dict[str, Any]]]:
        def adaptation_results(experiment: str = "digits") -> list[dict[str, Any]]:
            """Give the bundled results of an alignment experiment.

            Args:
                experiment: pairing, digits, digits-5, book, clip, digits-curve or book-curve

            Returns:
                One row a way: every figure of every seed in per cent, and the paired gain over the control with its interval.
            """
            found = bundled(experiment) if experiment in SHIPPED else None
            if found is None:
                unknown = UserError(
                    f"There is no experiment {experiment!r}. Choose one of {', '.join(SHIPPED)}.",
                    f"没有实验 {experiment!r}。",
                )
                raise as_toast(unknown, "en")
            return [{"way": row.title, "figures": row.figures, "gain": row.gain} for row in found.rows]

        return adaptation_results

    def _domains_drawn(self, experiment: str, found: Bundle, language: Language) -> str:
        words = TEXTS[language]
        if experiment == "ways":
            return view.domains_drawn(found.drawn, words, language)
        return view.learning_curve(found.rows, words, language)

    def _encoded(self, stop: Event, language: Language, outputs: int) -> "Iterator[tuple[Update, ...]] | Any":
        """Yields how far the encoding is; returns the captioned set, None where it was stopped."""

        def shown(share: float) -> tuple[Update, ...]:
            return TEXTS[language].encoding.format(100 * share), *_untouched(outputs - 1)

        return (yield from told_meanwhile(self._made().captioned, stop, shown))

    def _in_turn(
        self,
        work: Callable[[Event], Iterator[tuple[Update, ...]]],
        outputs: int,
        language: Language,
        request: gr.Request,
    ) -> Iterator[tuple[Update, ...]]:
        """One person trains, the others are told their place; a new run of the same person ends the one before."""
        session = _session(request)
        self._signals.stop(session)
        stop, ticket = self._signals.begin(session), self._line.join()
        try:
            while (place := ticket.place) and not stop.is_set():
                yield PAGE_TEXTS[language].fu_queue.format(place), *_untouched(outputs - 1)
                stop.wait(POLL_SECONDS)
            if not stop.is_set():
                yield from work(stop)
        except UserError as error:
            raise as_toast(error, language) from error
        finally:
            stop.set()
            ticket.leave()
            self._signals.end(session, stop)


SHIPPED = ("pairing", "digits", "digits-5", "book", "clip", "digits-curve", "book-curve")


def _session(request: gr.Request) -> str:
    return f"{request.session_hash} alignment"


def _shipped(name: str, language: Language) -> tuple[str, Bundle | None]:
    found = bundled(name)
    return (TEXTS[language].bundled.format(found.command) if found else "", found)


def _progress(done: int, of: int, began: float, language: Language) -> str:
    if not done:
        return TEXTS[language].started.format(of)
    share = done / of
    return TEXTS[language].progress.format(done, of, (time.monotonic() - began) / share * (1 - share))


def _ended(done: int, of: int, began: float, language: Language) -> str:
    words = TEXTS[language]
    return words.stopped.format(done, of) if done < of else words.done.format(of, time.monotonic() - began)


def _untouched(count: int) -> Sequence[Update]:
    return [gr.skip()] * count
