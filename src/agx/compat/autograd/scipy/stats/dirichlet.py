"""The Dirichlet distribution, as ``scipy.stats.dirichlet``."""

from __future__ import annotations

from typing import Any

from .....ops.elementwise.exponential import exp
from ...absent import absent as _absent
from ...numpy.wrapped import Function
from .. import special


@Function
def logpdf(x: Any, alpha: Any) -> Any:
    """Compute the logarithm of the density at a vector of positive numbers that sum to 1.

    >>> from agx.compat.autograd.scipy.stats import dirichlet
    >>> dirichlet.logpdf(np.array([0.2, 0.8]), np.array([2.0, 2.0])).round(4)
    np.float64(-0.0408)
    """
    volume = special.gammaln(alpha).sum() - special.gammaln(alpha.sum())
    return special.xlogy(alpha - 1, x).sum() - volume


@Function
def pdf(x: Any, alpha: Any) -> Any:
    """Compute the density."""
    return exp(logpdf(x, alpha))


@Function
def rvs(alpha: Any, size: Any = 1, random_state: Any = None) -> Any:
    """Draw vectors."""
    import scipy.stats

    return scipy.stats.dirichlet.rvs(alpha, size, random_state)


__getattr__ = _absent("agx.compat.autograd.scipy.stats.dirichlet")
