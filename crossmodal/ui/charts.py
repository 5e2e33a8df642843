"""Charts as inline SVG with a legend that is never cut off, and tables with bars, readable on light and dark pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import log10

WIDTH, HEIGHT, LEFT, BOTTOM, EDGE = 560, 250, 46, 38, 18
TICKS = 4
Point = tuple[float, float]


@dataclass(frozen=True)
class Axes:
    """What the two axes are called, and where they end; None for where the points do."""

    x: str
    y: str
    y_low: float | None = None
    y_high: float | None = None
    logarithmic: bool = False
    """Whether x goes up by factors; its points are then above 0."""


@dataclass(frozen=True)
class Bar:
    """One row of a table with bars; shares are per cent."""

    title: str
    small: str
    """Beside the title."""
    value: float
    low: float
    high: float
    """The whisker."""
    note: str = ""


def bar_table(bars: Sequence[Bar]) -> str:
    """HTML, in the order given."""
    rows = []
    for bar in bars:
        low, high = max(0.0, bar.low), min(100.0, bar.high)
        rows.append(
            f'<tr><th scope="row">{escape(bar.title)} <small>{escape(bar.small)}</small></th>'
            f'<td><span class="bar" style="width:{bar.value:.1f}%"></span>'
            f'<span class="whisker" style="left:{low:.1f}%;width:{max(high - low, 0.4):.1f}%"></span>'
            f'<span class="figure">{bar.value:.1f} % <small>{escape(bar.note)}</small></span></td></tr>'
        )
    return f'<table class="bars fusion">{"".join(rows)}</table>'


def chart(
    title: str,
    series: Mapping[str, Sequence[Point]],
    axes: Axes,
    palette: Sequence[str] = (),
    lines: bool = True,
    dot: float = 5,
) -> str:
    """HTML. series: name -> points; `lines` joins them, otherwise each is a dot. Empty series give an empty string.

    palette: every name that any chart of the page shows, so that a name has one colour in all of them.
    """
    listed = list(dict.fromkeys((*palette, *series)))
    hues = {name: colour(listed.index(name), len(palette or listed)) for name in series}
    points = [point for of in series.values() for point in of]
    if not points:
        return ""
    along = log10 if axes.logarithmic else float
    x_low, x_high = along(min(x for x, _ in points)), along(max(x for x, _ in points))
    y_low = min(y for _, y in points) if axes.y_low is None else axes.y_low
    y_high = max(y for _, y in points) if axes.y_high is None else axes.y_high
    x_span, y_span = x_high - x_low or 1.0, y_high - y_low or 1.0

    def at(point: Point) -> tuple[float, float]:
        return (
            LEFT + (along(point[0]) - x_low) / x_span * (WIDTH - LEFT - EDGE),
            EDGE + (1 - (point[1] - y_low) / y_span) * (HEIGHT - EDGE - BOTTOM),
        )

    parts = [_grid(at, (x_low, x_span), (y_low, y_span), axes.logarithmic), _names(axes)]
    for name, of in series.items():
        places = [at(point) for point in of]
        if lines:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{hues[name]}" stroke-width="2"/>')
        if not lines or len(places) == 1:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{dot:g}" fill="{hues[name]}"/>' for x, y in places]
    legend = "".join(f'<span><i style="background:{hues[name]}"></i>{escape(name)}</span>' for name in series)
    return (
        f'<figure class="chart"><figcaption>{escape(title)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
        f'<div class="legend">{legend}</div></figure>'
    )


def colour(index: int, count: int) -> str:
    """Hues around the circle, every other one darker: neighbours in a list can be told apart."""
    return f"hsl({360 * index / max(count, 1):.0f} 65% {'42%' if index % 2 else '58%'})"


def _grid(at: object, x: tuple[float, float], y: tuple[float, float], logarithmic: bool) -> str:
    assert callable(at)
    parts = []
    for i in range(TICKS + 1):
        x_value, y_value = x[0] + x[1] * i / TICKS, y[0] + y[1] * i / TICKS
        x_value = 10**x_value if logarithmic else x_value
        x_place, y_place = at((x_value, y_value))
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
