"""Sets of numbers; ties share the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import implements, value_of
from ..shape.axes import as_array, concatenate, ravel
from ..shape.index import getitem, take
from .sorting import sort

if TYPE_CHECKING:
    from ..._engine.signatures import (
        Array,
        UniqueAllResult,
        UniqueCountsResult,
        UniqueInverseResult,
        Varying,
    )

__all__ = [
    "intersect1d",
    "setdiff1d",
    "setxor1d",
    "union1d",
    "unique",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]


@implements(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Varying:
    """Return the distinct values in order, or the distinct slices along ``axis``.

    Elements that tie share the gradient. Indices, inverses and counts are plain arrays.

    >>> ag.unique(np.array([2.0, 1.0, 2.0]))
    array([1., 2.])
    """
    x = as_array(ar)
    plain = value_of(x)
    _, index, inverse, counts = np.unique(plain, True, True, True, axis, equal_nan=equal_nan)
    if axis is not None:
        values = take(x, index, axis)
    elif len(counts):
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        values = getitem(sort(ravel(x)), starts)
    else:
        values = ravel(x)
    more = [
        part
        for part, wanted in (
            (index, return_index),
            (inverse, return_inverse),
            (counts, return_counts),
        )
        if wanted
    ]
    return (values, *more) if more else values  # type: ignore[return-value]


@implements(np.unique_values)
def unique_values(x: Any) -> Array:
    """Return the distinct values in order.

    >>> ag.unique_values(np.array([2.0, 1.0, 2.0]))
    array([1., 2.])
    """
    return unique(x, equal_nan=False)


@implements(np.unique_counts)
def unique_counts(x: Any) -> UniqueCountsResult:
    """Return the distinct values and how often each occurs.

    >>> ag.unique_counts(np.array([2.0, 1.0, 2.0])).counts
    array([1, 2])
    """
    kind: Any = type(np.unique_counts(np.zeros(1)))
    return kind(*unique(x, return_counts=True, equal_nan=False))


@implements(np.unique_inverse)
def unique_inverse(x: Any) -> UniqueInverseResult:
    """Return the distinct values and, for each element, which of them it is.

    >>> ag.unique_inverse(np.array([2.0, 1.0, 2.0])).inverse_indices
    array([1, 0, 1])
    """
    kind: Any = type(np.unique_inverse(np.zeros(1)))
    return kind(*unique(x, return_inverse=True, equal_nan=False))


@implements(np.unique_all)
def unique_all(x: Any) -> UniqueAllResult:
    """Return the distinct values, their first indices, the inverse and the counts.

    >>> ag.unique_all(np.array([2.0, 1.0, 2.0])).indices
    array([1, 0])
    """
    kind: Any = type(np.unique_all(np.zeros(1)))
    return kind(*unique(x, True, True, True, equal_nan=False))


@implements(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Array:
    """Return the distinct values of two arrays, in order.

    >>> ag.union1d(np.array([1.0, 3.0]), np.array([2.0, 3.0]))
    array([1., 2., 3.])
    """
    return unique(concatenate([as_array(ar1), as_array(ar2)], None))


@implements(np.intersect1d)
def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Varying:
    """Return the values that two arrays share, read from the first.

    >>> ag.intersect1d(np.array([1.0, 3.0]), np.array([3.0, 2.0]))
    array([3.])
    """
    first, other = ravel(as_array(ar1)), value_of(as_array(ar2))
    _, i, j = np.intersect1d(value_of(first), other, assume_unique, return_indices=True)
    found = getitem(first, i)
    return (found, i, j) if return_indices else found  # type: ignore[return-value]


@implements(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    """Return the distinct values of the first array that are not in the second.

    >>> ag.setdiff1d(np.array([1.0, 3.0]), np.array([3.0]))
    array([1.])
    """
    kept = ravel(as_array(ar1)) if assume_unique else unique(ar1)
    return kept[np.isin(value_of(kept), value_of(ar2), invert=True)]


@implements(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    """Return the values that are in one of two arrays only, in order.

    >>> ag.setxor1d(np.array([1.0, 3.0]), np.array([3.0, 2.0]))
    array([1., 2.])
    """
    if not assume_unique:
        ar1, ar2 = unique(ar1), unique(ar2)
    values, counts = unique(concatenate([as_array(ar1), as_array(ar2)], None), return_counts=True)
    return values[counts == 1]
