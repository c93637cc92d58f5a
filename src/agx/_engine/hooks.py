"""Functions that are told of a gradient as the backward sweep completes it, and may replace it."""

from __future__ import annotations

import functools
import itertools
import sys
import weakref
from collections.abc import Callable, Iterable
from typing import Any, Self

import numpy as np

from .._kernels.graph import Node, declare_hooks, new_tensor
from .entered import around
from .errors import check_closure as check_closure  # which Scalars ask here
from .later import explain as explain
from .representations import html_of_number as html_of_number

Hook = Callable[[Any], Any]


class Hooks:
    """The hooks of one node, in the order in which they are run."""

    def __init__(self, key: int) -> None:
        self.key = key
        self.before: dict[int, Hook] = {}
        self.after: dict[int, Hook] = {}


#: The nodes that have hooks, by id, because Tensors compare element by element. The hooks are with the
#: node, so that one that refers to it does not keep it alive.
hooked: dict[int, weakref.ref[Any]] = {}
_numbers = itertools.count()


def _forget(key: int, _: Any) -> None:
    hooked.pop(key, None)


class Handle:
    """Take a hook away again, with ``remove()`` or at the end of a ``with`` block.

    >>> x = ag.Tensor(2.0)
    >>> handle = x.register_hook(print)
    >>> handle.remove()
    """

    def __init__(self, node: Any, kind: str, hook: Hook) -> None:
        self._kind, self._number = kind, next(_numbers)
        if hooks_of(node) is None:
            node._extras = {**(node._extras or {}), "hooks": Hooks(id(node))}
            hooked[id(node)] = weakref.ref(node, functools.partial(_forget, id(node)))
        self._hooks = weakref.ref(hooks_of(node))
        getattr(self._hooks(), kind)[self._number] = hook

    def remove(self) -> None:
        """Take the hook away; does nothing if that was done before."""
        if (hooks := self._hooks()) is None:
            return
        getattr(hooks, self._kind).pop(self._number, None)
        ref = hooked.get(hooks.key)
        node = None if ref is None else ref()
        if node is not None and not hooks.before and not hooks.after:
            node._extras = {**node._extras, "hooks": None}
            hooked.pop(hooks.key, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def move(old: Any, new: Any) -> None:
    """Let the hooks of ``old`` be those of ``new``, which takes its place in the graph."""
    if id(old) in hooked and (hooks := hooks_of(old)) is not None:
        del hooked[id(old)]
        old._extras = {**old._extras, "hooks": None}
        hooks.key = id(new)
        new._extras = {**(new._extras or {}), "hooks": hooks}
        hooked[id(new)] = weakref.ref(new, functools.partial(_forget, id(new)))


def hooked_nodes() -> set[Any]:
    """The nodes that have hooks now."""
    return {node for ref in list(hooked.values()) if (node := ref()) is not None}


def hooks_of(node: Any) -> Any:
    """The hooks of a node, or None."""
    return (node._extras or {}).get("hooks")


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


def _replaced(node: Node, hook: Hook, g: Any, follow: bool, adds: bool) -> Any:
    """What ``hook`` makes of the gradient ``g`` of ``node``; with ``follow`` it may depend on Tensors."""
    shown = g
    if not isinstance(g, Node):
        shown = np.asarray(g).view()
        shown.flags.writeable = False
        if follow:
            shown = new_tensor(shown)
            shown.requires_grad = False
    new = hook(shown)
    if new is None or new is shown:
        return g
    if isinstance(new, Node) and not follow and any(t.reaches(new) for t in around(adds)):
        raise RuntimeError(
            "register_hook: the hook returned a Tensor that depends on what an outer transform "
            "differentiates in, and its gradient would be dropped; compute that inside the function, or use "
            "the Tensor's .value in the hook"
        )
    if not isinstance(new, Node) or not follow:
        new = np.array(new.array if isinstance(new, Node) else new)
    check_replacement(new, node)
    return new if new.dtype == node.dtype else new.astype(node.dtype)


def check_replacement(new: Any, old: Any) -> None:
    """Raise ValueError unless a hook's answer may take the place of what has the form of ``old``."""
    if new.shape != old.shape or (new.dtype.kind == "c" and old.dtype.kind != "c"):
        raise ValueError(
            f"register_hook: expected a gradient of shape {old.shape} and dtype {old.dtype}, the hook "
            f"returned one of shape {new.shape} and dtype {new.dtype}; return None to leave it as it is"
        )


def any_hooked(nodes: list[Node]) -> bool:
    """Whether any of ``nodes`` has a hook."""
    return bool(hooked) and any(id(node) in hooked for node in nodes)


# --- sweeps that tell ----------------------------------------------------------------------------


class Watch:
    """Those who wait for gradients in one backward pass, whom the sweep tells (see ``sweep.propagate``).

    ``on_leaf(leaf)`` is called for every leaf. ``adds`` says that the gradients of leaves are added to
    their ``grad``, which is done at once for those that somebody waits for. ``follow`` says that gradients
    are Tensors, to be differentiated again. Those who wait for ``others`` are told by another pass.
    """

    def __init__(
        self,
        on_leaf: Hook | None = None,
        adds: bool = True,
        follow: bool = False,
        others: Iterable[Any] = (),
    ) -> None:
        self._on_leaf, self._adds, self._follow = on_leaf, adds, follow
        nodes = hooked_nodes().difference(others)
        self._hooks = {node: hooks for node in nodes if (hooks := hooks_of(node)) is not None}
        #: The nodes whose gradient is complete when the sweep comes to a place in its order.
        self.due: dict[int, list[Any]] = {}
        #: The leaves whose gradient was added.
        self.told: set[Any] = set()
        #: What they answered, for a pass that begins again; None if they left the gradient as it was.
        self._answers: dict[Any, Any] = {}
        #: Whether one of them raised an exception.
        self.failed = False

    def wants(self, order: list[Any]) -> bool:
        """Find out when gradients are complete: that of a leaf below its first use. False if nobody waits."""
        met: set[Any] = set()
        for k, node in enumerate(order):
            inputs = node.inputs
            if self._waits_for(node) and (inputs or len(order) == 1):
                self.due.setdefault(k, []).append(node)
            for leaf in inputs:
                if leaf not in met and not leaf.inputs and self._waits_for(leaf):
                    met.add(leaf)
                    self.due.setdefault(k - 1, []).insert(0, leaf)
        return bool(self.due)

    def _waits_for(self, node: Any) -> bool:
        hooks = self._hooks.get(node)
        return bool(hooks and (hooks.before or self._adds)) or (
            self._on_leaf is not None and self._adds and not node.inputs
        )

    def tell(self, node: Any, g: Any) -> Any:
        """Run the hooks of a node whose gradient is complete, once; returns the gradient to go on with."""
        if node not in self._answers:
            hooks = self._hooks.get(node)
            first = new = g if self._follow or not isinstance(g, Node) else g.array.copy()
            self.failed = True
            for hook in list(hooks.before.values()) if hooks else ():
                new = _replaced(node, hook, new, self._follow, self._adds)
            self._answers[node] = None if new is first else new
            if self._adds and not node.inputs:
                _add(node, new)
                self.told.add(node)
                self.added(node)
            self.failed = False
        answer = self._answers[node]
        return g if answer is None else answer

    def added(self, leaf: Any) -> None:
        """Tell those who wait for a gradient to be added."""
        hooks = self._hooks.get(leaf)
        for hook in list(hooks.after.values()) if hooks else ():
            hook(leaf)
        if self._on_leaf is not None:
            self._on_leaf(leaf)

    def hooks_of(self, node: Any) -> Hooks | None:
        """The hooks that a node had when the pass began."""
        return self._hooks.get(node)


def _add(leaf: Node, g: Any) -> None:
    """Add a gradient to that of a leaf, in place where there is one."""
    before = leaf.grad_or_none
    if before is None:
        leaf.grad = g
    elif isinstance(before, Node):
        leaf.grad = before + g
    else:
        np.add(before, g, before)


def sweep_scalars(root: Any, order: list[Any], seed: float) -> None:
    """Do what ``Scalar.backward`` does, and run hooks on the way; slower, so that it is not without."""
    watch = Watch()
    watch.wants(order or [root])
    due = watch.due if order else {-1: watch.due.get(0, [])}
    earlier = {leaf: leaf.grad for nodes in due.values() for leaf in nodes if not leaf.inputs}
    for leaf in earlier:
        leaf.grad = 0.0
    root.grad += seed
    try:
        for k in range(len(order) - 1, -2, -1):
            for node in due.get(k, ()):
                _tell_scalar(node, watch.hooks_of(node), earlier)
            if k >= 0 and (order[k].grad != 0.0 or order[k]._backward != order[k]._push):
                order[k]._backward()
    finally:
        for leaf, grad in earlier.items():
            leaf.grad += grad


def _tell_scalar(node: Any, hooks: Any, earlier: dict[Any, float]) -> None:
    for hook in list(hooks.before.values()):
        new = hook(node.grad)
        node.grad = node.grad if new is None else float(new)
    node.grad += earlier.pop(node, 0.0)
    for hook in list(hooks.after.values()):
        hook(node)


declare_hooks(hooked, sys.modules[__name__])
