"""Choosing and putting elements by conditions and indices; the gradient goes to what was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import implements, is_node, of_arrays, value_of
from .axes import as_array, ravel, refuse_out
from .dtype import astype
from .index import getitem, scatter_add, take
from .moves import moved_together
from .where import where

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "choose",
    "compress",
    "extract",
    "piecewise",
    "put_along_axis",
    "select",
]


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Array:
    """Read the elements where ``condition`` holds, as a flat array.

    >>> ag.extract([True, False], np.array([1.0, 2.0]))
    array([1.])
    """
    return getitem(ravel(as_array(arr)), np.flatnonzero(value_of(condition)))


@implements(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Array:
    """Keep the slices along ``axis`` for which ``condition`` holds.

    >>> ag.compress([False, True], np.array([1.0, 2.0]))
    array([2.])
    """
    refuse_out("compress", out)
    condition = np.asarray(value_of(condition))
    if condition.ndim != 1:
        raise ValueError(f"compress: expected a condition of one axis, got shape {condition.shape}")
    return take(as_array(a), np.flatnonzero(condition), axis)


@implements(np.choose)
def choose(a: Any, choices: Sequence[Any], out: Any = None, mode: str = "raise") -> Array:
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
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Array:
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
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Array:
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


@of_arrays
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> Array:
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
