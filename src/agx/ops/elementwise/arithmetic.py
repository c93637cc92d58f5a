"""Arithmetic, powers, rounding and the parts of numbers, elementwise: value and pull-back on adjacent lines.

In a rule ``g`` is the gradient of the result ``out``; rules leave un-broadcasting to the sweep.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..._engine.graph import Node, declare_arithmetic, implements, no_gradient, primitive, value_of
from ..._engine.replay import stands_still
from ..complex import conj, conjugated, is_complex, real
from ..shape.axes import as_array, listed, refuse_out
from ..shape.dtype import astype
from ..shape.where import where
from .exponential import log
from .quotient import over, smooth_at_zero, unsteady_at

if TYPE_CHECKING:
    from ..._engine.signatures import Array, Binary, TwoIn
    from ..._kernels.graph import Scalar

__all__ = [
    "absolute",
    "add",
    "cbrt",
    "ceil",
    "copysign",
    "divide",
    "divmod",
    "fabs",
    "fix",
    "float_power",
    "floor",
    "floor_divide",
    "fmod",
    "frexp",
    "ldexp",
    "modf",
    "multiply",
    "negative",
    "nextafter",
    "positive",
    "power",
    "reciprocal",
    "remainder",
    "rint",
    "round",
    "sign",
    "spacing",
    "sqrt",
    "square",
    "subtract",
    "trunc",
]

# --- arithmetic and powers ------------------------------------------------------------------------

add = primitive(
    "add", np.add, (lambda g, out, x, y: g, lambda g, out, x, y: g), derivative=("1", "1")
)
subtract = primitive(
    "sub", np.subtract, (lambda g, out, x, y: g, lambda g, out, x, y: -g), derivative=("1", "-1")
)
multiply = primitive(
    "mul",
    np.multiply,
    (lambda g, out, x, y: g * y, lambda g, out, x, y: g * x),
    derivative=("y", "x"),
)
divide = primitive(
    "div",
    np.divide,
    (lambda g, out, x, y: g / y, lambda g, out, x, y: -g * out / y),
    derivative=("1 / y", "-x / y**2"),
)
negative = primitive("neg", np.negative, (lambda g, out, x: -g,), derivative="-1")
positive = primitive("pos", np.positive, (lambda g, out, x: g,), derivative="1")
reciprocal = primitive(
    "reciprocal", np.reciprocal, (lambda g, out, x: -g * out * out,), derivative="-1 / x**2"
)
square = primitive("square", np.square, (lambda g, out, x: 2 * g * x,), derivative="2 * x")
sqrt = primitive(
    "sqrt",
    np.sqrt,
    (
        lambda g, out, x: smooth_at_zero(
            g * 0.5 / (out + 0.0), g, out, x, lambda q: q * 0.5, square=x
        ),
    ),
    derivative="1 / (2 * sqrt(x))",
)
cbrt = primitive(
    "cbrt",
    np.cbrt,
    (
        lambda g, out, x: smooth_at_zero(
            g * (1 / 3) / out / out, g, out, x, lambda q: q * (1 / 3), times=2
        ),
    ),
    derivative="1 / (3 * cbrt(x)**2)",
)


def _power_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    """y x^(y-1), and 0 where y is 0 (x^0 is the constant 1, at x = 0 too) and where y makes x^y vanish."""
    if isinstance(y, (int, float)) and abs(y) != np.inf:
        return _root(g * (y * x ** (y - 1)), g, out, x, y) if y else None
    still = (y == 0) & (x == 0)
    lower = x ** where(still, 1.0, y - 1)
    share = g * where(still | (np.isinf(y) & (lower == 0)), 0.0, y * lower)
    if not isinstance(y, Node) or not still.any():
        return share
    return unsteady_at(share, g, x, y, still & ~stands_still(y), op="power")


def _root(share: Any, g: Any, out: Any, x: Any, y: float) -> Any:
    """``share``, and at 0 what remains of y x^(y-1) if g has the factor x^y: y x^((k+1)y-1) of k of them."""
    if not 0 < y < 1:
        return share
    often = math.ceil(1 / y - 1 - 1e-9)
    rest = (often + 1) * y - 1
    left = (lambda q: q * y) if abs(rest) < 1e-9 else (lambda q: q * y * x**rest)
    return smooth_at_zero(share, g, out, x, left, times=often)


def _power_exponent(g: Any, out: Any, x: Any, y: Any) -> Any:
    """out log(x), and 0 where x^y stays 0 (0^0 is 1 by convention): x = 0, or x infinite and y < 0."""
    still = ((x == 0) & (y >= 0)) | (np.isinf(x) & (y < 0))
    share = g * where(still, 0.0, out * log(where(still, 1.0, x)))
    lost = (x == 0) & (y >= 0) & (y <= 1)
    if not isinstance(x, Node) or not np.any(lost):
        return share
    return unsteady_at(share, g, x, y, lost & ~stands_still(x), op="power")


power: Binary[Scalar] = primitive(
    "pow",
    cast("TwoIn", operator.pow),
    (_power_base, _power_exponent),
    elementwise=True,
    derivative=("y * x**(y - 1)", "log(x) * x**y"),
    doc="Compute ``numpy.power`` of arrays or Tensors, elementwise.",
)
implements(np.power)(power)
declare_arithmetic(add, subtract, multiply, divide, power)


@implements(np.float_power)
def float_power(x1: Any, x2: Any, /) -> Array:
    """Raise ``x1`` to the power ``x2`` in float64 or complex128, whatever the dtypes.

    >>> ag.float_power(np.array([2, 4]), -1)
    array([0.5 , 0.25])
    """
    x1, x2 = listed(x1), listed(x2)
    if not isinstance(x1, Node) and not isinstance(x2, Node):
        return np.float_power(x1, x2)
    return power(_double(x1), _double(x2))


def _double(x: Any) -> Any:
    if isinstance(x, (int, float, complex)):
        return x
    x = as_array(x)
    return astype(x, np.result_type(x.dtype, np.float64))


# --- signs ----------------------------------------------------------------------------------------


def _sign_vjp(g: Any, out: Any, x: Any) -> Any:
    """Nothing for real numbers; for complex ones that of x / |x|, and 0 at 0 unless g has the factor |x|."""
    if not is_complex(x):
        return None
    flat = (value_of(x) == 0) & (value_of(g) == 0)
    if flat.any():
        q, known = over(g, absolute(x)) if isinstance(x, Node) else (0.0, ~flat)
        return where(flat, where(known, q, np.nan), _turned(g, x))
    return _turned(g, x)


def _turned(g: Any, x: Any) -> Any:
    still = (x == 0) | np.isinf(x)
    size = where(still, 1.0, absolute(x))
    along = where(still, 0.0, x) / size
    return where(still, 0.0, g - real(g * along) * conj(along)) / size


sign = primitive("sign", np.sign, (_sign_vjp,), derivative="0")


def _absolute_vjp(g: Any, out: Any, x: Any) -> Any:
    """The conjugate of x / |x|; of real numbers the sign, whose derivative at a kink is 0."""
    share, kink = g * conjugated(sign(x)), not is_complex(x)
    smooth, root = (lambda q: q * conjugated(x)), x if kink else None
    return smooth_at_zero(share, g, out, x, smooth, op="absolute", kink=kink, root=root)


def _copysign_vjp(g: Any, out: Any, x: Any, y: Any) -> Any:
    share = g * (sign(value_of(x)) * np.copysign(1.0, value_of(y)))
    return smooth_at_zero(share, g, out, x, lambda q: q * x, op="copysign", kink=True)


absolute = primitive("abs", np.absolute, (_absolute_vjp,), derivative="sign(x)")
fabs = primitive("fabs", np.fabs, (_absolute_vjp,), derivative="sign(x)")
copysign = primitive(
    "copysign",
    np.copysign,
    (lambda g, out, x, y: _copysign_vjp(g, out, x, y), no_gradient),
    derivative=("sign(x) * copysign(1, y)", "0"),
)

# --- remainders and rounding ----------------------------------------------------------------------

remainder = primitive(
    "mod",
    np.remainder,
    (lambda g, out, x, y: g, lambda g, out, x, y: -g * np.floor_divide(x, y)),
    derivative=("1", "-floor(x / y)"),
)
floor_divide = primitive("floor_divide", np.floor_divide, (no_gradient, no_gradient))
fmod = primitive(
    "fmod",
    np.fmod,
    (lambda g, out, x, y: g, lambda g, out, x, y: -g * np.rint((x - out) / y)),
    derivative=("1", "-trunc(x / y)"),
)


@implements(np.divmod)
def divmod(x1: Any, x2: Any, /) -> tuple[Array, ...]:
    """Compute the pair (floor_divide(x1, x2), remainder(x1, x2)).

    >>> ag.divmod(np.array([7.5]), 2.0)
    (array([3.]), array([1.5]))
    """
    return floor_divide(x1, x2), remainder(x1, x2)


floor = primitive("floor", np.floor, (no_gradient,))
ceil = primitive("ceil", np.ceil, (no_gradient,))
rint = primitive("rint", np.rint, (no_gradient,))
trunc = primitive("trunc", np.trunc, (no_gradient,))


@implements(np.fix)
def fix(x: Any, out: Any = None) -> Array:
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
def round(a: Any, decimals: int = 0, out: Any = None) -> Array:
    """Round to ``decimals`` decimal places, halves to even; the gradient is 0.

    >>> ag.round(np.array([0.5, 1.26]), 1)
    array([0.5, 1.3])
    """
    refuse_out("round", out)
    return _round(a, decimals=decimals)


_modf = primitive(
    "modf", lambda x: np.modf(x)[0], (lambda g, out, x: g,), elementwise=True, derivative="1"
)


@implements(np.modf)
def modf(x: Any, /) -> tuple[Array, ...]:
    """Split into the fraction and the whole number before it, both with the sign of ``x``.

    >>> ag.modf(np.array([-2.25]))
    (array([-0.25]), array([-2.]))
    """
    return _modf(x), trunc(x)


# --- the parts of a floating-point number ---------------------------------------------------------

ldexp = primitive(
    "ldexp", np.ldexp, (lambda g, out, x, n: ldexp(g, n), no_gradient), derivative=("2.0**n", None)
)
_mantissa = primitive(
    "frexp",
    lambda x: np.frexp(x)[0],
    (lambda g, out, x: ldexp(g, -np.frexp(value_of(x))[1]),),
    elementwise=True,
    derivative="2.0**-(floor(log2(abs(x))) + 1)",
)


@implements(np.frexp)
def frexp(x: Any, /) -> tuple[Array, ...]:
    """Split into a mantissa of size [0.5, 1) and integers, the exponents of 2, which are constant.

    >>> ag.frexp(np.array([6.0]))
    (array([0.75]), array([3], dtype=int32))
    """
    return _mantissa(x), np.frexp(value_of(x))[1]


nextafter = primitive(
    "nextafter",
    np.nextafter,
    (
        lambda g, out, x, y: g * (value_of(x) != value_of(y)),
        lambda g, out, x, y: g * (value_of(x) == value_of(y)),
    ),
    derivative=("not_equal(x, y)", "equal(x, y)"),
)
spacing = primitive("spacing", np.spacing, (no_gradient,))
