"""Images, sequences and volumes of another size, by the nearest element or by straight lines between."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import of_arrays
from ..._engine.sizes import each, flag, room
from ..linalg.products import matmul
from ..shape.axes import as_array, expand_dims, reshape, swapaxes
from .im2col import Sizes, with_pixels
from .pool import spread

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "interpolate",
]

Factors = float | tuple[float, ...]

#: How many axes are resized by each way of straight lines.
LINEAR = {"linear": 1, "bilinear": 2, "trilinear": 3}


def check_resizing(
    op: str, size: Any, scale_factor: Any, mode: Any, align_corners: Any
) -> tuple[str, bool]:
    """Read how to resize; ValueError unless one of the sizes is given, and for what the mode has not."""
    if (size is None) == (scale_factor is None):
        raise ValueError(
            f"{op}: expected size= or scale_factor=, and not both; got {size!r} and {scale_factor!r}"
        )
    if mode != "nearest" and (not isinstance(mode, str) or mode not in LINEAR):
        raise ValueError(
            f"{op}: mode must be 'nearest', 'linear', 'bilinear' or 'trilinear', got {mode!r}"
        )
    if mode == "nearest" and align_corners is not None:
        raise ValueError(f"{op}: align_corners= is not for mode='nearest'; leave it out")
    return mode, align_corners is not None and flag(op, "align_corners", align_corners)


def _scales(op: str, given: Any, axes: int) -> tuple[float, ...]:
    """Read a factor for each axis."""
    several = isinstance(given, (tuple, list))
    found = tuple(given) if several else (given,) * axes
    numbers = (int, float, np.number)
    if len(found) != axes or not all(
        isinstance(f, numbers) and not isinstance(f, bool) and 0 < f < math.inf for f in found
    ):
        raise ValueError(
            f"{op}: scale_factor must be a positive number or {axes} of them, got {given!r}"
        )
    return tuple(map(float, found))


@functools.lru_cache(maxsize=64)
def _nearest(n: int, count: int, step: float) -> np.ndarray:
    """The first and last-plus-one of ``count`` elements that each of ``n`` becomes.

    PyTorch finds the nearest in float32.
    """
    places = np.floor(np.arange(count, dtype=np.float32) * np.float32(step)).astype(np.int64)
    nearest, numbers = np.minimum(places, n - 1), np.arange(n)
    ends = [np.searchsorted(nearest, numbers, side) for side in ("left", "right")]
    return np.stack(ends, axis=1).astype(np.int64)


@functools.lru_cache(maxsize=64)
def _weights(n: int, count: int, step: float, align_corners: bool, dtype: str) -> np.ndarray:
    """The matrix (count, n) of the shares that two neighbours have in each of ``count`` elements."""
    if align_corners:
        places = np.arange(count) * ((n - 1) / (count - 1) if count > 1 else 0.0)
    else:
        places = np.maximum((np.arange(count) + 0.5) * step - 0.5, 0)
    first = np.minimum(places.astype(np.int64), n - 1)
    share = np.clip(places - first, 0, 1)
    matrix = np.zeros((count, n), dtype)
    rows = np.arange(count)
    np.add.at(matrix, (rows, first), 1 - share)
    np.add.at(matrix, (rows, np.minimum(first + 1, n - 1)), share)
    matrix.setflags(write=False)
    return matrix


def _repeated(x: Any, sides: list[np.ndarray], counts: tuple[int, ...]) -> Any:
    """Each element at all of its places: in images, and one axis of volumes before the others."""
    n, c, *size = x.shape
    images = x
    if len(size) == 1:
        images, sides = expand_dims(x, 2), [_nearest(1, 1, 1.0), *sides]
    elif len(size) == 3:
        depth, height, width = size
        every = _nearest(height * width, height * width, 1.0)
        rows = reshape(x, (n, c, depth, height * width))
        rows = spread(rows, (counts[0], height * width), sides[0], every)
        images = reshape(rows, (n, c * counts[0], height, width))
    found = spread(images, (1, *counts)[-2:], sides[-2], sides[-1])
    return found if len(size) == 2 else reshape(found, (n, c, *counts))


def _mixed(x: Any, axis: int, weights: np.ndarray) -> Any:
    """The sums of elements along an axis by the rows of ``weights``."""
    if axis == x.ndim - 1:
        return matmul(x, weights.T)
    if axis == x.ndim - 2:
        return matmul(weights, x)
    return swapaxes(matmul(weights, swapaxes(x, axis, -2)), axis, -2)


@of_arrays
def interpolate(
    x: Any,
    size: Sizes | None = None,
    scale_factor: Factors | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Array:
    """Resize images (N, C, H, W), sequences (N, C, L) or volumes (N, C, D, H, W).

    To ``size``, or to floor(``scale_factor`` * H). Each element is the nearest one, or with mode
    "linear", "bilinear" or "trilinear" (for so many axes) lies on straight lines between its neighbours;
    with ``align_corners`` the centres of the corners stay where they are, and otherwise their outer
    edges. Raises ValueError for other modes, sizes and axes.

    >>> ag.interpolate(np.array([[[0.0, 1.0]]]), size=4, mode="linear")
    array([[[0.  , 0.25, 0.75, 1.  ]]])
    """
    op = "interpolate"
    mode, corners = check_resizing(op, size, scale_factor, mode, align_corners)
    x = as_array(x)
    axes = x.ndim - 2
    if not 1 <= axes <= 3 or LINEAR.get(mode, axes) != axes:
        ndim = f"{LINEAR[mode] + 2} axes for mode={mode!r}" if mode in LINEAR else "3 to 5 axes"
        raise ValueError(f"{op}: expected x of {ndim}, got shape {tuple(x.shape)}")
    given = with_pixels(op, x).shape[2:]
    if size is not None:
        counts = each(op, "size", size, 1, axes)
        steps = tuple(n / k for n, k in zip(given, counts, strict=True))
    else:
        scales = _scales(op, scale_factor, axes)
        wanted = [math.floor(n * f) for n, f in zip(given, scales, strict=True)]
        counts = each(op, "size * scale_factor", wanted, 1, axes)
        steps = tuple(1 / f for f in scales)
    room(op, *x.shape[:2], *counts)
    each_axis = list(zip(given, counts, steps, strict=True))
    if mode == "nearest":
        same = counts == tuple(given) and set(steps) == {1}
        return x if same else _repeated(x, [_nearest(*sizes) for sizes in each_axis], counts)
    dtype = "f4" if x.dtype == np.float32 else "f8"
    for axis, (n, count, step) in enumerate(each_axis, 2):
        if count != n or step != 1:
            x = _mixed(x, axis, _weights(n, count, step, corners, dtype))
    return x
