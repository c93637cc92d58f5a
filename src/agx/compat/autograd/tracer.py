"""Telling Tensors from plain values, and functions through which nothing is traced."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ...graph import Node
from ...tensor import Tensor as Box

__all__ = ["Box", "getval", "isbox", "notrace_primitive", "peek"]


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
