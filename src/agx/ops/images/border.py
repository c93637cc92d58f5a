"""Borders of images, of sequences and of volumes: zeros, or elements of the image again."""

from __future__ import annotations

from typing import Any

from ..shape.axes import broadcast_to, concatenate
from ..shape.pad import pad
from .im2col import Geometry, geometry

#: For each of the last axes how many elements are added before and after.
Widths = tuple[tuple[int, int], ...]

MODES = ("zeros", "reflect", "replicate", "circular")


def check_mode(op: str, mode: Any) -> str:
    """Read how a border is filled; ValueError for another way."""
    if not isinstance(mode, str) or mode not in MODES:
        raise ValueError(
            f"{op}: padding_mode must be 'zeros', 'reflect', 'replicate' or 'circular', got {mode!r}"
        )
    return mode


def framed(
    op: str,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    axes: int = 2,
    mode: str = "zeros",
) -> tuple[Geometry, Widths]:
    """Read sizes of which padding may be "same" or "valid".

    Gives the geometry of the convolution, and the border that it does not make by itself.
    """
    if not isinstance(padding, str):
        geo = geometry(op, kernel_size, stride, padding, dilation, axes)
        if mode == "zeros":
            return geo, ()
        widths = tuple((p, p) for p in geo.padding)
    else:
        if padding not in ("same", "valid"):
            raise ValueError(
                f"{op}: padding must be an integer, a tuple of them, 'same' or 'valid', got {padding!r}"
            )
        geo = geometry(op, kernel_size, stride, 0, dilation, axes)
        if padding == "same" and max(geo.stride) > 1:
            raise ValueError(
                f"{op}: padding='same' needs stride 1, got {geo.stride}; give the padding in numbers"
            )
        reach = [
            d * (k - 1) * (padding == "same") for k, d in zip(geo.kernel, geo.dilation, strict=True)
        ]
        widths = tuple((n // 2, n - n // 2) for n in reach)
    if mode == "zeros":
        geo = geo._replace(padding=tuple(before for before, _ in widths))
        widths = tuple((0, after - before) for before, after in widths)
    else:
        geo = geo._replace(padding=(0,) * axes)
    return geo, widths if any(map(any, widths)) else ()


def bordered(op: str, x: Any, widths: Widths, mode: str) -> Any:
    """Add a border around the last axes of ``x``; ValueError if it has not elements enough for it."""
    first = x.ndim - len(widths)
    if mode == "zeros":
        return pad(x, ((0, 0),) * first + widths)
    for axis, (before, after) in enumerate(widths, first):
        size = x.shape[axis]
        most = {"reflect": size - 1, "circular": size}.get(mode, before + after)
        if max(before, after) > most or not size:
            raise ValueError(
                f"{op}: padding {(before, after)} by mode {mode!r} needs more than the {size} elements of "
                f"axis {axis} of x, whose shape is {tuple(x.shape)}; use less padding or another mode"
            )
        x = _along(x, axis, before, after, mode)
    return x


def _along(x: Any, axis: int, before: int, after: int, mode: str) -> Any:
    """Add a border to both ends of one axis."""
    size = x.shape[axis]

    def part(start: int | None, stop: int | None, step: int = 1) -> Any:
        return x[(slice(None),) * axis + (slice(start, stop, step),)]

    def edge(at: Any, width: int) -> Any:
        return broadcast_to(at, (*x.shape[:axis], width, *x.shape[axis + 1 :]))

    if mode == "reflect":
        front, end = part(before, 0, -1), part(-2, -2 - after, -1)
    elif mode == "circular":
        front, end = part(size - before, None), part(0, after)
    else:
        front, end = edge(part(0, 1), before), edge(part(size - 1, None), after)
    parts = [front] * (before > 0) + [x] + [end] * (after > 0)
    return concatenate(parts, axis) if len(parts) > 1 else x
