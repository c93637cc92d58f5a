"""The normal distribution, as ``scipy.stats.norm``; differentiable in every argument."""

from __future__ import annotations

import math
from typing import Any

from .....ops.elementwise.exponential import exp, log
from ...absent import absent as _absent
from ...numpy.wrapped import Function

_LOG_ROOT = 0.5 * math.log(2 * math.pi)


def _special() -> Any:
    from .....ops import special

    return special


@Function
def logpdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the logarithm of the density.

    >>> from agx.compat.autograd.scipy.stats import norm
    >>> norm.logpdf(1.0).round(4)
    np.float64(-1.4189)
    """
    z = (x - loc) / scale
    return -0.5 * z * z - _LOG_ROOT - log(scale)


@Function
def pdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the density."""
    return exp(logpdf(x, loc, scale))


@Function
def cdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the probability of a smaller number."""
    return _special().ndtr((x - loc) / scale)


@Function
def logcdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the logarithm of the probability of a smaller number."""
    return _special().log_ndtr((x - loc) / scale)


@Function
def sf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the probability of a larger number."""
    return _special().ndtr((loc - x) / scale)


@Function
def logsf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the logarithm of the probability of a larger number."""
    return _special().log_ndtr((loc - x) / scale)


__getattr__ = _absent("agx.compat.autograd.scipy.stats.norm")
