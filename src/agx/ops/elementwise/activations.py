"""Activations of networks, elementwise, and the error function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import of_arrays, primitive
from ..._kernels import loops
from ..complex import real_only
from ..shape.axes import as_array, in_order, one_axis
from ..shape.where import where
from .arithmetic import absolute, square
from .curves import curve
from .exponential import exp, sigmoid, sigmoid_value, softplus
from .limits import clip, relu
from .trigonometric import tanh

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "celu",
    "elu",
    "erf",
    "gelu",
    "glu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "logsigmoid",
    "mish",
    "prelu",
    "relu6",
    "selu",
    "silu",
    "softsign",
    "tanhshrink",
]


def _erf_value(x: Any) -> Any:
    x = real_only("erf", x)
    shape, dtype = x.shape, np.float32 if x.dtype.char == "f" else np.float64
    found: Any = loops.erf(in_order(x, dtype))  # which it takes
    return found.reshape(shape)


erf = primitive(
    "erf",
    _erf_value,
    (lambda g, out, x: g * (2 / np.pi**0.5 * exp(-x * x)),),
    elementwise=True,
    derivative="2 / sqrt(pi) * exp(-x**2)",
    doc="Compute the error function elementwise.",
)

#: Beyond which exp(-|x|) is 0 in every dtype, and what multiplies it may be anything but infinite.
_FAR = 1e30

silu = curve(
    "silu",
    lambda x: np.maximum(x, -_FAR) * sigmoid_value(x),
    lambda x: sigmoid(x) * (1 + clip(x, -_FAR, _FAR) * sigmoid(-x)),
    derivative="sigmoid(x) * (1 + x * (1 - sigmoid(x)))",
    doc="Compute x * sigmoid(x) elementwise (Elfwing et al., 2017; also called swish).",
)

_elu = curve(
    "elu",
    lambda x, *, alpha: np.where(
        real_only("elu", x) <= 0, alpha * np.expm1(np.where(x > 0, 0, x)), x
    ),
    lambda x, *, alpha: where(x > 0, 1.0, alpha * exp(where(x > 0, 0.0, x))),
    derivative="where(x > 0, 1, alpha * exp(x))",
)


@of_arrays
def elu(x: Any, alpha: float = 1.0) -> Array:
    """Compute x where it is positive and ``alpha`` * (exp(x) - 1) elsewhere (Clevert et al., 2016).

    The gradient at 0 is ``alpha``.

    >>> ag.elu(np.array([-1000.0, 2.0]))
    array([-1.,  2.])
    """
    return _elu(x, alpha=float(alpha))


_leaky_relu = primitive(
    "leaky_relu",
    lambda x, *, slope: np.where(real_only("leaky_relu", x) > 0, x, slope * x),
    (lambda g, out, x, *, slope: where(x > 0, g, slope * g),),
    elementwise=True,
    derivative="where(x > 0, 1, slope)",
)


@of_arrays
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Array:
    """Compute x where it is positive and ``negative_slope`` * x elsewhere.

    >>> ag.leaky_relu(np.array([-1.0, 2.0]), 0.1)
    array([-0.1,  2. ])
    """
    return _leaky_relu(x, slope=float(negative_slope)) if negative_slope else relu(x)


def _normal_density(x: Any) -> Any:
    return exp(-0.5 * x * x) * (2 * np.pi) ** -0.5


_gelu = curve(
    "gelu",
    lambda x: np.maximum(x, -_FAR) * (0.5 * (1 + _erf_value(x * 0.5**0.5))),
    lambda x: 0.5 * (1 + erf(x * 0.5**0.5)) + clip(x, -_FAR, _FAR) * _normal_density(x),
    derivative="(1 + erf(x / sqrt(2))) / 2 + x * exp(-x**2 / 2) / sqrt(2 * pi)",
)


def _gelu_slope(x: Any) -> Any:
    t = clip(x, -_SATURATED, _SATURATED)
    u = _GELU * (t + 0.044715 * t * t * t)
    share = sigmoid(u)
    return share + t * (_GELU * (1 + 0.134145 * t * t)) * share * sigmoid(-u)


def _gelu_tanh_value(x: Any) -> Any:
    t = np.clip(x, -_SATURATED, _SATURATED)
    return np.maximum(x, -_FAR) * sigmoid_value(_GELU * (t + 0.044715 * t * t * t))


#: sigmoid(u) is (1 + tanh(u / 2)) / 2, without its cancellation.
_GELU, _SATURATED = 2 * (2 / np.pi) ** 0.5, 50.0
_gelu_tanh = curve(
    "gelu_tanh",
    _gelu_tanh_value,
    _gelu_slope,
    derivative="sigmoid(2 * sqrt(2 / pi) * (x + 0.044715 * x**3)) * "
    "(1 + x * 2 * sqrt(2 / pi) * (1 + 0.134145 * x**2)"
    " * sigmoid(-2 * sqrt(2 / pi) * (x + 0.044715 * x**3)))",
)


@of_arrays
def gelu(x: Any, approximate: str = "none") -> Array:
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


# --- the exponential unit in other sizes ---------------------------------------------------------

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@of_arrays
def selu(x: Any) -> Array:
    """Compute 1.0507 elu(x, 1.6733), which keeps mean 0 and variance 1 (Klambauer et al., 2017).

    >>> ag.selu(np.array([-1000.0, 1.0])).round(4)
    array([-1.7581,  1.0507])
    """
    return _elu(as_array(x), alpha=_SELU_ALPHA) * _SELU_SCALE


@of_arrays
def celu(x: Any, alpha: float = 1.0) -> Array:
    """Compute x where it is positive and ``alpha`` * (exp(x / alpha) - 1) elsewhere (Barron, 2017).

    The slope has no step, whatever ``alpha``. Raises ValueError unless that is positive.

    >>> ag.celu(np.array([-1000.0, 2.0]), 0.5)
    array([-0.5,  2. ])
    """
    if not alpha > 0:
        raise ValueError(f"celu: alpha must be positive, got {alpha!r}")
    return _elu(as_array(x) / float(alpha), alpha=1.0) * float(alpha)


# --- made of straight lines ----------------------------------------------------------------------


@of_arrays
def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """Limit x to [``min_val``, ``max_val``]; the gradient is 0 at and beyond both.

    Raises ValueError unless ``min_val`` is less than ``max_val``.

    >>> ag.hardtanh(np.array([-2.0, 0.5]))
    array([-1. ,  0.5])
    """
    if not min_val < max_val:
        raise ValueError(
            f"hardtanh: min_val must be less than max_val, got {min_val!r} and {max_val!r}"
        )
    return clip(as_array(x), min_val, max_val)


@of_arrays
def relu6(x: Any) -> Array:
    """Compute min(max(x, 0), 6); the gradient at 0 and 6 is 0.

    >>> ag.relu6(np.array([-1.0, 2.0, 7.0]))
    array([0., 2., 6.])
    """
    return clip(as_array(x), 0.0, 6.0)


@of_arrays
def hardsigmoid(x: Any) -> Array:
    """Compute relu6(x + 3) / 6.

    >>> ag.hardsigmoid(np.array([-4.0, 0.0, 3.0]))
    array([0. , 0.5, 1. ])
    """
    return relu6(as_array(x) + 3.0) / 6.0


@of_arrays
def hardswish(x: Any) -> Array:
    """Compute x * relu6(x + 3) / 6 (Howard et al., 2019).

    >>> ag.hardswish(np.array([0.0, 1.5, 3.0]))
    array([0.   , 1.125, 3.   ])
    """
    x = as_array(x)
    return clip(x, -3.0, None) * hardsigmoid(x)


_prelu = primitive(
    "prelu",
    lambda x, w: np.where(real_only("prelu", x) > 0, x, w * np.minimum(x, 0)),
    (
        lambda g, out, x, w: where(x > 0, g, w * g),
        lambda g, out, x, w: g * where(x > 0, 0.0, x),
    ),
    elementwise=True,
    derivative=("where(x > 0, 1, w)", "where(x > 0, 0, x)"),
)


@of_arrays
def prelu(x: Any, weight: Any) -> Array:
    """Compute x where it is positive and ``weight`` * x elsewhere (He et al., 2015).

    ``weight`` is a number or holds one for each channel, the entries of axis 1 of x. Raises ValueError
    for another shape.

    >>> ag.prelu(np.array([[-1.0, 2.0], [-1.0, -2.0]]), np.array([0.5, 0.1]))
    array([[-0.5,  2. ],
           [-0.5, -0.2]])
    """
    x, weight = as_array(x), as_array(weight)
    channels = x.shape[1] if len(x.shape) > 1 else 1
    if weight.shape not in ((), (1,), (channels,)):
        raise ValueError(
            f"prelu: expected weight of shape (1,) or {(channels,)} for x of shape {x.shape}, got "
            f"{weight.shape}"
        )
    if weight.shape and len(x.shape) > 1:
        weight = weight.reshape(-1, *(1,) * (len(x.shape) - 2))
    return _prelu(x, weight)


# --- smooth ones ---------------------------------------------------------------------------------


def _mish_value(x: Any) -> Any:
    x = real_only("mish", x)
    s = sigmoid_value(-x)
    return np.maximum(x, -_FAR) * sigmoid_value(x) * ((1 + s) / (1 + s * s))


def _mish_slope(x: Any) -> Any:
    p, s = sigmoid(x), sigmoid(-x)
    return p * ((1 + s) / (1 + s * s) + clip(x, -_FAR, _FAR) * square(2 * s / (1 + s * s)))


#: With s = sigmoid(-x) tanh(softplus(x)) is (1 - s^2) / (1 + s^2), without its cancellation.
mish = primitive(
    "mish",
    _mish_value,
    (lambda g, out, x: g * _mish_slope(x),),
    elementwise=True,
    derivative="tanh(softplus(x)) + x * sigmoid(x) * (1 - tanh(softplus(x))**2)",
    doc="Compute x * tanh(softplus(x)) elementwise (Misra, 2019).",
)


def _softsign_value(x: Any) -> Any:
    size = np.minimum(np.abs(real_only("softsign", x)), _FAR)
    return np.copysign(size / (1 + size), x)


softsign = primitive(
    "softsign",
    _softsign_value,
    (lambda g, out, x: g * square(1 / (1 + absolute(x))),),
    elementwise=True,
    derivative="1 / (1 + abs(x))**2",
    doc="Compute x / (1 + |x|) elementwise.",
)


@of_arrays
def logsigmoid(x: Any) -> Array:
    """Compute log(1 / (1 + exp(-x))), without overflow.

    >>> ag.logsigmoid(np.array([-1000.0, 1000.0]))
    array([-1000.,    -0.])
    """
    return -softplus(-as_array(x))


@of_arrays
def tanhshrink(x: Any) -> Array:
    """Compute x - tanh(x).

    >>> ag.tanhshrink(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.2384])
    """
    x = as_array(x)
    return x - tanh(x)


@of_arrays
def glu(x: Any, axis: int = -1) -> Array:
    """Compute a * sigmoid(b) of the halves a and b of x along ``axis`` (Dauphin et al., 2017).

    Raises ValueError for an odd length.

    >>> ag.glu(np.array([2.0, 3.0, 0.0, 1000.0]))
    array([1., 3.])
    """
    x = as_array(x)
    axis = one_axis("glu", axis, len(x.shape))
    half, odd = divmod(x.shape[axis], 2)
    if odd:
        raise ValueError(
            f"glu: axis {axis} must have an even length to be halved, got x of shape {x.shape}"
        )
    before = (slice(None),) * axis
    return x[(*before, slice(half))] * sigmoid(x[(*before, slice(half, None))])
