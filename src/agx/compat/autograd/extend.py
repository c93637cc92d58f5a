"""Functions with derivatives of your own."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable
from typing import Any

from ...graph import Node, Primitive
from .tracer import Box as Box
from .tracer import isbox
from .tracer import notrace_primitive as notrace_primitive

Maker = Callable[..., Any]


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


def _checked(who: str, fun: Any) -> primitive:
    if not isinstance(fun, primitive):
        raise TypeError(f"{who}: expected a function made by @primitive, got {fun!r}")
    return fun


def defvjp(fun: Any, *makers: Maker | None, argnums: Iterable[int] | None = None) -> None:
    """Give a primitive its pull-backs: ``maker(ans, *args, **kwargs)(g)`` for each argument.

    None stands for a gradient of zero. ``argnums`` says which arguments they belong to.
    """
    table = dict(zip(itertools.count() if argnums is None else argnums, makers, strict=False))
    target = _checked("defvjp", fun)

    def vjp_of(argnum: int, ans: Any, args: Any, kwargs: Any) -> Any:
        if argnum not in table:
            return target._undefined(argnum)
        maker = table[argnum]
        return (lambda g: None) if maker is None else maker(ans, *args, **kwargs)

    target.vjp_of = vjp_of


def defvjp_argnum(fun: Any, maker: Maker) -> None:
    """Give a primitive one pull-back for all arguments: ``maker(argnum, ans, args, kwargs)(g)``."""
    _checked("defvjp_argnum", fun).vjp_of = maker


def defvjp_argnums(fun: Any, maker: Maker) -> None:
    """Give a primitive a pull-back to several arguments: ``maker(argnums, ans, args, kwargs)(g)``."""
    _checked("defvjp_argnums", fun).vjp_of = lambda argnum, *rest: (
        lambda g: next(iter(maker((argnum,), *rest)(g)))
    )


def defjvp(fun: Any, *jvps: Any, argnums: Iterable[int] | None = None) -> None:
    """Accept forward derivatives; agx computes them from the pull-backs and does not use these."""
    _checked("defjvp", fun)


def defjvp_argnum(fun: Any, jvp: Any) -> None:
    """Accept a forward derivative, which is not used (see ``defjvp``)."""
    _checked("defjvp_argnum", fun)


def defjvp_argnums(fun: Any, jvp: Any) -> None:
    """Accept a forward derivative, which is not used (see ``defjvp``)."""
    _checked("defjvp_argnums", fun)


def def_linear(fun: Any) -> None:
    """Accept that a function is linear; its forward derivative comes from its pull-backs."""
    _checked("def_linear", fun)
