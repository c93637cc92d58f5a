"""Memory for large results, used again once nobody holds it.

A training step makes arrays of the same sizes over and over. Fresh ones above the allocator's
threshold come as untouched pages, and touching them costs more than filling them; so the memory of
results that have died is kept, up to a limit, and handed out again.
"""

from __future__ import annotations

import math
import sys
import threading
from typing import Any, cast

import numpy as np

from .._kernels import arrays

#: Bytes below which the allocator is quick by itself, and bytes that a thread keeps at most.
LEAST, MOST = 1 << 16, 1 << 27

#: Bytes in a cache line, on which buffers begin: vectors that straddle two of them cost a quarter more.
LINE = 64


class Buffer(np.ndarray[Any, Any]):
    """Bytes that arrays are made of, one at a time."""


class _Kept(threading.local):
    """The buffers that this thread has handed out or keeps, by size in bytes."""

    def __init__(self) -> None:
        self.by_size: dict[int, list[Buffer]] = {}
        self.total = 0


_kept = _Kept()


def _idle(buffers: list[Buffer]) -> Buffer | None:
    """A buffer that nothing but the list refers to."""
    for buffer in buffers:
        if sys.getrefcount(buffer) <= _HOLDERS_WHEN_IDLE:
            return buffer
    return None


def _on_a_line(size: int) -> Buffer:
    """A new buffer that begins on a cache line."""
    memory = Buffer(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return cast(Buffer, memory[start : start + size])


def _calibrate() -> int:
    """What getrefcount says of a buffer in a list, which differs between versions of Python."""
    for buffer in [np.empty(1, np.uint8)]:
        return sys.getrefcount(buffer)
    raise AssertionError


_HOLDERS_WHEN_IDLE = _calibrate()


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return an array of unspecified numbers, in memory that nobody else holds."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < LEAST:
        return np.empty(shape, dtype)
    buffers = _kept.by_size.get(size, [])
    buffer = _idle(buffers)
    if buffer is None:
        try:
            buffer = _on_a_line(size)
        except (MemoryError, ValueError):
            raise MemoryError(
                f"a result of shape {shape} and dtype {dtype} needs {size / 2**30:.3g} GiB, for which "
                "there is no room; use smaller sizes, or fewer images at a time"
            ) from None
        if _kept.total + size > MOST:
            release()
        if _kept.total + size <= MOST:
            _kept.by_size.setdefault(size, []).append(buffer)
            _kept.total += size
    return np.ndarray(shape, dtype, buffer)


arrays.keep_large_ones(empty, LEAST, Buffer)


def zeros(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return an array of zeros, in memory that nobody else holds."""
    out = empty(shape, dtype)
    out.fill(0)
    return out


def release() -> None:
    """Give the memory of all results that have died back to the system."""
    for size, buffers in list(_kept.by_size.items()):
        held = []
        while buffers:
            idle = _idle(buffers)
            if idle is None:
                held = buffers
                break
            position = next(i for i, b in enumerate(buffers) if b is idle)
            del buffers[position], idle
            _kept.total -= size
        _kept.by_size[size] = held
        if not held:
            del _kept.by_size[size]
