"""Drawings as PNG: shapes by their distance from each pixel, letters as strokes."""

from __future__ import annotations

import math
import struct
import zlib
from functools import cache
from itertools import pairwise

import numpy as np

from .scene import COLOURS, INK, MARGIN, SIZE, Point, Scene, Shape, baselines, tip, width_of

#: Letters as strokes: points of column and row, where capitals go from row 0 to 6 and small ones from row 2.
_STROKES = dict(
    entry.split(" ", 1)
    for entry in """\
0 103041453616050110;1 112026;2 011030414206 0646;3 0110304142334445361605 1333;4 36300444
5 400002324345361605;6 413010010516364544331304;7 004016;8 13020110304142331304051636454433
9 051636454130100102133342;a 12324346 441405163645;b 0006 0312324345361605;c 4332120305163645
d 4046 4332120305163645;e 04444332120305163645;f 30201116 0222;g 4247381807 4332120305163645
h 0006 0312324346;i 0206 0000;j 121708 1010;k 0006 3204 1436;l 0006;m 0206 03122326 23324346
n 0206 0312324346;o 123243453616050312;p 0208 0312324345361605;q 4248 4332120305163645
r 0206 04132232;s 4212031434453606;t 10152636 0232;u 0205163645 4246;v 022642;w 0216243642
x 0246 4206;y 0226 42261808;z 02420646;A 062046 1434;B 00063645443303 0030414233;C 4130100105163645
D 00062645412000;E 40000646 0333;F 400006 0333;G 41301001051636454323;H 0006 4046 0343;I 0006
J 3035261605;K 0006 4004 2246;L 000646;M 0600234046;N 06004640;O 103041453616050110;P 06003041423303
Q 103041453616050110 3446;R 06003041423303 2346;S 413010010213334445361605;T 0040 2026
U 000516364540;V 002640;W 0016223640;X 0046 4006;Y 002340 2326;Z 00400646;. 0606;, 1607;: 0303 0606
' 0001;" 0001 2021;! 0004 0606;? 011030414224 2626;- 0434;_ 0747;+ 2226 0444;= 0343 0545;< 420446
> 024406;( 20020527;) 00222507;[ 20000727;] 00202707;{ 20111203141627;} 00111223141607;/ 3006
\\ 0036;| 0007;* 2024 0143 4103;# 1006 4036 0242 0444;% 0010110100 4006 35454636 3635;^ 022042
~ 04133443;@ 341413333545413010010516 1646;& 4602011020310405163644;$ 413010010213334445361605 2026
` 0011""".replace("\n", ";").split(";")
)
_STROKES |= {" ": "", ";": "0303 1607"}
_UNKNOWN = "0040460600"


def _distance(x: np.ndarray, y: np.ndarray, a: Point, b: Point) -> np.ndarray:
    """The distance of each pixel from a segment."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy or 1.0)
    along = np.clip(along, 0.0, 1.0)
    found: np.ndarray = np.hypot(x - a[0] - along * dx, y - a[1] - along * dy)
    return found


@cache
def _letter(letter: str, scale: float, shift: int) -> tuple[np.ndarray, int]:
    """How much of each pixel a letter covers, its origin ``shift`` quarters of a pixel in, and its rise."""
    strokes = _STROKES.get(letter, _UNKNOWN).split()
    points = [[(int(s[i]), int(s[i + 1])) for i in range(0, len(s) - 1, 2)] for s in strokes]
    columns = [x for stroke in points for x, _ in stroke] or [0]
    first, widest = min(columns), max(columns) - min(columns) or 1
    advance = width_of(letter) * scale
    across, down = min(advance * 0.74 / widest, scale * 1.9), SIZE * 0.118 * scale
    rise = int(down * 6 + 3)
    y, x = np.mgrid[0 : int(down * 9) + 6, 0 : int(advance) + 4] + 0.5
    left = shift / 4 + (advance - across * widest) / 2
    nearest = np.full(x.shape, np.inf)
    for stroke in points:
        placed = [(left + (p - first) * across, rise + (q - 6) * down) for p, q in stroke]
        thick = 0.25 * scale * (len(set(placed)) == 1)  # a dot
        for a, b in pairwise(placed):
            nearest = np.minimum(nearest, _distance(x, y, a, b) - thick)
    return np.clip(0.48 * scale + 0.5 - nearest, 0.0, 1.0), rise


_BESIDE = np.arange(-2, 3)


@cache
def _ink(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], float)


class _Canvas:
    """Pixels of three bytes, on which colours are laid with what share of each pixel they cover."""

    def __init__(self, width: float, height: float, scale: float) -> None:
        self.scale = scale
        self.pixels = np.full((round(height * scale), round(width * scale), 3), 255, np.uint8)

    def lay(self, cover: np.ndarray, left: int, top: int, colour: str) -> None:
        rows, columns = self.pixels.shape[:2]
        cover = cover[max(0, -top) : rows - top, max(0, -left) : columns - left, None]
        part = self.pixels[max(0, top) :, max(0, left) :][: cover.shape[0], : cover.shape[1]]
        part[...] = part + (_ink(colour) - part) * cover + 0.5

    def grid(
        self, x0: float, y0: float, x1: float, y1: float
    ) -> tuple[np.ndarray, np.ndarray, int, int]:
        """The middles of the pixels of a part, in points, and its corner."""
        left, top = int(x0 * self.scale) - 2, int(y0 * self.scale) - 2
        size = int(y1 * self.scale) + 3 - top, int(x1 * self.scale) + 3 - left
        y, x = np.ogrid[: size[0], : size[1]]
        return (x + left + 0.5) / self.scale, (y + top + 0.5) / self.scale, left, top

    def segment(self, a: Point, b: Point, width: float, colour: str) -> None:
        """Draw a line by what it covers of the pixels next to it in each row, or column if it is flat."""
        (x0, y0), (x1, y1) = np.array((a, b)) * self.scale
        flat = abs(x1 - x0) > abs(y1 - y0)
        pixels = self.pixels.transpose(1, 0, 2) if flat else self.pixels
        (u0, v0), (u1, v1) = ((y0, x0), (y1, x1)) if flat else ((x0, y0), (x1, y1))
        first, end = max(0, round(min(v0, v1))), min(round(max(v0, v1)), len(pixels))
        steps = 2 * int(abs(u1 - u0)) + 1
        if (
            end - first > 50 * steps
        ):  # Steep: drawn straight, with steps of half a pixel that nobody sees.
            edges = np.linspace(first, end, steps + 1).astype(int)
            for top, bottom in pairwise(edges.tolist()):
                middle = u0 + (u1 - u0) * (((top + bottom) / 2 - v0) / (v1 - v0))
                reach = 0.5 + width * self.scale / 2
                left = max(0, math.ceil(middle - reach - 0.5))
                part = pixels[top:bottom, left : math.ceil(middle + reach - 0.5)]
                away = abs(np.arange(left, left + part.shape[1]) + 0.5 - middle)
                cover = (reach - away).clip(0, 1).astype("f")[:, None]
                part[...] = part * (1 - cover) + (_ink(colour) * cover + 0.5).astype("f")
            return
        along = np.arange(first, end)
        across = u0 + (u1 - u0) * ((along + 0.5 - v0) / (v1 - v0)) if len(along) else along
        straight = abs(v1 - v0) / (np.hypot(u1 - u0, v1 - v0) or 1.0)
        at = np.floor(across).astype(int)[:, None] + _BESIDE
        cover = 0.5 + width * self.scale / 2 - abs(at + 0.5 - across[:, None]) * straight
        inside = (cover > 0) & (at >= 0) & (at < pixels.shape[1])
        rows, columns, cover = along[np.nonzero(inside)[0]], at[inside], cover[inside].clip(max=1)
        part = pixels[rows, columns]
        pixels[rows, columns] = part + (_ink(colour) - part) * cover[:, None] + 0.5

    def triangle(self, corners: list[Point], colour: str) -> None:
        """Fill what lies to the left of all edges."""
        x, y, left, top = self.grid(*np.min(corners, axis=0), *np.max(corners, axis=0))
        away = np.full(np.broadcast_shapes(x.shape, y.shape), -np.inf)
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
            length = np.hypot(x1 - x0, y1 - y0)
            away = np.maximum(away, ((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) / length)
        self.lay(np.clip(0.5 - away * self.scale, 0.0, 1.0), left, top, colour)

    def shape(self, s: Shape) -> None:
        rx, ry = s.width / 2, s.height / 2
        x, y, left, top = self.grid(s.x - rx, s.y - ry, s.x + rx, s.y + ry)
        if s.kind == "operation":
            u, v = (x - s.x) / rx, (y - s.y) / ry
            norm = np.hypot(u, v)
            away = norm * (norm - 1) / np.maximum(np.hypot(u / rx, v / ry), 1e-9)
        else:
            u, v = np.abs(x - s.x) - rx + 4, np.abs(y - s.y) - ry + 4
            away = (
                np.hypot(np.maximum(u, 0), np.maximum(v, 0)) + np.minimum(np.maximum(u, v), 0) - 4
            )
        fill, stroke, letters = COLOURS[s.kind]
        self.lay(np.clip(0.5 - away * self.scale, 0, 1), left, top, fill)
        self.lay(np.clip(0.5 - (abs(away) - 0.4) * self.scale, 0, 1), left, top, stroke)
        for at, text in baselines(s):
            self.text(s.x - width_of(text) / 2, at, text, letters)

    def text(self, x: float, y: float, text: str, colour: str) -> None:
        for letter in text:
            whole, part = divmod(round(x * self.scale * 4), 4)
            cover, rise = _letter(letter, self.scale, part)
            self.lay(cover, whole, round(y * self.scale) - rise, colour)
            x += width_of(letter)


def _flat(arrow: list[Point]) -> list[Point]:
    """Points along cubic curves."""
    found = [arrow[0]]
    t = np.linspace(0, 1, 9)[1:, None]
    for i in range(0, len(arrow) - 1, 3):
        a, b, c, d = np.array(arrow[i : i + 4])
        if np.allclose((a[0], b[0]), d[0]) or np.allclose((a[1], b[1]), d[1]):
            found.append(arrow[i + 3])
        else:
            points = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
            found += [(float(p), float(q)) for p, q in points]
    return found


#: No picture has more pixels; its scale is made smaller instead.
_MOST_PIXELS = 60_000_000


def png(scene: Scene, scale: float) -> bytes:
    """The page as PNG with ``scale`` pixels for a point."""
    w, h = scene.width + 2 * MARGIN, scene.height + 2 * MARGIN
    canvas = _Canvas(w, h, min(scale, (_MOST_PIXELS / (w * h)) ** 0.5))

    def moved(points: list[Point]) -> list[Point]:
        return [(x + MARGIN, y + MARGIN) for x, y in points]

    for arrow in scene.arrows:
        flat = _flat(moved(arrow))
        for a, b in pairwise(flat):
            canvas.segment(a, b, 0.8, INK)
        canvas.triangle(moved(tip(arrow)), INK)
    for shape in scene.shapes:
        canvas.shape(shape._replace(x=shape.x + MARGIN, y=shape.y + MARGIN))
    rows, columns = canvas.pixels.shape[:2]
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), canvas.pixels.reshape(rows, -1)], axis=1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    density = round(39.37 * 72 * canvas.scale)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0))
        + chunk(b"pHYs", struct.pack(">IIB", density, density, 1))
        + chunk(b"IDAT", zlib.compress(lines, 6 if lines.size < 1 << 25 else 1))
        + chunk(b"IEND", b"")
    )
