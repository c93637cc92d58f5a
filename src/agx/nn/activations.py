"""Activation functions as modules, for Sequential."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops.elementwise.activations import (
    celu,
    elu,
    gelu,
    glu,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    prelu,
    relu6,
    selu,
    silu,
    softsign,
    tanhshrink,
)
from ..ops.elementwise.exponential import sigmoid, softplus
from ..ops.elementwise.limits import relu
from ..ops.elementwise.trigonometric import tanh
from ..ops.reduce.softmax import log_softmax, softmax
from .inputs import as_parameters, floating
from .layers import check_positive
from .module import Module, Weightless, parameter

if TYPE_CHECKING:
    from .._engine.signatures import Array, Tensor

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "Tanhshrink",
]


class ReLU(Weightless):
    """Compute max(x, 0).

    >>> ag.nn.ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        return relu(x)


class LeakyReLU(Weightless):
    """Compute x where it is positive and ``negative_slope`` * x elsewhere.

    >>> ag.nn.LeakyReLU(0.1)(np.array([-1.0, 2.0]))
    array([-0.1,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        floating(self, x)
        return leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        """Return the slope."""
        return f"{self.negative_slope}"


class ELU(Weightless):
    """Compute x where it is positive and ``alpha`` * (exp(x) - 1) elsewhere.

    >>> ag.nn.ELU()(np.array([-1000.0, 2.0]))
    array([-1.,  2.])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        floating(self, x)
        return elu(x, self.alpha)

    def extra_repr(self) -> str:
        """Return the factor."""
        return f"{self.alpha}"


class CELU(ELU):
    """Compute x where it is positive and ``alpha`` * (exp(x / alpha) - 1) elsewhere.

    Raises ValueError unless ``alpha`` is positive.

    >>> ag.nn.CELU(0.5)(np.array([-1000.0, 2.0]))
    array([-0.5,  2. ])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        if not alpha > 0:
            raise ValueError(f"CELU: alpha must be positive, got {alpha!r}")
        super().__init__(alpha)

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        floating(self, x)
        return celu(x, self.alpha)


class Hardtanh(Weightless):
    """Limit x to [``min_val``, ``max_val``].

    Raises ValueError unless ``min_val`` is less than ``max_val``.

    >>> ag.nn.Hardtanh()(np.array([-2.0, 0.5]))
    array([-1. ,  0.5])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        if not min_val < max_val:
            raise ValueError(
                f"Hardtanh: min_val must be less than max_val, got {min_val!r} and {max_val!r}"
            )
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        floating(self, x)
        return hardtanh(x, self.min_val, self.max_val)

    def extra_repr(self) -> str:
        """Return the limits."""
        return f"min_val={self.min_val}, max_val={self.max_val}"


class PReLU(Module):
    """Compute x where it is positive and ``weight`` * x elsewhere (He et al., 2015).

    ``weight`` (num_parameters,) is learnt: one number, or one for each channel along axis 1, which all
    start as ``init``. Raises ValueError for another number of channels.

    >>> ag.nn.PReLU()(np.array([-1.0, 2.0], np.float32)).value
    array([-0.25,  2.  ], dtype=float32)
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = np.float32
    ) -> None:
        check_positive("PReLU", num_parameters=num_parameters)
        self.weight = parameter(np.full(num_parameters, init, dtype))

    def forward(self, x: Array) -> Tensor:
        """Apply the function to ``x``."""
        channels = x.shape[1] if len(x.shape) > 1 else 1
        if len(self.weight) not in (1, channels):
            raise ValueError(
                f"{self!r}: expected {len(self.weight)} channels in axis 1, got x of shape "
                f"{tuple(x.shape)}; make the layer PReLU() or PReLU({channels})"
            )
        if x.dtype is not self.weight.dtype:
            x = as_parameters(self, x, self.weight.dtype)
        return prelu(x, self.weight)

    def extra_repr(self) -> str:
        """Return the number of weights."""
        return f"num_parameters={len(self.weight)}"


class GELU(Weightless):
    """Compute x times the normal distribution function at x.

    >>> ag.nn.GELU()(np.zeros(2))
    array([0., 0.])
    """

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        floating(self, x)
        return gelu(x, self.approximate)


class _Curve(Weightless):
    """An activation without settings."""

    curve: Callable[[Any], Any]

    def __init_subclass__(cls, *, of: Callable[[Any], Any]) -> None:
        super().__init_subclass__()
        cls.curve = staticmethod(of)

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        floating(self, x)
        return type(self).curve(x)


class Hardsigmoid(_Curve, of=hardsigmoid):
    """Compute min(max(x + 3, 0), 6) / 6.

    >>> ag.nn.Hardsigmoid()(np.zeros(2))
    array([0.5, 0.5])
    """


class Hardswish(_Curve, of=hardswish):
    """Compute x * min(max(x + 3, 0), 6) / 6.

    >>> ag.nn.Hardswish()(np.array([0.0, 4.0]))
    array([0., 4.])
    """


class LogSigmoid(_Curve, of=logsigmoid):
    """Compute log(1 / (1 + exp(-x))), without overflow.

    >>> ag.nn.LogSigmoid()(np.array([-1000.0, 1000.0]))
    array([-1000.,    -0.])
    """


class Mish(_Curve, of=mish):
    """Compute x * tanh(softplus(x)).

    >>> ag.nn.Mish()(np.zeros(2))
    array([0., 0.])
    """


class ReLU6(_Curve, of=relu6):
    """Compute min(max(x, 0), 6).

    >>> ag.nn.ReLU6()(np.array([-1.0, 7.0]))
    array([0., 6.])
    """


class SELU(_Curve, of=selu):
    """Compute 1.0507 * ELU(1.6733), which keeps mean 0 and variance 1.

    >>> ag.nn.SELU()(np.array([0.0, 1.0]))
    array([0.        , 1.05070099])
    """


class SiLU(_Curve, of=silu):
    """Compute x * sigmoid(x).

    >>> ag.nn.SiLU()(np.zeros(2))
    array([0., 0.])
    """


class Sigmoid(_Curve, of=sigmoid):
    """Compute 1 / (1 + exp(-x)).

    >>> ag.nn.Sigmoid()(np.zeros(2))
    array([0.5, 0.5])
    """


class Softplus(_Curve, of=softplus):
    """Compute log(1 + exp(x)).

    >>> ag.nn.Softplus()(np.array([-1000.0, 1000.0]))
    array([   0., 1000.])
    """


class Softsign(_Curve, of=softsign):
    """Compute x / (1 + |x|).

    >>> ag.nn.Softsign()(np.array([-1.0, 3.0]))
    array([-0.5 ,  0.75])
    """


class Tanh(_Curve, of=tanh):
    """Compute the hyperbolic tangent.

    >>> ag.nn.Tanh()(np.zeros(2))
    array([0., 0.])
    """


class Tanhshrink(_Curve, of=tanhshrink):
    """Compute x - tanh(x).

    >>> ag.nn.Tanhshrink()(np.zeros(2))
    array([0., 0.])
    """


class Softmax(Weightless):
    """Compute exp(x) / sum(exp(x)) along ``dim``.

    >>> ag.nn.Softmax(1)(np.zeros((1, 2)))
    array([[0.5, 0.5]])
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        floating(self, x)
        return softmax(x, self.dim)

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """Compute x - log(sum(exp(x))) along ``dim``.

    >>> ag.nn.LogSoftmax(1)(np.zeros((1, 1)))
    array([[0.]])
    """

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        floating(self, x)
        return log_softmax(x, self.dim)


class GLU(Softmax):
    """Compute a * sigmoid(b) of the halves a and b of x along ``dim`` (Dauphin et al., 2017).

    >>> ag.nn.GLU()(np.array([2.0, 3.0, 0.0, 1000.0]))
    array([1., 3.])
    """

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        floating(self, x)
        return glu(x, self.dim)
