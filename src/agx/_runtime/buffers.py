"""Memory for large results, used again once nobody holds it (see ``_kernels/arrays``)."""

from __future__ import annotations

import math
import os
import sys
from typing import Any

import numpy as np

from .._kernels import graph

#: Of the machine's memory, the share that may be kept for results to come; never more than was in use.
_SHARE = 8


def memory_of_the_machine() -> int:
    """Its bytes, as far as the system tells, and as many as a process of 32 bits can count."""
    try:
        return min(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), sys.maxsize)
    except (AttributeError, OSError, ValueError):  # as on Windows
        return 0


graph.limit_idle(max(1 << 27, memory_of_the_machine() // _SHARE))


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return an array of unspecified numbers, in memory that nobody else holds."""
    try:
        return graph.new(shape, dtype)
    except (MemoryError, ValueError):
        size = math.prod(shape) * np.dtype(dtype).itemsize
        raise MemoryError(
            f"a result of shape {shape} and dtype {dtype} needs {size / 2**30:.3g} GiB, for which "
            "there is no room; use smaller sizes, or fewer images at a time"
        ) from None


def zeros(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return an array of zeros, in memory that nobody else holds."""
    out = empty(shape, dtype)
    if out.size:
        out.fill(0)
    return out


def is_own(x: np.ndarray) -> bool:
    """Whether an array is no view of another one; a capsule holds memory that is used again."""
    if x.base is None:
        return True
    return type(x.base).__name__ == "PyCapsule" and '"agx.buffer"' in repr(x.base)


def release() -> None:
    """Give the memory of all results that have died back to the system."""
    graph.limit_idle(graph.limit_idle(0))
