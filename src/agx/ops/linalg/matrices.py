"""Matrices without decomposing them: inverses, linear systems and powers."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import implements, is_node, primitive
from ..complex import conjugated, is_complex, real
from ..shape.axes import as_array, expand_dims, reshape, swapaxes, transpose
from ..shape.where import where
from .products import matmul

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "inv",
    "matrix_power",
    "multi_dot",
    "solve",
    "tensorinv",
    "tensorsolve",
]


def mT(x: Any) -> Any:
    """The transpose of the last two axes, without a conjugate: what holomorphic rules need."""
    return swapaxes(x, -1, -2)


def mH(x: Any) -> Any:
    """The conjugate transpose of the last two axes."""
    return mT(conjugated(x))


def from_triangle(x: Any, UPLO: str) -> Any:
    """The Hermitian matrix whose lower ("L") or upper ("U") triangle is that of ``x``."""
    n = x.shape[-1]
    strict = np.tri(n, k=-1, dtype=bool)
    half = where(strict if UPLO == "L" else strict.T, x, 0.0)
    diagonal = real(x) if is_complex(x) else x
    return half + mH(half) + where(np.eye(n, dtype=bool), diagonal, 0.0)


def as_diagonal(v: Any) -> Any:
    """Diagonal matrices that hold the vectors of the last axis."""
    return where(np.eye(v.shape[-1], dtype=bool), expand_dims(v, -1), 0.0)


def check_square(name: str, x: Any) -> None:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise np.linalg.LinAlgError(
            f"{name}: expected square matrices in the last two axes, got shape {x.shape}"
        )


# --- inverses and linear systems -----------------------------------------------------------------

_inv = primitive(
    "inv",
    np.linalg.inv,
    (lambda g, out, x: -matmul(matmul(mT(out), g), mT(out)),),
)


@implements(np.linalg.inv)
def inv(a: Any) -> Array:
    """Invert matrices of shape (..., M, M).

    d(A^-1) = -A^-1 dA A^-1 (Giles 2008, "Collected matrix derivative results"). Raises
    ``numpy.linalg.LinAlgError`` if a matrix is singular or not square.

    >>> ag.linalg.inv(np.array([[2.0, 0.0], [0.0, 4.0]]))
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    return _inv(as_array(a))


#: Rows from which a triangular matrix is inverted in blocks.
_BLOCK = 32


def lower_inverse(x: Any) -> Any:
    """The inverse of lower triangular matrices, in blocks where nobody differentiates it again."""
    n = x.shape[-1]
    if n < _BLOCK or x.ndim != 2 or is_node(x):
        return inv(x)
    k = n // 2
    out = np.zeros_like(x)
    out[:k, :k] = lower_inverse(x[:k, :k])
    out[k:, k:] = lower_inverse(x[k:, k:])
    np.matmul(-(out[k:, k:] @ x[k:, :k]), out[:k, :k], out=out[k:, :k])
    return out


def _outer(x: Any, y: Any) -> Any:
    """x @ y, of one column and one row as a product with broadcasting."""
    return x * y if x.shape[-1] == 1 else matmul(x, y)


_solve = primitive(
    "solve",
    np.linalg.solve,
    (
        lambda g, out, a, b: -_outer(_solve(mT(a), g), mT(out)),
        lambda g, out, a, b: _solve(mT(a), g),
    ),
)


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Array:
    """Solve a x = b for x, where ``a`` is (..., M, M) and ``b`` is (M,) or (..., M, K).

    The pull-back to b solves with the transpose, and that to a is -gb x^T (Giles 2008). Raises
    ``numpy.linalg.LinAlgError`` if a matrix is singular or not square.

    >>> ag.linalg.solve(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([1.0, 1.0]))
    array([0.5 , 0.25])
    """
    a, b = as_array(a), as_array(b)
    return _solve(a, expand_dims(b, -1))[..., 0] if b.ndim == 1 else _solve(a, b)


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Sequence[int] | None = None) -> Array:
    """Solve tensordot(a, x, x.ndim) = b for x, after moving ``axes`` of ``a`` to the end.

    ``a`` has the shape b.shape + x.shape. Raises ``numpy.linalg.LinAlgError`` if the two parts of
    that shape do not have equal sizes.

    >>> ag.linalg.tensorsolve(np.eye(6).reshape(2, 3, 6), np.ones((2, 3))).shape
    (6,)
    """
    a, b = as_array(a), as_array(b)
    if axes is not None:
        order = list(range(a.ndim))
        for k in axes:
            order.remove(k)
            order.append(k)
        a = transpose(a, order)
    shape = a.shape[-(a.ndim - b.ndim) :]
    size = math.prod(shape)
    if math.prod(a.shape) != size**2 or math.prod(b.shape) != size:
        raise np.linalg.LinAlgError(
            f"tensorsolve: a of shape {a.shape} is no square system for b of shape {b.shape}; "
            f"the remaining axes {shape} must have as many elements as b"
        )
    return reshape(solve(reshape(a, (size, size)), reshape(b, (size,))), shape)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Array:
    """Invert ``a`` with respect to tensordot(a, ., ind).

    The first ``ind`` axes have as many elements as the others. Raises ValueError if ``ind`` is not
    positive, and ``numpy.linalg.LinAlgError`` if a is not square in that sense, or singular.

    >>> ag.linalg.tensorinv(np.eye(6).reshape(6, 2, 3), ind=1).shape
    (2, 3, 6)
    """
    a = as_array(a)
    if ind <= 0:
        raise ValueError(f"tensorinv: ind must be positive, got {ind}")
    size = math.prod(a.shape[ind:])
    flat = reshape(a, (size, math.prod(a.shape[:ind]))) if size else a
    return reshape(inv(flat), (*a.shape[ind:], *a.shape[:ind]))


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Array:
    """Multiply square matrices with themselves ``n`` times; a negative ``n`` inverts first.

    Raises TypeError if ``n`` is no integer, and ``numpy.linalg.LinAlgError`` if a is not square.

    >>> ag.linalg.matrix_power(np.array([[1.0, 1.0], [0.0, 1.0]]), 5)
    array([[1., 5.],
           [0., 1.]])
    """
    a = as_array(a)
    check_square("matrix_power", a)
    try:
        n = operator.index(n)
    except TypeError:
        raise TypeError(
            f"matrix_power: expected an integer exponent, got {n!r}; eigh gives other powers"
        ) from None
    if n == 0:
        return where(True, np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape), a)
    result: Any = None
    square = inv(a) if n < 0 else a
    n = abs(n)
    while True:
        n, odd = divmod(n, 2)
        if odd:
            result = square if result is None else matmul(result, square)
        if not n:
            return result
        square = matmul(square, square)


def _chain(parts: list[Any]) -> Any:
    """Multiply matrices in the order that costs the fewest multiplications."""
    sizes = [p.shape[0] for p in parts] + [parts[-1].shape[1]]

    @functools.cache
    def best(i: int, j: int) -> tuple[int, int]:
        """The cost of parts i to j, and the part after which to split them."""
        if i == j:
            return 0, i
        cost = sizes[i] * sizes[j + 1]
        return min(
            (best(i, k)[0] + best(k + 1, j)[0] + cost * sizes[k + 1], k) for k in range(i, j)
        )

    def product(i: int, j: int) -> Any:
        k = best(i, j)[1]
        return parts[i] if i == j else matmul(product(i, k), product(k + 1, j))

    return product(0, len(parts) - 1)


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any], *, out: None = None) -> Array:
    """Multiply two or more matrices in the fastest order; the first and last may be vectors.

    Raises TypeError for ``out``, ValueError for fewer than two arrays, and
    ``numpy.linalg.LinAlgError`` if one between the ends is no matrix.

    >>> ag.linalg.multi_dot([np.ones(3), np.ones((3, 4)), np.ones((4, 2))])
    array([12., 12.])
    """
    if out is not None:
        raise TypeError("multi_dot: out= is not supported, got an array; use the result instead")
    parts = [as_array(a) for a in arrays]
    if len(parts) < 2:
        raise ValueError(f"multi_dot: expected two or more arrays, got {len(parts)}")
    first, last = parts[0].ndim == 1, parts[-1].ndim == 1
    if first:
        parts[0] = expand_dims(parts[0], 0)
    if last:
        parts[-1] = expand_dims(parts[-1], 1)
    for k, p in enumerate(parts):
        if p.ndim != 2:
            raise np.linalg.LinAlgError(
                f"multi_dot: expected a matrix as array {k}, got {np.ndim(arrays[k])} axes; "
                "use matmul for stacks"
            )
    result = _chain(parts)
    result = result[0] if first else result
    return result[..., 0] if last else result
