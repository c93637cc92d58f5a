"""What nodes can tell of themselves, by modules far above this one that are loaded when somebody asks."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def explain(node: Any, index: Any = None) -> Any:
    """The local rule of the operation that made ``node``, in words."""
    return import_module("agx.inspection").explain(node, index)


def sweep(root: Any) -> Any:
    """The backward sweep of a result, step by step."""
    return import_module("agx.inspection").Trace(root)
