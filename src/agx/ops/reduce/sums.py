"""Sums, means, variances and products over axes."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..._engine.graph import implements, primitive, value_of
from ..._kernels import loops
from ..._kernels.graph import spread
from ..._runtime.threads import team
from ..complex import conj, is_complex, real
from ..elementwise.quotient import smooth_at_zero
from ..shape.axes import (
    Axis,
    as_array,
    broadcast_to,
    concatenate,
    expand_dims,
    is_constant_kind,
    listed,
    moveaxis,
    refuse_out,
    reshape,
    transpose,
)
from ..shape.dtype import astype
from ..shape.moves import flip
from ..shape.where import where as choose_where

if TYPE_CHECKING:
    from ..._engine.signatures import Array, Total, Varying

__all__ = [
    "average",
    "mean",
    "prod",
    "std",
    "sum",
    "var",
]


def restore_axes(r: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Give a reduced array its lost axes back, with length 1."""
    if keepdims or x.ndim == 0:
        return r
    if axis is None:
        return reshape(r, (1,) * x.ndim)
    if isinstance(axis, int):
        return expand_dims(r, axis)
    return expand_dims(r, normalize_axis_tuple(axis, x.ndim))


def elements_per_result(x: Any, axis: Axis) -> int:
    """How many elements of ``x`` go into each element of the result."""
    if axis is None:
        return math.prod(x.shape)
    return math.prod(x.shape[a] for a in normalize_axis_tuple(axis, x.ndim))


def _prepared(op: str, x: Any, dtype: Any, out: Any, where: Any, fill: Any) -> Any:
    """``x`` as ``dtype``, with ``fill`` where NumPy's ``where=`` leaves elements out."""
    refuse_out(op, out)
    if dtype is not None:
        x = astype(x, dtype)
    return x if where is None else choose_where(fitting_mask(op, x, where), x, fill)


def fitting_mask(op: str, x: Any, where: Any) -> Any:
    """``where``, if it broadcasts to the shape of ``x``."""
    if np.asarray(value_of(where)).dtype != bool:
        raise TypeError(f"{op}: where= must be booleans, such as x > 0, got {describe_kind(where)}")
    shape, mask = np.shape(x), np.shape(where)
    if np.broadcast_shapes(shape, mask) != shape:
        raise ValueError(
            f"{op}: where= of shape {mask} does not broadcast to {shape}, that of the array"
        )
    return where


def whole_numbers(function: Any, a: Any, dtype: Any, out: Any, **how: Any) -> Any:
    """What NumPy computes in a dtype of integers or truth values; it is constant."""
    refuse_out(function.__name__, out)
    given = {k: value_of(v) for k, v in how.items() if v is not None or k == "axis"}
    return function(value_of(as_array(a)), dtype=dtype, **given)


def describe_kind(x: Any) -> str:
    """The dtype of an array, the type of anything else."""
    dtype = getattr(x, "dtype", None)
    return f"{type(x).__name__}" if dtype is None else f"dtype {dtype}"


def first_value(op: str, x: Any, initial: Any) -> Any:
    """``initial``, if it is one number that goes with the elements of ``x``."""
    if np.ndim(initial):
        raise ValueError(f"{op}: initial= must be one number, got shape {np.shape(initial)}")
    if is_complex(initial) and not is_complex(x):
        raise TypeError(f"{op}: initial= is complex and the array real; pass a real number")
    return initial


def degrees_lost(op: str, ddof: float, correction: float | None) -> float:
    """``ddof`` by either of its names."""
    if correction is None:
        return ddof
    if ddof:
        raise ValueError(f"{op}: ddof= and correction= are two names of one thing; pass one")
    return correction


def _counted(x: Any, axis: Axis, where: Any, keepdims: bool) -> Any:
    """How many elements ``where`` lets into each element of the result."""
    chosen = np.broadcast_to(np.asarray(where), x.shape)
    return np.sum(chosen, axis=axis, keepdims=keepdims, dtype=x.real.dtype)


# --- sums and moments ----------------------------------------------------------------------------


def _sum_stack(i: int, g: Any, out: Any, x: Any, *, axis: Axis, keepdims: bool) -> Any:
    kept = np.add.reduce(np.empty(x.shape, bool), axis, keepdims=True).shape
    return np.broadcast_to(g.reshape(len(g), *kept), (len(g), *x.shape))


def _over_axes(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """What each element of a sum gets of its gradient."""
    if isinstance(g, np.generic):
        g = np.asarray(g)
    if axis is None and type(g) is np.ndarray:
        return spread(g, x.shape)
    g = restore_axes(g, x, axis, keepdims)
    return spread(g, x.shape) if type(g) is np.ndarray else broadcast_to(g, x.shape)


#: Elements from which sums are worth a kernel that shares them out to threads, and numbers of a line that
#: are worth one that adds in lanes.
_MANY, _LONG = 1 << 15, 256


def _sum_value(x: Any, *, axis: Axis, keepdims: bool) -> Any:
    if isinstance(axis, int) and x.size >= _MANY and x.ndim > 1:
        along = axis % x.ndim
        if along < x.ndim - 1 or x.shape[-1] >= _LONG:
            found = loops.sums(x, along, team)
            if found is not None:
                kept = (1,) if keepdims else ()
                return found.reshape((*x.shape[:along], *kept, *x.shape[along + 1 :]))
    return np.add.reduce(x, axis, keepdims=keepdims)  # type: ignore[call-overload]


_sum = primitive(
    "sum",
    _sum_value,
    (lambda g, out, x, *, axis, keepdims: _over_axes(g, x, axis, keepdims),),
    stacked=_sum_stack,
    keeps_zeros=True,
)


def _mean_value(x: Any, *, axis: Axis, keepdims: bool) -> Any:
    """``numpy.mean``, whose steps these are for floats of at least four bytes, but for no elements."""
    n = elements_per_result(x, axis) if type(x) is np.ndarray and x.dtype.char in "fdFD" else 0
    if not 0 < n < 1 << 24:
        return np.mean(x, axis, keepdims=keepdims)
    return _sum_value(x, axis=axis, keepdims=keepdims) / n


_mean = primitive(
    "mean",
    _mean_value,
    (
        lambda g, out, x, *, axis, keepdims: _over_axes(
            g / elements_per_result(x, axis), x, axis, keepdims
        ),
    ),
    stacked=lambda i, g, out, x, **how: (
        _sum_stack(i, g, out, x, **how) * (out.size / max(x.size, 1))
    ),
)


def _per_degree(x: Any, axis: Axis, ddof: float) -> float:
    """1 / (n - ddof), and infinite where NumPy divides by zero."""
    spare = elements_per_result(x, axis) - ddof
    return 1 / spare if spare > 0 else math.inf


def _var_vjp(g: Any, out: Any, x: Any, *, axis: Axis, keepdims: bool, ddof: float) -> Any:
    scale = 2 * _per_degree(x, axis, ddof)
    return restore_axes(g, x, axis, keepdims) * conj(x - mean(x, axis, keepdims=True)) * scale


def _std_vjp(g: Any, out: Any, x: Any, *, axis: Axis, keepdims: bool, ddof: float) -> Any:
    """(x - mean) / (n - ddof) / std, and 0 where the standard deviation is 0."""
    wide = functools.partial(restore_axes, x=x, axis=axis, keepdims=keepdims)
    none = out == 0
    away = conj(x - mean(x, axis, keepdims=True)) * _per_degree(x, axis, ddof)
    every = tuple(range(x.ndim)) if axis is None else axis
    ratio = away / wide(choose_where(none, 1.0, out))
    share = wide(g) * choose_where(wide(none), 0.0, ratio)
    return smooth_at_zero(share, g, out, x, lambda q: wide(q) * away, wide, op="std", axis=every)


_var = primitive(
    "var",
    lambda x, *, axis, keepdims, ddof: np.var(x, axis, keepdims=keepdims, ddof=ddof),
    (_var_vjp,),
)


def _std_value(x: np.ndarray, *, axis: Axis, keepdims: bool, ddof: float) -> Any:
    """NumPy's, from scaled numbers where the squares have left the range of floats."""
    with np.errstate(over="ignore", under="ignore"):
        out = np.std(x, axis, keepdims=keepdims, ddof=ddof)
        limits = np.finfo(out.dtype)
        least = np.sqrt(limits.tiny / limits.eps)
        lost = ~((out > least) & (out < 1 / least))
        if not lost.any() or not x.size:
            return out
        size = np.max(np.abs(x - np.mean(x, axis, keepdims=True)), axis, keepdims=True)
        unit = np.where((size > 0) & np.isfinite(size), size, np.ones_like(size))
        again = np.std(x / unit, axis, keepdims=True, ddof=ddof) * unit
    return np.where(lost, again.reshape(np.shape(out)), out)[()]


_std = primitive("std", _std_value, (_std_vjp,))


@implements(np.sum, np.add.reduce)
def sum(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Total:
    """Add the elements along ``axis``: one axis, a tuple of axes, or all of them.

    ``initial`` is added, elements where ``where`` is False are left out; ``out`` is refused.

    >>> ag.sum(np.ones((2, 3)), axis=0)
    array([2., 2., 2.])
    """
    if dtype is not None or out is not None or where is not None:
        if is_constant_kind(dtype):
            how = {"axis": axis, "keepdims": keepdims, "initial": initial, "where": where}
            return whole_numbers(np.sum, a, dtype, out, **how)
        a = _prepared("sum", a, dtype, out, where, 0)
    total = _sum(a, axis=axis, keepdims=keepdims)
    return total if initial is None else total + first_value("sum", total, listed(initial))


@implements(np.mean)
def mean(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    *,
    where: Any = None,
) -> Total:
    """Average the elements along ``axis``; those where ``where`` is False do not count.

    >>> ag.mean(np.array([1.0, 2.0, 6.0]))
    np.float64(3.0)
    """
    if dtype is not None or out is not None or where is not None:
        if is_constant_kind(dtype):
            return whole_numbers(np.mean, a, dtype, out, axis=axis, keepdims=keepdims, where=where)
        a = _prepared("mean", a, dtype, out, where, 0)
        if where is not None:
            return sum(a, axis, keepdims=keepdims) / _counted(a, axis, where, keepdims)
    return _mean(a, axis=axis, keepdims=keepdims)


@implements(np.var)
def var(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = None,
    mean: Any = None,
    correction: float | None = None,
) -> Array:
    """Average the squared distance from the mean; ``ddof`` is taken off the number of elements.

    ``mean`` is the mean if it is known, of the shape that ``keepdims=True`` gives; ``correction`` is
    another name for ``ddof``.

    >>> ag.var(np.array([1.0, 3.0]))
    np.float64(1.0)
    """
    ddof = degrees_lost("var", ddof, correction)
    if is_constant_kind(dtype):
        how = {"axis": axis, "ddof": ddof, "keepdims": keepdims, "where": where, "mean": mean}
        return whole_numbers(np.var, a, dtype, out, **how)
    if dtype is not None or out is not None:
        a = _prepared("var", a, dtype, out, None, 0)
    if where is None and mean is None:
        return _var(a, axis=axis, keepdims=keepdims, ddof=ddof)
    a, mean, included = as_array(a), listed(mean), True if where is None else where
    if mean is not None and np.broadcast_shapes(a.shape, np.shape(mean)) != a.shape:
        raise ValueError(
            f"var: mean= of shape {np.shape(mean)} does not broadcast to {a.shape}, that of the array"
        )
    if mean is None:
        total = sum(a, axis, keepdims=True, where=included)
        mean = total / _counted(a, axis, included, True)
    away = a - mean
    squares = away * away if not is_complex(away) else real(away * conj(away))
    count = np.maximum(_counted(a, axis, included, keepdims) - ddof, 0)
    return sum(squares, axis, keepdims=keepdims, where=where) / count


@implements(np.std)
def std(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = None,
    mean: Any = None,
    correction: float | None = None,
) -> Array:
    """Take the square root of the variance; its gradient is 0 where it is 0.

    >>> ag.std(np.array([1.0, 3.0]))
    np.float64(1.0)
    """
    ddof = degrees_lost("std", ddof, correction)
    if is_constant_kind(dtype):
        how = {"axis": axis, "ddof": ddof, "keepdims": keepdims, "where": where, "mean": mean}
        return whole_numbers(np.std, a, dtype, out, **how)
    if dtype is not None or out is not None:
        a = _prepared("std", a, dtype, out, None, 0)
    if where is None and mean is None:
        return _std(a, axis=axis, keepdims=keepdims, ddof=ddof)
    return root_mean_square(var(a, axis, ddof=ddof, keepdims=keepdims, where=where, mean=mean))


def _root_vjp(g: Any, out: Any, x: Any) -> Any:
    still = value_of(out) == 0
    share = choose_where(still, 0.0, g * 0.5 / choose_where(still, 1.0, out))
    return smooth_at_zero(share, g, out, x, lambda q: q * 0.5, op="std")


#: The square root of a mean of squares; its gradient at 0 is 0, as that of any length.
root_mean_square = primitive(
    "root_mean_square",
    lambda x: np.sqrt(x),
    (_root_vjp,),
    elementwise=True,
    derivative="1 / (2 * sqrt(x))",
)


# --- products ------------------------------------------------------------------------------------


def _running_product(x: Any) -> Any:
    """The product of all elements before each one along axis 0, by repeated doubling."""
    out = concatenate([np.ones((1, *x.shape[1:])), x[:-1]])
    step = 1
    while step < x.shape[0]:
        out = concatenate([out[:step], out[step:] * out[:-step]])
        step *= 2
    return out


def _prod_vjp(g: Any, out: Any, x: Any, *, axis: Axis, keepdims: bool) -> Any:
    """Multiply by the product of the *other* elements, which is exact when some are zero."""
    if not x.ndim or not x.size:
        return g if not x.ndim else restore_axes(g, x, axis, keepdims) * x
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    front = moveaxis(x, axes, tuple(range(len(axes))))
    flat = reshape(front, (elements_per_result(x, axes), -1))
    others = _running_product(flat) * flip(_running_product(flip(flat, 0)), 0)
    others = moveaxis(reshape(others, front.shape), tuple(range(len(axes))), axes)
    return restore_axes(g, x, axis, keepdims) * others


_prod = primitive(
    "prod", lambda x, *, axis, keepdims: np.prod(x, axis, keepdims=keepdims), (_prod_vjp,)
)


@implements(np.prod, np.multiply.reduce)
def prod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Total:
    """Multiply the elements along ``axis``, and ``initial``.

    >>> x = ag.Tensor([2.0, 0.0, 3.0])
    >>> ag.prod(x).backward()
    >>> x.grad
    array([0., 6., 0.])
    """
    if dtype is not None or out is not None or where is not None:
        if is_constant_kind(dtype):
            how = {"axis": axis, "keepdims": keepdims, "initial": initial, "where": where}
            return whole_numbers(np.prod, a, dtype, out, **how)
        a = _prepared("prod", a, dtype, out, where, 1)
    product = _prod(a, axis=axis, keepdims=keepdims)
    return product if initial is None else product * first_value("prod", product, listed(initial))


@implements(np.average)
def average(
    a: Any,
    axis: Axis = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Varying:
    """Average with ``weights``, of the shape of ``a`` or of the averaged axes.

    With ``returned`` the sum of the weights comes too. Raises ZeroDivisionError if it is zero.

    >>> ag.average(np.array([1.0, 4.0]), weights=[2.0, 1.0])
    np.float64(2.0)
    """
    a = as_array(a)
    if weights is None:
        found = mean(a, axis, keepdims=keepdims)
        total = np.full(np.shape(found), elements_per_result(a, axis), found.dtype)
        return (found, total) if returned else found  # type: ignore[return-value]
    weights = as_array(weights)
    if weights.shape != a.shape:
        if axis is None:
            raise TypeError(
                f"average: weights of shape {weights.shape} for an array of shape {a.shape} need axis="
            )
        axes = normalize_axis_tuple(axis, a.ndim)
        if weights.shape != tuple(a.shape[k] for k in axes):
            raise ValueError(
                f"average: expected weights of shape {tuple(a.shape[k] for k in axes)}, the axes that "
                f"are averaged, got {weights.shape}"
            )
        order = sorted(range(len(axes)), key=axes.__getitem__)
        shape = [n if k in axes else 1 for k, n in enumerate(a.shape)]
        weights = reshape(transpose(weights, order), shape)
    weights = broadcast_to(weights, a.shape)
    total = sum(weights, axis, keepdims=keepdims)
    if np.any(value_of(total) == 0):
        raise ZeroDivisionError("average: weights sum to zero")
    found = sum(a * weights, axis, keepdims=keepdims) / total
    return (found, total) if returned else found  # type: ignore[return-value]
