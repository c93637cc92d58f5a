"""The Poisson distribution, as ``scipy.stats.poisson``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .....ops.elementwise.exponential import exp
from ...absent import absent as _absent
from ...numpy.wrapped import Function
from .. import special


@Function
def logpmf(k: Any, mu: Any) -> Any:
    """Compute the logarithm of the probability of ``k``; differentiable in ``mu``.

    >>> from agx.compat.autograd.scipy.stats import poisson
    >>> poisson.logpmf(2, 1.0).round(4)
    np.float64(-1.6931)
    """
    return special.xlogy(k, mu) - mu - special.gammaln(k + 1.0)


@Function
def pmf(k: Any, mu: Any) -> Any:
    """Compute the probability of ``k``."""
    return exp(logpmf(k, mu))


@Function
def cdf(k: Any, mu: Any) -> Any:
    """Compute the probability of at most ``k``; differentiable in ``mu``."""
    return special.gammaincc(np.floor(k) + 1.0, mu)


__getattr__ = _absent("agx.compat.autograd.scipy.stats.poisson")
