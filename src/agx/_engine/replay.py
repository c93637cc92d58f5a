"""A graph computed again with other values: what is 0 by chance, and what is 0 whatever the leaves are."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .._kernels import graph as _graph
from .._kernels.graph import declare_sweep, new_tensor
from .graph import Node, pullback, registry, set_recording, value_of
from .hooks import hooked_nodes, hooks_of, register
from .walk import leaves_below, wanted_below


def again(root: Any, known: dict[Any, Any], record: bool = False) -> Any:
    """The value of ``root`` if the nodes in ``known`` had those values; with ``record`` as a node.

    NaN where that is not known: where it depends on operations that are not agx's.
    """
    if not isinstance(root, Node) or not root.requires_grad:
        return value_of(root)
    values = dict(known)
    with np.errstate(all="ignore"):
        for node in wanted_below(root):
            if node not in values and any(a in values for a in node.inputs):
                values[node] = _computed(node, values, record)
    return values.get(root, root if record else root.array)


def _computed(node: Any, values: dict[Any, Any], record: bool) -> Any:
    p = _own(node)
    if p is None:
        return np.full(node.shape, np.nan)
    arguments = [values.get(a, a) if isinstance(a, Node) else a for a in node.arguments]
    if record:
        return p(*arguments, **node.params)
    return p.function(*map(value_of, arguments), **node.params)


def _own(node: Any) -> Any:
    """The primitive that made ``node`` if it is one of agx's, else None."""
    p: Any = node.primitive
    return p if p is not None and registry.get(p.name) is p else None


def elsewhere(root: Any, way: int = 1) -> dict[Any, Any]:
    """The leaves below ``root``, each a little different in its own way, or in the opposite one."""
    if not isinstance(root, Node) or not root.requires_grad:
        return {}
    rng = np.random.default_rng(0)
    return {leaf: _near(leaf.array, way, rng) for leaf in leaves_below(root)}


def _near(x: np.ndarray, way: int, rng: np.random.Generator) -> np.ndarray:
    step = rng.uniform(0.5, 1.0, x.shape) * rng.choice([-1, 1], x.shape) * (1 + np.abs(x))
    return np.asarray(x + 1e-3 * way * step).astype(x.dtype)


def stands_still(root: Any) -> np.ndarray:
    """Where ``root`` keeps its value whatever the leaves below it are, as x - x does."""
    return np.asarray(again(root, elsewhere(root)) == value_of(root))


def mend(node: Node, i: int, g: Any, share: Any, doubt: bool) -> Any:
    """``share`` of argument ``i``, and 0 where a zero gradient ``g`` meets an infinite derivative.

    It stays NaN if both are so at this point alone: then nobody knows what their product is. With ``doubt``,
    of a result that is not finite, it is NaN where ``lost_to_overflow`` says so.
    """
    if doubt and (lost := lost_to_overflow(node, i, g, share)).any():
        share = share * np.where(lost, np.nan, 1.0).astype(share.dtype)
    undefined = np.isnan(value_of(share)) & (value_of(g) == 0)
    if not undefined.any():
        return share
    if isinstance(g, Node) and node.primitive is not None:
        undefined &= stands_still(g) | ~_is_pole(node, i)
    return np.where(undefined, 0.0, share)


def lost_to_overflow(node: Any, i: int, g: Any, share: Any) -> np.ndarray:
    """Where the derivative is 0 because infinite arguments have overflowed, as that of log(1 + exp(1000)).

    At an infinity that was given it is the limit. Where the result is finite, what overflowed has no
    influence on it, as exp(1000) in a sigmoid.
    """
    x = node.arguments[i]
    lost = (value_of(share) == 0) & (value_of(g) != 0) & np.isinf(node.array) & np.isinf(x.array)
    return lost & np.isinf(_from_finite(x)) if lost.any() else lost


def _from_finite(root: Any) -> Any:
    """The value of ``root`` if leaves and constants that are not finite were 1."""
    values: dict[Any, Any] = {}

    def finite(a: Any) -> Any:
        if isinstance(a, Node) and a in values:
            return values[a]
        v = value_of(a)
        return v if np.isfinite(v).all() else np.where(np.isfinite(v), v, 1.0)

    with np.errstate(all="ignore"):
        for node in wanted_below(root):
            ours = _own(node)
            values[node] = (
                ours.function(*map(finite, node.arguments), **node.params) if ours else finite(node)
            )
    return values[root]


def _is_pole(node: Any, i: int) -> np.ndarray:
    """Where the derivative is finite if the arguments are a little different: no overflow."""
    p: Any = node.primitive
    finite = np.zeros((), bool)
    for way in (1, -1):
        arguments = [again(a, elsewhere(a, way)) for a in node.arguments]
        with np.errstate(all="ignore"):
            out = p.function(*arguments, **node.params)
            slope = p.vjps[i](np.ones_like(out), out, *arguments, **node.params)
        finite = finite | np.isfinite(slope)
    return np.asarray(finite)


def sweep_as_tensors(root: Any, order: list[Any], seed: float) -> None:
    """Do what ``Scalar.backward`` does, with Tensors in the place of Scalars."""
    made: dict[Any, Any] = {}

    def tensor_of(s: Any) -> Any:
        if s not in made and not s._constant:
            made[s] = new_tensor(np.array(s.value))
        return made.get(s, s.value)

    before = set_recording(True)
    try:
        for s in order:
            made[s] = registry[s.op](*map(tensor_of, s.arguments))
        handles = [
            register(made[s], functools.partial(_of_float, hook))
            for s in hooked_nodes().intersection(made)
            for hook in hooks_of(s).before.values()
        ]
        found = pullback(made[root], made.values(), np.array(seed))
    finally:
        set_recording(before)
    for handle in handles:
        handle.remove()
    for s, g in zip(made, found, strict=True):
        s.grad += float(g)
        for hook in list(hooks.after.values()) if (hooks := hooks_of(s)) else ():
            hook(s)


def _of_float(hook: Any, g: Any) -> Any:
    new = hook(float(g))
    return None if new is None else np.array(float(new))


_graph.declare_mend(mend)
declare_sweep(sweep_as_tensors)
