"""What a drawing says of each node of a graph: names, numbers as text, inputs, and the modules it is in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._engine.walk import nodes_below
from .._kernels.graph import Scalar
from ..nn.paths import calls_of, parameter_names, path_of

#: Arrays of more elements are told by their shape.
_TINY = 6


@dataclass(frozen=True, slots=True)
class Item:
    """One node: ``inputs`` has the index of another item, or the text of a constant, for each argument.

    ``calls`` has the calls of modules around it, the outermost first: path, module, and a number of the call.
    """

    index: int
    node: Any
    label: str
    op: str
    inputs: list[int | str]
    value: str
    grad: str
    shape: tuple[int, ...]
    parameter: str
    wanted: bool
    calls: list[tuple[str, Any, int]]

    @property
    def title(self) -> str:
        """What the node is called: its label, the parameter's name, or that it is a leaf."""
        name = self.label or self.parameter
        return name if self.op or self.parameter else f"leaf({name})" if name else "leaf"


def outline(root: Any) -> list[Item]:
    """The items of a graph, inputs before what is computed from them.

    >>> from agx.viz.outline import outline
    >>> x = ag.Scalar(3.0, label="x")
    >>> [(item.title, item.op, item.inputs) for item in outline(2.0 * x)]
    [('leaf', '', []), ('leaf(x)', '', []), ('', 'mul', [0, 1])]
    """
    nodes = nodes_below(root)
    places = {id(node): i for i, node in enumerate(nodes)}
    names = parameter_names(nodes)
    numbers: dict[int, int] = {}
    return [_item(i, node, places, names, numbers) for i, node in enumerate(nodes)]


def _item(
    index: int,
    node: Any,
    places: dict[int, int],
    names: dict[int, str],
    numbers: dict[int, int],
) -> Item:
    wanted = bool(getattr(node, "requires_grad", True))
    past = getattr(node, "past", False)
    value: Any = None if past else node.value
    grad = getattr(node, "grad_or_none", node.grad if isinstance(node, Scalar) else None)
    return Item(
        index,
        node,
        node.label,
        node.op,
        [places.get(id(a), in_short(a)) for a in node.arguments] if node.op else [],
        f"{node.shape}, changed since" if past else in_short(value),
        "" if past or not wanted else "none" if grad is None else _gradient(grad),
        () if isinstance(node, Scalar) else node.shape,
        names.get(id(node), ""),
        wanted,
        [
            (path_of(call), call.module, numbers.setdefault(id(call), len(numbers)))
            for call in calls_of(getattr(node, "scope", None))
        ],
    )


def in_short(value: Any) -> str:
    """A few numbers, or else the shape, with the dtype if it is not float64."""
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        return str(value)[:20]
    if array.size > _TINY or array.ndim > 2 or array.size == 0:
        return f"{array.shape}{' float32' * (array.dtype == np.float32)}"
    return _nested(array.tolist())


def _gradient(grad: Any) -> str:
    """A few numbers, or else their length: the shape is the value's."""
    array = np.asarray(grad)
    text = in_short(array)
    return text if not text.startswith("(") else f"of norm {np.linalg.norm(array.ravel()):.4g}"


def _nested(numbers: Any) -> str:
    if isinstance(numbers, list):
        return f"[{', '.join(map(_nested, numbers))}]"
    return f"{numbers:.4g}"


def count_text(count: int, noun: str) -> str:
    """A number and what there is of it: ``1 value``, ``1,000 values``."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def total(shapes: Iterable[tuple[int, ...]]) -> int:
    """How many numbers arrays of some shapes hold."""
    return sum(int(np.prod(shape)) for shape in shapes)


def place_of(item: Item) -> str:
    """The line of the program that made a node."""
    where = item.node.where
    return f"{where[0]}:{where[1]}, in {where[2]}" if where else ""
