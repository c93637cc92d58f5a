"""Convolution along some axes of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...._engine.graph import Node
from ..absent import absent as _absent

Axes = Sequence[Sequence[int]]


def _sizes(x: Any, axes: Sequence[int]) -> list[int]:
    return [x.shape[a] for a in axes]


def _axes(pair: Axes, A: Any, B: Any) -> tuple[list[int], list[int]]:
    return [int(a) % A.ndim for a in pair[0]], [int(b) % B.ndim for b in pair[1]]


def convolve(
    A: Any, B: Any, axes: Axes | None = None, dot_axes: Axes = ((), ()), mode: str = "full"
) -> Any:
    """Convolve along pairs of ``axes``, all by default, and sum products along ``dot_axes``.

    The result has the other axes of ``A``, those of ``B``, then the convolved ones, whose sizes
    ``mode`` gives as in ``scipy.signal.convolve``: "full", "valid", or "same" as those of ``A``.

    >>> from agx.compat.autograd.scipy.signal import convolve
    >>> convolve(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0]), mode="valid")
    array([3., 5.])
    """
    if mode not in ("full", "valid", "same"):
        raise ValueError(f"convolve: mode is 'full', 'valid' or 'same', got {mode!r}")
    A, B = (x if isinstance(x, Node) else np.asarray(x) for x in (A, B))
    on_a, on_b = _axes(axes or [range(A.ndim), range(B.ndim)], A, B)
    dot_a, dot_b = _axes(dot_axes, A, B)
    n, k = _sizes(A, on_a), _sizes(B, on_b)
    if mode == "valid" and any(b > a for a, b in zip(n, k, strict=True)):
        if any(b < a for a, b in zip(n, k, strict=True)):
            raise ValueError(
                f"convolve: 'valid' needs one array to hold the other, got {n} and {k}"
            )
        swapped = convolve(B, A, (on_b, on_a), (dot_b, dot_a), mode)
        first, second = (
            x.ndim - len(c) - len(d) for x, c, d in ((B, on_b, dot_b), (A, on_a, dot_a))
        )
        return np.moveaxis(swapped, range(first), range(second, second + first))
    before = [0] * len(k) if mode == "valid" else [b - 1 for b in k]
    after = before
    if mode == "same":
        before = [b // 2 for b in k]
        after = [b - 1 - b // 2 for b in k]
    widths = np.zeros((A.ndim, 2), int)
    widths[on_a] = np.column_stack([before, after]).reshape(-1, 2)
    windows = (
        np.lib.stride_tricks.sliding_window_view(np.pad(A, widths), tuple(k), tuple(on_a))
        if k
        else A
    )
    flipped = np.flip(B, tuple(on_b)) if k else B
    inside = list(range(A.ndim, A.ndim + len(k)))
    found = np.tensordot(windows, flipped, (dot_a + inside, dot_b + on_b))
    kept = [a for a in range(A.ndim) if a not in dot_a]
    return np.moveaxis(found, [kept.index(a) for a in on_a], range(-len(k), 0))


__getattr__ = _absent("agx.compat.autograd.scipy.signal")
