"""Functions that only move elements: NumPy moves their positions, and agx reads what lies there.

What a function does to an array of positions it does to the elements, so one rule, that of reading
elements by position, differentiates them all. -1 stands for a zero that comes from nowhere.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.lib.stride_tricks import sliding_window_view as np_sliding_window_view

from ..graph import implements, is_node, value_of
from .elementwise import astype, where
from .index import getitem
from .shape import _cast, broadcast_to, concatenate, ravel, reshape, transpose
from .shape import as_array as as_array


def _read(flat: Any, positions: np.ndarray) -> Any:
    """The elements of a flat array at ``positions``, and zeros at -1."""
    missing = positions < 0
    if not missing.any():
        return getitem(flat, positions)
    if not flat.shape[0]:
        return np.zeros(positions.shape, flat.dtype)
    return where(missing, 0.0, getitem(flat, np.maximum(positions, 0)))


def moved(function: Callable[..., Any], x: Any, *args: Any, **kwargs: Any) -> Any:
    """Apply a NumPy function that moves the elements of its first argument and invents only zeros."""
    if not is_node(x):
        return function(x, *args, **kwargs)
    positions = np.arange(1, x.size + 1).reshape(x.shape)
    found = function(positions, *args, **kwargs)
    flat = ravel(x)
    if isinstance(found, (list, tuple)):
        return type(found)(_read(flat, np.asarray(p) - 1) for p in found)
    return _read(flat, np.asarray(found) - 1)


def moved_together(function: Callable[..., Any], parts: Sequence[Any]) -> Any:
    """Apply ``function`` to the positions of several arrays, and read from them laid end to end."""
    parts = [as_array(p) for p in parts]
    start, positions = 0, []
    for p in parts:
        size = value_of(p).size
        positions.append(np.arange(start, start + size).reshape(p.shape))
        start += size
    return _read(concatenate([ravel(p) for p in parts]), function(*positions))


_signature = functools.cache(inspect.signature)


def _mover(function: Any, summary: str, example: str, *others: Any) -> Callable[..., Any]:
    def move(*args: Any, **kwargs: Any) -> Any:
        given = _signature(function).bind(*args, **kwargs).arguments
        return moved(function, as_array(given.pop(next(iter(given)))), **given)

    move.__wrapped__ = function  # type: ignore[attr-defined]
    move.__name__ = move.__qualname__ = function.__name__
    arguments = f"Arguments are those of ``numpy.{function.__name__}``."
    move.__doc__ = f"{summary}\n\n    {arguments}\n\n    {example}\n    "
    return implements(function, *others)(move)


# --- one array -----------------------------------------------------------------------------------

fliplr = _mover(
    np.fliplr,
    "Reverse the order of the columns.",
    ">>> ag.fliplr(np.array([[1.0, 2.0]]))\n    array([[2., 1.]])",
)
flipud = _mover(
    np.flipud,
    "Reverse the order of the rows.",
    ">>> ag.flipud(np.array([1.0, 2.0]))\n    array([2., 1.])",
)
rot90 = _mover(
    np.rot90,
    "Rotate by 90 degrees, ``k`` times, in the plane of two axes.",
    ">>> ag.rot90(np.array([[1.0, 2.0]]))\n    array([[2.],\n           [1.]])",
)
rollaxis = _mover(
    np.rollaxis,
    "Move one axis back until it lies before another.",
    ">>> ag.rollaxis(np.ones((2, 3, 4)), 2).shape\n    (4, 2, 3)",
)
matrix_transpose = _mover(
    np.matrix_transpose,
    "Exchange the last two axes.",
    ">>> ag.matrix_transpose(np.ones((2, 3))).shape\n    (3, 2)",
)
diag = _mover(
    np.diag,
    "Take the diagonal of a matrix, or make a matrix with a given diagonal.",
    ">>> ag.diag(np.array([1.0, 2.0]))\n    array([[1., 0.],\n           [0., 2.]])",
)
diagflat = _mover(
    np.diagflat,
    "Make a matrix with the flattened array on its diagonal.",
    ">>> ag.diagflat(np.array([[1.0], [2.0]])).shape\n    (2, 2)",
)
diagonal = _mover(
    np.diagonal,
    "Take the diagonals of the matrices in two axes.",
    ">>> ag.diagonal(np.eye(3), 1)\n    array([0., 0.])",
)
tril = _mover(
    np.tril,
    "Keep the lower triangle of a matrix, with zeros elsewhere.",
    ">>> ag.tril(np.ones((2, 2)))\n    array([[1., 0.],\n           [1., 1.]])",
)
triu = _mover(
    np.triu,
    "Keep the upper triangle of a matrix, with zeros elsewhere.",
    ">>> ag.triu(np.ones((2, 2)))\n    array([[1., 1.],\n           [0., 1.]])",
)
delete = _mover(
    np.delete,
    "Leave out the elements at some indices along an axis.",
    ">>> ag.delete(np.array([1.0, 2.0, 3.0]), 1)\n    array([1., 3.])",
)
resize = _mover(
    np.resize,
    "Repeat the elements as often as a new shape needs.",
    ">>> ag.resize(np.array([1.0, 2.0]), 3)\n    array([1., 2., 1.])",
)
array_split = _mover(
    np.array_split,
    "Cut into parts of nearly equal length along an axis.",
    ">>> [len(p) for p in ag.array_split(np.ones(5), 2)]\n    [3, 2]",
)
hsplit = _mover(
    np.hsplit,
    "Cut along the second axis, or the only one.",
    ">>> [p.shape for p in ag.hsplit(np.ones((2, 4)), 2)]\n    [(2, 2), (2, 2)]",
)
vsplit = _mover(
    np.vsplit,
    "Cut along the first axis.",
    ">>> [p.shape for p in ag.vsplit(np.ones((4, 2)), 2)]\n    [(2, 2), (2, 2)]",
)
dsplit = _mover(
    np.dsplit,
    "Cut along the third axis.",
    ">>> len(ag.dsplit(np.ones((2, 2, 4)), 4))\n    4",
)
unstack = _mover(
    np.unstack,
    "Return the slices along an axis as a tuple.",
    ">>> len(ag.unstack(np.ones((2, 3)), axis=1))\n    3",
)


@implements(np_sliding_window_view)
def sliding_window_view(
    x: Any,
    window_shape: int | tuple[int, ...],
    axis: int | tuple[int, ...] | None = None,
    *,
    subok: bool = False,
    writeable: bool = False,
) -> Any:
    """Read every window of a shape: (..., windows, ..., window). A copy, not a view, of a Tensor.

    >>> ag.sliding_window_view(np.array([1.0, 2.0, 3.0]), 2)
    array([[1., 2.],
           [2., 3.]])
    """
    if writeable:
        raise TypeError("sliding_window_view: writeable=True would overwrite what the graph needs")
    return moved(np_sliding_window_view, as_array(x), window_shape, axis)


@implements(np.trim_zeros)
def trim_zeros(filt: Any, trim: Any = "fb", axis: Any = None) -> Any:
    """Cut zeros off the front ("f") and the back ("b").

    >>> ag.trim_zeros(np.array([0.0, 1.0, 0.0]))
    array([1.])
    """
    if not is_node(filt):
        return np.trim_zeros(filt, trim, axis)
    if not set(trim.lower()) <= {"f", "b"}:
        raise ValueError(f"trim_zeros: trim must be made of 'f' and 'b', got {trim!r}")
    axes = normalize_axis_tuple(range(filt.ndim) if axis is None else axis, filt.ndim)
    index = [slice(None)] * filt.ndim
    places = np.argwhere(filt.value)
    for a in axes:
        low, high = (places[:, a].min(), places[:, a].max() + 1) if len(places) else (0, 0)
        front = low if "f" in trim.lower() else None
        index[a] = slice(front, high if "b" in trim.lower() or not len(places) else None)
    return filt[tuple(index)]


@implements(np.copy)
def copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    """Copy an array; the gradient passes through.

    >>> ag.copy(np.array([1.0]))
    array([1.])
    """
    return +a if is_node(a) else np.array(a, order=order, subok=subok)


# --- number of axes ------------------------------------------------------------------------------


def _at_least(function: Any, ndim: int, where_they_go: str) -> Callable[..., Any]:
    def lift(*arrays: Any) -> Any:
        found = tuple(
            reshape(a, function(np.empty(a.shape, bool)).shape) for a in map(as_array, arrays)
        )
        return found[0] if len(found) == 1 else found

    lift.__name__ = lift.__qualname__ = f"atleast_{ndim}d"
    lift.__doc__ = (
        f"Give arrays {ndim} or more axes; {where_they_go}. Several arrays come back as a tuple.\n\n"
        f"    >>> ag.atleast_{ndim}d(np.array(1.0)).ndim\n    {ndim}\n    "
    )
    return implements(function)(lift)


atleast_1d = _at_least(np.atleast_1d, 1, "a number gets one of length 1")
atleast_2d = _at_least(np.atleast_2d, 2, "new ones of length 1 come first")
atleast_3d = _at_least(np.atleast_3d, 3, "new ones of length 1 come at both ends")


# --- several arrays ------------------------------------------------------------------------------


@implements(np.vstack)
def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Join arrays along the first axis; those of one axis are rows.

    >>> ag.vstack([np.ones(3), np.zeros(3)]).shape
    (2, 3)
    """
    lifted = [atleast_2d(p) for p in _cast("vstack", tup, dtype, casting)]
    return concatenate(lifted, 0)


@implements(np.hstack)
def hstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Join arrays along the second axis, or the only one.

    >>> ag.hstack([np.ones(3), np.zeros(2)]).shape
    (5,)
    """
    lifted = [atleast_1d(p) for p in _cast("hstack", tup, dtype, casting)]
    return concatenate(lifted, 0 if lifted[0].ndim == 1 else 1)


@implements(np.dstack)
def dstack(tup: Sequence[Any]) -> Any:
    """Join arrays along the third axis.

    >>> ag.dstack([np.ones(3), np.zeros(3)]).shape
    (1, 3, 2)
    """
    return concatenate([atleast_3d(p) for p in _cast("dstack", tup)], 2)


@implements(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Any:
    """Join arrays as columns of a matrix.

    >>> ag.column_stack([np.ones(3), np.zeros(3)]).shape
    (3, 2)
    """
    parts = _cast("column_stack", tup)
    return concatenate([p if p.ndim > 1 else transpose(atleast_2d(p)) for p in parts], 1)


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Join ``values`` to the end of ``arr``, both flattened unless an axis is named.

    >>> ag.append(np.array([1.0]), 2.0)
    array([1., 2.])
    """
    return concatenate([as_array(arr), as_array(values)], axis)


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Put ``values`` before the elements at the indices ``obj``, in the dtype of ``arr``.

    >>> ag.insert(np.array([1.0, 3.0]), 1, 2.0)
    array([1., 2., 3.])
    """
    arr, values = as_array(arr), as_array(values)
    if arr.dtype.kind in "fc":
        values = astype(values, arr.dtype)
    return moved_together(lambda a, v: np.insert(a, obj, v, axis), [arr, values])


@implements(np.block)
def block(arrays: Any) -> Any:
    """Put nested lists of blocks together, innermost lists along the last axis.

    >>> ag.block([[np.ones((1, 1)), np.zeros((1, 2))]])
    array([[1., 0., 0.]])
    """

    def rebuild(nested: Any, positions: list[np.ndarray]) -> Any:
        if isinstance(nested, list):
            return [rebuild(part, positions) for part in nested]
        return positions.pop(0)

    leaves: list[Any] = []

    def collect(nested: Any) -> None:
        for part in nested:
            collect(part) if isinstance(part, list) else leaves.append(part)

    collect(arrays if isinstance(arrays, list) else [arrays])
    return moved_together(lambda *positions: np.block(rebuild(arrays, list(positions))), leaves)


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """Broadcast arrays against one another.

    >>> [a.shape for a in ag.broadcast_arrays(np.ones(3), np.ones((2, 1)))]
    [(2, 3), (2, 3)]
    """
    arrays = [as_array(a) for a in args]
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    return tuple(broadcast_to(a, shape) for a in arrays)


@implements(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """Make coordinate matrices of coordinate vectors, with "xy" or "ij" indexing.

    >>> [a.shape for a in ag.meshgrid(np.ones(3), np.ones(2))]
    [(2, 3), (2, 3)]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    lines = [ravel(as_array(x)) for x in xi]
    order = list(range(len(lines)))
    if indexing == "xy" and len(lines) > 1:
        order[0], order[1] = 1, 0
    lines = [
        reshape(x, [-1 if a == place else 1 for a in range(len(lines))])
        for x, place in zip(lines, order, strict=True)
    ]
    if sparse or not lines:
        return tuple(lines)
    shape = np.broadcast_shapes(*(x.shape for x in lines))
    return tuple(broadcast_to(x, shape) for x in lines)


@implements(np.ix_)
def ix_(*args: Any) -> tuple[Any, ...]:
    """Give each vector an axis of its own, so that they index or broadcast as a grid.

    >>> [a.shape for a in ag.ix_(np.ones(3), np.ones(2))]
    [(3, 1), (1, 2)]
    """
    arrays = [as_array(a) for a in args]
    plain = np.ix_(*map(value_of, arrays))
    return tuple(
        reshape(a, p.shape) if is_node(a) else p for a, p in zip(arrays, plain, strict=True)
    )
