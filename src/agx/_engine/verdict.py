"""What transforms say of results that have no gradient."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from .._kernels.graph import Node
from .entered import here
from .places import HOME
from .trace import Trace


def users_level() -> int:
    """The ``stacklevel`` with which the caller of this function warns in the user's own line."""
    level, frame = 1, sys._getframe(1)
    while frame.f_code.co_filename.startswith(HOME) and frame.f_back is not None:
        level, frame = level + 1, frame.f_back
    return level


def refuse_integers(who: str, result: Any) -> None:
    """Raise TypeError for truth values and integers, which have no gradient."""
    if isinstance(result, Node):
        return
    dtype = getattr(result, "dtype", None)
    kind = dtype.kind if isinstance(dtype, np.dtype) else ""
    if not isinstance(result, (bool, int)) and kind not in ("b", "i", "u"):
        return
    what = (
        f"an array of dtype {dtype}" if np.ndim(result) else f"the {type(result).__name__} {result}"
    )
    raise TypeError(
        f"{who}: the function returned {what}, and truth values and integers have no gradient; return "
        "the floats that it was computed from, or float(...) of it to have it taken for a constant"
    )


def warn_if_independent(who: str, trace: Trace, results: Iterable[Any]) -> None:
    """Warn once if none of the results depends on what is differentiated in, so that zeros follow.

    There is nothing to say of the derivative of a function that does depend on it, which is constant
    where that function is linear, and nothing twice: an inner transform may have warned.
    """
    found = [r for r in results if r is not None and getattr(r, "size", True)]
    if trace.excused or not trace.nodes or not found or trace.reaches(*found):
        return
    for outer in here.traces:
        outer.excused = True
    warnings.warn(
        f"Output seems independent of input. {who}: what the function returned was computed without the "
        "argument, so that its derivative is zero; use the argument itself, not t.value or t.detach()",
        UserWarning,
        stacklevel=users_level(),
    )
