from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from .graph import Node

class _Watch(Protocol):
    due: dict[int, list[Node]]
    told: set[Node]
    def wants(self, order: list[Node], /) -> bool: ...
    def tell(self, node: Node, g: Any, /) -> Any: ...

def declare_mend(function: Callable[[Any, int, Any, Any, bool], Any]) -> None: ...
def push(node: Node) -> None: ...
def backward(
    root: Node, seed: np.ndarray, free: bool, retain: bool, watch: _Watch | None = None
) -> None: ...
def pullback(
    root: Node,
    seed: np.ndarray | Node,
    wrt: list[Node],
    create_graph: bool,
    watch: _Watch | None = None,
    stacked: Callable[..., Any] | None = None,
    ends: bool = False,
) -> Any: ...
def nodes_below(root: Any) -> list[Any]: ...
def leaves_below(root: Node) -> list[Node]: ...
def wanted_below(root: Node) -> list[Node]: ...
