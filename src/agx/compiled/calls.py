"""Calls in a plan: functions of arrays alone, whose results are looked at."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from opcode import opmap
from typing import Any

import numpy as np

from .._engine.symbols import is_traced
from .recorder import ChangedError


def frozen(tree: Any) -> Any:
    """Nested containers as tuples that can be hashed, where their leaves can."""
    kind = type(tree)
    if kind in (tuple, list):
        return (kind, *map(frozen, tree))
    if kind is dict:
        return (kind, *((k, frozen(v)) for k, v in tree.items()))
    if kind is slice:
        return kind, tree.start, tree.stop, tree.step
    return "symbol" if is_traced(tree) else (kind, tree)


def called_with(function: Any, args: Any, kwargs: Any, build: Any, found: list[Any]) -> Any:
    """A function of the arrays of symbols that calls ``function`` as it was called."""
    first = next((k for k, x in enumerate(args) if not is_traced(x)), len(args))
    names = [k for k, x in kwargs.items() if is_traced(x)]
    anew = any(hasattr(type(x), "made_anew") for x in kwargs.values())
    if anew or first + len(names) < len(found):
        return functools.partial(_call_built, function, build)
    fixed, named = build(iter(found))
    rest, more = fixed[first:], {k: x for k, x in named.items() if k not in names}
    if names:
        return lambda *xs: function(
            *xs[:first], *rest, **dict(zip(names, xs[first:], strict=True)), **more
        )
    if rest:
        return lambda *xs: function(*xs, *rest, **more)
    return functools.partial(function, **more) if more else function


def _call_built(function: Any, build: Any, *arrays: Any) -> Any:
    args, kwargs = build(iter(arrays))
    return function(*args, **kwargs)


def runner(called: Any, found: list[Any], specs: list[Any]) -> Callable[..., Any]:
    """What a plan calls: it takes arrays, and gives arrays of the specs or raises ChangedError."""
    kinds = [type(x._value) for x in found]
    (shape, dtype), several = specs[0], len(specs) > 1

    def run(*arrays: np.ndarray) -> Any:
        value = called(*arrays)
        if several or type(value) is not np.ndarray or value.shape != shape or value.dtype != dtype:
            return _checked(value, specs)
        return value

    if all(x.ndim for x in found):
        return run
    return lambda *arrays: run(*map(_formed, arrays, kinds))


def _checked(value: Any, specs: list[Any]) -> Any:
    several = type(value) is not np.ndarray and isinstance(value, (tuple, list))
    parts = [np.asarray(x) for x in (value if several else [value])]
    if [(x.shape, x.dtype) for x in parts] != specs:
        raise ChangedError
    return tuple(parts) if several else parts[0]


def _formed(array: Any, kind: Any) -> Any:
    """What a function got when it was recorded: an array, or a number of NumPy's or of Python's."""
    if kind is np.ndarray:
        return array if type(array) is np.ndarray else np.asarray(array)
    return array[()] if issubclass(kind, np.generic) else array.item()


def has_one_name(array: Any, frame: Any) -> bool:
    """Whether ``a += b`` called, and the stack has no other variable with the array.

    From Python 3.14 on, what a call is given need not count as references.
    """
    if frame.f_code.co_code[frame.f_lasti] != opmap["BINARY_OP"]:
        return False
    names = 0
    while frame is not None and sys.version_info >= (3, 14):
        names += sum(value is array for value in frame.f_locals.values())
        frame = frame.f_back
    return names <= 1
