"""Trigonometric and hyperbolic functions, elementwise, and angles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import implements, primitive, value_of
from ..complex import imag, is_complex, real
from ..shape.where import where
from .arithmetic import sqrt
from .quotient import smooth_at_zero, unsteady_at

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "angle",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cos",
    "cosh",
    "deg2rad",
    "hypot",
    "rad2deg",
    "sin",
    "sinh",
    "tan",
    "tanh",
]


sin = primitive("sin", np.sin, (lambda g, out, x: g * cos(x),), derivative="cos(x)")
cos = primitive("cos", np.cos, (lambda g, out, x: -g * sin(x),), derivative="-sin(x)")
tan = primitive("tan", np.tan, (lambda g, out, x: g * (1 + out * out),), derivative="1 / cos(x)**2")
arcsin = primitive(
    "arcsin",
    np.arcsin,
    (lambda g, out, x: g / sqrt(_one_minus_square(x)),),
    derivative="1 / sqrt(1 - x**2)",
)
arccos = primitive(
    "arccos",
    np.arccos,
    (lambda g, out, x: -g / sqrt(_one_minus_square(x)),),
    derivative="-1 / sqrt(1 - x**2)",
)
arctan = primitive(
    "arctan", np.arctan, (lambda g, out, x: g / (1 + x * x),), derivative="1 / (1 + x**2)"
)
hypot = primitive(
    "hypot",
    np.hypot,
    (
        lambda g, out, x, y: _hypot_vjp(g, out, x, y),
        lambda g, out, x, y: _hypot_vjp(g, out, y, x),
    ),
    derivative=("x / hypot(x, y)", "y / hypot(x, y)"),
)
arctan2 = primitive(
    "arctan2",
    np.arctan2,
    (
        lambda g, out, y, x: _angle_share(g, y, x, x),
        lambda g, out, y, x: _angle_share(-g, y, x, y),
    ),
    derivative=("x / (x**2 + y**2)", "-y / (x**2 + y**2)"),
)
sinh = primitive("sinh", np.sinh, (lambda g, out, x: g * cosh(x),), derivative="cosh(x)")
cosh = primitive("cosh", np.cosh, (lambda g, out, x: g * sinh(x),), derivative="sinh(x)")
tanh = primitive(
    "tanh", np.tanh, (lambda g, out, x: g * (1 - out * out),), derivative="1 - tanh(x)**2"
)
arcsinh = primitive(
    "arcsinh",
    np.arcsinh,
    (lambda g, out, x: g / _cosh_arcsinh(x),),
    derivative="1 / sqrt(1 + x**2)",
)
arccosh = primitive(
    "arccosh",
    np.arccosh,
    (lambda g, out, x: g / _sinh_arccosh(x),),
    derivative="1 / sqrt(x**2 - 1)",
)
arctanh = primitive(
    "arctanh",
    np.arctanh,
    (lambda g, out, x: g / _one_minus_square(x),),
    derivative="1 / (1 - x**2)",
)

#: 1 - x^2 without cancellation near 1; its own rule, because that of the product is inf - inf there.
#: Of complex numbers it keeps the side of the branch cut: the sign of a zero imaginary part.
_one_minus_square = primitive(
    "one_minus_square",
    lambda x: (1 - x) * (1 + x) if not is_complex(x) else -(x - 1) * (x + 1),
    (lambda g, out, x: -2 * g * x,),
    elementwise=True,
    derivative="-2 * x",
)
#: sqrt(x^2 + 1) and sqrt(x^2 - 1) where x^2 would overflow.
_cosh_arcsinh = primitive(
    "cosh_arcsinh",
    lambda x: np.sqrt(1 + x * x) if is_complex(x) else np.hypot(1, x),
    (lambda g, out, x: g * x / out,),
    elementwise=True,
    derivative="x / sqrt(1 + x**2)",
)
_sinh_arccosh = primitive(
    "sinh_arccosh",
    lambda x: np.sqrt(x - 1) * np.sqrt(x + 1),
    (lambda g, out, x: g * x / out,),
    elementwise=True,
    derivative="x / sqrt(x**2 - 1)",
)


def _hypot_vjp(g: Any, out: Any, x: Any, y: Any) -> Any:
    return smooth_at_zero(
        g * direction_cosine(x, out), g, out, x, lambda q: q * x, op="hypot", beside=(y,)
    )


def _angle_share(g: Any, y: Any, x: Any, side: Any) -> Any:
    """``g`` times the side over the square of the length; 0 at 0, where nothing further is defined."""
    h = hypot(x, y)
    share = over_length(g * direction_cosine(side, h), h)
    return unsteady_at(share, g, x, y, value_of(h) == 0, op="arctan2")


def _angle_vjp(g: Any, out: Any, x: Any) -> Any:
    if not is_complex(x):
        return None
    re, im = real(x), imag(x)
    return _angle_share(-g, im, re, im) - 1j * _angle_share(g, im, re, re)


_angle = primitive("angle", np.angle, (_angle_vjp,))


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Array:
    """Compute the argument of complex numbers in radians (degrees with ``deg``); its gradient at 0 is 0.

    >>> ag.angle(np.array([1.0j]), deg=True)
    array([90.])
    """
    found = _angle(z)
    return found * (180 / np.pi) if deg else found


def over_length(x: Any, h: Any) -> Any:
    """x / h, and 0 where h is 0."""
    zero = h == 0
    return where(zero, 0.0, x / where(zero, 1.0, h)) if zero.any() else x / h


def direction_cosine(x: Any, h: Any) -> Any:
    """x / h for h = hypot(x, y); 0 where h is 0, and 0, 1 or -1 where it is infinite."""
    endless = np.isinf(h)
    if not endless.any():
        return over_length(x, h)
    value = value_of(x)
    return where(endless, np.copysign(np.isinf(value), value), over_length(x, h))


_DEGREE = math.pi / 180
deg2rad = primitive("deg2rad", np.deg2rad, (lambda g, out, x: g * _DEGREE,), derivative="pi / 180")
rad2deg = primitive("rad2deg", np.rad2deg, (lambda g, out, x: g / _DEGREE,), derivative="180 / pi")
implements(np.radians)(deg2rad)
implements(np.degrees)(rad2deg)
