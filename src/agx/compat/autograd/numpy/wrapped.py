"""NumPy functions that see one Tensor where they are given a list of Tensors.

NumPy asks an argument that is a Tensor what to do, but does not look into lists: the numbers in them would be
taken out and their gradients lost.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, cast

import numpy as np

from ...._engine.graph import Node, numpy_functions
from ...._engine.sequences import is_sequence
from ....ops.shape.axes import stack
from ..absent import INSTEAD
from ..boxes import getval
from ..primitives import primitive
from .integers import integer_class

#: What takes a list of arrays, rather than an array written as a list.
_OF_LISTS = {
    "block", "broadcast_arrays", "column_stack", "concat", "concatenate", "dstack", "hstack", "meshgrid",
    "row_stack", "select", "stack", "vstack",
}  # fmt: skip


def has_tensor(x: Any) -> bool:
    """Tell whether ``x`` is a Tensor, or a list, a tuple or the like with one inside."""
    if is_sequence(x):
        return any(map(has_tensor, x))
    if isinstance(x, np.ndarray) and x.dtype == object:
        return any(map(has_tensor, x.flat))
    return isinstance(x, Node)


def stacked(x: Any) -> Any:
    """An array of numbers, or a Tensor of what has one inside."""
    if isinstance(x, np.ndarray) and x.dtype == object:
        x = x.tolist()
    if is_sequence(x):
        parts = [stacked(part) for part in x]
        return stack(parts) if has_tensor(parts) else np.asarray(parts)
    return x if isinstance(x, Node) else np.asarray(x)


def joined(x: Any) -> Any:
    """A Tensor in place of a list of them."""
    return stacked(x) if is_sequence(x) and has_tensor(x) else x


class Function:
    """A function, with all its attributes, that takes lists of Tensors.

    ``defvjp`` may give it pull-backs in place of agx's own, and ``register_notrace`` plain values.
    """

    def __init__(self, function: Any) -> None:
        functools.update_wrapper(self, function)
        self.fun = function
        self.plain = False
        self._own: primitive | None = None
        self._of_lists = getattr(function, "__name__", "") in _OF_LISTS

    def ruled(self) -> primitive:
        """What ``defvjp`` and its relatives give rules to."""
        if self._own is None:
            self._own = primitive(self.fun)
        return self._own

    def _has_no_rule(self) -> bool:
        """Whether NumPy has the function and agx does not."""
        module = getattr(self.fun, "__module__", None) or "numpy"  # a ufunc does not say
        return module.startswith("numpy") and self.fun not in numpy_functions

    def _prepared(self, x: Any) -> Any:
        if (
            self._of_lists
            and isinstance(x, Iterable)
            and not isinstance(x, (np.ndarray, Node, str))
        ):
            return [joined(part) for part in x]
        return joined(x)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        own = self._own
        if self.plain:
            return self.fun(*map(getval, args), **kwargs)
        if own is not None and (own.vjp_of is not None or self._has_no_rule()):
            return own(*args, **kwargs)
        prepared = {k: self._prepared(v) for k, v in kwargs.items()}
        return self.fun(*map(self._prepared, args), **prepared)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.fun, name)

    def __repr__(self) -> str:
        return repr(self.fun)


@functools.cache
def wrapped(module: Any, name: str) -> Any:
    """The attribute of a module: a function takes lists of Tensors, a class of integers a Tensor."""
    if name in INSTEAD and not hasattr(module, name):
        raise ImportError(f"agx.compat.autograd.{module.__name__} has no {name}: {INSTEAD[name]}")
    found = getattr(module, name)
    if isinstance(found, type):
        return integer_class(cast("Any", found)) if issubclass(found, np.integer) else found
    return Function(found) if callable(found) else found


def public(module: Any) -> list[str]:
    """The names that a module offers."""
    return [name for name in dir(module) if not name.startswith("_")]
