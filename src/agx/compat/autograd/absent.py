"""What HIPS autograd offers and agx does not, with what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_GRAPH = "agx keeps its graph in Tensors; read .inputs and .op, or draw it with ag.draw"
_SPACES = "agx has no vector spaces; use np.zeros_like, np.ones_like and misc.flatten"
_RULES = "rules belong to the primitive; give them with defvjp"

INSTEAD = {
    "Node": _GRAPH, "VJPNode": _GRAPH, "JVPNode": _GRAPH, "trace": _GRAPH, "new_box": _GRAPH,
    "TraceStack": _GRAPH, "trace_stack": _GRAPH, "find_top_boxed_args": _GRAPH, "toposort": _GRAPH,
    "const_graph": _GRAPH, "full_graph": _GRAPH, "backward_pass": "use make_vjp",
    "VSpace": _SPACES, "vspace": _SPACES, "SparseObject": _SPACES, "SparseBox": _SPACES,
    "primitive_vjps": _RULES, "primitive_jvps": _RULES, "register_notrace": "use notrace_primitive",
}  # fmt: skip


def absent(module: str) -> Callable[[str], Any]:
    """A ``__getattr__`` for a module that says why a name is missing."""

    def look_up(name: str) -> Any:
        if name in INSTEAD:
            raise ImportError(f"{module} has no {name}: {INSTEAD[name]}")
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return look_up
