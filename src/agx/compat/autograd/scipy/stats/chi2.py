"""The chi-squared distribution, as ``scipy.stats.chi2``."""

from __future__ import annotations

import math
from typing import Any

from .....ops.elementwise.exponential import exp
from ...absent import absent as _absent
from ...numpy.wrapped import Function
from . import gamma


@Function
def logpdf(x: Any, df: Any) -> Any:
    """Compute the logarithm of the density.

    >>> from agx.compat.autograd.scipy.stats import chi2
    >>> chi2.logpdf(1.0, 2.0).round(4)
    np.float64(-1.1931)
    """
    return gamma.logpdf(x / 2, df / 2) - math.log(2)


@Function
def pdf(x: Any, df: Any) -> Any:
    """Compute the density."""
    return exp(logpdf(x, df))


@Function
def cdf(x: Any, df: Any) -> Any:
    """Compute the probability of a smaller number; differentiable in ``x``."""
    return gamma.cdf(x / 2, df / 2)


__getattr__ = _absent("agx.compat.autograd.scipy.stats.chi2")
