"""Functions with derivatives of your own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from .absent import absent as _absent
from .tracer import Box as Box
from .tracer import notrace_primitive as notrace_primitive
from .tracer import primitive as primitive

Maker = Callable[..., Any]


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


__getattr__ = _absent("agx.compat.autograd.extend")
