"""Functions that are traced once: run again without the parts that do not depend on their arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..tracer import Node, subvals, toposort, trace


class ConstGraphNode(Node):
    """A step that can be run again on other values of its parents."""

    __slots__ = ("parents", "partial_fun")

    def __init__(
        self,
        value: Any,
        fun: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        parent_argnums: tuple[int, ...],
        parents: tuple[Any, ...],
    ) -> None:
        self.parents = parents
        kept = subvals(args, ((i, None) for i in parent_argnums))
        self.partial_fun = lambda values: fun(
            *subvals(kept, zip(parent_argnums, values, strict=True)), **kwargs
        )

    def initialize_root(self) -> None:
        """Set up the node of the argument."""
        self.parents = ()


def const_graph_unary(fun: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return ``fun`` such that only its first call runs it; later ones repeat its steps.

    Right where the steps are the same for every argument. Raises ValueError if the result does not
    depend on the argument.
    """
    steps: list[Any] = []

    def again(x: Any) -> Any:
        if not steps:
            value, end = trace(ConstGraphNode.new_root(), fun, x)
            if end is None:
                raise ValueError("const_graph: the result does not depend on the argument")
            steps[:] = [*toposort(end)][::-1]
            return value
        values = {steps[0]: x}
        for step in steps[1:]:
            values[step] = step.partial_fun([values[parent] for parent in step.parents])
        return values[steps[-1]]

    return again


def const_graph(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """Return the function of the arguments that follow ``args``, traced once (``const_graph_unary``).

    >>> from agx.compat.autograd.misc.tracers import const_graph
    >>> f = const_graph(lambda x, y: np.sin(x) * y)
    >>> float(f(0.0, 2.0)), float(f(np.pi / 2, 2.0))
    (0.0, 2.0)
    """
    cached = const_graph_unary(lambda rest: fun(*args, *rest, **kwargs))

    @functools.wraps(fun)
    def again(*rest: Any) -> Any:
        return cached(rest)

    return again


class FullGraphNode(Node):
    """A step with its value and its ``recipe``: function, arguments and (number, parent) pairs."""

    __slots__ = ("recipe", "value")

    def __init__(
        self,
        value: Any,
        fun: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        parent_argnums: tuple[int, ...],
        parents: tuple[Any, ...],
    ) -> None:
        self.value = value
        self.recipe = (fun, args, kwargs, list(zip(parent_argnums, parents, strict=True)))

    def initialize_root(self) -> None:
        """Set up the node of the arguments."""
        self.value, self.recipe = None, (lambda x: x, (), {}, [])


def full_graph(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return the last node of the graph of ``fun(*args, **kwargs)``, or None for a constant."""
    return trace(FullGraphNode.new_root(), lambda args: fun(*args, **kwargs), args)[1]
