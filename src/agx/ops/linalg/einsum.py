"""Sums of products by subscripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ..._engine.graph import implements, primitive, value_of
from ..shape.axes import as_array, refuse_out, transpose
from ..shape.dtype import astype

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..._engine.graph import Node
    from ..._engine.signatures import Operand, Tensor

__all__ = [
    "einsum",
]


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


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
    names = _LETTERS

    def term(axes: Any) -> str:
        for a in axes:
            if a is not Ellipsis and not 0 <= a < len(names):
                raise ValueError(f"einsum: labels of axes must be 0 to {len(names) - 1}, got {a}")
        return "".join("..." if a is Ellipsis else names[a] for a in axes)

    left = ",".join(term(axes) for axes in operands[1 : 2 * pairs : 2])
    right = "->" + term(operands[-1]) if len(operands) % 2 else ""
    return left + right, operands[0 : 2 * pairs : 2]


@overload
def einsum(subscripts: Operand, x: Node, /, *more: Any, **options: Any) -> Tensor: ...
@overload
def einsum(
    subscripts: ArrayLike, x: ArrayLike, y: Node, /, *more: Any, **options: Any
) -> Tensor: ...
@overload
def einsum(
    subscripts: ArrayLike, x: ArrayLike, y: ArrayLike, z: Node, /, *more: Any, **options: Any
) -> Tensor: ...
@overload
def einsum(subscripts: ArrayLike, /, *operands: ArrayLike, **options: Any) -> np.ndarray: ...
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
    refuse_out("einsum", out)
    if not isinstance(subscripts, str) and len(operands) and isinstance(operands[0], (list, tuple)):
        subscripts, operands = _letters((subscripts, *operands))
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
    arrays = [as_array(x) if dtype is None else astype(as_array(x), dtype) for x in operands]
    free = [c for c in _LETTERS if c not in text]
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
    if len(arrays) == 1 and len(set(terms[0])) == len(terms[0]) and set(terms[0]) == set(result):
        return transpose(arrays[0], tuple(map(terms[0].index, result)))
    inputs: list[str] = []
    factors: list[Any] = []
    for t, x in zip(terms, arrays, strict=True):
        more, parts = _diagonals(t, x, spare)
        inputs += more
        factors += parts
    found = _einsum(*factors, inputs=tuple(inputs), result=result)
    if len(arrays) == 1 and set(terms[0]) == set(
        result
    ):  # In NumPy writing into it changes the array.
        value_of(found).flags.writeable = False
    return found
