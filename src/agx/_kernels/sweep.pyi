from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import Node

_Hooks = tuple[dict[Node, Callable[[Any], Any]], dict[Node, Callable[[], None]]] | None

class Watch: ...

def push(node: Node) -> None: ...
def backward(root: Node, seed: np.ndarray, free: bool, hooks: _Hooks = None) -> None: ...
def pullback(
    root: Node,
    seed: np.ndarray | Node,
    wrt: list[Node],
    create_graph: bool,
    hooks: _Hooks = None,
    stacked: Callable[..., Any] | None = None,
) -> Any: ...
def nodes_below(root: Any) -> list[Any]: ...
def leaves_below(root: Node) -> list[Node]: ...
def wanted_below(root: Node) -> list[Node]: ...
