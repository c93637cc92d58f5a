"""Losses of scores or log-probabilities, one for each class along axis 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import Node, of_arrays, value_of
from ..._engine.symbols import is_traced, symbolic_call
from ...ops import loss as ops
from ...ops.complex import check_real
from ...ops.elementwise.exponential import exp, expm1, log
from ...ops.elementwise.limits import relu
from ...ops.reduce.softmax import log_softmax
from ...ops.shape.axes import moveaxis, reshape
from ...ops.shape.where import where
from ..mistakes import notice_log_probabilities, notice_order, notice_scores
from .arguments import (
    as_array,
    check_number,
    check_reduction,
    constant,
    floats,
    power_above_zero,
    reduced,
    same_shape,
    takes,
)

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "cross_entropy",
    "focal_loss",
    "kl_div",
    "multi_margin_loss",
    "nll_loss",
]


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


def _labels(op: str, z: Any, targets: np.ndarray, ignore: int | None) -> np.ndarray:
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


def _weights(op: str, weight: Any, classes: int, dtype: Any) -> np.ndarray:
    weight = constant(op, "weight", weight, dtype)
    if weight.shape != (classes,):
        raise ValueError(f"{op}: expected weight of shape {(classes,)}, got {weight.shape}")
    return weight


def _each(weight: np.ndarray, labels: Any) -> Any:
    """The weight of the class of each sample."""
    taken = weight, labels
    return symbolic_call(np.take, taken) if is_traced(labels) else np.take(*taken)


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
    logits = floats(logits)
    check_real("cross_entropy", logits)
    notice_scores("cross_entropy", logits)
    targets = targets if type(targets) is np.ndarray else as_array(targets)
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
        return reduced("cross_entropy", reshape(losses, targets.shape), reduction)
    counted = labels != ignore
    labels = np.where(counted, labels, 0)
    share = np.ones((), z.dtype) if weight is None else _each(weight, labels)
    if smoothing:
        log_p = log_softmax(z, axis=1)
        picked = log_p[np.arange(len(labels)), labels] * ((smoothing - 1) * share)
        even = (log_p if weight is None else log_p * weight).sum(axis=1) * (-smoothing / z.shape[1])
        losses = where(counted, picked + even, 0.0)
    else:
        losses = where(counted, ops.softmax_nll(z, targets=labels, mean=False), 0.0) * share
    total = _or_one((counted * share).sum())
    return reduced("cross_entropy", reshape(losses, targets.shape), reduction, total)


def _or_one(total: Any) -> Any:
    """The divisor of a mean: 1 if nothing counts. Compiled, it is computed anew for other targets."""
    return total + (total == 0)


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
    return reduced("cross_entropy", losses, reduction)


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
    scores = floats(log_probabilities)
    notice_log_probabilities("nll_loss", scores)
    check_real("nll_loss", scores)
    targets = value_of(as_array(targets))
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
        weight = _weights("nll_loss", weight, scores.shape[1], scores.dtype)
        scale = scale * _each(weight, labels)
    picked = _rows(scores)[np.arange(len(labels)), labels]
    losses = where(counted, picked, 0.0) * -scale
    return reduced("nll_loss", reshape(losses, targets.shape), reduction, _or_one(scale.sum()))


def _numbered(op: str, scores: Any, targets: Any) -> tuple[Any, np.ndarray]:
    """Scores, of one sample as a batch of one, and class numbers, whose range is not checked yet."""
    scores = floats(scores)
    check_real(op, scores)
    notice_scores(op, scores)
    targets = targets if type(targets) is np.ndarray else as_array(targets)
    notice_order(op, scores, targets)
    if len(scores.shape) == 1:
        scores, targets = reshape(scores, (1, -1)), targets.reshape(1, *targets.shape)
    if len(scores.shape) < 2 or targets.dtype.kind not in "iu":
        raise ValueError(
            f"{op}: expected scores of shape (N, C) and integer class numbers, got {scores.shape} and "
            f"targets of dtype {targets.dtype}; class numbers are {_as_numbers(targets)}"
        )
    return scores, targets


@takes("scores", _over_classes)
@of_arrays
def focal_loss(
    logits: Any,
    targets: Any,
    *,
    weight: Any = None,
    gamma: float = 2.0,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Array:
    """Compute the cross entropy times (1 - p)^gamma, p being the probability of the target class.

    Samples that are easy count little (Lin et al., 2017). Scores, class numbers, ``weight`` and the mean
    are as in cross_entropy, which it is for ``gamma=0``. Raises ValueError for shapes or class numbers
    that do not fit, for the mean of no samples, and for a negative ``gamma``; TypeError for a ``weight``
    that requires a gradient.

    >>> ag.focal_loss(np.array([[0.0, 0.0], [0.0, 9.0]]), np.array([1, 1]), reduction="none").round(4)
    array([0.1733, 0.    ])
    """
    op = "focal_loss"
    check_number(op, "gamma", gamma, 0)
    _check_options(op, ignore_index)
    single = np.ndim(logits) == 1
    logits, targets = _numbered(op, logits, targets)
    labels = _labels(op, logits, targets, ignore_index)
    counted = labels != ignore_index
    labels = np.where(counted, labels, 0)
    z = _rows(logits)
    share = np.ones((), z.dtype)
    if weight is not None:
        share = _each(_weights(op, weight, logits.shape[1], z.dtype), labels)
    nll = ops.softmax_nll(z, targets=labels, mean=False)
    losses = where(counted, nll * power_above_zero(-expm1(-nll), gamma), 0.0) * share
    total = _or_one((counted * share).sum())
    shape = () if single else targets.shape
    return reduced(op, reshape(losses, shape), reduction, total)


@takes("scores")
@of_arrays
def multi_margin_loss(
    scores: Any,
    targets: Any,
    *,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    reduction: str = "mean",
) -> Array:
    """Compute the sum over other classes j of max(0, margin - s[target] + s[j])^p, divided by C.

    ``scores`` (N, C) or (C,), ``targets`` class numbers (N,) or a number; ``p`` is 1 or 2. ``weight`` (C,)
    weighs each sample by its class; the mean is that over samples. Raises ValueError for shapes, class
    numbers or options that do not fit; TypeError for a ``weight`` that requires a gradient.

    >>> ag.multi_margin_loss(np.array([[0.5, 0.0, 2.0]]), np.array([2]), margin=2.0)
    np.float64(0.16666666666666666)
    """
    op = "multi_margin_loss"
    if p not in (1, 2):
        raise ValueError(f"{op}: p must be 1 or 2, got {p!r}")
    check_number(op, "margin", margin)
    single = np.ndim(scores) == 1
    z, targets = _numbered(op, scores, targets)
    if len(z.shape) != 2:
        raise ValueError(f"{op}: expected scores of shape (N, C) or (C,), got {z.shape}")
    labels = _labels(op, z, targets, None)
    others = (labels[:, None] != np.arange(z.shape[1])).astype(z.dtype)
    if weight is not None:
        others = others * _each(_weights(op, weight, z.shape[1], z.dtype), labels)[:, None]
    short = relu(z - z[np.arange(len(labels)), labels][:, None] + margin)
    losses = ((short if p == 1 else short * short) * others).sum(axis=1) / z.shape[1]
    return reduced(op, losses[0] if single else losses, reduction)


@takes("log-probabilities")
@of_arrays
def kl_div(
    log_probabilities: Any, targets: Any, *, log_target: bool = False, reduction: str = "mean"
) -> Array:
    """Compute t (log t - log p), whose sum is the Kullback-Leibler divergence from p to the targets t.

    Both have one shape; the targets are probabilities, or their logarithms with ``log_target``. Where t
    is 0 the loss is 0. ``reduction="batchmean"`` is the sum divided by the length of the first axis: the
    mean divergence; ``"mean"`` divides by the number of elements. Raises ValueError for targets of
    another shape, or below 0. Warns if it is given the output of a softmax, or of a layer.

    >>> ag.kl_div(np.log([[0.5, 0.5]]), np.array([[1.0, 0.0]]), reduction="batchmean").round(4)
    np.float64(0.6931)
    """
    op = "kl_div"
    check_reduction(op, reduction, "batchmean")
    log_p, t = same_shape(op, log_probabilities, targets)
    notice_log_probabilities(op, log_p)
    notice_order(op, log_p, t)
    value = getattr(t, "value", t)
    if not log_target and value.size and value.min() < 0:
        raise ValueError(
            f"{op}: targets must be probabilities, got values from {value.min():.6g}; give "
            "log_target=True for their logarithms"
        )
    never = value == (-np.inf if log_target else 0)
    log_t = where(never, 0.0, t) if log_target else log(where(never, 1.0, t))
    losses = (exp(t) if log_target else t) * (log_t - where(never, 0.0, log_p))
    if reduction == "batchmean" and len(losses.shape):
        return reduced(op, losses, "mean", max(losses.shape[0], 1))
    return reduced(op, losses, "sum" if reduction == "batchmean" else reduction)
