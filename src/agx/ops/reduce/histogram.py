"""Histograms and counts, differentiable in the weights and the edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import implements, is_node, value_of
from ..._engine.sizes import count, room
from ..complex import check_real
from ..shape.axes import as_array, listed, ravel, reshape, transpose
from ..shape.create import linspace
from ..shape.index import getitem, scatter_add
from .extremes import max, min
from .running import diff
from .sums import sum

if TYPE_CHECKING:
    from ..._engine.signatures import Array, Counted

__all__ = [
    "bincount",
    "histogram",
    "histogram2d",
    "histogram_bin_edges",
    "histogramdd",
]


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Array:
    """Return the edges of the bins: given, or evenly spaced over ``range`` or over ``a``.

    They are differentiable in their ends.

    >>> ag.histogram_bin_edges(np.array([0.0, 1.0, 4.0]), 2)
    array([0., 2., 4.])
    """
    a, bins, range = as_array(a), listed(bins), listed(range)
    plain = np.histogram_bin_edges(*map(value_of, (a, bins, range, listed(weights))))
    if np.ndim(bins):
        return bins
    if not is_node(a if range is None else range) or not a.size:
        return plain
    low, high = (min(a), max(a)) if range is None else (range[0], range[1])
    spread = 0.5 if value_of(low) == value_of(high) else 0.0
    return linspace(low - spread, high + spread, len(plain))


def _fill(
    columns: list[Any], edges: list[Any], weights: Any, density: bool | None
) -> tuple[Any, list[Any]]:
    """What falls into each cell of the grid of ``edges``, whose last edge belongs to the last bin."""
    shape = tuple(len(e) - 1 for e in edges)
    places, inside = [], np.ones(len(columns[0]), bool)
    for x, edge in zip(map(value_of, columns), map(value_of, edges), strict=True):
        places.append(np.where(x == edge[-1], len(edge) - 2, np.searchsorted(edge, x, "right") - 1))
        inside &= (x >= edge[0]) & (x <= edge[-1])
    kept = np.flatnonzero(inside)
    cells = tuple(p[kept] for p in places)
    weights = np.ones(len(inside)) if weights is None else weights
    if weights.shape != inside.shape:
        raise ValueError(
            f"histogramdd: expected {len(inside)} weights, one for each point, got {weights.shape}"
        )
    dtype = np.result_type(weights.dtype, np.float32)
    found = scatter_add(getitem(weights, kept), cells, shape, dtype)
    if density:
        found = found / sum(found)
        for k, edge in enumerate(edges):
            found = found / reshape(diff(edge), [-1 if k == j else 1 for j in range(len(shape))])
    return found, edges


@implements(np.histogram)
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Array, ...]:
    """Count the elements in each bin, or add up their ``weights``, and return the edges too.

    With ``density`` the integral is 1. See ``histogram_bin_edges`` for the bins.

    >>> ag.histogram(np.array([0.0, 1.0, 4.0]), 2)
    (array([2, 1]), array([0., 2., 4.]))
    """
    a, bins, range, weights = as_array(a), listed(bins), listed(range), listed(weights)
    edges = histogram_bin_edges(a, bins, range, weights)
    if not density and not is_node(weights):
        return np.histogram(*map(value_of, (a, bins, range, density, weights)))[0], edges
    weights = None if weights is None else ravel(weights)
    return _fill([ravel(a)], [edges], weights, density)[0], edges


@implements(np.histogramdd)
def histogramdd(
    sample: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
) -> Counted:
    """Count points in the cells of a grid: rows of ``sample``, or one array for each coordinate.

    Returns the counts, sums of weights or densities, and the edges along each axis.

    >>> ag.histogramdd(np.array([[0.0, 0.0], [1.0, 3.0], [1.0, 2.0]]), bins=2)[0]
    array([[1., 0.],
           [0., 2.]])
    """
    points = as_array(sample)
    if points.ndim > 2:
        raise ValueError(
            f"histogramdd: expected a row of coordinates for each point, got shape {points.shape}"
        )
    if not hasattr(sample, "shape") or points.ndim != 2:
        points = transpose(points) if points.ndim == 2 else reshape(points, (-1, 1))
    count = points.shape[1]
    several = isinstance(bins, Sequence) or np.ndim(bins) > 0
    bins = list(bins) if several else [bins] * count
    ranges = [None] * count if range is None else list(range)
    if len(bins) != count or len(ranges) != count:
        raise ValueError(
            f"histogramdd: points of {count} coordinates need as many bins and ranges, got {len(bins)} "
            f"and {len(ranges)}"
        )
    columns = [points[:, k] for k in np.arange(count)]
    edges = [histogram_bin_edges(x, b, r) for x, b, r in zip(columns, bins, ranges, strict=True)]
    return _fill(columns, edges, listed(weights), density)  # type: ignore[return-value]


@implements(np.histogram2d)
def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
) -> tuple[Array, ...]:
    """Count points (x, y) in the cells of a grid; see ``histogramdd``.

    >>> ag.histogram2d(np.array([0.0, 1.0]), np.array([0.0, 3.0]), 2)[0]
    array([[1., 0.],
           [0., 1.]])
    """
    if (isinstance(bins, Sequence) or np.ndim(bins) > 0) and len(bins) not in (1, 2):
        bins = [bins, bins]
    found, edges = histogramdd([as_array(x), as_array(y)], bins, range, density, weights)
    return found, edges[0], edges[1]


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Array:
    """Add up the weights of each of the integers in ``x``.

    >>> ag.bincount(np.array([0, 1, 1]), weights=np.array([1.0, 2.0, 3.0]))
    array([1., 5.])
    """
    if is_node(x):
        raise TypeError("bincount: x must be integers, got a Tensor; use x.value.astype(int)")
    if weights is None:
        return np.bincount(x, minlength=minlength)
    x, weights = np.asarray(x), as_array(weights)
    if x.ndim != 1 or (x.size and x.min() < 0):
        raise ValueError("bincount: x must be a vector of integers that are not negative")
    if x.shape != weights.shape:
        raise ValueError(
            f"bincount: expected weights of the shape of x, {x.shape}, got {weights.shape}"
        )
    check_real("bincount", weights)
    size, found = count("bincount", "minlength", minlength), int(x.max()) + 1 if x.size else 0
    size = found if found > size else size
    room("bincount", size)
    return scatter_add(weights, x, (size,), np.float64)
