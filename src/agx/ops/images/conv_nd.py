"""Convolution of sequences, which are images of one row, and of volumes, which are images in a row.

Both are those of images: the kernels, the plans and the threads are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._engine.graph import of_arrays
from ..shape.axes import as_array, expand_dims, reshape, squeeze, stack, transpose
from ..shape.pad import pad
from .border import bordered, framed
from .conv import check, convolve
from .im2col import Geometry, Sizes, output_size

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "conv1d",
    "conv3d",
]


@of_arrays
def conv1d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Array:
    """Correlate sequences with filters.

    ``x`` has shape (N, C, L), ``w`` (O, C / groups, K), ``b`` (O,), and the result (N, O, OL). Padding is
    zeros: so many on each side, or "same" or "valid" as for ``conv2d``. Raises ValueError, with the
    numbers, for sizes that do not fit.

    >>> ag.conv1d(np.arange(4.0).reshape(1, 1, 4), np.ones((1, 1, 2)))
    array([[[1., 3., 5.]]])
    """
    x, w, b = as_array(x), as_array(w), b if b is None else as_array(b)
    if x.ndim != 3 or w.ndim != 3:
        raise ValueError(
            f"conv1d: expected x of shape (N, C, L) and w of shape (O, C, K), got {x.shape} and "
            f"{w.shape}"
        )
    geo, widths = framed("conv1d", w.shape[2:], stride, padding, dilation, 1)
    x = bordered("conv1d", x, widths, "zeros") if widths else x
    check("conv1d", x, w, b, geo, groups)
    return convolve1d(x, w, b, geo, groups)


def convolve1d(x: Any, w: Any, b: Any, geo: Geometry, groups: int) -> Any:
    """Do ``conv1d`` with a geometry that has been checked."""
    output_size("conv1d", geo, *x.shape[2:])
    found = convolve(expand_dims(x, 2), expand_dims(w, 2), b, geo.in_a_row, groups)
    return squeeze(found, 2)


@of_arrays
def conv3d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Array:
    """Correlate volumes with filters.

    ``x`` has shape (N, C, D, H, W), ``w`` (O, C / groups, KD, KH, KW), ``b`` (O,), and the result
    (N, O, OD, OH, OW). Padding is zeros: so many on each side, or "same" or "valid" as for ``conv2d``.
    Images that lie under a filter are copied together, which takes KD times their memory. Raises
    ValueError, with the numbers, for sizes that do not fit.

    >>> ag.conv3d(np.ones((1, 1, 3, 3, 3)), np.ones((2, 1, 2, 3, 3)))[0, :, :, 0, 0]
    array([[18., 18.],
           [18., 18.]])
    """
    x, w, b = as_array(x), as_array(w), b if b is None else as_array(b)
    if x.ndim != 5 or w.ndim != 5:
        raise ValueError(
            "conv3d: expected x of shape (N, C, D, H, W) and w of shape (O, C, KD, KH, KW), got "
            f"{x.shape} and {w.shape}"
        )
    geo, widths = framed("conv3d", w.shape[2:], stride, padding, dilation, 3)
    x = bordered("conv3d", x, widths, "zeros") if widths else x
    check("conv3d", x, w, b, geo, groups)
    return convolve3d(x, w, b, geo, groups)


def convolve3d(x: Any, w: Any, b: Any, geo: Geometry, groups: int) -> Any:
    """Do ``conv3d`` with a geometry that has been checked: the depth of a filter joins the channels."""
    depth = output_size("conv3d", geo, *x.shape[2:])[0]
    (kernel, *_), (stride, *_), (padding, *_), (dilation, *_) = geo
    if padding:
        x = pad(x, ((0, 0), (0, 0), (padding, padding), (0, 0), (0, 0)))
    (n, channels), image, filters = x.shape[:2], x.shape[3:], w.shape[0]
    reach = (depth - 1) * stride + 1
    parts = [x[:, :, k : k + reach : stride] for k in range(0, kernel * dilation, dilation)]
    under = transpose(stack(parts, 2), (0, 3, 1, 2, 4, 5))  # (N, OD, C, KD, H, W)
    found = convolve(
        reshape(under, (n * depth, channels * kernel, *image)),
        reshape(w, (filters, w.shape[1] * kernel, *w.shape[3:])),
        b,
        Geometry(*(size[1:] for size in geo)),
        groups,
    )
    apart = reshape(found, (n, depth, filters, *found.shape[2:]))
    return transpose(apart, (0, 2, 1, 3, 4))
