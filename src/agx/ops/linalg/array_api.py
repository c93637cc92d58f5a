"""The Array API's names, which take fewer cases than NumPy's and leave the work to those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..._engine.graph import implements
from ..reduce.sums import sum
from ..shape import moves
from ..shape.axes import as_array, moveaxis
from . import products

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "cross",
    "diagonal",
    "outer",
    "tensordot",
    "trace",
    "vecdot",
]


@implements(np.linalg.diagonal)
def diagonal(x: Any, /, *, offset: int = 0) -> Array:
    """Take the diagonals of the last two axes, ``offset`` above the main one.

    >>> ag.linalg.diagonal(np.array([[1.0, 2.0], [3.0, 4.0]]), offset=1)
    array([2.])
    """
    x = as_array(x)
    if x.ndim < 2:
        raise ValueError(f"diagonal: expected two axes or more, got {x.ndim}; use expand_dims")
    return moves.diagonal(x, offset, -2, -1)


@implements(np.linalg.trace)
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Array:
    """Add up the diagonals of the last two axes, ``offset`` above the main one.

    >>> ag.linalg.trace(np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.float64(5.0)
    """
    found = diagonal(x, offset=offset)
    return sum(found, -1, dtype)


@implements(np.linalg.outer)
def outer(x1: Any, x2: Any, /) -> Array:
    """Multiply every element of one vector with every element of another.

    Raises ValueError if an argument is not one-dimensional.

    >>> ag.linalg.outer(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([[3., 4.],
           [6., 8.]])
    """
    x1, x2 = as_array(x1), as_array(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(
            f"outer: expected two vectors, got shapes {x1.shape} and {x2.shape}; "
            "ag.outer flattens its arguments"
        )
    return products.outer(x1, x2)


@implements(np.linalg.tensordot)
def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Array:
    """Sum products over pairs of axes: the last ``axes`` of x1 with the first of x2, or two lists.

    >>> ag.linalg.tensordot(np.ones((2, 3, 4)), np.ones((4, 3, 5)), axes=([1, 2], [1, 0])).shape
    (2, 5)
    """
    return products.tensordot(x1, x2, axes)


def _last_axis(name: str, x1: Any, x2: Any, axis: int, size: int | None) -> tuple[Any, Any]:
    """Both arrays with ``axis`` last, where they must have equal lengths."""
    x1, x2 = as_array(x1), as_array(x2)
    lengths = [x.shape[normalize_axis_index(axis, x.ndim)] for x in (x1, x2)]
    if lengths[0] != lengths[1] or lengths[0] != (lengths[0] if size is None else size):
        expected = "equal lengths" if size is None else f"vectors of length {size}"
        raise ValueError(
            f"{name}: expected {expected} along axis {axis}, got {lengths[0]} and {lengths[1]}"
        )
    return moveaxis(x1, axis, -1), moveaxis(x2, axis, -1)


@implements(np.linalg.cross)
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    """Compute the cross product of vectors of length 3 along ``axis``.

    Raises ValueError for another length.

    >>> ag.linalg.cross(np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    array([0., 0., 1.])
    """
    x, y = _last_axis("cross", x1, x2, axis, 3)
    return products.cross(x, y, axisc=axis)


@implements(np.linalg.vecdot)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    """Add up conj(x1) x2 along ``axis``; the other axes broadcast.

    Raises ValueError if the lengths along ``axis`` differ.

    >>> ag.linalg.vecdot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.float64(11.0)
    """
    x, y = _last_axis("vecdot", x1, x2, axis, None)
    return products.vecdot(x, y)
