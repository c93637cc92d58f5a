"""Drawings of the computational graph, as in the lecture: a box per value, an ellipse per op."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.graph import Node
from .._kernels.graph import Scalar
from .._runtime.files import replacing
from . import scene as pages
from .folding import Vertex, vertices_of
from .layout import place
from .outline import count_text, outline

if TYPE_CHECKING:
    from pathlib import Path

_FORMATS = ("svg", "png", "pdf", "html", "dot", "mmd")
#: Drawings of more vertices than this go from top to bottom.
_WIDE = 30

_HEADER = """\
digraph agx {{
  rankdir={direction};
  graph [nodesep=0.25, ranksep=0.35];
  node [fontname="Helvetica", fontsize=11, shape=box, style="rounded,filled", fillcolor="white",
        color="#4a5568", height=0.3];
  edge [arrowsize=0.6, color="#4a5568"];
"""
_STYLES = {
    "leaf": ', fillcolor="#dbeafe"',
    "constant": ', fillcolor="#f7f7f7", color="#c4c9d1", fontcolor="#6b7280"',
    "value": "",
    "operation": ', shape=ellipse, style=filled, fillcolor="#fef3c7", ordering=in',
    "module": ', fillcolor="#dcfce7"',
}


#: What would be markup in Mermaid.
_ENTITIES = str.maketrans({"&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;"})


class Drawing:
    """Hold the picture of a computational graph as it was when drawn.

    Notebooks show it. ``svg`` is its text as SVG, ``dot`` (or ``str(drawing)``) in Graphviz's DOT language,
    ``mermaid`` as a flow chart of Mermaid. ``depth`` is that at which modules are folded, or None.

    >>> x = ag.Scalar(3.0, label="x")
    >>> ag.draw(x * x)
    <Drawing of 2 values and 1 operation; .save("graph.svg") writes it, .dot is its text>
    """

    def __init__(
        self,
        vertices: list[Vertex],
        direction: str,
        values: int,
        operations: int,
        depth: int | None,
    ) -> None:
        self._vertices = vertices
        self.direction = direction
        self.values = values
        self.operations = operations
        self.depth = depth
        self._scene: pages.Scene | None = None

    @property
    def scene(self) -> pages.Scene:
        """The shapes and arrows, laid out when first asked for."""
        if self._scene is None:
            across = self.direction == "LR"
            sizes = {v.name: pages.size_of(v.kind, v.lines) for v in self._vertices}
            edges = [(source, v.name) for v in self._vertices for source in v.sources]
            placed = place(sizes, edges, across)
            shapes = [
                pages.Shape(v.kind, *placed.centres[v.name], *sizes[v.name], v.lines, v.title)
                for v in self._vertices
            ]
            arrows = [pages.curve(points, across) for points in placed.arrows]
            self._scene = pages.Scene(placed.width, placed.height, shapes, arrows)
        return self._scene

    @property
    def svg(self) -> str:
        """The drawing as SVG."""
        return pages.svg(self.scene)

    @property
    def dot(self) -> str:
        """The drawing in Graphviz's DOT language."""
        lines = []
        for v in self._vertices:
            text = "\n".join(v.lines).replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'{v.name} [label="{text}"{_STYLES[v.kind]}];'.replace("\n", "\\n"))
            lines += [f"{source} -> {v.name};" for source in v.sources]
        return (
            _HEADER.format(direction=self.direction)
            + "".join(f"  {line}\n" for line in lines)
            + "}"
        )

    @property
    def mermaid(self) -> str:
        """The drawing as a flow chart of Mermaid, which GitHub shows in Markdown."""
        lines = [f"flowchart {self.direction.replace('TB', 'TD')}"]
        for v in self._vertices:
            text = "<br>".join(line.translate(_ENTITIES) for line in v.lines)
            start, end = ("([", "])") if v.kind == "operation" else ("[", "]")
            lines.append(f'  {v.name}{start}"{text}"{end}'.replace("\n", " "))
            lines += [f"  {source} --> {v.name}" for source in v.sources]
        return "\n".join(lines) + "\n"

    def save(self, path: str | Path, *, scale: float = 2.0) -> Path:
        """Write the drawing to a file in the format of its suffix and return the path.

        ``.svg``, ``.png`` (with ``scale`` pixels for a point), ``.pdf``, ``.html``, ``.dot`` and ``.mmd``
        (Mermaid) need nothing but agx. Raises ValueError for another suffix and a scale that is not positive.

        >>> x = ag.Scalar(3.0, label="x")
        >>> ag.draw(x * x).save("graph.svg")  # doctest: +SKIP
        PosixPath('graph.svg')
        """
        from pathlib import Path

        path = Path(path)
        kind = path.suffix.lower().removeprefix(".")
        if kind not in _FORMATS:
            raise ValueError(
                f"save: expected a file name ending in .{', .'.join(_FORMATS)}, got '{path.name}'"
            )
        if not scale > 0:
            raise ValueError(f"save: scale must be a positive number of pixels, got {scale!r}")
        data = self._render(kind, scale)
        with replacing(path) as file:
            file.write(data)
        return path

    def _render(self, kind: str, scale: float) -> bytes:
        if kind == "png":
            from .raster import png

            return png(self.scene, scale)
        if kind == "pdf":
            return pages.pdf(self.scene)
        if kind == "html":
            return pages.html(self.scene, "Computational graph").encode()
        return {"svg": self.svg, "dot": self.dot, "mmd": self.mermaid}[kind].encode()

    def _repr_svg_(self) -> str:
        return self.svg

    def __str__(self) -> str:
        return self.dot

    def __repr__(self) -> str:
        counts = (
            f"{count_text(self.values, 'value')} and {count_text(self.operations, 'operation')}"
        )
        return f'<Drawing of {counts}; .save("graph.svg") writes it, .dot is its text>'


def draw(
    node: Any,
    *,
    direction: str | None = None,
    fold: int | bool | None = None,
    max_nodes: int | None = 5000,
) -> Drawing:
    """Draw the computational graph that ends in ``node``, a Scalar or a Tensor.

    A box per value shows its label, value and gradient: numbers for Scalars and small Tensors, the
    shape (and the dtype if it is float32) and the gradient's norm for larger ones. An ellipse per operation
    has its inputs in order and as often as they are used; leaves are blue and parameters have their names,
    constants are grey. The drawing is a snapshot: call ``backward()`` first to see gradients. An array that
    was assigned into has a box per version: ``assign`` makes one of the new elements and the version before,
    ``read`` gives an operation what it used, and only the newest still has its numbers.

    ``fold`` is the depth at which modules are single boxes (0: the whole model, 1: its layers), False to see
    all; by default large graphs are folded until they can be read. Equal blocks in a row are one, counted.
    ``direction`` is "LR" (left to right) or "TB" (top to bottom), by default what suits the size.

    Raises TypeError for anything without a graph, ValueError for another direction or depth and for a drawing
    of more than ``max_nodes`` values (None: no limit).

    >>> x = ag.Scalar(3.0, label="x")
    >>> (x * x).backward()
    >>> print(ag.draw(x * x))  # doctest: +ELLIPSIS
    digraph agx {
    ...
    }
    """
    if not isinstance(node, (Node, Scalar)):
        raise TypeError(f"draw: expected a Scalar or a Tensor, got {type(node).__name__}")
    if direction not in (None, "LR", "TB"):
        raise ValueError(
            f"draw: direction must be 'LR' (left to right) or 'TB' (top to bottom), got {direction!r}"
        )
    if fold is True or not (fold is None or isinstance(fold, int)) or (fold or 0) < 0:
        raise ValueError(
            f"draw: fold must be a depth of 0 or more, or False to see everything, got {fold!r}"
        )
    items = outline(node)
    vertices, depth = vertices_of(items, fold)
    values = len(items) if depth is None else len(vertices)
    if max_nodes is not None and values > max_nodes:
        raise ValueError(
            f"draw: the graph has more than {max_nodes} values, too many to read; draw a smaller "
            "example, an earlier node, or pass max_nodes=None"
        )
    if direction is None:
        direction = "LR" if len(vertices) <= _WIDE and depth is None else "TB"
    operations = sum(bool(item.op) for item in items)
    return Drawing(vertices, direction, len(items), operations, depth)
