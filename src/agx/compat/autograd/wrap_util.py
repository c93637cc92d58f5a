"""Transforms of functions of one argument, for functions of several."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


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
                full = list(args)
                for i, value in zip(numbers, (x,) if isinstance(argnum, int) else x, strict=True):
                    full[i] = value
                return fun(*full, **kwargs)

            x = args[argnum] if isinstance(argnum, int) else tuple(args[i] for i in numbers)
            return operator(of_one, x, *options, **more)

        return transformed

    return transform
