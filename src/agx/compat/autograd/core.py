"""Pulling back and pushing forward through functions of nested lists, tuples and dicts of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..._engine.graph import Node
from ..._engine.trace import Trace
from ..._engine.verdict import refuse_integers, warn_if_independent
from ...ops.complex import real_dot
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


def _checked(x: Any) -> Any:
    if isinstance(x, (Node, bool, int, float, complex, np.generic, np.ndarray)):
        return x
    raise TypeError(
        f"cannot differentiate with respect to {type(x).__name__}: expected numbers and arrays, "
        "in lists, tuples or dicts; leave the argument out of argnum, or close over it"
    )


def _dot(xs: Iterable[Any], ys: Iterable[Any]) -> Any:
    """The real part of the sum of all products: the number that a pull-back is a gradient of."""
    return sum((real_dot(x, y) for x, y in zip(xs, ys, strict=True)), 0.0)


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
            seeds = Trace(np.zeros_like(peek(o), dtype=_float(o)) for o in outs)
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


__getattr__ = _absent("agx.compat.autograd.core")
