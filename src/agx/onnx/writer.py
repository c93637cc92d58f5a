"""What has been written of an ONNX graph, and the names of its values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._engine.graph import Node


def package(who: str) -> Any:
    """The package onnx. Raises ImportError that says how to get it."""
    try:
        import onnx
    except ImportError:
        raise ImportError(
            f'onnx.{who} needs the package onnx; install it with: pip install "agx[onnx]"'
        ) from None
    return onnx


class Writer:
    """Hold the nodes of a graph that is being written; numbers get the model's dtype."""

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype
        #: The name and the two examples of each input of integers that the model looks up.
        self.sources: list[tuple[str, np.ndarray, np.ndarray]] = []
        self.nodes: list[Any] = []
        self.parameters: list[Any] = []
        self._names: dict[Any, str] = {}

    def call(self, node: Node, value: str) -> None:
        """Remember by which name a node's value goes."""
        self._names[node] = value

    def emit(self, op: str, *inputs: Any, **settings: Any) -> str:
        """Write one operator and return the name of its (first) result; numbers become constants."""
        import onnx

        names = [
            a if isinstance(a, str) else self.constant(np.asarray(a, self.dtype)) for a in inputs
        ]
        name = f"{op}_{len(self.nodes)}"
        made = [name, f"{name}_places"] if op == "TopK" else [name]
        self.nodes.append(onnx.helper.make_node(op, names, made, name=name, **settings))
        return name

    def constant(self, value: Any) -> str:
        """Write an array that does not learn."""
        import onnx

        tensor = onnx.numpy_helper.from_array(np.ascontiguousarray(value))
        name = f"Constant_{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node("Constant", [], [name], name=name, value=tensor))
        return name

    def parameter(self, node: Node, name: str) -> None:
        """Write a parameter under its name in the model."""
        import onnx

        array = np.ascontiguousarray(node.array.astype(self.dtype))
        self.parameters.append(onnx.numpy_helper.from_array(array, name))
        self.call(node, name)

    def integers(self, values: Iterable[int]) -> str:
        """Write a list of integers, such as axes."""
        return self.constant(np.array(list(values), np.int64))

    def known(self, a: Any) -> str | None:
        """The name of a node's value, if it has one yet."""
        return self._names.get(a) if isinstance(a, Node) else None


def settled(a: Any, twin: Any) -> Any:
    """An argument that goes for every batch: of equal rows, as many as the batch has, the first."""
    a, twin = (np.asarray(n.array if isinstance(n, Node) else n) for n in (a, twin))
    if a.shape != twin.shape and a.ndim == twin.ndim:
        for axis, (n, m) in enumerate(zip(a.shape, twin.shape, strict=True)):
            first = np.take(twin, [0], axis)
            if n != m and (twin == first).all():
                a, twin = np.take(a, [0], axis), first
    if not np.array_equal(a, twin):
        raise ValueError(
            "an array among its arguments depends on the batch or on the numbers in it"
        )
    return a
