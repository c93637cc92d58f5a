"""A graph computed again from other leaves: what is 0 by chance, and what is 0 whatever the leaves are."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._kernels import sweep as _sweep
from .graph import Node, registry, value_of
from .walk import wanted_below


def moved(root: Any, way: int = 1) -> Any:
    """The value of ``root`` if every leaf below it were a little different, each in its own way or in the other.

    NaN where that is not known: where it depends on operations that are not agx's.
    """
    if not isinstance(root, Node):
        return root
    rng = np.random.default_rng(0)
    values: dict[Node, Any] = {}
    with np.errstate(all="ignore"):
        for node in wanted_below(root) or [root]:
            values[node] = _again(node, values, rng, way) if node.requires_grad else node.array
    return values[root]


def _again(node: Node, values: dict[Node, Any], rng: np.random.Generator, way: int) -> Any:
    x = node.array
    if node.is_leaf:
        step = way * 1e-3 * (1 + np.abs(x)) * rng.uniform(0.5, 1.0, x.shape) * rng.choice([-1, 1], x.shape)
        return (x + step).astype(x.dtype)
    p = node.primitive
    if p is None or registry.get(p.name) is not p:
        same = all(np.array_equal(values.get(a, a.array), a.array) for a in node.inputs)
        return x if same else np.full_like(x, np.nan)
    arguments = [values.get(a, value_of(a)) if isinstance(a, Node) else a for a in node.arguments]
    return p.function(*arguments, **node.params)


def stands_still(root: Any) -> np.ndarray:
    """Where ``root`` keeps its value whatever the leaves below it are, as x - x does."""
    return np.asarray(moved(root) == value_of(root))


def mend(node: Node, i: int, g: Any, share: Any) -> Any:
    """``share`` of argument ``i``, and 0 where a zero gradient ``g`` meets an infinite derivative.

    It stays NaN if both are so at this point alone: then nobody knows what their product is.
    """
    undefined = np.isnan(value_of(share)) & (value_of(g) == 0)
    if not undefined.any():
        return share
    if isinstance(g, Node) and node.primitive is not None:
        undefined &= stands_still(g) | ~_is_pole(node, i)
    return np.where(undefined, 0.0, share)


def _is_pole(node: Any, i: int) -> np.ndarray:
    """Where the derivative is finite if the arguments are a little different: no overflow."""
    p, finite = node.primitive, False
    for way in (1, -1):
        arguments = [moved(a, way) for a in node.arguments]
        with np.errstate(all="ignore"):
            out = p.function(*arguments, **node.params)
            slope = p.vjps[i](np.ones_like(out), out, *arguments, **node.params)
        finite = finite | np.isfinite(slope)
    return np.asarray(finite)


_sweep.declare_mend(mend)
