"""The backward sweep for many cotangents at once, which are stacked along a new first axis.

An elementwise rule takes the whole stack, for its arguments broadcast; so do those below. Every other
rule is applied to one cotangent after the other, but each node is still visited once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import Node, Primitive, registry, sorted_nodes, verify

#: Elements that the stacked cotangents of one result may have.
MOST = 1 << 22


def _reshape(g: Any, out: Any, x: Any, **params: Any) -> Any:
    return g.reshape(len(g), *x.shape)


def _transpose(g: Any, out: Any, x: Any, *, axes: Any) -> Any:
    order = np.arange(x.ndim)[::-1] if axes is None else np.argsort(axes)
    return g.transpose(0, *(np.asarray(order, int) + 1))


def _sum(g: Any, out: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    kept = np.add.reduce(np.empty(x.shape, bool), axis, keepdims=True).shape
    return np.broadcast_to(g.reshape(len(g), *kept), (len(g), *x.shape))


def _mean(g: Any, out: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    return _sum(g, out, x, axis=axis, keepdims=keepdims) * (out.size / max(x.size, 1))


def _matmul(i: int, g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim > 1 and y.ndim > 1:
        return g @ np.swapaxes(y, -1, -2) if i == 0 else np.swapaxes(x, -1, -2) @ g
    if x.ndim == 2:
        return g[..., None] * y if i == 0 else g @ x
    if x.ndim == 1 and y.ndim == 1:
        return g[:, None] * (x if i else y)
    return None


_STACKED: dict[str, Callable[..., Any]] = {
    "reshape": _reshape, "transpose": _transpose, "sum": _sum, "mean": _mean
}  # fmt: skip


def _stacked(p: Primitive, i: int, g: np.ndarray, out: Any, args: Any, params: Any) -> Any:
    """The shares of argument ``i`` for all cotangents ``g``."""
    vjps: Any = p.vjps
    if p.elementwise:
        return vjps[i](g, out, *args, **params)
    if p.name in _STACKED and registry.get(p.name) is p:
        return _STACKED[p.name](g, out, *args, **params)
    if p.name == "matmul" and (found := _matmul(i, g, out, *args)) is not None:
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
