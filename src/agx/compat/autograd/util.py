"""Replacing some of several values, the order of a graph, and the check that older programs use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .absent import absent as _absent
from .boxes import subval as subval
from .boxes import subvals as subvals
from .boxes import toposort as toposort
from .test_util import check_grads


def func(f: Any) -> Any:
    """Return a function as it is."""
    return f


def quick_grad_check(
    fun: Callable[..., Any], arg0: Any, extra_args: Any = (), kwargs: Any = None, **options: Any
) -> None:
    """Compare the gradient in the first argument with finite differences; raises AssertionError."""
    check_grads(lambda x: fun(x, *extra_args, **(kwargs or {})), modes=["rev"], order=1)(arg0)


__getattr__ = _absent("agx.compat.autograd.util")
