"""Shapes and axes: operations that only rename, move and join axes, and what makes arrays of arguments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import index
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..._engine.graph import implements, is_node, primitive, value_of
from ..._engine.sequences import is_sequence

if TYPE_CHECKING:
    from ..._engine.signatures import Array, Joined

__all__ = [
    "broadcast_to",
    "concatenate",
    "expand_dims",
    "matrix_transpose",
    "moveaxis",
    "ravel",
    "reshape",
    "squeeze",
    "stack",
    "swapaxes",
    "transpose",
]

Axis = int | tuple[int, ...] | None


def as_array(x: Any) -> Any:
    """``x`` if it is an array or a Tensor, else an array; lists of Tensors are stacked.

    What operations compute with or refuse as it is, sparse matrices and quantities, stays that.
    """
    if isinstance(x, (np.ndarray, np.generic)) or is_node(x):
        return x
    if hasattr(x, "tocsr") or hasattr(type(x), "units"):
        return x
    return stack([as_array(v) for v in x]) if holds_tensors(x) else np.asarray(x)


def listed(x: Any) -> Any:
    """What holds numbers as an array or a Tensor; anything else, such as a number or None, as it is."""
    return as_array(x) if is_sequence(x) or hasattr(x, "shape") else x


def holds_tensors(x: Any) -> bool:
    """Whether there are Tensors inside nested lists, tuples and the like."""
    return is_sequence(x) and any(is_node(v) or holds_tensors(v) for v in x)


def in_order(x: Any, dtype: Any = None) -> np.ndarray:
    """``x`` as an array that kernels take: C-contiguous, and aligned, as what lies behind a header is not."""
    x = np.ascontiguousarray(x, dtype)
    return x if x.flags.aligned else x.copy()


def one_axis(op: str, axis: Any, ndim: int) -> int:
    """The number of an axis, counted from the first. Raises TypeError for anything but an integer."""
    if isinstance(axis, (bool, np.bool_)):
        raise TypeError(f"{op}: axis must be an integer, got {axis}")
    return normalize_axis_index(axis, ndim)


def is_constant_kind(dtype: Any) -> bool:
    """Whether numbers of ``dtype``, integers or truth values, have no gradient."""
    return dtype is not None and np.dtype(dtype).kind in "biu"


def refuse_out(op: str, out: Any) -> None:
    """Raise TypeError if NumPy's ``out=`` was given."""
    if out is not None:
        raise TypeError(
            f"{op}: out= would lose the gradient; use the result, or write out[...] = result into an array "
            "made with ag.zeros(shape)"
        )


def _transpose_stack(i: int, g: Any, out: Any, x: Any, *, axes: Any) -> Any:
    order = np.arange(x.ndim)[::-1] if axes is None else np.argsort(axes)
    return g.transpose(0, *(np.asarray(order, int) + 1))


_reshape = primitive(
    "reshape",
    lambda x, *, shape: np.asarray(x).reshape(shape),
    (lambda g, out, x, *, shape: reshape(g, x.shape),),
    stacked=lambda i, g, out, x, *, shape: g.reshape(len(g), *x.shape),
    views=True,
)
_transpose = primitive(
    "transpose",
    lambda x, *, axes: np.transpose(x, axes),
    (lambda g, out, x, *, axes: transpose(g, None if axes is None else np.argsort(axes)),),
    stacked=_transpose_stack,
    views=True,
)
_broadcast_to = primitive(
    "broadcast_to",
    lambda x, *, shape: np.broadcast_to(x, shape),
    (lambda g, out, x, *, shape: g,),
    views=True,
)


@implements(np.reshape)
def reshape(
    a: Any,
    /,
    shape: SupportsIndex | Iterable[SupportsIndex] = (),
    *more: Any,
    order: str = "C",
    copy: bool | None = None,
) -> Array:
    """Give ``a`` another shape with the same number of elements; -1 stands for what is left over.

    The shape is a tuple or several integers. ``order`` is "C" (the last index changes fastest) or "F"
    (the first does).

    >>> ag.reshape(np.arange(6.0), (2, -1)).shape
    (2, 3)
    """
    if more and isinstance(more[-1], str):
        *more, order = more  # type: ignore[assignment]
    shape = (shape, *more) if more or isinstance(shape, (int, np.integer)) else tuple(shape)  # type: ignore[arg-type]
    if copy is False:
        raise TypeError("reshape: copy=False is not supported; leave it out")
    if copy and is_node(a):
        a = +a
    if order == "A":
        flags = value_of(as_array(a)).flags
        order = "F" if flags.f_contiguous and not flags.c_contiguous else "C"
    if order == "C":
        return _reshape(a, shape=shape)
    if order != "F":
        raise ValueError(f"reshape: order must be 'C', 'F' or 'A', got {order!r}")
    return transpose(_reshape(transpose(a), shape=shape[::-1]))


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Array:
    """Flatten to one dimension, rows first, or columns first with ``order="F"``.

    >>> ag.ravel(np.ones((2, 3))).shape
    (6,)
    """
    found = _reshape(a, shape=(-1,)) if order == "C" else reshape(a, (-1,), order=order)
    strided = is_node(found) and found.array.strides != (found.itemsize,)
    return +found if strided else found  # NumPy copies what does not lie side by side.


@implements(np.transpose)
def transpose(a: Any, axes: Any = None, *more: Any) -> Array:
    """Permute the axes; without ``axes``, reverse them.

    >>> ag.transpose(np.ones((2, 3, 4)), (1, 0, 2)).shape
    (3, 2, 4)
    """
    if axes is None:
        return _transpose(a, axes=None)
    if more or isinstance(axes, (int, np.integer)):
        axes = (axes, *more)
    return _transpose(a, axes=tuple(normalize_axis_index(k, len(axes)) for k in axes))


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Array:
    """Exchange two axes.

    >>> ag.swapaxes(np.ones((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    axes = list(range(np.ndim(a)))
    i, j = (normalize_axis_index(k, len(axes)) for k in (axis1, axis2))
    axes[i], axes[j] = j, i
    return _transpose(a, axes=tuple(axes))


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Array:
    """Exchange the last two axes. Raises ValueError if ``x`` has fewer than two.

    >>> ag.matrix_transpose(np.ones((2, 3, 4))).shape
    (2, 4, 3)
    """
    x = as_array(x)
    if x.ndim < 2:
        raise ValueError(
            f"matrix_transpose: expected two axes or more, got {x.ndim}; use expand_dims"
        )
    return swapaxes(x, -1, -2)


@implements(np.moveaxis)
def moveaxis(a: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Array:
    """Move axes to new places; the others keep their order.

    >>> ag.moveaxis(np.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    ndim = np.ndim(a)
    src = normalize_axis_tuple(source, ndim, "source")
    dst = normalize_axis_tuple(destination, ndim, "destination")
    if len(src) != len(dst):
        raise ValueError(f"moveaxis: {len(src)} source axes, {len(dst)} destinations; give as many")
    order = [k for k in range(ndim) if k not in src]
    for d, s in sorted(zip(dst, src, strict=True)):
        order.insert(d, s)
    return _transpose(a, axes=tuple(order))


@implements(np.expand_dims)
def expand_dims(a: Any, axis: int | tuple[int, ...]) -> Array:
    """Insert axes of length 1.

    >>> ag.expand_dims(np.ones(3), (0, 2)).shape
    (1, 3, 1)
    """
    shape = np.shape(a)
    if isinstance(axis, int):
        k = normalize_axis_index(axis, len(shape) + 1)
        return _reshape(a, shape=(*shape[:k], 1, *shape[k:]))
    return _reshape(a, shape=np.expand_dims(np.empty(shape, bool), axis).shape)


@implements(np.squeeze)
def squeeze(a: Any, axis: Axis = None) -> Array:
    """Remove axes of length 1: all of them, or those named.

    >>> ag.squeeze(np.ones((1, 3, 1)), 0).shape
    (3, 1)
    """
    return _reshape(a, shape=np.squeeze(np.empty(np.shape(a), bool), axis).shape)


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: int | tuple[int, ...], subok: bool = False) -> Array:
    """Repeat ``array`` along new axes and axes of length 1, as broadcasting would.

    >>> ag.broadcast_to(np.ones((3, 1)), (2, 3, 4)).shape
    (2, 3, 4)
    """
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    return _broadcast_to(array, shape=shape)


# --- joining -------------------------------------------------------------------------------------


def parts_to_join(
    op: str, arrays: Sequence[Any], dtype: Any = None, casting: str = "same_kind"
) -> list[Any]:
    """What is to be joined as arrays, of ``dtype`` if one is given and ``casting`` lets them be."""
    parts = [as_array(a) for a in arrays]
    if not parts:
        raise ValueError(f"{op}: expected at least one array, got none")
    if dtype is None and casting == "same_kind":
        return parts
    target = np.result_type(*(p.dtype for p in parts)) if dtype is None else np.dtype(dtype)
    for p in parts:
        if not np.can_cast(p.dtype, target, casting):  # type: ignore[arg-type]
            raise TypeError(
                f"{op}: casting={casting!r} lets no {p.dtype} become {target}; choose another"
            )
    return [p.astype(target) for p in parts]


def _part(g: Any, axis: int, start: int, stop: int) -> Any:
    """The elements from ``start`` to ``stop`` along an axis."""
    return g[(*(slice(None),) * axis, slice(start, stop))]


_concatenate = primitive(
    "concatenate",
    lambda *arrays, axis, ends: np.concatenate(arrays, axis),
    lambda i, g, out, *arrays, axis, ends: _part(g, axis, *ends[i : i + 2]),
    stacked=lambda i, g, out, *arrays, axis, ends: _part(g, axis + 1, *ends[i : i + 2]),
)


def _row(g: Any, axis: int, i: int) -> Any:
    """The elements at ``i`` of an axis."""
    return g[(*(slice(None),) * axis, i, ...)]


_stack = primitive(
    "stack",
    lambda *arrays, axis: np.stack(arrays, axis) if axis else np.array(arrays),
    lambda i, g, out, *arrays, axis: _row(g, axis, i),
    stacked=lambda i, g, out, *arrays, axis: _row(g, axis + 1, i),
)


@implements(np.concatenate)
def concatenate(
    arrays: Sequence[Any],
    axis: int | None = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Joined:
    """Join arrays along an existing axis; ``axis=None`` flattens them first.

    ``dtype`` is that of the result; ``out`` is refused.

    >>> ag.concatenate([np.ones((2, 3)), np.zeros((1, 3))]).shape
    (3, 3)
    """
    refuse_out("concatenate", out)
    parts = parts_to_join("concatenate", arrays, dtype, casting)
    if axis is None:
        parts, axis = [ravel(a) for a in parts], 0
    axis = index(axis)
    lengths = [a.shape[axis] for a in parts if -a.ndim <= axis < a.ndim]
    if len(lengths) == len(parts):
        axis %= parts[0].ndim
    return _concatenate(*parts, axis=axis, ends=(0, *accumulate(lengths)))


@implements(np.stack)
def stack(
    arrays: Sequence[Any],
    axis: int = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Joined:
    """Join arrays of one shape along a new axis.

    >>> ag.stack([np.ones(3), np.zeros(3)], axis=1).shape
    (3, 2)
    """
    parts = parts_to_join("stack", arrays, dtype, casting)
    shapes = {a.shape for a in parts}
    if len(shapes) != 1:
        raise ValueError(f"stack: expected arrays of one shape, got {sorted(shapes)}")
    refuse_out("stack", out)
    return _stack(*parts, axis=normalize_axis_index(axis, parts[0].ndim + 1))
