"""Pseudo-inverses and least squares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import Node, implements, is_node, primitive
from ..complex import conj, imag, is_complex, real
from ..reduce.sums import sum
from ..shape.axes import as_array, expand_dims
from .decompositions import svdvals
from .matrices import check_square, from_triangle, mH, mT
from .products import matmul

if TYPE_CHECKING:
    from ..._engine.signatures import Array, Solved

__all__ = [
    "lstsq",
    "pinv",
]

_UNSET: Any = object()


def _pinv_vjp(g: Any, out: Any, x: Any, **how: Any) -> Any:
    """Transpose the three terms of Golub and Pereyra's formula."""
    left = matmul(out, matmul(mH(out), conj(g)))
    right = matmul(conj(g), matmul(mH(out), out))
    left = left - matmul(matmul(left, x), out)
    right = right - matmul(out, matmul(x, right))
    return mT(left + right) - matmul(matmul(mT(out), g), mT(out))


_pinv = primitive("pinv", lambda x, **how: np.linalg.pinv(x, **how), (_pinv_vjp,))


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = _UNSET) -> Array:
    """Compute the Moore-Penrose inverse of matrices (..., M, N).

    Singular values up to ``rcond`` (or ``rtol``) times the largest count as 0, and ``hermitian`` reads
    the lower triangle alone, as in ``numpy.linalg.pinv``. The gradient is that among matrices of the
    same rank (Golub and Pereyra 1973, equation 4.12). Raises ValueError if both tolerances are given.

    >>> ag.linalg.pinv(np.array([[2.0], [0.0]]))
    array([[0.5, 0. ]])
    """
    if rtol is not _UNSET and rcond is not None:
        raise ValueError("pinv: expected rcond or rtol, got both; leave one out")
    how = {"rcond": rcond} if rtol is _UNSET else {"rtol": rtol}
    a = as_array(a)
    if hermitian and is_node(a):
        check_square("pinv", a)
        a = from_triangle(a, "L")
    return _pinv(a, hermitian=bool(hermitian), **how)


def _lstsq_matrix(g: Any, out: Any, a: Any, b: Any, *, rcond: float) -> Any:
    inverse = pinv(a, rcond)
    residual = b - matmul(a, out)
    outside = conj(g) - matmul(inverse, matmul(a, conj(g)))
    normal = matmul(inverse, matmul(mH(inverse), conj(g)))
    return (
        matmul(conj(residual), mT(normal))
        + matmul(mT(inverse), matmul(conj(out), mT(outside)))
        - matmul(matmul(mT(inverse), g), mT(out))
    )


_lstsq = primitive(
    "lstsq",
    lambda a, b, *, rcond: np.linalg.lstsq(a, b, rcond)[0],
    (_lstsq_matrix, lambda g, out, a, b, *, rcond: matmul(mT(pinv(a, rcond)), g)),
)


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Solved:
    """Find the x of least length that minimizes |b - a x|, for ``a`` (M, N) and ``b`` (M,) or (M, K).

    Returns x, the sums of squared residuals (empty unless a has full column rank and M > N), the
    rank, which is a plain integer, and the singular values. Those up to ``rcond`` times the largest
    count as 0. The gradient is that of pinv(a) @ b. Raises ``numpy.linalg.LinAlgError`` if the shapes
    do not match.

    >>> ag.linalg.lstsq(np.array([[1.0], [1.0]]), np.array([1.0, 3.0]))[0]
    array([2.])
    """
    a, b = as_array(a), as_array(b)
    if not (is_node(a) or is_node(b)):
        return np.linalg.lstsq(a, b, rcond)  # type: ignore[return-value]
    eps = float(np.finfo(np.float64).eps)  # NumPy computes in double precision, float32 too
    if rcond is None:
        rcond = eps * max(a.shape)
    elif rcond <= 0 or rcond >= 1:  # as LAPACK's xLALSD
        rcond = eps
    columns = expand_dims(b, 1) if b.ndim == 1 else b
    x = _lstsq(a, columns, rcond=rcond)
    s = svdvals(a)
    sizes = s.value if isinstance(s, Node) else s
    rank = int(np.count_nonzero(sizes > rcond * np.max(sizes, initial=0.0)))
    if rank == a.shape[1] < a.shape[0]:
        difference = columns - matmul(a, x)
        if is_complex(difference):
            residuals = sum(real(difference) ** 2 + imag(difference) ** 2, 0)
        else:
            residuals = sum(difference * difference, 0)
    else:
        residuals = np.zeros(0, sizes.dtype)
    return (x[:, 0] if b.ndim == 1 else x), residuals, rank, s  # type: ignore[return-value]
