"""Functions that are told of a gradient as the backward sweep completes it, and may replace it."""

from __future__ import annotations

import functools
import itertools
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .._kernels.graph import Node
from .._kernels.scalar import declare_hooks
from .walk import leaves_below

Hook = Callable[[Any], Any]


class Hooks:
    """The hooks of one node, in the order in which they are run."""

    def __init__(self) -> None:
        self.before: dict[int, Hook] = {}
        self.after: dict[int, Hook] = {}


#: The nodes that have hooks, by id, because Tensors compare element by element. The hooks are with the
#: node, so that one that refers to it does not keep it alive.
hooked: dict[int, weakref.ref[Any]] = {}
_numbers = itertools.count()


def _forget(key: int, _: Any) -> None:
    hooked.pop(key, None)


class Handle:
    """Take a hook away again, with ``remove()``.

    >>> x = ag.Tensor(2.0)
    >>> handle = x.register_hook(print)
    >>> handle.remove()
    """

    def __init__(self, node: Any, kind: str, hook: Hook) -> None:
        self._node, self._kind, self._number = weakref.ref(node), kind, next(_numbers)
        if _hooks_of(node) is None:
            node._extras = {**(node._extras or {}), "hooks": Hooks()}
            hooked[id(node)] = weakref.ref(node, functools.partial(_forget, id(node)))
        getattr(_hooks_of(node), kind)[self._number] = hook

    def remove(self) -> None:
        """Take the hook away; does nothing if that was done before."""
        node = self._node()
        if node is None or (hooks := _hooks_of(node)) is None:
            return
        getattr(hooks, self._kind).pop(self._number, None)
        if not hooks.before and not hooks.after:
            node._extras = {**node._extras, "hooks": None}
            hooked.pop(id(node), None)


def _hooks_of(node: Any) -> Any:
    return (node._extras or {}).get("hooks")


def _living() -> dict[Any, Hooks]:
    nodes = [ref() for ref in list(hooked.values())]
    found = {node: _hooks_of(node) for node in nodes if node is not None}
    return {node: hooks for node, hooks in found.items() if hooks is not None}


def register(node: Any, hook: Hook) -> Handle:
    """Run ``hook(gradient)`` when the gradient of ``node`` is complete (see ``Tensor.register_hook``)."""
    if not callable(hook):
        raise TypeError(f"register_hook: expected a function, got {type(hook).__name__}")
    if not getattr(node, "requires_grad", True):
        raise RuntimeError(
            "register_hook: this Tensor requires no gradient, so none will arrive; set requires_grad"
        )
    return Handle(node, "before", hook)


def register_after(leaf: Any, hook: Hook) -> Handle:
    """Run ``hook(leaf)`` when a gradient has been added to its ``grad``."""
    who = "register_post_accumulate_grad_hook"
    if not callable(hook):
        raise TypeError(f"{who}: expected a function, got {type(hook).__name__}")
    if leaf.inputs or not getattr(leaf, "requires_grad", True):
        raise RuntimeError(
            f"{who}: gradients are added to leaves that require one; for others use register_hook"
        )
    return Handle(leaf, "after", hook)


def _replaced(node: Node, hook: Hook, g: Any) -> Any:
    """What ``hook`` makes of the gradient ``g`` of ``node``."""
    shown = g
    if not isinstance(g, Node):
        shown = g.view()
        shown.flags.writeable = False
    new = hook(shown)
    if new is None or new is shown:
        return g
    if not isinstance(new, Node) or not isinstance(g, Node):
        new = np.array(new.array if isinstance(new, Node) else new)
    if new.shape != node.shape or (new.dtype.kind == "c" and node.dtype.kind != "c"):
        raise ValueError(
            f"register_hook: expected a gradient of shape {node.shape} and dtype {node.dtype}, the hook "
            f"returned one of shape {new.shape} and dtype {new.dtype}; return None to leave it as it is"
        )
    return new if new.dtype == node.dtype else new.astype(node.dtype)


def _before(node: Node, hooks: Hooks, g: Any) -> Any:
    for hook in list(hooks.before.values()):
        g = _replaced(node, hook, g)
    return g


def _after(leaf: Node, hooks: Hooks | None, on_leaf: Hook | None) -> None:
    for hook in list(hooks.after.values()) if hooks is not None else ():
        hook(leaf)
    if on_leaf is not None:
        on_leaf(leaf)


# --- sweeps that tell ----------------------------------------------------------------------------


def waiting(root: Node, on_leaf: Hook | None = None) -> Any:
    """What the sweep has to tell, as a pair of dicts (before, after); None if nobody waits.

    ``on_leaf(leaf)`` is called for every leaf below ``root`` when its ``grad`` is complete.
    """
    if not hooked and on_leaf is None:
        return None
    before: dict[Node, Any] = {}
    after: dict[Node, Any] = {}
    for node, hooks in _living().items():
        if isinstance(node, Node) and hooks.before:
            before[node] = functools.partial(_before, node, hooks)
        if isinstance(node, Node) and hooks.after:
            after[node] = functools.partial(_after, node, hooks, on_leaf)
    for leaf in leaves_below(root) if on_leaf is not None else ():
        after.setdefault(leaf, functools.partial(_after, leaf, None, on_leaf))
    return before, after


def any_hooked(nodes: list[Node]) -> bool:
    """Whether any of ``nodes`` has a hook."""
    return bool(hooked) and any(id(node) in hooked for node in nodes)


def sweep_scalars(root: Any, order: list[Any], seed: float) -> None:
    """Do what ``Scalar.backward`` does, and run hooks on the way; slower, so that it is not without."""
    known = _living()
    due: dict[int, list[Any]] = {-1: [root] if root in known and not order else []}
    earlier = {leaf: leaf.grad for leaf in due[-1]}
    for k, node in enumerate(order):
        if node in known:
            due.setdefault(k, []).append(node)
        for leaf in node.inputs:
            if leaf in known and leaf not in earlier and not leaf.inputs:
                due.setdefault(k - 1, []).insert(0, leaf)
                earlier[leaf] = leaf.grad
    for leaf in earlier:
        leaf.grad = 0.0
    root.grad += seed
    try:
        for k in range(len(order) - 1, -2, -1):
            for node in due.get(k, ()):
                _tell_scalar(node, known[node], earlier)
            if k >= 0 and (order[k].grad != 0.0 or order[k]._backward != order[k]._push):
                order[k]._backward()
    finally:
        for leaf, grad in earlier.items():
            leaf.grad += grad


def _tell_scalar(node: Any, hooks: Hooks, earlier: dict[Any, float]) -> None:
    for hook in list(hooks.before.values()):
        new = hook(node.grad)
        node.grad = node.grad if new is None else float(new)
    node.grad += earlier.pop(node, 0.0)
    for hook in list(hooks.after.values()):
        hook(node)


declare_hooks(hooked, sys.modules[__name__])
