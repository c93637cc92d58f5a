"""Largest and smallest elements over axes; ties share the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import Primitive, implements, is_node, primitive
from ..._kernels import loops
from ..._runtime.threads import team
from ..elementwise.arithmetic import sign
from ..elementwise.limits import maximum, minimum
from ..elementwise.quotient import undefined_at
from ..shape.axes import Axis, as_array, in_order, refuse_out
from ..shape.where import where as choose_where
from .sums import elements_per_result, first_value, fitting_mask, restore_axes, sum

if TYPE_CHECKING:
    from ..._engine.signatures import Array, Extreme

__all__ = [
    "max",
    "min",
    "ptp",
]


def _extreme_vjp(g: Any, out: Any, x: Any, *, axis: Axis, keepdims: bool) -> Any:
    """Share the gradient evenly among the elements that attain the extreme."""
    if type(g) is type(x) is np.ndarray and not isinstance(axis, tuple) and x.ndim:
        flat, along = (x.reshape(-1), 0) if axis is None else (x, axis % x.ndim)
        found = loops.share_extreme(in_order(g), in_order(out), in_order(flat), along, team)
        if found is not None:
            return found.reshape(x.shape)
    best = restore_axes(out, x, axis, keepdims)
    hit = (x == best) | ((x != x) & (best != best))
    count = np.sum(hit, axis=axis, keepdims=True)
    wide = restore_axes(g, x, axis, keepdims)
    share = wide * (hit / np.maximum(count, 1)).astype(x.dtype)
    tied = hit & (count > 1)
    if not is_node(x) or not tied.any():
        return share
    parted = choose_where(tied & np.isfinite(x.array), sign(x - best), 0.0)  # 0 as long as they tie
    share = share * (1.0 + parted)
    return undefined_at(share, wide, x - best, tied, op="maximum")


_max = primitive(
    "max", lambda x, *, axis, keepdims: np.max(x, axis, keepdims=keepdims), (_extreme_vjp,)
)
_min = primitive(
    "min", lambda x, *, axis, keepdims: np.min(x, axis, keepdims=keepdims), (_extreme_vjp,)
)


def _limited(op: str, x: Any, out: Any, initial: Any, where: Any) -> Any:
    """``x`` with ``initial`` where ``where`` leaves elements out."""
    refuse_out(op, out)
    if initial is not None:
        first_value(op, as_array(x), initial)
    if where is None or where is True:
        return x
    if initial is None:
        raise ValueError(f"{op}: where= needs initial=, the result where nothing is included")
    return choose_where(fitting_mask(op, x, where), x, initial)


def _extreme(
    along: Primitive,
    of_two: Any,
    a: Any,
    axis: Axis,
    out: Any,
    keepdims: bool,
    initial: Any,
    where: Any,
) -> Any:
    """Reduce by ``along``, and count ``initial`` in by ``of_two``."""
    if out is not None or where is not None or initial is not None:
        a = _limited(along.name, a, out, initial, where)
    if initial is not None and not elements_per_result(a := as_array(a), axis):
        return sum(a, axis, keepdims=keepdims) + initial
    found = along(a, axis=axis, keepdims=keepdims)
    return found if initial is None else of_two(found, initial)


@implements(np.max, np.amax, np.maximum.reduce)
def max(
    a: Any,
    axis: Axis = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Extreme:
    """Take the largest element along ``axis``; elements that tie share the gradient.

    Nothing less than ``initial`` is returned. Of Scalars, ``ag.max(a, b)`` is the larger one.

    >>> ag.max(np.array([[1.0, 5.0], [2.0, 3.0]]), axis=1)
    array([5., 3.])
    """
    return _extreme(_max, maximum, a, axis, out, keepdims, initial, where)


@implements(np.min, np.amin, np.minimum.reduce)
def min(
    a: Any,
    axis: Axis = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Extreme:
    """Take the smallest element along ``axis``; elements that tie share the gradient.

    Nothing more than ``initial`` is returned.

    >>> ag.min(np.array([3.0, 1.0]))
    np.float64(1.0)
    """
    return _extreme(_min, minimum, a, axis, out, keepdims, initial, where)


@implements(np.ptp)
def ptp(a: Any, axis: Axis = None, out: Any = None, keepdims: bool = False) -> Array:
    """Subtract the smallest element along ``axis`` from the largest.

    >>> ag.ptp(np.array([3.0, 1.0, 7.0]))
    np.float64(6.0)
    """
    refuse_out("ptp", out)
    return max(a, axis, keepdims=keepdims) - min(a, axis, keepdims=keepdims)
