"""Products of vectors, matrices and higher arrays; NumPy's BLAS does the work."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import threads
from .._kernels import dense
from ..graph import implements, primitive
from .moves import as_array
from .shape import expand_dims, refuse_out, reshape, swapaxes, transpose


def _matmul_left(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1 and y.ndim == 1:
        return g * y
    if x.ndim == 1:
        return matmul(y, expand_dims(g, -1))[..., 0]
    if y.ndim == 1:
        return expand_dims(g, -1) * y
    return matmul(g, swapaxes(y, -1, -2))


def _matmul_right(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1 and y.ndim == 1:
        return g * x
    if x.ndim == 1:
        return expand_dims(x, -1) * expand_dims(g, -2)
    if y.ndim == 1:
        return matmul(swapaxes(x, -1, -2), expand_dims(g, -1))[..., 0]
    return matmul(swapaxes(x, -1, -2), g)


def _matmul_value(x: Any, y: Any) -> Any:
    found = dense.matmul(x, y, None, threads.team)
    return threads.matmul(np.asarray(x), np.asarray(y)) if found is None else found


matmul = primitive("matmul", _matmul_value, (_matmul_left, _matmul_right))
implements(np.matmul)(matmul)
matmul.__doc__ = """Multiply matrices as ``numpy.matmul`` does: (..., M, K) by (..., K, N)."""


def _linear_value(x: Any, w: Any, b: Any = None) -> np.ndarray:
    out = dense.matmul(x, w.T, b, threads.team)
    if out is not None:
        return out
    out = threads.matmul(np.asarray(x), w.T)
    return out if b is None else np.add(out, b, out=out if b.dtype == out.dtype else None)


def _linear_weight(g: Any, out: Any, x: Any, w: Any, *b: Any) -> Any:
    if g.ndim == 1:
        return expand_dims(g, 1) * x
    if g.ndim > 2:
        g, x = reshape(g, (-1, w.shape[0])), reshape(x, (-1, w.shape[1]))
    return matmul(g.T, x)


_linear = primitive(
    "linear",
    _linear_value,
    (lambda g, out, x, w, *b: matmul(g, w), _linear_weight, lambda g, out, x, w, b: g),
)


def linear(x: Any, w: Any, b: Any = None) -> Any:
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
def dot(x: Any, y: Any, out: Any = None) -> Any:
    """Multiply as ``numpy.dot``: the last axis of ``x`` with the second-to-last of ``y``.

    >>> ag.dot(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    refuse_out("dot", out)
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return x * y
    if np.ndim(y) <= 2:
        return matmul(x, y)
    return tensordot(x, y, ([-1], [-2]))


@implements(np.outer)
def outer(x: Any, y: Any, out: Any = None) -> Any:
    """Multiply every element of ``x`` with every element of ``y``; both are flattened.

    >>> ag.outer(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([[3., 4.],
           [6., 8.]])
    """
    refuse_out("outer", out)
    return reshape(x, (-1, 1)) * reshape(y, (1, -1))


@implements(np.tensordot)
def tensordot(x: Any, y: Any, axes: Any = 2) -> Any:
    """Sum products over pairs of axes: the last ``axes`` of x with the first of y, or two lists.

    >>> ag.tensordot(np.ones((2, 3, 4)), np.ones((4, 3, 5)), ([1, 2], [1, 0])).shape
    (2, 5)
    """
    nx, ny = np.ndim(x), np.ndim(y)
    if isinstance(axes, (int, np.integer)):
        left, right = list(range(nx - axes, nx)), list(range(axes))
    else:
        left, right = ([int(a) for a in np.atleast_1d(side)] for side in axes)
    if len(left) != len(right) or any(
        np.shape(x)[a] != np.shape(y)[b] for a, b in zip(left, right, strict=False)
    ):
        raise ValueError(
            f"tensordot: axes {left} of shape {np.shape(x)} do not match axes {right} of "
            f"shape {np.shape(y)}"
        )
    left, right = [a % nx for a in left], [b % ny for b in right]
    rows = [a for a in range(nx) if a not in left]
    columns = [b for b in range(ny) if b not in right]
    inner = int(np.prod([np.shape(x)[a] for a in left]))
    shape = [np.shape(x)[a] for a in rows] + [np.shape(y)[b] for b in columns]
    size = int(np.prod([np.shape(x)[a] for a in rows]))
    x2 = reshape(transpose(x, rows + left), (size, inner)) if nx else reshape(x, (1, 1))
    width = int(np.prod([np.shape(y)[b] for b in columns]))
    y2 = reshape(transpose(y, right + columns), (inner, width)) if ny else reshape(y, (1, 1))
    return reshape(matmul(x2, y2), tuple(shape))


# --- einsum --------------------------------------------------------------------------------------


def _einsum_vjp(
    i: int, g: Any, out: Any, *operands: Any, inputs: Sequence[str], result: str
) -> Any:
    """Contract the gradient with the other operands down to the letters of operand ``i``."""
    others = [x for k, x in enumerate(operands) if k != i]
    letters = [s for k, s in enumerate(inputs) if k != i]
    named = [
        pair for s, x in zip(letters, others, strict=True) for pair in zip(s, x.shape, strict=True)
    ]
    sizes = dict(zip(inputs[i], operands[i].shape, strict=True))
    lonely = "".join(c for c, n in sizes.items() if c not in result and (c, n) not in named)
    if lonely:  # summed over in this operand alone, so the gradient is constant along it
        ones = np.ones([sizes[c] for c in lonely], out.dtype)
        others, letters = [*others, ones], [*letters, lonely]
    return _einsum(g, *others, inputs=(result, *letters), result=inputs[i])


_einsum = primitive(
    "einsum",
    lambda *operands, inputs, result: np.einsum(
        ",".join(inputs) + "->" + result, *operands, optimize=len(operands) > 2
    ),
    _einsum_vjp,
)


def _expand_ellipsis(term: str, ndim: int, spare: str, where: str) -> str:
    """Replace "..." by as many letters as the operand has axes that are not named."""
    if "..." not in term:
        return term
    count = ndim - (len(term) - 3)
    if count < 0:
        raise ValueError(f"einsum: {where} has {ndim} axes, fewer than '{term}' names")
    return term.replace("...", spare[len(spare) - count :] if count else "")


def _diagonals(term: str, operand: Any, spare: list[str]) -> tuple[list[str], list[Any]]:
    """Write a term with a repeated letter as one without, times identity matrices."""
    terms, factors, seen = [""], [operand], ""
    for axis, c in enumerate(term):
        if c in seen:
            if operand.shape[axis] != operand.shape[term.index(c)]:
                raise ValueError(
                    f"einsum: '{c}' stands for axes of different lengths in '{term}' for shape "
                    f"{operand.shape}; a diagonal needs equal ones"
                )
            new = spare.pop()
            terms.append(c + new)
            factors.append(np.eye(operand.shape[axis], dtype=operand.dtype))
            c = new
        seen += c
        terms[0] += c
    return terms, factors


def _letters(operands: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The form (x, [0, 1], y, [1, 2], [0, 2]) as subscripts and operands."""
    pairs = len(operands) // 2
    names = string.ascii_letters

    def term(axes: Any) -> str:
        for a in axes:
            if a is not Ellipsis and not 0 <= a < len(names):
                raise ValueError(f"einsum: labels of axes must be 0 to {len(names) - 1}, got {a}")
        return "".join("..." if a is Ellipsis else names[a] for a in axes)

    left = ",".join(term(axes) for axes in operands[1 : 2 * pairs : 2])
    right = "->" + term(operands[-1]) if len(operands) % 2 else ""
    return left + right, operands[0 : 2 * pairs : 2]


@implements(np.einsum)
def einsum(
    subscripts: Any, *operands: Any, out: Any = None, optimize: Any = False, dtype: Any = None
) -> Any:
    """Sum products of operands as ``subscripts`` say, for example "ij,jk->ik".

    "..." stands for the axes that are not named; without "->" the result has the letters that occur
    once, in alphabetical order. The form einsum(x, [0, 1], y, [1, 2], [0, 2]) works too. ``optimize``
    is accepted; more than two operands are always multiplied in a good order. Raises ValueError if
    terms and operands do not match.

    >>> ag.einsum("ij,j->i", np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    if out is not None:
        raise TypeError(
            "einsum: out= would overwrite an array that the graph may need; use the result instead"
        )
    if not isinstance(subscripts, str) and len(operands) and isinstance(operands[0], (list, tuple)):
        subscripts, operands = _letters((subscripts, *operands))
    if dtype is not None:
        operands = tuple(x.astype(dtype) for x in operands)
    if not isinstance(subscripts, str):
        raise TypeError(
            "einsum: the first argument must be a string of subscripts, such as 'ij,j->i'"
        )
    text = subscripts.replace(" ", "")
    left, arrow, result = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise ValueError(
            f"einsum: {len(terms)} terms in '{subscripts}' for {len(operands)} operands"
        )
    arrays = [x if hasattr(x, "shape") else np.asarray(x) for x in operands]
    free = [c for c in string.ascii_letters if c not in text]
    widest = max(
        (x.ndim - len(t) + 3 for t, x in zip(terms, arrays, strict=True) if "..." in t), default=0
    )
    dots = "".join(free[: max(widest, 0)])
    spare = free[len(dots) :]
    terms = [
        _expand_ellipsis(t, x.ndim, dots, f"operand {k}")
        for k, (t, x) in enumerate(zip(terms, arrays, strict=True))
    ]
    for k, (t, x) in enumerate(zip(terms, arrays, strict=True)):
        if len(t) != x.ndim:
            raise ValueError(f"einsum: operand {k} has {x.ndim} axes, '{t}' names {len(t)}")
    if arrow:
        result = result.replace("...", dots)
    else:
        result = dots + "".join(sorted(c for c in set(left) - set(",.") if left.count(c) == 1))
    inputs: list[str] = []
    factors: list[Any] = []
    for t, x in zip(terms, arrays, strict=True):
        more, parts = _diagonals(t, x, spare)
        inputs += more
        factors += parts
    return _einsum(*factors, inputs=tuple(inputs), result=result)
