"""The check that older programs use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .test_util import check_grads


def quick_grad_check(
    fun: Callable[..., Any], arg0: Any, extra_args: Any = (), kwargs: Any = None, **options: Any
) -> None:
    """Compare the gradient in the first argument with finite differences; raises AssertionError."""
    check_grads(lambda x: fun(x, *extra_args, **(kwargs or {})), modes=["rev"], order=1)(arg0)
