"""The beta distribution, as ``scipy.stats.beta``."""

from __future__ import annotations

from typing import Any

from .....ops.elementwise.exponential import exp
from ...absent import absent as _absent
from ...numpy.wrapped import Function
from .. import densities, special


@Function
def logpdf(x: Any, a: Any, b: Any) -> Any:
    """Compute the logarithm of the density.

    >>> from agx.compat.autograd.scipy.stats import beta
    >>> beta.logpdf(0.5, 2.0, 2.0).round(4)
    np.float64(0.4055)
    """
    return densities.beta(x, a, b)


@Function
def pdf(x: Any, a: Any, b: Any) -> Any:
    """Compute the density."""
    return exp(logpdf(x, a, b))


@Function
def cdf(x: Any, a: Any, b: Any) -> Any:
    """Compute the probability of a smaller number; differentiable in ``x``."""
    return special.betainc(a, b, x)


__getattr__ = _absent("agx.compat.autograd.scipy.stats.beta")
