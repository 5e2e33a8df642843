"""Line and scatter charts as inline SVG with a legend that is never cut off, readable on light and dark pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, EDGE = 560, 250, 46, 38, 10
TICKS = 4
Point = tuple[float, float]


@dataclass(frozen=True)
class Axes:
    """What the two axes are called, and where they end; None for where the points do."""

    x: str
    y: str
    y_low: float | None = None
    y_high: float | None = None


def chart(
    title: str, series: Mapping[str, Sequence[Point]], axes: Axes, palette: Sequence[str] = (), lines: bool = True
) -> str:
    """HTML. series: name -> points; `lines` joins them. Empty series give an empty string.

    palette: every name that any chart of the page shows, so that a name has one colour in all of them.
    """
    listed = list(dict.fromkeys((*palette, *series)))
    hues = {name: colour(listed.index(name), len(palette or listed)) for name in series}
    points = [point for of in series.values() for point in of]
    if not points:
        return ""
    x_low, x_high = min(x for x, _ in points), max(x for x, _ in points)
    y_low = min(y for _, y in points) if axes.y_low is None else axes.y_low
    y_high = max(y for _, y in points) if axes.y_high is None else axes.y_high
    x_span, y_span = x_high - x_low or 1.0, y_high - y_low or 1.0

    def at(point: Point) -> tuple[float, float]:
        return (
            LEFT + (point[0] - x_low) / x_span * (WIDTH - LEFT - EDGE),
            EDGE + (1 - (point[1] - y_low) / y_span) * (HEIGHT - EDGE - BOTTOM),
        )

    parts = [_grid(at, (x_low, x_span), (y_low, y_span)), _names(axes)]
    for name, of in series.items():
        places = [at(point) for point in of]
        if lines:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{hues[name]}" stroke-width="2"/>')
        if not lines or len(places) == 1:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{hues[name]}"/>' for x, y in places]
    legend = "".join(f'<span><i style="background:{hues[name]}"></i>{escape(name)}</span>' for name in series)
    return (
        f'<figure class="chart"><figcaption>{escape(title)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
        f'<div class="legend">{legend}</div></figure>'
    )


def colour(index: int, count: int) -> str:
    """Hues around the circle, every other one darker: neighbours in a list can be told apart."""
    return f"hsl({360 * index / max(count, 1):.0f} 65% {'42%' if index % 2 else '58%'})"


def _grid(at: object, x: tuple[float, float], y: tuple[float, float]) -> str:
    assert callable(at)
    parts = []
    for i in range(TICKS + 1):
        x_value, y_value = x[0] + x[1] * i / TICKS, y[0] + y[1] * i / TICKS
        x_place, _ = at((x_value, y[0]))
        _, y_place = at((x[0], y_value))
        parts += [
            f'<path d="M{LEFT} {y_place:.1f} H{WIDTH - EDGE}" stroke="currentColor" opacity="0.15"/>',
            f'<text x="{LEFT - 6}" y="{y_place + 4:.1f}" text-anchor="end">{_number(y_value)}</text>',
            f'<text x="{x_place:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{_number(x_value)}</text>',
        ]
    return "".join(parts)


def _names(axes: Axes) -> str:
    middle = (HEIGHT - BOTTOM + EDGE) / 2
    return (
        f'<text x="{(WIDTH + LEFT) / 2:.0f}" y="{HEIGHT - 4}" text-anchor="middle">{escape(axes.x)}</text>'
        f'<text x="10" y="{middle:.0f}" text-anchor="middle" transform="rotate(-90 10 {middle:.0f})">{escape(axes.y)}</text>'
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"
