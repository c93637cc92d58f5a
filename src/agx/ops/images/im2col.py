"""im2col and its transpose, col2im: patches of images as arrays, indices and matrices."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..._engine.graph import of_arrays, primitive
from ..._engine.sizes import each, is_integer, room, steps
from ..._kernels import loops as _kernels
from ..complex import real_only
from ..shape.axes import as_array, in_order

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "col2im",
    "im2col",
    "im2col_indices",
    "im2col_matrix_dense",
    "im2col_matrix_sparse",
]

_F32, _F64 = np.dtype("f4"), np.dtype("f8")

Pair = int | tuple[int, int]
Sizes = int | tuple[int, ...]

#: What has so many axes besides samples and channels.
KINDS = {1: "sequences", 2: "images", 3: "volumes"}


class Geometry(NamedTuple):
    """Kernel size, stride, padding and dilation, each as (height, width), or of other axes."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]

    @property
    def flat(self) -> tuple[int, ...]:
        """The eight numbers in the order in which the kernels take them."""
        return (*self.kernel, *self.stride, *self.padding, *self.dilation)

    @property
    def in_a_row(self) -> Geometry:
        """That of images of one row, which sequences are taken for."""
        return Geometry(*((one, *size) for one, size in zip((1, 1, 0, 1), self, strict=True)))

    def output(self, *size: int) -> tuple[int, ...]:
        """The number of patches down and across an image; at most zero if none fits."""
        return _places(self, size)


@functools.lru_cache(maxsize=1024)
def _places(geo: Geometry, size: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(steps(*sizes) for sizes in zip(size, *geo, strict=True))


def geometry(
    op: str, kernel_size: Any, stride: Any, padding: Any, dilation: Any, axes: int = 2
) -> Geometry:
    """Check the four sizes that a window slides by."""
    sizes = (op, kernel_size, stride, padding, dilation, axes)
    if type(kernel_size) is type(stride) is type(padding) is type(dilation) is int:
        return _remembered(*sizes)
    return _checked(*sizes)


def _checked(
    op: str, kernel_size: Any, stride: Any, padding: Any, dilation: Any, axes: int
) -> Geometry:
    return Geometry(
        each(op, "kernel_size", kernel_size, 1, axes),
        each(op, "stride", stride, 1, axes),
        each(op, "padding", padding, 0, axes),
        each(op, "dilation", dilation, 1, axes),
    )


_remembered = functools.lru_cache(maxsize=256)(_checked)


def output_size(op: str, geo: Geometry, *size: int) -> tuple[int, ...]:
    """The number of patches down and across, or an error if the kernel does not fit the image."""
    counts = geo.output(*size)
    if min(counts) < 1:
        reach = tuple(d * (k - 1) + 1 for k, d in zip(geo.kernel, geo.dilation, strict=True))
        raise ValueError(
            f"{op}: a kernel reaching over {reach} does not fit {KINDS[len(size)]} of {size} "
            f"with padding {geo.padding}; use a smaller kernel or more padding"
        )
    return counts


def images(op: str, x: Any) -> Any:
    """Check that ``x`` is a batch of images, (N, C, H, W)."""
    x = x if hasattr(x, "shape") else as_array(x)
    if len(x.shape) != 4:
        raise ValueError(
            f"{op}: expected x of shape (N, C, H, W), got {tuple(x.shape)}; "
            f"{layout_fix(x.shape) or 'reshape it'}"
        )
    return x


def sequences(op: str, x: Any) -> Any:
    """Check that ``x`` is a batch of sequences, (N, C, L)."""
    x = x if hasattr(x, "shape") else as_array(x)
    if len(x.shape) != 3:
        fix = "add the batch axis with x[None]" if len(x.shape) == 2 else "reshape it"
        raise ValueError(f"{op}: expected x of shape (N, C, L), got {tuple(x.shape)}; {fix}")
    return x


def with_pixels(op: str, x: Any) -> Any:
    """Check that the images ``x`` are not empty."""
    if 0 in x.shape[2:]:
        raise ValueError(f"{op}: expected images with pixels, got x of shape {tuple(x.shape)}")
    return x


def layout_fix(
    shape: tuple[int, ...], channels: int | None = None, setting: str = "in_channels"
) -> str:
    """Say how images (N, C, H, W) are made of an array of another layout; "" if its shape does not tell.

    ``channels`` is how many are expected, if that is known, and ``setting`` what a layer calls them.
    """
    usual = (channels,) if channels else (1, 3, 4)
    if len(shape) == 4 and channels:
        return _channels_fix(shape, channels, setting)
    if len(shape) == 3:
        if shape[0] not in usual and shape[2] in usual:
            return "add the batch axis and put the channels first with x.transpose(2, 0, 1)[None]"
        if shape[0] not in usual and channels == 1:
            return "add the channel axis with x[:, None]"
        return "add the batch axis with x[None]"
    if len(shape) == 2:
        rows = f"x.reshape(-1, {channels or 'C'}, H, W) for rows of pixels"
        return rows if channels not in (1, None) else f"x[None, None] for one grey image, {rows}"
    return ""


def _channels_fix(shape: tuple[int, ...], channels: int, setting: str) -> str:
    """The fix for four axes: channels from the last to the second, colour to grey or back."""
    _, first, width, given = shape
    usual = (1, 3, 4, channels)
    last = first not in usual and given in usual and width != given
    if last and (given == channels or first > given):
        write, why = "x.transpose(0, 3, 1, 2)", "the channels come last: "
    else:
        write, why, given = "x", "", first
    if given == channels:
        return f"{why}write {write}"
    if (given, channels) == (3, 1):
        return f"{why}colour images for a grey model: write {write}.mean(1, keepdims=True)"
    if (given, channels) == (1, 3):
        return f"{why}grey images for a colour model: write {write}.repeat(3, 1)"
    if (given, channels) == (4, 3):
        return f"{why}images with an alpha channel: write {write}[:, :3]"
    check = f"check {setting}: x has {given} channels"
    return f"{why}write {write}, and {check}" if why else check


def contiguous(x: Any, dtype: Any = None) -> np.ndarray:
    """A C-contiguous array of float32 or float64 (``dtype``, or what comes nearest to that of x)."""
    x = real_only("patches of images", x)
    return in_order(x, dtype or (_F32 if x.dtype.char == "f" else _F64))


# --- patches -------------------------------------------------------------------------------------


def _im2col_value(x: Any, *, geo: Geometry) -> np.ndarray:
    x = contiguous(x)
    n, c, h, w = x.shape
    down, across = geo.output(h, w)
    columns = np.empty((n, c * math.prod(geo.kernel), down * across), x.dtype)
    _kernels.gather(x, columns, 0, 0, c, down, across, geo.flat)
    patches = columns.reshape(n, c, *geo.kernel, down * across)
    return np.ascontiguousarray(np.moveaxis(patches, 4, 1))


def _col2im_value(p: Any, *, shape: tuple[int, ...], geo: Geometry) -> np.ndarray:
    p = np.asarray(p)
    n, c, h, w = shape
    down, across = geo.output(h, w)
    dtype = _F32 if p.dtype.char == "f" else _F64
    columns = in_order(np.moveaxis(p, 1, 4), dtype)
    out = np.zeros(shape, dtype)
    _kernels.scatter_add(
        columns.reshape(n, c * math.prod(geo.kernel), down * across),
        out, 0, 0, c, down, across, geo.flat,
    )  # fmt: skip
    return out


_im2col = primitive(
    "im2col",
    _im2col_value,
    (lambda g, out, x, *, geo: _col2im(g, shape=x.shape, geo=geo),),
)
_col2im = primitive(
    "col2im",
    _col2im_value,
    (lambda g, out, p, *, shape, geo: _im2col(g, geo=geo),),
)


@of_arrays
def im2col(
    x: Any, kernel_size: Pair, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1
) -> Array:
    """Cut images into the patches that a kernel slides over.

    ``x`` has shape (N, C, H, W), the result (N, P, C, KH, KW) with P patches per image, row by row.
    Padding is zeros. Raises ValueError if the kernel does not fit.

    >>> x = np.arange(12.0).reshape(1, 1, 3, 4)
    >>> ag.im2col(x, 2)[0, 0, 0]
    array([[0., 1.],
           [4., 5.]])
    """
    x = images("im2col", x)
    geo = geometry("im2col", kernel_size, stride, padding, dilation)
    places = output_size("im2col", geo, *x.shape[2:])
    room("im2col", x.shape[0], *places, x.shape[1], *geo.kernel)
    return _im2col(x, geo=geo)


@of_arrays
def col2im(
    patches: Any,
    shape: tuple[int, int, int, int],
    kernel_size: Pair,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
) -> Array:
    """Add patches back into images of ``shape`` where they were cut from: the transpose of im2col.

    ``patches`` has shape (N, P, C, KH, KW). Pixels in several patches get the sum. Raises ValueError
    if the patches do not belong to such images.

    >>> ag.col2im(np.ones((1, 2, 1, 1, 2)), (1, 1, 1, 3), (1, 2))
    array([[[[1., 2., 1.]]]])
    """
    patches = as_array(patches)
    geo = geometry("col2im", kernel_size, stride, padding, dilation)
    sizes = tuple(shape) if isinstance(shape, (tuple, list, np.ndarray)) else ()
    if len(sizes) != 4 or not all(is_integer(n) and n >= 0 for n in sizes):
        raise ValueError(f"col2im: expected a shape (N, C, H, W), got {shape!r}")
    shape = tuple(map(int, sizes))  # type: ignore[assignment]
    down, across = output_size("col2im", geo, *shape[2:])
    expected = (shape[0], down * across, shape[1], *geo.kernel)
    if patches.shape != expected:
        raise ValueError(
            f"col2im: images of shape {shape} have patches of shape {expected}, got "
            f"{patches.shape}; check the shape and the stride, padding and dilation"
        )
    return _col2im(patches, shape=shape, geo=geo)


def im2col_indices(
    x: Any, kernel_size: Pair, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1
) -> np.ndarray:
    """Return where each patch element lies in the flattened image.

    ``x`` is a batch (N, C, H, W); the result has shape (P, C, KH, KW), dtype int64, and holds indices
    into an image flattened to C * H * W elements; -1 stands for padding.

    >>> ag.im2col_indices(np.zeros((1, 1, 3, 4)), 2)[1, 0]
    array([[1, 2],
           [5, 6]])
    """
    return _indices("im2col_indices", x, kernel_size, stride, padding, dilation)


def _indices(op: str, x: Any, *sizes: Any) -> np.ndarray:
    x = images(op, x)
    geo = geometry(op, *sizes)
    _, c, h, w = x.shape
    down, across = output_size(op, geo, h, w)
    room(op, down, across, c, *geo.kernel)
    out = np.empty((down * across, c * math.prod(geo.kernel)), np.int64)
    _kernels.fill_indices(out, h, w, across, geo.flat)
    return out.reshape(-1, c, *geo.kernel)


def _ones_at(op: str, x: Any, *sizes: Any) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Row and column of each 1 in the im2col matrix, and the shape of the matrix."""
    rows = _indices(op, x, *sizes).reshape(-1)
    columns = np.flatnonzero(rows >= 0)
    return rows[columns], columns, (math.prod(x.shape[1:]), rows.size)


def im2col_matrix_dense(
    x: Any, kernel_size: Pair, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1
) -> np.ndarray:
    """Return the matrix of zeros and ones that picks the patches out of flattened images.

    For ``x`` of shape (N, C, H, W) it has shape (C * H * W, P * C * KH * KW), and
    ``x.reshape(N, -1) @ matrix`` holds the patches of im2col. It is large: for small images only.

    >>> ag.im2col_matrix_dense(np.zeros((1, 1, 2, 2)), 1).shape
    (4, 4)
    """
    op, x = "im2col_matrix_dense", images("im2col_matrix_dense", x)
    rows, columns, shape = _ones_at(op, x, kernel_size, stride, padding, dilation)
    room(op, *shape)
    matrix = np.zeros(shape, _F32 if x.dtype.char == "f" else _F64)
    matrix[rows, columns] = 1
    return matrix


def im2col_matrix_sparse(
    x: Any, kernel_size: Pair, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1
) -> Any:
    """Return the same matrix as im2col_matrix_dense as a SciPy sparse matrix (extra agx[sparse]).

    One stored number for each patch element, in compressed-column format. Raises ImportError without
    SciPy.

    >>> ag.im2col_matrix_sparse(np.zeros((1, 1, 3, 3)), 2).nnz
    16
    """
    try:
        from scipy.sparse import csc_matrix
    except ImportError as error:
        raise ImportError(
            'im2col_matrix_sparse needs SciPy; install it with: pip install "agx[sparse]"'
        ) from error
    op, x = "im2col_matrix_sparse", images("im2col_matrix_sparse", x)
    rows, columns, shape = _ones_at(op, x, kernel_size, stride, padding, dilation)
    ones = np.ones(len(rows), _F32 if x.dtype.char == "f" else _F64)
    return csc_matrix((ones, (rows, columns)), shape=shape)
