"""What happens when a function is run on Tensors, and the graph of it for programs that walk one."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from ..._engine.graph import Node as _Node
from ..._engine.trace import Trace as _Trace
from ..._engine.walk import wanted_below as _wanted_below
from .absent import absent as _absent
from .boxes import Box as Box
from .boxes import getval as getval
from .boxes import isbox as isbox
from .boxes import notrace_primitive as notrace_primitive
from .boxes import peek
from .boxes import register_notrace as register_notrace
from .boxes import subvals as subvals
from .boxes import toposort as toposort
from .nests import each, items, rebuild
from .primitives import primitive as primitive
from .steps import Node as Node


def trace(start_node: Any, fun: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """Run ``fun`` at ``x`` and return its value, and the node of the last of its steps.

    The steps are nodes of the class of ``start_node``, which is that of ``x``. They are made after the
    run, each after its parents. The second result is None, with a warning, if the value does not depend on
    ``x``. Raises TypeError for a step that is no primitive.
    """
    run = _Trace(items(x))
    kind = type(start_node)
    with run:
        out = fun(rebuild(x, iter(run.nodes)))
        known = dict(_starts(start_node, x, run.nodes))
        ends = [v for v in items(out) if isbox(v)]
        for end in ends:
            for step in _wanted_below(end):
                args = enumerate(_arguments(step))
                parents = {i: known[a] for i, a in args if isbox(a) and a in known}
                if parents and step not in known:
                    known[step] = kind(
                        *_taken(step, parents), tuple(parents), tuple(parents.values())
                    )
        value = out if run.nested(*ends) else each(peek, out)
    if not isinstance(out, (list, tuple, dict)):
        if isbox(out) and out in known:
            return value, known[out]
    elif any(end in known for end in ends):
        whole = list(items(out))
        where = tuple(i for i, v in enumerate(whole) if isbox(v) and v in known)
        make = lambda *parts: rebuild(out, iter(parts))
        return value, kind(
            value, make, tuple(map(peek, whole)), {}, where, tuple(known[whole[i]] for i in where)
        )
    warnings.warn("Output seems independent of input.", stacklevel=2)
    return value, None


def _starts(start_node: Any, x: Any, boxes: list[_Node]) -> Iterator[tuple[_Node, Any]]:
    """The nodes of the arrays in ``x``: it is one itself, or each is taken out of it."""
    if not isinstance(x, (list, tuple, dict)):
        yield boxes[0], start_node
        return
    for i, box in enumerate(boxes):
        take = functools.partial(lambda i, nest: list(items(nest))[i], i)
        yield box, type(start_node)(peek(box), take, (x,), {}, (0,), (start_node,))


def _arguments(step: _Node) -> tuple[Any, ...]:
    if step.primitive is None and not step.is_leaf:
        raise TypeError(f"trace: the step {step.op!r} has no function; make it with @primitive")
    return step.arguments


def _taken(step: _Node, parents: dict[int, Any]) -> tuple[Any, Any, tuple[Any, ...], Any]:
    """The value, function and arguments of a step."""
    args = tuple(peek(a) if i in parents else a for i, a in enumerate(step.arguments))
    return peek(step), step.primitive, args, step.params


__getattr__ = _absent("agx.compat.autograd.tracer")
