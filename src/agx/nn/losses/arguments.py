"""What losses say of themselves, and how their arguments and results become arrays of one kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..._engine.graph import Node, is_recording
from ..._engine.symbols import as_numbers
from ..._engine.trees import flatten
from ...ops.complex import check_real
from ...ops.elementwise.limits import clip
from ...ops.shape.axes import listed

REDUCTIONS = ("mean", "sum", "none")

#: What the predictions of a loss can be: a score or a log-probability for each class along axis 1, or,
#: each entry for itself, a probability, a logit or a number.
PREDICTIONS = ("scores", "log-probabilities", "probabilities", "logits", "numbers")

Loss = TypeVar("Loss", bound=Callable[..., Any])


def takes(kind: str, over: Callable[..., Any] | None = None) -> Callable[[Loss], Loss]:
    """Say of a loss what its predictions are, one of ``PREDICTIONS``, and over what it is a mean.

    ``over(predictions, targets, **options)`` is the divisor of the mean, or None for all examples alike.
    """

    def mark(loss: Loss) -> Loss:
        loss.takes, loss.over = kind, over  # type: ignore[attr-defined]
        return loss

    return mark


def check_reduction(op: str, reduction: str, *others: str) -> None:
    """Raise ValueError for a reduction that is none, nor one of ``others``."""
    if reduction not in (*REDUCTIONS, *others):
        *names, last = map(repr, (*others, *REDUCTIONS))
        raise ValueError(f"{op}: reduction must be {', '.join(names)} or {last}, got {reduction!r}")


def check_number(op: str, name: str, value: Any, least: float = -math.inf) -> None:
    """Raise ValueError for an option that is no number, or below the least."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise ValueError(f"{op}: {name} must be a number, got {value!r}")
    if not value >= least:
        raise ValueError(f"{op}: {name} must be at least {least:g}, got {value!r}")


def reduced(op: str, losses: Any, reduction: str, count: Any = None) -> Any:
    """The mean (over ``count``, if it is not the number of elements), the sum, or all elements."""
    check_reduction(op, reduction)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if losses.size == 0:
        raise ValueError(f"{op}: an empty batch has no mean; leave it out, or use reduction='sum'")
    return losses.mean() if count is None else losses.sum() / count


def as_array(x: Any) -> Any:
    """A Tensor as it is, anything else as an array; lists of Tensors are stacked."""
    x = listed(x)
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise TypeError(
            "a loss takes no masked numbers, whose mask would be lost; leave them out, or use ignore_index "
            "for class numbers"
        )
    return x if isinstance(x, Node) else as_numbers(x)


def floats(x: Any) -> Any:
    """Predictions as a Tensor or an array; integers become float64, as they do in a Tensor."""
    if isinstance(x, Node):
        return x
    x = as_array(x)
    return x.astype(np.float64) if x.dtype.kind in "biu" else x


def same_shape(op: str, predictions: Any, targets: Any) -> tuple[Any, Any]:
    """Predictions and targets as arrays of one shape and dtype."""
    predictions = floats(predictions)
    targets = targets if type(targets) is np.ndarray else as_array(targets)
    for role, x in (("predictions", predictions), ("targets", targets)):
        _check_numbers(op, role, x)
    if predictions.shape != targets.shape:
        raise ValueError(
            f"{op}: predictions have shape {predictions.shape}, targets {targets.shape}; "
            + _one_shape(predictions.shape, targets)
        )
    check_real(op, predictions, targets)
    if not isinstance(targets, Node):
        targets = targets.astype(predictions.dtype, copy=False)
    return predictions, targets


def _check_numbers(op: str, role: str, x: Any) -> None:
    if x.dtype.kind not in "biufc":
        raise TypeError(
            f"{op}: {role} must be numbers, got dtype {x.dtype}; convert them, as in "
            "x.astype(np.float32) for numbers written as text"
        )


def matching(op: str, /, **arrays: Any) -> list[Any]:
    """Several arrays, by the names of the arguments, as arrays of one shape and dtype."""
    found = [floats(x) for x in arrays.values()]
    for name, x in zip(arrays, found, strict=True):
        _check_numbers(op, name, x)
        if x.shape != found[0].shape:
            raise ValueError(
                f"{op}: {next(iter(arrays))} has shape {found[0].shape}, {name} {x.shape}; give all of "
                "them one shape"
            )
    check_real(op, *found)
    dtype = next((x.dtype for x in found if isinstance(x, Node)), found[0].dtype)
    return [x if isinstance(x, Node) else x.astype(dtype, copy=False) for x in found]


def signs(op: str, targets: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Targets that are 1 or -1, checked, as an array without a gradient."""
    targets = targets if type(targets) is np.ndarray else as_array(targets)
    _refuse_gradient(op, "targets", targets)
    targets = getattr(targets, "value", targets)
    _check_numbers(op, "targets", targets)
    if targets.shape != shape:
        raise ValueError(
            f"{op}: expected targets of shape {shape}, got {targets.shape}; there is one, 1 or -1, for "
            "each prediction or pair"
        )
    wrong = np.abs(targets) != 1
    if wrong.any():
        raise ValueError(
            f"{op}: targets must be 1 or -1, got {targets[wrong][0]}; write 2 * targets - 1 for zeros "
            "and ones"
        )
    return targets.astype(dtype, copy=False)


def _one_shape(shape: tuple[int, ...], targets: Any) -> str:
    """How predictions and targets get one shape."""
    if math.prod(shape) == targets.size:
        return "give both the same shape, for example with .reshape(-1)"
    if len(shape) > 1 and targets.shape == (shape[0], *shape[2:]) and targets.dtype.kind in "biu":
        return "class numbers are targets of ag.cross_entropy"
    return "there must be a target for each prediction: check the number of outputs"


def _refuse_gradient(op: str, name: str, x: Any) -> None:
    if is_recording() and any(isinstance(v, Node) and v.requires_grad for v in flatten(x)[0]):
        raise TypeError(f"{op}: no gradient with respect to {name} is defined; pass a plain array")


def constant(op: str, name: str, x: Any, dtype: Any) -> np.ndarray:
    """An argument without a gradient as an array, unless one would be lost."""
    _refuse_gradient(op, name, x)
    try:
        return np.asarray(x, dtype)
    except (TypeError, ValueError):
        raise TypeError(
            f"{op}: {name} must be numbers, such as [1.0, 2.0] for two classes, got {x!r:.60}"
        ) from None


def factors(op: str, name: str, factor: Any, x: Any) -> np.ndarray:
    """A factor without a gradient that broadcasts to the shape of the predictions ``x``."""
    found = constant(op, name, 1.0 if factor is None else factor, x.dtype)
    sizes = zip(reversed(found.shape), reversed(x.shape), strict=False)
    if found.ndim > len(x.shape) or any(w not in (1, n) for w, n in sizes):
        raise ValueError(
            f"{op}: {name} of shape {found.shape} does not broadcast to the predictions' shape {x.shape}; "
            "give one number, or one for each entry of the last axis"
        )
    return found


def power_above_zero(x: Any, exponent: float) -> Any:
    """``x`` >= 0 to a power whose slope stays finite at 0."""
    return clip(x, float(np.finfo(x.dtype).tiny), None) ** float(exponent)
