"""Student's t distribution, as ``scipy.stats.t``; differentiable in every argument."""

from __future__ import annotations

import math
from typing import Any

from .....ops.elementwise.exponential import exp, log, log1p


def logpdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the logarithm of the density.

    >>> from agx.compat.autograd.scipy.stats import t
    >>> t.logpdf(1.0, 3.0).round(4)
    np.float64(-1.5763)
    """
    from .....ops.special import gammaln

    z = (x - loc) / scale
    half = 0.5 * (df + 1)
    peak = gammaln(half) - gammaln(0.5 * df) - 0.5 * log(math.pi * df) - log(scale)
    return peak - half * log1p(z * z / df)


def pdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the density."""
    return exp(logpdf(x, df, loc, scale))


def cdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the probability of a smaller number; not differentiable in ``df``."""
    from .. import special

    return special.stdtr(df, (x - loc) / scale)


def logcdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Compute the logarithm of the probability of a smaller number; not differentiable in ``df``."""
    return log(cdf(x, df, loc, scale))
