"""Drawings as shapes on a page, and the page as SVG, HTML and PDF."""

from __future__ import annotations

import zlib
from html import escape
from itertools import pairwise
from typing import NamedTuple

SIZE = 11.0  # of letters, in points
LINE = 13.5
MARGIN = 10.0

#: Widths of letters in thousandths of their size, in groups, as in Helvetica; 556 for the others.
_WIDTHS = {
    letter: width
    for letters, width in (
        ("ijl'|", 222),
        (" !,./:;I[]\\ft", 278),
        ("()-`r{}", 333),
        ('"*', 370),
        ("Jckqsvxyz", 500),
        ("+<=>~", 584),
        ("FTZ", 611),
        ("ABEKPSVXY&", 667),
        ("CDHNRUw", 722),
        ("GOQ", 778),
        ("Mm", 833),
        ("%W@", 944),
    )
    for letter in letters
}

#: Fill, line and letters of each kind of box.
COLOURS = {
    "leaf": ("#dbeafe", "#4a5568", "#1a202c"),
    "constant": ("#f7f7f7", "#c4c9d1", "#6b7280"),
    "value": ("#ffffff", "#4a5568", "#1a202c"),
    "operation": ("#fef3c7", "#4a5568", "#1a202c"),
    "module": ("#dcfce7", "#4a5568", "#1a202c"),
}
INK = "#4a5568"

Point = tuple[float, float]


class Shape(NamedTuple):
    """A box or an ellipse with lines of text in its middle."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    lines: list[str]
    title: str


class Scene(NamedTuple):
    """Shapes and arrows, each arrow as cubic curves: a start, and three points for each curve."""

    width: float
    height: float
    shapes: list[Shape]
    arrows: list[list[Point]]


def width_of(text: str, size: float = SIZE) -> float:
    """How wide a line of text is, in points."""
    return sum(_WIDTHS.get(letter, 556) for letter in text) * size / 1000


def size_of(kind: str, lines: list[str]) -> Point:
    """Width and height of the box around some lines."""
    width, height = max(map(width_of, lines)) * 1.04, LINE * len(lines)
    return (width + 26, height + 9) if kind == "operation" else (width + 14, height + 8)


def curve(points: list[Point], across: bool) -> list[Point]:
    """Cubic curves through points, which leave and arrive along the direction of the drawing."""
    found = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        if across:
            middle = (x0 + x1) / 2
            found += [(middle, y0), (middle, y1), (x1, y1)]
        else:
            middle = (y0 + y1) / 2
            found += [(x0, middle), (x1, middle), (x1, y1)]
    return found


def tip(arrow: list[Point]) -> list[Point]:
    """The three corners of an arrow's head, which points from its last control point."""
    (x0, y0), (x1, y1) = arrow[-2], arrow[-1]
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 or 1.0
    u, v = (x1 - x0) / length, (y1 - y0) / length
    return [
        (x1, y1),
        (x1 - 6 * u - 2.5 * v, y1 - 6 * v + 2.5 * u),
        (x1 - 6 * u + 2.5 * v, y1 - 6 * v - 2.5 * u),
    ]


def baselines(shape: Shape) -> list[tuple[float, str]]:
    """The height of the baseline of each line of text, and the line."""
    top = shape.y - LINE * len(shape.lines) / 2
    return [(top + LINE * i + 10.2, line) for i, line in enumerate(shape.lines)]


# --- SVG -----------------------------------------------------------------------------------------


def _points(points: list[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def svg(scene: Scene) -> str:
    """The page as SVG on a ground of its own, so that it is seen in a dark notebook too."""
    w, h = scene.width + 2 * MARGIN, scene.height + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w:.0f}" height="{h:.0f}" '
        f'viewBox="{-MARGIN:.0f} {-MARGIN:.0f} {w:.1f} {h:.1f}" style="max-width:100%;height:auto" '
        f'font-family="Helvetica,Arial,sans-serif" font-size="{SIZE:g}" text-anchor="middle">',
        f'<rect x="{-MARGIN}" y="{-MARGIN}" width="{w:.1f}" height="{h:.1f}" rx="6" fill="#ffffff"/>',
        f'<g fill="none" stroke="{INK}">',
        *(f'<path d="M{_points(a[:1])} C{_points(a[1:])}"/>' for a in scene.arrows),
        f'</g><g fill="{INK}">',
        *(f'<polygon points="{_points(tip(a))}"/>' for a in scene.arrows),
        "</g>",
    ]
    for shape in scene.shapes:
        fill, stroke, letters = COLOURS[shape.kind]
        style = f'fill="{fill}" stroke="{stroke}"'
        x, y, rx, ry = shape.x, shape.y, shape.width / 2, shape.height / 2
        title = f"<title>{escape(shape.title)}</title>" if shape.title else ""
        lines.append(f"<g>{title}")
        if shape.kind == "operation":
            lines.append(
                f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" {style}/>'
            )
        else:
            lines.append(
                f'<rect x="{x - rx:.1f}" y="{y - ry:.1f}" width="{2 * rx:.1f}" height="{2 * ry:.1f}" '
                f'rx="4" {style}/>'
            )
        lines += [
            f'<text x="{x:.1f}" y="{at:.1f}" fill="{letters}">{escape(text)}</text>'
            for at, text in baselines(shape)
        ]
        lines.append("</g>")
    return "\n".join([*lines, "</svg>\n"])


def html(scene: Scene, title: str) -> str:
    """The page as HTML, with nothing from elsewhere; colours are turned round where people like it dark."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width"><style>:root{color-scheme:light dark}\n'
        "body{margin:1em;text-align:center}\n"
        "@media(prefers-color-scheme:dark){svg{filter:invert(.9) hue-rotate(180deg)}}</style></head>\n"
        f"<body>\n{svg(scene)}</body></html>\n"
    )


# --- PDF -----------------------------------------------------------------------------------------


def _rgb(colour: str) -> str:
    return " ".join(f"{int(colour[i : i + 2], 16) / 255:.3f}" for i in (1, 3, 5))


#: How far the control points of a quarter of a circle are.
_ROUND = 0.5523


def outline_of(shape: Shape) -> list[Point]:
    """The edge of a shape as cubic curves, clockwise from its left."""
    rx, ry = shape.width / 2, shape.height / 2
    cx, cy = (rx, ry) if shape.kind == "operation" else (4.0, 4.0)
    found: list[Point] = []
    for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        x, y = shape.x + sx * rx, shape.y + sy * ry
        a, b = (x, y - sy * cy), (x - sx * cx, y)
        ends = [a, (x, y - sy * cy * (1 - _ROUND)), (x - sx * cx * (1 - _ROUND), y), b]
        if sx * sy < 0:
            ends.reverse()
        if found:  # straight on to the next corner
            found += [found[-1], ends[0], ends[0]]
            found += ends[1:]
        else:
            found = ends
    return [*found, found[-1], found[0], found[0]]


def _path(points: list[Point]) -> str:
    first = f"{points[0][0]:.2f} {points[0][1]:.2f} m"
    curves = [
        " ".join(f"{x:.2f} {y:.2f}" for x, y in points[i : i + 3]) + " c"
        for i in range(1, len(points), 3)
    ]
    return "\n".join([first, *curves])


def pdf(scene: Scene) -> bytes:
    """The page as PDF, with the Helvetica that every reader has."""
    w, h = scene.width + 2 * MARGIN, scene.height + 2 * MARGIN
    ink = [f"1 0 0 -1 {MARGIN} {h - MARGIN:.2f} cm 0.8 w {_rgb(INK)} RG {_rgb(INK)} rg"]
    for arrow in scene.arrows:
        a, b, c = tip(arrow)
        ink.append(f"{_path(arrow)} S")
        ink.append(f"{a[0]:.2f} {a[1]:.2f} m {b[0]:.2f} {b[1]:.2f} l {c[0]:.2f} {c[1]:.2f} l f")
    for shape in scene.shapes:
        fill, stroke, letters = COLOURS[shape.kind]
        ink.append(f"{_rgb(fill)} rg {_rgb(stroke)} RG\n{_path(outline_of(shape))} b")
        ink.append(f"{_rgb(letters)} rg BT /F {SIZE:g} Tf")
        for at, text in baselines(shape):
            x = shape.x - width_of(text) / 2
            said = text.encode("cp1252", "replace").replace(b"\\", b"\\\\")
            said = said.replace(b"(", b"\\(").replace(b")", b"\\)")
            ink.append(f"1 0 0 -1 {x:.2f} {at:.2f} Tm ({said.decode('latin-1')}) Tj")
        ink.append("ET")
    page = zlib.compress("\n".join(ink).encode("latin-1"))
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.2f %.2f]/Contents 4 0 R" % (w, h)
        + b"/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    data, starts = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for i, part in enumerate(parts, 1):
        starts.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (i, part)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    return data + (
        b"xref\n0 6\n0000000000 65535 f \n%btrailer\n<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (table, len(data))
    )
