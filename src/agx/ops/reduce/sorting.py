"""Sorting; the gradient goes back to where an element came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import implements, is_node, of_arrays, primitive, value_of
from ..._engine.replay import stands_still
from ..._kernels.machine import threads_for
from ..._runtime.threads import split, team
from ..elementwise.quotient import undefined_slope
from ..shape.axes import as_array, moveaxis, one_axis, ravel
from ..shape.dtype import astype
from ..shape.index import take, take_along_axis
from ..shape.moves import flip

if TYPE_CHECKING:
    from ..._engine.signatures import Array, Ranked

__all__ = [
    "partition",
    "sort",
    "sort_complex",
    "topk",
]


#: What sorting costs for each element, in multiply-adds.
PER_COMPARISON = 64


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
        rough = _undecided(g, out, runs)
        if rough.any():
            g = g * (1.0 + undefined_slope(out, rough, (), "sort"))
        g = _shared(g, runs=runs)
    # Among equal elements, which share, any order will do; NaN differ from each other.
    ends_in_nan = ordered.size and np.isnan(ordered[..., -1]).any()
    order = _by_rows(
        lambda rows: np.argsort(rows, -1, "stable" if ends_in_nan else None), value_of(x), int
    )
    if type(g) is np.ndarray:
        back = np.empty_like(g)
        np.put_along_axis(back, order, g, -1)
        return back
    back = np.empty_like(order)
    np.put_along_axis(back, order, np.arange(order.shape[-1]), -1)
    return take_along_axis(g, back, -1)


def _by_rows(function: Any, x: np.ndarray, dtype: Any = None) -> np.ndarray:
    """Apply a function along the last axis, which threads share where it is long."""
    lines = x.size // x.shape[-1] if x.size else 0
    parts = threads_for(PER_COMPARISON * x.size, lines, team)
    if parts == 1:
        return function(x)
    rows = x.reshape(lines, -1)
    out = np.empty(rows.shape, dtype or x.dtype)

    def share(part: int, start: int, stop: int) -> None:
        out[start:stop] = function(rows[start:stop])

    split(share, lines, parts)
    return out.reshape(x.shape)


def _undecided(g: Any, out: Any, runs: np.ndarray) -> np.ndarray:
    """Where neighbours tie whose gradients are equal by chance: whether that cancels the kink is unknown."""
    rough = np.zeros(runs.shape, bool)
    if not is_node(g) or not is_node(out):
        return rough
    steps = [v[..., 1:] - v[..., :-1] for v in (g, out)]
    even = (runs[..., 1:] == runs[..., :-1]) & (value_of(steps[0]) == 0)
    if even.any():
        even &= ~(stands_still(steps[0]) | stands_still(steps[1]))
    rough[..., 1:] |= even
    rough[..., :-1] |= even
    return rough


#: Sorting along the last axis.
_sort = primitive("sort", lambda x: _by_rows(np.sort, np.asarray(x)), (_sort_vjp,))


@implements(np.sort)
def sort(
    a: Any,
    axis: int | None = -1,
    kind: str | None = None,
    order: Any = None,
    *,
    stable: bool | None = None,
) -> Array:
    """Sort along ``axis``, or the flattened array if it is None.

    >>> x = ag.Tensor([3.0, 1.0])
    >>> (ag.sort(x) * np.array([10.0, 20.0])).sum().backward()
    >>> x.grad
    array([20., 10.])
    """
    a = as_array(a)
    if order is not None:
        raise TypeError("sort: order= is for structured arrays, which have no gradient")
    numpys: Any = np.sort
    numpys(np.empty(0), kind=kind, stable=stable)  # to refuse a kind that there is not
    if axis is None:
        a, axis = ravel(a), -1
    axis = one_axis("sort", axis, a.ndim)
    return moveaxis(_sort(moveaxis(a, axis, -1)), -1, axis)


@implements(np.sort_complex)
def sort_complex(a: Any) -> Array:
    """Sort by the real part, then the imaginary part; the result is complex.

    >>> ag.sort_complex(np.array([2.0, 1.0]))
    array([1.+0.j, 2.+0.j])
    """
    a = as_array(a)
    return sort(astype(a, np.result_type(a.dtype, np.complex64)))


@implements(np.partition)
def partition(
    a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None
) -> Array:
    """Put the ``kth`` elements where sorting would, smaller ones before and larger ones after.

    >>> ag.partition(np.array([3.0, 1.0, 2.0]), 0)[0]
    np.float64(1.0)
    """
    a = as_array(a)
    if axis is None:
        a, axis = ravel(a), -1
    if not is_node(a):
        return np.partition(a, kth, axis, kind, order)  # type: ignore[call-overload]
    found = np.partition(a.value, kth, axis, kind, order)  # type: ignore[call-overload]
    ranks = np.argsort(np.argsort(found, axis, kind="stable"), axis, kind="stable")
    return take_along_axis(sort(a, axis), ranks, axis)


@of_arrays
def topk(x: Any, k: int, axis: int = -1) -> Ranked:
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
    return take(flip(sort(x, axis), axis), np.arange(k), axis), index  # type: ignore[return-value]
