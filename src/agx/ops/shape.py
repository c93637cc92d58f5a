"""Operations that move elements about: each is linear, and its pull-back moves them back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..graph import implements, primitive

Axis = int | tuple[int, ...] | None

_reshape = primitive(
    "reshape",
    lambda x, *, shape: np.reshape(x, shape),
    (lambda g, out, x, *, shape: reshape(g, x.shape),),
)
_transpose = primitive(
    "transpose",
    lambda x, *, axes: np.transpose(x, axes),
    (lambda g, out, x, *, axes: transpose(g, None if axes is None else np.argsort(axes)),),
)
_broadcast_to = primitive(
    "broadcast_to",
    lambda x, *, shape: np.broadcast_to(x, shape),
    (lambda g, out, x, *, shape: g,),
)
_flip = primitive(
    "flip",
    lambda x, *, axis: np.flip(x, axis),
    (lambda g, out, x, *, axis: flip(g, axis),),
)
_roll = primitive(
    "roll",
    lambda x, *, shift, axis: np.roll(x, shift, axis),
    (lambda g, out, x, *, shift, axis: roll(g, tuple(-s for s in shift), axis),),
)


@implements(np.reshape)
def reshape(x: Any, *shape: Any, order: str = "C") -> Any:
    """Give ``x`` another shape with the same number of elements; -1 stands for what is left over.

    The shape is a tuple or several integers. Only C order is supported.

    >>> ag.reshape(np.arange(6.0), (2, -1)).shape
    (2, 3)
    """
    if order != "C":
        raise ValueError(f"reshape: order must be 'C', got {order!r}; transpose first")
    if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)):
        shape = tuple(shape[0])
    return _reshape(x, shape=shape)


@implements(np.ravel)
def ravel(x: Any) -> Any:
    """Flatten to one dimension.

    >>> ag.ravel(np.ones((2, 3))).shape
    (6,)
    """
    return _reshape(x, shape=(-1,))


@implements(np.transpose)
def transpose(x: Any, *axes: Any) -> Any:
    """Permute the axes; without ``axes``, reverse them.

    >>> ag.transpose(np.ones((2, 3, 4)), (1, 0, 2)).shape
    (3, 2, 4)
    """
    if len(axes) == 1 and not isinstance(axes[0], (int, np.integer)):
        axes = axes[0]
    if axes is None or len(axes) == 0:
        return _transpose(x, axes=None)
    return _transpose(x, axes=tuple(int(a) % len(axes) for a in axes))


@implements(np.swapaxes)
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Exchange two axes.

    >>> ag.swapaxes(np.ones((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    axes = list(range(np.ndim(x)))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return _transpose(x, axes=tuple(axes))


@implements(np.moveaxis)
def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Move axes to new places; the others keep their order.

    >>> ag.moveaxis(np.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    ndim = np.ndim(x)
    src = normalize_axis_tuple(source, ndim, "source")
    dst = normalize_axis_tuple(destination, ndim, "destination")
    if len(src) != len(dst):
        raise ValueError(f"moveaxis: {len(src)} source axes, {len(dst)} destinations; give as many")
    order = [a for a in range(ndim) if a not in src]
    for d, s in sorted(zip(dst, src, strict=True)):
        order.insert(d, s)
    return _transpose(x, axes=tuple(order))


@implements(np.expand_dims)
def expand_dims(x: Any, axis: int | tuple[int, ...]) -> Any:
    """Insert axes of length 1.

    >>> ag.expand_dims(np.ones(3), (0, 2)).shape
    (1, 3, 1)
    """
    return _reshape(x, shape=np.expand_dims(np.empty(x.shape, bool), axis).shape)


@implements(np.squeeze)
def squeeze(x: Any, axis: Axis = None) -> Any:
    """Remove axes of length 1: all of them, or those named.

    >>> ag.squeeze(np.ones((1, 3, 1)), 0).shape
    (3, 1)
    """
    return _reshape(x, shape=np.squeeze(np.empty(x.shape, bool), axis).shape)


@implements(np.broadcast_to)
def broadcast_to(x: Any, shape: int | tuple[int, ...]) -> Any:
    """Repeat ``x`` along new axes and axes of length 1, as broadcasting would.

    >>> ag.broadcast_to(np.ones((3, 1)), (2, 3, 4)).shape
    (2, 3, 4)
    """
    return _broadcast_to(x, shape=(shape,) if isinstance(shape, int) else tuple(shape))


@implements(np.flip)
def flip(x: Any, axis: Axis = None) -> Any:
    """Reverse the order of the elements along the axes (all of them by default).

    >>> ag.flip(np.array([1.0, 2.0]))
    array([2., 1.])
    """
    return _flip(x, axis=axis)


@implements(np.roll)
def roll(x: Any, shift: int | tuple[int, ...], axis: Axis = None) -> Any:
    """Shift elements along axes; those that leave at the end come back at the front.

    >>> ag.roll(np.array([1.0, 2.0, 3.0]), 1)
    array([3., 1., 2.])
    """
    if axis is None:
        total = int(np.sum(shift))
        return reshape(_roll(ravel(x), shift=(total,), axis=(0,)), x.shape)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    shifts = (shift,) * len(axes) if isinstance(shift, int) else tuple(shift)
    if len(shifts) != len(axes):
        raise ValueError(f"roll: {len(shifts)} shifts for {len(axes)} axes; give one for each")
    return _roll(x, shift=shifts, axis=axes)


# --- joining -------------------------------------------------------------------------------------


def _concatenate_vjp(i: int, g: Any, out: Any, *arrays: Any, axis: int) -> Any:
    start = sum(a.shape[axis] for a in arrays[:i])
    index = [slice(None)] * g.ndim
    index[axis] = slice(start, start + arrays[i].shape[axis])
    return g[tuple(index)]


_concatenate = primitive(
    "concatenate", lambda *arrays, axis: np.concatenate(arrays, axis), _concatenate_vjp
)


@implements(np.concatenate)
def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Any:
    """Join arrays along an existing axis; ``axis=None`` flattens them first.

    >>> ag.concatenate([np.ones((2, 3)), np.zeros((1, 3))]).shape
    (3, 3)
    """
    parts = [a if hasattr(a, "shape") else np.asarray(a) for a in arrays]
    if not parts:
        raise ValueError("concatenate: expected at least one array, got none")
    if axis is None:
        parts, axis = [ravel(a) for a in parts], 0
    return _concatenate(*parts, axis=axis)


@implements(np.stack)
def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    """Join arrays of one shape along a new axis.

    >>> ag.stack([np.ones(3), np.zeros(3)], axis=1).shape
    (3, 2)
    """
    parts = [a if hasattr(a, "shape") else np.asarray(a) for a in arrays]
    shapes = {a.shape for a in parts}
    if len(shapes) != 1:
        raise ValueError(f"stack: expected arrays of one shape, got {sorted(shapes)}")
    return concatenate([expand_dims(a, axis) for a in parts], axis)


@implements(np.split)
def split(x: Any, sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Cut ``x`` along an axis into ``sections`` equal parts, or before each of the given indices.

    Raises ValueError if an integer number of sections does not divide the length.

    >>> [part.shape for part in ag.split(np.ones((6, 2)), 3)]
    [(2, 2), (2, 2), (2, 2)]
    """
    size = x.shape[axis]
    if isinstance(sections, (int, np.integer)):
        if sections <= 0 or size % sections:
            raise ValueError(
                f"split: axis {axis} has {size} elements, which {sections} sections do "
                "not divide; pass the indices to cut before"
            )
        cuts = list(range(size // sections, size, size // sections)) if size else []
        cuts = cuts if size else [0] * (sections - 1)
    else:
        cuts = [int(c) for c in sections]
    index: list[Any] = [slice(None)] * x.ndim
    parts = []
    for start, stop in zip([0, *cuts], [*cuts, None], strict=True):
        index[axis] = slice(start, stop)
        parts.append(x[tuple(index)])
    return parts


# --- repeating and padding -----------------------------------------------------------------------


def _tile_vjp(g: Any, out: Any, x: Any, *, reps: tuple[int, ...]) -> Any:
    ndim = max(len(reps), x.ndim)
    shape = (1,) * (ndim - x.ndim) + x.shape
    reps = (1,) * (ndim - len(reps)) + reps
    pairs = [n for pair in zip(reps, shape, strict=True) for n in pair]
    return reshape(reshape(g, pairs).sum(axis=tuple(range(0, 2 * ndim, 2))), x.shape)


_tile = primitive("tile", lambda x, *, reps: np.tile(x, reps), (_tile_vjp,))


@implements(np.tile)
def tile(x: Any, reps: int | Sequence[int]) -> Any:
    """Repeat the whole array ``reps`` times along each axis.

    >>> ag.tile(np.array([1.0, 2.0]), 2)
    array([1., 2., 1., 2.])
    """
    counts = (reps,) if isinstance(reps, (int, np.integer)) else tuple(reps)
    return _tile(x, reps=tuple(int(r) for r in counts))


@implements(np.repeat)
def repeat(x: Any, repeats: int | Sequence[int], axis: int | None = None) -> Any:
    """Repeat each element along an axis (of the flattened array by default).

    ``repeats`` is one count or a count for each element.

    >>> ag.repeat(np.array([1.0, 2.0]), [1, 3])
    array([1., 2., 2., 2.])
    """
    if axis is None:
        x, axis = ravel(x), 0
    index: list[Any] = [slice(None)] * x.ndim
    index[axis] = np.repeat(np.arange(x.shape[axis]), repeats)
    return x[tuple(index)]


def _pad_vjp(g: Any, out: Any, x: Any, *, widths: Any, value: float) -> Any:
    inner = tuple(slice(low, low + n) for (low, _), n in zip(widths, x.shape, strict=True))
    return g[inner]


_pad = primitive(
    "pad",
    lambda x, *, widths, value: np.pad(x, widths, constant_values=value),
    (_pad_vjp,),
)


@implements(np.pad)
def pad(x: Any, pad_width: Any, mode: str = "constant", *, constant_values: float = 0.0) -> Any:
    """Add elements at both ends of each axis.

    ``pad_width`` is as for ``numpy.pad``: a number, (before, after), or such a pair for each axis.
    ``mode`` is "constant", "edge", "reflect", "symmetric" or "wrap". Raises ValueError for others.

    >>> ag.pad(np.array([1.0, 2.0]), (1, 2))
    array([0., 1., 2., 0., 0.])
    """
    widths = tuple(
        (int(a), int(b)) for a, b in np.broadcast_to(np.asarray(pad_width, int), (x.ndim, 2))
    )
    if mode == "constant":
        return _pad(x, widths=widths, value=constant_values)
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise ValueError(
            f"pad: mode must be 'constant', 'edge', 'reflect', 'symmetric' or 'wrap', got {mode!r}"
        )
    positions = np.arange(math.prod(x.shape)).reshape(x.shape)
    return reshape(x, -1)[np.pad(positions, widths, mode=mode)]  # type: ignore[call-overload]
