"""What HIPS autograd replaces among Python's built-in names.

Containers of Tensors are ordinary containers here, so that ``list``, ``tuple`` and ``dict`` are Python's.
"""

from __future__ import annotations

import builtins
from builtins import dict as dict
from builtins import list as list
from builtins import tuple as tuple
from typing import Any

from .tracer import peek


def isinstance(x: Any, classes: Any) -> bool:
    """Tell whether ``x``, or the array that it carries if it is a Tensor, is of one of the classes."""
    return builtins.isinstance(x, classes) or builtins.isinstance(peek(x), classes)


def type(x: Any) -> Any:
    """Return the class of ``x``, that of the array for a Tensor."""
    return builtins.type(peek(x))
