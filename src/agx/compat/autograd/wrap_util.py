"""Transforms of functions of one argument, for functions of several."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .boxes import subvals as subvals


def get_name(f: Any) -> str:
    """Return the name of a function, or "[unknown name]"."""
    return getattr(f, "__name__", "[unknown name]")


def get_doc(f: Any) -> str:
    """Return the docstring of a function, or nothing."""
    return getattr(f, "__doc__", None) or ""


def wraps(
    fun: Any, namestr: str = "{fun}", docstr: str = "{doc}", **words: Any
) -> Callable[[Any], Any]:
    """Name and document a function after another; ``words`` are further fields of the two patterns."""

    def named(f: Any) -> Any:
        f.__name__ = namestr.format(fun=get_name(fun), **words)
        f.__doc__ = docstr.format(fun=get_name(fun), doc=get_doc(fun), **words)
        return f

    return named


def wrap_nary_f(fun: Any, op: Any, argnum: Any) -> Callable[[Any], Any]:
    """Name a transformed function after the transform, the function and the argument."""
    doc = "The {op} of {fun} in argument {argnum}."
    return wraps(fun, "{op}_of_{fun}_wrt_argnum_{argnum}", doc, op=get_name(op), argnum=argnum)


def unary_to_nary(operator: Callable[..., Any]) -> Callable[..., Any]:
    """Turn ``operator(f, x, ...)`` into a transform of functions of several arguments.

    The transform is called as ``transform(f, argnum, ...)(*args, **kwargs)``.
    """

    @functools.wraps(operator)
    def transform(
        fun: Callable[..., Any], argnum: Any = 0, *options: Any, **more: Any
    ) -> Callable[..., Any]:
        numbers = (argnum,) if isinstance(argnum, int) else tuple(argnum)

        @functools.wraps(fun)
        def transformed(*args: Any, **kwargs: Any) -> Any:
            if max(numbers) >= len(args):
                raise TypeError(
                    f"{operator.__name__}: argnum is {argnum} but there are {len(args)} positional "
                    "arguments, counted from 0"
                )

            def of_one(x: Any) -> Any:
                values = (x,) if isinstance(argnum, int) else x
                return fun(*subvals(args, zip(numbers, values, strict=True)), **kwargs)

            x = args[argnum] if isinstance(argnum, int) else tuple(args[i] for i in numbers)
            return operator(of_one, x, *options, **more)

        return transformed

    return transform
