"""Losses of numbers, which compare each with a target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import Node, of_arrays
from ...ops import loss as ops
from ...ops.complex import check_real
from ...ops.elementwise.arithmetic import absolute
from ...ops.elementwise.exponential import exp, log
from ...ops.shape.axes import expand_dims
from ...ops.shape.where import where
from .arguments import check_number, floats, reduced, same_shape, takes

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "gaussian_nll_loss",
    "huber",
    "l1",
    "mse",
    "poisson_nll_loss",
    "smooth_l1_loss",
]


@takes("numbers")
@of_arrays
def mse(predictions: Any, targets: Any, *, reduction: str = "mean") -> Array:
    """Compute the squared difference.

    Raises ValueError unless predictions and targets have one shape.

    >>> ag.mse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)
    """
    predictions, targets = same_shape("mse", predictions, targets)
    difference = predictions - targets
    return reduced("mse", difference * difference, reduction)


@takes("numbers")
@of_arrays
def l1(predictions: Any, targets: Any, *, reduction: str = "mean") -> Array:
    """Compute the absolute difference.

    Raises ValueError unless predictions and targets have one shape.

    >>> ag.l1(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(1.0)
    """
    predictions, targets = same_shape("l1", predictions, targets)
    return reduced("l1", absolute(predictions - targets), reduction)


@takes("numbers")
@of_arrays
def huber(predictions: Any, targets: Any, *, delta: float = 1.0, reduction: str = "mean") -> Array:
    """Compute half the squared difference up to ``delta``, and continue in a straight line.

    Raises ValueError unless predictions and targets have one shape and ``delta`` is positive
    (Huber, 1964).

    >>> ag.huber(np.array([0.0, 0.0]), np.array([1.0, 3.0]), reduction="none")
    array([0.5, 2.5])
    """
    if not isinstance(delta, (int, float, np.number)) or not delta > 0:
        raise ValueError(f"huber: delta must be positive, got {delta!r}")
    predictions, targets = same_shape("huber", predictions, targets)
    return reduced("huber", ops.huber(predictions - targets, delta=float(delta)), reduction)


@takes("numbers")
@of_arrays
def smooth_l1_loss(
    predictions: Any, targets: Any, *, beta: float = 1.0, reduction: str = "mean"
) -> Array:
    """Compute half the squared difference over ``beta`` up to ``beta``, and continue with slope 1.

    This is huber with that ``delta``, over it; l1 if ``beta`` is 0 (Girshick, 2015). Raises ValueError
    unless predictions and targets have one shape and ``beta`` is not negative.

    >>> ag.smooth_l1_loss(np.array([0.0, 0.0]), np.array([1.0, 3.0]), beta=2.0, reduction="none")
    array([0.25, 2.  ])
    """
    op = "smooth_l1_loss"
    check_number(op, "beta", beta, 0)
    predictions, targets = same_shape(op, predictions, targets)
    difference = predictions - targets
    if beta == 0:
        return reduced(op, absolute(difference), reduction)
    return reduced(op, ops.huber(difference, delta=float(beta)) / float(beta), reduction)


@takes("numbers")
@of_arrays
def poisson_nll_loss(
    predictions: Any,
    targets: Any,
    *,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Array:
    """Compute minus the log-probability of counts under Poisson distributions, but for a constant.

    exp(x) - t x, where the predictions x are logarithms of the means; without ``log_input`` they are the
    means, x - t log(x + eps). ``full`` adds Stirling's t log t - t + log(2 pi t) / 2 where t > 1.
    Raises ValueError unless predictions and targets have one shape, and for negative targets.

    >>> ag.poisson_nll_loss(np.array([0.0, 1.0]), np.array([2.0, 3.0]), reduction="none").round(4)
    array([ 1.    , -0.2817])
    """
    op = "poisson_nll_loss"
    check_number(op, "eps", eps, 0)
    x, t = same_shape(op, predictions, targets)
    value = getattr(t, "value", t)
    if value.size and value.min() < 0:
        raise ValueError(
            f"{op}: targets are counts and not negative, got {value.min():.6g}; use gaussian_nll_loss for "
            "other numbers"
        )
    losses = exp(x) - t * x if log_input else x - t * log(x + eps)
    if full:
        many = value > 1
        n = where(many, t, 1.0)
        losses = losses + where(many, n * log(n) - n + 0.5 * log(2 * np.pi * n), 0.0)
    return reduced(op, losses, reduction)


@takes("numbers")
@of_arrays
def gaussian_nll_loss(
    predictions: Any,
    targets: Any,
    var: Any,
    *,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Array:
    """Compute (log var + (x - t)^2 / var) / 2: minus the log-probability under normal distributions.

    ``var`` holds the variances: one number, one for each prediction, or the same for all along an axis,
    which has length 1 there or is the last one and missing. They count as at least ``eps``, though their
    gradient is that of the formula. ``full`` adds log(2 pi) / 2. Raises ValueError for shapes that do not
    fit and for negative variances (Nix and Weigend, 1994).

    >>> ag.gaussian_nll_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0]), np.array([1.0, 4.0])).round(4)
    np.float64(0.5966)
    """
    op = "gaussian_nll_loss"
    if not eps > 0:
        raise ValueError(f"{op}: eps must be positive, got {eps!r}")
    x, t = same_shape(op, predictions, targets)
    var = _variances(op, floats(var), x)
    value = getattr(var, "value", var)
    if (value < 0).any():
        raise ValueError(
            f"{op}: variances must not be negative, got {value.min():.6g}; let the model give their "
            "logarithm, and write ag.exp of it"
        )
    var = var + np.maximum(eps - value, 0).astype(x.dtype)
    difference = x - t
    losses = 0.5 * (log(var) + difference * difference / var)
    return reduced(op, losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


def _variances(op: str, var: Any, x: Any) -> Any:
    """Variances in a shape that broadcasts to that of the predictions ``x``."""
    check_real(op, var)
    if not isinstance(var, Node):
        var = var.astype(x.dtype, copy=False)
    if var.shape == x.shape[:-1] and var.shape:
        return expand_dims(var, -1)
    if var.shape == () or (
        len(var.shape) == len(x.shape)
        and all(v in (1, n) for v, n in zip(var.shape, x.shape, strict=True))
    ):
        return var
    raise ValueError(
        f"{op}: predictions have shape {x.shape}, var {var.shape}; give one variance for each, or leave "
        "out the last axis"
    )
