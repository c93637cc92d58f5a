"""Products with sparse matrices and systems of equations with them; SciPy, which must be installed, computes.

A sparse matrix is its entries, which are differentiable, and the pattern that they stand in. Derivatives
keep to the pattern: nothing here has the size of the whole matrix.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import of_arrays, primitive
from ..reduce.sums import sum
from ..shape.axes import as_array, transpose
from .structured import by_columns, check_right_side, scipys

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "sparse_matmul",
    "spsolve",
]


@dataclass(frozen=True, eq=False)
class Pattern:
    """Where entries stand: row by row (column by column, if ``across``), as SciPy's CSR and CSC have it."""

    indices: np.ndarray
    indptr: np.ndarray
    shape: tuple[int, int]
    across: bool = False

    @property
    def T(self) -> Pattern:
        """That of the transpose, for the same entries in the same order."""
        return replace(self, shape=self.shape[::-1], across=not self.across)

    def matrix(self, entries: Any, copy: bool = False) -> Any:
        """The SciPy array of these entries, which shares their memory unless ``copy``."""
        sparse = scipys("sparse", "sparse_matmul")
        kind = sparse.csc_array if self.across else sparse.csr_array
        return kind((entries, self.indices, self.indptr), shape=self.shape, copy=copy)

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """The row and the column of each entry."""
        lines = np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))
        return (self.indices, lines) if self.across else (lines, self.indices)


def is_sparse(x: Any) -> bool:
    """Whether ``x`` is a sparse matrix or array of SciPy."""
    module = type(x).__module__
    return module.startswith("scipy.sparse") and hasattr(x, "tocsr")


def taken_apart(who: str, a: Any, rows: int, columns: int) -> tuple[Any, Pattern]:
    """The entries and the pattern of a SciPy matrix, or of (entries, (rows, columns))."""
    if is_sparse(a):
        if a.ndim != 2:
            raise ValueError(f"{who}: expected a sparse matrix, got {a.ndim} axes; reshape it")
        rowwise = a.tocsr()
        return rowwise.data, Pattern(rowwise.indices, rowwise.indptr, rowwise.shape)
    try:
        entries, (i, j) = a
    except (TypeError, ValueError):
        raise TypeError(
            f"{who}: expected a sparse matrix of SciPy, or a tuple (entries, (rows, columns)), got "
            f"{type(a).__name__}"
        ) from None
    entries, i, j = as_array(entries), np.asarray(i), np.asarray(j)
    if not entries.shape == i.shape == j.shape or entries.ndim != 1:
        raise ValueError(
            f"{who}: expected entries, rows and columns of one length, got shapes {entries.shape}, "
            f"{i.shape} and {j.shape}"
        )
    if i.dtype.kind not in "iu" or j.dtype.kind not in "iu":
        raise TypeError(
            f"{who}: expected integer rows and columns, got {i.dtype} and {j.dtype}; the order is "
            "(entries, (rows, columns))"
        )
    if i.size and (min(i.min(), j.min()) < 0 or i.max() >= rows or j.max() >= columns):
        raise ValueError(
            f"{who}: expected rows below {rows} and columns below {columns}, got {i.min()} to {i.max()} "
            f"and {j.min()} to {j.max()}"
        )
    order = np.argsort(i, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(i, minlength=rows))])
    return entries[order], Pattern(j[order], indptr, (rows, columns))


def _at_entries(u: Any, v: Any, pattern: Pattern) -> Any:
    """The elements of u v^T at the entries; u and v are (N,), or (N, K)."""
    rows, columns = pattern.places()
    found = u[rows] * v[columns]
    return found if u.ndim == 1 else sum(found, -1)


# --- products -----------------------------------------------------------------------------------------


def _product_value(entries: Any, x: Any, *, pattern: Pattern) -> np.ndarray:
    return pattern.matrix(entries) @ x


def _product_stack(i: int, g: Any, out: Any, entries: Any, x: Any, *, pattern: Pattern) -> Any:
    if i == 0:
        return None
    across = pattern.T.matrix(entries)
    return by_columns(lambda columns: across @ columns, g)


_product = primitive(
    "sparse_matmul",
    _product_value,
    (
        lambda g, out, entries, x, *, pattern: _at_entries(g, x, pattern),
        lambda g, out, entries, x, *, pattern: _product(entries, g, pattern=pattern.T),
    ),
    stacked=_product_stack,
)


def _multiply(who: str, entries: Any, pattern: Pattern, x: Any) -> Any:
    if x.ndim not in (1, 2) or x.shape[0] != pattern.shape[1]:
        raise ValueError(
            f"{who}: a sparse matrix of shape {pattern.shape} does not go with an array of shape "
            f"{x.shape}; it takes ({pattern.shape[1]},) or ({pattern.shape[1]}, K)"
        )
    return _product(entries, x, pattern=pattern)


@of_arrays
def sparse_matmul(a: Any, x: Any, rows: int | None = None) -> Array:
    """Multiply a sparse matrix by ``x`` of shape (N,) or (N, K). Needs SciPy.

    ``a`` is a sparse matrix or array of SciPy, as in ``a @ x``, or a tuple (entries, (rows, columns)) of
    vectors, as ``scipy.sparse.coo_array`` takes them; those that share a place are added. Entries and x are
    differentiable. A matrix made of entries has ``rows`` rows, N if None. Raises TypeError for
    another ``a``, and ValueError if shapes or places do not fit.

    >>> entries, places = np.array([2.0, 5.0]), ([0, 1], [1, 1])
    >>> ag.linalg.sparse_matmul((entries, places), np.array([10.0, 1.0]))
    array([2., 5.])
    """
    x = as_array(x)
    size = x.shape[0] if x.ndim else 0
    entries, pattern = taken_apart("sparse_matmul", a, size if rows is None else rows, size)
    return _multiply("sparse_matmul", entries, pattern, x)


def matmul_with_sparse(x: Any, y: Any) -> Any:
    """``x @ y`` where one of them is a sparse matrix of SciPy: an array or a Tensor."""
    if is_sparse(x) and is_sparse(y):
        return x @ y
    if is_sparse(x):
        return _multiply("matmul", *taken_apart("matmul", x, 0, 0), as_array(y))
    entries, pattern = taken_apart("matmul", y, 0, 0)
    x = as_array(x)
    if x.ndim not in (1, 2) or x.shape[-1] != pattern.shape[0]:
        raise ValueError(
            f"matmul: an array of shape {x.shape} does not go with a sparse matrix of shape "
            f"{pattern.shape}; it takes ({pattern.shape[0]},) or (K, {pattern.shape[0]})"
        )
    return transpose(_product(entries, transpose(x), pattern=pattern.T))


# --- systems of equations -----------------------------------------------------------------------------


def _solution_value(entries: Any, b: Any, *, pattern: Pattern) -> np.ndarray:
    dtype = np.result_type(entries, b)
    dtype = dtype if dtype.char in "fdFD" else np.dtype(float)
    matrix = pattern.matrix(entries, copy=True).tocsc().astype(dtype)
    try:
        factors = scipys("sparse.linalg", "spsolve").splu(matrix)
    except RuntimeError as problem:
        raise np.linalg.LinAlgError(f"spsolve: {problem}") from None
    return factors.solve(np.asarray(b, dtype))


def _solution_right(g: Any, out: Any, entries: Any, b: Any, *, pattern: Pattern) -> Any:
    return _solution(entries, g, pattern=pattern.T)


def _solution_entries(g: Any, out: Any, entries: Any, b: Any, *, pattern: Pattern) -> Any:
    return -_at_entries(_solution(entries, g, pattern=pattern.T), out, pattern)


def _solution_stack(i: int, g: Any, out: Any, entries: Any, b: Any, *, pattern: Pattern) -> Any:
    if i == 0:
        return None
    return by_columns(lambda columns: _solution_value(entries, columns, pattern=pattern.T), g)


_solution = primitive(
    "spsolve", _solution_value, (_solution_entries, _solution_right), stacked=_solution_stack
)


@of_arrays
def spsolve(a: Any, b: Any) -> Array:
    """Solve a x = b for a sparse matrix, as ``scipy.sparse.linalg.spsolve`` does. Needs SciPy.

    ``a`` is a square sparse matrix or array of SciPy, or a tuple (entries, (rows, columns)) of vectors;
    those that share a place are added. ``b`` is (N,) or (N, K). Entries and b are differentiable:
    the pull-back to b solves with the transpose, and that to the entry at (i, j) is -gb[i] x[j] (Giles 2008).
    Raises TypeError for another ``a``, ValueError if shapes or places do not fit, and
    ``numpy.linalg.LinAlgError`` if the matrix is singular.

    >>> entries, places = np.array([2.0, 4.0, 1.0]), ([0, 1, 0], [0, 1, 1])
    >>> ag.linalg.spsolve((entries, places), np.array([4.0, 4.0]))
    array([1.5, 1. ])
    """
    b = as_array(b)
    size = b.shape[0] if b.ndim else 0
    entries, pattern = taken_apart("spsolve", a, size, size)
    rows, columns = pattern.shape
    if rows != columns:
        raise np.linalg.LinAlgError(f"spsolve: expected a square matrix, got shape {pattern.shape}")
    check_right_side("spsolve", rows, b)
    return _solution(entries, b, pattern=pattern)
