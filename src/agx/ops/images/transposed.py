"""Transposed convolution: the gradient of a convolution in its images, as an operation of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._engine.graph import of_arrays
from ..._engine.sizes import each, pair, whole
from ..shape.axes import as_array, expand_dims, reshape, squeeze
from ..shape.pad import pad
from .conv import convolve_transposed
from .im2col import Geometry, Pair, Sizes, geometry, images, sequences, with_pixels

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "conv_transpose1d",
    "conv_transpose2d",
]


@of_arrays
def conv_transpose1d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Array:
    """Put a filter, weighted by it, at each place of a sequence and add them up (see ``conv_transpose2d``).

    ``x`` has shape (N, C, L), ``w`` (C, O / groups, K), ``b`` (O,), and the result (N, O, OL).
    Raises ValueError, with the numbers, for sizes that do not fit.

    >>> ag.conv_transpose1d(np.array([[[1.0, 2.0]]]), np.ones((1, 1, 2)), stride=2)
    array([[[1., 1., 2., 2.]]])
    """
    op = "conv_transpose1d"
    x, w = sequences(op, x), as_array(w)
    if len(w.shape) != 3:
        raise ValueError(f"{op}: expected w of shape (C, O / groups, K), got {tuple(w.shape)}")
    geo = geometry(op, w.shape[2:], stride, padding, dilation, 1)
    return transposed1d(x, w, b, geo, each(op, "output_padding", output_padding, 0, 1), groups)


def transposed1d(x: Any, w: Any, b: Any, geo: Geometry, extra: tuple[int, ...], groups: int) -> Any:
    """Do ``conv_transpose1d`` with sizes that have been read."""
    x, w = expand_dims(x, 2), expand_dims(w, 2)
    found = transposed(x, w, b, geo.in_a_row, (0, *extra), groups, "conv_transpose1d")
    return squeeze(found, 2)


@of_arrays
def conv_transpose2d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    groups: int = 1,
    dilation: Pair = 1,
) -> Array:
    """Put a filter, weighted by it, at each place of an image and add them up: ``conv2d`` transposed.

    ``x`` has shape (N, C, H, W), ``w`` (C, O / groups, KH, KW), ``b`` (O,), and the result (N, O, OH, OW)
    with OH = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1. Of the sizes of which
    a convolution makes H, ``output_padding``, less than the stride or the dilation, chooses. Raises
    ValueError, with the numbers, for sizes that do not fit (Dumoulin and Visin, 2016, chapter 4).

    >>> ag.conv_transpose2d(np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)), stride=2)[0, 0, 0]
    array([1., 1., 1., 1.])
    """
    x = images("conv_transpose2d", x)
    w = as_array(w)
    if len(w.shape) != 4:
        raise ValueError(
            f"conv_transpose2d: expected w of shape (C, O / groups, KH, KW), got {tuple(w.shape)}"
        )
    geo = geometry("conv_transpose2d", w.shape[2:], stride, padding, dilation)
    extra = pair("conv_transpose2d", "output_padding", output_padding, 0)
    return transposed(x, w, b, geo, extra, groups)


def transposed(
    x: Any,
    w: Any,
    b: Any,
    geo: Geometry,
    extra: tuple[int, ...],
    groups: int,
    op: str = "conv_transpose2d",
) -> Any:
    """Do ``conv_transpose2d`` with sizes that have been read."""
    with_pixels(op, x)
    whole(op, "groups", groups, 1)
    if x.shape[1] % groups:
        raise ValueError(f"{op}: groups={groups} must divide the {x.shape[1]} channels of x")
    if x.shape[1] != w.shape[0]:
        raise ValueError(
            f"{op}: x has {x.shape[1]} channels, w expects {w.shape[0]} "
            f"(w.shape == {tuple(w.shape)}); check in_channels"
        )
    if any(e >= max(s, d) for e, s, d in zip(extra, geo.stride, geo.dilation, strict=True)):
        raise ValueError(
            f"{op}: output_padding {extra} must be less than the stride {geo.stride} or "
            f"the dilation {geo.dilation}"
        )
    sizes = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, k, s, p, d, e in zip(x.shape[2:], *geo, extra, strict=True)
    )
    if min(sizes) < 1:
        raise ValueError(
            f"{op}: images of {tuple(x.shape[2:])} would become {sizes}; use less padding"
        )
    more = [e // s for e, s in zip(extra, geo.stride, strict=True)]
    if any(more):  # whole steps beyond the image, where there is nothing
        x = pad(x, ((0, 0), (0, 0), (0, more[0]), (0, more[1])))
    filters = w.shape[1] * groups
    found = convolve_transposed(x, w, (x.shape[0], filters, *sizes), geo, groups)
    if b is None:
        return found
    b = as_array(b)
    if tuple(b.shape) != (filters,):
        raise ValueError(f"{op}: expected b of shape {(filters,)}, got {b.shape}")
    return found + reshape(b, (-1, 1, 1))
