"""How the catalogue, a plan and the memory look."""

from collections.abc import Sequence
from html import escape

from crossmodal.models import hub
from crossmodal.models.catalog import ModelSpec
from crossmodal.models.machine import Precision
from crossmodal.models.manager import ModelStatus
from crossmodal.models.memory import Prediction, predict, verdict
from crossmodal.ui.models_texts import ModelsTexts

SIGNS = {"fits": "●", "tight": "◐", "no": "○"}


def table(specs: Sequence[ModelSpec], free: int, statuses: Sequence[ModelStatus], words: ModelsTexts) -> str:
    """The catalogue as HTML: for each precision whether it fits into what is free."""
    head = "".join(f"<th>{escape(h)}</th>" for h in words.table.split(" | "))
    rows = []
    for spec in specs:
        loaded = ", ".join(s.precision for s in statuses if s.spec.id == spec.id)
        cells = (
            ("⚠️ " if spec.research_only else "") + spec.licence,
            f"{spec.parameters / 1e6:,.0f} M",
            *(_fit(spec, precision, free, words) for precision in ("bf16", "nf4")),
            _on_disk(spec),
            loaded,
        )
        listed = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        rows.append(f'<tr><th scope="row">{escape(spec.title)}</th>{listed}</tr>')
    return f'<div class="wide"><table class="plain"><tr>{head}</tr>{"".join(rows)}</table></div>'


def plan(spec: ModelSpec, precision: Precision, needed: Prediction, free: int, words: ModelsTexts) -> str:
    """What loading it would take, as Markdown. Names that a person typed stand in code marks."""
    said = getattr(words, verdict(needed.total, free))
    lines = []
    if needed.exact:
        parts = (part / 1e9 for part in (needed.total, free, needed.weights, needed.cache, needed.working))
        lines.append(words.needs.format(said, *parts))
    elif spec.parameters:
        lines.append(words.about_needs.format(said, needed.total / 1e9, free / 1e9))
    else:
        lines.append(words.unknown)
    lines.append((words.research if spec.research_only else words.licence).format(spec.licence))
    lines += _whereabouts(spec, words)
    return f"`{spec.id}` · {precision}\n\n" + " ".join(lines)


def memory(statuses: Sequence[ModelStatus], taken: int, peak: int, budget: int, words: ModelsTexts) -> str:
    listed = " · ".join(f"{s.spec.title} {s.precision} {s.bytes / 1e9:.3f} GB{' 📌' if s.kept else ''}" for s in statuses)
    return words.memory.format(taken / 1e9, budget / 1e9, peak / 1e9, listed)


def _whereabouts(spec: ModelSpec, words: ModelsTexts) -> list[str]:
    if spec.folder is not None:
        return [words.bundled] if spec.picture_book_only else []
    commit = hub.pinned(spec)
    known = words.commit.format(f"`{commit[:12]}`") if commit else words.no_commit
    taken = hub.cached_bytes(spec)
    if hub.cached_folder(spec) is not None:
        return [words.on_disk.format(taken / 1e9), known]
    return [words.disk.format(spec.bytes_in("bf16") / 1e9, hub.free_disk() / 1e9), known]


def _fit(spec: ModelSpec, precision: Precision, free: int, words: ModelsTexts) -> str:
    needed = predict(spec, precision).total
    kind = verdict(needed, free)
    return f"{SIGNS[kind]} {getattr(words, kind)}, {needed / 1e9:.2g} GB"


def _on_disk(spec: ModelSpec) -> str:
    if spec.folder is not None:
        return "✓"
    return f"{hub.cached_bytes(spec) / 1e9:.2f} GB" if hub.cached_folder(spec) else ""
