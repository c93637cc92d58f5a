"""Losses of a yes or no for each entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import of_arrays
from ...ops import loss as ops
from ...ops.elementwise.exponential import sigmoid, softplus
from ..mistakes import check_bits, notice_logits, notice_order
from .arguments import (
    check_number,
    factors,
    matching,
    power_above_zero,
    reduced,
    same_shape,
    signs,
    takes,
)

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "sigmoid_focal_loss",
    "soft_margin_loss",
]


@takes("probabilities")
@of_arrays
def binary_cross_entropy(
    probabilities: Any, targets: Any, *, weight: Any = None, reduction: str = "mean"
) -> Array:
    """Compute -(t log p + (1 - t) log(1 - p)); logarithms are at least -100.

    ``weight`` multiplies the losses and broadcasts to their shape; the mean is that over all elements.
    Raises ValueError unless both have one shape and lie in [0, 1]; targets elsewhere are let through
    with ``reduction="none"``, for whoever leaves them out; TypeError for a ``weight`` that requires a
    gradient. From logits, use binary_cross_entropy_with_logits: it is exact where probabilities round
    to 0 or 1.

    >>> ag.binary_cross_entropy(np.array([0.5]), np.array([1.0])).round(4)
    np.float64(0.6931)
    """
    p, targets = same_shape("binary_cross_entropy", probabilities, targets)
    value = getattr(p, "value", p)
    notice_order("binary_cross_entropy", p, targets)
    if value.size and (np.fmin.reduce(value, None) < 0 or np.fmax.reduce(value, None) > 1):
        raise ValueError(
            f"binary_cross_entropy: probabilities must lie in [0, 1], got values from "
            f"{np.nanmin(value):.6g} to {np.nanmax(value):.6g}; for logits use "
            "binary_cross_entropy_with_logits"
        )
    check_bits("binary_cross_entropy", targets, reduction)
    losses = ops.bce(p, targets)
    if weight is not None:
        losses = losses * factors("binary_cross_entropy", "weight", weight, p)
    return reduced("binary_cross_entropy", losses, reduction)


@takes("logits")
@of_arrays
def binary_cross_entropy_with_logits(
    logits: Any,
    targets: Any,
    *,
    weight: Any = None,
    pos_weight: Any = None,
    reduction: str = "mean",
) -> Array:
    """Compute the binary cross entropy of sigmoid(logits), without overflow for any logit.

    t log(1 + exp(-z)) pos_weight + (1 - t) log(1 + exp(z)), times ``weight``. Both weights broadcast to
    the shape of the logits; the mean is that over all elements. Raises ValueError unless they do and
    logits and targets have one shape, and for targets outside [0, 1] unless ``reduction="none"``;
    TypeError for a weight that requires a gradient. Warns if the logits are the output of a sigmoid.

    >>> ag.binary_cross_entropy_with_logits(np.array([800.0]), np.array([0.0]))
    np.float64(800.0)
    """
    op = "binary_cross_entropy_with_logits"
    z, targets = _logits(op, logits, targets, reduction)
    losses = ops.bce_logits(z, targets, pos_weight=factors(op, "pos_weight", pos_weight, z))
    if weight is not None:
        losses = losses * factors(op, "weight", weight, z)
    return reduced(op, losses, reduction)


def _logits(op: str, logits: Any, targets: Any, reduction: str) -> tuple[Any, Any]:
    """Logits and targets from 0 to 1, checked."""
    z, targets = same_shape(op, logits, targets)
    notice_logits(op, z)
    notice_order(op, z, targets)
    check_bits(op, targets, reduction)
    return z, targets


@takes("logits")
@of_arrays
def sigmoid_focal_loss(
    logits: Any, targets: Any, *, alpha: float = 0.25, gamma: float = 2.0, reduction: str = "mean"
) -> Array:
    """Compute alpha_t (1 - p_t)^gamma times the binary cross entropy of sigmoid(logits).

    p_t is the probability of the target; alpha_t is ``alpha`` for 1 and 1 - ``alpha`` for 0, or 1 if
    ``alpha`` is negative (Lin et al., 2017). Entries that are easy count little. Torchvision's function
    of this name, but for its ``reduction="none"``. Raises ValueError as binary_cross_entropy_with_logits,
    and unless ``alpha`` is at most 1 and ``gamma`` at least 0.

    >>> ag.sigmoid_focal_loss(np.array([0.0, 5.0]), np.array([1.0, 1.0]), reduction="none").round(4)
    array([0.0433, 0.    ])
    """
    op = "sigmoid_focal_loss"
    check_number(op, "gamma", gamma, 0)
    check_number(op, "alpha", alpha)
    if alpha > 1:
        raise ValueError(f"{op}: alpha must be at most 1, got {alpha!r}")
    z, t = _logits(op, logits, targets, reduction)
    losses = ops.bce_logits(z, t, pos_weight=factors(op, "pos_weight", None, z))
    losses = losses * power_above_zero(t * sigmoid(-z) + (1 - t) * sigmoid(z), gamma)
    if alpha >= 0:
        losses = losses * (alpha * t + (1 - alpha) * (1 - t))
    return reduced(op, losses, reduction)


@takes("logits")
@of_arrays
def soft_margin_loss(logits: Any, targets: Any, *, reduction: str = "mean") -> Array:
    """Compute log(1 + exp(-t z)) for targets t that are 1 or -1, without overflow.

    Raises ValueError for other targets, or of another shape.

    >>> ag.soft_margin_loss(np.array([0.0, -8.0]), np.array([1, 1]), reduction="none").round(4)
    array([0.6931, 8.0003])
    """
    op = "soft_margin_loss"
    [z] = matching(op, logits=logits)
    return reduced(op, softplus(z * -signs(op, targets, z.shape, z.dtype)), reduction)
