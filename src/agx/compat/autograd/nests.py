"""Nests: lists, tuples and dicts of arrays, and of further nests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def _keys(d: dict[Any, Any]) -> list[Any]:
    """In sorted order, on which the layout of flattened dicts rests, where there is one."""
    try:
        return sorted(d)
    except TypeError:
        return list(d)


def items(tree: Any) -> Iterator[Any]:
    """The values in a nest of lists, tuples and dicts, from the first to the last."""
    if isinstance(tree, dict):
        tree = [tree[k] for k in _keys(tree)]
    if isinstance(tree, (list, tuple)):
        for part in tree:
            yield from items(part)
    else:
        yield tree


def rebuild(tree: Any, values: Iterator[Any]) -> Any:
    """The same nest with other values, in the order of ``items``."""
    if isinstance(tree, dict):
        found = {k: rebuild(tree[k], values) for k in _keys(tree)}
        return {k: found[k] for k in tree}
    if isinstance(tree, (list, tuple)):
        parts = [rebuild(part, values) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return next(values)


def each(f: Callable[[Any], Any], tree: Any) -> Any:
    """Apply ``f`` to every value in a nest."""
    return rebuild(tree, map(f, items(tree)))
