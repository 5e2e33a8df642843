"""How a verdict looks: bars for both readings, a heat map over the picture, the code of the call."""

import json
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from crossmodal.ui.texts import Texts
from crossmodal.zero_shot.labels import Labels

if TYPE_CHECKING:
    from torch import Tensor

    from crossmodal.zero_shot.classifier import Score, Verdict

BARS = 10
HEAT = np.array((255, 90, 0), dtype=np.float32)
MAP_SIDE = 512


def headline(verdict: "Verdict", labels: Labels, unknown: Sequence[str], words: Texts) -> str:
    """The verdict in words, and what happened to the labels, as HTML."""
    best = verdict.best
    if verdict.none_of_these and best.is_it is not None and verdict.none_below is not None:
        lines = [words.none_of_these.format(_plain(best.label), best.is_it, verdict.none_below)]
    elif verdict.none_of_these is None:
        lines = [words.best_only.format(_plain(best.label))]
    else:
        lines = [words.best_is.format(_plain(best.label))]
    lines += [words.template_changed.format(_plain(t), _plain(label)) for t, label in verdict.other_winners]
    if unknown:
        lines.append(words.unknown_words.format(", ".join(map(_plain, unknown[:BARS]))))
    if labels.merged:
        lines.append(words.merged.format(", ".join(map(_plain, labels.merged))))
    return "".join(f"<p>{line}</p>" for line in lines)


def bars(verdict: "Verdict", words: Texts) -> str:
    """Both readings of the best labels side by side. Every word of the person's is escaped."""
    rows = "".join(_row(score, words) for score in verdict.scores[:BARS])
    head = f"<tr><th></th><th>{escape(words.which)}</th><th>{escape(words.is_it)}</th></tr>"
    return f'<table class="bars">{head}{rows}</table>'


def _row(score: "Score", words: Texts) -> str:
    is_it = f'<td class="unmeasured">{escape(words.not_measured)}</td>' if score.is_it is None else _bar(score.is_it)
    return f'<tr><th scope="row" dir="auto">{escape(_short(score.label))}</th>{_bar(score.which)}{is_it}</tr>'


def _bar(share: float) -> str:
    percent = 100 * share
    return f'<td><span class="bar" style="width:{percent:.1f}%"></span><span class="figure">{percent:.1f} %</span></td>'


def heat_map(picture: Image.Image, cosines: "Tensor") -> Image.Image:
    """The picture, greyed, with its patches the brighter the more they are like the label. cosines: (rows, columns)."""
    picture = picture.copy()
    picture.thumbnail((MAP_SIDE, MAP_SIDE))
    values = cosines.float().numpy()
    middle = float(np.median(values))
    strength = ((values - middle) / max(1e-6, float(values.max()) - middle)).clip(0, 1)
    patches = Image.fromarray((strength * 255).astype(np.uint8)).resize(picture.size, Image.Resampling.BICUBIC)
    weight = np.asarray(patches, dtype=np.float32)[..., None] / 255
    grey = np.asarray(picture.convert("L").convert("RGB"), dtype=np.float32) * 0.7 + 60
    colour = np.asarray(picture, dtype=np.float32)
    mixed = grey * (1 - weight) + (0.55 * colour + 0.45 * HEAT) * weight
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))


def python_code(labels: Labels, templates: tuple[str, ...], model: str, url: str) -> str:
    """The call that was just made, for `gradio_client`."""
    more = f",\n    templates={json.dumps(chr(10).join(templates), ensure_ascii=False)}" if templates else ""
    more += f",\n    model={json.dumps(model, ensure_ascii=False)}" if model else ""
    return (
        "from gradio_client import Client, handle_file\n\n"
        f"client = Client({json.dumps(url)})\n"
        'client.predict(\n    handle_file("picture.png"),\n'
        f"    {json.dumps(chr(10).join(labels.names), ensure_ascii=False)}{more},\n"
        '    api_name="/classify",\n)'
    )


def curl_code(labels: Labels, templates: tuple[str, ...], model: str, url: str) -> str:
    """The same over HTTP: upload, call, read the answer."""
    data = json.dumps(
        ["\n".join(labels.names), "\n".join(templates), model],
        ensure_ascii=False,
    )
    quoted = data[1:].replace("'", "'\\''")
    picture = '{"path": "\'"$FILE"\'", "meta": {"_type": "gradio.FileData"}}'
    return (
        f"FILE=$(curl -s -F files=@picture.png {url}gradio_api/upload | tr -d '[]\"')\n"
        f"EVENT=$(curl -s {url}gradio_api/call/classify -H 'Content-Type: application/json' \\\n"
        f"  -d '{{\"data\": [{picture}, {quoted}}}' | cut -d'\"' -f4)\n"
        f"curl -sN {url}gradio_api/call/classify/$EVENT"
    )


def _plain(text: str) -> str:
    """Without what a page could take for markup. Markdown is no place for a person's text: it makes links of addresses."""
    return escape(_short(text))


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
