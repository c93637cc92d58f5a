"""What is surely a mistake in the arguments of a loss, though it can be computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._engine.graph import Node
from .._engine.notices import warn_once
from .._engine.symbols import numbers_now

#: Operations that only arrange what another made.
_ARRANGING = frozenset({"reshape", "transpose", "getitem", "astype", "squeeze", "copy"})


def _source(z: Node) -> str:
    """The name of the operation that made the numbers of ``z``; empty for a leaf."""
    while z.op in _ARRANGING and z.inputs:
        z = z.inputs[0]
    return z.op


def _are_probabilities(z: np.ndarray) -> bool:
    """Whether there are several rows, and none has a negative entry or another sum than 1.

    Nearly all scores are recognised by two of their entries, or by their first row.
    """
    if z.size < 4 or not (0 <= z.item(0) <= 1 and 0 <= z.item(-1) <= 1):
        return False
    if z.ndim < 2 or z.shape[1] < 2 or len(z) < 2 or z.dtype.kind != "f":
        return False
    if (np.abs(z[0].sum(axis=0) - 1) > 1e-3).any():
        return False
    return bool(z.min() >= 0 and (np.abs(z.sum(axis=1) - 1) < 1e-3).all())


def notice_scores(op: str, z: Any) -> None:
    """Warn of a softmax before a loss of scores, which has one in it, and of a single class."""
    if not isinstance(z, Node) or z.is_leaf:
        return
    shape = z.shape
    if len(shape) > 1 and shape[1] == 1:
        warn_once(
            f"{op}: one class",
            f"{op}: logits of shape {shape} have a single class, for which the loss is always "
            "0; for two classes told apart by one logit use binary_cross_entropy_with_logits",
        )
    elif _source(z) == "softmax" or _are_probabilities(numbers_now(z.array)):
        warn_once(
            f"{op}: softmax",
            f"{op}: expected logits, got the output of a softmax; the loss applies softmax "
            "itself, and twice learns badly: leave it out of the model, and apply ag.softmax to "
            "predictions",
        )


def notice_log_probabilities(op: str, z: Any) -> None:
    """Warn of probabilities, and of the outputs of a layer as they are."""
    if not isinstance(z, Node) or z.is_leaf:
        return
    source = _source(z)
    if source == "softmax" or _are_probabilities(numbers_now(z.array)):
        got = "the output of a softmax"
    elif source in ("linear", "conv2d", "conv1d"):
        got = "the output of a layer"
    else:
        return
    warn_once(
        f"{op}: {got}",
        f"{op}: expected log-probabilities, got {got}; give the logits to ag.cross_entropy instead, "
        "or apply ag.log_softmax to them first",
    )


def notice_logits(op: str, z: Any) -> None:
    """Warn of a sigmoid before the sigmoid that is in the loss."""
    if not isinstance(z, Node) or z.is_leaf:
        return
    source = _source(z)
    if source in ("sigmoid", "softmax"):
        warn_once(
            f"{op}: {source}",
            f"{op}: expected logits, got the output of a {source}; the loss applies a sigmoid itself: "
            f"leave the {source} out of the model, or use binary_cross_entropy",
        )


def notice_order(op: str, predictions: Any, targets: Any) -> None:
    """Warn of the output of a model as the target of a constant, as in Keras's order of arguments."""
    if isinstance(predictions, Node) and (predictions.requires_grad or predictions.inputs):
        return
    if isinstance(targets, Node) and targets.requires_grad and not targets.is_leaf:
        warn_once(
            f"{op}: order",
            f"{op}: the predictions are constant and the targets were computed with parameters; the order "
            f"is {op}(predictions, targets)",
        )


def check_bits(op: str, targets: Any, reduction: str) -> None:
    """Refuse targets outside [0, 1], for which the loss has no lower bound.

    Whoever asks for no reduction may leave those entries out afterwards.
    """
    if reduction == "none" or isinstance(targets, Node) or not targets.size:
        return
    low, high = targets.min(), targets.max()
    if low < 0 or high > 1:
        raise ValueError(
            f"{op}: targets must lie in [0, 1], got values from {low:.6g} to {high:.6g}; write the two "
            "classes as 0 and 1"
        )
