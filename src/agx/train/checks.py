"""The arguments of ``fit``, ``evaluate`` and ``predict``: what is no loader, no loss, no optimiser."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from .._engine.graph import Node
from .._engine.notices import warn
from ..optim import Schedule
from .callbacks import Callback
from .history import DIRECTIONS
from .measure import named

_ORDER = "the arguments are (model, loader, loss, optimizer, epochs)"
_ORDERS = {"fit": f"; {_ORDER}", "Trainer": "; the arguments are (model, loss, optimizer)"}


def check_epochs(epochs: Any) -> None:
    """Raise unless it is a positive integer."""
    if isinstance(epochs, bool) or not isinstance(epochs, (int, np.integer)):
        raise TypeError(f"fit: epochs must be an integer, such as 10, got {epochs!r}; {_ORDER}")
    if epochs < 1:
        raise ValueError(f"fit: epochs must be at least 1, got {epochs}")


def check_function(
    who: str, role: str, function: Any, example: str, order: str | None = None
) -> None:
    """Raise for a class that was not called, and for what cannot be."""
    if isinstance(function, type):
        raise TypeError(
            f"{who}: {role} is the class {function.__name__}; make one of it, such as {example}"
        )
    if not callable(function):
        raise TypeError(
            f"{who}: {role} must be a function or a module, such as {example}, got "
            f"{_described(function)}" + (_ORDERS.get(who, "") if order is None else order)
        )


def check_model(who: str, model: Any) -> None:
    """Raise for a class that was not called, and for what cannot be."""
    example = f"{model.__name__}()" if isinstance(model, type) else "ag.models.lenet5()"
    check_function(who, "model", model, example)


def check_loss(who: str, loss: Any) -> None:
    """Raise for a class that was not called, and for what cannot be."""
    own = isinstance(loss, type) and loss.__module__.startswith("agx.")
    example = f"{'ag.nn.' * own}{loss.__name__}()" if isinstance(loss, type) else "ag.cross_entropy"
    check_function(who, "loss", loss, example)


def optimizers_of(who: str, optimizer: Any) -> list[Any]:
    """One optimiser, or several, as a list."""
    found = list(optimizer) if isinstance(optimizer, (list, tuple)) else [optimizer]
    if not found:
        raise ValueError(
            f"{who}: got no optimisers; make one, such as ag.optim.SGD(model.parameters())"
        )
    for one in found:
        if isinstance(one, type):
            raise TypeError(
                f"{who}: optimizer is the class {one.__name__}; make one of it, such as "
                f"ag.optim.{one.__name__}(model.parameters(), lr=0.01)"
            )
        if getattr(one, "needs_closure", False):
            raise TypeError(
                f"fit: {type(one).__name__} computes the loss several times in a step, and fit once; write "
                "the loop, with optimizer.step(closure)"
            )
        if not (hasattr(one, "step") and hasattr(one, "zero_grad")):
            raise TypeError(
                f"{who}: optimizer must have zero_grad() and step(), such as "
                f"ag.optim.SGD(model.parameters()), got {_described(one)}{_ORDERS[who]}"
            )
    return found


def schedules_of(who: str, schedule: Any, optimizers: list[Any]) -> list[Any]:
    """No schedule, one, or several, as a list."""
    found = [] if schedule is None else [schedule]
    if isinstance(schedule, (list, tuple)):
        found = list(schedule)
    for one in found:
        if isinstance(one, type) or not hasattr(one, "step"):
            raise TypeError(
                f"{who}: schedule must be made of the optimiser, such as "
                f"ag.optim.StepLR(optimizer, step_size=5), got {_described(one)}"
            )
        if isinstance(one, Schedule) and not any(one.optimizer is o for o in optimizers):
            raise ValueError(
                f"{who}: the schedule {named(one)} sets the learning rate of another optimiser; make it of "
                f"the one that {who} is given"
            )
        _check_direction(who, one)
    return found


def check_length(schedules: list[Any], loader: Any, epochs: int) -> None:
    """Raise for a schedule that ends before the training, and warn of one that counts batches."""
    batches = operator.length_hint(loader)
    for one in schedules:
        lengths = [name for name in ("total_steps", "T_max", "total_iters") if hasattr(one, name)]
        if not isinstance(one, Schedule) or not lengths:
            continue
        option, length = lengths[0], getattr(one, lengths[0])
        if option == "total_steps" and one.count + epochs > length:
            raise ValueError(
                f"fit: {named(one)} has {length - one.count} steps left for {epochs} epochs, after each of "
                f"which fit takes one; give total_steps={one.count + epochs}"
            )
        if batches > 1 and length == epochs * batches:
            warn(
                f"fit: {named(one)} of {option}={length} would be {epochs} steps on its way at the end, for "
                f"fit takes a step after each epoch, not after each batch; give {option}={epochs}"
            )


def _check_direction(who: str, schedule: Any) -> None:
    """Raise for one that takes more of its quantity for better where less is, or the other way round."""
    quantity = getattr(schedule, "watch", "")
    better = DIRECTIONS.get(quantity.removeprefix("validation_"))
    if better and getattr(schedule, "mode", better) != better:
        which = "more" if better == "max" else "less"
        raise ValueError(
            f"{who}: {named(schedule)} watches the {quantity}, of which {which} is better, with "
            f"mode={schedule.mode!r}; give mode={better!r}"
        )


def callbacks_of(who: str, callbacks: Any) -> list[Any]:
    """Callbacks and functions of a State as a list; what has to come last is last."""
    if callbacks is None:
        return []
    if not isinstance(callbacks, Iterable):
        raise TypeError(
            f"{who}: callbacks must be a list of functions of a State, got {_described(callbacks)}; write "
            "callbacks=[function]"
        )
    found = list(callbacks)
    for one in found:
        if not isinstance(one, Callback):
            check_function(who, "a callback", one, "lambda state: print(state.epoch)", order="")
    return sorted(found, key=lambda one: getattr(one, "last", False) is True)


def check_loader(who: str, loader: Any) -> None:
    """Raise for arrays in place of batches, and for what gives none."""
    wrap = "ag.data.Loader((X, Y), batch_size=32)"
    if isinstance(loader, (tuple, list)) and loader and all(map(_is_array, loader)):
        shapes = " and ".join(str(np.shape(a)) for a in loader)
        raise TypeError(
            f"{who}: expected batches, pairs (inputs, targets), got a {type(loader).__name__} of arrays of "
            f"shapes {shapes}; cut them into batches: {wrap}"
        )
    one_by_one = hasattr(loader, "arrays") and not hasattr(loader, "batch_size")
    if _is_array(loader) or one_by_one or isinstance(loader, (str, dict)):
        raise TypeError(
            f"{who}: expected batches, pairs (inputs, targets), got {_described(loader)}; cut it into "
            f"batches: {'ag.data.Loader(dataset, batch_size=32)' if one_by_one else wrap}"
        )
    if not isinstance(loader, Iterable) and not hasattr(loader, "__getitem__"):
        raise TypeError(
            f"{who}: expected batches, pairs (inputs, targets), got {_described(loader)}; give an "
            f"ag.data.Loader or a list of batches"
        )


def check_result(who: str, outputs: Any) -> None:
    """Raise unless a model returned a Tensor, or what has its ``array``."""
    if not hasattr(outputs, "array"):
        raise TypeError(
            f"{who}: the model must return a Tensor, got {_described(outputs)}; return "
            + (
                "one of its entries"
                if isinstance(outputs, (tuple, list, dict))
                else "the result of operations on its parameters"
            )
        )


def check_value(who: str, loss: Any, value: Any) -> None:
    """Raise unless a loss returned one number with a graph."""
    if not isinstance(value, Node):
        raise TypeError(
            f"{who}: the loss {named(loss)} must return a Tensor, got {_described(value)}; compute it "
            "from the outputs with operations of agx or NumPy, without .value or float()"
        )
    if value.array.dtype.kind == "c":
        raise TypeError(
            f"{who}: the loss {named(loss)} must return a real number, got {value.array.dtype}; take its "
            "ag.real or ag.abs"
        )
    if value.size != 1:
        raise ValueError(
            f"{who}: the loss {named(loss)} must return one number, got shape {value.shape}; take its "
            '.mean(), or reduction="mean"'
        )


def number(who: str, loss: Any, value: Any) -> float:
    """The one number that a loss returned; raises for anything else."""
    array = np.asarray(getattr(value, "array", value))
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{who}: the loss {named(loss)} must return a number, got {_described(value)}"
        )
    if array.size != 1:
        raise ValueError(
            f"{who}: the loss {named(loss)} must return one number, got shape {array.shape}; take its "
            '.mean(), or reduction="mean"'
        )
    return float(array.reshape(()))


def check_batch_size(size: Any) -> None:
    """Raise unless it is a positive integer."""
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)):
        raise TypeError(
            f"predict: batch_size must be a positive integer, such as 256, got {size!r}"
        )
    if size < 1:
        raise ValueError(f"predict: batch_size must be a positive integer, got {size}")


def _is_array(x: Any) -> bool:
    return isinstance(x, (np.ndarray, Node)) or hasattr(x, "to_numpy")


def _described(x: Any) -> str:
    if isinstance(x, type):
        return f"the class {x.__name__}"
    if isinstance(x, (str, int, float)) or x is None:
        return repr(x)
    shape = getattr(x, "shape", None)
    return f"{type(x).__name__}" + (f" of shape {tuple(shape)}" if shape is not None else "")
