"""Small diagrams for model cards, as SVG: readable in a browser on light and dark pages, and in a diff."""

from collections.abc import Mapping, Sequence
from html import escape

from crossmodal.reliability import Bin

SIDE, MARGIN = 320, 48
COLOURS = ("#d97706", "#4f46e5")


def reliability_diagram(curves: Mapping[str, Sequence[Bin]]) -> str:
    """What was claimed against what came true; bins that hold nothing are left out."""
    span = SIDE - 2 * MARGIN

    def at(claimed: float, true: float) -> str:
        return f"{MARGIN + claimed * span:.1f},{SIDE - MARGIN - true * span:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" font-family="sans-serif" font-size="11">',
        f'<rect width="{SIDE}" height="{SIDE}" fill="white"/>',
        f'<polyline points="{at(0, 1)} {at(0, 0)} {at(1, 0)}" fill="none" stroke="#444"/>',
        f'<polyline points="{at(0, 0)} {at(1, 1)}" stroke="#999" stroke-dasharray="4 4"/>',
        f'<text x="{SIDE / 2}" y="{SIDE - 14}" text-anchor="middle">probability claimed</text>',
        f'<text x="16" y="{SIDE / 2}" text-anchor="middle" transform="rotate(-90 16 {SIDE / 2})">share that was right</text>',
    ]
    for tick in (0, 0.5, 1):
        x, y = MARGIN + tick * span, SIDE - MARGIN - tick * span
        parts.append(f'<text x="{x}" y="{SIDE - MARGIN + 14}" text-anchor="middle">{tick}</text>')
        parts.append(f'<text x="{MARGIN - 6}" y="{y + 4}" text-anchor="end">{tick}</text>')
    for i, (name, bins) in enumerate(curves.items()):
        rows = [(b.confidence, b.accuracy) for b in bins if b.count]
        colour = COLOURS[i % len(COLOURS)]
        points = " ".join(at(claimed, true) for claimed, true in rows)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{at(c, t).split(",")[0]}" cy="{at(c, t).split(",")[1]}" r="3" fill="{colour}"/>' for c, t in rows
        ]
        parts.append(f'<text x="{MARGIN + 8}" y="{20 + 15 * i}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])
