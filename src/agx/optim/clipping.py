"""The clipping of gradients before a step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .._kernels.graph import Scalar
from ..tensor import Tensor
from .optimizer import check_range, listed


def clip_grad_norm(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients together so that their norm is at most ``max_norm``; return the norm before.

    The norm is that of all gradients as one vector. Raises ValueError for a negative ``max_norm``,
    TypeError for parameters that are neither Tensors nor Scalars.

    >>> w = ag.Tensor([0.0, 0.0])
    >>> w.grad = np.array([3.0, 4.0])
    >>> ag.optim.clip_grad_norm([w], 1.0)
    5.0
    """
    check_range("clip_grad_norm", max_norm=max_norm)
    found = listed("clip_grad_norm", parameters)
    total = math.sqrt(sum(_square(_gradient(p)) for p in found))
    scale = max_norm / (total + 1e-6)
    if scale < 1:
        for p in found:
            if isinstance(p, Scalar) or isinstance(p.grad_or_none, Tensor):
                p.grad = p.grad * scale
            elif p.grad_or_none is not None:
                np.multiply(p.grad_or_none, scale, out=p.grad_or_none)
    return total


def clip_grad_value(parameters: Iterable[Tensor], clip_value: float) -> None:
    """Cut every element of the gradients to the range from -clip_value to clip_value.

    Raises ValueError for a negative ``clip_value``, TypeError for parameters that are neither Tensors nor
    Scalars.

    >>> w = ag.Tensor([0.0, 0.0])
    >>> w.grad = np.array([3.0, -0.5])
    >>> ag.optim.clip_grad_value([w], 1.0)
    >>> w.grad
    array([ 1. , -0.5])
    """
    check_range("clip_grad_value", clip_value=clip_value)
    for p in listed("clip_grad_value", parameters):
        if isinstance(p, Scalar):
            p.grad = min(max(p.grad, -clip_value), clip_value)
        elif isinstance(p.grad_or_none, Tensor):
            p.grad = p.grad.clip(-clip_value, clip_value)
        elif p.grad_or_none is not None:
            np.clip(p.grad_or_none, -clip_value, clip_value, out=p.grad_or_none)


def _gradient(p: Any) -> Any:
    if isinstance(p, Scalar):
        return p.grad
    return 0.0 if p.grad_or_none is None else p.grad_or_none


def _square(g: Any) -> float:
    """The sum of squares, in float64 where those of float32 would be lost."""
    found = float(np.vdot(g, g).real)
    if 1e-30 < found < math.inf or not isinstance(g, np.ndarray):
        return found
    wide = g.astype(np.float64)
    return float(np.vdot(wide, wide))
