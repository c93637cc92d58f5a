"""Activation functions as modules, for Sequential."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise.activations import elu, gelu, leaky_relu, silu
from ..ops.elementwise.exponential import sigmoid, softplus
from ..ops.elementwise.limits import relu
from ..ops.elementwise.trigonometric import tanh
from ..ops.reduce.softmax import log_softmax, softmax
from .inputs import floating
from .module import Weightless

__all__ = [
    "ELU",
    "GELU",
    "LeakyReLU",
    "LogSoftmax",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
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


class SiLU(Weightless):
    """Compute x * sigmoid(x).

    >>> ag.nn.SiLU()(np.zeros(2))
    array([0., 0.])
    """

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        floating(self, x)
        return silu(x)


class Sigmoid(Weightless):
    """Compute 1 / (1 + exp(-x)).

    >>> ag.nn.Sigmoid()(np.zeros(2))
    array([0.5, 0.5])
    """

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        floating(self, x)
        return sigmoid(x)


class Softplus(Weightless):
    """Compute log(1 + exp(x)).

    >>> ag.nn.Softplus()(np.array([-1000.0, 1000.0]))
    array([   0., 1000.])
    """

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        floating(self, x)
        return softplus(x)


class Tanh(Weightless):
    """Compute the hyperbolic tangent.

    >>> ag.nn.Tanh()(np.zeros(2))
    array([0., 0.])
    """

    def forward(self, x: Any) -> Any:
        """Apply the function to ``x``."""
        floating(self, x)
        return tanh(x)


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
