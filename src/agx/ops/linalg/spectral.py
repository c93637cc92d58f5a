"""Functions of the eigenvalues of Hermitian matrices, whose derivatives are divided differences."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import Node, of_arrays, primitive, value_of
from ..._engine.trace import Trace
from ..shape.axes import as_array
from .matrices import check_square, mH, mT

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "symmetric_function",
]

#: Points closer than this, beside the largest, are averaged over instead of divided by their distance.
_CLOSE = 1e-2
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


def _slope(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The derivative of an elementwise function, which can be differentiated again."""

    def slope(x: Any) -> Any:
        with Trace([x], strict=False) as trace:
            y = f(trace.nodes[0])
            if not isinstance(y, Node) or not y.requires_grad:
                return np.zeros(np.shape(x))
            return trace.gradients(y, np.ones(y.shape, y.dtype))[0]

    return slope


class _Divided:
    """Divided differences of f, each order from the one below, or from a derivative where points are close.

    f[w_0, ..., w_k] is the mean of the k-th derivative over the simplex of the points, over k! (Hermite
    and Genocchi), which needs no division.
    """

    def __init__(self, f: Callable[[Any], Any], scale: Any) -> None:
        self.derivatives, self.scale = [f], scale

    def derivative(self, k: int, x: np.ndarray) -> np.ndarray:
        while len(self.derivatives) <= k:
            self.derivatives.append(_slope(self.derivatives[-1]))
        with np.errstate(all="ignore"):
            return np.asarray(value_of(self.derivatives[k](x)))

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Of the points along the first axis."""
        return self.of_sorted(np.sort(points, 0))

    def of_sorted(self, w: np.ndarray) -> np.ndarray:
        if len(w) == 1:
            return self.derivative(0, w[0])
        low, high, gap = self.of_sorted(w[:-1]), self.of_sorted(w[1:]), w[-1] - w[0]
        rise, size = high - low, np.maximum(np.abs(high), np.abs(low))
        close = (gap <= _CLOSE * self.scale) & ((np.abs(rise) <= 0.05 * size) | (gap == 0))
        with np.errstate(all="ignore"):
            found = rise / np.where(gap == 0, 1.0, gap)
        if close.any():
            found = np.array(found)
            found[close] = self.mean(w[:, close])
        return np.asarray(found)

    def mean(self, w: np.ndarray) -> np.ndarray:
        """The integral of derivative k over the simplex of k + 1 points."""
        k, total = len(w) - 1, np.zeros(w.shape[1:])
        for chosen in itertools.product(range(len(_NODES)), repeat=k):
            place, weight, rest = w[0], 1.0, 1.0
            for step, j in enumerate(chosen):
                t = rest * (_NODES[j] + 1) / 2
                weight *= rest * _WEIGHTS[j] / 2
                place = place + t * (w[step + 1] - w[0])
                rest -= t
            total = total + weight * self.derivative(k, place)
        return np.asarray(total)


def _value(a: np.ndarray, *along: np.ndarray, f: Callable[[Any], Any]) -> np.ndarray:
    """The derivative of f(A) along k matrices: the sum over their orders (Daleckii and Krein 1965)."""
    dtype = np.result_type(a, *along)
    w, v = np.linalg.eigh(a.astype(np.result_type(a.dtype, np.float64)))
    k, vh = len(along), np.conj(np.swapaxes(v, -1, -2))
    scale = np.abs(w).max(-1, initial=0.0).reshape((*w.shape[:-1], *(1,) * (k + 1)))
    grid = [
        np.expand_dims(w, tuple(-1 - j for j in range(k + 1) if j != k - i)) for i in range(k + 1)
    ]
    shape = (*w.shape[:-1], *w.shape[-1:] * (k + 1))
    divided = _Divided(f, np.broadcast_to(scale, shape))
    weights = divided(np.stack([np.broadcast_to(x, shape) for x in grid]))
    if not k:
        found = weights[..., None] * np.eye(w.shape[-1])
    else:
        letters = "abcdefghijklm"[: k + 1]
        pairs = ",".join("..." + letters[i : i + 2] for i in range(k))
        formula = f"...{letters},{pairs}->...{letters[0]}{letters[-1]}"
        inner = [vh @ e @ v for e in along]
        found = sum(np.einsum(formula, weights, *order) for order in itertools.permutations(inner))
    found = np.asarray(v @ found @ vh)
    return found.astype(np.result_type(dtype, np.complex64) if weights.dtype.kind == "c" else dtype)


def _rule(i: int, g: Any, out: Any, a: Any, *along: Any, f: Callable[[Any], Any]) -> Any:
    """tr(g^T D) is the same for all orders of g^T, dA and the other matrices."""
    if i == 0:
        return mT(_spectral(a, *along, mT(g), f=f))
    others = [e for k, e in enumerate(along, 1) if k != i]
    return mT(_spectral(a, *others, mT(g), f=f))


_spectral = primitive("symmetric_function", _value, _rule)


@of_arrays
def symmetric_function(a: Any, f: Callable[[Any], Any]) -> Array:
    """Apply ``f`` to the eigenvalues of Hermitian matrices (..., M, M): V f(w) V^H of (A + A^H) / 2.

    ``f`` maps arrays elementwise and is made of NumPy's or agx's functions. Derivatives are divided
    differences of f (Daleckii and Krein 1965), by agx's own derivatives of it, right at equal eigenvalues
    and to any order. Raises ``numpy.linalg.LinAlgError`` if a matrix is not square, and TypeError if ``f`` is
    no function, or depends on other Tensors, whose gradients would be lost.

    >>> ag.linalg.symmetric_function(np.array([[0.0, 0.0], [0.0, 1.0]]), np.cos).round(4)
    array([[1.    , 0.    ],
           [0.    , 0.5403]])
    """
    a = as_array(a)
    check_square("symmetric_function", a)
    if not callable(f):
        raise TypeError(
            f"symmetric_function: expected a function of the eigenvalues, got {type(f).__name__}; "
            "pass one, such as np.exp"
        )
    with np.errstate(all="ignore"):
        probe = f(np.zeros(1))
    if isinstance(probe, Node):
        raise TypeError(
            "symmetric_function: f depends on a Tensor besides its argument, whose gradient would be lost; "
            "let f be a function of the eigenvalues alone, and multiply the matrix by parameters before"
        )
    return _spectral((a + mH(a)) * 0.5, f=f)
