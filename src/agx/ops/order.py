"""Sorting, order statistics, sets, and selection by conditions.

Elements that tie share the gradient of the places they take evenly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..graph import implements, is_node, primitive, value_of
from .elementwise import astype, where
from .index import getitem, scatter_add, take, take_along_axis
from .moves import as_array, moved_together
from .reduce import mean
from .shape import concatenate, flip, moveaxis, ravel, refuse_out, reshape

# --- sorting -------------------------------------------------------------------------------------


def _places(ordered: Any) -> np.ndarray:
    """For each place of the last axis of a sorted array the number of its run of equal elements."""
    new = np.ones(ordered.shape, bool)
    new[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    return np.cumsum(new, axis=-1) - 1


def _shared_value(g: Any, *, runs: np.ndarray) -> np.ndarray:
    """Average ``g`` over each run of places; its own transpose."""
    rows = g.reshape(-1, g.shape[-1])
    number = runs.reshape(rows.shape) + rows.shape[1] * np.arange(len(rows))[:, None]
    total = np.zeros(rows.size, g.dtype)
    np.add.at(total, number, rows)
    count = np.bincount(number.ravel(), minlength=rows.size).astype(rows.real.dtype)
    return (total[number] / count[number]).astype(g.dtype, copy=False).reshape(g.shape)


_shared = primitive("shared", _shared_value, (lambda g, out, x, *, runs: _shared(g, runs=runs),))


def _sort_vjp(g: Any, out: Any, x: Any) -> Any:
    ordered = value_of(out)
    runs = _places(ordered)
    if ordered.size and runs[..., -1].min() < ordered.shape[-1] - 1:
        g = _shared(g, runs=runs)
    back = np.argsort(np.argsort(value_of(x), axis=-1, kind="stable"), axis=-1)
    return take_along_axis(g, back, -1)


#: Sorting along the last axis.
_sort = primitive("sort", lambda x: np.sort(x, axis=-1), (_sort_vjp,))


@implements(np.sort)
def sort(
    a: Any,
    axis: int | None = -1,
    kind: str | None = None,
    order: Any = None,
    *,
    stable: bool | None = None,
) -> Any:
    """Sort along ``axis``, or the flattened array if it is None.

    >>> x = ag.Tensor([3.0, 1.0])
    >>> (ag.sort(x) * np.array([10.0, 20.0])).sum().backward()
    >>> x.grad
    array([20., 10.])
    """
    a = as_array(a)
    if order is not None:
        raise TypeError("sort: order= is for structured arrays, which have no gradient")
    if axis is None:
        a, axis = ravel(a), -1
    return moveaxis(_sort(moveaxis(a, axis, -1)), -1, axis)


@implements(np.sort_complex)
def sort_complex(a: Any) -> Any:
    """Sort by the real part, then the imaginary part; the result is complex.

    >>> ag.sort_complex(np.array([2.0, 1.0]))
    array([1.+0.j, 2.+0.j])
    """
    a = as_array(a)
    return sort(astype(a, np.result_type(a.dtype, np.complex64)))


@implements(np.partition)
def partition(
    a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None
) -> Any:
    """Put the ``kth`` elements where sorting would, smaller ones before and larger ones after.

    >>> ag.partition(np.array([3.0, 1.0, 2.0]), 0)[0]
    np.float64(1.0)
    """
    a = as_array(a)
    if axis is None:
        a, axis = ravel(a), -1
    if not is_node(a):
        return np.partition(a, kth, axis)
    found = np.partition(a.value, kth, axis)
    ranks = np.argsort(np.argsort(found, axis, kind="stable"), axis, kind="stable")
    return take_along_axis(sort(a, axis), ranks, axis)


# --- order statistics ----------------------------------------------------------------------------


def _front(x: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """``x`` with the axes to reduce flattened into the last one."""
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    x = moveaxis(x, axes, range(x.ndim - len(axes), x.ndim))
    kept = x.shape[: x.ndim - len(axes)]
    return reshape(x, (*kept, math.prod(x.shape[len(kept) :]))), axes


@implements(np.quantile)
def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Any:
    """Compute quantiles ``q`` in [0, 1] along ``axis``, by any of NumPy's methods.

    Elements that tie share the gradient. The result has the axes of ``q`` first; ``weights`` are
    constants, for the method "inverted_cdf".

    >>> ag.quantile(np.array([1.0, 2.0, 4.0]), 0.75)
    np.float64(3.0)
    """
    refuse_out("quantile", out)
    return _quantile("quantile", a, q, axis, method, keepdims, weights)


@implements(np.percentile)
def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Any:
    """Compute percentiles ``q`` in [0, 100] along ``axis``; see ``quantile``.

    >>> ag.percentile(np.array([1.0, 2.0, 4.0]), 75)
    np.float64(3.0)
    """
    refuse_out("percentile", out)
    return _quantile("percentile", a, np.true_divide(q, 100), axis, method, keepdims, weights)


def _quantile(op: str, a: Any, q: Any, axis: Any, method: str, keepdims: bool, weights: Any) -> Any:
    """Interpolate between neighbours in order: NumPy's quantile of the ranks says which and how far."""
    for name, given in (("q", q), ("weights", weights)):
        if is_node(given):
            raise TypeError(
                f"{op}: no gradient with respect to {name} is defined; pass a plain array"
            )
    a = as_array(a)
    rows, axes = _front(a, axis)
    plain = value_of(rows)
    if weights is not None:
        weights = np.asarray(weights)
        if weights.shape != a.shape:
            weights = weights.reshape([n if k in axes else 1 for k, n in enumerate(a.shape)])
        weights = np.broadcast_to(weights, a.shape)
        weights = np.asarray(_front(weights, axis)[0])
    order = np.argsort(plain, axis=-1, kind="stable")
    ranks = np.argsort(order, axis=-1).astype(float)
    place = np.quantile(ranks, q, axis=-1, method=method, weights=weights)  # type: ignore[call-overload]
    count = plain.shape[-1]
    low = np.clip(np.floor(place), 0, count - 1).astype(int)
    high = np.minimum(low + 1, count - 1)
    share = (place - low).astype(np.result_type(a.dtype, np.float32), copy=False)
    ordered = sort(rows)
    lower, upper = _pick(ordered, low, np.ndim(q)), _pick(ordered, high, np.ndim(q))
    # An infinite neighbour that has no share is left out, and equal ones are not subtracted.
    mixed = where(share == 0, lower, lower + where(share == 0, 0.0, upper - lower) * share)
    equal = (value_of(lower) == value_of(upper)) & (share != 0)
    mixed = where(equal, lower * (1 - share) + upper * share, mixed)
    hole = np.isnan(plain).any(axis=-1)
    if hole.any():
        mixed = where(np.broadcast_to(hole, place.shape), np.nan, mixed)
    if keepdims:
        spread = [1 if k in axes else n for k, n in enumerate(a.shape)]
        mixed = reshape(mixed, (*np.shape(q), *spread))
    if isinstance(mixed, np.ndarray) and mixed.ndim == 0:
        return mixed[()]
    return mixed


def _pick(ordered: Any, place: np.ndarray, extra: int) -> Any:
    """The elements of the last axis at ``place``, whose first ``extra`` axes are new."""
    rows = np.indices(ordered.shape[:-1], sparse=True)
    return getitem(ordered, (*(np.asarray(r) for r in rows), np.asarray(place)))


@implements(np.median)
def median(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    """Compute the median along ``axis``; elements that tie share the gradient.

    >>> ag.median(np.array([3.0, 1.0, 2.0]))
    np.float64(2.0)
    """
    refuse_out("median", out)
    a = as_array(a)
    if not a.size:
        return mean(a, axis, keepdims=keepdims)
    return _quantile("median", a, 0.5, axis, "linear", keepdims, None)


# --- sets ----------------------------------------------------------------------------------------


def _first_places(flat: np.ndarray) -> np.ndarray:
    """Where each distinct value comes first in the sorted array."""
    return np.unique(np.sort(flat), return_index=True)[1]


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
) -> Any:
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
    return (values, *more) if more else values


@implements(np.unique_values)
def unique_values(x: Any) -> Any:
    """Return the distinct values in order.

    >>> ag.unique_values(np.array([2.0, 1.0, 2.0]))
    array([1., 2.])
    """
    return unique(x, equal_nan=False)


@implements(np.unique_counts)
def unique_counts(x: Any) -> Any:
    """Return the distinct values and how often each occurs.

    >>> ag.unique_counts(np.array([2.0, 1.0, 2.0])).counts
    array([1, 2])
    """
    kind = type(np.unique_counts(np.zeros(1)))
    return kind(*unique(x, return_counts=True, equal_nan=False))


@implements(np.unique_inverse)
def unique_inverse(x: Any) -> Any:
    """Return the distinct values and, for each element, which of them it is.

    >>> ag.unique_inverse(np.array([2.0, 1.0, 2.0])).inverse_indices
    array([1, 0, 1])
    """
    kind = type(np.unique_inverse(np.zeros(1)))
    return kind(*unique(x, return_inverse=True, equal_nan=False))


@implements(np.unique_all)
def unique_all(x: Any) -> Any:
    """Return the distinct values, their first indices, the inverse and the counts.

    >>> ag.unique_all(np.array([2.0, 1.0, 2.0])).indices
    array([1, 0])
    """
    kind = type(np.unique_all(np.zeros(1)))
    return kind(*unique(x, True, True, True, equal_nan=False))


@implements(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    """Return the distinct values of two arrays, in order.

    >>> ag.union1d(np.array([1.0, 3.0]), np.array([2.0, 3.0]))
    array([1., 2., 3.])
    """
    return unique(concatenate([as_array(ar1), as_array(ar2)], None))


@implements(np.intersect1d)
def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    """Return the values that two arrays share, read from the first.

    >>> ag.intersect1d(np.array([1.0, 3.0]), np.array([3.0, 2.0]))
    array([3.])
    """
    first = ravel(as_array(ar1))
    _, i, j = np.intersect1d(value_of(ar1), value_of(ar2), assume_unique, return_indices=True)
    found = getitem(first, i)
    return (found, i, j) if return_indices else found


@implements(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """Return the distinct values of the first array that are not in the second.

    >>> ag.setdiff1d(np.array([1.0, 3.0]), np.array([3.0]))
    array([1.])
    """
    kept = ravel(as_array(ar1)) if assume_unique else unique(ar1)
    return kept[np.isin(value_of(kept), value_of(ar2), invert=True)]


@implements(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """Return the values that are in one of two arrays only, in order.

    >>> ag.setxor1d(np.array([1.0, 3.0]), np.array([3.0, 2.0]))
    array([1., 2.])
    """
    if not assume_unique:
        ar1, ar2 = unique(ar1), unique(ar2)
    values, counts = unique(concatenate([as_array(ar1), as_array(ar2)], None), return_counts=True)
    return values[counts == 1]


# --- selection -----------------------------------------------------------------------------------


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """Read the elements where ``condition`` holds, as a flat array.

    >>> ag.extract([True, False], np.array([1.0, 2.0]))
    array([1.])
    """
    return getitem(ravel(as_array(arr)), np.flatnonzero(value_of(condition)))


@implements(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    """Keep the slices along ``axis`` for which ``condition`` holds.

    >>> ag.compress([False, True], np.array([1.0, 2.0]))
    array([2.])
    """
    refuse_out("compress", out)
    return take(as_array(a), np.flatnonzero(value_of(condition)), axis)


@implements(np.choose)
def choose(a: Any, choices: Sequence[Any], out: Any = None, mode: str = "raise") -> Any:
    """Read from ``choices[a]`` at each place; ``a`` holds integers.

    >>> ag.choose(np.array([1, 0]), [np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    array([3., 2.])
    """
    refuse_out("choose", out)
    if is_node(a):
        raise TypeError("choose: the first argument must be integers, got a Tensor")
    parts = [as_array(c) for c in choices]
    return moved_together(lambda *positions: np.choose(a, positions, mode=mode), parts)  # type: ignore[call-overload]


@implements(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """Read from the first choice whose condition holds, else ``default``.

    >>> ag.select([np.array([True, False])], [np.array([1.0, 2.0])], 9.0)
    array([1., 9.])
    """
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(
            f"select: expected as many choices as conditions and at least one, got {len(choicelist)} "
            f"and {len(condlist)}"
        )
    for k, condition in enumerate(condlist):
        if np.asarray(value_of(condition)).dtype != bool:
            raise TypeError(f"select: condition {k} must be booleans; compare, as in x > 0")
    found = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        found = where(condition, choice, found)
    return found


@implements(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """Apply to the elements where each condition holds a function, or put a number there.

    The last condition that holds wins; one more function than conditions serves the rest.

    >>> ag.piecewise(np.array([-1.0, 2.0]), [np.array([True, False])], [lambda x: -x, lambda x: x * x])
    array([1., 4.])
    """
    x = as_array(x)
    if isinstance(condlist, (bool, np.bool_)) or np.ndim(condlist) == (x.ndim if x.ndim else -1):
        condlist = [condlist]
    conditions = [np.broadcast_to(np.asarray(value_of(c), bool), x.shape) for c in condlist]
    if len(funclist) == len(conditions) + 1:
        conditions.append(~np.any(conditions, axis=0))
    if len(funclist) != len(conditions):
        raise ValueError(
            f"piecewise: {len(conditions)} conditions need as many functions, or one more; got "
            f"{len(funclist)}"
        )
    out = np.zeros(x.shape, x.dtype)
    for condition, f in zip(conditions, funclist, strict=True):
        value = f(x[condition], *args, **kw) if callable(f) else f
        part = scatter_add(value, condition, x.shape, x.dtype)
        out = where(condition, part, out)
    return out


@implements(np.put_along_axis)
def _no_put_along_axis(*args: Any, **kwargs: Any) -> Any:
    raise TypeError(
        "numpy.put_along_axis writes into its first argument, which the graph may need; "
        "ag.put_along_axis returns a new array"
    )


def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> Any:
    """Return ``arr`` with ``values`` at the places that ``indices`` name along ``axis``.

    Unlike ``numpy.put_along_axis`` it leaves ``arr`` as it is. Where a place is named twice the last
    value wins.

    >>> ag.put_along_axis(np.array([1.0, 2.0]), np.array([0]), 9.0, 0)
    array([9., 2.])
    """
    arr, values = as_array(arr), as_array(values)
    if arr.dtype.kind in "fc":
        values = astype(values, arr.dtype)
    indices = np.asarray(indices)

    def put(a: np.ndarray, v: np.ndarray) -> np.ndarray:
        a = a.copy()
        np.put_along_axis(a, indices, v, axis)
        return a

    return moved_together(put, [arr, values])


def topk(x: Any, k: int, axis: int = -1) -> tuple[Any, np.ndarray]:
    """Return the ``k`` largest elements along ``axis``, largest first, and their indices.

    Elements that tie share the gradient.

    >>> ag.topk(np.array([1.0, 3.0, 2.0]), 2)[0]
    array([3., 2.])
    """
    x = as_array(x)
    if not 0 <= k <= x.shape[axis]:
        raise ValueError(f"topk: k must be between 0 and {x.shape[axis]}, got {k}")
    order = np.flip(np.argsort(value_of(x), axis, kind="stable"), axis)
    index = np.take(order, np.arange(k), axis)
    return take(flip(sort(x, axis), axis), np.arange(k), axis), index
