"""Normalisation of channels and of rows, with weight and bias: kernels, and formulas for higher orders."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .._engine.graph import primitive, value_of
from .._engine.symbols import is_traced, symbolic_call
from .._kernels import loops as _kernels
from .._runtime.threads import team
from .elementwise.arithmetic import sqrt
from .reduce.sums import mean, sum
from .shape.axes import in_order, reshape


class Remembered:
    """What was last computed of an array, for as long as it is this array that is asked about."""

    def __init__(self) -> None:
        self._last: tuple[Callable[[], Any], Any] = (lambda: None, None)

    def of(self, x: np.ndarray, compute: Callable[[], Any]) -> Any:
        """What was computed of ``x``, or what ``compute()`` finds."""
        whose, found = self._last
        if whose() is not x:
            found = compute()
            self._last = weakref.ref(x), found
        return found


class Memo:
    """What the value of a normalisation leaves to its pull-backs, and these to each other."""

    #: A plan of what is compiled makes one for each call, as its arrays are others then.
    made_anew = True

    def __init__(self) -> None:
        self.statistics, self.sums = Remembered(), Remembered()


def _is_plain(*arrays: Any) -> bool:
    return all(type(a) is np.ndarray for a in arrays)


def _centred(x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    """x - mean and 1 / sqrt(variance + eps)."""
    c = x - mean(x, axes, keepdims=True)
    return c, 1 / sqrt(mean(c * c, axes, keepdims=True) + eps)


def _slope(g: Any, x: Any, w: Any, axes: tuple[int, ...], eps: float) -> Any:
    """The gradient of x, with ``w`` in a shape that broadcasts against it."""
    c, r = _centred(x, axes, eps)
    h = g * w
    share = h - mean(h, axes, keepdims=True) - c * (r * r * mean(h * c, axes, keepdims=True))
    return r * share


# --- channels ------------------------------------------------------------------------------------


def _channel_axes(x: Any) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def _per_channel(w: Any, x: Any) -> Any:
    return reshape(w, (1, -1) + (1,) * (x.ndim - 2))


def moments(x: np.ndarray, memo: Memo) -> Any:
    """Mean and variance of each channel of (N, C, ...)."""
    if is_traced(x):
        return symbolic_call(_moments, (x,))
    return memo.statistics.of(x, lambda: _moments(x))


def _moments(x: np.ndarray) -> Any:
    found = _kernels.moments(in_order(x), team)
    if found is not None:
        return found
    axes = _channel_axes(x)
    return np.mean(x, axes, np.float64), np.var(x, axes, np.float64)


def _scale(x: np.ndarray, eps: float, memo: Memo) -> tuple[np.ndarray, np.ndarray]:
    middle, spread = moments(x, memo)
    return middle, 1 / np.sqrt(spread + eps)


def _batch_norm_value(x: Any, w: Any, b: Any, *, eps: float, memo: Memo) -> Any:
    middle, scale = _scale(x, eps, memo)
    found = _kernels.normalise(in_order(x), w, b, middle, scale, team)
    if found is not None:
        return found
    middle, scale = (_per_channel(s.astype(x.dtype), x) for s in (middle, scale))
    return (x - middle) * (scale * _per_channel(w, x)) + _per_channel(b, x)


def _batch_norm_sums(g: Any, x: Any, eps: float, memo: Memo) -> Any:
    """The sums of g and of g (x - mean) of each channel, or None if they need a graph."""
    if not _is_plain(g, x):
        return None
    middle = moments(x, memo)[0]
    compute = lambda: _kernels.gradient_sums(in_order(g), in_order(x), middle, team)
    return memo.sums.of(g, compute)


def _batch_norm_x(g: Any, out: Any, x: Any, w: Any, b: Any, *, eps: float, memo: Memo) -> Any:
    sums = _batch_norm_sums(g, x, eps, memo)
    if sums is not None:
        middle, scale = _scale(x, eps, memo)
        found = _kernels.normalise_gradient(
            in_order(g), in_order(x), w, middle, scale, sums[0], sums[1], team
        )
        if found is not None:
            return found
    return _slope(g, x, _per_channel(w, x), _channel_axes(x), eps)


def _batch_norm_w(g: Any, out: Any, x: Any, w: Any, b: Any, *, eps: float, memo: Memo) -> Any:
    sums = _batch_norm_sums(g, x, eps, memo)
    if sums is not None:
        return sums[1] * _scale(x, eps, memo)[1]
    c, r = _centred(x, _channel_axes(x), eps)
    return sum(g * (c * r), _channel_axes(x))


def _batch_norm_b(g: Any, out: Any, x: Any, w: Any, b: Any, *, eps: float, memo: Memo) -> Any:
    sums = _batch_norm_sums(g, x, eps, memo)
    return sum(g, _channel_axes(x)) if sums is None else sums[0]


_batch_norm = primitive(
    "batch_norm", _batch_norm_value, (_batch_norm_x, _batch_norm_w, _batch_norm_b)
)


def batch_norm(x: Any, w: Any, b: Any, eps: float) -> tuple[Any, np.ndarray, np.ndarray]:
    """Normalise the channels of (N, C, ...), and return their means and variances too."""
    memo = Memo()
    return _batch_norm(x, w, b, eps=eps, memo=memo), *moments(value_of(x), memo)


# --- rows ----------------------------------------------------------------------------------------


def _rows(x: Any, w: Any, b: Any, eps: float) -> Any:
    found = _kernels.normalise_rows(in_order(x), w, b, eps, team)
    if found is not None:
        return found
    middle, spread = (f(x, axis=-1, keepdims=True) for f in (np.mean, np.var))
    scale = 1 / np.sqrt(spread + eps)
    return (x - middle) * scale * w + b, middle, scale


def _layer_norm_value(x: Any, w: Any, b: Any, *, eps: float, memo: Memo) -> Any:
    out, middle, scale = _rows(x, w, b, eps)
    memo.statistics.of(x, lambda: (middle, scale))
    return out


def _layer_norm_gradients(g: Any, x: Any, w: Any, b: Any, eps: float, memo: Memo) -> Any:
    """The gradients of x, w and b, or None if they need a graph or are not a kernel's."""
    if not _is_plain(g, x, w):
        return None
    middle, scale = memo.statistics.of(x, lambda: _rows(x, w, b, eps)[1:])
    found = _kernels.normalise_rows_gradient(in_order(g), in_order(x), w, middle, scale, team)
    if found is None:
        return None
    shares = found[1][0] if len(found[1]) == 1 else found[1].sum(axis=0)
    return [found[0], shares[0], shares[1]]


def _layer_norm_pull_back(which: int) -> Callable[..., Any]:
    def pull_back(g: Any, out: Any, x: Any, w: Any, b: Any, *, eps: float, memo: Memo) -> Any:
        compute = lambda: _layer_norm_gradients(g, x, w, b, eps, memo)
        gradients = memo.sums.of(g, compute) if type(g) is np.ndarray else None
        if gradients is not None and gradients[which] is not None:
            found = gradients[which]
            gradients[which] = None  # A gradient belongs to whoever gets it.
            return found
        if which == 0:
            return _slope(g, x, w, (-1,), eps)
        rest = tuple(range(x.ndim - 1))
        if which == 2:
            return sum(g, rest)
        c, r = _centred(x, (-1,), eps)
        return sum(g * (c * r), rest)

    return pull_back


_layer_norm = primitive(
    "layer_norm", _layer_norm_value, tuple(_layer_norm_pull_back(i) for i in range(3)), settled=True
)


def layer_norm(x: Any, w: Any, b: Any, eps: float) -> Any:
    """Normalise along the last axis, with ``w`` and ``b`` of its length."""
    return _layer_norm(x, w, b, eps=eps, memo=Memo())
