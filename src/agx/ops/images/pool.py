"""Pooling: the largest or the average element of windows of images."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..._engine.graph import no_gradient, of_arrays, primitive
from ..._engine.sizes import MOST, each, flag, is_integer
from ..._kernels import loops
from ..._runtime import buffers
from ..._runtime.threads import team
from ..shape.axes import expand_dims, squeeze
from .im2col import (
    Geometry,
    Pair,
    Sizes,
    contiguous,
    geometry,
    images,
    output_size,
    sequences,
    with_pixels,
)

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "max_pool1d",
    "max_pool2d",
]


Output = int | None | Sequence[int | None]


class Windows(NamedTuple):
    """The first and last-plus-one row of each window, (OH, 2), and the same for columns, (OW, 2)."""

    rows: np.ndarray
    columns: np.ndarray
    #: Whether they are the 2 x 2 tiles of the image.
    tiles: bool
    #: What they slide by, unless they are of several sizes.
    geo: Geometry | None = None
    #: The number of elements of each, those in the padding among them; 0 if it is not the same for all.
    whole: int = 0

    @property
    def dilation(self) -> tuple[int, ...]:
        """The steps from row to row and from column to column in a window."""
        return self.geo.dilation if self.geo else (1, 1)

    @property
    def geometry(self) -> tuple[int, ...]:
        """What kernels are told of windows besides their bounds."""
        return self.geo.flat if self.geo else (0, 0, 0, 0, 0, 0, 1, 1)


def _windows(
    size: tuple[int, ...], down: np.ndarray, across: np.ndarray, geo: Geometry | None = None
) -> Windows:
    """The windows ``down`` and ``across`` images of ``size``."""
    windows = Windows(down, across, False, geo)
    tiles = windows.dilation == (1, 1) and all(
        len(side) == n // 2 and (side == np.arange(len(side))[:, None] * 2 + [0, 2]).all()
        for n, side in zip(size, (down, across), strict=True)
    )
    return windows._replace(tiles=tiles)


def _counts(op: str, size: tuple[int, ...], geo: Geometry, ceil_mode: bool) -> tuple[int, ...]:
    """The number of windows down and across.

    In ceil mode the last may reach beyond the image and its padding, and begins in the image or in
    the padding before it.
    """
    counts = geo.output(*size)
    if ceil_mode:
        counts = tuple(
            min(count + (n + 2 * p - d * (k - 1) - 1 > (count - 1) * s), (n + p - 1) // s + 1)
            for count, n, k, s, p, d in zip(counts, size, *geo, strict=True)
        )
    return output_size(op, geo, *size) if min(counts) < 1 else counts


@functools.lru_cache(maxsize=256)
def _sliding(op: str, size: tuple[int, ...], geo: Geometry, ceil_mode: bool) -> Windows:
    """Windows of one size at equal distances, cut off at the border of the image."""
    if any(2 * p > k for p, k in zip(geo.padding, geo.kernel, strict=True)):
        raise ValueError(
            f"{op}: padding {geo.padding} is more than half of the kernel {geo.kernel}"
        )
    counts = _counts(op, size, geo, ceil_mode)
    if len(size) == 1:
        size, geo, counts = (1, *size), geo.in_a_row, (1, *counts)
    sides = []
    for count, n, k, s, p, d in zip(counts, size, *geo, strict=True):
        start = np.arange(count, dtype=np.int64) * s - p
        stop = np.minimum(start + d * (k - 1) + 1, n)
        first = np.where(start < 0, start % d, start)  # in steps of d from the padding
        sides.append(np.stack([np.minimum(first, stop), stop], axis=1))
    windows = _windows(size, sides[0], sides[1], geo)
    return windows._replace(whole=math.prod(geo.kernel) if counts == geo.output(*size) else 0)


@functools.lru_cache(maxsize=256)
def _adaptive(size: tuple[int, ...], output: tuple[int, ...]) -> Windows:
    """``output`` windows down and across that cover the image as evenly as integers allow."""
    sides = []
    for n, count in zip(size, output, strict=True):
        side = np.arange(2 * count, dtype=np.int64).reshape(
            count, 2
        )  # 2i, 2i + 1; the rest needs no more memory
        side += 1
        side //= 2  # i, i + 1
        side *= n
        side[:, 1] += count - 1
        side //= count
        sides.append(side)
    even = all(n % count == 0 for n, count in zip(size, output, strict=True))
    whole = math.prod(size) // math.prod(output) if even else 0
    return _windows(size, sides[0], sides[1])._replace(whole=whole)


def _arguments(
    op: str,
    x: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: Any,
    axes: int = 2,
) -> tuple[Any, Windows]:
    """Read what a function with sliding windows is given; a sequence becomes an image of one row."""
    x = with_pixels(op, images(op, x) if axes == 2 else sequences(op, x))
    geo = geometry(op, kernel, kernel if stride is None else stride, padding, dilation, axes)
    windows = _sliding(op, x.shape[2:], geo, flag(op, "ceil_mode", ceil_mode))
    return x if axes == 2 else expand_dims(x, 2), windows


def _adapted(op: str, x: Any, output_size: Any, axes: int = 2) -> tuple[Any, Windows]:
    """Read what an adaptive function is given; None stands for the size of the images."""
    x = with_pixels(op, images(op, x) if axes == 2 else sequences(op, x))
    size = x.shape[2:]
    if isinstance(output_size, (tuple, list)) and len(output_size) == axes:
        output_size = [n if k is None else k for n, k in zip(size, output_size, strict=True)]
    output = each(op, "output_size", size if output_size is None else output_size, 1, axes)
    if axes == 1:
        x, size, output = expand_dims(x, 2), (1, *size), (1, *output)
    return x, _adaptive(size, output)


def _stack(x: Any, dtype: Any = None) -> np.ndarray:
    """Images and channels as one axis: (N * C, H, W)."""
    x = contiguous(x, dtype)
    return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])


def _apply(
    kernel: Any, x: Any, shape: tuple[int, ...], windows: Windows, back: bool = False, *more: Any
) -> np.ndarray:
    """Run a kernel on stacked images that writes an output of ``shape``."""
    dtype = np.result_type(x.dtype, *(a.dtype for a in more))
    dtype = np.dtype("f4") if dtype == np.float32 else np.dtype("f8")
    out = buffers.empty(shape, dtype)
    stacked = out.reshape(shape[0] * shape[1], *shape[2:])
    x, *others = (_stack(a, dtype) for a in (x, *more))
    kernel(x, stacked, windows.rows, windows.columns, windows.geometry, team, back, *others)
    return out


def _pooled(x: Any, windows: Windows) -> tuple[int, ...]:
    return (*x.shape[:2], len(windows.rows), len(windows.columns))


# --- largest element -----------------------------------------------------------------------------


def _max_pool_value(x: Any, *, windows: Windows) -> np.ndarray:
    out = loops.max_pool_2x2(x, team) if windows.tiles else None
    return _apply(loops.largest, x, _pooled(x, windows), windows) if out is None else out


def _max_unpool_value(g: Any, x: Any, *, windows: Windows) -> np.ndarray:
    out = loops.max_unpool_2x2(g, x, team) if windows.tiles else None
    if out is None:
        out = _apply(loops.largest, x, x.shape, windows, True, g)
    return out


_max_pool = primitive(
    "max_pool2d",
    _max_pool_value,
    (lambda g, out, x, *, windows: _max_unpool(g, x, windows=windows),),
    keeps_zeros=True,
)
_max_unpool = primitive(
    "max_unpool2d",
    _max_unpool_value,
    (lambda u, out, g, x, *, windows: _max_pick(u, x, windows=windows), no_gradient),
    keeps_zeros=True,
)
_max_pick = primitive(
    "max_pick2d",
    lambda u, x, *, windows: _apply(loops.largest, x, _pooled(x, windows), windows, False, u),
    (lambda g, out, u, x, *, windows: _max_unpool(g, x, windows=windows), no_gradient),
    keeps_zeros=True,
)


@of_arrays
def max_pool2d(
    x: Any,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> Array:
    """Take the largest element of each window.

    ``x`` has shape (N, C, H, W); windows of ``kernel_size`` lie ``stride`` apart (by default they
    touch) and take every ``dilation``-th element. With ``ceil_mode`` the last window may reach beyond
    the image, if it begins in it or in the padding before it. Padding never wins; a window of padding
    alone gives -inf. Of equal elements the first gets the gradient. Raises ValueError if the kernel
    does not fit.

    >>> ag.max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """
    x, windows = _arguments("max_pool2d", x, kernel_size, stride, padding, dilation, ceil_mode)
    return _max_pool(x, windows=windows)


# --- average -------------------------------------------------------------------------------------


def _avg_pool_value(x: Any, *, windows: Windows, share: Any) -> np.ndarray:
    out = _apply(loops.window_sums, x, _pooled(x, windows), windows)
    out *= share
    return out


_avg_pool = primitive(
    "avg_pool2d",
    _avg_pool_value,
    (lambda g, out, x, *, windows, share: _sum_unpool(g * share, shape=x.shape, windows=windows),),
    keeps_zeros=True,
)
_sum_pool = primitive(
    "sum_pool2d",
    lambda x, *, windows: _apply(loops.window_sums, x, _pooled(x, windows), windows),
    (lambda g, out, x, *, windows: _sum_unpool(g, shape=x.shape, windows=windows),),
    keeps_zeros=True,
)
_sum_unpool = primitive(
    "sum_unpool2d",
    lambda g, *, shape, windows: _apply(loops.window_sums, g, shape, windows, True),
    (lambda u, out, g, *, shape, windows: _sum_pool(u, windows=windows),),
    keeps_zeros=True,
)


def spread(x: Any, size: tuple[int, ...], down: np.ndarray, across: np.ndarray) -> Any:
    """Images of ``size`` in which each element of ``x`` stands everywhere in its window."""
    windows = Windows(down, across, False)
    return _sum_unpool(x, shape=(*x.shape[:2], *size), windows=windows)


def areas(windows: Windows, size: tuple[int, ...], count_include_pad: bool) -> Any:
    """The number of elements of each window of images of ``size``; one number if none is cut off."""
    rows, columns, _, geo, whole = windows
    if count_include_pad and whole:
        return whole
    down, across = rows[:, 1] - rows[:, 0], columns[:, 1] - columns[:, 0]
    if count_include_pad and geo:
        down, across = (
            np.minimum(n + 2 * p - np.arange(len(lengths)) * s, k)
            for lengths, n, k, s, p, _ in zip((down, across), size, *geo, strict=True)
        )
    return np.multiply.outer(down, across)


def _average(x: Any, windows: Windows, area: Any) -> Any:
    """Divide the sum over each window by its ``area``."""
    share = 1.0 / area
    if isinstance(share, np.ndarray):
        share = share.astype(np.float32 if x.dtype == np.float32 else np.float64)
    return _avg_pool(x, windows=windows, share=share)


@of_arrays
def avg_pool2d(
    x: Any,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Average the elements of each window, padding counted as zeros.

    ``x`` has shape (N, C, H, W); windows of ``kernel_size`` lie ``stride`` apart (by default they
    touch). With ``ceil_mode`` the last window may reach beyond the image and its padding, which is
    not counted, if it begins in the image or in the padding before it. Without ``count_include_pad``
    padding is not counted either; ``divisor_override`` is what the sum is divided by instead of a
    count. Raises ValueError if the kernel does not fit.

    >>> ag.avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """
    x, windows = _arguments("avg_pool2d", x, kernel_size, stride, padding, 1, ceil_mode)
    include = flag("avg_pool2d", "count_include_pad", count_include_pad)
    divisor = check_divisor("avg_pool2d", divisor_override)
    return _average(x, windows, divisor or areas(windows, x.shape[2:], include))


def check_divisor(op: str, value: Any) -> int | None:
    """Read what sums are divided by instead of their number of elements."""
    if value is None:
        return None
    if not is_integer(value) or not 0 < abs(int(value)) <= MOST:
        raise ValueError(
            f"{op}: divisor_override must be an integer other than 0, of at most {MOST}, got {value!r}"
        )
    return int(value)


@of_arrays
def adaptive_avg_pool2d(x: Any, output_size: Output) -> Array:
    """Average over as many windows as ``output_size`` says, whatever the size of the images.

    ``x`` has shape (N, C, H, W), the result (N, C, *output_size), where None keeps a size. Window i of n
    covers rows floor(i H / n) to ceil((i + 1) H / n).

    >>> ag.adaptive_avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 1)
    array([[[[7.5]]]])
    """
    x, windows = _adapted("adaptive_avg_pool2d", x, output_size)
    return _average(x, windows, areas(windows, x.shape[2:], True))


@of_arrays
def adaptive_max_pool2d(x: Any, output_size: Output) -> Array:
    """Take the largest element of each of the windows of ``adaptive_avg_pool2d``.

    >>> ag.adaptive_max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), (1, 2))
    array([[[[13., 15.]]]])
    """
    x, windows = _adapted("adaptive_max_pool2d", x, output_size)
    return _max_pool(x, windows=windows)


# --- sequences, (N, C, L) ------------------------------------------------------------------------


@of_arrays
def max_pool1d(
    x: Any,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
) -> Array:
    """Take the largest element of each window of sequences (N, C, L) (see ``max_pool2d``).

    >>> ag.max_pool1d(np.arange(6.0).reshape(1, 1, 6), 2)
    array([[[1., 3., 5.]]])
    """
    sizes = (kernel_size, stride, padding, dilation, ceil_mode)
    x, windows = _arguments("max_pool1d", x, *sizes, 1)
    return squeeze(_max_pool(x, windows=windows), 2)


@of_arrays
def avg_pool1d(
    x: Any,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """Average the elements of each window of sequences (N, C, L) (see ``avg_pool2d``).

    >>> ag.avg_pool1d(np.arange(6.0).reshape(1, 1, 6), 2)
    array([[[0.5, 2.5, 4.5]]])
    """
    x, windows = _arguments("avg_pool1d", x, kernel_size, stride, padding, 1, ceil_mode, 1)
    include = flag("avg_pool1d", "count_include_pad", count_include_pad)
    return squeeze(_average(x, windows, areas(windows, x.shape[2:], include)), 2)


@of_arrays
def adaptive_avg_pool1d(x: Any, output_size: Output) -> Array:
    """Average sequences (N, C, L) over ``output_size`` windows (see ``adaptive_avg_pool2d``).

    >>> ag.adaptive_avg_pool1d(np.arange(6.0).reshape(1, 1, 6), 2)
    array([[[1., 4.]]])
    """
    x, windows = _adapted("adaptive_avg_pool1d", x, output_size, 1)
    return squeeze(_average(x, windows, areas(windows, x.shape[2:], True)), 2)


@of_arrays
def adaptive_max_pool1d(x: Any, output_size: Output) -> Array:
    """Take the largest element of each of ``output_size`` windows of sequences (N, C, L).

    >>> ag.adaptive_max_pool1d(np.arange(6.0).reshape(1, 1, 6), 2)
    array([[[2., 5.]]])
    """
    x, windows = _adapted("adaptive_max_pool1d", x, output_size, 1)
    return squeeze(_max_pool(x, windows=windows), 2)
