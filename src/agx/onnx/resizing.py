"""ONNX's Resize: by the nearest element, or on straight lines between two."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._engine.graph import Node

#: Which element is the nearest to a place between two.
ROUNDED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "ceil": np.ceil,
    "floor": np.floor,
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
}


def _places(how: str, n: int, m: int, scale: float) -> np.ndarray:
    """Where each of ``m`` elements lies among ``n``."""
    steps = np.arange(m, dtype=np.float64)
    if how == "asymmetric":
        return steps / scale
    if how == "align_corners":
        return steps * ((n - 1) / max(m - 1, 1))
    if how == "pytorch_half_pixel" and m == 1:
        return steps
    if how not in ("half_pixel", "pytorch_half_pixel"):
        raise ValueError(f"the ONNX operator Resize is not read with the coordinates {how}")
    return (steps + 0.5) / scale - 0.5


def _taken(x: Any, axis: int, places: np.ndarray) -> Any:
    chosen = np.clip(places, 0, x.shape[axis] - 1).astype(int)
    return x[(*[slice(None)] * axis, chosen)]


def resize(
    x: Any, roi: Any = None, scales: Any = None, sizes: Any = None, *, mode: str = "nearest",
    coordinate_transformation_mode: str = "half_pixel", nearest_mode: str = "round_prefer_floor",
    cubic_coeff_a: float = -0.75, antialias: int = 0, exclude_outside: int = 0,
    extrapolation_value: float = 0.0,
) -> Any:  # fmt: skip
    """Compute what the operator does."""
    if mode not in ("nearest", "linear") or antialias:
        raise ValueError(f"the ONNX operator Resize is not read with mode {mode!r} or antialias")
    given = sizes if sizes is not None else scales
    wanted = np.asarray(given.array if isinstance(given, Node) else given)
    for axis, (n, w) in enumerate(zip(x.shape, wanted.tolist(), strict=True)):
        m = w if sizes is not None else math.floor(n * w)
        if m == n:
            continue
        places = _places(coordinate_transformation_mode, n, m, m / n if sizes is not None else w)
        if mode == "nearest":
            x = _taken(x, axis, ROUNDED[nearest_mode](places))
            continue
        places = np.clip(places, 0, n - 1)
        first = np.floor(places)
        share = (places - first).astype(x.dtype).reshape(-1, *[1] * (len(x.shape) - axis - 1))
        x = _taken(x, axis, first) * (1 - share) + _taken(x, axis, first + 1) * share
    return x
