"""A graph to look around in, as one HTML file: fold, search, and play the forward and the backward pass."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from .._engine.formulas import names_of
from .._engine.graph import registry
from .._engine.tables import statistics
from .._kernels.graph import Node, Scalar, number_of
from .._runtime.files import replacing
from ..inspection.explain import told
from ..inspection.sweep import graph_of, steps
from .outline import Item, in_short, outline, place_of, total

#: A graph of more nodes is folded at first, as far as it has modules.
_FOLDED = 24


class Explorer:
    """Hold the page that ``ag.explore`` made: notebooks show it, ``save`` writes it, ``html`` is its text."""

    def __init__(self, html: str) -> None:
        self.html = html

    def save(self, path: str | Path) -> Path:
        """Write the page to a file and return the path; it needs nothing else, and no network.

        Raises ValueError unless the name ends in .html.
        """
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"save: expected a file name ending in .html, got '{path.name}'")
        with replacing(path, "w") as file:
            file.write(self.html)
        return path

    def open(self) -> bool:
        """Show the page in a web browser, and return whether there is one.

        >>> ag.explore(ag.Scalar(2.0) * 3.0).open()  # doctest: +SKIP
        True
        """
        import tempfile
        import webbrowser

        folder = Path(tempfile.mkdtemp(prefix="agx-"))
        return webbrowser.open(self.save(folder / "graph.html").as_uri())

    def _repr_html_(self) -> str:
        return (
            '<iframe style="width:100%;height:600px;border:1px solid #8888" title="computational graph" '
            f'srcdoc="{escape(self.html)}"></iframe>'
        )

    def __repr__(self) -> str:
        return f'<Explorer of {len(self.html):,} characters; .save("graph.html") writes it>'


def explore(root: Any, path: str | Path | None = None) -> Explorer:
    """Make a page to look around in the graph of ``root``, a Scalar or a Tensor such as a loss.

    It can be moved, zoomed and searched; modules fold and unfold; a node tells its shape, dtype, statistics
    of value and gradient, the rule of its operation and the line of the program. A slider plays the forward
    pass and then the backward pass, node by node, with each contribution to a gradient. Everything works
    with the keyboard too: ? lists the keys. The gradients are computed anew; nobody's ``grad`` is changed.
    With ``path`` the page is saved there as well.

    Raises TypeError for what has no graph, RuntimeError where the graph was let go, and ValueError for a path
    that does not end in .html.

    >>> a, b = ag.Scalar(2.0, label="a"), ag.Scalar(-3.0, label="b")
    >>> ag.explore(a * b + a).save("graph.html")  # doctest: +SKIP
    PosixPath('graph.html')
    """
    graph_of("explore", root)
    items = outline(root)
    places = {id(item.node): item.index for item in items}
    sweep, gradients = _sweep(root, places)
    data = {
        "nodes": [_node(item, gradients.get(item.index)) for item in items],
        "groups": _groups(items),
        "forward": [i.index for i in sorted(items, key=_age) if i.op],
        "backward": sweep,
        "folded": len(items) > _FOLDED,
    }
    page = Explorer(_page(data))
    if path is not None:
        page.save(path)
    return page


def _age(item: Item) -> int:
    return number_of(item.node) if isinstance(item.node, Node) else item.index


def _sweep(root: Any, places: dict[int, int]) -> tuple[list[Any], dict[int, Any]]:
    """The steps of the backward pass as text, and the gradients that they end with."""
    found, gradients = (
        [],
        {places[id(root)]: 1.0 if isinstance(root, Scalar) else np.ones(root.shape)},
    )
    for step in steps(root):
        passed = []
        for c in step.contributions:
            target = places.get(id(c.input))
            if target is None:
                continue
            gradients[target] = c.after
            passed.append([target, told(c.share), told(c.before), told(c.after)])
        found.append({"node": places[id(step.node)], "incoming": told(step.incoming), "to": passed})
    return found, gradients


def _node(item: Item, gradient: Any) -> dict[str, Any]:
    node = item.node
    value: Any = node.value if isinstance(node, Scalar) else node.kept
    wanted = item.wanted and not getattr(node, "_constant", False)
    p = registry.get(item.op)
    pairs = [] if p is None else list(zip(names_of(p), p.derivative, strict=False))
    rules = [f"d/d{name} = {text}" for name, text in pairs if text]
    return {
        "title": item.label or item.parameter or item.op or "leaf",
        "op": item.op,
        "kind": "operation" if item.op else "leaf" if wanted else "constant",
        "inputs": item.inputs,
        "value": in_short(value),
        "about": _statistics(value),
        "slope": "" if gradient is None else _statistics(gradient),
        "dtype": "float" if isinstance(node, Scalar) else str(value.dtype),
        "shape": str(item.shape),
        "where": place_of(item),
        "rules": rules,
        "groups": [number for _, _, number in item.calls],
        "parameter": bool(item.parameter),
    }


def _statistics(value: Any) -> str:
    array = np.asarray(value)
    if array.size <= 6 or array.dtype.kind not in "fc":
        return in_short(array)
    return statistics(array)


def _groups(items: list[Item]) -> dict[int, Any]:
    """The calls of modules: path, module and the call around it, by number."""
    found: dict[int, Any] = {}
    for item in items:
        above = None
        for path, module, number in item.calls:
            if number not in found:
                said = repr(module)
                name = type(module).__name__.lstrip("_") if "\n" in said else said
                count = total(p.shape for p in module.parameters())
                found[number] = {"path": path, "module": name, "above": above, "parameters": count}
            above = number
    return found


def _page(data: Any) -> str:
    here = Path(__file__)
    style, script = (here.with_suffix(end).read_text(encoding="utf-8") for end in (".css", ".js"))
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Computational graph</title>\n'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
        f"<style>{style}</style></head>\n"
        f'<body><script type="application/json" id="data">{text}</script>\n'
        f"<script>{script}</script></body></html>\n"
    )
