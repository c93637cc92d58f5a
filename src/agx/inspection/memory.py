"""What a graph holds alive, in bytes: by operation, line of the program and module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from .._engine.graph import Node, registry
from .._engine.tables import table, text_table
from .._engine.walk import nodes_below
from .._kernels.graph import Scalar
from ..nn.paths import parameter_names, path_of
from .blame import relative

#: What a Scalar takes, and the node of a Tensor without its arrays.
_NUMBER, _NODE = 160, 320


class Row(NamedTuple):
    """Bytes of the same origin, in ``nodes`` nodes: of values, gradients, and what rules keep (``saved``)."""

    what: str
    op: str
    where: str
    module: str
    nodes: int
    values: int
    gradients: int
    saved: int

    @property
    def bytes(self) -> int:
        """All of them."""
        return self.values + self.gradients + self.saved


class Memory:
    """List what a graph holds alive: ``rows``, the largest first, and ``total`` in bytes; prints as a table.

    Memory that several nodes share, as views do, counts for the first of them.
    """

    def __init__(self, rows: list[Row]) -> None:
        self.rows = sorted(rows, key=lambda row: -row.bytes)
        self.total = sum(row.bytes for row in rows)

    def _cells(self) -> Iterator[list[str]]:
        for row in self.rows:
            shown = (row.what or row.op, row.where, row.module, str(row.nodes))
            yield [_bytes(row.bytes), *map(_bytes, row[5:8]), *shown]

    def __str__(self) -> str:
        lines = text_table([_HEAD, *self._cells()], range(4))
        return "\n".join([*lines, f"{_bytes(self.total)} in all; {_HINT}"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return table(_HEAD, self._cells(), f"{_bytes(self.total)} in all; {_HINT}")


_HEAD = ["bytes", "values", "gradients", "saved", "of", "line", "module", "nodes"]
_HINT = "backward(free=True) lets go of all but leaves, and no_grad() keeps nothing"


def memory(root: Any) -> Memory:
    """List what the graph of a loss, or of any Scalar or Tensor, holds alive.

    Values and gradients of all nodes are counted, constants of operations, and what their rules keep, or a
    ``_backward`` of your own in its variables (such nodes without ``op`` are called "own"). Each is
    told by operation, line of the program and module; parameters by their names.

    Raises TypeError for what has no graph.

    >>> x = ag.Tensor(np.zeros((100, 10)), label="x")
    >>> found = ag.memory(ag.sum(np.exp(x)))
    >>> [(row.what or row.op, row.bytes) for row in found.rows][:2]
    [('x', 8320), ('exp', 8320)]
    """
    if not isinstance(root, (Node, Scalar)):
        raise TypeError(
            f"memory: expected a Scalar or a Tensor, got {type(root).__name__}; give the loss"
        )
    nodes = nodes_below(root)
    names = parameter_names(nodes)
    counted: set[int] = set()
    rows: dict[tuple[str, str, str, str], list[int]] = {}
    for node in nodes:
        where = getattr(node, "where", None)
        key = (
            "" if node.op else node.label or names.get(id(node), "own" if node.inputs else "leaf"),
            node.op,
            f"{relative(where[0])}:{where[1]}" if where else "",
            path_of(getattr(node, "scope", None)),
        )
        found = rows.setdefault(key, [0, 0, 0, 0])
        found[0] += 1
        for i, size in enumerate(_sizes(node, counted), 1):
            found[i] += size
    return Memory([Row(*key, *sizes) for key, sizes in rows.items()])


def _sizes(node: Any, counted: set[int]) -> tuple[int, int, int]:
    """Bytes of value, gradient and what is saved, as far as no other node has them."""
    if isinstance(node, Scalar):
        return _NUMBER, 0, 0

    def own(x: Any) -> int:
        return sum(array.nbytes for array in _arrays(x) if not _seen(array, counted))

    value = own(node.kept) + _NODE
    gradient = own(node.grad_or_none)
    constants = [a for a in node.arguments if not isinstance(a, Node)]
    p = node.primitive  # which may have been made for this one call, as by custom_vjp
    rules = node._backward if p is None or registry.get(p.name) is p else p.vjps
    return value, gradient, own([*constants, *node.params.values(), rules])


def _arrays(x: Any, depth: int = 6) -> Iterator[np.ndarray]:
    """The memory behind arrays, and behind those in lists, dicts and functions."""
    if isinstance(x, np.ndarray):
        while isinstance(x.base, np.ndarray):
            x = x.base
        yield x
    elif depth and isinstance(x, (list, tuple)):
        for item in x:
            yield from _arrays(item, depth - 1)
    elif depth and isinstance(x, dict):
        yield from _arrays(list(x.values()), depth - 1)
    elif depth and isinstance(x, Callable):  # type: ignore[arg-type]
        for cell in getattr(x, "__closure__", None) or ():
            with suppress(ValueError):  # of a name that has no value yet
                yield from _arrays(cell.cell_contents, depth - 1)


def _seen(array: np.ndarray, counted: set[int]) -> bool:
    before = id(array) in counted
    counted.add(id(array))
    return before


def _bytes(count: int) -> str:
    """A number of bytes that people read: ``1.2 kB``."""
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.4g} {unit}"
        size /= 1000
    return f"{size:.4g} GB"
