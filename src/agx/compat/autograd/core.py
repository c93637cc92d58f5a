"""Pulling back and pushing forward through functions of nested lists, tuples and dicts of arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..._engine.graph import Node
from ..._engine.trace import Trace
from ..._engine.verdict import refuse_integers, warn_if_independent
from ...ops.complex import real_dot
from .absent import absent as _absent
from .boxes import peek
from .boxes import subval as subval
from .nests import each, items, rebuild
from .primitives import def_linear as def_linear
from .primitives import defjvp as defjvp
from .primitives import defjvp_argnum as defjvp_argnum
from .primitives import defjvp_argnums as defjvp_argnums
from .primitives import defvjp as defvjp
from .primitives import defvjp_argnum as defvjp_argnum
from .primitives import defvjp_argnums as defvjp_argnums
from .primitives import primitive as primitive
from .spaces import SparseObject as SparseObject
from .spaces import VSpace as VSpace
from .spaces import dense
from .spaces import vspace as vspace
from .steps import Keeping, Step
from .tracer import Box as Box
from .tracer import getval as getval
from .tracer import isbox as isbox
from .tracer import toposort as toposort
from .tracer import trace as trace

# --- tracing -------------------------------------------------------------------------------------


def _checked(x: Any) -> Any:
    if isinstance(x, (Node, bool, int, float, complex, np.generic, np.ndarray)):
        return x
    raise TypeError(
        f"cannot differentiate with respect to {type(x).__name__}: expected numbers and arrays, "
        "in lists, tuples or dicts; leave the argument out of argnum, or close over it"
    )


def _dot(xs: Iterable[Any], ys: Iterable[Any]) -> Any:
    """The real part of the sum of products with what is traced: what a pull-back is a gradient of."""
    return sum((real_dot(x, y) for x, y in zip(xs, ys, strict=True) if isinstance(x, Node)), 0.0)


class Run:
    """A function that was run on Tensors: its value, and derivatives at that point.

    Values are plain unless the result also depends on Tensors from outside, as in a nested
    transform; they are Tensors then, so that nothing is lost to whoever differentiates again.
    ``who`` names the transform that refuses integers and warns of a result without a gradient; nobody
    does if it is empty.
    """

    def __init__(
        self, f: Callable[[Any], Any], x: Any, who: str = "", *, has_aux: bool = False
    ) -> None:
        self.x = x
        self._trace = Trace(map(_checked, items(x)))
        aux = None
        with self._trace:
            self._out = f(rebuild(x, iter(self._trace.nodes)))
            if has_aux:
                self._out, aux = self._out
            if who:
                self._judge(who)
            self.nested = self._trace.nested(*items(self._out))
        self.value = self._finish(self._out, self.nested)
        self.aux = self._finish(aux, self.nested)
        self._transposed: tuple[Trace, list[Any]] | None = None

    def _judge(self, who: str) -> None:
        results = list(items(self._out))
        for result in results:
            refuse_integers(who, result)
        warn_if_independent(who, self._trace, results)

    @staticmethod
    def _finish(tree: Any, nested: bool) -> Any:
        return tree if nested else each(peek, tree)

    def _is_nested(self, *trees: Any) -> bool:
        return self.nested or any(isinstance(v, Node) for tree in trees for v in items(tree))

    def pull(self, g: Any) -> Any:
        """The gradient in every input for the gradient ``g`` of the result."""
        nested = self._is_nested(g)
        roots, seeds = list(items(self._out)), list(items(g))
        with self._trace:
            if len(roots) == 1 and isinstance(roots[0], Node):
                found = self._trace.gradients(roots[0], seeds[0], nested)
            else:
                found = _gradients(self._trace, _dot(roots, seeds), nested)
        return self._finish(rebuild(self.x, map(_number, found)), nested)

    def push(self, v: Any) -> Any:
        """The change of the result along ``v``: the pull-back, linear in its argument, transposed."""
        outs = list(items(self._out))
        if self._transposed is None:
            seeds = Trace(
                np.ones_like(peek(o), dtype=_float(o)) for o in outs
            )  # 0 * inf would be lost
            with self._trace, seeds:
                found = _gradients(self._trace, _dot(outs, seeds.nodes), True)
            self._transposed = seeds, found
        seeds, gradients = self._transposed
        nested = self._is_nested(v)
        with seeds:
            found = _gradients(seeds, _dot(gradients, map(_array, items(v))), nested)
        return self._finish(rebuild(self._out, map(_number, found)), nested)


def _gradients(trace: Trace, total: Any, nested: bool) -> list[Any]:
    if not isinstance(total, Node):
        return [np.zeros_like(n.array) for n in trace.nodes]
    return trace.gradients(total, nested=nested)


def _array(x: Any) -> Any:
    return x if isinstance(x, Node) else np.asarray(x)


def _float(x: Any) -> Any:
    return np.result_type(peek(x), np.float32)


def _number(x: Any) -> Any:
    """NumPy's number in place of an array without axes."""
    return x[()] if isinstance(x, np.ndarray) and not x.ndim else x


def make_vjp(
    f: Callable[[Any], Any], x: Any, who: str = "make_vjp"
) -> tuple[Callable[[Any], Any], Any]:
    """Return the function that pulls a gradient of f(x) back, and f(x)."""
    run = Run(f, x, who)
    return run.pull, run.value


def make_jvp(f: Callable[[Any], Any], x: Any) -> Callable[[Any], Any]:
    """Return the function v -> (f(x), its derivative along v)."""
    run = Run(f, x, "make_jvp")
    return lambda v: (run.value, run.push(v))


def sum_outgrads(gs: Iterable[Any]) -> Any:
    """Add gradients of one form."""
    first, *others = (dense(g) for g in gs)
    return functools.reduce(vspace(first).add, others, first)


# --- graphs for programs that walk them ----------------------------------------------------------


class VJPNode(Keeping):
    """A step with ``vjp``, which pulls a gradient back to each of its ``parents``; see ``trace``."""

    __slots__ = ("parents", "vjp")

    def keep(self, step: Step) -> None:
        """Run the step, so that it can be pulled back through."""
        self.parents = step.parents
        self.vjp = make_vjp(step.again, step.from_parents())[0]

    def initialize_root(self) -> None:
        """Set up the node of the argument, which has no parents."""
        self.parents, self.vjp = (), lambda g: ()


class JVPNode(Keeping):
    """A step with ``g``, its change along that of the argument; see ``trace``."""

    __slots__ = ("g",)

    def keep(self, step: Step) -> None:
        """Push the changes of the parents forward."""
        push = make_jvp(step.again, step.from_parents())
        self.g = push(tuple(parent.g for parent in step.parents))[1]

    def initialize_root(self, g: Any) -> None:
        """Set up the node of the argument, which changes by ``g``."""
        self.g = g


def backward_pass(g: Any, end_node: VJPNode) -> Any:
    """Pull a gradient back from the last node of a traced graph to its root."""
    waiting = {end_node: g}
    for node in toposort(end_node):
        g = waiting.pop(node)
        for parent, share in zip(node.parents, node.vjp(g), strict=True):
            waiting[parent] = sum_outgrads([waiting[parent], share]) if parent in waiting else share
    return g


__getattr__ = _absent("agx.compat.autograd.core")
