"""The backward sweep for many cotangents at once, which are stacked along a new first axis.

An elementwise rule takes the whole stack, for its arguments broadcast; so does one that is declared as
``stacked``. Every other rule is applied to one cotangent after the other, but each node is visited once.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .._kernels import graph as _graph
from .._kernels.graph import Node, Primitive
from .hooks import any_hooked
from .symbols import as_numbers, is_traced, symbolic_call
from .walk import wanted_below

#: Elements that the stacked cotangents of one result may have.
MOST = 1 << 22


def _shares(p: Primitive, i: int, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """The shares of argument ``i`` for all cotangents: (g, out, *args) are the operands."""
    if any(map(is_traced, operands)):
        return symbolic_call(functools.partial(_shares_of, p, i), operands, params, (p, i, "stack"))
    return _shares_of(p, i, *operands, **params)


def _shares_of(p: Primitive, i: int, /, *operands: Any, **params: Any) -> Any:
    vjps: Any = p.vjps
    rule = functools.partial(vjps, i) if p.variadic else vjps[i]
    if p.elementwise:
        return rule(*operands, **params)
    if p.stacked is not None and (found := p.stacked(i, *operands, **params)) is not None:
        return found
    rows = [rule(row, *operands[1:], **params) for row in operands[0]]
    return None if rows[0] is None else np.stack(rows)


def _stacked(p: Primitive, i: int, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """The same, summed over the axes along which the argument was broadcast."""
    c = _shares(p, i, operands, params)
    if c is None:
        return None
    c, x = as_numbers(c), operands[i + 2]
    extra = c.ndim - 1 - x.ndim
    axes = tuple(range(1, 1 + extra)) + tuple(
        1 + extra + a for a, n in enumerate(x.shape) if n == 1 and c.shape[1 + extra + a] != 1
    )
    if axes:
        c = c.sum(axis=axes)
    c = c.reshape(len(operands[0]), *x.shape)
    if c.dtype != x.dtype:
        c = (c.real if c.dtype.kind == "c" and x.dtype.kind != "c" else c).astype(x.dtype)
    return c


def pull_block(root: Node, wrt: list[Node], seeds: np.ndarray) -> list[np.ndarray] | None:
    """Gradients for each of the stacked ``seeds``; None if rows must be computed one by one.

    That is so where an operation has a hand-written ``_backward``, where hooks wait for gradients, or
    where a NaN appears, which the ordinary sweep looks into.
    """
    order = wanted_below(root)
    if any_hooked(order) or any(n.primitive is None and not n.is_leaf for n in order):
        return None
    found = _graph.pullback(root, seeds, wrt, False, stacked=_stacked)
    if found is None:
        return None
    return [
        np.zeros((len(seeds), *x.array.shape), x.array.dtype) if g is None else g
        for g, x in zip(found, wrt, strict=True)
    ]


def rows_at_once(root: Node) -> int:
    """How many cotangents of ``root`` to carry at once, for all of them to fit into memory."""
    largest = max([n.size for n in wanted_below(root)], default=1)
    return max(1, MOST // max(largest, 1))
