"""Where a loss that is NaN or infinite came from: the data, the weights, the model or the loss."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .._engine.graph import Node
from ..data.dataset import Dataset
from ..data.subset import Subset
from ..inspection.blame import blame

#: A weight of this size is none that training should make.
_HUGE = 1e3
#: And no weights grow so many times within a few steps.
_FAST = 30.0


def reason(
    loader: Any,
    batch: Sequence[Any],
    model: Any,
    outputs: Any,
    loss: Any,
    rates: Any,
    sizes: Sequence[tuple[int, float]],
) -> str:
    """Say what is at fault for a loss that is not finite, and what to do; nothing is changed.

    ``rates`` is the learning rate, and ``sizes`` has numbers of steps and how long the weights were after
    them, the last of now; it is empty before the first step.
    """
    trained = bool(sizes)
    if found := in_batch(loader, batch):
        return found
    weights = dict(_weights(model))
    slower = f"lower the learning rate, {rates}" if rates is not None else "take smaller steps"
    for name, array in weights.items():
        if bad := _what(array):
            if not trained:
                return f"{name} holds {bad} before the first step; load or initialise it anew"
            return f"{name} became {bad} in an earlier step; {slower}"
    who = "the loss" if _what(outputs.array) == "" else "the model"
    report = blame(loss if who == "the loss" else outputs)
    where = f", first in the operation '{report.op}'" if report.op else ""
    largest = max((float(np.abs(a).max()) for a in weights.values() if a.size), default=0.0)
    steps, growth = _growth(sizes)
    if trained and (largest > _HUGE or growth > _FAST):
        since = f", {growth:.2g} times what they were {steps} steps before" if steps else ""
        return f"the weights have grown to {largest:.2g}{since}; {slower}"
    of = "finite outputs" if who == "the loss" else "finite inputs and weights"
    size = float(np.abs(outputs.array).max()) if who == "the loss" and outputs.array.size else 0.0
    seen = f" up to {size:.2g}" if size else ""
    bad = _what(loss.array if who == "the loss" else outputs.array)
    return f"{who} made {bad} of {of}{seen}{where}\n{report}"


def _growth(sizes: Sequence[tuple[int, float]]) -> tuple[int, float]:
    """In how many of the last steps weights have grown fastest, and how many times."""
    if len(sizes) < 2:
        return 0, 1.0
    now, last = sizes[-1]
    count, before = min(sizes[-6:-1], key=lambda entry: entry[1])
    return now - count, last / before if before else 1.0


def size_of(model: Any) -> float:
    """How long the vector of all parameters is."""
    return math.sqrt(sum(float(np.vdot(p.array, p.array).real) for _, p in _named(model)))


def blame_of_slopes(loss: Any) -> str:
    """The report on whoever makes a gradient that is not finite; empty if nobody is found any more."""
    found = blame(loss)
    return f"\n{found}" if found.part == "slope" else ""


def in_batch(loader: Any, batch: Sequence[Any]) -> str:
    """What is not finite in a batch, and in which rows of it and of the data; empty if all is."""
    *inputs, targets = batch
    for i, x in enumerate(inputs):
        name = "the input" if len(inputs) == 1 else f"input {i}"
        if found := _in_data(name, x, loader, i):
            return found
    return _in_data("the target", targets, loader, len(inputs))


def are_finite(batch: Sequence[Any]) -> bool:
    """Whether the sums of squares of a batch's arrays are finite, which costs little."""
    floats = (x for x in batch if isinstance(x, np.ndarray) and x.dtype.kind == "f")
    return all(math.isfinite(np.vdot(x, x)) for x in floats)


def bad_gradient(model: Any, optimizers: Sequence[Any]) -> str:
    """The name of a parameter whose gradient is not finite, and what it holds; empty if all are."""
    names = {id(p): f"parameter {name!r}" for name, p in _named(model)}
    for optimizer in optimizers:
        for i, p in enumerate(optimizer.parameters):
            g = getattr(p, "grad_or_none", None)
            if isinstance(g, np.ndarray) and (bad := _what(g)):
                return f"the gradient of {names.get(id(p), f'parameter {i}')} is {bad}"
    return ""


def watched(optimizers: Sequence[Any]) -> list[Any]:
    """The small parameters, in whose gradients a NaN shows first: biases, or else the smallest one."""
    found = [p for o in optimizers for p in getattr(o, "parameters", ()) if isinstance(p, Node)]
    small = [p for p in found if p.size <= 4096 and p.ndim < 2]
    return small or sorted(found, key=lambda p: p.size)[:1]


def looks_finite(parameters: list[Any]) -> bool:
    """Whether the sums of squares of the gradients are finite, which costs little."""
    for p in parameters:
        g = p.grad_or_none
        if isinstance(g, np.ndarray) and not math.isfinite(np.vdot(g, g).real):
            return False
    return True


def _what(array: Any) -> str:
    """NaN, infinity, or nothing, whichever an array holds."""
    array = np.asarray(array)
    if array.dtype.kind not in "fc" or np.isfinite(array).all():
        return ""
    return "NaN" if np.isnan(array).any() else "infinity"


def _in_data(name: str, x: Any, loader: Any, place: int) -> str:
    """What is wrong with an array of the batch, and in which rows of the batch and of the data."""
    x = getattr(x, "array", x)
    if not isinstance(x, np.ndarray) or not (bad := _what(x)):
        return ""
    text = f"{name} holds {bad} in {_rows(x)} of the batch"
    dataset = getattr(loader, "dataset", None)
    found = _bad_examples(dataset, place)
    if found == [] and getattr(loader, "transforms", True):
        return f"{text}, but not in the data, so a transform of the loader makes it; mend the transform"
    if found:
        text += f", {_listed(found)} of the data"
    return f"{text}; leave such rows out, or fill them (np.nan_to_num)"


def _bad_examples(dataset: Any, place: int) -> list[int] | None:
    """The numbers of the examples that are not finite in one part, or the first one; None if unknown."""
    part = isinstance(dataset, Subset)
    whole, numbers = (dataset.dataset, dataset.indices) if part else (dataset, None)
    if arrays := getattr(dataset, "arrays", ()):
        if place >= len(arrays):
            return None
        rows = _bad_rows(arrays[place])
        return sorted((rows if numbers is None else numbers[rows]).tolist())
    if not isinstance(whole, Dataset):
        return None
    for i in range(len(whole)) if numbers is None else numbers.tolist():
        example = whole[i]
        parts = example if isinstance(example, (tuple, list)) else (example,)
        if place < len(parts) and _what(parts[place]):
            return [i]
    return []


def _bad_rows(x: np.ndarray) -> np.ndarray:
    """The rows that hold something that is not finite."""
    if x.dtype.kind not in "fc":
        return np.arange(0)
    return np.flatnonzero(~np.isfinite(np.atleast_1d(x)).reshape(len(np.atleast_1d(x)), -1).all(1))


def _rows(x: np.ndarray) -> str:
    return _listed(_bad_rows(x).tolist())


def _listed(rows: list[int]) -> str:
    listed = ", ".join(map(str, rows[:5])) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
    return f"row{'s' * (len(rows) > 1)} {listed}"


def _named(model: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(model, "named_parameters"):
        yield from model.named_parameters()
    elif hasattr(model, "parameters"):
        yield from ((str(i), p) for i, p in enumerate(model.parameters()))


def _weights(model: Any) -> Iterator[tuple[str, np.ndarray]]:
    """All parameters and buffers, with a name to show."""
    if hasattr(model, "state_dict"):
        state = model.state_dict().items()
        yield from ((f"the parameter {name!r}", array) for name, array in state)
    else:
        yield from ((f"the parameter {name!r}", p.value) for name, p in _named(model))
