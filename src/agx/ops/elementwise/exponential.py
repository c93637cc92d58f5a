"""Exponentials, logarithms and what is made of them, elementwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..._engine.graph import primitive
from ..._kernels import loops
from ..._runtime.threads import team
from ..complex import real_only
from ..shape.where import where
from .curves import curve

if TYPE_CHECKING:
    from ..._engine.signatures import Unary
    from ..._kernels.graph import Scalar

__all__ = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "sigmoid",
    "softplus",
]

# --- exponentials and logarithms -----------------------------------------------------------------

_LN2, _LN10 = float(np.log(2)), float(np.log(10))

exp = primitive(
    "exp",
    np.exp,
    (lambda g, out, x: g * out,),
    kernel=lambda x: loops.exp(x, team),
    derivative="exp(x)",
)
exp2 = primitive("exp2", np.exp2, (lambda g, out, x: g * out * _LN2,), derivative="log(2) * 2**x")
expm1 = primitive("expm1", np.expm1, (lambda g, out, x: g * exp(x),), derivative="exp(x)")
log = primitive("log", np.log, (lambda g, out, x: g / (x + 0.0),), derivative="1 / x")
log2 = primitive(
    "log2", np.log2, (lambda g, out, x: g / (x * _LN2 + 0.0),), derivative="1 / (log(2) * x)"
)
log10 = primitive(
    "log10", np.log10, (lambda g, out, x: g / (x * _LN10 + 0.0),), derivative="1 / (log(10) * x)"
)
log1p = primitive("log1p", np.log1p, (lambda g, out, x: g / (1 + x),), derivative="1 / (1 + x)")
logaddexp = primitive(
    "logaddexp",
    np.logaddexp,
    (
        lambda g, out, x, y: g * sigmoid(difference_or_zero(x, y)),
        lambda g, out, x, y: g * sigmoid(difference_or_zero(y, x)),
    ),
    derivative=("exp(x) / (exp(x) + exp(y))", "exp(y) / (exp(x) + exp(y))"),
)

logaddexp2 = primitive(
    "logaddexp2",
    np.logaddexp2,
    (
        lambda g, out, x, y: g * sigmoid(difference_or_zero(x, y) * _LN2),
        lambda g, out, x, y: g * sigmoid(difference_or_zero(y, x) * _LN2),
    ),
    derivative=("2**x / (2**x + 2**y)", "2**y / (2**x + 2**y)"),
)


def difference_or_zero(x: Any, y: Any) -> Any:
    """x - y, and 0 between equal infinities."""
    return where(np.isinf(x) & (x == y), 0.0, x - y)


# --- the logistic function --------------------------------------------------------------------------


def sigmoid_value(x: Any) -> Any:
    x = real_only("sigmoid", x)
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


sigmoid: Unary[Scalar] = cast(
    "Unary[Scalar]",
    curve(
        "sigmoid",
        sigmoid_value,
        lambda x: sigmoid(x) * sigmoid(-x),
        derivative="sigmoid(x) * (1 - sigmoid(x))",
        doc="Compute 1 / (1 + exp(-x)) elementwise, without overflow.",
    ),
)

softplus = curve(
    "softplus",
    lambda x: np.logaddexp(real_only("softplus", x), 0),
    lambda x: sigmoid(x),
    derivative="sigmoid(x)",
    doc="Compute log(1 + exp(x)) elementwise, without overflow.",
)
