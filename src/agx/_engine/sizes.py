"""Sizes that come from users: read, bounded, and computed with in integers that do not overflow."""

from __future__ import annotations

import math
import operator
import sys
from typing import Any

import numpy as np

#: The most that one size may be. Kernels multiply two of them, and that has 62 bits.
MOST = 2**31 - 1


def is_integer(value: Any) -> bool:
    """Whether ``value`` is an integer of Python's or NumPy's; True and False are none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def whole(op: str, name: str, value: Any, least: int = 0) -> int:
    """Read one size; ValueError for anything but an integer from ``least`` to MOST."""
    if not is_integer(value) or not least <= value <= MOST:
        raise ValueError(f"{op}: {name} must be {_range(least, value)}, got {value!r}")
    return int(value)


def flag(op: str, name: str, value: Any) -> bool:
    """Read True or False; ValueError for anything else."""
    if value is True or value is False:
        return value
    if not isinstance(value, np.bool_):
        raise ValueError(f"{op}: {name} must be True or False, got {value!r}")
    return bool(value)


def number(op: str, name: str, value: Any) -> int:
    """Read what NumPy takes for an integer, of any size; TypeError for anything else."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{op}: {name} must be an integer, got {value!r}") from None


def count(op: str, name: str, value: Any, least: int = 0) -> int:
    """Read what NumPy takes for a number of elements; ValueError for less than ``least``."""
    found = number(op, name, value)
    if found < least:
        bound = f"be at least {least}" if least else "not be negative"
        raise ValueError(f"{op}: {name} must {bound}, got {value!r}")
    return found


def room(op: str, *lengths: int) -> None:
    """Raise MemoryError if there cannot be a float64 array of these lengths."""
    elements = math.prod(lengths)
    if elements < 1 << 20:
        return
    try:
        np.empty(8 * elements if elements <= sys.maxsize // 8 else -1, np.uint8)
    except (MemoryError, ValueError):
        raise MemoryError(
            f"{op}: a result of shape {lengths} needs {elements / 2**27:.3g} GiB, for which there is no "
            "room; use smaller sizes"
        ) from None


def pair(op: str, name: str, value: Any, least: int) -> tuple[int, int]:
    """Read a size for height and width: one integer for both, or two."""
    if type(value) is int and least <= value <= MOST:
        return value, value
    height, width = each(op, name, value, least, 2)
    return height, width


def each(op: str, name: str, value: Any, least: int, axes: int) -> tuple[int, ...]:
    """Read a size for each of several axes: one integer for all, or as many as there are axes."""
    several = isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim)
    found = tuple(value) if several else (value,) * axes
    if len(found) != axes or not all(is_integer(v) and least <= v <= MOST for v in found):
        more = {1: "", 2: " or a pair of them"}.get(axes, f" or {axes} of them")
        raise ValueError(f"{op}: {name} must be {_range(least, *found)}{more}, got {value!r}")
    return tuple(map(int, found))


def _range(least: int, *values: Any) -> str:
    """What an integer has to be; the upper bound is named to those who are above it."""
    if any(is_integer(v) and v > MOST for v in values):
        return f"an integer from {least} to {MOST}"
    return f"an integer of at least {least}"


def steps(length: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """How many places a kernel has along an axis; at most zero if it does not fit."""
    return (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
