"""NumPy functions that see one Tensor where they are given a list of Tensors.

NumPy asks an argument that is a Tensor what to do, but does not look into lists: the numbers in them would be
taken out and their gradients lost.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ...._engine.graph import Node
from ...._engine.sequences import is_sequence
from ....ops.shape.axes import stack

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
    """A function of NumPy, with all its attributes, that takes lists of Tensors."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self._of_lists = getattr(function, "__name__", "") in _OF_LISTS
        self.__doc__ = function.__doc__

    def _prepared(self, x: Any) -> Any:
        if self._of_lists and is_sequence(x):
            return [joined(part) for part in x]
        return joined(x)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        prepared = {k: self._prepared(v) for k, v in kwargs.items()}
        return self._function(*map(self._prepared, args), **prepared)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)

    def __repr__(self) -> str:
        return repr(self._function)


@functools.cache
def wrapped(module: Any, name: str) -> Any:
    """The attribute of a module; a function among them takes lists of Tensors."""
    found = getattr(module, name)
    if isinstance(found, type) or not callable(found):
        return found
    return Function(found)


def public(module: Any) -> list[str]:
    """The names that a module offers."""
    return [name for name in dir(module) if not name.startswith("_")]
