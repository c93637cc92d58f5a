"""What stands for arrays while a function is being compiled, for those below the module that compiles."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np


class Here(threading.local):
    """What this thread compiles: the recorder of its run, and the newest node when that began."""

    recorder: Any = None
    start = 0


class Hooks:
    """The class of symbols, what records calls of functions, and what acts on things outside."""

    symbol: Any = None
    record: Any = None
    act: Any = None


here, hooks = Here(), Hooks()


def is_traced(x: Any) -> Any:
    """Whether ``x`` is a symbol, which stands for an array."""
    return type(x) is hooks.symbol


def as_numbers(x: Any) -> Any:
    """``x`` as an array, or the symbol that it is."""
    return x if is_traced(x) else np.asarray(x)


def numbers_now(x: Any) -> Any:
    """The array that ``x`` is or stands for now, for a look that changes no result."""
    return x._value if is_traced(x) else x


def is_compiling() -> bool:
    """Whether this thread records a function that is being compiled."""
    return here.recorder is not None


def symbolic_call(
    function: Callable[..., Any], args: tuple[Any, ...], params: Any = None, key: Any = None
) -> Any:
    """Compute a function of symbols, which is recorded as what it does or as a call of it."""
    return hooks.record(key or function, function, args, params or {})


def acting(function: Callable[[], Any], draws: bool = False) -> Any:
    """Change what is outside, or draw random numbers; what is compiled does so in each call."""
    return hooks.act(function, draws) if is_compiling() else function()


def refuse(reason: str) -> None:
    """Note why there is no plan of what is being compiled."""
    if is_compiling():
        here.recorder.fail(reason)
