"""How a search looks: the headline, the histogram with its line, why a hit is one, the map, the code of the call."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from crossmodal.errors import PictureError
from crossmodal.images import read_picture
from crossmodal.ui.texts import Texts

if TYPE_CHECKING:
    from crossmodal.retrieval.engine import Answer, Hit, Map

THUMBNAIL = 256
"""Pixels of the longer side."""
BINS = 40
MAP_SIDE, MAP_MARGIN, MAP_PICTURE = 900, 36, 44
DOT = 4
PICTURE_COLOUR, CAPTION_COLOUR, QUERY_COLOUR = (79, 70, 229), (234, 120, 20), (220, 30, 60)


@dataclass(frozen=True)
class Shown:
    """What of a hit the page keeps, so that moving the cut-off needs no model."""

    gallery: str
    picture: str
    """Its id."""
    title: str
    caption: str
    score: float
    thumbnail: str
    duplicates: int
    why: tuple[tuple[str, float], ...]
    """What each term contributes."""
    words: str
    """The heaviest wanted words of the query, for the heat map; empty where there are none."""


def shown(hit: "Hit", gallery: str, thumbnail: str) -> Shown:
    wanted = [term for term, _ in hit.parts if term.words and term.weight > 0]
    return Shown(
        gallery,
        hit.entry.picture,
        hit.entry.name,
        " · ".join(hit.entry.text.splitlines()[:2]),
        hit.score,
        thumbnail,
        hit.duplicates,
        tuple((term.label, share) for term, share in hit.parts),
        max(wanted, key=lambda t: t.weight).words if wanted else "",
    )


def thumbnail(path: Path, content: str, folder: Path) -> str:
    """A small copy in the folder, made once; empty where the picture cannot be read any more."""
    small = folder / f"{content[:32]}.webp"
    if not small.exists():
        try:
            picture = read_picture(path, path.name, side=2 * THUMBNAIL)
            picture.thumbnail((THUMBNAIL, THUMBNAIL))
            part = folder / f"{uuid.uuid4().hex}.part"
            picture.save(part, "WEBP", quality=85)
            part.replace(small)
        except (PictureError, OSError):
            return ""
    return str(small)


def captions(hits: Sequence[Shown], line: float, words: Texts) -> list[tuple[str, str]]:
    """What the gallery shows: file and caption."""
    return [(hit.thumbnail, _caption(hit, line, words)) for hit in hits]


def _caption(hit: Shown, line: float, words: Texts) -> str:
    parts = [f"{'✓ ' if hit.score >= line else ''}{hit.score:.3f}"]
    if hit.duplicates:
        parts.append(words.sr_duplicates.format(hit.duplicates))
    return " · ".join([*parts, _short(hit.caption or hit.title, 50)])


def headline(hits: Sequence[Shown], line: float, pictures: int, words: Texts) -> str:
    """HTML."""
    if not hits:
        return f"<p>{escape(words.sr_no_hits)}</p>"
    matching = sum(hit.score >= line for hit in hits)
    said = words.sr_matches.format(matching, len(hits), pictures)
    return f"<p>{said if matching else words.sr_nothing.format(hits[0].score, line)}</p>"


def histogram(answer: "Answer", line: float, words: Texts) -> str:
    """Scores of random pictures as an SVG, with the line of the cut-off and a dot for the best hit."""
    scores = answer.cutoff.scores
    if not scores or not answer.hits:
        return ""
    best = answer.hits[0].score
    low, high = min(*scores, line), max(*scores, line, best) + 1e-6
    counts = [0] * BINS
    for score in scores:
        counts[min(BINS - 1, int((score - low) / (high - low) * BINS))] += 1
    tallest = max(counts)

    def x(score: float) -> float:
        return 400 * (score - low) / (high - low)

    bars = "".join(
        f'<rect x="{i * 400 / BINS:.1f}" y="{60 - 56 * n / tallest:.1f}" width="{400 / BINS - 1:.1f}" '
        f'height="{56 * n / tallest:.1f}" fill="currentColor" opacity="0.35"/>'
        for i, n in enumerate(counts)
    )
    return (
        f'<svg viewBox="0 0 400 78" role="img" aria-label="{escape(words.sr_histogram)}" style="width:100%">{bars}'
        f'<line x1="{x(line):.1f}" x2="{x(line):.1f}" y1="0" y2="62" stroke="#d97706" stroke-width="2"/>'
        f'<circle cx="{x(best):.1f}" cy="56" r="4" fill="#4f46e5"/>'
        f'<text x="0" y="75" font-size="11" fill="currentColor">{low:.2f}</text>'
        f'<text x="400" y="75" font-size="11" fill="currentColor" text-anchor="end">{high:.2f}</text></svg>'
        f"<p>{escape(words.sr_histogram)}</p>"
    )


def why(hit: Shown, line: float, words: Texts) -> str:
    """The contributions that add up to the score, as HTML. Every word of the person's is escaped."""
    largest = max((abs(share) for _, share in hit.why), default=1.0) or 1.0
    rows = "".join(
        f'<tr><th scope="row" dir="auto">{escape(_short(label, 40))}</th><td><span class="bar" '
        f'style="width:{100 * abs(share) / largest:.0f}%{";background:#fca5a5" if share < 0 else ""}"></span>'
        f'<span class="figure">{share:+.3f}</span></td></tr>'
        for label, share in hit.why
    )
    verdict = f" · {escape(words.sr_below)}" if hit.score < line else ""
    return (
        f"<p><b>{escape(_short(hit.title, 60))}</b> · {words.sr_score} {hit.score:.3f}{verdict}</p>"
        f"<p>{escape(_short(hit.caption, 200))}</p>"
        f'<p>{escape(words.sr_why)}</p><table class="bars">{rows}</table>'
    )


def map_picture(found: "Map", thumbnails: Sequence[str]) -> Image.Image:
    """Pictures as small copies of themselves where there is room, captions and the query as dots."""
    canvas = Image.new("RGB", (MAP_SIDE, MAP_SIDE), "white")
    draw = ImageDraw.Draw(canvas)
    places = map_places(found)
    for entry, (x, y) in zip(found.entries, places, strict=False):
        if entry.kind == "caption":
            draw.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), fill=CAPTION_COLOUR)
    taken: list[tuple[int, int]] = []
    for small, (x, y) in zip(thumbnails, places, strict=False):
        if small and all(max(abs(x - a), abs(y - b)) >= MAP_PICTURE for a, b in taken):
            with Image.open(small) as picture:
                picture.thumbnail((MAP_PICTURE, MAP_PICTURE))
                canvas.paste(picture, (x - picture.width // 2, y - picture.height // 2))
            taken.append((x, y))
        else:
            draw.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), fill=PICTURE_COLOUR)
    for x, y in places[len(found.entries) :]:
        draw.line((x - 14, y, x + 14, y), fill=QUERY_COLOUR, width=4)
        draw.line((x, y - 14, x, y + 14), fill=QUERY_COLOUR, width=4)
    return canvas


def map_places(found: "Map") -> list[tuple[int, int]]:
    """Where each point of the map is drawn, in pixels."""
    room = MAP_SIDE - 2 * MAP_MARGIN
    return [(round(MAP_MARGIN + room * x), round(MAP_MARGIN + room * (1 - y))) for x, y in found.layout.points.tolist()]


def python_code(text: str, k: int, gallery: str, url: str) -> str:
    """A search for the same words, for `gradio_client`; a picture and filters are left to the caller."""
    return (
        "from gradio_client import Client, handle_file\n\n"
        f"client = Client({json.dumps(url)})\n"
        "hits = client.predict(\n"
        f"    {json.dumps(text, ensure_ascii=False)},\n"
        '    None,  # or handle_file("picture.png"), to search by a picture too\n'
        f"    {k},\n    {json.dumps(gallery, ensure_ascii=False)},\n"
        '    api_name="/search",\n)'
    )


def curl_code(text: str, k: int, gallery: str, url: str) -> str:
    """The same over HTTP."""
    data = json.dumps([text, None, k, gallery], ensure_ascii=False).replace("'", "'\\''")
    return (
        f"EVENT=$(curl -s {url}gradio_api/call/search -H 'Content-Type: application/json' \\\n"
        f"  -d '{{\"data\": {data}}}' | cut -d'\"' -f4)\n"
        f"curl -sN {url}gradio_api/call/search/$EVENT"
    )


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
