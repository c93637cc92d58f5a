"""Functions that apply functions, and functions of lib.scimath, which leave the real line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.lib import scimath
from numpy.lib.array_utils import normalize_axis_index

from .._engine.graph import implements, value_of
from .complex import is_complex
from .elementwise.arithmetic import power, sqrt
from .elementwise.exponential import log, log2, log10
from .elementwise.trigonometric import arccos, arcsin, arctanh
from .shape.axes import as_array, expand_dims, moveaxis, reshape, stack
from .shape.dtype import astype

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .._engine.graph import Node
    from .._engine.signatures import Tensor

__all__ = [
    "apply_along_axis",
    "apply_over_axes",
]


@overload
def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Node, *args: Any, **kwargs: Any
) -> Tensor: ...
@overload
def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: ArrayLike, *args: Any, **kwargs: Any
) -> np.ndarray: ...
@implements(np.apply_along_axis)
def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any
) -> Any:
    """Apply a function of a vector to every vector along an axis.

    >>> ag.apply_along_axis(np.sum, 0, np.ones((2, 3)))
    array([2., 2., 2.])
    """
    arr = as_array(arr)
    axis = normalize_axis_index(axis, arr.ndim)
    rows = moveaxis(arr, axis, -1)
    outer = rows.shape[:-1]
    rows = reshape(rows, (-1, rows.shape[-1]))
    if not rows.shape[0]:
        raise ValueError("apply_along_axis: cannot apply a function to no vectors")
    found = stack([as_array(func1d(rows[k], *args, **kwargs)) for k in range(rows.shape[0])])
    inner = found.shape[1:]
    found = reshape(found, (*outer, *inner))
    places = range(found.ndim - len(inner), found.ndim)
    return moveaxis(found, list(places), [axis + k for k in range(len(inner))])


@overload
def apply_over_axes(func: Callable[..., Any], a: Node, axes: int | Sequence[int]) -> Tensor: ...
@overload
def apply_over_axes(
    func: Callable[..., Any], a: ArrayLike, axes: int | Sequence[int]
) -> np.ndarray: ...
@implements(np.apply_over_axes)
def apply_over_axes(func: Callable[..., Any], a: Any, axes: int | Sequence[int]) -> Any:
    """Apply ``func(a, axis)`` over axes one after the other, keeping their number.

    >>> ag.apply_over_axes(np.sum, np.ones((2, 3)), [0, 1])
    array([[6.]])
    """
    found = as_array(a)
    ndim = found.ndim
    for axis in np.atleast_1d(axes):
        axis = normalize_axis_index(int(axis), ndim)
        reduced = func(found, axis)
        if np.ndim(value_of(reduced)) == ndim - 1:
            reduced = expand_dims(as_array(reduced), axis)
        if np.ndim(value_of(reduced)) != ndim:
            raise ValueError(
                f"apply_over_axes: the function gave {np.ndim(reduced)} axes for {ndim}; it must "
                "keep them or drop the one it was given"
            )
        found = reduced
    return found


def _complex_where(x: Any, outside: Callable[[np.ndarray], Any]) -> Any:
    """``x``, complex if any of its elements lies where the function leaves the real line."""
    x = as_array(x)
    if is_complex(x) or not np.any(outside(value_of(x))):
        return x
    return astype(x, np.result_type(x.dtype, np.complex64))


def _beyond(function: Any, ours: Callable[[Any], Any], outside: Callable[[np.ndarray], Any]) -> Any:
    def extended(x: Any) -> Any:
        return ours(_complex_where(x, outside))

    extended.__name__ = function.__name__
    return implements(function)(extended)


for _function, _ours, _outside in (
    (scimath.sqrt, sqrt, lambda x: x < 0),
    (scimath.log, log, lambda x: x < 0),
    (scimath.log2, log2, lambda x: x < 0),
    (scimath.log10, log10, lambda x: x < 0),
    (scimath.arccos, arccos, lambda x: abs(x) > 1),
    (scimath.arcsin, arcsin, lambda x: abs(x) > 1),
    (scimath.arctanh, arctanh, lambda x: abs(x) > 1),
):
    _beyond(_function, _ours, _outside)


@implements(scimath.logn)
def _logn(n: Any, x: Any) -> Any:
    def negative(v: np.ndarray) -> Any:
        return v < 0

    return log(_complex_where(x, negative)) / log(_complex_where(n, negative))


@implements(scimath.power)
def _power(x: Any, p: Any) -> Any:
    return power(_complex_where(x, lambda v: v < 0), p)
