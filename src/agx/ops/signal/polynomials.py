"""Polynomials: coefficients from the highest power down, as NumPy has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import implements, is_node, primitive, value_of
from ..._engine.sizes import count, number, room
from ..complex import is_complex, real
from ..elementwise.arithmetic import sqrt
from ..linalg.equals import unused
from ..reduce.sums import sum
from ..shape.axes import as_array, concatenate, listed, reshape, stack
from ..shape.where import where
from .convolution import convolve

if TYPE_CHECKING:
    from ..._engine.signatures import Array, Varying

__all__ = [
    "poly",
    "polyadd",
    "polyder",
    "polydiv",
    "polyfit",
    "polyint",
    "polymul",
    "polysub",
    "polyval",
    "roots",
    "vander",
]


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Array:
    """Evaluate the polynomial with coefficients ``p``, highest power first, at ``x``.

    >>> ag.polyval(np.array([1.0, 0.0, 1.0]), 3.0)
    np.float64(10.0)
    """
    p, x = as_array(p), as_array(x)
    found = 0 * x
    for k in range(len(p)):
        found = found * x + p[k]
    return found


def _coefficients(op: str, p: Any) -> Any:
    """A polynomial as an array of one axis; a number is a constant."""
    p = as_array(p)
    if p.ndim > 1:
        raise ValueError(f"{op}: expected coefficients of one axis, got shape {p.shape}")
    return reshape(p, -1)


def _same_length(op: str, a: Any, b: Any) -> tuple[Any, Any]:
    a, b = _coefficients(op, a), _coefficients(op, b)
    n = max(len(a), len(b))
    return tuple(
        concatenate([np.zeros(n - len(p), p.dtype), p]) if len(p) < n else p for p in (a, b)
    )


@implements(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Array:
    """Add two polynomials, highest powers first.

    >>> ag.polyadd(np.array([1.0, 2.0]), np.array([3.0]))
    array([1., 5.])
    """
    a, b = _same_length("polyadd", a1, a2)
    return a + b


@implements(np.polysub)
def polysub(a1: Any, a2: Any) -> Array:
    """Subtract a polynomial from another, highest powers first.

    >>> ag.polysub(np.array([1.0, 2.0]), np.array([3.0]))
    array([ 1., -1.])
    """
    a, b = _same_length("polysub", a1, a2)
    return a - b


@implements(np.polymul)
def polymul(a1: Any, a2: Any) -> Array:
    """Multiply two polynomials, highest powers first.

    >>> ag.polymul(np.array([1.0, 1.0]), np.array([1.0, -1.0]))
    array([ 1.,  0., -1.])
    """
    return convolve(_trimmed(a1), _trimmed(a2))


def _trimmed(p: Any) -> Any:
    """A polynomial without the zeros in front, as NumPy takes it."""
    p = _coefficients("polymul", p)
    places = np.flatnonzero(value_of(p))
    return p[places[0] :] if len(places) else p[-1:]


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Array:
    """Differentiate a polynomial ``m`` times.

    >>> ag.polyder(np.array([1.0, 2.0, 3.0]))
    array([2., 2.])
    """
    m = number("polyder", "m", m)
    if m < 0:
        raise ValueError(f"polyder: m must not be negative, got {m}; ag.polyint integrates")
    p = _coefficients("polyder", p)
    for _ in range(min(m, len(p))):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Array:
    """Integrate a polynomial ``m`` times, with constants ``k``.

    >>> ag.polyint(np.array([2.0, 2.0]))
    array([1., 2., 0.])
    """
    m = number("polyint", "m", m)
    if m < 0:
        raise ValueError(f"polyint: m must not be negative, got {m}; ag.polyder differentiates")
    p = as_array(p)
    constants = reshape(as_array(np.zeros(m) if k is None else k), -1)
    if len(constants) == 1 and m > 1:
        constants = concatenate([constants] * m)
    if len(constants) < m:
        raise ValueError(f"polyint: expected one constant or {m}, got {len(constants)}")
    for i in range(m):
        p = concatenate([p / np.arange(len(p), 0, -1), constants[i : i + 1]])
    return p


@implements(np.polydiv)
def polydiv(u: Any, v: Any) -> tuple[Array, ...]:
    """Divide a polynomial by another: quotient and remainder.

    >>> ag.polydiv(np.array([1.0, 0.0, -1.0]), np.array([1.0, 1.0]))[0]
    array([ 1., -1.])
    """
    rest, v = _coefficients("polydiv", u) + 0.0, _coefficients("polydiv", v) + 0.0
    if not len(rest) or not len(v):
        raise ValueError("polydiv: expected at least one coefficient in each polynomial, got none")
    steps = max(len(rest) - len(v) + 1, 0)
    quotient = []
    for _ in range(steps):
        factor = rest[0] / v[0]
        quotient.append(factor)
        head = rest[: len(v)] - factor * v
        rest = concatenate([head[1:], rest[len(v) :]])
    q = stack(quotient) if quotient else np.zeros(1, rest.dtype)
    tiny = np.flatnonzero(~np.isclose(value_of(rest), 0.0, rtol=1e-14))
    rest = rest[tiny[0] :] if len(tiny) else rest[-1:]
    return q, rest if len(value_of(rest)) else np.zeros(1)


@implements(np.poly)
def poly(seq_of_zeros: Any) -> Array:
    """Return the coefficients of the polynomial with the given roots, or of a matrix's eigenvalues.

    >>> ag.poly(np.array([1.0, 2.0]))
    array([ 1., -3.,  2.])
    """
    roots = as_array(seq_of_zeros)
    if roots.ndim == 2:
        from ..linalg.decompositions import eigvals

        roots = eigvals(roots)
    if roots.ndim != 1:
        raise ValueError(f"poly: expected one axis or a square matrix, got shape {roots.shape}")
    found: Any = np.ones(1, np.result_type(roots.dtype, np.float32))
    for k in range(len(roots)):
        found = convolve(found, stack([as_array(np.ones((), roots.dtype)), -roots[k]]))
    if is_complex(found) and _are_conjugate(value_of(roots)):
        return real(found)
    return found


def _are_conjugate(roots: np.ndarray) -> bool:
    return bool(np.all(np.sort(roots) == np.sort(roots.conj())))


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Array:
    """Make the matrix of powers of ``x``, highest first unless ``increasing``.

    >>> ag.vander(np.array([2.0, 3.0]), 3)
    array([[4., 2., 1.],
           [9., 3., 1.]])
    """
    x = as_array(x)
    if x.ndim != 1:
        raise ValueError(f"vander: expected one axis, got shape {x.shape}")
    n = len(x) if N is None else count("vander", "N", N)
    room("vander", len(x), n)
    columns = [np.ones(x.shape, x.dtype)]
    for _ in range(n - 1):
        columns.append(columns[-1] * x)
    columns = columns[:n]
    if not columns:
        return np.zeros((len(x), 0), x.dtype)
    return stack(columns if increasing else columns[::-1], 1)


def _roots_value(p: np.ndarray, *, first: int) -> np.ndarray:
    """The roots without those at infinity, for which the coefficients before ``first`` are 0."""
    return np.roots(p[first:]).astype(np.result_type(p.dtype, np.complex64))


def _roots_vjp(g: Any, out: Any, p: Any, *, first: int) -> Any:
    """The coefficient c of x^k moves a root r by -r^k / p'(r) dc."""
    n = len(p) - 1
    steep = vander(out, n) @ (p[:-1] * np.arange(n, 0, -1, dtype=p.dtype))
    return -(g / where(unused(g, p), 1.0, steep)) @ vander(out, n + 1)


_roots = primitive("roots", _roots_value, (_roots_vjp,))


@implements(np.roots)
def roots(p: Any) -> Array:
    """Compute the roots of a polynomial, highest power first.

    Those of a Tensor are complex. A multiple root has no derivative: infinity, or NaN. Raises ValueError
    if ``p`` has not one axis.

    >>> ag.roots(np.array([1.0, -3.0, 2.0]))
    array([2., 1.])
    """
    p = as_array(p)
    if not is_node(p):
        return np.roots(p)
    if p.ndim != 1:
        raise ValueError(f"roots: expected one axis, got shape {p.shape}")
    places = np.flatnonzero(p.value[:-1])
    return _roots(p, first=int(places[0])) if len(places) else np.zeros(0)


@implements(np.polyfit)
def polyfit(
    x: Any,
    y: Any,
    deg: int,
    rcond: float | None = None,
    full: bool = False,
    w: Any = None,
    cov: Any = False,
) -> Varying:
    """Fit a polynomial of degree ``deg`` by least squares; coefficients, highest power first.

    Solved through the normal equations of scaled columns, differentiable in ``x``, ``y`` and ``w``.

    >>> ag.polyfit(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0]), 1).round(6)
    array([2., 1.])
    """
    x, y, w = listed(x), listed(y), listed(w)
    if not any(is_node(a) for a in (x, y, w)):
        numpys: Any = np.polyfit
        return numpys(x, y, deg, rcond, full, w, cov)
    if full or cov:
        raise TypeError(
            "polyfit: full= and cov= are not supported for Tensors; use the coefficients"
        )
    from ..linalg.least_squares import lstsq

    deg = count("polyfit", "deg", deg)
    x, y = as_array(x), as_array(y)
    if y.ndim not in (1, 2):
        raise TypeError(f"polyfit: expected y of one axis or two, got shape {y.shape}")
    if x.shape[:1] != y.shape[:1] or not x.size:
        raise TypeError(
            f"polyfit: expected as many y as x and at least one, got shapes {x.shape} and {y.shape}"
        )
    columns, right = vander(x, deg + 1), y
    if w is not None:
        columns = columns * reshape(w, (-1, 1))
        right = right * (reshape(w, (-1, 1)) if y.ndim == 2 else w)
    scale = sqrt(sum(columns * columns, 0))
    found = lstsq(columns / scale, right, rcond=rcond)[0]
    return found / (reshape(scale, (-1, 1)) if y.ndim == 2 else scale)
