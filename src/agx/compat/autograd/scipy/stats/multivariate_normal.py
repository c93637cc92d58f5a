"""The normal distribution of vectors, as ``scipy.stats.multivariate_normal``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .....ops.elementwise.exponential import exp, log
from ...absent import absent as _absent
from ...boxes import peek
from ...numpy.wrapped import Function


@Function
def logpdf(x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    """Compute the logarithm of the density at the vectors along the last axis of ``x``.

    ``mean`` has one element for each of a vector's and ``cov`` is a matrix; both are differentiable.
    With ``allow_singular`` the density is that on the space where ``cov`` does not vanish.

    >>> from agx.compat.autograd.scipy.stats import multivariate_normal
    >>> multivariate_normal.logpdf(np.zeros((3, 2)), np.zeros(2), np.eye(2)).round(4)
    array([-1.8379, -1.8379, -1.8379])
    """
    away = x - mean
    if allow_singular:
        widths = np.linalg.eigvalsh(cov)
        here = peek(widths)
        widths = widths[here > 1e6 * np.finfo(here.dtype).eps * np.abs(here).max()]
        size, volume = len(widths), log(widths).sum()
        solved = away @ np.linalg.pinv(cov, hermitian=True)
    else:
        size, volume = np.shape(cov)[-1], np.linalg.slogdet(cov)[1]
        solved = np.linalg.solve(cov, away[..., None])[..., 0]
    return -0.5 * ((away * solved).sum(axis=-1) + volume + size * math.log(2 * math.pi))


@Function
def pdf(x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    """Compute the density at the vectors along the last axis of ``x``."""
    return exp(logpdf(x, mean, cov, allow_singular))


@Function
def entropy(mean: Any, cov: Any) -> Any:
    """Compute the entropy, which does not depend on ``mean``."""
    size = np.shape(cov)[-1]
    return 0.5 * (np.linalg.slogdet(cov)[1] + size * (1 + math.log(2 * math.pi)))


__getattr__ = _absent("agx.compat.autograd.scipy.stats.multivariate_normal")
