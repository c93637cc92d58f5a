"""Drawings of the computational graph, as in the lecture: a box per value, an ellipse per op."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine.graph import Node
from .._engine.walk import nodes_below
from .._kernels.graph import Scalar

if TYPE_CHECKING:
    from pathlib import Path

_FORMATS = ("svg", "png", "pdf", "dot")
_TINY = 6

_HEADER = """\
digraph agx {{
  rankdir={direction};
  graph [nodesep=0.25, ranksep=0.35];
  node [fontname="Helvetica", fontsize=11, shape=box, style="rounded,filled", fillcolor="white",
        color="#4a5568", height=0.3];
  edge [arrowsize=0.6, color="#4a5568"];
"""
_LEAF = 'fillcolor="#dbeafe"'
_CONSTANT = 'fillcolor="#f7f7f7", color="#c4c9d1", fontcolor="#6b7280"'
_OPERATION = 'shape=ellipse, style=filled, fillcolor="#fef3c7", ordering=in'


class Drawing:
    """Hold the picture of a computational graph as it was when drawn.

    ``dot`` (or ``str(drawing)``) is its text in Graphviz's DOT language. Notebooks show it as SVG if
    Graphviz is installed, and as a line of text with a hint if it is not.

    >>> x = ag.Scalar(3.0, label="x")
    >>> ag.draw(x * x)  # doctest: +ELLIPSIS
    <Drawing of 2 values and 1 operation; ...>
    """

    def __init__(self, dot: str, values: int, operations: int) -> None:
        self.dot = dot
        self.values = values
        self.operations = operations

    def save(self, path: str | Path) -> Path:
        """Write the drawing to a file in the format of its suffix and return the path.

        ``.svg``, ``.png`` and ``.pdf`` need Graphviz, ``.dot`` needs nothing. Raises ValueError for
        another suffix, ImportError without the ``graphviz`` package (extra ``agx[graph]``) and
        RuntimeError without its ``dot`` program.

        >>> x = ag.Scalar(3.0, label="x")
        >>> ag.draw(x * x).save("graph.dot")  # doctest: +SKIP
        PosixPath('graph.dot')
        """
        from pathlib import Path

        path = Path(path)
        kind = path.suffix.lower().removeprefix(".")
        if kind not in _FORMATS:
            raise ValueError(
                f"save: expected a file name ending in .{', .'.join(_FORMATS)}, got '{path.name}'"
            )
        data = self.dot.encode() if kind == "dot" else self._render(kind)
        path.write_bytes(data)
        return path

    def _render(self, kind: str) -> bytes:
        missing = _missing()
        if missing is not None:
            raise missing
        import graphviz

        return graphviz.Source(self.dot).pipe(format=kind)

    def _repr_svg_(self) -> str | None:
        return None if _missing() else self._render("svg").decode()

    def __str__(self) -> str:
        return self.dot

    def __repr__(self) -> str:
        values = f"{self.values} value{'s' * (self.values != 1)}"
        operations = f"{self.operations} operation{'s' * (self.operations != 1)}"
        hint = _missing() or '.save("graph.svg") writes it, .dot is its text'
        return f"<Drawing of {values} and {operations}; {hint}>"


def draw(node: Any, *, direction: str = "LR", max_nodes: int | None = 500) -> Drawing:
    """Draw the computational graph that ends in ``node``, a Scalar or a Tensor.

    A box per value shows its label, value and gradient: numbers for Scalars and small Tensors, the
    shape (and the dtype if it is float32) for larger ones. An ellipse per operation has its inputs in
    order and as often as they are used; leaves are blue, constants grey. ``direction`` is "LR" (left
    to right) or "TB" (top to bottom). The drawing is a snapshot: call ``backward()`` first to see
    gradients. An array that was assigned into has a box per version: ``assign`` makes one of the new
    elements and the version before, ``read`` gives an operation what it used, and only the newest still
    has its numbers.

    Raises TypeError for anything without a graph, ValueError for another direction and for a graph of
    more than ``max_nodes`` values (None: no limit).

    >>> x = ag.Scalar(3.0, label="x")
    >>> (x * x).backward()
    >>> print(ag.draw(x * x))  # doctest: +ELLIPSIS
    digraph agx {
    ...
    }
    """
    if not isinstance(node, (Node, Scalar)):
        raise TypeError(f"draw: expected a Scalar or a Tensor, got {type(node).__name__}")
    if direction not in ("LR", "TB"):
        raise ValueError(
            f"draw: direction must be 'LR' (left to right) or 'TB' (top to bottom), got {direction!r}"
        )
    nodes = nodes_below(node)
    if max_nodes is not None and len(nodes) > max_nodes:
        raise ValueError(
            f"draw: the graph has more than {max_nodes} values, too many to read; draw a smaller "
            "example, an earlier node, or pass max_nodes=None"
        )
    names = {id(n): f"v{i}" for i, n in enumerate(nodes)}
    lines = [line for n in nodes for line in _statements(n, names)]
    body = "".join(f"  {line}\n" for line in lines)
    return Drawing(
        f"{_HEADER.format(direction=direction)}{body}}}",
        values=len(nodes),
        operations=sum(bool(n.op) for n in nodes),
    )


def _statements(node: Any, names: dict[int, str]) -> Iterator[str]:
    """The DOT lines of one value, the operation that made it, and that operation's constants."""
    name = names[id(node)]
    leaf = not node.op
    wanted = getattr(node, "requires_grad", True)
    style = (_LEAF if wanted else _CONSTANT) if leaf else ""
    yield _box(name, _describe(node), style)
    if leaf:
        return
    op = f"{name}_op"
    yield _box(op, node.op, _OPERATION)
    for i, argument in enumerate(node.arguments):
        source = names.get(id(argument))
        if source is None:
            source = f"{name}_c{i}"
            yield _box(source, _number_or_shape(argument), _CONSTANT)
        yield f"{source} -> {op};"
    yield f"{op} -> {name};"


def _box(name: str, label: str, style: str) -> str:
    escaped = label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{name} [label="{escaped}"{", " if style else ""}{style}];'


def _describe(node: Any) -> str:
    """The lines of a value's box: its name, its value and its gradient."""
    lines = []
    if not node.op:
        lines.append(f"leaf({node.label})" if node.label else "leaf")
    elif node.label:
        lines.append(node.label)
    if getattr(node, "past", False):
        return "\n".join([*lines, f"{node.shape}, changed since"])
    lines.append(f"value {_number_or_shape(node.value)}")
    if getattr(node, "requires_grad", True):
        grad = getattr(node, "grad_or_none", node.grad if isinstance(node, Scalar) else None)
        lines.append(f"grad {'none' if grad is None else _number_or_shape(grad)}")
    return "\n".join(lines)


def _number_or_shape(value: Any) -> str:
    array = np.asarray(value)
    if array.size > _TINY or array.ndim > 2 or array.size == 0:
        return f"{array.shape}{' float32' * (array.dtype == np.float32)}"
    return _nested(array.tolist())


def _nested(numbers: Any) -> str:
    if isinstance(numbers, list):
        return f"[{', '.join(map(_nested, numbers))}]"
    return f"{numbers:.4g}"


def _missing() -> Exception | None:
    """What stands between a drawing and its picture, or None."""
    import importlib.util
    import shutil

    if importlib.util.find_spec("graphviz") is None:
        return ImportError(
            'drawing needs the graphviz package; install it with: pip install "agx[graph]"'
        )
    if shutil.which("dot") is None:
        return RuntimeError(
            "drawing needs Graphviz's dot program; install it with: apt install graphviz, "
            "brew install graphviz or winget install graphviz"
        )
    return None
