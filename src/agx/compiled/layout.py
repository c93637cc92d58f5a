"""Where the values of a compiled program lie: views of storages, found by NumPy views of empty arrays."""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Sequence
from typing import Any

import numpy as np

from .recorder import Spec

#: Bytes at whose multiples storages begin.
ALIGNMENT = 64
#: Bytes up to which storages share places of their own size only.
SMALL = 4096
#: Runs below which a call costs more than strides do.
SHORT = 16


class Storage:
    """Memory of its own: an input's, a constant's, an output's, a call's, or a place in the arena."""

    def __init__(self, ghost: np.ndarray, base: int = -1) -> None:
        self.ghost, self.base, self.offset = ghost, base, 0
        self.first = self.last = -1
        self._address = -1

    @property
    def address(self) -> int:
        """Where the ghost begins, from which views count."""
        if self._address < 0:
            self._address = self.ghost.__array_interface__["data"][0]
        return self._address


class View:
    """A part of a storage, by a NumPy view of its ghost, which is never read."""

    def __init__(self, storage: Storage, ghost: np.ndarray) -> None:
        self.storage, self.ghost, self.offset = storage, ghost, 0
        if ghost is not storage.ghost and ghost.size:
            self.offset = ghost.__array_interface__["data"][0] - storage.address

    def of(self, ghost: np.ndarray) -> View:
        """Another view of the same storage."""
        return View(self.storage, ghost)

    @property
    def place(self) -> tuple[int, int]:
        """The number of a base, and the offset there."""
        return self.storage.base, self.storage.offset + self.offset

    @property
    def whole(self) -> bool:
        """Whether it is all of the storage, in order."""
        same = self.ghost.size == self.storage.ghost.size
        return same and self.ghost.flags.c_contiguous and not self.offset


def ghost(spec: Spec) -> np.ndarray:
    """An array that only has addresses; the system gives it no memory before it is written."""
    return np.empty(*spec)


def fresh(spec: Spec, base: int = -1) -> View:
    """A view of all of a new storage."""
    storage = Storage(ghost(spec), base)
    return View(storage, storage.ghost)


def reshaped(view: View, shape: tuple[int, ...]) -> View | None:
    """The same elements in another shape, or None if that takes a copy."""
    found = view.ghost.reshape(shape)
    return (
        view.of(found) if not found.size or np.may_share_memory(found, view.storage.ghost) else None
    )


def walk(views: Sequence[np.ndarray], lead: int) -> tuple[list[int], list[list[int]]]:
    """The axes that a loop over arrays of one shape has: their lengths, and the strides of all arrays.

    Axes lie in the order of the strides of array ``lead``; neighbours that are one run in all arrays are
    joined. A last one that is short changes places with a long one, for each run of it costs a call.
    """
    shape = views[0].shape
    axes = sorted(
        (a for a, n in enumerate(shape) if n != 1), key=lambda a: -abs(views[lead].strides[a])
    )
    lengths: list[int] = []
    strides: list[list[int]] = []
    for a in axes:
        new = [v.strides[a] for v in views]
        if lengths and all(s == t * shape[a] for s, t in zip(strides[-1], new, strict=True)):
            lengths[-1] *= shape[a]
            strides[-1] = new
        else:
            lengths.append(shape[a])
            strides.append(new)
    if len(lengths) > 1 and lengths[-1] < SHORT:
        longest = max(range(len(lengths)), key=lengths.__getitem__)
        if lengths[longest] > 2 * lengths[-1]:
            lengths.append(lengths.pop(longest))
            strides.append(strides.pop(longest))
    return lengths, strides


def pack(storages: Sequence[Storage]) -> int:
    """Give each storage a place that no other one has while it lives; returns the bytes that takes."""
    placed: list[tuple[int, int, int]] = []  # start, stop and last time, by start
    small: dict[int, list[int]] = {}
    living: list[tuple[int, int, int]] = []  # last time, size and place of small ones
    total = 0
    order = sorted(storages, key=lambda s: s.first)
    for storage in order:
        size = -(-max(storage.ghost.nbytes, 1) // ALIGNMENT) * ALIGNMENT
        if size > SMALL:
            placed = [p for p in placed if p[2] >= storage.first]
            at = 0
            for start, stop, _ in placed:
                if start - at >= size:
                    break
                at = max(at, stop)
            storage.offset = at
            bisect.insort(placed, (at, at + size, storage.last))
            total = max(total, at + size)
    for storage in order:
        size = -(-max(storage.ghost.nbytes, 1) // ALIGNMENT) * ALIGNMENT
        if size <= SMALL:
            while living and living[0][0] < storage.first:
                _, room, at = heapq.heappop(living)
                small[room].append(at)
            free = small.setdefault(size, [])
            storage.offset = free.pop() if free else total
            total = max(total, storage.offset + size)
            heapq.heappush(living, (storage.last, size, storage.offset))
    return total


def pieces(shape: tuple[int, ...], shift: Any, axis: Any) -> list[tuple[Any, Any]]:
    """The (from, to) pairs of slices of which np.roll is made."""
    shifts, axes = np.broadcast_arrays(np.atleast_1d(shift), np.atleast_1d(axis))
    found: list[tuple[Any, Any]] = [((slice(None),) * len(shape), (slice(None),) * len(shape))]
    moves: dict[int, int] = {}
    for s, a in zip(shifts.tolist(), axes.tolist(), strict=True):
        moves[a % len(shape)] = moves.get(a % len(shape), 0) + s
    for a, s in moves.items():
        n = shape[a]
        s %= max(n, 1)
        if not s:
            continue
        parts = [(slice(0, n - s), slice(s, n)), (slice(n - s, n), slice(0, s))]
        found = [
            ((*f[:a], p, *f[a + 1 :]), (*t[:a], q, *t[a + 1 :])) for f, t in found for p, q in parts
        ]
    return found


def around(shape: tuple[int, ...], index: Any) -> list[Any]:
    """Indices of what an assignment leaves: the rows before and after a range of them, or all."""
    first = index[0] if isinstance(index, tuple) and len(index) == 1 else index
    if not isinstance(first, slice) or not shape:
        return [...]
    start, stop, step = first.indices(shape[0])
    if step != 1 or stop < start:
        return [...]
    return [slice(a, b) for a, b in ((0, start), (stop, shape[0])) if a < b]
