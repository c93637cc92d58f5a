"""Losses: each a function of predictions and targets, and a module. Formulas are PyTorch's.

Predictions and targets must have matching shapes: a mismatch is an error, never a broadcast. Each says
with ``takes`` what its predictions are; metrics follow from that.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from .._engine.graph import Node, is_recording, of_arrays
from .._engine.symbols import as_numbers, is_traced, symbolic_call
from .._engine.trees import flatten
from ..ops import loss as ops
from ..ops.complex import check_real
from ..ops.elementwise.arithmetic import absolute
from ..ops.reduce.softmax import log_softmax
from ..ops.shape.axes import listed, moveaxis, reshape
from ..ops.shape.where import where
from .mistakes import (
    check_bits,
    notice_log_probabilities,
    notice_logits,
    notice_order,
    notice_scores,
)
from .module import Module

if TYPE_CHECKING:
    from .._engine.signatures import Array, Tensor

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber",
    "l1",
    "mse",
    "nll_loss",
]

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


def _over_classes(
    predictions: Any, targets: Any, *, weight: Any = None, ignore_index: int = -100, **_: Any
) -> float | None:
    """The number of class numbers that are not ignored, or the sum of the weights of their classes."""
    targets = np.asarray(getattr(targets, "value", targets))
    if targets.dtype.kind not in "iu" or targets.shape == predictions.shape:
        return None
    if weight is None:
        return float(targets.size - np.count_nonzero(targets == ignore_index))
    return float(np.asarray(weight)[targets[targets != ignore_index]].sum())


def _check_reduction(op: str, reduction: str) -> None:
    if reduction not in REDUCTIONS:
        raise ValueError(f"{op}: reduction must be 'mean', 'sum' or 'none', got {reduction!r}")


def _reduce(op: str, losses: Any, reduction: str, count: Any = None) -> Any:
    """The mean (over ``count``, if it is not the number of elements), the sum, or all elements."""
    _check_reduction(op, reduction)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if losses.size == 0:
        raise ValueError(f"{op}: an empty batch has no mean; leave it out, or use reduction='sum'")
    return losses.mean() if count is None else losses.sum() / count


def _array(x: Any) -> Any:
    """A Tensor as it is, anything else as an array; lists of Tensors are stacked."""
    x = listed(x)
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise TypeError(
            "a loss takes no masked numbers, whose mask would be lost; leave them out, or use ignore_index "
            "for class numbers"
        )
    return x if isinstance(x, Node) else as_numbers(x)


def _floats(x: Any) -> Any:
    """Predictions as a Tensor or an array; integers become float64, as they do in a Tensor."""
    if isinstance(x, Node):
        return x
    x = _array(x)
    return x.astype(np.float64) if x.dtype.kind in "biu" else x


def _pair(op: str, predictions: Any, targets: Any) -> tuple[Any, Any]:
    """Predictions and targets as arrays of one shape and dtype."""
    predictions = _floats(predictions)
    targets = targets if type(targets) is np.ndarray else _array(targets)
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


def _one_shape(shape: tuple[int, ...], targets: Any) -> str:
    """How predictions and targets get one shape."""
    if math.prod(shape) == targets.size:
        return "give both the same shape, for example with .reshape(-1)"
    if len(shape) > 1 and targets.shape == (shape[0], *shape[2:]) and targets.dtype.kind in "biu":
        return "class numbers are targets of ag.cross_entropy"
    return "there must be a target for each prediction: check the number of outputs"


# --- classes -------------------------------------------------------------------------------------


def _labels(op: str, z: Any, targets: np.ndarray, ignore: int) -> np.ndarray:
    """Class numbers for scores (N, C, ...), checked: flat int64, with ``ignore`` where it stands."""
    expected = (z.shape[0], *z.shape[2:])
    if targets.shape != expected:
        hint = ""
        if targets.shape == (z.shape[0], 1):
            hint = "; use targets.squeeze(1)"
        elif targets.shape == z.shape[:-1]:
            hint = "; the classes come second: write scores.swapaxes(1, -1)"
        elif targets.shape == (z.shape[0],):
            hint = "; flatten the images before the last layer, with ag.nn.Flatten()"
        raise ValueError(
            f"{op}: scores of shape {z.shape} need class numbers of shape {expected} or probabilities "
            f"of shape {z.shape}, got targets of shape {targets.shape}{hint}"
        )
    flat = targets.reshape(-1)
    if flat.size and (flat.min() < 0 or flat.max() >= z.shape[1]):
        wrong = ((flat < 0) | (flat >= z.shape[1])) & (flat != ignore)
        if wrong.any():
            place = tuple(np.argwhere(wrong.reshape(expected))[0].tolist())
            from_one = flat.min() == 1 and flat.max() == z.shape[1]
            raise ValueError(
                f"{op}: targets must be class numbers from 0 to {z.shape[1] - 1}, got {targets[place]} "
                f"at position {place[0] if len(place) == 1 else place}; "
                + (
                    "write targets - 1 if they count from 1"
                    if from_one
                    else "check the number of outputs"
                )
            )
    return flat.astype(np.int64, copy=False)


def _constant(op: str, name: str, x: Any, dtype: Any) -> np.ndarray:
    """An argument without a gradient as an array, unless one would be lost."""
    if is_recording() and any(isinstance(v, Node) and v.requires_grad for v in flatten(x)[0]):
        raise TypeError(f"{op}: no gradient with respect to {name} is defined; pass a plain array")
    try:
        return np.asarray(x, dtype)
    except (TypeError, ValueError):
        raise TypeError(
            f"{op}: {name} must be numbers, such as [1.0, 2.0] for two classes, got {x!r:.60}"
        ) from None


def _weights(op: str, weight: Any, classes: int, dtype: Any) -> np.ndarray:
    weight = _constant(op, "weight", weight, dtype)
    if weight.shape != (classes,):
        raise ValueError(f"{op}: expected weight of shape {(classes,)}, got {weight.shape}")
    return weight


def _rows(z: Any) -> Any:
    """Scores (N, C, ...) as rows of C."""
    return z if z.ndim == 2 else reshape(moveaxis(z, 1, -1), (-1, z.shape[1]))


def _classes(logits: Any, targets: Any, ignore: int) -> np.ndarray | None:
    """Targets as int64 if they are class numbers, none to be ignored, for logits (N, C); else None."""
    if len(logits.shape) != 2 or targets.shape != logits.shape[:1] or not targets.shape[0]:
        return None
    if targets.dtype.kind not in "iu":
        return None
    labels: np.ndarray = targets.astype(np.int64, copy=False)
    asked = labels, logits.shape[1], ignore
    fit = symbolic_call(ops.are_classes, asked) if is_traced(labels) else ops.are_classes(*asked)
    return labels if fit else None


@takes("scores", _over_classes)
@of_arrays
def cross_entropy(
    logits: Any,
    targets: Any,
    *,
    weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Array:
    """Compute -log softmax(logits) at the target class, without overflow.

    ``logits`` has shape (N, C), (N, C, ...) or (C,). ``targets`` are class numbers, of the shape
    without C and any integer type, or probabilities (or one-hot integers) of the shape of the logits.
    ``weight`` (C,) weighs the classes; the mean of class numbers is a weighted mean.
    ``label_smoothing`` mixes the targets with the uniform distribution. Targets equal to
    ``ignore_index`` count for nothing; if all do, the mean is 0.

    Raises ValueError for shapes or class numbers that do not fit, and for the mean of no samples;
    TypeError for a ``weight`` that requires a gradient. Warns if the logits are the output of a softmax.

    >>> ag.cross_entropy(np.array([[1000.0, -1000.0]]), np.array([1]))
    np.float64(2000.0)
    """
    _check_options("cross_entropy", ignore_index, label_smoothing)
    logits = _floats(logits)
    check_real("cross_entropy", logits)
    notice_scores(logits)
    targets = targets if type(targets) is np.ndarray else _array(targets)
    notice_order("cross_entropy", logits, targets)
    if weight is None and label_smoothing == 0 and reduction == "mean":
        classes = _classes(logits, targets, ignore_index)
        if classes is not None:
            return ops.softmax_nll(logits, targets=classes, mean=True)
    if len(logits.shape) == 1:
        logits, targets = reshape(logits, (1, -1)), targets.reshape(1, *targets.shape)
        if reduction == "none":
            return cross_entropy(
                logits, targets, weight=weight, label_smoothing=label_smoothing,
                ignore_index=ignore_index, reduction="sum",
            )  # fmt: skip
    if len(logits.shape) < 2:
        raise ValueError(f"cross_entropy: expected logits of shape (N, C), got {logits.shape}")
    if weight is not None:
        weight = _weights("cross_entropy", weight, logits.shape[1], logits.dtype)
    if targets.shape == logits.shape:
        return _soft_cross_entropy(logits, targets, weight, label_smoothing, reduction)
    if targets.dtype.kind not in "iu":
        raise ValueError(
            f"cross_entropy: targets of dtype {targets.dtype} are probabilities and need the shape of the "
            f"logits, {logits.shape}, got {targets.shape}; class numbers must be integers: "
            + _as_numbers(targets)
        )
    return _hard_cross_entropy(logits, targets, weight, label_smoothing, ignore_index, reduction)


def _check_options(op: str, ignore_index: Any, label_smoothing: Any = 0.0) -> None:
    if not isinstance(label_smoothing, (int, float, np.number)) or not 0 <= label_smoothing <= 1:
        raise ValueError(f"{op}: label_smoothing must lie in [0, 1], got {label_smoothing!r}")
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, (int, np.integer)):
        raise TypeError(
            f"{op}: ignore_index must be an integer, such as the default -100, got {ignore_index!r}"
        )


def _as_numbers(targets: Any) -> str:
    """How targets become class numbers."""
    if targets.dtype.kind not in "bf":
        return "classes, targets = np.unique(targets, return_inverse=True)"
    return "targets.astype(np.int64)" + (".squeeze(1)" if targets.shape[1:] == (1,) else "")


def _hard_cross_entropy(
    logits: Any,
    targets: np.ndarray,
    weight: np.ndarray | None,
    smoothing: float,
    ignore: int,
    reduction: str,
) -> Any:
    """Class numbers as targets."""
    labels = _labels("cross_entropy", logits, targets, ignore)
    z = _rows(logits)
    if weight is None and not smoothing and ignore not in labels:
        mean = reduction == "mean" and len(labels) > 0
        losses = ops.softmax_nll(z, targets=labels, mean=mean)
        if mean:
            return losses
        return _reduce("cross_entropy", reshape(losses, targets.shape), reduction)
    counted = labels != ignore
    labels = np.where(counted, labels, 0)
    share = np.ones((), z.dtype) if weight is None else weight[labels]
    if smoothing:
        log_p = log_softmax(z, axis=1)
        picked = log_p[np.arange(len(labels)), labels] * ((smoothing - 1) * share)
        even = (log_p if weight is None else log_p * weight).sum(axis=1) * (-smoothing / z.shape[1])
        losses = where(counted, picked + even, 0.0)
    else:
        losses = where(counted, ops.softmax_nll(z, targets=labels, mean=False), 0.0) * share
    total = float((counted * share).sum()) or 1.0
    return _reduce("cross_entropy", reshape(losses, targets.shape), reduction, total)


def _is_one_hot(targets: np.ndarray) -> bool:
    return bool((targets.astype(bool) == targets).all() and (targets.sum(axis=1) == 1).all())


def _soft_cross_entropy(
    logits: Any, targets: Any, weight: np.ndarray | None, smoothing: float, reduction: str
) -> Any:
    """Probabilities of every class as targets."""
    classes = logits.shape[1]
    check_real("cross_entropy", logits, targets)
    if not isinstance(targets, Node):
        if targets.dtype.kind in "biu" and not _is_one_hot(targets):
            raise ValueError(
                f"cross_entropy: integer targets of the logits' shape, {targets.shape}, must be one-hot "
                "(a single 1 along axis 1); make probabilities floats, or leave axis 1 out of class numbers"
            )
        targets = targets.astype(logits.dtype, copy=False)
    if smoothing:
        targets = targets * (1 - smoothing) + smoothing / classes
    log_p = log_softmax(logits, axis=1)
    terms = targets * where(getattr(targets, "value", targets) == 0, 0.0, log_p)
    if weight is not None:
        terms = terms * weight.reshape(-1, *(1,) * (logits.ndim - 2))
    losses = -terms.sum(axis=1)
    return _reduce("cross_entropy", losses, reduction)


@takes("log-probabilities", _over_classes)
@of_arrays
def nll_loss(
    log_probabilities: Any,
    targets: Any,
    *,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Array:
    """Compute minus the log-probability of the target class.

    ``log_probabilities`` has shape (N, C) or (N, C, ...), as from log_softmax along axis 1;
    ``targets`` are class numbers of the shape without C. Otherwise as cross_entropy. Warns if it is given
    the output of a softmax, or of a layer.

    >>> ag.nll_loss(np.log(np.array([[0.25, 0.75]])), np.array([1])).round(4)
    np.float64(0.2877)
    """
    scores = _floats(log_probabilities)
    notice_log_probabilities(scores)
    check_real("nll_loss", scores)
    targets = np.asarray(_array(targets))
    if len(scores.shape) < 2 or targets.dtype.kind not in "iu":
        raise ValueError(
            f"nll_loss: expected log-probabilities of shape (N, C) and integer class numbers, got "
            f"{scores.shape} and targets of dtype {targets.dtype}"
        )
    _check_options("nll_loss", ignore_index)
    labels = _labels("nll_loss", scores, targets, ignore_index)
    counted = labels != ignore_index
    labels = np.where(counted, labels, 0)
    scale = counted.astype(scores.dtype)
    if weight is not None:
        scale = scale * _weights("nll_loss", weight, scores.shape[1], scores.dtype)[labels]
    picked = _rows(scores)[np.arange(len(labels)), labels]
    losses = where(counted, picked, 0.0) * -scale
    return _reduce("nll_loss", reshape(losses, targets.shape), reduction, float(scale.sum()) or 1.0)


# --- numbers -------------------------------------------------------------------------------------


@takes("numbers")
@of_arrays
def mse(predictions: Any, targets: Any, *, reduction: str = "mean") -> Array:
    """Compute the squared difference.

    Raises ValueError unless predictions and targets have one shape.

    >>> ag.mse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)
    """
    predictions, targets = _pair("mse", predictions, targets)
    difference = predictions - targets
    return _reduce("mse", difference * difference, reduction)


@takes("numbers")
@of_arrays
def l1(predictions: Any, targets: Any, *, reduction: str = "mean") -> Array:
    """Compute the absolute difference.

    Raises ValueError unless predictions and targets have one shape.

    >>> ag.l1(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(1.0)
    """
    predictions, targets = _pair("l1", predictions, targets)
    return _reduce("l1", absolute(predictions - targets), reduction)


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
    predictions, targets = _pair("huber", predictions, targets)
    return _reduce("huber", ops.huber(predictions - targets, delta=float(delta)), reduction)


# --- yes or no -----------------------------------------------------------------------------------


@takes("probabilities")
@of_arrays
def binary_cross_entropy(probabilities: Any, targets: Any, *, reduction: str = "mean") -> Array:
    """Compute -(t log p + (1 - t) log(1 - p)); logarithms are at least -100.

    Raises ValueError unless both have one shape and lie in [0, 1]; targets elsewhere are let through
    with ``reduction="none"``, for whoever leaves them out. From logits, use
    binary_cross_entropy_with_logits: it is exact where probabilities round to 0 or 1.

    >>> ag.binary_cross_entropy(np.array([0.5]), np.array([1.0])).round(4)
    np.float64(0.6931)
    """
    p, targets = _pair("binary_cross_entropy", probabilities, targets)
    value = getattr(p, "value", p)
    notice_order("binary_cross_entropy", p, targets)
    if value.size and (np.fmin.reduce(value, None) < 0 or np.fmax.reduce(value, None) > 1):
        raise ValueError(
            f"binary_cross_entropy: probabilities must lie in [0, 1], got values from "
            f"{np.nanmin(value):.6g} to {np.nanmax(value):.6g}; for logits use "
            "binary_cross_entropy_with_logits"
        )
    check_bits("binary_cross_entropy", targets, reduction)
    return _reduce("binary_cross_entropy", ops.bce(p, targets), reduction)


@takes("logits")
@of_arrays
def binary_cross_entropy_with_logits(
    logits: Any, targets: Any, *, pos_weight: Any = None, reduction: str = "mean"
) -> Array:
    """Compute the binary cross entropy of sigmoid(logits), without overflow for any logit.

    t log(1 + exp(-z)) pos_weight + (1 - t) log(1 + exp(z)). ``pos_weight`` broadcasts to the shape of
    the logits. Raises ValueError unless it does and logits and targets have one shape, and for targets
    outside [0, 1] unless ``reduction="none"``; TypeError for a ``pos_weight`` that requires a gradient.
    Warns if the logits are the output of a sigmoid.

    >>> ag.binary_cross_entropy_with_logits(np.array([800.0]), np.array([0.0]))
    np.float64(800.0)
    """
    op = "binary_cross_entropy_with_logits"
    z, targets = _pair(op, logits, targets)
    notice_logits(z)
    notice_order(op, z, targets)
    check_bits(op, targets, reduction)
    weight = _constant(op, "pos_weight", 1.0 if pos_weight is None else pos_weight, z.dtype)
    sizes = zip(reversed(weight.shape), reversed(z.shape), strict=False)
    if weight.ndim > len(z.shape) or any(w not in (1, n) for w, n in sizes):
        raise ValueError(
            f"{op}: pos_weight of shape {weight.shape} does not broadcast to the logits' shape {z.shape}; "
            "give one number, or one for each entry of the last axis"
        )
    return _reduce(op, ops.bce_logits(z, targets, pos_weight=weight), reduction)


# --- as modules ----------------------------------------------------------------------------------


class _Loss(Module):
    """A loss function with its options, the keyword arguments of the function, as a module."""

    function: Callable[..., Any]

    #: What the predictions are, as the function says; None where a subclass has a ``forward`` of its own.
    takes: str | None

    #: Over what it is a mean, as the function says; None for all examples alike.
    over: Callable[..., Any] | None

    def __init_subclass__(cls, *, function: Callable[..., Any] | None = None) -> None:
        super().__init_subclass__()
        if {"forward", "__call__"} & vars(cls).keys():
            cls.takes = cls.over = None
        if function is not None:
            cls.function = staticmethod(function)
            cls.takes = vars(function)["takes"]
            cls.over = staticmethod(vars(function)["over"]) if vars(function)["over"] else None
            cls.__doc__ = f"Compute ``ag.{function.__name__}`` with options given once (see there)."

    if TYPE_CHECKING:

        @overload
        def __call__(self, predictions: Tensor, targets: Any, /) -> Tensor: ...
        @overload
        def __call__(self, predictions: np.ndarray, targets: Any, /) -> np.ndarray: ...
        def __call__(self, predictions: Any, targets: Any, /) -> Any: ...

    def __init__(self, *positional: Any, **options: Any) -> None:
        name, arguments = type(self).__name__, inspect.signature(type(self).function).parameters
        known = [a.name for a in arguments.values() if a.kind is a.KEYWORD_ONLY]
        if positional:
            raise TypeError(
                f"{name}: got {len(positional)} arguments without a name, expected options only, such as "
                f"{known[0]}=...; make the loss first, loss = ag.nn.{name}(), then call it: "
                "loss(predictions, targets)"
            )
        for option in options:
            if option not in known:
                raise TypeError(f"{name}: no option {option!r}; there are {', '.join(known)}")
        _check_reduction(name, options.get("reduction", "mean"))
        self.options = options

    def forward(self, predictions: Any, targets: Any) -> Any:
        """Compute the loss of predictions and targets."""
        return type(self).function(predictions, targets, **self.options)

    def extra_repr(self) -> str:
        """Return the options."""
        return ", ".join(f"{name}={value!r}" for name, value in self.options.items())


class CrossEntropyLoss(_Loss, function=cross_entropy): ...


class NLLLoss(_Loss, function=nll_loss): ...


class MSELoss(_Loss, function=mse): ...


class L1Loss(_Loss, function=l1): ...


class HuberLoss(_Loss, function=huber): ...


class BCELoss(_Loss, function=binary_cross_entropy): ...


class BCEWithLogitsLoss(_Loss, function=binary_cross_entropy_with_logits): ...
