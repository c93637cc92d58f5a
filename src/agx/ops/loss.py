"""The element of each loss that needs a formula of its own to be stable."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._engine.graph import primitive
from .._kernels import loops as _kernels
from .._kernels.loops import are_classes as are_classes
from .._runtime.threads import team
from .elementwise.exponential import log, log1p, sigmoid, softplus
from .elementwise.limits import clip, maximum
from .reduce.softmax import log_softmax, softmax

# --- log-softmax of the target class -------------------------------------------------------------


def _nll_value(z: Any, *, targets: np.ndarray, mean: bool) -> Any:
    losses = _kernels.nll(z, targets, mean, team)
    if losses is not None:
        return losses[()]
    losses = -log_softmax(z, axis=1)[np.arange(len(targets)), targets]
    return np.add.reduce(losses) / len(losses) if mean else losses


def _nll_vjp(g: Any, out: Any, z: Any, *, targets: np.ndarray, mean: bool) -> Any:
    """g (softmax(z) - one_hot)."""
    found = _kernels.nll_gradient(g, z, targets, mean, team)
    if found is not None:
        return found
    one_hot = np.zeros(z.shape, z.dtype)
    one_hot[np.arange(len(targets)), targets] = 1
    return (softmax(z, axis=1) - one_hot) * (g / len(targets) if mean else g[:, None])


#: -log softmax(z[n])[targets[n]] for logits z of shape (N, C), or the mean over n. The kernel takes the
#: largest logit off before it adds the logarithm of the sum, so that a small loss of large logits keeps
#: its digits.
softmax_nll = primitive("softmax_nll", _nll_value, (_nll_vjp,), settled=True)

# --- binary cross entropy ------------------------------------------------------------------------


def _bce_value(p: Any, t: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        positive, negative = np.maximum(np.log(p), -100), np.maximum(np.log1p(-p), -100)
    return -(t * positive + (1 - t) * negative)


def _bce_vjp(g: Any, out: Any, p: Any, t: Any) -> Any:
    """(1 - t) / (1 - p) - t / p; at p = 0 and 1 huge but finite."""
    tiny = float(np.finfo(p.dtype).tiny)
    return g * ((1 - t) / maximum(1 - p, tiny) - t / maximum(p, tiny))


#: -(t log p + (1 - t) log(1 - p)) with logarithms of at least -100, as PyTorch's.
bce = primitive(
    "bce",
    _bce_value,
    (_bce_vjp, lambda g, out, p, t: g * (maximum(log1p(-p), -100) - maximum(log(p), -100))),
    elementwise=True,
    derivative=("(1 - t) / (1 - p) - t / p", "log(1 - p) - log(p)"),
)


def _bce_logits_value(z: Any, t: Any, *, pos_weight: Any) -> Any:
    with np.errstate(invalid="ignore"):
        positive = np.where(t == 0, 0, pos_weight * t * np.logaddexp(-z, 0))
        negative = np.where(t == 1, 0, (1 - t) * np.logaddexp(z, 0))
    return (positive + negative).astype(np.result_type(z, t))


#: t softplus(-z) pos_weight + (1 - t) softplus(z): stable for every z, infinite ones included.
bce_logits = primitive(
    "bce_logits",
    _bce_logits_value,
    (
        lambda g, out, z, t, *, pos_weight: (
            g * ((1 - t) * sigmoid(z) - pos_weight * t * sigmoid(-z))
        ),
        lambda g, out, z, t, *, pos_weight: g * (pos_weight * softplus(-z) - softplus(z)),
    ),
    elementwise=True,
    derivative=(
        "(1 - t) * sigmoid(z) - pos_weight * t * sigmoid(-z)",
        "pos_weight * softplus(-z) - softplus(z)",
    ),
)

# --- quadratic near zero, linear beyond ----------------------------------------------------------


def _huber_value(d: Any, *, delta: float) -> Any:
    size = np.abs(d)
    near = np.minimum(size, delta)
    return near * (size - 0.5 * near)


#: 0.5 d^2 for |d| <= delta, delta (|d| - delta / 2) beyond (Huber, 1964).
huber = primitive(
    "huber",
    _huber_value,
    (lambda g, out, d, *, delta: g * clip(d, -delta, delta),),
    elementwise=True,
    derivative="clip(d, -delta, delta)",
)
