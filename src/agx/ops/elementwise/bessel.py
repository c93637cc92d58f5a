"""Bessel functions and sinc, elementwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import implements, primitive

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "i0",
    "sinc",
]


def _series(start: Any, step: Any, n: Any, terms: int) -> Any:
    """Add up ``start`` times the running product of ``step / n(k)`` for k = 1, 2, ..."""
    term = total = start
    for k in range(1, terms):
        term = term * step / n(k)
        total = total + term
    return total


def _spherical_bessel_value(x: Any, *, order: int) -> Any:
    """j_n(x): a power series for small x, else upwards from sin(x) / x by j_n+1 = (2n+1)/x j_n - j_n-1."""
    z = np.asarray(x, np.result_type(x, np.float64))
    small = np.abs(z) < order + 2
    near, far = np.where(small, z, 0.0), np.where(small, order + 2.0, z)
    odd = math.prod(range(1, 2 * order + 2, 2))
    near = _series(near**order / odd, near * near, lambda k: -2 * k * (2 * order + 2 * k + 1), 40)
    below, found = np.cos(far) / far, np.sin(far) / far
    for n in range(order):
        below, found = found, (2 * n + 1) / far * found - below
    return np.where(small, near, found).astype(np.result_type(x, np.float32))


def _bessel_slope(g: Any, out: Any, x: Any, *, order: int) -> Any:
    """j_n' = (n j_n-1 - (n+1) j_n+1) / (2n+1), which divides by no x."""
    up = -(order + 1) / (2 * order + 1) * _spherical_bessel(x, order=order + 1)
    if not order:
        return g * up
    return g * (up + order / (2 * order + 1) * _spherical_bessel(x, order=order - 1))


_spherical_bessel = primitive(
    "spherical_bessel",
    _spherical_bessel_value,
    (_bessel_slope,),
    elementwise=True,
    derivative="order / x * spherical_bessel(x, order=order) - spherical_bessel(x, order=order + 1)",
)
_sinc = primitive(
    "sinc",
    np.sinc,
    (lambda g, out, x: g * (-np.pi * _spherical_bessel(np.pi * x, order=1)),),
    elementwise=True,
    derivative="(cos(pi * x) - sinc(x)) / x",
)


@implements(np.sinc)
def sinc(x: Any) -> Array:
    """Compute sin(pi x) / (pi x), and 1 at 0, elementwise.

    >>> ag.grad(ag.grad(ag.sinc))(0.0).round(4)
    np.float64(-3.2899)
    """
    return _sinc(x)


def _modified_bessel_value(x: Any, *, order: int) -> Any:
    """I_n(x): a power series for |x| < 30, whose terms have one sign, else the expansion at infinity."""
    z = np.abs(np.asarray(x, np.float64))
    reach = 30.0 + order * order
    small = z < reach
    near, far = np.where(small, z, 0.0), np.where(small, reach, np.minimum(z, 1e4))
    start = (near / 2) ** order / math.factorial(order)
    near = _series(start, near * near, lambda k: 4 * k * (k + order), int(2 * reach))
    sum_ = _series(1.0, 1 / far, lambda k: 8 * k / ((2 * k - 1) ** 2 - 4 * order**2), 25)
    with np.errstate(over="ignore"):
        far = np.exp(far / 2) / np.sqrt(2 * np.pi * far) * sum_ * np.exp(far / 2)
    found = np.where(small, near, far)
    sign_ = np.sign(x) if order % 2 else 1.0
    return (found * sign_).astype(np.result_type(x, np.float32))


def _modified_bessel_slope(g: Any, out: Any, x: Any, *, order: int) -> Any:
    """I_n' = (I_n-1 + I_n+1) / 2, which divides by no x; I_-1 is I_1."""
    up = _modified_bessel(x, order=order + 1)
    return g * ((_modified_bessel(x, order=order - 1) + up) / 2) if order else g * up


_modified_bessel = primitive(
    "modified_bessel",
    _modified_bessel_value,
    (_modified_bessel_slope,),
    elementwise=True,
    derivative="order / x * modified_bessel(x, order=order) + modified_bessel(x, order=order + 1)",
)


@implements(np.i0)
def i0(x: Any) -> Array:
    """Compute the modified Bessel function of the first kind of order 0, elementwise.

    >>> ag.grad(ag.i0)(1.0).round(6)
    np.float64(0.565159)
    """
    return _i0(x)


_i0 = primitive(
    "i0",
    np.i0,
    (lambda g, out, x: g * _modified_bessel(x, order=1),),
    elementwise=True,
    derivative="modified_bessel(x, order=1)",
)
