"""Functions of matrices: exponential, square root, logarithm, and functions of eigenvalues.

The derivative of f at A along E is a block of f([[A, E], [0, A]]) (Mathias 1996, "A chain rule for matrix
functions"), so that it is of the same kind and can be differentiated again, whatever the eigenvalues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import Primitive, is_node, of_arrays, primitive, value_of
from ..shape.axes import as_array, concatenate
from .matrices import check_square, mT

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "expm",
    "logm",
    "sqrtm",
]

#: Coefficients of the numerator of the Padé approximant of degree 13 to exp (Higham 2005).
_PADE = (
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
    10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
)  # fmt: skip
#: The largest norm at which that approximant is exact to rounding.
_LARGEST = 5.371920351148152


def _wide(x: np.ndarray) -> np.ndarray:
    """As float64 or complex128."""
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)


def _norm(x: np.ndarray) -> np.ndarray:
    """The largest sum of sizes in a column, for each matrix."""
    return np.asarray(np.abs(x).sum(-2).max(-1, initial=0.0))


def _halvings(x: np.ndarray, limit: float) -> np.ndarray:
    """How often the norms must be halved not to exceed ``limit``."""
    size = np.nan_to_num(_norm(x) / limit, nan=1.0, posinf=1.0)
    return np.ceil(np.log2(np.maximum(size, 1.0))).astype(int)


def _expm_value(a: np.ndarray) -> np.ndarray:
    x = _wide(a)
    sound = np.isfinite(x).all((-2, -1), keepdims=True)
    return np.where(sound, _expm_finite(np.where(sound, x, 0.0)), np.nan).astype(a.dtype)


def _expm_finite(x: np.ndarray) -> np.ndarray:
    """Scaling, Padé's approximant, and squaring."""
    often = _halvings(x, _LARGEST)[..., None, None]
    x, one, b = x * 0.5**often, np.eye(x.shape[-1]), _PADE
    x2 = x @ x
    x4 = x2 @ x2
    x6 = x2 @ x4
    odd = (
        x6 @ (b[13] * x6 + b[11] * x4 + b[9] * x2) + b[7] * x6 + b[5] * x4 + b[3] * x2 + b[1] * one
    )
    even = (
        x6 @ (b[12] * x6 + b[10] * x4 + b[8] * x2) + b[6] * x6 + b[4] * x4 + b[2] * x2 + b[0] * one
    )
    odd = x @ odd
    found = np.linalg.solve(even - odd, even + odd)
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(int(often.max(initial=0))):
            found = np.where(often > k, found @ found, found)
    return found


# --- square roots and logarithms -------------------------------------------------------------------


def _turned(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The matrices turned off the branch cut, and the angles: eigenvalues below zero have the angle pi."""
    flat = np.zeros((*x.shape[:-2], 1, 1))
    if x.dtype.kind != "c":
        return x, flat
    angles = np.angle(np.linalg.eigvals(x))
    angles = np.where(angles < -np.pi + 1e-12, np.pi, angles)
    room = np.min(angles, -1) + np.pi
    turn = np.where(np.max(angles, -1) > 3, np.minimum(room, 1.0) / 2, 0.0)[..., None, None]
    return x * np.exp(-1j * turn), turn


def _root(x: np.ndarray) -> np.ndarray:
    """The principal square roots by the product form of Denman and Beavers' iteration (Cheng et al. 2001)."""
    n, m, found = x.shape[-1], x, x
    one, tiny = np.eye(n), 8 * n * np.finfo(x.dtype).eps
    far = _norm(m - one)
    with np.errstate(all="ignore"):
        for _ in range(60):
            if not (far > tiny).any():
                break
            u = np.exp(-np.linalg.slogdet(m)[1] / (2 * n))  # brings eigenvalues near 1 sooner
            u = np.where(np.isfinite(u) & (u > 0) & (far > 1e-2), u, 1.0)[..., None, None]
            inverse = _inverse(m) / u**2
            found = 0.5 * u * (found @ (one + inverse))
            m = 0.5 * (one + 0.5 * (u**2 * m + inverse))
            last, far = far, _norm(m - one)
            if not (far < last).any() and not (far > 1e-6).any():
                break
        off, allowed = _norm(found @ found - x), 1e-8 * (_norm(found) ** 2 + _norm(x))
    return np.where(((far < 1e-6) & (off <= allowed))[..., None, None], found, np.nan)


def _inverse(x: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError:
        good = np.linalg.slogdet(x)[1] > -np.inf
        safe = np.where(good[..., None, None], x, np.eye(x.shape[-1]))
        return np.where(good[..., None, None], np.linalg.inv(safe), np.nan)


def _hermitian(x: np.ndarray) -> np.ndarray:
    return np.asarray((x == np.conj(np.swapaxes(x, -1, -2))).all((-2, -1)))


def _by_eigenvalues(x: np.ndarray, f: Any) -> np.ndarray:
    w, v = np.linalg.eigh(x)
    with np.errstate(all="ignore"):
        w = w.astype(np.complex128) if x.dtype.kind == "c" else w
        return np.asarray((v * f(w)[..., None, :]) @ np.conj(np.swapaxes(v, -1, -2)))


def _each(x: np.ndarray, f: Any, general: Any) -> np.ndarray:
    """f of Hermitian matrices by their eigenvalues, and of others by ``general``; NaN where they hold NaN."""
    sound, symmetric = np.isfinite(x).all((-2, -1)), _hermitian(x)
    safe = np.where(sound[..., None, None], x, np.eye(x.shape[-1]))
    found = _by_eigenvalues(safe, f) if symmetric.any() else np.zeros_like(safe)
    if not symmetric.all():
        found = np.where(symmetric[..., None, None], found, general(safe))
    return np.where(sound[..., None, None], found, np.nan)


def _sqrtm_general(x: np.ndarray) -> np.ndarray:
    """By iteration; where that fails, as with an eigenvalue 0, by eigenvectors if they are independent."""
    y, turn = _turned(x)
    found = _root(y) * (np.exp(0.5j * turn) if x.dtype.kind == "c" else 1.0)
    lost = np.isnan(found).any((-2, -1), keepdims=True)
    if lost.any():
        w, v = np.linalg.eig(np.where(lost, x, np.eye(x.shape[-1])))
        sound = (np.linalg.cond(v) < 1e8) & np.asarray(
            (x.dtype.kind == "c") | (w.imag == 0).all(-1) & (w.real >= 0).all(-1)
        )
        v = np.where(sound[..., None, None], v, np.eye(x.shape[-1]))
        with np.errstate(invalid="ignore"):
            again = (v * np.sqrt(w)[..., None, :]) @ np.linalg.inv(v)
        found = np.where(lost & sound[..., None, None], again, found)
    return found if x.dtype.kind == "c" else found.real


def _logm_general(x: np.ndarray) -> np.ndarray:
    """Square roots until the matrix is near 1, and an integral by Gauss' rule there (Higham 2008, 11.4)."""
    x, turn = _turned(x)
    one, often = np.eye(x.shape[-1]), 0
    while (_norm(x - one) > 0.25).any() and often < 60 and np.isfinite(x).any():
        x, often = _root(x), often + 1
    nodes, weights = np.polynomial.legendre.leggauss(16)
    x = x - one
    parts = (
        w / 2 * _inverse(one + (t + 1) / 2 * x) @ x for t, w in zip(nodes, weights, strict=True)
    )
    found = 2.0**often * sum(parts)
    return np.asarray(found + 1j * turn * one if x.dtype.kind == "c" else found)


def _sqrtm_value(a: np.ndarray) -> np.ndarray:
    return _each(_wide(a), np.sqrt, _sqrtm_general).astype(a.dtype)


def _logm_value(a: np.ndarray) -> np.ndarray:
    return _each(_wide(a), np.log, _logm_general).astype(a.dtype)


# --- derivatives -----------------------------------------------------------------------------------


def _along(function: Primitive, x: Any, e: Any) -> Any:
    """The derivative of ``function`` at ``x`` along ``e``."""
    n, size = x.shape[-1], _norm(np.nan_to_num(value_of(e)))[..., None, None]
    size = np.where(size > 0, size, 1.0).astype(x.real.dtype)
    top = concatenate([x, e / size], -1)
    low = concatenate([np.zeros(x.shape, x.dtype), x], -1)
    return function(concatenate([top, low], -2))[..., :n, n:] * size


def _function(name: str, value: Any) -> Primitive:
    def rule(g: Any, out: Any, x: Any) -> Any:
        return _along(new, mT(x), g)

    new: Primitive = primitive(name, value, (rule,))
    return new


_expm = _function("expm", _expm_value)
_sqrtm = _function("sqrtm", _sqrtm_value)
_logm = _function("logm", _logm_value)


def _matrices(name: str, a: Any) -> Any:
    a = as_array(a)
    check_square(name, a)
    return a if is_node(a) or a.dtype.kind in "fc" else a.astype(np.float64)


@of_arrays
def expm(a: Any) -> Array:
    """Compute the exponential of square matrices (..., M, M), differentiable to any order.

    By scaling, squaring and Padé's approximant of degree 13 (Higham 2005, "The scaling and squaring method
    for the matrix exponential revisited"). Raises ``numpy.linalg.LinAlgError`` if a matrix is not square.

    >>> ag.linalg.expm(np.array([[0.0, 1.0], [0.0, 0.0]]))
    array([[1., 1.],
           [0., 1.]])
    """
    return _expm(_matrices("expm", a))


@of_arrays
def sqrtm(a: Any) -> Array:
    """Compute the principal square root of square matrices (..., M, M), differentiable to any order.

    Hermitian matrices by their eigenvalues, others by the product form of Denman and Beavers' iteration
    (Higham 2008, "Functions of matrices", chapter 6). NaN where there is no root of that dtype, as of a
    real matrix with an eigenvalue below 0: pass it as complex. At an eigenvalue 0 the root has no derivative,
    and the gradient is NaN. Raises ``numpy.linalg.LinAlgError`` if a matrix is not square.

    >>> ag.linalg.sqrtm(np.array([[4.0, 0.0], [0.0, 9.0]]))
    array([[2., 0.],
           [0., 3.]])
    """
    return _sqrtm(_matrices("sqrtm", a))


@of_arrays
def logm(a: Any) -> Array:
    """Compute the principal logarithm of square matrices (..., M, M), differentiable to any order.

    Hermitian matrices by their eigenvalues, others by inverse scaling and squaring (Higham 2008,
    "Functions of matrices", chapter 11). NaN where there is none of that dtype, as of a real matrix with an
    eigenvalue below 0: pass it as complex. Raises ``numpy.linalg.LinAlgError`` if a matrix is not square.

    >>> ag.linalg.logm(np.array([[1.0, 1.0], [0.0, 1.0]])).round(6)
    array([[0., 1.],
           [0., 0.]])
    """
    return _logm(_matrices("logm", a))
