"""A nest of lists, tuples and dicts of arrays as one vector, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...._engine.graph import Node
from ....ops.complex import is_complex, real
from ....ops.shape.axes import concatenate, ravel, reshape
from ....ops.shape.dtype import astype
from ..nests import items, rebuild
from ..tracer import getval


def flatten(value: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return all numbers in a nest as one vector, and the function that gives a vector that form.

    Dicts are taken in the order of their keys. Both directions are differentiable.

    >>> from agx.compat.autograd.misc.flatten import flatten
    >>> vector, unflatten = flatten({"b": np.ones(2), "a": 3.0})
    >>> vector, unflatten(vector * 2)["b"]
    (array([3., 1., 1.]), array([2., 2.]))
    """
    parts: list[Any] = [x if isinstance(x, Node) else np.asarray(x) for x in items(value)]
    ends = np.cumsum([p.size for p in parts], dtype=np.int64)

    def form(vector: Any, part: Any, end: int) -> Any:
        x = reshape(vector[end - part.size : end], part.shape)
        if is_complex(x) and not is_complex(part):
            x = real(x)
        if part.dtype.kind in "fc" and x.dtype != part.dtype:
            x = astype(x, part.dtype)
        return x if isinstance(x, Node) else getval(x)[()]

    def unflatten(vector: Any) -> Any:
        return rebuild(value, (form(vector, p, e) for p, e in zip(parts, ends, strict=True)))

    return (concatenate([ravel(p) for p in parts]) if parts else np.array([])), unflatten


def flatten_func(func: Callable[..., Any], example: Any) -> tuple[Any, Any, Any]:
    """Return ``func`` between vectors, the function that undoes flattening, and ``example`` flat."""
    vector, unflatten = flatten(example)
    return lambda x, *args: flatten(func(unflatten(x), *args))[0], unflatten, vector
