"""The gamma distribution of scale 1, as ``scipy.stats.gamma``."""

from __future__ import annotations

from typing import Any

from .....ops.elementwise.exponential import exp
from ...absent import absent as _absent
from ...numpy.wrapped import Function
from .. import densities, special


@Function
def logpdf(x: Any, a: Any) -> Any:
    """Compute the logarithm of the density.

    >>> from agx.compat.autograd.scipy.stats import gamma
    >>> gamma.logpdf(1.0, 3.0).round(4)
    np.float64(-1.6931)
    """
    return densities.gamma(x, a)


@Function
def pdf(x: Any, a: Any) -> Any:
    """Compute the density."""
    return exp(logpdf(x, a))


@Function
def cdf(x: Any, a: Any) -> Any:
    """Compute the probability of a smaller number; differentiable in ``x``."""
    return special.gammainc(a, x)


__getattr__ = _absent("agx.compat.autograd.scipy.stats.gamma")
