"""Activations of networks, elementwise, and the error function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import of_arrays, primitive
from ..._kernels import loops
from ..complex import real_only
from ..shape.axes import in_order
from ..shape.where import where
from .curves import curve
from .exponential import exp, sigmoid, sigmoid_value
from .limits import clip, relu

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "elu",
    "erf",
    "gelu",
    "leaky_relu",
    "silu",
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
