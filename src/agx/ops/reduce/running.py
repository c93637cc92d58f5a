"""Running sums and products, differences, integrals and jumps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..._engine.graph import implements, primitive, value_of
from ..._engine.sizes import count
from ..._kernels import loops
from ..._kernels.graph import all_finite
from ..._runtime.threads import team
from ..shape.axes import (
    as_array,
    broadcast_to,
    concatenate,
    in_order,
    is_constant_kind,
    moveaxis,
    one_axis,
    refuse_out,
    reshape,
)
from ..shape.dtype import astype
from ..shape.moves import flip
from ..shape.where import where
from .sums import sum, whole_numbers

if TYPE_CHECKING:
    from ..._engine.signatures import Array, Varying

__all__ = [
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
    "diff",
    "ediff1d",
    "gradient",
    "trapezoid",
    "unwrap",
]


def _along(x: Any, axis: int, *parts: slice | int) -> Any:
    """``x`` indexed along one axis, for each part."""
    index: list[Any] = [slice(None)] * x.ndim
    found = []
    for part in parts:
        index[axis] = part
        found.append(x[tuple(index)])
    return found if len(parts) > 1 else found[0]


def _line(op: str, x: Any, axis: int | None, dtype: Any, out: Any) -> tuple[Any, int]:
    """``x`` and the axis to run along: flattened if none is named."""
    refuse_out(op, out)
    x = as_array(x)
    if dtype is not None:
        x = astype(x, dtype)
    if axis is None:
        return reshape(x, -1), 0
    return (x if x.ndim else reshape(x, 1)), one_axis(op, axis, x.ndim or 1)


# --- sums ----------------------------------------------------------------------------------------


def _cumsum_value(x: Any, *, axis: int) -> np.ndarray:
    found = loops.cumulate(x, axis, False, False, team)
    return np.cumsum(x, axis) if found is None else found


def _cumsum_vjp(g: Any, out: Any, x: Any, *, axis: int) -> Any:
    if (
        type(g) is np.ndarray
        and (found := loops.cumulate(in_order(g), axis, False, True, team)) is not None
    ):
        return found
    return flip(cumsum(flip(g, axis), axis), axis)


_cumsum = primitive("cumsum", _cumsum_value, (_cumsum_vjp,))


@implements(np.cumsum, np.add.accumulate)
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Array:
    """Add up the elements from the first to each one, along ``axis`` or of the flattened array.

    >>> ag.cumsum(np.array([1.0, 2.0, 3.0]))
    array([1., 3., 6.])
    """
    if is_constant_kind(dtype):
        return whole_numbers(np.cumsum, a, dtype, out, axis=axis)
    a, axis = _line("cumsum", a, axis, dtype, out)
    return _cumsum(a, axis=axis)


# --- products ------------------------------------------------------------------------------------


def _recurrence_value(g: Any, a: Any) -> np.ndarray:
    """y[i] = g[i] + a[i] y[i+1], from the last to the first along axis 0."""
    out = np.array(np.broadcast_to(g, np.broadcast_shapes(np.shape(g), np.shape(a))), copy=True)
    out = out.astype(np.result_type(g, a), copy=False)
    for i in range(len(out) - 2, -1, -1):
        out[i] += np.where(out[i + 1] == 0, 0, a[i] * out[i + 1])  # though a[i] be infinite
    return out


def _recurrence_transposed(g: Any, a: Any) -> Any:
    """The transpose in its first argument: y[i] = g[i] + a[i-1] y[i-1]."""
    shifted = concatenate([a[-1:], a[:-1]])
    return flip(_recurrence(flip(g, 0), flip(shifted, 0)), 0)


def _recurrence_factor(g: Any, out: Any, x: Any, a: Any) -> Any:
    following = concatenate([out[1:], np.zeros((1, *out.shape[1:]), out.dtype)])
    return _recurrence_transposed(g, a) * following


_recurrence = primitive(
    "recurrence",
    _recurrence_value,
    (lambda g, out, x, a: _recurrence_transposed(g, a), _recurrence_factor),
)


def _cumprod_vjp(g: Any, out: Any, x: Any, *, axis: int) -> Any:
    """What comes before each element times a recurrence over what follows: exact with zeros."""
    if type(g) is type(x) is np.ndarray and all_finite(out):
        found = loops.product_gradient(in_order(g), in_order(out), in_order(x), axis, team)
        if found is not None:
            return found
    g, x = moveaxis(g, axis, 0), moveaxis(x, axis, 0)
    if not x.shape[0]:
        return moveaxis(g, 0, axis)
    one = np.ones((1, *x.shape[1:]), x.dtype)
    before = concatenate([one, cumprod(x[:-1], 0)])
    after = _recurrence(g, concatenate([x[1:], one]))
    if not np.isfinite(value_of(before)).all():
        after = where(value_of(after) == 0, 0.0, after)
        before = where(value_of(after) == 0, 1.0, before)
    return moveaxis(before * after, 0, axis)


def _cumprod_value(x: Any, *, axis: int) -> np.ndarray:
    found = loops.cumulate(x, axis, True, False, team)
    return np.cumprod(x, axis) if found is None else found


_cumprod = primitive("cumprod", _cumprod_value, (_cumprod_vjp,))


@implements(np.cumprod, np.multiply.accumulate)
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Array:
    """Multiply the elements from the first to each one; gradients are exact where some are zero.

    >>> x = ag.Tensor([2.0, 0.0, 3.0])
    >>> ag.cumprod(x).sum().backward()
    >>> x.grad
    array([1., 8., 0.])
    """
    if is_constant_kind(dtype):
        return whole_numbers(np.cumprod, a, dtype, out, axis=axis)
    a, axis = _line("cumprod", a, axis, dtype, out)
    return _cumprod(a, axis=axis)


def _with_first(op: str, found: Any, axis: int, include_initial: bool, first: float) -> Any:
    if not include_initial:
        return found
    shape = list(found.shape)
    shape[axis] = 1
    return concatenate([np.full(shape, first, found.dtype), found], axis)


def _only_axis(op: str, x: Any, axis: int | None) -> tuple[Any, int]:
    """``x`` with at least one axis, and the one to run along."""
    x = as_array(x)
    if axis is None and x.ndim > 1:
        raise ValueError(f"{op}: an array of {x.ndim} axes needs axis=; pass the one to run along")
    axis = 0 if axis is None else one_axis(op, axis, x.ndim or 1)
    return x if x.ndim else reshape(x, 1), axis


@implements(getattr(np, "cumulative_sum", None))
def cumulative_sum(
    x: Any,
    /,
    *,
    axis: int | None = None,
    dtype: Any = None,
    out: Any = None,
    include_initial: bool = False,
) -> Array:
    """Add up the elements along ``axis``, starting with 0 if ``include_initial``.

    >>> ag.cumulative_sum(np.array([1.0, 2.0]), include_initial=True)
    array([0., 1., 3.])
    """
    x, axis = _only_axis("cumulative_sum", x, axis)
    return _with_first("cumulative_sum", cumsum(x, axis, dtype, out), axis, include_initial, 0)


@implements(getattr(np, "cumulative_prod", None))
def cumulative_prod(
    x: Any,
    /,
    *,
    axis: int | None = None,
    dtype: Any = None,
    out: Any = None,
    include_initial: bool = False,
) -> Array:
    """Multiply the elements along ``axis``, starting with 1 if ``include_initial``.

    >>> ag.cumulative_prod(np.array([2.0, 3.0]), include_initial=True)
    array([1., 2., 6.])
    """
    x, axis = _only_axis("cumulative_prod", x, axis)
    return _with_first("cumulative_prod", cumprod(x, axis, dtype, out), axis, include_initial, 1)


# --- differences ---------------------------------------------------------------------------------


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Array:
    """Subtract each element from the next along ``axis``, ``n`` times.

    ``prepend`` and ``append`` are joined on first: arrays, or numbers for one element.

    >>> ag.diff(np.array([1.0, 4.0, 9.0]))
    array([3., 5.])
    """
    a = as_array(a)
    n = count("diff", "n", n)
    if a.ndim == 0:
        raise ValueError("diff: expected at least one axis, got a number")
    axis = normalize_axis_index(axis, a.ndim)
    if n == 0:
        return a
    ends = []
    for end in (prepend, append):
        if end is not None and np.ndim(end) == 0:
            end = broadcast_to(
                end if hasattr(end, "dtype") else np.asarray(end, a.dtype),
                tuple(1 if k == axis else m for k, m in enumerate(a.shape)),
            )
        ends.append([] if end is None else [as_array(end)])
    if prepend is not None or append is not None:
        a = concatenate([*ends[0], a, *ends[1]], axis)
    for _ in range(min(n, a.shape[axis])):
        later, earlier = _along(a, axis, slice(1, None), slice(None, -1))
        a = later - earlier
    return a


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Array:
    """Subtract each element of the flattened array from the next, between two ends of your own.

    >>> ag.ediff1d(np.array([1.0, 4.0]), to_end=0.0)
    array([3., 0.])
    """
    ary = as_array(ary)
    found = diff(reshape(ary, -1))
    parts = []
    for name, e in (("to_begin", to_begin), ("to_end", to_end)):
        if e is not None:
            e = as_array(e)
            if not np.can_cast(e.dtype, ary.dtype, "same_kind"):
                raise TypeError(f"ediff1d: {name} of dtype {e.dtype} does not go into {ary.dtype}")
            e = reshape(e.astype(ary.dtype), -1)
        parts.append(e)
    ends = [p for p in parts if p is not None]
    if not ends:
        return found
    return concatenate([p for p in (parts[0], found, parts[1]) if p is not None])


def _slope(f: Any, axis: int, h: Any, edge_order: int) -> Any:
    """Second-order differences along ``axis``; ``h`` is a step or the steps between the points."""
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ValueError(
            f"gradient: axis {axis} has {n} elements; edge_order={edge_order} needs "
            f"{edge_order + 1} or more"
        )
    f = moveaxis(f, axis, 0)
    if np.ndim(h) == 0:
        inner = (f[2:] - f[:-2]) / (2 * h)
        one = two = h
        last, before = h, h
    else:
        h = reshape(h, (-1,) + (1,) * (f.ndim - 1))
        a, b = h[:-1], h[1:]
        inner = (a * a * f[2:] + (b * b - a * a) * f[1:-1] - b * b * f[:-2]) / (a * b * (a + b))
        one, two, before, last = h[0], h[min(1, n - 2)], h[max(n - 3, 0)], h[n - 2]
    if edge_order == 1:
        start, stop = (f[1] - f[0]) / one, (f[-1] - f[-2]) / last
    else:
        a, b = one, two
        start = (
            -(2 * a + b) / (a * (a + b)) * f[0]
            + (a + b) / (a * b) * f[1]
            - a / (b * (a + b)) * f[2]
        )
        a, b = before, last
        stop = (
            b / (a * (a + b)) * f[-3]
            - (a + b) / (a * b) * f[-2]
            + (2 * b + a) / (b * (a + b)) * f[-1]
        )
    start, stop = (reshape(end, (1, *end.shape)) for end in (start, stop))
    found = moveaxis(concatenate([start, inner, stop]), 0, axis)
    return astype(found, f.dtype) if f.dtype.kind in "fc" else found


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Varying:
    """Estimate derivatives from samples by second-order differences, as ``numpy.gradient`` does.

    ``varargs`` are the spacings: none (1), one number for all axes, or a number or an array of
    coordinates for each. One array for one axis, else a tuple of them.

    >>> ag.gradient(np.array([1.0, 4.0, 9.0]))
    array([3., 4., 5.])
    """
    f = as_array(f)
    axes = normalize_axis_tuple(range(f.ndim) if axis is None else axis, f.ndim)
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: edge_order must be 1 or 2, got {edge_order}")
    steps: list[Any] = [h if isinstance(h, (int, float)) else as_array(h) for h in varargs] or [1.0]
    if len(steps) == 1 and np.ndim(steps[0]) == 0:
        steps *= len(axes)
    if len(steps) != len(axes):
        raise TypeError(f"gradient: expected 0, 1 or {len(axes)} spacings, got {len(varargs)}")
    found = []
    for a, h in zip(axes, steps, strict=True):
        if np.ndim(h):
            if h.shape != (f.shape[a],):
                raise ValueError(
                    f"gradient: expected {f.shape[a]} coordinates for axis {a}, got shape {h.shape}"
                )
            h = diff(h)
            plain = value_of(h)
            h = h[0] if len(plain) and (plain == plain[0]).all() else h
        found.append(_slope(f, a, h, edge_order))
    return found[0] if len(axes) == 1 else tuple(found)  # type: ignore[return-value]


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Array:
    """Integrate along ``axis`` by the trapezoidal rule, over points ``x`` or steps ``dx``.

    >>> ag.trapezoid(np.array([1.0, 2.0, 3.0]))
    np.float64(4.0)
    """
    y = as_array(y)
    place = normalize_axis_index(axis, y.ndim)
    step: Any = dx
    if x is not None:
        x = as_array(x)
        step = diff(x) if x.ndim == 1 else diff(x, axis=axis)
        if x.ndim == 1:
            step = reshape(step, [-1 if a == place else 1 for a in range(y.ndim)])
    later, earlier = _along(y, place, slice(1, None), slice(None, -1))
    return sum(step * (later + earlier) / 2.0, axis)


# --- jumps ------------------------------------------------------------------------------------------

_unwrap = primitive(
    "unwrap", lambda x, **params: np.unwrap(x, **params), (lambda g, out, x, **_: g,)
)


@implements(np.unwrap)
def unwrap(
    p: Any, discont: float | None = None, axis: int = -1, *, period: float = math.tau
) -> Array:
    """Add multiples of ``period`` so that neighbours along ``axis`` differ by at most half of it.

    Jumps of less than ``discont`` stay. The gradient passes through, as the multiples are constant.

    >>> ag.unwrap(np.array([0.0, 5.0]), period=4.0)
    array([0., 1.])
    """
    return _unwrap(p, discont=discont, axis=axis, period=period)
