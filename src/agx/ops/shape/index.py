"""Indexing: reading elements and its transpose, adding them back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..._engine.graph import Node, implements, of_arrays, primitive
from ..._kernels import loops
from ..._runtime import buffers
from ..._runtime.threads import team
from .axes import as_array, in_order, one_axis, refuse_out

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "getitem",
    "take",
    "take_along_axis",
]


def is_basic(index: Any) -> bool:
    """Whether an index names each element at most once (integers, slices, None, Ellipsis)."""
    if type(index) is slice or type(index) is int:
        return True
    for part in index if isinstance(index, tuple) else (index,):
        if type(part) is slice or type(part) is int or part is None or part is Ellipsis:
            continue
        if isinstance(part, bool) or not isinstance(part, (int, np.integer)):
            return False
    return True


def row_numbers(index: Any) -> np.ndarray | None:
    """The array of an index that numbers elements of the first axis and nothing else; None for others."""
    if isinstance(index, tuple):
        if not index or any(type(p) is not slice or p != slice(None) for p in index[1:]):
            return None
        index = index[0]
    if type(index) is not np.ndarray or not index.ndim or index.dtype.kind not in "iu":
        return None
    return in_order(index, np.int64)


def _read(x: Any, *, index: Any) -> Any:
    rows = row_numbers(index)
    found = None if rows is None else loops.pick(x, rows, team)
    return x[index] if found is None else found


def _add_rows(total: np.ndarray, index: Any, g: Any, out: np.ndarray | None = None) -> bool:
    """Add to the elements of the first axis that an index numbers, if it does, in place or in ``out``."""
    rows = row_numbers(index)
    if rows is None or np.shape(g) != (*rows.shape, *total.shape[1:]):
        return False
    return loops.add_at(total, rows, in_order(g, total.dtype), team, out) is not None


def scattered(g: Any, *, index: Any, shape: tuple[int, ...]) -> np.ndarray:
    out = buffers.zeros(shape, g.dtype)
    if is_basic(index):
        out[index] = g
        return out
    if _add_rows(out, index, g):
        return out
    if (
        isinstance(index, np.ndarray)
        and index.ndim == 1
        and index.dtype.kind in "iu"
        and len(shape) == 1
    ):
        positions = index.astype(np.int64)
        positions = np.where(positions < 0, positions + shape[0], positions)
    else:
        positions = np.arange(math.prod(shape), dtype=np.int64).reshape(shape)[index]
    values = np.broadcast_to(g, positions.shape)
    if out.dtype not in (np.float32, np.float64):
        np.add.at(out.reshape(-1), positions, values)
        return out
    loops.index_add(
        out.reshape(-1),
        in_order(positions).reshape(-1),
        in_order(values).reshape(-1),
    )
    return out


def _getitem_stack(i: int, g: Any, out: Any, x: Any, *, index: Any) -> Any:
    if not is_basic(index):
        return None
    found = np.zeros((len(g), *x.shape), g.dtype)
    found[(slice(None), *(index if isinstance(index, tuple) else (index,)))] = g
    return found


def _add(total: np.ndarray, g: Any, lead: bool, *, index: Any) -> Any:
    if is_basic(index):
        parts = index if isinstance(index, tuple) else (index,)
        total[(slice(None), *parts) if lead else parts] += g
    elif lead:
        return False
    else:
        add_in_place(total, index, g)
    return True


_getitem = primitive(
    "getitem",
    _read,
    (lambda g, out, x, *, index: _scatter(g, index=index, shape=x.shape),),
    stacked=_getitem_stack,
    accumulate=_add,
    views=True,
)
_scatter = primitive(
    "scatter_add",
    scattered,
    (lambda g, out, x, *, index, shape: _getitem(g, index=index),),
)


def _added_value(x: Any, values: Any, *, index: Any) -> np.ndarray:
    out = buffers.empty(x.shape, x.dtype) if x.dtype.char in "fd" else np.empty_like(x, order="C")
    if not _add_rows(x, index, values, out):
        out[...] = x
        np.add.at(out, index, values)
    return out


def add_in_place(x: np.ndarray, index: Any, values: np.ndarray) -> None:
    """Add values to the elements of an array that an index names."""
    if not _add_rows(x, index, values):
        np.add.at(x, index, values)


#: An array with values added at the places that an index names, one after the other.
added_at = primitive(
    "added_at",
    _added_value,
    (
        lambda g, out, x, values, *, index: g,
        lambda g, out, x, values, *, index: _getitem(g, index=index),
    ),
)


def scatter_add(values: Any, index: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Add ``values`` into zeros of ``shape`` at the places that a NumPy index names."""
    if not isinstance(values, Node):
        values = np.asarray(values, dtype)
    return _scatter(values, index=as_index(index), shape=shape)


def as_index(index: Any) -> Any:
    """The index with nested lists as arrays; a Tensor is refused, its numbers are no integers.

    Arrays inside a tuple are copied: the graph would not see that they change.
    """
    if type(index) is slice or type(index) is int:
        return index
    if isinstance(index, tuple):
        return tuple(p.copy() if isinstance(p, np.ndarray) else as_index(p) for p in index)
    if isinstance(index, Node):
        raise IndexError(
            "an index must be integers, slices or booleans, got a Tensor; use .value.astype(int)"
        )
    return (
        np.asarray(index, dtype=None if len(index) else int) if isinstance(index, list) else index
    )


def named_shape(index: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of ``x[index]`` for an array ``x`` of a shape; IndexError if the index does not fit."""
    rows = row_numbers(index)
    whole = isinstance(index, tuple) or rows is None
    seen = np.broadcast_to(False, shape if whole else shape[:1])
    named: tuple[int, ...] = seen[index].shape
    return named if whole else (*named, *shape[1:])


def last_assigned(index: Any, shape: tuple[int, ...]) -> Any:
    """Which elements of ``x[index]`` are not assigned over by a later one; None if all are."""
    parts = index if isinstance(index, tuple) else (index,)
    if not any(np.ndim(p) and np.asarray(p).dtype != bool for p in parts):
        return None
    places = np.arange(math.prod(shape)).reshape(shape)[index]
    _, first = np.unique(places.ravel()[::-1], return_index=True)
    if first.size == places.size:
        return None
    last = np.zeros(places.size, bool)
    last[places.size - 1 - first] = True
    return last.reshape(places.shape)


def in_range(op: str, indices: np.ndarray, size: int, mode: str) -> np.ndarray:
    """Integer indices of an axis of length ``size``; ``mode`` "wrap" or "clip" moves those out of range."""
    if mode == "wrap":
        return indices % size
    if mode == "clip":
        return np.clip(indices, 0, size - 1)
    if mode != "raise":
        raise ValueError(f"{op}: mode must be 'raise', 'wrap' or 'clip', got {mode!r}")
    return indices


def along_axis(op: str, indices: np.ndarray, shape: tuple[int, ...], axis: int) -> tuple[Any, ...]:
    """The index that names one element of an axis for each entry of ``indices``."""
    axis = normalize_axis_index(axis, len(shape))
    if indices.ndim != len(shape):
        raise ValueError(
            f"{op}: expected indices of {len(shape)} axes, got {indices.ndim}; insert an axis"
        )
    index = list(np.ogrid[tuple(slice(n) for n in shape)])
    index[axis] = indices
    return tuple(index)


@of_arrays
def getitem(x: Any, index: Any) -> Array:
    """Read the elements that a NumPy index names; repeated ones accumulate in the gradient.

    >>> x = ag.Tensor([1.0, 2.0, 3.0])
    >>> x[[0, 0, 2]].sum().backward()
    >>> x.grad
    array([2., 0., 1.])
    """
    return _getitem(x, index=as_index(index))


@implements(np.take)
def take(
    a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise"
) -> Array:
    """Read the elements at integer ``indices`` along an axis, or of the flattened array.

    ``mode`` says what becomes of indices out of range: "raise", "wrap" or "clip".

    >>> ag.take(np.array([10.0, 20.0, 30.0]), [2, 0])
    array([30., 10.])
    """
    refuse_out("take", out)
    a = as_array(a)
    if axis is None:
        a, axis = a.reshape(-1), 0
    axis = one_axis("take", axis, a.ndim)
    indices = np.asarray(indices)
    if indices.dtype == bool or not indices.size:
        indices = indices.astype(int)
    index: list[Any] = [slice(None)] * a.ndim
    index[axis] = in_range("take", indices, a.shape[axis], mode)
    return getitem(a, tuple(index))


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Array:
    """Read one element for each entry of ``indices``, which broadcasts against the other axes.

    >>> ag.take_along_axis(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1], [0]]), axis=1)
    array([[2.],
           [3.]])
    """
    arr, indices = as_array(arr), np.asarray(indices)
    if axis is None:
        if indices.ndim != 1:
            raise ValueError(
                f"take_along_axis: axis=None expects indices of one axis, got shape {indices.shape}"
            )
        return getitem(arr.reshape(-1), indices)
    return getitem(arr, along_axis("take_along_axis", indices, arr.shape, axis))
