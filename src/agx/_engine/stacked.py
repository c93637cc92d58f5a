"""The backward sweep for many cotangents at once, which are stacked along a new first axis.

An elementwise rule takes the whole stack, for its arguments broadcast; so does one that is declared as
``stacked``. Every other rule is applied to one cotangent after the other, but each node is visited once.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .graph import Node, Primitive, sorted_nodes, verify

#: Elements that the stacked cotangents of one result may have.
MOST = 1 << 22


def _stacked(p: Primitive, i: int, g: np.ndarray, out: Any, args: Any, params: Any) -> Any:
    """The shares of argument ``i`` for all cotangents ``g``."""
    vjps: Any = p.vjps
    if p.elementwise:
        return vjps[i](g, out, *args, **params)
    if p.stacked is not None and (found := p.stacked(i, g, out, *args, **params)) is not None:
        return found
    rule = functools.partial(vjps, i) if p.variadic else vjps[i]
    rows = [rule(row, out, *args, **params) for row in g]
    return None if rows[0] is None else np.stack(rows)


def _fitted(c: Any, x: np.ndarray, count: int) -> np.ndarray:
    """Sum a stack of shares over the axes along which ``x`` was broadcast."""
    c = np.asarray(c)
    extra = c.ndim - 1 - x.ndim
    axes = tuple(range(1, 1 + extra)) + tuple(
        1 + extra + a for a, n in enumerate(x.shape) if n == 1 and c.shape[1 + extra + a] != 1
    )
    if axes:
        c = c.sum(axis=axes)
    c = c.reshape(count, *x.shape)
    if c.dtype != x.dtype:
        c = (c.real if c.dtype.kind == "c" and x.dtype.kind != "c" else c).astype(x.dtype)
    return c


def pull_block(root: Node, wrt: list[Node], seeds: np.ndarray) -> list[np.ndarray] | None:
    """Gradients for each of the stacked ``seeds``; None if rows must be computed one by one.

    That is so where an operation has a hand-written ``_backward``, or a NaN appears, which the
    ordinary sweep looks into.
    """
    order = sorted_nodes(root)
    if any(n.primitive is None and not n.is_leaf for n in order):
        return None
    count = len(seeds)
    cotangents: dict[Node, np.ndarray] = {root: seeds}
    wanted = set(wrt)
    for node in reversed(order):
        g = cotangents.get(node)
        if g is None or node.is_leaf:
            continue
        if node not in wanted:
            del cotangents[node]
        args = node.arguments
        plain = [a.array if isinstance(a, Node) else a for a in args]
        primitive: Any = node.primitive
        for i, x in enumerate(args):
            if not isinstance(x, Node) or not x.requires_grad:
                continue
            c = _stacked(primitive, i, g, node.array, plain, node.params)
            if c is None:
                continue
            c = _fitted(c, x.array, count)
            cotangents[x] = cotangents[x] + c if x in cotangents else c
        verify(node, g[0])
    found = [cotangents.get(x) for x in wrt]
    if any(g is not None and np.isnan(g).any() for g in found):
        return None
    return [
        np.zeros((count, *x.array.shape), x.array.dtype) if g is None else g
        for g, x in zip(found, wrt, strict=True)
    ]


def rows_at_once(root: Node) -> int:
    """How many cotangents of ``root`` to carry at once, for all of them to fit into memory."""
    largest = max([n.size for n in sorted_nodes(root)], default=1)
    return max(1, MOST // max(largest, 1))
