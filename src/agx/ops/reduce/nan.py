"""Reductions that leave NaN out; a NaN gets no gradient."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import implements, value_of
from ..complex import conj, is_complex, real
from ..elementwise.arithmetic import sqrt
from ..shape.axes import Axis, as_array, is_constant_kind, moveaxis, refuse_out, reshape, stack
from ..shape.dtype import astype
from ..shape.where import where as choose_where
from .extremes import max, min
from .quantiles import axes_flattened, check_constant, quantile_by_rank
from .running import cumprod, cumsum
from .sums import degrees_lost, fitting_mask, prod, sum, whole_numbers
from .sums import mean as plain_mean

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmedian",
    "nanmin",
    "nanpercentile",
    "nanprod",
    "nanquantile",
    "nanstd",
    "nansum",
    "nanvar",
]


def _filled(op: str, a: Any, fill: float, dtype: Any = None, out: Any = None) -> tuple[Any, Any]:
    """``a`` with ``fill`` in place of NaN, and where it was not NaN."""
    refuse_out(op, out)
    a = as_array(a)
    if dtype is not None:
        a = astype(a, dtype)
    there = ~np.isnan(value_of(a))
    return (a if there.all() else choose_where(there, a, fill)), there


def _moments_kind(op: str, a: Any, dtype: Any) -> None:
    """Refuse to average floating numbers as integers, as NumPy does where NaN is left out."""
    if is_constant_kind(dtype) and as_array(a).dtype.kind in "fc":
        raise TypeError(f"{op}: dtype must be floating or complex, got {np.dtype(dtype)}")


def _both(there: np.ndarray, where: Any) -> Any:
    return there if where is None else there & np.asarray(where)


@implements(np.nansum)
def nansum(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Array:
    """Add the elements along ``axis`` that are not NaN.

    >>> ag.nansum(np.array([1.0, np.nan, 2.0]))
    np.float64(3.0)
    """
    if is_constant_kind(dtype):
        how = {"axis": axis, "keepdims": keepdims, "initial": initial, "where": where}
        return whole_numbers(np.nansum, a, dtype, out, **how)
    a, _ = _filled("nansum", a, 0.0, dtype, out)
    return sum(a, axis, keepdims=keepdims, initial=initial, where=where)


@implements(np.nanprod)
def nanprod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Array:
    """Multiply the elements along ``axis`` that are not NaN.

    >>> ag.nanprod(np.array([3.0, np.nan, 2.0]))
    np.float64(6.0)
    """
    if is_constant_kind(dtype):
        how = {"axis": axis, "keepdims": keepdims, "initial": initial, "where": where}
        return whole_numbers(np.nanprod, a, dtype, out, **how)
    a, _ = _filled("nanprod", a, 1.0, dtype, out)
    return prod(a, axis, keepdims=keepdims, initial=initial, where=where)


@implements(np.nancumsum)
def nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Array:
    """Add up the elements along ``axis``, NaN counting as 0.

    >>> ag.nancumsum(np.array([1.0, np.nan, 2.0]))
    array([1., 1., 3.])
    """
    if is_constant_kind(dtype):
        return whole_numbers(np.nancumsum, a, dtype, out, axis=axis)
    return cumsum(_filled("nancumsum", a, 0.0, dtype, out)[0], axis)


@implements(np.nancumprod)
def nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Array:
    """Multiply the elements along ``axis``, NaN counting as 1.

    >>> ag.nancumprod(np.array([3.0, np.nan, 2.0]))
    array([3., 3., 6.])
    """
    if is_constant_kind(dtype):
        return whole_numbers(np.nancumprod, a, dtype, out, axis=axis)
    return cumprod(_filled("nancumprod", a, 1.0, dtype, out)[0], axis)


def _count(there: Any, axis: Axis, keepdims: bool, message: str) -> Any:
    count = np.sum(there, axis=axis, keepdims=keepdims)
    if (count <= 0).any():
        warnings.warn(message, RuntimeWarning, stacklevel=4)
    return count


def _per_count(total: Any, count: Any) -> Any:
    """``total`` / ``count``, and NaN where nothing is counted."""
    return total / np.where(count <= 0, np.nan, count).astype(total.real.dtype)


@implements(np.nanmean)
def nanmean(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    *,
    where: Any = None,
) -> Array:
    """Average the elements along ``axis`` that are not NaN.

    >>> ag.nanmean(np.array([1.0, np.nan, 2.0]))
    np.float64(1.5)
    """
    _moments_kind("nanmean", a, dtype)
    a, there = _filled("nanmean", a, 0.0, dtype, out)
    there = _both(there, where if where is None else fitting_mask("nanmean", a, where))
    count = _count(there, axis, keepdims, "Mean of empty slice")
    return _per_count(sum(a, axis, keepdims=keepdims, where=where), count)


@implements(np.nanvar)
def nanvar(
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
    """Compute the variance along ``axis`` of the elements that are not NaN.

    >>> ag.nanvar(np.array([1.0, np.nan, 3.0]))
    np.float64(1.0)
    """
    ddof = degrees_lost("nanvar", ddof, correction)
    _moments_kind("nanvar", a, dtype)
    a, there = _filled("nanvar", a, 0.0, dtype, out)
    there = _both(there, where if where is None else fitting_mask("nanvar", a, where))
    if mean is not None and np.broadcast_shapes(a.shape, np.shape(mean)) != a.shape:
        raise ValueError(
            f"nanvar: mean= of shape {np.shape(mean)} does not broadcast to {a.shape}, that of the array"
        )
    if mean is None:
        number = np.maximum(np.sum(there, axis=axis, keepdims=True), 1)
        mean = sum(a, axis, keepdims=True, where=there) / number.astype(a.real.dtype)
    away = a - astype(as_array(mean), a.dtype)
    count = _count(there, axis, keepdims, "Degrees of freedom <= 0 for slice.") - ddof
    squares = real(away * conj(away)) if is_complex(away) else away * away
    return _per_count(sum(squares, axis, keepdims=keepdims, where=there), count)


@implements(np.nanstd)
def nanstd(
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
    """Compute the standard deviation along ``axis`` of the elements that are not NaN.

    >>> ag.nanstd(np.array([1.0, np.nan, 3.0]))
    array(1.)
    """
    ddof = degrees_lost("nanstd", ddof, correction)
    found = nanvar(a, axis, dtype, out, ddof, keepdims, where=where, mean=mean)
    still = found == 0
    return choose_where(still, 0.0, sqrt(choose_where(still, 1.0, found)))


def _extreme(
    op: str,
    reduce: Callable[..., Any],
    worst: float,
    a: Any,
    axis: Axis,
    out: Any,
    keepdims: bool,
    initial: Any,
    where: Any,
) -> Any:
    a, there = _filled(op, a, worst, None, out)
    if initial is not None and np.ndim(initial) == 0 and np.isnan(value_of(initial)):
        there, initial = _both(there, where), None  # NaN loses to any number.
        a, where = choose_where(there, a, worst), None
    found = reduce(a, axis, keepdims=keepdims, initial=initial, where=where)
    empty = ~np.any(_both(there, where), axis=axis, keepdims=keepdims)
    if not np.any(empty) or initial is not None:
        return found
    warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=3)
    return choose_where(empty, np.nan, found)


@implements(np.nanmax)
def nanmax(
    a: Any,
    axis: Axis = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Array:
    """Take the largest element along ``axis`` that is not NaN; elements that tie share the gradient.

    >>> ag.nanmax(np.array([1.0, np.nan, 2.0]))
    np.float64(2.0)
    """
    return _extreme("nanmax", max, -np.inf, a, axis, out, keepdims, initial, where)


@implements(np.nanmin)
def nanmin(
    a: Any,
    axis: Axis = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Array:
    """Take the smallest element along ``axis`` that is not NaN; elements that tie share the gradient.

    >>> ag.nanmin(np.array([1.0, np.nan, 2.0]))
    np.float64(1.0)
    """
    return _extreme("nanmin", min, np.inf, a, axis, out, keepdims, initial, where)


def _nan_quantile(
    op: str, a: Any, q: Any, axis: Axis, method: str, keepdims: bool, weights: Any
) -> Any:
    """The quantile of each row without its NaN."""
    a = as_array(a)
    if not np.isnan(value_of(a)).any():
        return quantile_by_rank(op, a, q, axis, method, keepdims, weights)
    check_constant(op, weights=weights)
    if weights is not None:
        weights = np.broadcast_to(weights, a.shape)
    rows, axes = axes_flattened(a, axis)
    kept = rows.shape[:-1]
    flat = reshape(rows, (-1, rows.shape[-1]))
    heavy = None
    if weights is not None:
        heavy = np.asarray(axes_flattened(weights, axis)[0]).reshape(flat.shape)
    found = []
    for k in range(flat.shape[0]):
        there = ~np.isnan(value_of(flat)[k])
        if not there.any():
            warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=3)
            found.append(np.full(np.shape(q), np.nan, a.dtype))
            continue
        part = None if heavy is None else heavy[k][there]
        found.append(as_array(quantile_by_rank(op, flat[k][there], q, None, method, False, part)))
    out = moveaxis(stack(found), 0, -1)
    shape = [1 if k in axes else n for k, n in enumerate(a.shape)] if keepdims else list(kept)
    out = reshape(out, (*np.shape(q), *shape))
    return out[()] if isinstance(out, np.ndarray) else out


@implements(np.nanquantile)
def nanquantile(
    a: Any,
    q: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Array:
    """Compute quantiles along ``axis`` of the elements that are not NaN.

    >>> ag.nanquantile(np.array([1.0, np.nan, 3.0]), 0.5)
    np.float64(2.0)
    """
    refuse_out("nanquantile", out)
    return _nan_quantile("nanquantile", a, q, axis, method, keepdims, weights)


@implements(np.nanpercentile)
def nanpercentile(
    a: Any,
    q: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Array:
    """Compute percentiles along ``axis`` of the elements that are not NaN.

    >>> ag.nanpercentile(np.array([1.0, np.nan, 3.0]), 50)
    np.float64(2.0)
    """
    refuse_out("nanpercentile", out)
    check_constant("nanpercentile", q=q)
    return _nan_quantile(
        "nanpercentile", a, np.true_divide(q, 100), axis, method, keepdims, weights
    )


@implements(np.nanmedian)
def nanmedian(
    a: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
) -> Array:
    """Compute the median along ``axis`` of the elements that are not NaN.

    >>> ag.nanmedian(np.array([1.0, np.nan, 3.0]))
    np.float64(2.0)
    """
    refuse_out("nanmedian", out)
    a = as_array(a)
    if not a.size:
        return plain_mean(a, axis, keepdims=keepdims)
    return _nan_quantile("nanmedian", a, 0.5, axis, "linear", keepdims, None)
