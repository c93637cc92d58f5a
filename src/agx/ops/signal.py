"""One-dimensional signals and polynomials: convolution, interpolation, evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import implements, is_node, primitive, value_of
from .complex import conj, is_complex
from .elementwise import sqrt, where
from .index import getitem
from .moves import as_array
from .reduce import sum
from .shape import concatenate, flip, reshape, stack

# --- convolution ---------------------------------------------------------------------------------

_convolve = primitive(
    "convolve",
    lambda a, v: np.convolve(a, v),
    (
        lambda g, out, a, v: _convolve(g, flip(v))[len(v) - 1 : len(v) - 1 + len(a)],
        lambda g, out, a, v: _convolve(g, flip(a))[len(a) - 1 : len(a) - 1 + len(v)],
    ),
)

_MODES = {0: "valid", 1: "same", 2: "full"}


def _line(op: str, x: Any, name: str) -> Any:
    x = as_array(x)
    if x.ndim > 1:
        raise ValueError(f"{op}: expected {name} of one axis, got shape {x.shape}")
    if value_of(x).size == 0:
        raise ValueError(f"{op}: {name} cannot be empty")
    return reshape(x, -1)


def _part(op: str, full: Any, n: int, m: int, mode: Any, later: int = 0) -> Any:
    """The part of a full convolution of lengths ``n`` and ``m`` that ``mode`` asks for."""
    mode = _MODES.get(mode, mode)
    short, long = min(n, m), max(n, m)
    if mode == "full":
        return full
    if mode == "same":
        start = (short - 1) // 2 + (later if short % 2 == 0 else 0)
        return full[start : start + long]
    if mode == "valid":
        return full[short - 1 : long]
    raise ValueError(f"{op}: mode must be 'full', 'same' or 'valid', got {mode!r}")


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """Convolve two sequences: out[n] = sum over k of a[k] v[n - k].

    >>> ag.convolve(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([1., 3., 2.])
    """
    a, v = _line("convolve", a, "a"), _line("convolve", v, "v")
    return _part("convolve", _convolve(a, v), len(a), len(v), mode)


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Correlate two sequences: out[k] = sum over n of a[n + k] times the conjugate of v[n].

    >>> ag.correlate(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0]))
    array([3., 5.])
    """
    a, v = _line("correlate", a, "a"), _line("correlate", v, "v")
    full = _convolve(a, flip(conj(v) if is_complex(v) else v))
    return _part("correlate", full, len(a), len(v), mode, int(len(a) < len(v)))


# --- interpolation -------------------------------------------------------------------------------


@implements(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None
) -> Any:
    """Interpolate linearly between points (``xp``, ``fp``), where ``xp`` increases.

    Differentiable in ``x``, ``xp`` and ``fp``; at a point the slope is that of the piece on its right.

    >>> ag.interp(np.array([0.5]), np.array([0.0, 1.0]), np.array([0.0, 4.0]))
    array([2.])
    """
    x, xp, fp = as_array(x), as_array(xp), as_array(fp)
    if xp.ndim != 1 or fp.shape != xp.shape:
        raise ValueError(
            f"interp: expected xp and fp of one axis and one length, got {xp.shape} and {fp.shape}"
        )
    if period is not None:
        if period == 0:
            raise ValueError("interp: period must not be 0")
        period = abs(period)
        x, xp = x % period, xp % period
        order = np.argsort(value_of(xp), kind="stable")
        xp, fp = getitem(xp, order), getitem(fp, order)
        xp = concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = concatenate([fp[-1:], fp, fp[:1]])
    known = value_of(xp)
    at = value_of(x)
    last = len(known) - 1
    if last == 0:
        inside = fp[0] + 0 * x
    else:
        k = np.clip(np.searchsorted(known, at, "right") - 1, 0, last - 1)
        x0, x1, f0, f1 = getitem(xp, k), getitem(xp, k + 1), getitem(fp, k), getitem(fp, k + 1)
        inside = f0 + (x - x0) * ((f1 - f0) / (x1 - x0))
    low = fp[0] if left is None or period is not None else left
    high = fp[last] if right is None or period is not None else right
    found = where(at < known[0], low, where(at > known[-1], high, inside))
    return where(at == known[-1], fp[last], found) if last else found


# --- polynomials ---------------------------------------------------------------------------------


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """Evaluate the polynomial with coefficients ``p``, highest power first, at ``x``.

    >>> ag.polyval(np.array([1.0, 0.0, 1.0]), 3.0)
    np.float64(10.0)
    """
    p, x = as_array(p), as_array(x)
    found = 0 * x
    for k in range(len(p)):
        found = found * x + p[k]
    return found


def _same_length(a: Any, b: Any) -> tuple[Any, Any]:
    a, b = reshape(as_array(a), -1), reshape(as_array(b), -1)
    n = max(len(a), len(b))
    return tuple(
        concatenate([np.zeros(n - len(p), p.dtype), p]) if len(p) < n else p for p in (a, b)
    )


@implements(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """Add two polynomials, highest powers first.

    >>> ag.polyadd(np.array([1.0, 2.0]), np.array([3.0]))
    array([1., 5.])
    """
    a, b = _same_length(a1, a2)
    return a + b


@implements(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    """Subtract a polynomial from another, highest powers first.

    >>> ag.polysub(np.array([1.0, 2.0]), np.array([3.0]))
    array([ 1., -1.])
    """
    a, b = _same_length(a1, a2)
    return a - b


@implements(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """Multiply two polynomials, highest powers first.

    >>> ag.polymul(np.array([1.0, 1.0]), np.array([1.0, -1.0]))
    array([ 1.,  0., -1.])
    """
    return convolve(_trimmed(a1), _trimmed(a2))


def _trimmed(p: Any) -> Any:
    """A polynomial without the zeros in front, as NumPy takes it."""
    p = reshape(as_array(p), -1)
    places = np.flatnonzero(value_of(p))
    return p[places[0] :] if len(places) else p[-1:]


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """Differentiate a polynomial ``m`` times.

    >>> ag.polyder(np.array([1.0, 2.0, 3.0]))
    array([2., 2.])
    """
    if m < 0:
        raise ValueError(f"polyder: m must not be negative, got {m}; ag.polyint integrates")
    p = as_array(p)
    for _ in range(m):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """Integrate a polynomial ``m`` times, with constants ``k``.

    >>> ag.polyint(np.array([2.0, 2.0]))
    array([1., 2., 0.])
    """
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
def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """Divide a polynomial by another: quotient and remainder.

    >>> ag.polydiv(np.array([1.0, 0.0, -1.0]), np.array([1.0, 1.0]))[0]
    array([ 1., -1.])
    """
    rest, v = reshape(as_array(u), -1) + 0.0, reshape(as_array(v), -1) + 0.0
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
def poly(seq_of_zeros: Any) -> Any:
    """Return the coefficients of the polynomial with the given roots, or of a matrix's eigenvalues.

    >>> ag.poly(np.array([1.0, 2.0]))
    array([ 1., -3.,  2.])
    """
    roots = as_array(seq_of_zeros)
    if roots.ndim == 2:
        from .decompositions import eigvals

        roots = eigvals(roots)
    if roots.ndim != 1:
        raise ValueError(f"poly: expected one axis or a square matrix, got shape {roots.shape}")
    found: Any = np.ones(1, np.result_type(roots.dtype, np.float32))
    for k in range(len(roots)):
        found = convolve(found, stack([as_array(np.ones((), roots.dtype)), -roots[k]]))
    if is_complex(found) and _are_conjugate(value_of(roots)):
        from .complex import real

        return real(found)
    return found


def _are_conjugate(roots: np.ndarray) -> bool:
    return bool(np.all(np.sort(roots) == np.sort(roots.conj())))


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Make the matrix of powers of ``x``, highest first unless ``increasing``.

    >>> ag.vander(np.array([2.0, 3.0]), 3)
    array([[4., 2., 1.],
           [9., 3., 1.]])
    """
    x = as_array(x)
    if x.ndim != 1:
        raise ValueError(f"vander: expected one axis, got shape {x.shape}")
    n = len(x) if N is None else N
    columns = [np.ones(x.shape, x.dtype)]
    for _ in range(n - 1):
        columns.append(columns[-1] * x)
    columns = columns[:n]
    if not columns:
        return np.zeros((len(x), 0), x.dtype)
    return stack(columns if increasing else columns[::-1], 1)


@implements(np.roots)
def roots(p: Any) -> Any:
    """Compute the roots of a polynomial, highest power first; they must be distinct to have gradients.

    Those of a Tensor are complex.

    >>> ag.roots(np.array([1.0, -3.0, 2.0]))
    array([2., 1.])
    """
    p = as_array(p)
    if not is_node(p):
        return np.roots(p)
    if p.ndim != 1:
        raise ValueError(f"roots: expected one axis, got shape {p.shape}")
    from .decompositions import eigvals

    places = np.flatnonzero(p.value)
    if not len(places):
        return np.zeros(0)
    zeros = len(p) - places[-1] - 1
    p = p[places[0] : places[-1] + 1]
    n = len(p) - 1
    found: Any = np.zeros(0)
    if n:
        first = reshape(-p[1:] / p[0], (1, n))
        found = eigvals(concatenate([first, np.eye(n - 1, n, dtype=p.dtype)]))
    return concatenate([found, np.zeros(zeros, found.dtype)]) if zeros else found


@implements(np.polyfit)
def polyfit(
    x: Any,
    y: Any,
    deg: int,
    rcond: float | None = None,
    full: bool = False,
    w: Any = None,
    cov: Any = False,
) -> Any:
    """Fit a polynomial of degree ``deg`` by least squares; coefficients, highest power first.

    Solved through the normal equations of scaled columns, differentiable in ``x``, ``y`` and ``w``.

    >>> ag.polyfit(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0]), 1).round(6)
    array([2., 1.])
    """
    if not any(is_node(a) for a in (x, y, w)):
        numpys: Any = np.polyfit
        return numpys(x, y, deg, rcond, full, w, cov)
    if full or cov:
        raise TypeError(
            "polyfit: full= and cov= are not supported for Tensors; use the coefficients"
        )
    from .least_squares import lstsq

    if deg < 0:
        raise ValueError(f"polyfit: deg must not be negative, got {deg}")
    x, y = as_array(x), as_array(y)
    columns, right = vander(x, deg + 1), y
    if w is not None:
        w = as_array(w)
        columns = columns * reshape(w, (-1, 1))
        right = right * (reshape(w, (-1, 1)) if y.ndim == 2 else w)
    scale = sqrt(sum(columns * columns, 0))
    found = lstsq(columns / scale, right, rcond=rcond)[0]
    return found / (reshape(scale, (-1, 1)) if y.ndim == 2 else scale)
