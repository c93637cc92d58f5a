"""Telling Tensors from plain values, and replacing some of several values."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..._engine.graph import Node
from ...tensor import Tensor as Box

__all__ = [
    "Box", "getval", "isbox", "notrace_primitive", "peek", "register_notrace", "subval", "subvals",
    "toposort",
]  # fmt: skip


def getval(x: Any) -> Any:
    """Return the array or number that a Tensor carries, and anything else as it is."""
    if not isinstance(x, Node):
        return x
    return x.value if x.value.ndim else x.value[()]


def peek(x: Any) -> Any:
    """The same for code that does not write into it."""
    if not isinstance(x, Node):
        return x
    return x.array if x.array.ndim else x.array[()]


def isbox(x: Any) -> bool:
    """Tell whether ``x`` is a Tensor."""
    return isinstance(x, Node)


def notrace_primitive(f: Callable[..., Any]) -> Callable[..., Any]:
    """Make ``f`` see plain values in place of Tensors; no gradient flows through its result."""

    @functools.wraps(f)
    def plain(*args: Any, **kwargs: Any) -> Any:
        return f(*map(getval, args), **kwargs)

    return plain


def register_notrace(trace_type: Any, primitive_fun: Any) -> None:
    """Make a primitive see plain values; no gradient flows through its result, whatever the trace."""
    if not hasattr(primitive_fun, "plain"):
        raise TypeError(
            f"register_notrace: expected a primitive, got {primitive_fun!r}; use notrace_primitive"
        )
    primitive_fun.plain = True


def subvals(x: Iterable[Any], ivs: Iterable[tuple[int, Any]]) -> tuple[Any, ...]:
    """Return a tuple with some elements replaced, given as pairs (index, value)."""
    parts = list(x)
    for i, v in ivs:
        parts[i] = v
    return tuple(parts)


def subval(x: Iterable[Any], i: int, v: Any) -> tuple[Any, ...]:
    """Return a tuple with one element replaced."""
    return subvals(x, [(i, v)])


def toposort(
    end_node: Any, parents: Callable[[Any], Iterable[Any]] = operator.attrgetter("parents")
) -> Iterator[Any]:
    """Yield the nodes of a graph from the last to the first, each after all that were made of it."""
    waiting: dict[Any, int] = {end_node: 0}
    found = [end_node]
    for node in found:
        for parent in parents(node):
            if parent not in waiting:
                waiting[parent] = 0
                found.append(parent)
            waiting[parent] += 1
    ready = [end_node]
    while ready:
        node = ready.pop()
        yield node
        for parent in parents(node):
            waiting[parent] -= 1
            if not waiting[parent]:
                ready.append(parent)
