"""Covariances and correlations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import implements, is_node
from ..complex import conjugated, is_complex, real
from ..elementwise.arithmetic import sqrt
from ..reduce.sums import average, sum
from ..shape.axes import as_array, concatenate, expand_dims, reshape, transpose
from ..shape.dtype import cast
from ..shape.joining import atleast_2d
from ..shape.moves import diag
from .products import matmul

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "corrcoef",
    "cov",
]


def _samples(m: Any, y: Any, rowvar: bool) -> Any:
    """Variables in rows, observations in columns."""
    for name, given in (("m", m), ("y", y)):
        if np.ndim(given) > 2:
            raise ValueError(
                f"cov: expected {name} of at most two axes, got shape {np.shape(given)}"
            )
    x = atleast_2d(as_array(m))
    if not rowvar and as_array(m).ndim != 1:
        x = transpose(x)
    if y is None:
        return x
    other = atleast_2d(as_array(y))
    return concatenate([x, transpose(other) if not rowvar and other.shape[0] != 1 else other])


def _weights(name: str, given: Any, count: int) -> Any:
    if given is None:
        return None
    given = as_array(given)
    if given.shape != (count,) or (given < 0).any():
        raise ValueError(
            f"cov: {name} must be {count} numbers that are not negative, one for each observation"
        )
    return given


@implements(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Array:
    """Compute the covariances of variables in rows (columns if not ``rowvar``).

    ``fweights`` says how often each observation occurs; ``aweights``, which is differentiable, what it
    weighs.

    >>> ag.cov(np.array([[1.0, 3.0], [3.0, 1.0]]))
    array([[ 2., -2.],
           [-2.,  2.]])
    """
    x = _samples(m, y, rowvar)
    if dtype is not None:
        x = cast(x, dtype)
    if ddof is not None and ddof != int(ddof):
        raise ValueError(f"cov: ddof must be an integer, got {ddof}")
    ddof = int(bias == 0) if ddof is None else ddof
    frequencies = _weights("fweights", fweights, x.shape[1])
    if frequencies is not None and (is_node(frequencies) or (frequencies % 1).any()):
        raise TypeError("cov: fweights must be integers; aweights may be anything, and Tensors")
    weights = accuracies = _weights("aweights", aweights, x.shape[1])
    if frequencies is not None:
        weights = frequencies if accuracies is None else frequencies * accuracies
    count = x.shape[1] if weights is None else sum(weights)
    if accuracies is None or ddof == 0:
        spare = count - ddof
    else:
        spare = count - ddof * sum(weights * accuracies) / count
    away = x - expand_dims(average(x, 1, weights), 1)
    weighted = away if weights is None else away * weights
    found = matmul(weighted, transpose(conjugated(away))) / max(spare, 0)
    return reshape(found, ()) if found.shape == (1, 1) else found


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Array:
    """Compute the correlation coefficients of variables in rows (columns if not ``rowvar``).

    >>> ag.corrcoef(np.array([[1.0, 3.0], [3.0, 1.0]]))[0, 1].round(6)
    np.float64(-1.0)
    """
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    spread = sqrt(real(diag(c)) if is_complex(c) else diag(c))
    return c / reshape(spread, (-1, 1)) / reshape(spread, (1, -1))
