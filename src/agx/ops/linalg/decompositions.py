"""Decompositions, and what follows from them.

A primitive returns one array, so those of several parts return them flattened one after another;
``_unpack`` cuts them apart. In the rules g is the gradient without a conjugate (see ``complex``), hence
the conjugates where textbooks have none.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import implements, is_node, primitive
from ..complex import conj, conjugated, imag, is_complex, real
from ..elementwise.arithmetic import absolute
from ..elementwise.quotient import undefined_slope
from ..reduce.sums import prod, sum
from ..shape.axes import as_array, concatenate, expand_dims, reshape
from ..shape.index import take_along_axis
from ..shape.where import where
from .array_api import diagonal
from .equals import (
    column,
    equal_pairs,
    gaps,
    of_equals,
    plain,
    reciprocal,
    row,
    unused,
    vanishing,
    within_eigenspaces,
    without,
)
from .matrices import (
    as_diagonal,
    check_square,
    from_triangle,
    inv,
    lower_inverse,
    mH,
    mT,
    solve,
)
from .products import matmul

if TYPE_CHECKING:
    from ..._engine.signatures import (
        Array,
        EighResult,
        EigResult,
        QRResult,
        SlogdetResult,
        SVDResult,
    )
else:
    from numpy.linalg._linalg import EighResult, EigResult, QRResult, SlogdetResult, SVDResult

__all__ = [
    "cholesky",
    "det",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "qr",
    "slogdet",
    "svd",
    "svdvals",
]


def _pack(batch: tuple[int, ...], *parts: np.ndarray) -> np.ndarray:
    sizes = [math.prod(p.shape[len(batch) :]) for p in parts]
    return np.concatenate(
        [p.reshape((*batch, n)) for p, n in zip(parts, sizes, strict=True)], axis=-1
    )


def _unpack(flat: Any, *shapes: tuple[int, ...]) -> list[Any]:
    batch, start, parts = flat.shape[:-1], 0, []
    for shape in shapes:
        size = math.prod(shape)
        parts.append(reshape(flat[..., start : start + size], (*batch, *shape)))
        start += size
    return parts


def _real(x: Any) -> Any:
    return real(x) if is_complex(x) else x


def _triangle(name: str, UPLO: str) -> str:
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise ValueError(f"{name}: UPLO must be 'L' or 'U', got {UPLO!r}")
    return UPLO.upper()


# --- eigenvalues ---------------------------------------------------------------------------------


def _eigh_value(x: np.ndarray, *, UPLO: str, by_size: bool, values: bool) -> np.ndarray:
    """With ``values`` these are the same bits as those of ``numpy.linalg.eigvalsh``."""
    w, v = np.linalg.eigh(x, UPLO)  # type: ignore[call-overload]
    if values:
        w = np.linalg.eigvalsh(x, UPLO)  # type: ignore[call-overload]
    if by_size:
        order = np.argsort(np.abs(w))[..., ::-1]
        w = np.take_along_axis(w, order, -1)
        v = np.take_along_axis(v, order[..., None, :], -1)
    return _pack(x.shape[:-2], w, v)


def _eigh_parts(flat: Any, x: Any) -> list[Any]:
    n = x.shape[-1]
    w, v = _unpack(flat, (n,), (n, n))
    return [_real(w), v]


def _eigh_vjp(g: Any, out: Any, x: Any, *, UPLO: str, by_size: bool, values: bool) -> Any:
    """V* (diag(gw) + F o (V^T gV)) V^T."""
    (w, v), (gw, gv) = _eigh_parts(out, x), _eigh_parts(g, x)
    inner = as_diagonal(gw) + gaps(w) * matmul(mT(v), gv)
    near = equal_pairs(w, float(np.finfo(w.dtype).eps) ** 0.5)
    found = of_equals(inner, near, lambda: _eigh_parts(unused(g, x), x)[1].all(-2))
    lost = near & np.isnan(plain(found))
    if not lost.any() or not is_node(x):
        return matmul(matmul(conj(v), found), mT(v))
    known: Any = np.nan
    if is_node(g) and is_node(out):
        pack = functools.partial(_pack, x.shape[:-2])
        known = within_eigenspaces(g, out, x, functools.partial(_eigh_parts, x=x), pack, near)
    unclear, equal = lost & np.isnan(plain(known)), equal_pairs(w)
    inner = where(lost & ~unclear, known, without(inner, unclear & equal))
    share = matmul(matmul(conj(v), inner), mT(v))
    rough = (lost & (equal | ~unclear)).any((-2, -1), keepdims=True)
    return share * (1.0 + undefined_slope(x, rough, (-2, -1), "eigh")) if rough.any() else share


_eigh = primitive("eigh", _eigh_value, (_eigh_vjp,))


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """Find the eigenvalues, ascending, and eigenvectors of Hermitian matrices (..., M, M).

    Only the triangle ``UPLO`` ("L" or "U") is read, so the gradient is zero in the other one.
    dV = V (F o (V^H dA V)) with F_ij = 1 / (w_j - w_i) (Giles 2008). At equal eigenvalues first derivatives
    are right of what depends on the matrix through one call of ``eigh`` alone and not on the choice of a
    basis, such as (V * f(w)) @ V.T and projectors; else they are NaN, and so are second derivatives, but
    those of values alone (see ``eigvalsh``): ``symmetric_function`` has all. Between a relative gap of 1e-8
    and 1e-14 what depends on the basis loses the digits that the gap has lost. Complex eigenvectors must be
    used such that their phases cancel. Raises ValueError for another ``UPLO``.

    >>> ag.linalg.eigh(np.array([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    array([1., 2.])
    """
    UPLO = _triangle("eigh", UPLO)
    a = as_array(a)
    if not is_node(a):
        return np.linalg.eigh(a, UPLO)  # type: ignore[call-overload]
    check_square("eigh", a)
    return EighResult(*_eigh_of(a, UPLO))


def _eigh_of(a: Any, UPLO: str, by_size: bool = False, values: bool = False) -> list[Any]:
    flat = _eigh(from_triangle(a, UPLO), UPLO=UPLO, by_size=by_size, values=values)
    return _eigh_parts(flat, a)


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Array:
    """Find the eigenvalues of Hermitian matrices (..., M, M), ascending; see ``eigh``.

    What treats equal ones alike, such as ag.sum(w**2), has second derivatives, too.

    >>> ag.linalg.eigvalsh(np.array([[2.0, 0.0], [0.0, 1.0]]))
    array([1., 2.])
    """
    UPLO = _triangle("eigvalsh", UPLO)
    a = as_array(a)
    check_square("eigvalsh", a)
    return _eigh_of(a, UPLO, values=True)[0] if is_node(a) else np.linalg.eigvalsh(a, UPLO)  # type: ignore[call-overload]


def _eig_value(x: np.ndarray) -> np.ndarray:
    w, v = np.linalg.eig(x)
    dtype = np.result_type(w.dtype, np.complex64)
    return _pack(x.shape[:-2], w.astype(dtype), v.astype(dtype))


def _eig_parts(flat: Any, x: Any) -> list[Any]:
    n = x.shape[-1]
    return _unpack(flat, (n,), (n, n))


def _eig_vjp(g: Any, out: Any, x: Any) -> Any:
    """V^-T (diag(gw) + F o (V^T gV)) V^T, where gV is freed of what changes the lengths."""
    (w, v), (gw, gv) = _eig_parts(out, x), _eig_parts(g, x)
    gv = gv - conj(v) * real(sum(v * gv, -2, keepdims=True))
    inner = as_diagonal(gw) + gaps(w) * matmul(mT(v), gv)
    inner = of_equals(inner, equal_pairs(w), lambda: _eig_parts(unused(g, x), x)[1].all(-2))
    value = plain(v)
    defective = np.linalg.svdvals(value)[..., -1:] < value.shape[-1] * np.finfo(value.dtype).eps
    if defective.any():
        inner = without(inner, expand_dims(defective, -1))
        v = where(expand_dims(defective, -1), np.eye(value.shape[-1], dtype=value.dtype), v)
    return solve(mT(v), matmul(inner, mT(v)))


_eig = primitive("eig", _eig_value, (_eig_vjp,))


@implements(np.linalg.eig)
def eig(a: Any) -> EigResult:
    """Find the eigenvalues and right eigenvectors, of length 1, of square matrices (..., M, M).

    Of a Tensor both are complex. dw = diag(V^-1 dA V) and dV = V (F o (V^-1 dA V)) up to lengths (Giles
    2008; Boeddeker et al. 2017). Eigenvectors must be used such that their phases cancel. Where vectors of
    equal eigenvalues are used, and where eigenvectors coincide, derivatives are NaN. Raises
    ``numpy.linalg.LinAlgError`` if a matrix is not square.

    >>> ag.linalg.eig(np.array([[0.0, 1.0], [-1.0, 0.0]])).eigenvalues
    array([0.+1.j, 0.-1.j])
    """
    a = as_array(a)
    return EigResult(*_eig_parts(_eig(a), a)) if is_node(a) else np.linalg.eig(a)  # type: ignore[return-value]


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Array:
    """Find the eigenvalues of square matrices (..., M, M); see ``eig``.

    >>> ag.linalg.eigvals(np.array([[0.0, 1.0], [-1.0, 0.0]]))
    array([0.+1.j, 0.-1.j])
    """
    a = as_array(a)
    return eig(a)[0] if is_node(a) else np.linalg.eigvals(a)


# --- singular values -----------------------------------------------------------------------------


def _svd_value(x: np.ndarray, *, full: bool, values: bool) -> np.ndarray:
    """With ``values`` these are the same bits as those of ``numpy.linalg.svdvals``."""
    u, s, vh = np.linalg.svd(x, full_matrices=full)
    if values:
        s = np.linalg.svdvals(x)
    return _pack(x.shape[:-2], u, s, vh)


def _svd_parts(flat: Any, x: Any, full: bool) -> list[Any]:
    m, n = x.shape[-2:]
    k = min(m, n)
    u, s, vh = _unpack(flat, (m, m if full else k), (k,), (n if full else k, n))
    return [u, _real(s), vh]


def _refuse(g: Any, message: str) -> None:
    """Raise if a gradient arrives at columns that any rotation among them would replace."""
    if np.any(plain(g)):
        raise ValueError(message)


def _svd_vjp(g: Any, out: Any, x: Any, *, full: bool, values: bool) -> Any:
    """The pull-back of dP = U^H dA V, its Hermitian and skew parts, and what leaves the subspaces.

    dU = U (E o X + D o Y) + ..., dV = V (E o X - D o Y) + ... with dP = X + Y, E = 1 / (s_j - s_i) and
    D = 1 / (s_j + s_i).
    """
    (u, s, vh), (gu, gs, gvh) = _svd_parts(out, x, full), _svd_parts(g, x, full)
    (m, n), k = x.shape[-2:], s.shape[-1]
    if full and m != n:
        _refuse(
            gu[..., k:] if m > n else gvh[..., k:, :],
            f"svd: singular vectors beyond the first {k} have no gradient; use full_matrices=False",
        )
        u, gu, vh, gvh = u[..., :k], gu[..., :k], vh[..., :k, :], gvh[..., :k, :]
    left, right = matmul(mT(u), gu), mT(matmul(conj(gvh), mH(vh)))
    symmetric = gaps(s) * (left + right) + as_diagonal(gs)
    skew = reciprocal(row(s) + column(s), s) * (left - right)
    inner = (symmetric + mH(symmetric) + skew - mH(skew)) * 0.5
    value = plain(s)
    pairs, zero = equal_pairs(value), vanishing(value, value)
    none = as_diagonal(zero).astype(bool)
    inner = of_equals(inner, pairs | none, lambda: _idle_vectors(g, x, full))
    rough = np.isnan(plain(inner)) & pairs & ~(row(zero) | column(zero))
    if rough.any() and is_node(g) and is_node(out):
        known = _within_singular_spaces(g, out, x, full, pairs)
        rough &= ~np.isnan(plain(known))
        inner = where(rough, known + (skew - mH(skew)) * 0.5, inner)
    inverse, rows = reciprocal(s, s), conj(vh)
    total = matmul(inner, rows)
    if n > k:
        total = total + column(inverse) * (gvh - matmul(mH(right), rows))
    total = matmul(conj(u), total)
    if m > k:
        total = total + matmul((gu - matmul(conj(u), left)) * row(inverse), rows)
    rough = rough.any((-2, -1), keepdims=True)
    return total * (1.0 + undefined_slope(x, rough, (-2, -1), "svd")) if rough.any() else total


def _within_singular_spaces(g: Any, out: Any, x: Any, full: bool, pairs: np.ndarray) -> Any:
    """The gradient of what the vectors of equal singular values share, where it does not depend on them."""
    m, k = x.shape[-2], pairs.shape[-1]

    def parts(flat: Any) -> list[Any]:
        u, s, vh = _svd_parts(flat, x, full)
        return [s, concatenate([u[..., :k], mH(vh[..., :k, :])], -2)]

    def pack(s: np.ndarray, both: np.ndarray) -> np.ndarray:
        u, _, vh = (a.copy() for a in _svd_parts(out.array, x, full))
        u[..., :k], vh[..., :k, :] = both[..., :m, :], mH(both[..., m:, :])
        return _pack(x.shape[:-2], u, s, vh)

    return within_eigenspaces(g, out, x, parts, pack, pairs)


def _idle_vectors(g: Any, x: Any, full: bool) -> np.ndarray:
    """Which pairs of singular vectors nobody asked for."""
    gu, gs, gvh = _svd_parts(unused(g, x), x, full)
    k = gs.shape[-1]
    return np.asarray(gu[..., :k].all(-2) & gvh[..., :k, :].all(-1))


_svd = primitive("svd", _svd_value, (_svd_vjp,))


def _svd_hermitian(a: Any, compute_uv: bool) -> Any:
    """The decomposition by eigenvectors, with the signs of the eigenvalues in Vh."""
    if not compute_uv:
        s = absolute(eigvalsh(a))
        return take_along_axis(s, np.argsort(s.value)[..., ::-1])
    w, v = _eigh_of(a, "L", by_size=True)
    sign = np.copysign(np.ones((), w.dtype), w.value)
    return SVDResult(v, w * sign, mH(v * row(sign)))


@implements(np.linalg.svd)
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> SVDResult:
    """Decompose matrices (..., M, N) into U, S and Vh with a = (U * S) @ Vh and S descending.

    With ``hermitian`` the lower triangle alone is read (Townsend 2016, "Differentiating the singular value
    decomposition"; Wan and Zhang 2019 for complex vectors, whose phases must cancel). Where vectors of
    equal singular values, or of 0, are used, derivatives are NaN, but for first ones of what depends on the
    matrix through one call of ``svd`` alone and not on the choice of a basis, such as (U * f(S)) @ Vh, if
    no value is 0. Values alone have first ones, and second ones as those of ``eigvalsh``. The vectors
    that ``full_matrices`` adds have no gradient: backward raises ValueError if the result depends on them.

    >>> ag.linalg.svd(np.array([[0.0, 3.0], [-2.0, 0.0]])).S
    array([3., 2.])
    """
    a = as_array(a)
    if not is_node(a):
        return np.linalg.svd(a, full_matrices, compute_uv, hermitian)  # type: ignore[call-overload]
    if hermitian:
        check_square("svd", a)
        return _svd_hermitian(a, compute_uv)
    if not compute_uv:
        return svdvals(a)
    full = bool(full_matrices)
    return SVDResult(*_svd_parts(_svd(a, full=full, values=False), a, full))


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Array:
    """Find the singular values of matrices (..., M, N), descending; see ``svd``.

    >>> ag.linalg.svdvals(np.array([[0.0, 3.0], [-2.0, 0.0]]))
    array([3., 2.])
    """
    x = as_array(x)
    if not is_node(x):
        return np.linalg.svdvals(x)
    return _svd_parts(_svd(x, full=False, values=True), x, False)[1]


# --- QR and Cholesky -----------------------------------------------------------------------------


def _qr_value(x: np.ndarray, *, full: bool) -> np.ndarray:
    return _pack(x.shape[:-2], *np.linalg.qr(x, "complete" if full else "reduced"))


def _qr_parts(flat: Any, x: Any, full: bool) -> list[Any]:
    m, n = x.shape[-2:]
    k = m if full else min(m, n)
    return _unpack(flat, (m, k), (k, n))


def _qr_vjp(g: Any, out: Any, x: Any, *, full: bool) -> Any:
    """(gQ + Q* H) R^-T, H Hermitian with the upper triangle of gR R^T - Q^T gQ."""
    (q, r), (gq, gr) = _qr_parts(out, x, full), _qr_parts(g, x, full)
    (m, n), k = x.shape[-2:], min(x.shape[-2:])
    if full and m > n:
        _refuse(
            gq[..., k:],
            f"qr: columns of Q beyond the first {k} have no gradient; use mode='reduced'",
        )
        q, gq, r, gr = q[..., :k], gq[..., :k], r[..., :k, :], gr[..., :k, :]
    rest = gr[..., k:]
    if n > k:
        gq = gq + matmul(conj(x[..., k:]), mH(rest))
    r = r[..., :k]
    length = diagonal(plain(r))
    lost = np.any(vanishing(length, length), -1, keepdims=True)[..., None]
    if lost.any():
        r = where(lost, np.eye(k, dtype=r.dtype), r)
    inner = from_triangle(matmul(gr[..., :k], mT(r)) - matmul(mT(q), gq), "U")
    gx = mT(solve(r, mT(gq + matmul(conj(q), inner))))
    if lost.any():
        gx = without(gx, lost & ~np.all(unused(g, x), -1, keepdims=True)[..., None])
    return concatenate([gx, matmul(conj(q), rest)], -1) if n > k else gx


_qr = primitive("qr", _qr_value, (_qr_vjp,))


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> QRResult:
    """Decompose matrices (..., M, N) into Q with orthonormal columns and upper triangular R.

    ``mode`` is "reduced", "complete" or "r" (R alone). The first min(M, N) columns must be independent,
    else derivatives are NaN (Walter and Lehmann 2018, "Algorithmic differentiation of linear algebra
    functions"). Raises ValueError for another mode, and at backward if the result depends on the columns
    of Q that "complete" adds.

    >>> ag.linalg.qr(np.array([[3.0], [4.0]])).R
    array([[-5.]])
    """
    a = as_array(a)
    if not is_node(a):
        return np.linalg.qr(a, mode)  # type: ignore[call-overload]
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(
            f"qr: mode must be 'reduced', 'complete' or 'r' for a Tensor, got {mode!r}; "
            "pass t.value for others"
        )
    full = mode == "complete"
    q, r = _qr_parts(_qr(a, full=full), a, full)
    return r if mode == "r" else QRResult(q, r)


def _cholesky_vjp(g: Any, out: Any, x: Any, *, upper: bool) -> Any:
    """L^-T Phi(L^T gL) L*^-1, where Phi takes the lower triangle and half of the diagonal, on one side."""
    low, g = (mH(out), mH(g)) if upper else (out, g)
    n = x.shape[-1]
    phi = np.tri(n, dtype=low.dtype) - 0.5 * np.eye(n, dtype=low.dtype)
    inverse = lower_inverse(low)
    half = matmul(matmul(mT(inverse), phi * matmul(mT(low), g)), conjugated(inverse))
    return (phi.T if upper else phi) * (half + mH(half))


_cholesky = primitive(
    "cholesky", lambda x, *, upper: np.linalg.cholesky(x, upper=upper), (_cholesky_vjp,)
)


@implements(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Array:
    """Factor positive definite matrices (..., M, M) into L L^H, or into U^H U with ``upper``.

    Only the triangle of that name is read, so the gradient is zero in the other one (Murray 2016,
    "Differentiation of the Cholesky decomposition"). Raises ``numpy.linalg.LinAlgError`` if a matrix
    is not positive definite.

    >>> ag.linalg.cholesky(np.array([[4.0, 2.0], [2.0, 2.0]]))
    array([[2., 0.],
           [1., 1.]])
    """
    a = as_array(a)
    check_square("cholesky", a)
    return _cholesky(a, upper=bool(upper))


# --- determinants --------------------------------------------------------------------------------


def _sound_inverse(x: Any) -> Any:
    """The inverses, or None if some matrix is too close to a singular one."""
    value = plain(x)
    try:
        inverse = inv(x)
    except np.linalg.LinAlgError:
        return None
    sizes = [np.abs(m).sum(-2).max(-1, initial=0.0) for m in (value, plain(inverse))]
    worst = np.max(sizes[0] * sizes[1], initial=0.0)
    return None if worst * np.finfo(value.dtype).eps ** 0.5 >= 1 else inverse


def _others(s: Any, count: int) -> Any:
    """Products of all numbers of the last axis but one, or but two (0 on the diagonal)."""
    n = s.shape[-1]
    left_out = np.eye(n, dtype=bool)
    if count == 1:
        return prod(where(left_out, 1.0, row(s)), -1)
    pairs = left_out[:, None, :] | left_out[None, :, :]
    return where(left_out, 0.0, prod(where(pairs, 1.0, expand_dims(s, (-2, -3))), -1))


def _cofactor_value(x: np.ndarray) -> np.ndarray:
    u, s, vh = np.linalg.svd(x)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    inner = np.conj(u) * (sign[..., None] * _others(s, 1))[..., None, :]
    return np.matmul(inner, np.conj(vh))


def _cofactor_vjp(g: Any, out: Any, x: Any) -> Any:
    """Rotate to the diagonal matrix of singular values, whose minors of two rows are products."""
    u, s, vh = svd(x, full_matrices=False)
    sign = det(u) * det(vh)
    p = matmul(mH(u), matmul(g, mH(vh)))
    pairs = _others(s, 2)
    sums = matmul(pairs, column(diagonal(p)))[..., 0]
    inner = as_diagonal(sums) - pairs * mT(p)
    return expand_dims(sign, (-1, -2)) * matmul(conj(u), matmul(inner, conj(vh)))


_cofactor = primitive("cofactor", _cofactor_value, (_cofactor_vjp,))


def _minors(x: Any) -> Any:
    """The cofactors as determinants of what is left without a row and a column."""
    n = x.shape[-1]
    rest = np.array([[k for k in range(n) if k != i] for i in range(n)], int).reshape(n, n - 1)
    rows, columns = rest[:, None, :, None], rest[None, :, None, :]
    left = x[..., rows, columns]
    signs = (-1.0) ** np.add.outer(np.arange(n), np.arange(n))
    return (left[..., 0, 0] if n == 2 else det(left)) * signs


#: Sizes up to which the derivatives of cofactors go through minors, which are right to any order.
_MINORS = 5


def _det_vjp(g: Any, out: Any, x: Any) -> Any:
    """Jacobi's formula: g times the cofactors, which are det(A) A^-T unless A is singular."""
    value = plain(out)
    inverse = _sound_inverse(x) if np.all(np.isfinite(value) & (value != 0)) else None
    if inverse is None and (is_node(x) or not np.isfinite(x).all()) and 0 < x.shape[-1] <= _MINORS:
        return expand_dims(g, (-1, -2)) * _minors(x)
    if inverse is None:
        return expand_dims(g, (-1, -2)) * _cofactor(x)
    return expand_dims(g * out, (-1, -2)) * mT(inverse)


_det = primitive("det", np.linalg.det, (_det_vjp,))


@implements(np.linalg.det)
def det(a: Any) -> Array:
    """Compute the determinants of matrices (..., M, M).

    The gradient is the matrix of cofactors (Jacobi's formula), right for singular matrices too; of
    singular matrices above 5 x 5, third derivatives are NaN. Raises
    ``numpy.linalg.LinAlgError`` if a matrix is not square.

    >>> ag.grad(ag.linalg.det)(np.array([[1.0, 2.0], [2.0, 4.0]]))
    array([[ 4., -2.],
           [-2.,  1.]])
    """
    return _det(as_array(a))


def _slogdet_vjp(g: Any, out: Any, x: Any) -> Any:
    (sign, _), (gs, gl) = _unpack(out, (), ()), _unpack(g, (), ())
    scale = real(gl) + 1j * imag(gs * sign) if is_complex(x) else gl
    lost = plain(sign) == 0
    if lost.any():
        x = where(lost[..., None, None], np.eye(x.shape[-1], dtype=x.dtype), x)
        scale = without(scale, lost & ~unused(g, x).all(-1))
    return expand_dims(scale, (-1, -2)) * mT(inv(x))


_slogdet = primitive(
    "slogdet", lambda x: np.stack(np.broadcast_arrays(*np.linalg.slogdet(x)), -1), (_slogdet_vjp,)
)


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> SlogdetResult:
    """Compute the sign and the logarithm of the absolute value of determinants.

    d log|det A| = Re tr(A^-1 dA) (Giles 2008). Derivatives are NaN where a matrix is singular.

    >>> ag.linalg.slogdet(np.array([[0.0, 1.0], [1.0, 0.0]])).sign
    np.float64(-1.0)
    """
    a = as_array(a)
    if not is_node(a):
        return np.linalg.slogdet(a)  # type: ignore[return-value]
    sign, size = _unpack(_slogdet(a), (), ())
    return SlogdetResult(sign, _real(size))
