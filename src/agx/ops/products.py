"""Products of vectors and what is made of them: inner and cross products, traces, covariances."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import implements, is_node
from .complex import conj, is_complex, real
from .elementwise import astype, sqrt
from .linalg import matmul, tensordot
from .moves import as_array, atleast_2d, diag, diagonal
from .reduce import average, sum
from .shape import concatenate, expand_dims, moveaxis, ravel, refuse_out, reshape, stack, transpose

# --- inner products ------------------------------------------------------------------------------


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    """Sum products over the last axis of both arguments.

    >>> ag.inner(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array(11.)
    """
    a, b = as_array(a), as_array(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(
            f"inner: last axes differ: x has shape {a.shape}, y {b.shape}; transpose one of them"
        )
    return tensordot(a, b, ([-1], [-1]))


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    """Sum products of the conjugate of the flattened ``a`` with the flattened ``b``.

    >>> ag.vdot(np.array([1.0j]), np.array([1.0j]))
    np.complex128(1+0j)
    """
    return matmul(ravel(conj(as_array(a))), ravel(as_array(b)))


def _core(op: str, x: Any, axis: int) -> Any:
    x = as_array(x)
    if x.ndim == 0:
        raise ValueError(f"{op}: expected at least one axis, got a number")
    return moveaxis(x, axis, -1)


def _conjugate(x: Any) -> Any:
    return conj(x) if is_complex(x) else x


@implements(np.vecdot)
def vecdot(
    x1: Any, x2: Any, /, *, axis: int = -1, keepdims: bool = False, dtype: Any = None
) -> Any:
    """Sum products of the conjugate of ``x1`` with ``x2`` along an axis; the others broadcast.

    >>> ag.vecdot(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    x1, x2 = _core("vecdot", x1, axis), _core("vecdot", x2, axis)
    if x1.shape[-1] != x2.shape[-1]:
        raise ValueError(
            f"vecdot: lengths {x1.shape[-1]} and {x2.shape[-1]} differ along axis {axis}"
        )
    found = sum(_conjugate(x1) * x2, -1, keepdims=keepdims)
    if keepdims:
        found = moveaxis(found, -1, axis)
    return found if dtype is None else astype(found, dtype)


@implements(np.matvec)
def matvec(x1: Any, x2: Any, /, *, dtype: Any = None) -> Any:
    """Multiply matrices (..., M, N) by vectors (..., N).

    >>> ag.matvec(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    found = matmul(as_array(x1), expand_dims(as_array(x2), -1))[..., 0]
    return found if dtype is None else astype(found, dtype)


@implements(np.vecmat)
def vecmat(x1: Any, x2: Any, /, *, dtype: Any = None) -> Any:
    """Multiply conjugates of vectors (..., N) by matrices (..., N, M).

    >>> ag.vecmat(np.ones(2), np.ones((2, 3)))
    array([2., 2., 2.])
    """
    found = matmul(expand_dims(_conjugate(as_array(x1)), -2), as_array(x2))[..., 0, :]
    return found if dtype is None else astype(found, dtype)


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    """Put a copy of ``b``, times the element, in the place of each element of ``a``.

    >>> ag.kron(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([1., 1., 2., 2.])
    """
    a, b = as_array(a), as_array(b)
    ndim = max(a.ndim, b.ndim)
    rows = (1,) * (ndim - a.ndim) + a.shape
    columns = (1,) * (ndim - b.ndim) + b.shape
    wide = reshape(a, [n for m in rows for n in (m, 1)]) * reshape(
        b, [n for m in columns for n in (1, m)]
    )
    return reshape(wide, tuple(m * n for m, n in zip(rows, columns, strict=True)))


@implements(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """Compute cross products of vectors of 3 elements along an axis.

    >>> ag.cross(np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    array([0., 0., 1.])
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = moveaxis(as_array(a), axisa, -1), moveaxis(as_array(b), axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError(
            f"cross: expected vectors of 3 elements, got {a.shape[-1]} and {b.shape[-1]}; append a zero "
            "to vectors in the plane"
        )
    a1, a2, a3 = (a[..., k] for k in range(3))
    b1, b2, b3 = (b[..., k] for k in range(3))
    return stack([a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1], axisc)


@implements(np.trace)
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    """Sum the diagonals of the matrices in two axes.

    >>> ag.trace(np.eye(3))
    np.float64(3.0)
    """
    refuse_out("trace", out)
    return sum(diagonal(as_array(a), offset, axis1, axis2), -1, dtype)


# --- statistics ----------------------------------------------------------------------------------


def _samples(m: Any, y: Any, rowvar: bool) -> Any:
    """Variables in rows, observations in columns."""
    x = atleast_2d(as_array(m))
    if not rowvar and as_array(m).ndim != 1:
        x = transpose(x)
    if y is None:
        return x
    other = atleast_2d(as_array(y))
    if not rowvar and as_array(y).ndim != 1:
        other = transpose(other)
    return concatenate([x, other])


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
) -> Any:
    """Compute the covariances of variables in rows (columns if not ``rowvar``).

    ``fweights`` says how often each observation occurs; ``aweights``, which is differentiable, what it
    weighs.

    >>> ag.cov(np.array([[1.0, 3.0], [3.0, 1.0]]))
    array([[ 2., -2.],
           [-2.,  2.]])
    """
    x = _samples(m, y, rowvar)
    if dtype is not None:
        x = astype(x, dtype)
    if ddof is not None and ddof != int(ddof):
        raise ValueError(f"cov: ddof must be an integer, got {ddof}")
    ddof = int(not bias) if ddof is None else ddof
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
    found = matmul(weighted, transpose(_conjugate(away))) / max(spare, 0)
    return reshape(found, ()) if found.shape == (1, 1) else found


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """Compute the correlation coefficients of variables in rows (columns if not ``rowvar``).

    >>> ag.corrcoef(np.array([[1.0, 3.0], [3.0, 1.0]]))[0, 1].round(6)
    np.float64(-1.0)
    """
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    spread = sqrt(real(diag(c)) if is_complex(c) else diag(c))
    return c / reshape(spread, (-1, 1)) / reshape(spread, (1, -1))


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """Add up the weights of each of the integers in ``x``.

    >>> ag.bincount(np.array([0, 1, 1]), weights=np.array([1.0, 2.0, 3.0]))
    array([1., 5.])
    """
    from .index import scatter_add

    if weights is None:
        return np.bincount(x, minlength=minlength)
    x, weights = np.asarray(x), as_array(weights)
    if x.ndim != 1 or (x.size and x.min() < 0):
        raise ValueError("bincount: x must be a vector of integers that are not negative")
    if x.shape != weights.shape:
        raise ValueError(
            f"bincount: expected weights of the shape of x, {x.shape}, got {weights.shape}"
        )
    size = max(int(x.max()) + 1 if x.size else 0, minlength)
    return scatter_add(weights, x, (size,), np.float64)
