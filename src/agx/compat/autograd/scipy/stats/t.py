"""Student's t distribution, as ``scipy.stats.t``; differentiable in every argument."""

from __future__ import annotations

from typing import Any

from .....ops.elementwise.exponential import exp, log
from ...absent import absent as _absent
from ...numpy.wrapped import Function
from .. import densities, special


@Function
def logpdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the logarithm of the density.

    >>> from agx.compat.autograd.scipy.stats import t
    >>> t.logpdf(1.0, 3.0).round(4)
    np.float64(-1.5763)
    """
    return densities.t((x - loc) / scale, df) - log(scale)


@Function
def pdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the density."""
    return exp(logpdf(x, df, loc, scale))


@Function
def cdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the probability of a smaller number; not differentiable in ``df``."""
    return special.stdtr(df, (x - loc) / scale)


@Function
def logcdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the logarithm of the probability of a smaller number; not differentiable in ``df``."""
    return log(cdf(x, df, loc, scale))


__getattr__ = _absent("agx.compat.autograd.scipy.stats.t")
