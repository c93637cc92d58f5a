"""NumPy's own operations on Tensors beside PyTorch's: reductions, running sums, sorting, picked rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import agx as ag

from .networks import Build
from .operations import both_ways

SQUARE = (1000, 1000)
#: Numbers of rows that are picked, with repeats.
ROWS = np.random.default_rng(2).integers(0, 10_000, 5000)


def without_ties(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers between -1 and 1, all different, for libraries share the gradient of equal ones differently."""
    n = math.prod(shape)
    return (2 * rng.permutation(n).reshape(shape) + 1.0 - n) / n


def reduction(ours: Callable[[Any], Any], theirs: Callable[[Any, Any], Any]) -> Build:
    """A function of an array of 1000 x 1000; ``theirs`` is given PyTorch and the array."""
    return both_ways(ours, lambda torch: lambda x: theirs(torch, x), (SQUARE,), draw=without_ties)


REDUCTIONS: dict[str, Build] = {
    "sort": reduction(lambda x: np.sort(x, axis=-1), lambda torch, x: torch.sort(x, -1).values),
    "cumsum": reduction(lambda x: np.cumsum(x, axis=-1), lambda torch, x: torch.cumsum(x, -1)),
    "cumprod": reduction(lambda x: np.cumprod(x, axis=-1), lambda torch, x: torch.cumprod(x, -1)),
    "sum, axis 0": reduction(lambda x: np.sum(x, axis=0), lambda torch, x: torch.sum(x, 0)),
    "sum, axis 1": reduction(lambda x: np.sum(x, axis=1), lambda torch, x: torch.sum(x, 1)),
    "var": reduction(lambda x: np.var(x, axis=-1), lambda torch, x: torch.var(x, -1, correction=0)),
    "max, axis 0": reduction(lambda x: np.max(x, axis=0), lambda torch, x: torch.amax(x, 0)),
    "max, axis 1": reduction(lambda x: np.max(x, axis=1), lambda torch, x: torch.amax(x, 1)),
}


def picked_rows() -> Build:
    """5000 rows of (10000, 64)."""
    return both_ways(
        lambda x: x[ROWS], lambda torch: lambda x: x[torch.from_numpy(ROWS)], ((10_000, 64),)
    )


def embedding() -> Build:
    """The same rows by an embedding layer."""
    layer = ag.nn.Embedding(10_000, 64)

    def ours(w: Any) -> Any:
        layer.weight = w
        return layer(ROWS)

    return both_ways(
        ours,
        lambda torch: lambda w: torch.nn.functional.embedding(torch.from_numpy(ROWS), w),
        ((10_000, 64),),
    )


def scatter_add() -> Build:
    """5000 rows added to those of (10000, 64)."""

    def ours(x: Any, rows: Any) -> Any:
        out = x * 1.0
        np.add.at(out, ROWS, rows)
        return out

    return both_ways(
        ours,
        lambda torch: lambda x, rows: (x * 1.0).index_add(0, torch.from_numpy(ROWS), rows),
        ((10_000, 64), (len(ROWS), 64)),
    )


def exponential() -> Build:
    """exp of a million float64."""
    return both_ways(np.exp, lambda torch: torch.exp, ((1_000_000,),), np.float64)
