"""Elementwise operations: value and pull-back on adjacent lines.

In a rule ``g`` is the gradient of the result ``out``; rules leave un-broadcasting to the sweep.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .._kernels import loops
from ..formulas import describe
from ..graph import Node, declare_arithmetic, implements, no_gradient, primitive
from ..threads import team
from .complex import conj, is_complex, real, real_only
from .shape import as_array, refuse_out

# --- arithmetic ----------------------------------------------------------------------------------

add = primitive("add", np.add, (lambda g, out, x, y: g, lambda g, out, x, y: g))
subtract = primitive("sub", np.subtract, (lambda g, out, x, y: g, lambda g, out, x, y: -g))
multiply = primitive("mul", np.multiply, (lambda g, out, x, y: g * y, lambda g, out, x, y: g * x))
divide = primitive(
    "div", np.divide, (lambda g, out, x, y: g / y, lambda g, out, x, y: -g * out / y)
)
declare_arithmetic(add, subtract, multiply, divide)
negative = primitive("neg", np.negative, (lambda g, out, x: -g,))
positive = primitive("pos", np.positive, (lambda g, out, x: g,))
reciprocal = primitive("reciprocal", np.reciprocal, (lambda g, out, x: -g * out * out,))
square = primitive("square", np.square, (lambda g, out, x: 2 * g * x,))
sqrt = primitive("sqrt", np.sqrt, (lambda g, out, x: g * 0.5 / (out + 0.0),))


def _power_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    """y x^(y-1), and 0 where y is 0 (x^0 is the constant 1, at x = 0 too) and where y makes x^y vanish."""
    if isinstance(y, (int, float)) and abs(y) != np.inf:
        return g * (y * x ** (y - 1)) if y else None
    still = y == 0
    lower = x ** where(still, 1.0, y - 1)
    return g * where(still | (np.isinf(y) & (lower == 0)), 0.0, y * lower)


def _power_exponent(g: Any, out: Any, x: Any, y: Any) -> Any:
    """out log(x), and 0 where x^y stays 0 (0^0 is 1 by convention): x = 0, or x infinite and y < 0."""
    still = ((x == 0) & (y >= 0)) | (np.isinf(x) & (y < 0))
    return g * where(still, 0.0, out * log(where(still, 1.0, x)))


power = primitive("pow", operator.pow, (_power_base, _power_exponent), elementwise=True)
implements(np.power)(power)
power.__doc__ = describe("power")


@implements(np.float_power)
def float_power(x: Any, y: Any) -> Any:
    """Raise ``x`` to the power ``y`` in float64 or complex128, whatever the dtypes.

    >>> ag.float_power(np.array([2, 4]), -1)
    array([0.5 , 0.25])
    """
    if not isinstance(x, Node) and not isinstance(y, Node):
        return np.float_power(x, y)
    return power(_double(x), _double(y))


def _double(x: Any) -> Any:
    if isinstance(x, (int, float, complex)):
        return x
    x = as_array(x)
    return astype(x, np.result_type(x.dtype, np.float64))


remainder = primitive(
    "mod",
    np.remainder,
    (lambda g, out, x, y: g, lambda g, out, x, y: -g * np.floor_divide(x, y)),
)
floor_divide = primitive("floor_divide", np.floor_divide, (no_gradient, no_gradient))
floor = primitive("floor", np.floor, (no_gradient,))
ceil = primitive("ceil", np.ceil, (no_gradient,))
rint = primitive("rint", np.rint, (no_gradient,))
trunc = primitive("trunc", np.trunc, (no_gradient,))

# --- exponentials and logarithms -----------------------------------------------------------------

_LN2, _LN10 = float(np.log(2)), float(np.log(10))

exp = primitive("exp", np.exp, (lambda g, out, x: g * out,))
exp2 = primitive("exp2", np.exp2, (lambda g, out, x: g * out * _LN2,))
expm1 = primitive("expm1", np.expm1, (lambda g, out, x: g * exp(x),))
log = primitive("log", np.log, (lambda g, out, x: g / (x + 0.0),))
log2 = primitive("log2", np.log2, (lambda g, out, x: g / (x * _LN2 + 0.0),))
log10 = primitive("log10", np.log10, (lambda g, out, x: g / (x * _LN10 + 0.0),))
log1p = primitive("log1p", np.log1p, (lambda g, out, x: g / (1 + x),))
logaddexp = primitive(
    "logaddexp",
    np.logaddexp,
    (
        lambda g, out, x, y: g * sigmoid(_difference(x, y)),
        lambda g, out, x, y: g * sigmoid(_difference(y, x)),
    ),
)


def _difference(x: Any, y: Any) -> Any:
    """x - y, and 0 between equal infinities."""
    return where(np.isinf(x) & (x == y), 0.0, x - y)


# --- trigonometric and hyperbolic ----------------------------------------------------------------

sin = primitive("sin", np.sin, (lambda g, out, x: g * cos(x),))
cos = primitive("cos", np.cos, (lambda g, out, x: -g * sin(x),))
tan = primitive("tan", np.tan, (lambda g, out, x: g * (1 + out * out),))
arcsin = primitive("arcsin", np.arcsin, (lambda g, out, x: g / sqrt(_one_minus_square(x)),))
arccos = primitive("arccos", np.arccos, (lambda g, out, x: -g / sqrt(_one_minus_square(x)),))
arctan = primitive("arctan", np.arctan, (lambda g, out, x: g / (1 + x * x),))
hypot = primitive(
    "hypot",
    np.hypot,
    (lambda g, out, x, y: g * _cosine(x, out), lambda g, out, x, y: g * _cosine(y, out)),
)
arctan2 = primitive(
    "arctan2",
    np.arctan2,
    (
        lambda g, out, y, x: _over(g * _cosine(x, h := hypot(x, y)), h),
        lambda g, out, y, x: _over(-g * _cosine(y, h := hypot(x, y)), h),
    ),
)
sinh = primitive("sinh", np.sinh, (lambda g, out, x: g * cosh(x),))
cosh = primitive("cosh", np.cosh, (lambda g, out, x: g * sinh(x),))
tanh = primitive("tanh", np.tanh, (lambda g, out, x: g * (1 - out * out),))
arcsinh = primitive("arcsinh", np.arcsinh, (lambda g, out, x: g / _cosh_arcsinh(x),))
arccosh = primitive("arccosh", np.arccosh, (lambda g, out, x: g / _sinh_arccosh(x),))
arctanh = primitive("arctanh", np.arctanh, (lambda g, out, x: g / _one_minus_square(x),))

#: 1 - x^2 without cancellation near 1; its own rule, because that of the product is inf - inf there.
#: Of complex numbers it keeps the side of the branch cut: the sign of a zero imaginary part.
_one_minus_square = primitive(
    "one_minus_square",
    lambda x: (1 - x) * (1 + x) if not is_complex(x) else -(x - 1) * (x + 1),
    (lambda g, out, x: -2 * g * x,),
    elementwise=True,
)
#: sqrt(x^2 + 1) and sqrt(x^2 - 1) where x^2 would overflow.
_cosh_arcsinh = primitive(
    "cosh_arcsinh",
    lambda x: np.sqrt(1 + x * x) if is_complex(x) else np.hypot(1, x),
    (lambda g, out, x: g * x / out,),
    elementwise=True,
)
_sinh_arccosh = primitive(
    "sinh_arccosh",
    lambda x: np.sqrt(x - 1) * np.sqrt(x + 1),
    (lambda g, out, x: g * x / out,),
    elementwise=True,
)


def _over(x: Any, h: Any) -> Any:
    """x / h, and 0 where h is 0."""
    zero = h == 0
    return where(zero, 0.0, x / where(zero, 1.0, h)) if zero.any() else x / h


def _cosine(x: Any, h: Any) -> Any:
    """x / h for h = hypot(x, y); 0 where h is 0, and 0, 1 or -1 where it is infinite."""
    endless = np.isinf(h)
    if not endless.any():
        return _over(x, h)
    plain = x.value if isinstance(x, Node) else x
    return where(endless, np.copysign(np.isinf(plain), plain), _over(x, h))


# --- selection -----------------------------------------------------------------------------------


def _winner(g: Any, out: Any, mine: Any, rival: Any, top: bool) -> Any:
    """``g`` where ``out`` is this argument, half of it at a tie, none at a tie with a plain number.

    The last makes maximum(x, 0) agree with relu(x) and clip(x, 0, None).
    """
    if isinstance(rival, (int, float)):
        return _relu_gradient(g, mine - rival if top else rival - mine)
    won, drawn = _attains(mine, out), _attains(rival, out)
    if np.isfinite(g).all():
        return g * (won & ~drawn) + (g * 0.5) * (won & drawn)
    return where(won, where(drawn, g * 0.5, g), 0.0)


def _attains(x: Any, out: Any) -> Any:
    """Where ``out`` is ``x``, as a NaN too."""
    return (x == out) | (np.isnan(x) & np.isnan(out))


def _extreme(name: str, ufunc: np.ufunc, *, top: bool) -> Any:
    return primitive(
        name,
        ufunc,
        (
            lambda g, out, x, y: _winner(g, out, x, y, top),
            lambda g, out, x, y: _winner(g, out, y, x, top),
        ),
    )


def _sign_vjp(g: Any, out: Any, x: Any) -> Any:
    """Nothing for real numbers; for complex ones that of x / |x|, and 0 at 0."""
    if not is_complex(x):
        return None
    still = (x == 0) | np.isinf(x)
    size = where(still, 1.0, absolute(x))
    along = where(still, 0.0, x) / size
    return where(still, 0.0, g - real(g * along) * conj(along)) / size


absolute = primitive("abs", np.absolute, (lambda g, out, x: g * conj(sign(x)),))
fabs = primitive("fabs", np.fabs, (lambda g, out, x: g * sign(x),))
sign = primitive("sign", np.sign, (_sign_vjp,))
maximum = _extreme("maximum", np.maximum, top=True)
minimum = _extreme("minimum", np.minimum, top=False)
fmax = _extreme("fmax", np.fmax, top=True)
fmin = _extreme("fmin", np.fmin, top=False)


def _where_value(x: Any, y: Any, *, condition: Any) -> Any:
    return np.where(condition, x, y)


_where = primitive(
    "where",
    _where_value,
    (
        lambda g, out, x, y, *, condition: _where(g, 0.0, condition=condition),
        lambda g, out, x, y, *, condition: _where(0.0, g, condition=condition),
    ),
)


@implements(np.where)
def where(condition: Any, *choices: Any) -> Any:
    """Choose elements of ``x`` where ``condition`` holds and of ``y`` elsewhere: where(condition, x, y).

    The three broadcast against one another. The gradient goes to the chosen element only, so what
    was not chosen may be infinite or undefined without harm. ``where(condition)`` returns the indices of
    what is not zero, one array for each axis. Raises TypeError for one choice.

    >>> x = ag.Tensor([-1.0, 4.0])
    >>> with np.errstate(invalid="ignore"):
    ...     ag.where(x > 0, ag.sqrt(x), 0.0).sum().backward()
    >>> x.grad
    array([0.  , 0.25])
    """
    if isinstance(condition, Node):
        condition = condition.value
    if not choices:
        return np.nonzero(condition)
    if len(choices) != 2:
        raise TypeError(f"where: expected both x and y or neither, got {len(choices)} of them")
    x, y = choices
    return _where(x, y, condition=condition)


def _clip_value(x: Any, *, low: Any, high: Any) -> Any:
    return np.clip(x, low, high)


def _clip_vjp(g: Any, out: Any, x: Any, *, low: Any, high: Any) -> Any:
    if low is not None:
        g = _relu_gradient(g, x - low)
    return g if high is None else _relu_gradient(g, high - x)


_clip = primitive("clip", _clip_value, (_clip_vjp,), elementwise=True)


@implements(np.clip, np._core.umath.clip)  # type: ignore[attr-defined]
def clip(
    x: Any,
    min: Any = None,
    max: Any = None,
    out: Any = None,
    *,
    a_min: Any = None,
    a_max: Any = None,
) -> Any:
    """Limit ``x`` to [``min``, ``max``], numbers or arrays; None leaves a side open.

    The gradient is 1 strictly inside and 0 at and beyond the bounds, as relu's is at 0. Bounds that
    are Tensors receive the rest. ``a_min`` and ``a_max`` are NumPy's older names.

    >>> ag.clip(np.array([-2.0, 0.5]), 0.0, 1.0)
    array([0. , 0.5])
    """
    refuse_out("clip", out)
    min, max = a_min if min is None else min, a_max if max is None else max
    min, max = (as_array(b) if isinstance(b, (list, tuple)) else b for b in (min, max))
    if isinstance(min, Node) or isinstance(max, Node):
        if min is not None:
            x = where((x > min) | np.isnan(x), x, min)
        return x if max is None else where((x < max) | np.isnan(x), x, max)
    return _clip(x, low=min, high=max)


# --- activations ---------------------------------------------------------------------------------


def _sigmoid_value(x: Any) -> Any:
    x = real_only("sigmoid", x)
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _erf_value(x: Any) -> Any:
    x = real_only("erf", x)
    return loops.erf(np.asarray(x, np.float32 if x.dtype == np.float32 else np.float64, order="C"))


def _relu_value(x: Any) -> Any:
    out = loops.relu(x, team)
    return np.maximum(real_only("relu", x), 0) if out is None else out


def _relu_gradient_value(g: Any, x: Any) -> Any:
    out = loops.relu_gradient(g, x, team)
    return np.where(x > 0, g, 0) if out is None else out


relu = primitive("relu", _relu_value, (lambda g, out, x: _relu_gradient(g, x),))
relu.overwrite = lambda g, out, x: loops.relu_gradient(g, x, team, overwrite=True)
_relu_gradient = primitive(
    "relu_gradient",
    _relu_gradient_value,
    (lambda u, out, g, x: _relu_gradient(u, x), no_gradient),
)
relu.__doc__ = """Compute max(x, 0) elementwise; the gradient at 0 is 0."""

sigmoid = primitive(
    "sigmoid", _sigmoid_value, (lambda g, out, x: g * (out * sigmoid(-x)),), elementwise=True
)
sigmoid.__doc__ = """Compute 1 / (1 + exp(-x)) elementwise, without overflow."""

softplus = primitive(
    "softplus",
    lambda x: np.logaddexp(real_only("softplus", x), 0),
    (lambda g, out, x: g * sigmoid(x),),
    elementwise=True,
)
softplus.__doc__ = """Compute log(1 + exp(x)) elementwise, without overflow."""

erf = primitive(
    "erf",
    _erf_value,
    (lambda g, out, x: g * (2 / np.pi**0.5 * exp(-x * x)),),
    elementwise=True,
)
erf.__doc__ = """Compute the error function elementwise."""

#: Beyond which exp(-|x|) is 0 in every dtype, and what multiplies it may be anything but infinite.
_FAR = 1e30

silu = primitive(
    "silu",
    lambda x: np.maximum(x, -_FAR) * _sigmoid_value(x),
    (lambda g, out, x: g * (sigmoid(x) * (1 + clip(x, -_FAR, _FAR) * sigmoid(-x))),),
    elementwise=True,
)
silu.__doc__ = """Compute x * sigmoid(x) elementwise (Elfwing et al., 2017; also called swish)."""

_leaky_relu = primitive(
    "leaky_relu",
    lambda x, *, slope: np.where(real_only("leaky_relu", x) > 0, x, slope * x),
    (lambda g, out, x, *, slope: where(x > 0, g, slope * g),),
    elementwise=True,
)


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """Compute x where it is positive and ``negative_slope`` * x elsewhere.

    >>> ag.leaky_relu(np.array([-1.0, 2.0]), 0.1)
    array([-0.1,  2. ])
    """
    return _leaky_relu(x, slope=float(negative_slope)) if negative_slope else relu(x)


def _normal_density(x: Any) -> Any:
    return exp(-0.5 * x * x) * (2 * np.pi) ** -0.5


_gelu = primitive(
    "gelu",
    lambda x: np.maximum(x, -_FAR) * (0.5 * (1 + _erf_value(x * 0.5**0.5))),
    (
        lambda g, out, x: (
            g * (0.5 * (1 + erf(x * 0.5**0.5)) + clip(x, -_FAR, _FAR) * _normal_density(x))
        ),
    ),
    elementwise=True,
)


def _gelu_slope(g: Any, out: Any, x: Any) -> Any:
    t = clip(x, -_SATURATED, _SATURATED)
    u = _GELU * (t + 0.044715 * t * t * t)
    share = sigmoid(u)
    return g * (share + t * (_GELU * (1 + 0.134145 * t * t)) * share * sigmoid(-u))


def _gelu_tanh_value(x: Any) -> Any:
    t = np.clip(x, -_SATURATED, _SATURATED)
    return np.maximum(x, -_FAR) * _sigmoid_value(_GELU * (t + 0.044715 * t * t * t))


#: sigmoid(u) is (1 + tanh(u / 2)) / 2, without its cancellation.
_GELU, _SATURATED = 2 * (2 / np.pi) ** 0.5, 50.0
_gelu_tanh = primitive("gelu_tanh", _gelu_tanh_value, (_gelu_slope,), elementwise=True)


def gelu(x: Any, approximate: str = "none") -> Any:
    """Compute x times the normal distribution function at x (Hendrycks and Gimpel, 2016).

    ``approximate="tanh"`` uses 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). Raises ValueError for
    another name.

    >>> ag.gelu(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.8413])
    """
    if approximate == "none":
        return _gelu(x)
    if approximate == "tanh":
        return _gelu_tanh(x)
    raise ValueError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")


# --- type ----------------------------------------------------------------------------------------

_astype = primitive(
    "astype",
    lambda x, *, dtype: x.astype(dtype),
    (lambda g, out, x, *, dtype: astype(g if is_complex(x) else real(g), x.dtype),),
)


@implements(np.astype)
def astype(x: Any, dtype: Any, *, copy: bool = True, device: Any = None) -> Any:
    """Convert to another dtype; of a floating or complex one the gradient is converted back.

    Integers and truth values are constant, as comparisons are: plain arrays.

    >>> ag.astype(ag.Tensor([1.0]), np.float32).dtype
    dtype('float32')
    >>> ag.Tensor([1.7]).astype(int)
    array([1])
    """
    if isinstance(x, Node) and np.dtype(dtype).kind in "biu":
        return x.array.astype(dtype)
    return cast(x, dtype)


def cast(x: Any, dtype: Any) -> Any:
    """Convert to a floating or complex dtype."""
    dtype = np.dtype(dtype)
    if isinstance(x, Node) and dtype.char not in "fdFD":
        raise TypeError(
            f"astype: a Tensor holds floating or complex numbers, not {dtype}; use .value.astype"
        )
    if is_complex(x) and dtype.kind != "c":
        raise TypeError(
            f"astype: {dtype} would drop the imaginary part; use ag.real, ag.imag or ag.abs"
        )
    return _astype(x, dtype=dtype)
