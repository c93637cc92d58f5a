"""Logarithms of the densities that both ``special`` and ``stats`` are made of."""

from __future__ import annotations

import math
from typing import Any

from ....ops.elementwise.exponential import log, log1p


def gamma(x: Any, a: Any) -> Any:
    """That of the gamma distribution of scale 1."""
    from ....ops.special import gammaln, xlogy

    return xlogy(a - 1, x) - x - gammaln(a)


def beta(x: Any, a: Any, b: Any) -> Any:
    """That of the beta distribution."""
    from ....ops.special import betaln, xlog1py, xlogy

    return xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b)


def t(x: Any, df: Any) -> Any:
    """That of Student's t distribution."""
    from ....ops.special import gammaln

    half = 0.5 * (df + 1)
    peak = gammaln(half) - gammaln(0.5 * df) - 0.5 * log(math.pi * df)
    return peak - half * log1p(x * x / df)
