"""Nested containers of arrays: dicts, lists, tuples, named tuples and dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .graph import Node


def flatten(tree: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """Return the leaves of a tree in order, and a function that builds the tree of other leaves.

    Dicts keep their order, dataclasses that of their fields; None has no leaves; everything else is
    a leaf.
    """
    leaves: list[Any] = []
    build = _collect(tree, leaves)
    return leaves, lambda new: build(iter(new))


def _collect(tree: Any, leaves: list[Any]) -> Callable[[Any], Any]:
    if tree is None:
        return lambda new: None
    if isinstance(tree, dict):
        parts = {k: _collect(v, leaves) for k, v in tree.items()}
        return lambda new: {k: part(new) for k, part in parts.items()}
    if isinstance(tree, (list, tuple)):
        items = [_collect(v, leaves) for v in tree]
        kind: Any = type(tree)
        if hasattr(tree, "_fields"):
            return lambda new: kind(*(item(new) for item in items))
        return lambda new: kind(item(new) for item in items)
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        fields = {
            f.name: _collect(getattr(tree, f.name), leaves)
            for f in dataclasses.fields(tree)
            if f.init
        }
        cls: Any = type(tree)
        return lambda new: cls(**{name: part(new) for name, part in fields.items()})
    leaves.append(tree)
    return next


def is_differentiable(leaf: Any) -> bool:
    """Whether a leaf is a real or complex number, array or Tensor, rather than integers or text."""
    if isinstance(leaf, (Node, float, complex)):
        return True
    dtype = getattr(leaf, "dtype", None)
    return isinstance(dtype, np.dtype) and dtype.kind in "fc"
