"""The rest of NumPy's ufuncs that have a derivative, and the functions that NumPy builds of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import Node, implements, no_gradient, primitive
from .complex import is_complex, real
from .elementwise import _LN2, _difference, floor_divide, remainder, sigmoid, sign, trunc, where
from .shape import refuse_out


def _plain(x: Any) -> Any:
    return x.value if isinstance(x, Node) else x


# --- roots, logarithms and angles ----------------------------------------------------------------

cbrt = primitive("cbrt", np.cbrt, (lambda g, out, x: g * (1 / 3) / out / out,))
logaddexp2 = primitive(
    "logaddexp2",
    np.logaddexp2,
    (
        lambda g, out, x, y: g * sigmoid(_difference(x, y) * _LN2),
        lambda g, out, x, y: g * sigmoid(_difference(y, x) * _LN2),
    ),
)
_DEGREE = math.pi / 180
deg2rad = primitive("deg2rad", np.deg2rad, (lambda g, out, x: g * _DEGREE,))
rad2deg = primitive("rad2deg", np.rad2deg, (lambda g, out, x: g / _DEGREE,))
implements(np.radians)(deg2rad)
implements(np.degrees)(rad2deg)

# --- remainders ----------------------------------------------------------------------------------

fmod = primitive(
    "fmod",
    np.fmod,
    (lambda g, out, x, y: g, lambda g, out, x, y: -g * np.rint((x - out) / y)),
)


@implements(np.divmod)
def divmod(x: Any, y: Any) -> tuple[Any, Any]:
    """Compute the pair (floor_divide(x, y), remainder(x, y)).

    >>> ag.divmod(np.array([7.5]), 2.0)
    (array([3.]), array([1.5]))
    """
    return floor_divide(x, y), remainder(x, y)


_modf = primitive("modf", lambda x: np.modf(x)[0], (lambda g, out, x: g,), elementwise=True)


@implements(np.modf)
def modf(x: Any) -> tuple[Any, Any]:
    """Split into the fraction and the whole number before it, both with the sign of ``x``.

    >>> ag.modf(np.array([-2.25]))
    (array([-0.25]), array([-2.]))
    """
    return _modf(x), trunc(x)


# --- the parts of a floating-point number --------------------------------------------------------

ldexp = primitive("ldexp", np.ldexp, (lambda g, out, x, n: ldexp(g, n), no_gradient))
_mantissa = primitive(
    "frexp",
    lambda x: np.frexp(x)[0],
    (lambda g, out, x: ldexp(g, -np.frexp(_plain(x))[1]),),
    elementwise=True,
)


@implements(np.frexp)
def frexp(x: Any) -> tuple[Any, Any]:
    """Split into a mantissa of size [0.5, 1) and integers, the exponents of 2, which are constant.

    >>> ag.frexp(np.array([6.0]))
    (array([0.75]), array([3], dtype=int32))
    """
    return _mantissa(x), np.frexp(_plain(x))[1]


copysign = primitive(
    "copysign",
    np.copysign,
    (lambda g, out, x, y: g * (sign(_plain(x)) * np.copysign(1.0, _plain(y))), no_gradient),
)
nextafter = primitive("nextafter", np.nextafter, (no_gradient, no_gradient))
spacing = primitive("spacing", np.spacing, (no_gradient,))

# --- steps ---------------------------------------------------------------------------------------

heaviside = primitive(
    "heaviside", np.heaviside, (no_gradient, lambda g, out, x, y: g * (_plain(x) == 0))
)


@implements(np.fix)
def fix(x: Any, out: Any = None) -> Any:
    """Round towards 0, as ``trunc`` does; the gradient is 0.

    >>> ag.fix(np.array([-1.5, 1.5]))
    array([-1.,  1.])
    """
    refuse_out("fix", out)
    return trunc(x)


_round = primitive(
    "round", lambda x, *, decimals: np.round(x, decimals), (no_gradient,), elementwise=True
)


@implements(np.round, np.around)
def round(x: Any, decimals: int = 0, out: Any = None) -> Any:
    """Round to ``decimals`` decimal places, halves to even; the gradient is 0.

    >>> ag.round(np.array([0.5, 1.26]), 1)
    array([0.5, 1.3])
    """
    refuse_out("round", out)
    return _round(x, decimals=decimals)


_unwrap = primitive(
    "unwrap", lambda x, **params: np.unwrap(x, **params), (lambda g, out, x, **_: g,)
)


@implements(np.unwrap)
def unwrap(
    p: Any, discont: float | None = None, axis: int = -1, *, period: float = math.tau
) -> Any:
    """Add multiples of ``period`` so that neighbours along ``axis`` differ by at most half of it.

    Jumps of less than ``discont`` stay. The gradient passes through, as the multiples are constant.

    >>> ag.unwrap(np.array([0.0, 5.0]), period=4.0)
    array([0., 1.])
    """
    return _unwrap(p, discont=discont, axis=axis, period=period)


# --- what is not a number ------------------------------------------------------------------------

_nan_to_num = primitive(
    "nan_to_num",
    lambda x, **params: np.nan_to_num(x, **params),
    (lambda g, out, x, **_: where(np.isfinite(_plain(x)), g, 0.0),),
    elementwise=True,
)


@implements(np.nan_to_num)
def nan_to_num(
    x: Any,
    copy: bool = True,
    nan: Any = 0.0,
    posinf: Any = None,
    neginf: Any = None,
) -> Any:
    """Replace NaN by ``nan`` and infinities by the largest numbers, or ``posinf`` and ``neginf``.

    What was replaced has gradient 0. Raises TypeError for ``copy=False`` of a Tensor.

    >>> ag.nan_to_num(np.array([np.nan, 1.0]))
    array([0., 1.])
    """
    if isinstance(x, Node):
        if not copy:
            raise TypeError("nan_to_num: a Tensor cannot be changed in place; leave out copy=False")
        return _nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
    return np.nan_to_num(x, copy, nan, posinf, neginf)


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """Drop imaginary parts if all are within ``tol`` machine epsilons of 0 (``tol`` itself, if not above 1).

    >>> ag.real_if_close(np.array([1 + 1e-16j]))
    array([1.])
    """
    if not isinstance(a, Node):
        return np.real_if_close(a, tol)
    close = is_complex(a) and not np.iscomplexobj(np.real_if_close(_plain(a), tol))
    return real(a) if close else a


# --- Bessel functions ----------------------------------------------------------------------------


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
    "spherical_bessel", _spherical_bessel_value, (_bessel_slope,), elementwise=True
)
_sinc = primitive(
    "sinc",
    np.sinc,
    (lambda g, out, x: g * (-np.pi * _spherical_bessel(np.pi * x, order=1)),),
    elementwise=True,
)


@implements(np.sinc)
def sinc(x: Any) -> Any:
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
    "modified_bessel", _modified_bessel_value, (_modified_bessel_slope,), elementwise=True
)


@implements(np.i0)
def i0(x: Any) -> Any:
    """Compute the modified Bessel function of the first kind of order 0, elementwise.

    >>> ag.grad(ag.i0)(1.0).round(6)
    np.float64(0.565159)
    """
    return _i0(x)


_i0 = primitive(
    "i0", np.i0, (lambda g, out, x: g * _modified_bessel(x, order=1),), elementwise=True
)
