"""Curves that kernels compute for float32 in one pass each way, beside formulas for all other arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._engine.graph import Node, Primitive, primitive
from ..._kernels import graph, loops
from ..._runtime.threads import team


def curve(
    name: str, value: Callable[..., Any], slope: Callable[..., Any], **facts: Any
) -> Primitive:
    """Declare an elementwise operation whose value and derivative are formulas in x, and a kernel's.

    ``value`` and ``slope`` may take a number ``alpha``. The slope is written with operations, so that it can
    be differentiated again.
    """
    number = loops.ACTIVATIONS.index(name)

    def compute(x: Any, **params: float) -> Any:
        found = loops.activation(number, x, params.get("alpha", 0.0), team)
        return value(x, **params) if found is None else found

    def pull_back(g: Any, out: Any, x: Any, **params: float) -> Any:
        found = loops.activation_gradient(number, g, out, x, params.get("alpha", 0.0), team)
        return _keep_zeros(g, g * slope(x, **params)) if found is None else found

    def overwrite(g: Any, out: Any, x: Any, **params: float) -> Any:
        return loops.activation_gradient(
            number, g, out, x, params.get("alpha", 0.0), team, overwrite=True
        )

    facts |= {"overwrite": overwrite, "elementwise": True, "settled": True}
    return primitive(name, compute, (pull_back,), **facts)


def _keep_zeros(g: Any, share: Any) -> Any:
    """``share``, and 0 where ``g`` is, if both are arrays: the slope at NaN is NaN."""
    if isinstance(share, Node) or not graph.any_nan(share):
        return share
    return np.where(g == 0, 0, share)
