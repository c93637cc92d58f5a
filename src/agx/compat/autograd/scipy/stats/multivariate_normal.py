"""The normal distribution of vectors, as ``scipy.stats.multivariate_normal``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .....ops.elementwise import exp


def logpdf(x: Any, mean: Any, cov: Any) -> Any:
    """Compute the logarithm of the density at the vectors along the last axis of ``x``.

    ``mean`` has one element for each of a vector's and ``cov`` is a matrix; both are differentiable.

    >>> from agx.compat.autograd.scipy.stats import multivariate_normal
    >>> multivariate_normal.logpdf(np.zeros((3, 2)), np.zeros(2), np.eye(2)).round(4)
    array([-1.8379, -1.8379, -1.8379])
    """
    away = x - mean
    size = np.shape(cov)[-1]
    solved = np.linalg.solve(cov, away[..., None])[..., 0]
    volume = np.linalg.slogdet(cov)[1] + size * math.log(2 * math.pi)
    return -0.5 * ((away * solved).sum(axis=-1) + volume)


def pdf(x: Any, mean: Any, cov: Any) -> Any:
    """Compute the density at the vectors along the last axis of ``x``."""
    return exp(logpdf(x, mean, cov))
