"""Arrays made from scratch, and what becomes of Tensors that NumPy is asked to make an array of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import implements, is_node, value_of
from .elementwise import astype
from .moves import as_array
from .shape import moveaxis, reshape


@implements(
    np.array, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.asarray, np.require
)
def asarray(x: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Make an array of nested lists, or a Tensor if there are Tensors among them.

    >>> ag.asarray([ag.Tensor(1.0), 2.0]).shape
    (2,)
    """
    found = as_array(x)
    if is_node(found):
        return found if dtype is None else astype(found, dtype)
    return np.array(found, dtype=dtype)


def array(x: Any, dtype: Any = None) -> Any:
    """Make a new array of nested lists, or a Tensor if there are Tensors among them.

    >>> ag.array([[ag.Tensor(1.0), 2.0]]).shape
    (1, 2)
    """
    found = asarray(x, dtype)
    return +found if found is x and is_node(x) else found


#: Functions that make arrays and take ``like=``; of a Tensor they make what they always make.
CREATORS = (
    "arange", "empty", "eye", "frombuffer", "fromfile", "fromfunction", "fromiter", "fromstring",
    "full", "genfromtxt", "identity", "loadtxt", "ones", "tri", "zeros",
)  # fmt: skip


def _steps(num: int, endpoint: bool) -> np.ndarray:
    divisor = num - 1 if endpoint else num
    return np.arange(num) / max(divisor, 1)


@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """Return ``num`` numbers evenly spaced from ``start`` to ``stop``, both differentiable.

    >>> ag.linspace(0.0, 1.0, 3)
    array([0. , 0.5, 1. ])
    """
    start, stop = as_array(start), as_array(stop)
    if num < 0:
        raise ValueError(f"linspace: num must not be negative, got {num}")
    ndim = max(start.ndim, stop.ndim)
    share = reshape(_steps(num, endpoint), (-1,) + (1,) * ndim)
    found = start * (1 - share) + stop * share
    found = moveaxis(found, 0, axis)
    if dtype is not None:
        found = astype(found, dtype)
    divisor = num - 1 if endpoint else num
    return (found, (stop - start) / divisor if divisor else np.nan) if retstep else found


@implements(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Return ``base`` to the power of evenly spaced numbers.

    >>> ag.logspace(0.0, 2.0, 3)
    array([  1.,  10., 100.])
    """
    exponents = linspace(start, stop, num, endpoint, axis=axis)
    if np.ndim(value_of(base)):
        base = moveaxis(reshape(base, (1, *base.shape)), 0, axis)
    found = base**exponents
    return found if dtype is None else astype(found, dtype)


@implements(np.geomspace)
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """Return ``num`` numbers from ``start`` to ``stop``, each a constant multiple of the last.

    >>> ag.geomspace(1.0, 100.0, 3)
    array([  1.,  10., 100.])
    """
    start, stop = as_array(start), as_array(stop)
    if (value_of(start) == 0).any() or (value_of(stop) == 0).any():
        raise ValueError("geomspace: start and stop must not be 0")
    ndim = max(start.ndim, stop.ndim)
    share = reshape(_steps(num, endpoint), (-1,) + (1,) * ndim)
    found = moveaxis(start * (stop / start) ** share, 0, axis)
    return found if dtype is None else astype(found, dtype)
