"""Quantiles and medians."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..._engine.graph import implements, is_node, value_of
from ..complex import check_real
from ..shape.axes import as_array, holds_tensors, moveaxis, refuse_out, reshape
from ..shape.index import getitem
from ..shape.where import where
from .sorting import sort
from .sums import mean

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "median",
    "percentile",
    "quantile",
]


def axes_flattened(x: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
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
) -> Array:
    """Compute quantiles ``q`` in [0, 1] along ``axis``, by any of NumPy's methods.

    Elements that tie share the gradient. The result has the axes of ``q`` first; ``weights`` are
    constants, for the method "inverted_cdf".

    >>> ag.quantile(np.array([1.0, 2.0, 4.0]), 0.75)
    np.float64(3.0)
    """
    refuse_out("quantile", out)
    return quantile_by_rank("quantile", a, q, axis, method, keepdims, weights)


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
) -> Array:
    """Compute percentiles ``q`` in [0, 100] along ``axis``; see ``quantile``.

    >>> ag.percentile(np.array([1.0, 2.0, 4.0]), 75)
    np.float64(3.0)
    """
    refuse_out("percentile", out)
    check_constant("percentile", q=q)
    return quantile_by_rank(
        "percentile", a, np.true_divide(q, 100), axis, method, keepdims, weights
    )


def check_constant(op: str, **given: Any) -> None:
    """Raise TypeError if one of the arguments is a Tensor, or a list of Tensors."""
    for name, x in given.items():
        if is_node(x) or holds_tensors(x):
            raise TypeError(
                f"{op}: no gradient with respect to {name} is defined; pass a plain array"
            )


def quantile_by_rank(
    op: str, a: Any, q: Any, axis: Any, method: str, keepdims: bool, weights: Any
) -> Any:
    """Interpolate between neighbours in order: NumPy's quantile of the ranks says which and how far."""
    check_constant(op, q=q, weights=weights)
    a = as_array(a)
    if not op.endswith("median"):  # which NumPy has of complex numbers too
        check_real(op, a)
    rows, axes = axes_flattened(a, axis)
    plain = value_of(rows)
    if weights is not None:
        weights = np.asarray(weights)
        if weights.shape != a.shape:
            weights = weights.reshape([n if k in axes else 1 for k, n in enumerate(a.shape)])
        weights = np.broadcast_to(weights, a.shape)
        weights = np.asarray(axes_flattened(weights, axis)[0])
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
) -> Array:
    """Compute the median along ``axis``; elements that tie share the gradient.

    >>> ag.median(np.array([3.0, 1.0, 2.0]))
    np.float64(2.0)
    """
    refuse_out("median", out)
    a = as_array(a)
    if not a.size:
        return mean(a, axis, keepdims=keepdims)
    return quantile_by_rank("median", a, 0.5, axis, "linear", keepdims, None)
