"""Charts in SVG, for pages and files that need neither Matplotlib nor a network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .markup import Markup, joined, tag
from .tables import cell

WIDTH, HEIGHT = 420, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 14, 26, 44

#: Colours of lines in the light and in the dark; a page that shows charts includes it.
STYLE = """
svg{--a:#0b62c4;--b:#b3470c;--ink:#1c2430;--faint:#8a94a3;--paper:#fff;font:12px system-ui,sans-serif}
svg text{fill:var(--ink)}svg .grid{stroke:var(--faint);opacity:.35}svg .axis{stroke:var(--faint)}
svg .s0{color:var(--a)}svg .s1{color:var(--b)}
svg polyline{fill:none;stroke:currentColor;stroke-width:2}svg circle,svg .key{fill:currentColor}
@media(prefers-color-scheme:dark){svg{--a:#6cb2ff;--b:#ff9d5c;--ink:#e6eaf0;--faint:#78828f;--paper:#12161c}}
"""

_DOTTED = 200  # points of a line at most, so that a page of many epochs stays small

Points = Sequence[tuple[Any, float]]


class _Scale(NamedTuple):
    """Where values lie between two pixels, and which of them are written at the axis."""

    places: Mapping[Any, float]  # of the marked values
    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def at(self, value: Any) -> float:
        if value in self.places:
            return self.places[value]
        low, high, v = (math.log(x) if self.log else x for x in (self.low, self.high, value))
        return self.start + (v - low) / (high - low) * (self.stop - self.start)


def _numbers(
    values: Sequence[float], start: float, stop: float, whole: bool = False, log: bool = False
) -> _Scale:
    """A scale of numbers with round marks."""
    low, high = min(values), max(values)
    if log:
        scale = _Scale({}, low, high, start, stop, log=True)
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        digits = (1,) if high / low > 1000 else (1, 3)
        marks = [m * 10.0**p for p in powers for m in digits if low <= m * 10.0**p <= high]
        return scale._replace(places={mark: scale.at(mark) for mark in marks})
    if low == high:
        room = abs(low) * 0.1 or 1.0
        low, high = (low - 0.5, high + 0.5) if whole else (low - room, high + room)
    size = 10.0 ** math.floor(math.log10((high - low) / 5))
    step = next(size * m for m in (1, 2, 5, 10) if size * m * 6 >= high - low)
    step = max(round(step), 1) if whole else step
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    scale = _Scale({}, low, high, start, stop)
    marks = [k * step for k in range(first, last + 1)]
    return scale._replace(places={mark: scale.at(mark) for mark in marks})


def _names(values: Iterable[Any], start: float, stop: float) -> _Scale:
    """A scale of few values, one beside the other."""
    found = list(values)
    width = (stop - start) / len(found)
    return _Scale({v: start + (i + 0.5) * width for i, v in enumerate(found)}, 0, 1, start, stop)


def lines(series: Mapping[str, Points], x: str, y: str) -> Markup:
    """A chart of lines by name, up to two, over whole numbers; ``x`` and ``y`` are the axes' titles."""
    shown = {
        name: [(a, b) for a, b in points if math.isfinite(b)] for name, points in series.items()
    }
    every = [point for points in shown.values() for point in points]
    if not every:
        return Markup("")
    across = _numbers([a for a, _ in every], _LEFT, WIDTH - _RIGHT, whole=True)
    up = _numbers([b for _, b in every], HEIGHT - _BOTTOM, _TOP)
    drawn = []
    for i, (name, points) in enumerate(shown.items()):
        places = [(across.at(a), up.at(b)) for a, b in points]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        dots = [
            _dot(*place, f"{name}, {x} {a}: {cell(b)}", 2.5 if len(points) < 60 else 1)
            for place, (a, b) in zip(places, points, strict=True)
            if len(points) <= _DOTTED
        ]
        drawn.append(tag("g", tag("polyline", points=path), *dots, class_=f"s{i}"))
    return _framed(across, up, x, y, drawn, list(shown) if len(shown) > 1 else [])


def scatter(points: Sequence[tuple[Any, float, str]], x: str, y: str, best: int) -> Markup:
    """A chart of points (value, result, what they are); the one at the place ``best`` stands out."""
    values = list(dict.fromkeys(value for value, _, _ in points))
    numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
    start, stop = _LEFT, WIDTH - _RIGHT
    if numeric and len(values) > 6:
        low, high = min(values), max(values)
        across = _numbers(values, start + 8, stop - 8, log=low > 0 and high / low > 20)
    else:
        across = _names(sorted(values) if numeric else values, start, stop)
    up = _numbers([result for _, result, _ in points], HEIGHT - _BOTTOM - 6, _TOP + 6)
    order = sorted(range(len(points)), key=lambda i: i == best)
    drawn = [
        tag(
            "g",
            _dot(across.at(points[i][0]), up.at(points[i][1]), points[i][2], 4 + (i == best)),
            class_=f"s{int(i == best)}",
        )
        for i in order
    ]
    return _framed(across, up, x, y, drawn, ["trials", "best"])


def side_by_side(charts: Sequence[Markup], title: str) -> Markup:
    """The text of an SVG file with charts in a row under a title."""
    placed = [
        tag("g", chart, transform=f"translate({i * WIDTH} 24)") for i, chart in enumerate(charts)
    ]
    width, height = WIDTH * max(len(charts), 1), HEIGHT + 24
    return tag(
        "svg",
        tag("style", Markup(STYLE)),
        tag("rect", width="100%", height="100%", fill="var(--paper)"),
        tag("text", title, x=12, y=18, font_weight="bold"),
        *placed,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
    )


def _dot(x: float, y: float, what: str, radius: float) -> Markup:
    return tag("circle", tag("title", what), cx=f"{x:.1f}", cy=f"{y:.1f}", r=radius)


def _framed(
    across: _Scale, up: _Scale, x: str, y: str, drawn: Sequence[Markup], names: Sequence[str]
) -> Markup:
    """What is drawn, with axes, their titles and marks, and the names of the colours."""
    left, right, top, bottom = _LEFT, WIDTH - _RIGHT, _TOP, HEIGHT - _BOTTOM
    parts = []
    for value, place in up.places.items():
        at = f"{place:.1f}"
        parts += [
            tag("line", x1=left, x2=right, y1=at, y2=at, class_="grid"),
            tag("text", cell(float(value)), x=left - 6, y=at, dy=4, text_anchor="end"),
        ]
    for value, place in across.places.items():
        label = cell(value)
        parts.append(tag("text", label, x=f"{place:.1f}", y=bottom + 16, text_anchor="middle"))
    parts += [
        tag("polyline", points=f"{left},{top} {left},{bottom} {right},{bottom}", class_="axis"),
        tag("text", x, x=(left + right) / 2, y=HEIGHT - 8, text_anchor="middle"),
        tag(
            "text",
            y,
            transform=f"translate(13 {(top + bottom) / 2}) rotate(-90)",
            text_anchor="middle",
        ),
    ]
    for i, name in enumerate(names):
        start = left + 8 + 110 * i
        key = tag("rect", x=start, y=6, width=12, height=12, rx=2, class_="key")
        parts.append(tag("g", key, tag("text", name, x=start + 18, y=16), class_=f"s{i}"))
    label = f"{y} by {x}"
    return tag(
        "svg", joined(*parts), *drawn, viewBox=f"0 0 {WIDTH} {HEIGHT}", width=WIDTH, height=HEIGHT,
        role="img", aria_label=label,
    )  # fmt: skip
