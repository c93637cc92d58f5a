"""Larger and smaller, elementwise: maximum, clip, ReLU and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..._engine.graph import Node, Primitive, implements, is_node, no_gradient, primitive, value_of
from ..._kernels import loops
from ..._runtime.threads import team
from ..complex import is_complex, real, real_only
from ..shape.axes import listed, refuse_out
from ..shape.where import where
from .quotient import undefined_at

if TYPE_CHECKING:
    from typing import Never

    from ..._engine.signatures import Array, Binary, TwoIn, Unary
    from ..._kernels.graph import Scalar

__all__ = [
    "clip",
    "fmax",
    "fmin",
    "heaviside",
    "maximum",
    "minimum",
    "nan_to_num",
    "real_if_close",
    "relu",
]

# --- the larger and the smaller ---------------------------------------------------------------------


def _winner(g: Any, out: Any, mine: Any, rival: Any, top: bool) -> Any:
    """``g`` where ``out`` is this argument, half of it at a tie, none at a tie with a plain number.

    The last makes maximum(x, 0) agree with relu(x) and clip(x, 0, None).
    """
    if isinstance(rival, (int, float)):
        return _relu_gradient(g, mine - rival if top else rival - mine)
    won, drawn = _attains(mine, out), _attains(rival, out)
    if np.isfinite(g).all():
        share = g * (won & ~drawn) + (g * 0.5) * (won & drawn)
    else:
        share = where(won, where(drawn, g * 0.5, g), 0.0)
    return (
        undefined_at(share, g, mine - rival, won & drawn, op="maximum") if is_node(rival) else share
    )


def _attains(x: Any, out: Any) -> Any:
    """Where ``out`` is ``x``, as a NaN too."""
    return (x == out) | (np.isnan(x) & np.isnan(out))


def _extreme(name: str, ufunc: np.ufunc, *, top: bool) -> Binary[Any]:
    larger, smaller = "(x > y) + (x == y) / 2", "(x < y) + (x == y) / 2"
    return primitive(
        name,
        cast("TwoIn", ufunc),
        (
            lambda g, out, x, y: _winner(g, out, x, y, top),
            lambda g, out, x, y: _winner(g, out, y, x, top),
        ),
        derivative=(larger, smaller) if top else (smaller, larger),
    )


maximum: Binary[Scalar] = _extreme("maximum", np.maximum, top=True)
minimum: Binary[Scalar] = _extreme("minimum", np.minimum, top=False)
fmax: Binary[Never] = _extreme("fmax", np.fmax, top=True)
fmin: Binary[Never] = _extreme("fmin", np.fmin, top=False)


def _clip_value(x: Any, *, low: Any, high: Any) -> Any:
    return np.clip(x, low, high)


def _clip_vjp(g: Any, out: Any, x: Any, *, low: Any, high: Any) -> Any:
    if low is not None:
        g = _relu_gradient(g, x - low)
    return g if high is None else _relu_gradient(g, high - x)


_clip = primitive(
    "clip", _clip_value, (_clip_vjp,), elementwise=True, derivative="(low < x) * (x < high)"
)


@implements(np.clip, np._core.umath.clip)  # type: ignore[attr-defined]
def clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
) -> Array:
    """Limit ``a`` to [``a_min``, ``a_max``], numbers or arrays; None leaves a side open.

    The gradient is 1 strictly inside and 0 at and beyond the bounds, as relu's is at 0. Bounds that
    are Tensors receive the rest. ``min`` and ``max`` are other names of them.

    >>> ag.clip(np.array([-2.0, 0.5]), 0.0, 1.0)
    array([0. , 0.5])
    """
    refuse_out("clip", out)
    min, max = a_min if min is None else min, a_max if max is None else max
    min, max = listed(min), listed(max)
    if isinstance(min, Node) or isinstance(max, Node):
        if min is not None:
            a = where((a > min) | np.isnan(a), a, min)
        return a if max is None else where((a < max) | np.isnan(a), a, max)
    return _clip(a, low=min, high=max)


def _relu_value(x: Any) -> Any:
    out = loops.relu(x, team)
    return np.maximum(real_only("relu", x), 0) if out is None else out


def _relu_gradient_value(g: Any, x: Any) -> Any:
    out = loops.relu_gradient(g, x, team)
    return np.where(x > 0, g, 0) if out is None else out


relu: Unary[Scalar] = primitive(
    "relu",
    _relu_value,
    (lambda g, out, x: _relu_gradient(g, x),),
    stacked=lambda i, g, out, x: _relu_gradient(g, x),
    overwrite=lambda g, out, x: loops.relu_gradient(g, x, team, overwrite=True),
    keeps_zeros=True,
    derivative="where(x > 0, 1, 0)",
    doc="Compute max(x, 0) elementwise; the gradient at 0 is 0.",
)
_relu_gradient: Primitive = primitive(
    "relu_gradient",
    _relu_gradient_value,
    (lambda u, out, g, x: _relu_gradient(u, x), no_gradient),
    keeps_zeros=True,
)

# --- steps ---------------------------------------------------------------------------------------

heaviside = primitive(
    "heaviside",
    np.heaviside,
    (no_gradient, lambda g, out, x, y: g * (value_of(x) == 0)),
    derivative=("0", "x == 0"),
)

# --- what is not a number ------------------------------------------------------------------------

_nan_to_num = primitive(
    "nan_to_num",
    lambda x, **params: np.nan_to_num(x, **params),
    (lambda g, out, x, **_: where(np.isfinite(value_of(x)), g, 0.0),),
    elementwise=True,
    derivative="isfinite(x)",
)


@implements(np.nan_to_num)
def nan_to_num(
    x: Any,
    copy: bool = True,
    nan: Any = 0.0,
    posinf: Any = None,
    neginf: Any = None,
) -> Array:
    """Replace NaN by ``nan`` and infinities by the largest numbers, or ``posinf`` and ``neginf``.

    What was replaced has gradient 0. Raises TypeError for ``copy=False`` of a Tensor.

    >>> ag.nan_to_num(np.array([np.nan, 1.0]))
    array([0., 1.])
    """
    x = listed(x)
    if isinstance(copy, str):
        raise ValueError(f"nan_to_num: copy must be True or False, got {copy!r}")
    if isinstance(x, Node):
        if not copy:
            raise TypeError("nan_to_num: leave out copy=False, and write t[...] = ag.nan_to_num(t)")
        return _nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
    return np.nan_to_num(x, copy, nan, posinf, neginf)


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Array:
    """Drop imaginary parts if all are within ``tol`` machine epsilons of 0 (``tol`` itself, if not above 1).

    >>> ag.real_if_close(np.array([1 + 1e-16j]))
    array([1.])
    """
    a = listed(a)
    if not is_node(a):
        return np.real_if_close(a, tol)
    close = is_complex(a) and not np.iscomplexobj(np.real_if_close(value_of(a), tol))
    return real(a) if close else a
