"""Telling Tensors from plain values, and functions that are one step of the graph or none."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from ..._engine.graph import Node, Primitive
from ...tensor import Tensor as Box
from .absent import absent as _absent

__all__ = ["Box", "getval", "isbox", "notrace_primitive", "peek", "primitive"]


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


class primitive:  # noqa: N801
    """Make a function of plain arrays one step of the graph; ``defvjp`` gives it a derivative.

    It may be called with Tensors by position and with anything else, and returns one array.

    >>> from agx.compat.autograd.extend import defvjp, primitive
    >>> cube = primitive(lambda x: x**3)
    >>> defvjp(cube, lambda ans, x: lambda g: g * 3 * x**2)
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.vjp_of: Callable[..., Any] = self._undefined
        self._step = Primitive(getattr(function, "__name__", "primitive"), self._value, self._rule)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        where = tuple(i for i, a in enumerate(args) if isbox(a))
        for name, value in kwargs.items():
            if isbox(value):
                raise TypeError(
                    f"{self._step.name}: no gradient flows through the keyword argument {name!r}; "
                    "pass it by position"
                )
        if not where:
            return self.function(*args, **kwargs)
        rest = tuple(None if isbox(a) else a for a in args)
        return self._step(*(args[i] for i in where), where=where, rest=rest, kwargs=kwargs)

    def _undefined(self, argnum: int, *_: Any) -> Any:
        raise NotImplementedError(
            f"{self._step.name}: no gradient with respect to argument {argnum} is defined; give one "
            "with defvjp"
        )

    def _value(self, *values: Any, where: Any, rest: Any, kwargs: Any) -> Any:
        plain = [v if getattr(v, "ndim", 0) else v[()] for v in values]
        out = self.function(*_filled(rest, where, plain), **kwargs)
        if isinstance(out, (list, tuple, dict, Node)):
            raise TypeError(
                f"{self._step.name}: a primitive must return one array of plain numbers, got "
                f"{type(out).__name__}"
            )
        return out

    def _rule(
        self, i: int, g: Any, out: Any, *values: Any, where: Any, rest: Any, kwargs: Any
    ) -> Any:
        return self.vjp_of(where[i], out, _filled(rest, where, values), kwargs)(g)


def _filled(
    rest: tuple[Any, ...], where: tuple[int, ...], values: Iterable[Any]
) -> tuple[Any, ...]:
    full = list(rest)
    for i, value in zip(where, values, strict=True):
        full[i] = value
    return tuple(full)


__getattr__ = _absent("agx.compat.autograd.tracer")
