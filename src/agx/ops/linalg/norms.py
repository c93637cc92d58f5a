"""Norms of vectors and matrices, and condition numbers."""

from __future__ import annotations

import functools
import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..._engine.graph import (
    Node,
    constant_functions,
    implements,
    is_node,
    primitive,
    value_of,
)
from ..complex import conj, conjugated, is_complex
from ..elementwise.arithmetic import absolute, sign
from ..elementwise.quotient import smooth_at_zero, undefined_slope
from ..elementwise.trigonometric import direction_cosine, over_length
from ..reduce.extremes import max, min
from ..reduce.sums import restore_axes, sum
from ..shape.axes import Axis, as_array, expand_dims, moveaxis, squeeze
from ..shape.where import where
from .decompositions import svdvals
from .matrices import inv

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "cond",
    "matrix_norm",
    "matrix_rank",
    "norm",
    "vector_norm",
]

constant_functions.add(np.linalg.matrix_rank)


def _inexact(x: Any) -> Any:
    x = as_array(x)
    return x if isinstance(x, Node) or x.dtype.kind not in "biu" else np.asarray(x, np.float64)


def _largest(sizes: Any, axis: Any, keepdims: bool = False) -> Any:
    """The largest of numbers that are not negative; 0 if there are none."""
    return (max if sizes.size else sum)(sizes, axis, keepdims=keepdims)


def _safe(r: Any) -> Any:
    return where(r == 0, 1.0, r)


def _euclidean_value(x: Any, *, axis: Any, keepdims: Any) -> Any:
    with np.errstate(over="ignore", under="ignore"):
        squares = np.square(x.real) + np.square(x.imag) if is_complex(x) else np.square(x)
        out = np.sqrt(np.add.reduce(squares, axis, keepdims=keepdims))
    return _in_range(out, x, 2.0, axis, keepdims)


def _in_range(out: Any, x: Any, p: float, axis: Any, keepdims: bool) -> Any:
    """The norm ``out``, from scaled numbers where the powers of ``x`` have left the range of floats."""
    limits = np.finfo(out.dtype)
    least = (limits.tiny / limits.eps) ** (1 / np.maximum(abs(p), 1))
    lost = ~((out > least) & (out < 1 / least))
    if not np.any(lost) or not x.size:
        return out
    size = np.abs(x)
    unit = (np.max if p > 0 else np.min)(size, axis, keepdims=True)
    unit = np.where((unit > 0) & np.isfinite(unit), unit, np.ones_like(unit))
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        again = np.add.reduce((size / unit) ** p, axis, keepdims=True) ** (1 / p) * unit
    again = again if keepdims else np.squeeze(again, axis)
    return np.where(lost, again, out)[()].astype(out.dtype)


def _euclidean_vjp(g: Any, out: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    """The conjugate of x / |x|, and 0 where the norm is 0."""
    wide = functools.partial(restore_axes, x=x, axis=axis, keepdims=keepdims)
    total = wide(out)
    towards = conj(over_length(x, total)) if is_complex(x) else direction_cosine(x, total)
    share = wide(g) * towards
    return smooth_at_zero(
        share, g, out, x, lambda q: wide(q) * conjugated(x), wide, op="norm", axis=axis
    )


def _power_value(x: Any, *, p: float, axis: Any, keepdims: Any) -> Any:
    with np.errstate(over="ignore", under="ignore"):
        out = np.add.reduce(np.abs(x) ** p, axis, keepdims=keepdims) ** (1 / p)
    return _in_range(out, x, p, axis, keepdims)


def _power_vjp(g: Any, out: Any, x: Any, *, p: float, axis: Any, keepdims: bool) -> Any:
    """(|x_i| / |x|)^(p-1) times the direction of x_i; 0 where x_i or the norm is 0."""
    wide = functools.partial(restore_axes, x=x, axis=axis, keepdims=keepdims)
    size, total, even = absolute(x), wide(out), p % 2 == 0 and not is_complex(x)
    live = (total != 0) & ((p > 1) | (size != 0))
    ratio = where(live, (x if even else size) / _safe(total), 1.0)
    endless = np.isinf(size) * np.sign(value_of(x)) if even else np.isinf(size)
    ratio = where(np.isinf(total), endless, ratio)
    if p % 2 == 1 and p > 1 and not is_complex(x):  # an odd power of x, but for a kink
        towards = where(live, ratio ** (p - 2), 0.0) * where(
            np.isinf(size), sign(x), x / _safe(total)
        )
    else:
        towards = where(live, ratio ** (p - 1), 0.0) * (1.0 if even else conj(sign(x)))
    share = wide(g) * towards
    if p <= 1:  # a cusp, whatever is made of it
        cusp = np.asarray(value_of(x) == 0)
        if not is_node(x) or not cusp.any():
            return share
        return share + wide(g) * undefined_slope(x, cusp, (), "norm")
    often = math.ceil(p - 1)
    return smooth_at_zero(
        share,
        g,
        out,
        x,
        lambda q: wide(q) * total ** (often - p + 1) * size ** (p - 1) * conj(sign(x)),
        wide,
        op="norm",
        axis=axis,
        times=often,
    )


_euclidean = primitive("norm", _euclidean_value, (_euclidean_vjp,))
_power = primitive("norm_p", _power_value, (_power_vjp,))


def _vector(x: Any, ord: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    where_to: dict[str, Any] = {"axis": axis, "keepdims": keepdims}
    if ord is None or ord == 2:
        return _euclidean(x, **where_to)
    if isinstance(ord, str) or not isinstance(ord, (int, float, np.number)):
        raise ValueError(
            f"norm: order of vectors must be a number, got {ord!r}; orders with names are for matrices"
        )
    if ord == 0:
        return sum(where(x != 0, 1.0, absolute(x)), **where_to)
    if ord == 1:
        return sum(absolute(x), **where_to)
    if np.isinf(ord):
        return (_largest if ord > 0 else min)(absolute(x), **where_to)
    return _power(x, p=float(ord), **where_to)


def _matrix(x: Any, ord: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    if ord is None or ord in ("fro", "f"):
        return _euclidean(x, axis=axis, keepdims=keepdims)
    if ord in (2, -2, "nuc"):
        s = absolute(svdvals(moveaxis(x, axis, (-2, -1))))  # its gradient at 0 is 0
        reduce = sum if ord == "nuc" else _largest if ord == 2 else min
        found = reduce(s, -1)
        return expand_dims(found, axis) if keepdims else found
    if ord not in (1, -1, np.inf, -np.inf):
        raise ValueError(
            "norm: order of matrices must be None, 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, "
            f"got {ord!r}; vector_norm takes other numbers"
        )
    inner, outer = axis if abs(ord) == 1 else axis[::-1]
    sums = sum(absolute(x), inner, keepdims=True)
    found = (_largest if ord > 0 else min)(sums, outer, keepdims=True)
    return found if keepdims else squeeze(found, axis)


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Array:
    """Compute the norm of vectors (one axis) or matrices (two axes); of all elements by default.

    ``ord`` is as for ``numpy.linalg.norm``: of vectors any number, of matrices "fro", "nuc", 1, -1, 2,
    -2, inf or -inf. The gradient at a zero vector is 0, and elements that tie for a maximum or
    minimum share it. Raises ValueError for another order or number of axes, TypeError for another axis.

    >>> ag.grad(ag.linalg.norm)(np.array([3.0, 4.0]))
    array([0.6, 0.8])
    """
    x = _inexact(x)
    if axis is None and ord is None:
        return _euclidean(x, axis=tuple(range(x.ndim)), keepdims=keepdims)
    if axis is not None and not isinstance(axis, tuple):
        try:
            axis = operator.index(axis)
        except TypeError:
            raise TypeError(
                f"norm: axis must be None, an integer or a tuple of integers, got {axis!r}"
            ) from None
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    if len(axes) not in (1, 2):
        raise ValueError(
            f"norm: expected one axis for vectors or two for matrices, got {len(axes)}; "
            "use vector_norm for any number"
        )
    return (_vector if len(axes) == 1 else _matrix)(x, ord, axes, keepdims)


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Array:
    """Compute the norm of vectors along any number of axes, all of them by default; see ``norm``.

    >>> ag.linalg.vector_norm(np.array([[3.0, 0.0], [0.0, 4.0]]), ord=1)
    np.float64(7.0)
    """
    x = _inexact(x)
    if axis is not None and not isinstance(axis, (int, tuple, np.integer)):
        raise TypeError(
            f"vector_norm: axis must be None, an integer or a tuple of integers, got {axis!r}"
        )
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    return _vector(x, ord, axes, keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    """Compute the norm of matrices (..., M, N); see ``norm``.

    >>> ag.linalg.matrix_norm(np.array([[3.0, 0.0], [0.0, -4.0]]), ord="nuc")
    np.float64(7.0)
    """
    x = _inexact(x)
    if x.ndim < 2:
        raise ValueError(f"matrix_norm: expected two axes or more, got {x.ndim}; use vector_norm")
    return _matrix(x, ord, (x.ndim - 2, x.ndim - 1), keepdims)


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Array:
    """Compute the condition numbers of matrices: |x| |x^-1| in the norm ``p`` (None is 2).

    Singular matrices have the condition number infinity, and the gradient 0. Raises ValueError for
    an order that ``norm`` does not know.

    >>> ag.linalg.cond(np.array([[4.0, 0.0], [0.0, 2.0]]))
    np.float64(2.0)
    """
    x = as_array(x)
    if not is_node(x):
        return np.linalg.cond(x, p)
    value = np.linalg.cond(x.value, p)
    endless = ~np.isfinite(value)
    n = x.shape[-1]
    if np.any(endless):
        x = where(np.expand_dims(endless, (-1, -2)), np.eye(x.shape[-2], n, dtype=x.dtype), x)
    if p is None or p in (2, -2):
        s = svdvals(x)
        found = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    else:
        found = matrix_norm(x, ord=p) * matrix_norm(inv(x), ord=p)
    return where(endless, value, found) if np.any(endless) else found


def matrix_rank(
    A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None
) -> np.ndarray:
    """Count the singular values above a tolerance, as plain integers, which have no gradient.

    The arguments are those of ``numpy.linalg.matrix_rank``.

    >>> ag.linalg.matrix_rank(np.array([[1.0, 2.0], [2.0, 4.0]]))
    np.int64(1)
    """
    value = A.value if isinstance(A, Node) else A
    return np.linalg.matrix_rank(value, tol, hermitian, rtol=rtol)
