"""Linear systems whose matrix is banded, triangular or Toeplitz; SciPy, which must be installed, solves them.

The pull-backs solve with the transpose, which has the same structure, and find the gradient of the elements
that the structure has, never of a whole matrix that it stands for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import of_arrays, primitive
from ..complex import conj
from ..reduce.sums import sum
from ..shape.axes import as_array, concatenate, reshape
from ..shape.where import where
from .matrices import check_square, mT
from .products import outer

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "solve_banded",
    "solve_toeplitz",
    "solve_triangular",
]


def scipys(module: str, who: str) -> Any:
    """A module of SciPy, which ``who`` needs."""
    import importlib

    try:
        return importlib.import_module(f"scipy.{module}")
    except ImportError:
        raise ImportError(
            f'{who} needs SciPy; install it with: pip install "agx[sparse]"'
        ) from None


def check_right_side(who: str, n: int, b: Any) -> None:
    """Raise ValueError unless ``b`` is (n,) or (n, K)."""
    if b.ndim not in (1, 2) or b.shape[0] != n:
        raise ValueError(
            f"{who}: expected a right-hand side of shape ({n},) or ({n}, K), got {b.shape}"
        )


def by_columns(function: Callable[[Any], Any], g: Any) -> Any:
    """Apply a function of columns to a stack (S, N) or (S, N, K), all of it at once."""
    columns = np.moveaxis(g.reshape(*g.shape[:2], -1), 0, 1)
    found = function(columns.reshape(len(columns), -1)).reshape(-1, *columns.shape[1:])
    return np.moveaxis(found, 1, 0).reshape(g.shape[0], -1, *g.shape[2:])


def _row_sums(products: Any, ndim: int) -> Any:
    """Sum over the right-hand sides, if there are several."""
    return products if ndim == 1 else sum(products, -1)


# --- banded -------------------------------------------------------------------------------------------


def _diagonals(below: int, above: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each element of ``ab`` the row of the matrix it stands in, the column, and whether it exists."""
    columns = np.arange(n)
    rows = columns + np.arange(-above, below + 1)[:, None]
    inside = (rows >= 0) & (rows < n)
    return np.where(inside, rows, 0), columns, inside


def _transposed_bands(ab: Any, below: int, above: int) -> Any:
    """The diagonals of the transpose, which has ``above`` of them below the main one."""
    rows, _, inside = _diagonals(above, below, ab.shape[1])
    lines = np.arange(below + above, -1, -1)[:, None]
    return where(inside, ab[np.broadcast_to(lines, rows.shape), rows], 0.0)


def _banded_value(ab: Any, b: Any, *, bands: tuple[int, int]) -> np.ndarray:
    return scipys("linalg", "solve_banded").solve_banded(bands, ab, b, check_finite=False)


def _banded_right(g: Any, out: Any, ab: Any, b: Any, *, bands: tuple[int, int]) -> Any:
    return _banded(_transposed_bands(ab, *bands), g, bands=bands[::-1])


def _banded_left(g: Any, out: Any, ab: Any, b: Any, *, bands: tuple[int, int]) -> Any:
    """Minus gb_i x_j, at the elements (i, j) that ``ab`` holds."""
    rows, _, inside = _diagonals(*bands, ab.shape[1])
    back = _banded_right(g, out, ab, b, bands=bands)
    return where(inside, -_row_sums(back[rows] * out, b.ndim), 0.0)


def _banded_stack(i: int, g: Any, out: Any, ab: Any, b: Any, *, bands: tuple[int, int]) -> Any:
    if i == 0:
        return None
    across = _transposed_bands(ab, *bands)
    return by_columns(lambda columns: _banded_value(across, columns, bands=bands[::-1]), g)


_banded = primitive(
    "solve_banded", _banded_value, (_banded_left, _banded_right), stacked=_banded_stack
)


@of_arrays
def solve_banded(l_and_u: tuple[int, int], ab: Any, b: Any) -> Array:
    """Solve a x = b for a banded matrix, as ``scipy.linalg.solve_banded`` does. Needs SciPy.

    ``l_and_u`` counts the diagonals below and above the main one, and ``ab`` of shape (l + u + 1, N) holds
    them: ``ab[u + i - j, j] == a[i, j]``. ``b`` is (N,) or (N, K). Values and derivatives of any order take
    time and memory in proportion to ``ab``: the pull-back to b solves with the transpose, and that to
    ``a[i, j]`` is -gb[i] x[j] (Giles 2008). Raises ValueError if shapes do not match, and
    ``numpy.linalg.LinAlgError`` if the matrix is singular.

    >>> ag.linalg.solve_banded((0, 1), np.array([[0.0, 1.0], [2.0, 4.0]]), np.array([4.0, 4.0]))
    array([1.5, 1. ])
    """
    ab, b = as_array(ab), as_array(b)
    below, above = map(int, l_and_u)
    if ab.ndim != 2 or ab.shape[0] != below + above + 1:
        raise ValueError(
            f"solve_banded: {below} diagonals below and {above} above the main one make ab of shape "
            f"({below + above + 1}, N), got {ab.shape}"
        )
    check_right_side("solve_banded", ab.shape[1], b)
    return _banded(ab, b, bands=(below, above))


# --- triangular ---------------------------------------------------------------------------------------


def _triangular_value(a: Any, b: Any, *, lower: bool, unit: bool) -> np.ndarray:
    return scipys("linalg", "solve_triangular").solve_triangular(
        a, b, 0, lower, unit, check_finite=False
    )


def _triangular_right(g: Any, out: Any, a: Any, b: Any, *, lower: bool, unit: bool) -> Any:
    return _triangular(mT(a), g, lower=not lower, unit=unit)


def _triangular_left(g: Any, out: Any, a: Any, b: Any, *, lower: bool, unit: bool) -> Any:
    back = _triangular_right(g, out, a, b, lower=lower, unit=unit)
    whole = outer(back, out) if b.ndim == 1 else back @ mT(out)
    inside = np.tri(a.shape[0], k=-int(unit), dtype=bool)
    return where(inside if lower else inside.T, -whole, 0.0)


def _triangular_stack(i: int, g: Any, out: Any, a: Any, b: Any, *, lower: bool, unit: bool) -> Any:
    if i == 0:
        return None
    return by_columns(lambda c: _triangular_value(a.T, c, lower=not lower, unit=unit), g)


_triangular = primitive(
    "solve_triangular",
    _triangular_value,
    (_triangular_left, _triangular_right),
    stacked=_triangular_stack,
)


@of_arrays
def solve_triangular(
    a: Any, b: Any, trans: int | str = 0, lower: bool = False, unit_diagonal: bool = False
) -> Array:
    """Solve a x = b for a triangular matrix, as ``scipy.linalg.solve_triangular`` does. Needs SciPy.

    ``a`` is (N, N), of which the other triangle is not read, nor the diagonal if it is all ones
    (``unit_diagonal``); their gradient is zero. ``trans`` is 0, 1 or "T" (solve with the transpose), or 2 or
    "C" (with its conjugate). ``b`` is (N,) or (N, K). Raises ValueError for another ``trans`` or if shapes do
    not match, and ``numpy.linalg.LinAlgError`` if the matrix is singular.

    >>> ag.linalg.solve_triangular(np.array([[2.0, 1.0], [9.0, 4.0]]), np.array([4.0, 4.0]))
    array([1.5, 1. ])
    """
    a, b = as_array(a), as_array(b)
    check_square("solve_triangular", a)
    if a.ndim > 2:
        raise ValueError(
            f"solve_triangular: expected one matrix, got shape {a.shape}; ag.linalg.solve takes stacks"
        )
    check_right_side("solve_triangular", a.shape[0], b)
    if trans not in (0, 1, 2, "N", "T", "C"):
        raise ValueError(f"solve_triangular: trans must be 0, 1, 2, 'N', 'T' or 'C', got {trans!r}")
    if trans in (0, "N"):
        return _triangular(a, b, lower=bool(lower), unit=bool(unit_diagonal))
    across = mT(conj(a) if trans in (2, "C") else a)
    return _triangular(across, b, lower=not lower, unit=bool(unit_diagonal))


# --- Toeplitz -----------------------------------------------------------------------------------------


def _by_pairs(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], np.ndarray]:
    """The sum of ``function(u, v)`` over the columns of arrays (N,) or (N, K)."""

    def total(u: Any, v: Any) -> np.ndarray:
        n = len(u)
        pairs = zip(np.reshape(u, (n, -1)).T, np.reshape(v, (n, -1)).T, strict=True)
        return np.sum([function(a, b) for a, b in pairs], axis=0)

    return total


def _lags_value(u: Any, v: Any) -> np.ndarray:
    """The sums of u[j + k] v[j] over j, for each k."""
    return _by_pairs(lambda a, b: np.convolve(a, b[::-1])[len(a) - 1 :])(u, v)


def _delayed_value(w: Any, v: Any) -> np.ndarray:
    """The sums of w[k] v[i - k] over k, for each i and each column of v."""
    n = len(w)
    columns = np.reshape(v, (n, -1)).T
    return np.stack([np.convolve(w, c)[:n] for c in columns], -1).reshape(np.shape(v))


def _ahead_value(w: Any, u: Any) -> np.ndarray:
    """The sums of w[k] u[j + k] over k, for each j and each column of u."""
    return _delayed_value(w, u[::-1])[::-1]


_lags = primitive(
    "toeplitz_lags",
    _lags_value,
    (lambda g, out, u, v: _delayed(g, v), lambda g, out, u, v: _ahead(g, u)),
)
_delayed = primitive(
    "toeplitz_delayed",
    _delayed_value,
    (lambda g, out, w, v: _lags(g, v), lambda g, out, w, v: _ahead(w, g)),
)
_ahead = primitive(
    "toeplitz_ahead",
    _ahead_value,
    (lambda g, out, w, u: _lags(u, g), lambda g, out, w, u: _delayed(w, g)),
)


def _first_replaced(v: Any, first: Any) -> Any:
    return concatenate([first[:1], v[1:]])


def _toeplitz_right(g: Any, out: Any, c: Any, r: Any, b: Any) -> Any:
    return _toeplitz(_first_replaced(r, c), c, g)


def _toeplitz_column(g: Any, out: Any, c: Any, r: Any, b: Any) -> Any:
    return -_lags(_toeplitz_right(g, out, c, r, b), out)


def _toeplitz_row(g: Any, out: Any, c: Any, r: Any, b: Any) -> Any:
    found = -_lags(out, _toeplitz_right(g, out, c, r, b))
    return where(np.arange(r.shape[0]) > 0, found, 0.0)


def _toeplitz_value(c: Any, r: Any, b: Any) -> np.ndarray:
    found = scipys("linalg", "solve_toeplitz").solve_toeplitz((c, r), b, check_finite=False)
    return found.astype(np.result_type(c, r, b, np.float32), copy=False)


def _toeplitz_stack(i: int, g: Any, out: Any, c: Any, r: Any, b: Any) -> Any:
    if i < 2:
        return None
    column = _first_replaced(r, c)
    return by_columns(lambda columns: _toeplitz_value(column, c, columns), g)


_toeplitz = primitive(
    "solve_toeplitz",
    _toeplitz_value,
    (_toeplitz_column, _toeplitz_row, _toeplitz_right),
    stacked=_toeplitz_stack,
)


@of_arrays
def solve_toeplitz(c_or_cr: Any, b: Any) -> Array:
    """Solve a x = b for a matrix of constant diagonals, as ``scipy.linalg.solve_toeplitz`` does. Needs SciPy.

    ``c_or_cr`` is the first column c, of shape (N,), or a tuple (c, r) with the first row, whose first
    element is not read; without r the matrix is Hermitian. ``b`` is (N,) or (N, K). Time grows with N^2 and
    memory with N: the pull-back to a diagonal is the sum of -gb[i] x[j] along it. Raises ValueError
    if shapes do not match, and ``numpy.linalg.LinAlgError`` if a leading part of the matrix is singular.

    >>> ag.linalg.solve_toeplitz(np.array([2.0, 1.0]), np.array([4.0, 5.0]))
    array([1., 2.])
    """
    b = as_array(b)
    if isinstance(c_or_cr, tuple) and len(c_or_cr) == 2 and as_array(c_or_cr[0]).ndim:
        c, r = (reshape(as_array(part), -1) for part in c_or_cr)
    else:
        c = reshape(as_array(c_or_cr), -1)
        r = conj(c)
    if c.shape != r.shape:
        raise ValueError(
            f"solve_toeplitz: expected a column and a row of one length, got {c.shape} and {r.shape}"
        )
    check_right_side("solve_toeplitz", c.shape[0], b)
    return _toeplitz(c, r, b)
