"""Pulling back and pushing forward through functions of nested lists, tuples and dicts of arrays."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..._engine.graph import Node, leaves, pullback
from ...ops.complex import is_complex, real
from ...tensor import Tensor
from .absent import absent as _absent
from .tracer import peek
from .tracer import primitive as primitive

# --- containers ----------------------------------------------------------------------------------


def _keys(d: dict[Any, Any]) -> list[Any]:
    """In sorted order, on which the layout of flattened dicts rests, where there is one."""
    try:
        return sorted(d)
    except TypeError:
        return list(d)


def items(tree: Any) -> Iterator[Any]:
    """The values in a nest of lists, tuples and dicts, from the first to the last."""
    if isinstance(tree, dict):
        tree = [tree[k] for k in _keys(tree)]
    if isinstance(tree, (list, tuple)):
        for part in tree:
            yield from items(part)
    else:
        yield tree


def rebuild(tree: Any, values: Iterator[Any]) -> Any:
    """The same nest with other values, in the order of ``items``."""
    if isinstance(tree, dict):
        found = {k: rebuild(tree[k], values) for k in _keys(tree)}
        return {k: found[k] for k in tree}
    if isinstance(tree, (list, tuple)):
        parts = [rebuild(part, values) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return next(values)


def each(f: Callable[[Any], Any], tree: Any) -> Any:
    """Apply ``f`` to every value in a nest."""
    return rebuild(tree, map(f, items(tree)))


# --- tracing -------------------------------------------------------------------------------------


def _box(x: Any) -> Any:
    """A node of its own for ``x``, which stays connected to the transforms around this one."""
    if isinstance(x, Tensor):
        node: Any = x * 1.0 if x.requires_grad else Tensor(x.array)
    elif isinstance(x, (bool, int, float, complex, np.generic, np.ndarray)):
        node = Tensor(np.array(x))
    else:
        raise TypeError(
            f"cannot differentiate with respect to {type(x).__name__}: expected numbers and arrays, "
            "in lists, tuples or dicts; leave the argument out of argnum, or close over it"
        )
    node.traced = True
    node.shared = False
    return node


@contextlib.contextmanager
def _awake(nodes: Iterable[Any]) -> Iterator[None]:
    """Let the points of a trace want gradients; other transforms pass them by, as constants."""
    points = [node for node in nodes if node.is_leaf]
    for node in points:
        node.requires_grad = True
    try:
        yield
    finally:
        for node in points:
            node.requires_grad = False


def _dot(xs: Iterable[Any], ys: Iterable[Any]) -> Any:
    """The real part of the sum of all products: the number that a pull-back is a gradient of."""
    total: Any = 0.0
    for x, y in zip(xs, ys, strict=True):
        term = (x * y).sum()
        total = total + (real(term) if is_complex(term) else term)
    return total


class Trace:
    """A function that was run on Tensors: its value, and derivatives at that point.

    Values are plain unless the result also depends on Tensors from outside, as in a nested
    transform; they are Tensors then, so that nothing is lost to whoever differentiates again.
    """

    def __init__(self, f: Callable[[Any], Any], x: Any, *, has_aux: bool = False) -> None:
        self.x = x
        boxed = each(_box, x)
        self._nodes = list(items(boxed))
        aux = None
        with _awake(self._nodes):
            self._out = f(boxed)
            if has_aux:
                self._out, aux = self._out
            own = {id(node) for node in self._nodes}
            roots = [r for r in items(self._out) if isinstance(r, Node) and r.requires_grad]
            self.nested = any(id(leaf) not in own for root in roots for leaf in leaves(root))
        self.value = self._finish(self._out, self.nested)
        self.aux = self._finish(aux, self.nested)
        self._transposed: Any = None

    @staticmethod
    def _finish(tree: Any, nested: bool) -> Any:
        return tree if nested else each(peek, tree)

    def _is_nested(self, *trees: Any) -> bool:
        return self.nested or any(isinstance(v, Node) for tree in trees for v in items(tree))

    def pull(self, g: Any) -> Any:
        """The gradient in every input for the gradient ``g`` of the result."""
        nested = self._is_nested(g)
        roots, seeds = list(items(self._out)), list(items(g))
        with _awake(self._nodes):
            if len(roots) == 1 and isinstance(roots[0], Node):
                found = pullback(roots[0], self._nodes, seeds[0], create_graph=nested)
            else:
                found = self._gradients(_dot(roots, seeds), self._nodes, nested)
        return self._finish(rebuild(self.x, map(_number, found)), nested)

    def push(self, v: Any) -> Any:
        """The change of the result along ``v``: the pull-back, linear in its argument, transposed."""
        outs = list(items(self._out))
        if self._transposed is None:
            seeds = [Tensor(np.zeros_like(peek(o), dtype=_float(o))) for o in outs]
            with _awake(self._nodes), _awake(seeds):
                self._transposed = seeds, self._gradients(_dot(outs, seeds), self._nodes, True)
        seeds, gradients = self._transposed
        nested = self._is_nested(v)
        with _awake(seeds):
            found = self._gradients(_dot(gradients, map(_array, items(v))), seeds, nested)
        return self._finish(rebuild(self._out, map(_number, found)), nested)

    @staticmethod
    def _gradients(total: Any, nodes: list[Any], create_graph: bool) -> list[Any]:
        if not isinstance(total, Node):
            return [np.zeros_like(n.array) for n in nodes]
        return pullback(total, nodes, create_graph=create_graph)


def _array(x: Any) -> Any:
    return x if isinstance(x, Node) else np.asarray(x)


def _float(x: Any) -> Any:
    return np.result_type(peek(x), np.float32)


def _number(x: Any) -> Any:
    """NumPy's number in place of an array without axes."""
    return x[()] if isinstance(x, np.ndarray) and not x.ndim else x


def make_vjp(f: Callable[[Any], Any], x: Any) -> tuple[Callable[[Any], Any], Any]:
    """Return the function that pulls a gradient of f(x) back, and f(x)."""
    trace = Trace(f, x)
    return trace.pull, trace.value


def make_jvp(f: Callable[[Any], Any], x: Any) -> Callable[[Any], Any]:
    """Return the function v -> (f(x), its derivative along v)."""
    trace = Trace(f, x)
    return lambda v: (trace.value, trace.push(v))


__getattr__ = _absent("agx.compat.autograd.core")
