"""Pooling: the largest or the average element of windows of images."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..._engine.graph import no_gradient, of_arrays, primitive
from ..._engine.sizes import pair
from ..._kernels import loops
from ..._kernels import patches as _kernels
from ..._runtime import buffers
from ..._runtime.threads import team
from .im2col import Geometry, Pair, contiguous, geometry, images, output_size

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "adaptive_avg_pool2d",
    "avg_pool2d",
    "max_pool2d",
]


class Windows(NamedTuple):
    """The first and last-plus-one row of each window, (OH, 2), and the same for columns, (OW, 2)."""

    rows: np.ndarray
    columns: np.ndarray
    #: Whether they are the 2 x 2 tiles of the image.
    tiles: bool


def _windows(size: tuple[int, int], down: np.ndarray, across: np.ndarray) -> Windows:
    """Windows ``down`` and ``across`` images of ``size``."""
    tiles = all(
        len(side) == n // 2 and (side == np.arange(len(side))[:, None] * 2 + [0, 2]).all()
        for n, side in zip(size, (down, across), strict=True)
    )
    return Windows(down, across, tiles)


@functools.lru_cache(maxsize=256)
def _sliding(op: str, size: tuple[int, int], geo: Geometry) -> Windows:
    """Windows of one size at equal distances, cut off at the border of the image."""
    if any(2 * p > k for p, k in zip(geo.padding, geo.kernel, strict=True)):
        raise ValueError(
            f"{op}: padding {geo.padding} is more than half of the kernel {geo.kernel}"
        )
    counts = output_size(op, geo, *size)
    sides = []
    for count, n, k, s, p in zip(counts, size, geo.kernel, geo.stride, geo.padding, strict=True):
        start = np.arange(count) * s - p
        sides.append(np.clip(np.stack([start, start + k], axis=1), 0, n))
    return _windows(size, *sides)


@functools.lru_cache(maxsize=256)
def _adaptive(size: tuple[int, int], output: tuple[int, int]) -> Windows:
    """``output`` windows down and across that cover the image as evenly as integers allow."""
    sides = []
    for n, count in zip(size, output, strict=True):
        side = np.arange(2 * count).reshape(count, 2)  # 2i, 2i + 1; the rest needs no more memory
        side += 1
        side //= 2  # i, i + 1
        side *= n
        side[:, 1] += count - 1
        side //= count
        sides.append(side)
    return _windows(size, *sides)


def _with_pixels(op: str, x: Any) -> Any:
    """Check that ``x`` is a batch of images, and that these are not empty."""
    x = images(op, x)
    if 0 in x.shape[2:]:
        raise ValueError(f"{op}: expected images with pixels, got x of shape {tuple(x.shape)}")
    return x


def _arguments(op: str, x: Any, kernel: Any, stride: Any, padding: Any) -> tuple[Any, Geometry]:
    """Read what a function with sliding windows is given."""
    step = kernel if stride is None else stride
    return _with_pixels(op, x), geometry(op, kernel, step, padding, 1)


def _stack(x: Any, dtype: Any = None) -> np.ndarray:
    """Images and channels as one axis: (N * C, H, W)."""
    x = contiguous(x, dtype)
    return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])


def _apply(
    kernel: Any,
    inputs: list[Any],
    shape: tuple[int, ...],
    windows: Windows,
    make: Callable[[tuple[int, ...], Any], np.ndarray] = buffers.empty,
) -> np.ndarray:
    """Run a kernel on stacked images; ``make`` allocates its output of ``shape``."""
    dtype = np.result_type(*(x.dtype for x in inputs))
    dtype = np.dtype("f4") if dtype == np.float32 else np.dtype("f8")
    out = make(shape, dtype)
    stacked = out.reshape(shape[0] * shape[1], *shape[2:])
    kernel(*(_stack(x, dtype) for x in inputs), stacked, windows.rows, windows.columns)
    return out


def _pooled(x: Any, windows: Windows) -> tuple[int, ...]:
    return (*x.shape[:2], len(windows.rows), len(windows.columns))


# --- largest element -----------------------------------------------------------------------------


def _max_pool_value(x: Any, *, windows: Windows) -> np.ndarray:
    out = loops.max_pool_2x2(x, team) if windows.tiles else None
    return _apply(_kernels.max_pool, [x], _pooled(x, windows), windows) if out is None else out


def _max_unpool_value(g: Any, x: Any, *, windows: Windows) -> np.ndarray:
    out = loops.max_unpool_2x2(g, x, team) if windows.tiles else None
    if out is None:
        out = _apply(_kernels.max_unpool, [x, g], x.shape, windows, buffers.zeros)
    return out


_max_pool = primitive(
    "max_pool2d",
    _max_pool_value,
    (lambda g, out, x, *, windows: _max_unpool(g, x, windows=windows),),
)
_max_unpool = primitive(
    "max_unpool2d",
    _max_unpool_value,
    (lambda u, out, g, x, *, windows: _max_pick(u, x, windows=windows), no_gradient),
)
_max_pick = primitive(
    "max_pick2d",
    lambda u, x, *, windows: _apply(_kernels.max_pick, [x, u], _pooled(x, windows), windows),
    (lambda g, out, u, x, *, windows: _max_unpool(g, x, windows=windows), no_gradient),
)


@of_arrays
def max_pool2d(x: Any, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Array:
    """Take the largest element of each window.

    ``x`` has shape (N, C, H, W); windows of ``kernel_size`` lie ``stride`` apart (by default they
    touch). Padding never wins. Of equal elements the first gets the gradient. Raises ValueError if
    the kernel does not fit.

    >>> ag.max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """
    x, geo = _arguments("max_pool2d", x, kernel_size, stride, padding)
    return _max_pool(x, windows=_sliding("max_pool2d", tuple(x.shape[2:]), geo))


# --- average -------------------------------------------------------------------------------------

_sum_pool = primitive(
    "sum_pool2d",
    lambda x, *, windows: _apply(_kernels.sum_pool, [x], _pooled(x, windows), windows),
    (lambda g, out, x, *, windows: _sum_unpool(g, shape=x.shape, windows=windows),),
)
_sum_unpool = primitive(
    "sum_unpool2d",
    lambda g, *, shape, windows: _apply(_kernels.sum_unpool, [g], shape, windows, buffers.zeros),
    (lambda u, out, g, *, shape, windows: _sum_pool(u, windows=windows),),
)


@of_arrays
def avg_pool2d(x: Any, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Array:
    """Average the elements of each window, padding counted as zeros.

    ``x`` has shape (N, C, H, W); windows of ``kernel_size`` lie ``stride`` apart (by default they
    touch). Raises ValueError if the kernel does not fit.

    >>> ag.avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """
    x, geo = _arguments("avg_pool2d", x, kernel_size, stride, padding)
    windows = _sliding("avg_pool2d", tuple(x.shape[2:]), geo)
    return _sum_pool(x, windows=windows) * (1.0 / math.prod(geo.kernel))


@of_arrays
def adaptive_avg_pool2d(x: Any, output_size: Pair) -> Array:
    """Average over as many windows as ``output_size`` says, whatever the size of the images.

    ``x`` has shape (N, C, H, W), the result (N, C, *output_size). Window i of n covers rows
    floor(i H / n) to ceil((i + 1) H / n).

    >>> ag.adaptive_avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 1)
    array([[[[7.5]]]])
    """
    x = _with_pixels("adaptive_avg_pool2d", x)
    output = pair("adaptive_avg_pool2d", "output_size", output_size, 1)
    windows = _adaptive(tuple(x.shape[2:]), output)
    rows, columns, _ = windows
    area = np.multiply.outer(rows[:, 1] - rows[:, 0], columns[:, 1] - columns[:, 0])
    return _sum_pool(x, windows=windows) * (1 / area).astype(x.dtype)
