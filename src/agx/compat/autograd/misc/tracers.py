"""Functions that are traced once: run again without the parts that do not depend on their arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..steps import Keeping, Step
from ..tracer import toposort, trace


class ConstGraphNode(Keeping):
    """A step that can be run again on other values of its parents."""

    __slots__ = ("parents", "partial_fun")

    def keep(self, step: Step) -> None:
        """Keep the call without its values."""
        self.parents, self.partial_fun = step.parents, step.without_values().again

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


class FullGraphNode(Keeping):
    """A step with its value and its ``recipe``: function, arguments and (number, parent) pairs."""

    __slots__ = ("recipe", "value")

    def keep(self, step: Step) -> None:
        """Keep all of it."""
        parents = list(zip(step.parent_argnums, step.parents, strict=True))
        self.value, self.recipe = step.value, (step.fun, step.args, step.kwargs, parents)

    def initialize_root(self) -> None:
        """Set up the node of the arguments."""
        self.value, self.recipe = None, (lambda x: x, (), {}, [])


def full_graph(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return the last node of the graph of ``fun(*args, **kwargs)``, or None for a constant."""
    return trace(FullGraphNode.new_root(), lambda args: fun(*args, **kwargs), args)[1]
