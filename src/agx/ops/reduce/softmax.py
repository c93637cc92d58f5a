"""log-sum-exp and softmax, which do not overflow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..._engine.graph import implements, of_arrays, primitive
from ..._kernels import loops as _kernels
from ..._runtime.threads import team
from ..complex import real_only
from ..elementwise.exponential import exp, logaddexp
from ..shape.axes import Axis, as_array, in_order
from ..shape.dtype import cast
from ..shape.where import where as choose_where
from .sums import restore_axes

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "log_softmax",
    "logsumexp",
    "softmax",
]


def _rows(x: Any, axes: tuple[int, ...]) -> np.ndarray:
    """``x`` as a contiguous array of float32 or float64 whose last axis runs over ``axes``."""
    x = real_only("softmax and its relatives", x)
    x = x.astype(np.float32 if x.dtype.char == "f" else np.float64, copy=False)
    first = x.ndim - len(axes)
    x = np.moveaxis(x, axes, range(first, x.ndim))
    return in_order(x).reshape(*x.shape[:first], math.prod(x.shape[first:]))


def _is_last(x: Any, axis: Axis) -> bool:
    return axis == -1 or axis == np.ndim(x) - 1


def _along_rows(kernel: Callable[..., Any], x: Any, axis: Axis) -> np.ndarray:
    """Apply a kernel of rows to ``x`` along ``axis``; the result has the shape of ``x``."""
    if _is_last(x, axis) and (found := kernel(x, team)) is not None:
        return found
    shape = np.shape(x)
    axes = normalize_axis_tuple(range(len(shape)) if axis is None else axis, len(shape))
    rows = kernel(_rows(x, axes), team)
    rest = [n for a, n in enumerate(shape) if a not in axes]
    last = range(len(rest), len(shape))
    return np.moveaxis(rows.reshape([*rest, *(shape[a] for a in axes)]), last, axes)


def _logsumexp_value(x: Any, *, axis: Axis, keepdims: bool) -> np.ndarray:
    if not keepdims and _is_last(x, axis) and (found := _kernels.logsumexp(x, team)) is not None:
        return found
    shape = np.shape(x)
    axes = normalize_axis_tuple(range(len(shape)) if axis is None else axis, len(shape))
    out: Any = _kernels.logsumexp(_rows(x, axes), team)
    return out.reshape([1 if a in axes else n for a, n in enumerate(shape)]) if keepdims else out


def _logsumexp_vjp(g: Any, out: Any, x: Any, *, axis: Axis, keepdims: bool) -> Any:
    if _is_last(x, axis):
        found = _kernels.logsumexp_gradient(g, x, team)
        if found is not None:
            return found
    return restore_axes(g, x, axis, keepdims) * softmax(x, axis)


def _softmax_vjp(g: Any, out: Any, x: Any, *, axis: Axis) -> Any:
    found = _kernels.softmax_gradient(g, out, False, team) if _is_last(x, axis) else None
    return out * (g - (g * out).sum(axis=axis, keepdims=True)) if found is None else found


def _log_softmax_vjp(g: Any, out: Any, x: Any, *, axis: Axis) -> Any:
    found = _kernels.softmax_gradient(g, out, True, team) if _is_last(x, axis) else None
    return g - exp(out) * g.sum(axis=axis, keepdims=True) if found is None else found


_logsumexp = primitive("logsumexp", _logsumexp_value, (_logsumexp_vjp,), settled=True)
_softmax = primitive(
    "softmax",
    lambda x, *, axis: _along_rows(_kernels.softmax, x, axis),
    (_softmax_vjp,),
    settled=True,
)
_log_softmax = primitive(
    "log_softmax",
    lambda x, *, axis: _along_rows(_kernels.log_softmax, x, axis),
    (_log_softmax_vjp,),
    settled=True,
)


@of_arrays
def logsumexp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """Compute log(sum(exp(x))) along ``axis`` without overflow.

    Each slice is shifted by its largest element m: m + log(sum(exp(x - m))).

    >>> ag.logsumexp(np.array([1000.0, 1000.0]))
    array(1000.69314718)
    """
    return _logsumexp(x, axis=axis, keepdims=keepdims)


@implements(np.logaddexp.reduce)
def _logaddexp_reduce(
    x: Any, axis: Axis = 0, *, keepdims: bool = False, initial: Any = None, where: Any = None
) -> Any:
    kept = x if where is None else choose_where(where, x, -np.inf)
    out = logsumexp(kept, axis, keepdims=keepdims)
    return out if initial is None else logaddexp(out, cast(as_array(initial), out.dtype))


@of_arrays
def softmax(x: Any, axis: Axis = -1) -> Array:
    """Compute exp(x) / sum(exp(x)) along ``axis`` without overflow.

    >>> ag.softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    return _softmax(x, axis=axis)


@of_arrays
def log_softmax(x: Any, axis: Axis = -1) -> Array:
    """Compute x - logsumexp(x) along ``axis`` without overflow.

    >>> ag.log_softmax(np.array([0.0, -1000.0]))
    array([    0., -1000.])
    """
    return _log_softmax(x, axis=axis)
