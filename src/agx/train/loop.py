"""The training loop, evaluation and prediction, for any callable with parameters."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .._engine.graph import no_grad
from .history import History, State, print_epoch
from .inputs import check_rows, inputs_of, pairs
from .measure import Meter
from .progress import bar


def fit(
    model: Any,
    loader: Iterable[tuple[Any, ...]],
    loss: Callable[[Any, Any], Any],
    optimizer: Any,
    epochs: int,
    *,
    validation: Iterable[tuple[Any, ...]] | None = None,
    schedule: Any = None,
    callbacks: Iterable[Callable[[State], Any]] = (),
    progress: bool | None = None,
) -> History:
    """Train ``model`` for a number of epochs and return what was measured.

    ``loader`` yields batches ``(inputs, targets)``; ``loss(model(inputs), targets)`` is a scalar
    Tensor that is minimised. With integer targets the accuracy is measured too: outputs of shape
    (N, classes) vote with their largest entry, single logits (N,) or (N, 1) with their sign.
    ``validation`` is evaluated after each epoch, then ``schedule.step()`` sets the next learning
    rate (OneCycleLR with total_steps=epochs; ReduceLROnPlateau gets the loss, of the validation if
    there is one), then each callback is called with a State; one that returns True ends the training.
    ``progress`` shows a bar and a table (None: if standard error is a terminal).

    Ctrl-C ends the training too: the epochs so far are returned and ``history.interrupted`` is set.
    Raises FloatingPointError as soon as the loss is NaN or infinite, ValueError for an empty loader.

    >>> x, y = np.random.rand(8, 3).astype(np.float32), np.arange(8) % 2
    >>> layer = ag.nn.Linear(3, 2)
    >>> history = ag.fit(layer, [(x, y)], ag.cross_entropy, ag.optim.SGD(layer.parameters(), 0.1), 5)
    """
    shown = sys.stderr.isatty() if progress is None else progress
    callbacks = [*([print_epoch] if shown else []), *callbacks]
    history = History()
    try:
        for epoch in range(1, epochs + 1):
            lr = getattr(optimizer, "lr", None)
            row = _train_epoch(model, loader, loss, optimizer, f"epoch {epoch}/{epochs}", shown)
            row = {"epoch": epoch, **row}
            if lr is not None:
                row["lr"] = lr
            start = time.perf_counter()
            if validation is not None:
                found = evaluate(model, validation, loss)
                row.update({f"validation_{key}": value for key, value in found.items()})
            row["seconds"] += time.perf_counter() - start
            history.append(row)
            if schedule is not None:
                _step(schedule, row)
            state = State(epoch, epochs, model, optimizer, history)
            answers = [callback(state) for callback in callbacks]
            if any(answer is True or answer is np.True_ for answer in answers):
                break
    except KeyboardInterrupt:
        history.interrupted = True
    return history


def _step(schedule: Any, row: dict[str, Any]) -> None:
    """Advance a schedule; one that watches a quantity gets the loss it should watch."""
    if getattr(schedule, "needs_metric", False):
        schedule.step(row.get("validation_loss", row["loss"]))
    else:
        schedule.step()


def _train_epoch(
    model: Any, loader: Iterable[Any], loss: Any, optimizer: Any, title: str, shown: bool
) -> dict[str, Any]:
    if hasattr(model, "train"):
        model.train()
    meter = Meter()
    start = time.perf_counter()
    with bar(loader, title, shown) as show:
        for inputs, targets in pairs("fit", loader):
            optimizer.zero_grad()
            outputs = model(*inputs)
            value = loss(outputs, targets)
            value.backward(free=True)
            optimizer.step()
            meter.add(value.item(), outputs.array, targets)
            if not math.isfinite(meter.total):
                raise FloatingPointError(
                    f"fit: the loss became {value.item()} in {title}, step {meter.steps}; lower the "
                    "learning rate, or look for extreme values in the data"
                )
            show(meter)
    seconds = time.perf_counter() - start
    found = meter.result("fit")
    return {**found, "seconds": seconds, "images_per_second": meter.count / seconds}


def evaluate(
    model: Any,
    loader: Iterable[tuple[Any, ...]],
    loss: Callable[[Any, Any], Any] | None = None,
) -> dict[str, float]:
    """Measure the mean ``loss`` and, with integer targets, the ``accuracy`` (0 to 1) of a model.

    The model runs in evaluation mode without recording, and is put back in its mode afterwards.
    Raises ValueError for an empty loader.

    >>> x, y = np.random.rand(8, 3).astype(np.float32), np.arange(8) % 2
    >>> sorted(ag.evaluate(ag.nn.Linear(3, 2), [(x, y)], ag.cross_entropy))
    ['accuracy', 'loss']
    """
    meter = Meter()
    with _evaluating(model):
        for inputs, targets in pairs("evaluate", loader):
            outputs = model(*inputs)
            value = math.nan if loss is None else loss(outputs, targets).item()
            meter.add(value, outputs.array, targets)
    found = meter.result("evaluate")
    if loss is None:
        del found["loss"]
    return found


def predict(model: Any, x: Any, *, batch_size: int = 256) -> np.ndarray:
    """Return the model's outputs for an array of inputs, or for all batches of a loader.

    An array (or a table of pandas or polars, or a data set) is cut into pieces of ``batch_size`` along its
    first axis; of a loader's batches the last element is taken for the targets and ignored, unless it is
    the only one. The model runs in evaluation mode without recording,
    and is put back in its mode afterwards. Raises ValueError if there is nothing to predict,
    TypeError for what is no array and gives no batches.

    >>> ag.predict(ag.nn.Linear(3, 2), np.ones((5, 3), np.float32)).shape
    (5, 2)
    """
    with _evaluating(model):
        outputs = [model(*inputs).array for inputs in inputs_of(x, batch_size)]
    if not outputs:
        raise ValueError("predict: got no inputs; the array or the loader is empty")
    check_rows(x, outputs)
    return np.concatenate(outputs)


@contextlib.contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """Evaluation mode and no recording; afterwards every module is in the mode it was in."""
    modules = list(model.modules()) if hasattr(model, "modules") else [model]
    modes = [(module, module.training) for module in modules if hasattr(module, "training")]
    for module, _ in modes:
        module.training = False
    try:
        with no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
