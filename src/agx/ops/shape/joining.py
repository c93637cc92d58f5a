"""Arrays put together of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..._engine.graph import implements, is_node, value_of
from .axes import as_array, broadcast_to, concatenate, parts_to_join, ravel, reshape, transpose
from .dtype import astype
from .moves import moved_together

if TYPE_CHECKING:
    from ..._engine.signatures import Array, AtLeast, Joined

__all__ = [
    "append",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block",
    "broadcast_arrays",
    "column_stack",
    "dstack",
    "hstack",
    "insert",
    "ix_",
    "meshgrid",
    "vstack",
]

# --- number of axes ------------------------------------------------------------------------------


def _at_least(function: Any, ndim: int, where_they_go: str) -> AtLeast:
    def lift(*arys: Any) -> Any:
        found = tuple(
            reshape(a, function(np.empty(a.shape, bool)).shape) for a in map(as_array, arys)
        )
        return found[0] if len(found) == 1 else found

    lift.__name__ = lift.__qualname__ = f"atleast_{ndim}d"
    lift.__doc__ = (
        f"Give arrays {ndim} or more axes; {where_they_go}. Several arrays come back as a tuple.\n\n"
        f"    >>> ag.atleast_{ndim}d(np.array(1.0)).ndim\n    {ndim}\n    "
    )
    return cast("AtLeast", implements(function)(lift))


atleast_1d = _at_least(np.atleast_1d, 1, "a number gets one of length 1")
atleast_2d = _at_least(np.atleast_2d, 2, "new ones of length 1 come first")
atleast_3d = _at_least(np.atleast_3d, 3, "new ones of length 1 come at both ends")

# --- several arrays ------------------------------------------------------------------------------


@implements(np.vstack)
def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Joined:
    """Join arrays along the first axis; those of one axis are rows.

    >>> ag.vstack([np.ones(3), np.zeros(3)]).shape
    (2, 3)
    """
    lifted = [atleast_2d(p) for p in parts_to_join("vstack", tup, dtype, casting)]
    return concatenate(lifted, 0)


@implements(np.hstack)
def hstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Joined:
    """Join arrays along the second axis, or the only one.

    >>> ag.hstack([np.ones(3), np.zeros(2)]).shape
    (5,)
    """
    lifted = [atleast_1d(p) for p in parts_to_join("hstack", tup, dtype, casting)]
    return concatenate(lifted, 0 if lifted[0].ndim == 1 else 1)


@implements(np.dstack)
def dstack(tup: Sequence[Any]) -> Joined:
    """Join arrays along the third axis.

    >>> ag.dstack([np.ones(3), np.zeros(3)]).shape
    (1, 3, 2)
    """
    return concatenate([atleast_3d(p) for p in parts_to_join("dstack", tup)], 2)


@implements(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Joined:
    """Join arrays as columns of a matrix.

    >>> ag.column_stack([np.ones(3), np.zeros(3)]).shape
    (3, 2)
    """
    parts = parts_to_join("column_stack", tup)
    return concatenate([p if p.ndim > 1 else transpose(atleast_2d(p)) for p in parts], 1)


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Array:
    """Join ``values`` to the end of ``arr``, both flattened unless an axis is named.

    >>> ag.append(np.array([1.0]), 2.0)
    array([1., 2.])
    """
    return concatenate([as_array(arr), as_array(values)], axis)


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Array:
    """Put ``values`` before the elements at the indices ``obj``, in the dtype of ``arr``.

    >>> ag.insert(np.array([1.0, 3.0]), 1, 2.0)
    array([1., 2., 3.])
    """
    arr, values = as_array(arr), as_array(values)
    if arr.dtype.kind in "fc":
        values = astype(values, arr.dtype)
    return moved_together(lambda a, v: np.insert(a, obj, v, axis), [arr, values])


@implements(np.block)
def block(arrays: Any) -> Array:
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
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Array, ...]:
    """Broadcast arrays against one another.

    >>> [a.shape for a in ag.broadcast_arrays(np.ones(3), np.ones((2, 1)))]
    [(2, 3), (2, 3)]
    """
    arrays = [as_array(a) for a in args]
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    return tuple(broadcast_to(a, shape) for a in arrays)


@implements(np.meshgrid)
def meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Array, ...]:
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
def ix_(*args: Any) -> tuple[Array, ...]:
    """Give each vector an axis of its own, so that they index or broadcast as a grid.

    >>> [a.shape for a in ag.ix_(np.ones(3), np.ones(2))]
    [(3, 1), (1, 2)]
    """
    arrays = [as_array(a) for a in args]
    plain = np.ix_(*map(value_of, arrays))
    return tuple(
        reshape(a, p.shape) if is_node(a) else p for a, p in zip(arrays, plain, strict=True)
    )
