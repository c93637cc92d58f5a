"""Convolution of sequences, and interpolation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import implements, primitive, value_of
from ..complex import check_real, conjugated
from ..shape.axes import as_array, concatenate, reshape
from ..shape.index import getitem
from ..shape.moves import flip
from ..shape.where import where

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "convolve",
    "correlate",
    "interp",
]

# --- convolution ---------------------------------------------------------------------------------

_convolve = primitive(
    "convolve",
    lambda a, v: np.convolve(a, v),
    (
        lambda g, out, a, v: _convolve(g, flip(v))[len(v) - 1 : len(v) - 1 + len(a)],
        lambda g, out, a, v: _convolve(g, flip(a))[len(a) - 1 : len(a) - 1 + len(v)],
    ),
)

_MODES = {0: "valid", 1: "same", 2: "full"}


def _line(op: str, x: Any, name: str) -> Any:
    x = as_array(x)
    if x.ndim > 1:
        raise ValueError(f"{op}: expected {name} of one axis, got shape {x.shape}")
    if value_of(x).size == 0:
        raise ValueError(f"{op}: {name} cannot be empty")
    return reshape(x, -1)


def _part(op: str, full: Any, n: int, m: int, mode: Any, later: int = 0) -> Any:
    """The part of a full convolution of lengths ``n`` and ``m`` that ``mode`` asks for."""
    mode = _MODES.get(mode, mode)
    short, long = min(n, m), max(n, m)
    if mode == "full":
        return full
    if mode == "same":
        start = (short - 1) // 2 + (later if short % 2 == 0 else 0)
        return full[start : start + long]
    if mode == "valid":
        return full[short - 1 : long]
    raise ValueError(f"{op}: mode must be 'full', 'same' or 'valid', got {mode!r}")


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Array:
    """Convolve two sequences: out[n] = sum over k of a[k] v[n - k].

    >>> ag.convolve(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([1., 3., 2.])
    """
    a, v = _line("convolve", a, "a"), _line("convolve", v, "v")
    return _part("convolve", _convolve(a, v), len(a), len(v), mode)


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Array:
    """Correlate two sequences: out[k] = sum over n of a[n + k] times the conjugate of v[n].

    >>> ag.correlate(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0]))
    array([3., 5.])
    """
    for name, given in (("a", a), ("v", v)):
        if not np.ndim(given):
            raise ValueError(f"correlate: expected {name} of one axis, got a number")
    a, v = _line("correlate", a, "a"), _line("correlate", v, "v")
    full = _convolve(a, flip(conjugated(v)))
    return _part("correlate", full, len(a), len(v), mode, int(len(a) < len(v)))


# --- interpolation -------------------------------------------------------------------------------


@implements(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None
) -> Array:
    """Interpolate linearly between points (``xp``, ``fp``), where ``xp`` increases.

    Differentiable in ``x``, ``xp`` and ``fp``; at a point the slope is that of the piece on its right.

    >>> ag.interp(np.array([0.5]), np.array([0.0, 1.0]), np.array([0.0, 4.0]))
    array([2.])
    """
    x, xp, fp = as_array(x), as_array(xp), as_array(fp)
    if xp.ndim != 1 or fp.shape != xp.shape:
        raise ValueError(
            f"interp: expected xp and fp of one axis and one length, got {xp.shape} and {fp.shape}"
        )
    if not len(value_of(xp)):
        raise ValueError("interp: expected at least one point in xp and fp, got none")
    check_real("interp", x, xp)
    if period is not None:
        if period == 0:
            raise ValueError("interp: period must not be 0")
        period = abs(period)
        x, xp = x % period, xp % period
        order = np.argsort(value_of(xp), kind="stable")
        xp, fp = getitem(xp, order), getitem(fp, order)
        xp = concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = concatenate([fp[-1:], fp, fp[:1]])
    known = value_of(xp)
    at = value_of(x)
    last = len(known) - 1
    if last == 0:
        inside = fp[0] + 0 * x
    else:
        k = np.clip(np.searchsorted(known, at, "right") - 1, 0, last - 1)
        x0, x1, f0, f1 = getitem(xp, k), getitem(xp, k + 1), getitem(fp, k), getitem(fp, k + 1)
        inside = f0 + (x - x0) * ((f1 - f0) / (x1 - x0))
    low = fp[0] if left is None or period is not None else left
    high = fp[last] if right is None or period is not None else right
    found = where(at < known[0], low, where(at > known[-1], high, inside))
    return where(at == known[-1], fp[last], found) if last else found
