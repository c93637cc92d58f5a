"""Products of vectors, matrices and higher arrays; NumPy's BLAS does the work."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import Node, implements, of_arrays, primitive
from ..._engine.later import sweep
from ..._engine.sizes import number
from ..._kernels import loops
from ..._kernels.graph import Scalar
from ..._runtime import threads
from ..complex import conj, conjugated
from ..reduce.sums import sum
from ..shape.axes import (
    as_array,
    expand_dims,
    moveaxis,
    one_axis,
    ravel,
    refuse_out,
    reshape,
    stack,
    swapaxes,
    transpose,
)
from ..shape.dtype import cast
from ..shape.moves import diagonal

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "cross",
    "dot",
    "inner",
    "kron",
    "linear",
    "matmul",
    "matvec",
    "outer",
    "tensordot",
    "trace",
    "vdot",
    "vecdot",
    "vecmat",
]


def _matmul_left(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1 and y.ndim == 1:
        return g * y
    if x.ndim == 1:
        return matmul(y, g) if y.ndim == 2 else matmul(y, expand_dims(g, -1))[..., 0]
    if y.ndim == 1:
        return expand_dims(g, -1) * y
    return matmul(g, swapaxes(y, -1, -2))


def _matmul_right(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1 and y.ndim == 1:
        return g * x
    if x.ndim == 1:
        return expand_dims(x, -1) * expand_dims(g, -2)
    if y.ndim == 1:
        if x.ndim == 2:
            return matmul(g, x)
        return matmul(swapaxes(x, -1, -2), expand_dims(g, -1))[..., 0]
    return matmul(swapaxes(x, -1, -2), g)


def _matmul_stack(i: int, g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim > 1 and y.ndim > 1:
        return g @ np.swapaxes(y, -1, -2) if i == 0 else np.swapaxes(x, -1, -2) @ g
    if x.ndim == 2:
        return g[..., None] * y if i == 0 else g @ x
    if x.ndim == 1 and y.ndim == 1:
        return g[:, None] * (x if i else y)
    return None


def _matmul_value(x1: Any, x2: Any) -> Any:
    found = loops.matmul(x1, x2, None, threads.team)
    return threads.matmul(np.asarray(x1), np.asarray(x2)) if found is None else found


matmul = primitive(
    "matmul",
    _matmul_value,
    (_matmul_left, _matmul_right),
    stacked=_matmul_stack,
    doc="Multiply matrices as ``numpy.matmul`` does: (..., M, K) by (..., K, N).",
)
implements(np.matmul)(matmul)


def _product(x: Any, y: Any) -> Any:
    """x @ y of matrices, without the way through ``matmul`` for plain ones."""
    found = loops.matmul(x, y, None, threads.team)
    return matmul(x, y) if found is None else found


def _linear_value(x: Any, w: Any, b: Any = None) -> np.ndarray:
    out = loops.matmul(x, w.T, b, threads.team)
    if out is not None:
        return out
    out = threads.matmul(np.asarray(x), w.T)
    return out if b is None else np.add(out, b, out=out if b.dtype == out.dtype else None)


def _linear_weight(g: Any, out: Any, x: Any, w: Any, *b: Any) -> Any:
    if g.ndim == 1:
        return expand_dims(g, 1) * x
    if g.ndim > 2:
        g, x = reshape(g, (-1, w.shape[0])), reshape(x, (-1, w.shape[1]))
    return _product(g.T, x)


def _linear_bias(g: Any, out: Any, x: Any, w: Any, b: Any) -> Any:
    found = loops.sums(g, 0, threads.team) if g.ndim == 2 else None
    return g if found is None else found


_linear = primitive(
    "linear",
    _linear_value,
    (lambda g, out, x, w, *b: _product(g, w), _linear_weight, _linear_bias),
)


@of_arrays
def linear(x: Any, w: Any, b: Any = None) -> Array:
    """Compute x @ w.T + b.

    ``x`` has shape (..., in_features), ``w`` (out_features, in_features), ``b`` (out_features,).
    Raises ValueError if the sizes do not match.

    >>> ag.linear(np.ones((2, 3)), np.ones((4, 3)), np.zeros(4)).shape
    (2, 4)
    """
    try:
        sizes = x.shape, w.shape, () if b is None else b.shape
    except AttributeError:
        return linear(as_array(x), as_array(w), b if b is None else as_array(b))
    if len(sizes[1]) != 2 or len(sizes[0]) < 1 or sizes[0][-1] != sizes[1][1]:
        expected = w.shape[-1] if w.shape else 1
        raise ValueError(
            f"linear: x has shape {x.shape}, w expects {expected} features in the last axis "
            f"(w.shape == {w.shape}); check in_features, or flatten x"
        )
    if b is None:
        return _linear(x, w)
    if b.shape != (w.shape[0],):
        raise ValueError(f"linear: expected b of shape {(w.shape[0],)}, got {b.shape}")
    return _linear(x, w, b)


@implements(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Array:
    """Multiply as ``numpy.dot``: the last axis of ``a`` with the second-to-last of ``b``.

    >>> ag.dot(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    refuse_out("dot", out)
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    if np.ndim(b) <= 2:
        return matmul(a, b)
    return tensordot(a, b, ([-1], [-2]))


@implements(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Array:
    """Multiply every element of ``a`` with every element of ``b``; both are flattened.

    >>> ag.outer(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([[3., 4.],
           [6., 8.]])
    """
    refuse_out("outer", out)
    return reshape(a, (-1, 1)) * reshape(b, (1, -1))


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Array:
    """Sum products over pairs of axes: the last ``axes`` of ``a`` with the first of ``b``, or two lists.

    >>> ag.tensordot(np.ones((2, 3, 4)), np.ones((4, 3, 5)), ([1, 2], [1, 0])).shape
    (2, 5)
    """
    a, b = as_array(a), as_array(b)
    na, nb = a.ndim, b.ndim
    if np.ndim(axes) == 0:
        axes = number("tensordot", "axes", axes)
        if axes > min(na, nb):
            raise ValueError(
                f"tensordot: axes={axes} is more than shapes {np.shape(a)} and {np.shape(b)} have"
            )
        left, right = list(range(na - axes, na)), list(range(axes))
    else:
        left, right = ([int(k) for k in np.atleast_1d(side)] for side in axes)
    if len(left) != len(right) or any(
        np.shape(a)[i] != np.shape(b)[j] for i, j in zip(left, right, strict=False)
    ):
        raise ValueError(
            f"tensordot: axes {left} of shape {np.shape(a)} do not match axes {right} of "
            f"shape {np.shape(b)}"
        )
    left, right = [i % na for i in left], [j % nb for j in right]
    rows = [i for i in range(na) if i not in left]
    columns = [j for j in range(nb) if j not in right]
    inner = math.prod(np.shape(a)[i] for i in left)
    shape = [np.shape(a)[i] for i in rows] + [np.shape(b)[j] for j in columns]
    size = math.prod(np.shape(a)[i] for i in rows)
    a2 = reshape(transpose(a, rows + left), (size, inner)) if na else reshape(a, (1, 1))
    width = math.prod(np.shape(b)[j] for j in columns)
    b2 = reshape(transpose(b, right + columns), (inner, width)) if nb else reshape(b, (1, 1))
    return reshape(matmul(a2, b2), tuple(shape))


# --- inner products ------------------------------------------------------------------------------


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Array:
    """Sum products over the last axis of both arguments.

    >>> ag.inner(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array(11.)
    """
    a, b = as_array(a), as_array(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(
            f"inner: last axes differ: a has shape {a.shape}, b {b.shape}; transpose one of them"
        )
    return tensordot(a, b, ([-1], [-1]))


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Array:
    """Sum products of the conjugate of the flattened ``a`` with the flattened ``b``.

    >>> ag.vdot(np.array([1.0j]), np.array([1.0j]))
    np.complex128(1+0j)
    """
    return matmul(ravel(conj(as_array(a))), ravel(as_array(b)))


def _core(op: str, x: Any, axis: int) -> Any:
    x = as_array(x)
    if x.ndim == 0:
        raise ValueError(f"{op}: expected at least one axis, got a number")
    return moveaxis(x, one_axis(op, axis, x.ndim), -1)


@implements(np.vecdot)
def vecdot(
    x1: Any, x2: Any, /, *, axis: int = -1, keepdims: bool = False, dtype: Any = None
) -> Array:
    """Sum products of the conjugate of ``x1`` with ``x2`` along an axis; the others broadcast.

    >>> ag.vecdot(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    x1, x2 = _core("vecdot", x1, axis), _core("vecdot", x2, axis)
    if x1.shape[-1] != x2.shape[-1]:
        raise ValueError(
            f"vecdot: lengths {x1.shape[-1]} and {x2.shape[-1]} differ along axis {axis}"
        )
    found = sum(conjugated(x1) * x2, -1, keepdims=keepdims)
    if keepdims:
        found = moveaxis(found, -1, axis)
    return found if dtype is None else cast(found, dtype)


# --- other products ---------------------------------------------------------------------------------


def _with_axes(op: str, x1: Any, n1: int, x2: Any, n2: int) -> tuple[Any, Any]:
    """Both arguments as arrays, which must have ``n1`` and ``n2`` axes or more."""
    x1, x2 = as_array(x1), as_array(x2)
    if x1.ndim < n1 or x2.ndim < n2:
        raise ValueError(
            f"{op}: expected at least {n1} and {n2} axes, got shapes {x1.shape} and {x2.shape}; matmul "
            "takes vectors on either side"
        )
    return x1, x2


@implements(getattr(np, "matvec", None))
def matvec(x1: Any, x2: Any, /, *, dtype: Any = None) -> Array:
    """Multiply matrices (..., M, N) by vectors (..., N). Raises ValueError for fewer axes.

    >>> ag.matvec(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    x1, x2 = _with_axes("matvec", x1, 2, x2, 1)
    found = matmul(x1, expand_dims(x2, -1))[..., 0]
    return found if dtype is None else cast(found, dtype)


@implements(getattr(np, "vecmat", None))
def vecmat(x1: Any, x2: Any, /, *, dtype: Any = None) -> Array:
    """Multiply conjugates of vectors (..., N) by matrices (..., N, M). Raises ValueError for fewer axes.

    >>> ag.vecmat(np.ones(2), np.ones((2, 3)))
    array([2., 2., 2.])
    """
    x1, x2 = _with_axes("vecmat", x1, 1, x2, 2)
    found = matmul(expand_dims(conjugated(x1), -2), x2)[..., 0, :]
    return found if dtype is None else cast(found, dtype)


@implements(np.kron)
def kron(a: Any, b: Any) -> Array:
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
) -> Array:
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
def _trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Array:
    refuse_out("trace", out)
    return sum(diagonal(as_array(a), offset, axis1, axis2), -1, dtype)


def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Array:
    """Sum the diagonals of the matrices in two axes; of one number, list its backward sweep step by step.

    A Scalar or a Tensor of shape (), such as a loss, has no diagonal: the ``Trace`` that is returned prints
    as a table, and goes through the steps in ``for``. Its errors are those of ``explain``, and ValueError for
    a vector or a plain number.

    >>> ag.trace(np.eye(3))
    np.float64(3.0)
    >>> a, b = ag.Scalar(2.0, label="a"), ag.Scalar(-3.0, label="b")
    >>> print(ag.trace(a * b))
    step  node      incoming  contributes to
    1     mul            1.0  a: 0.0 - 3.0 = -3.0; b: 0.0 + 2.0 = 2.0
    """
    if isinstance(a, Scalar) or (isinstance(a, Node) and a.ndim == 0):
        return sweep(a)
    a = as_array(a)
    if a.ndim < 2:
        raise ValueError(
            f"trace: expected matrices, or a number with a graph to list its sweep, got shape {a.shape}; "
            "give one number, such as ag.sum(loss)"
        )
    return _trace(a, offset, axis1, axis2, dtype, out)


implements(np.linalg.matmul)(matmul)
