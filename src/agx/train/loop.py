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
from . import checks
from .faults import are_finite, bad_gradient, in_batch, looks_finite, reason, watched
from .history import History, State, print_epoch
from .inputs import check_rows, inputs_of, pairs
from .measure import Meter, Metrics, measures
from .notices import Learning, notice_all_pairs
from .progress import bar, print_line


def fit(
    model: Any,
    loader: Iterable[tuple[Any, ...]],
    loss: Callable[[Any, Any], Any],
    optimizer: Any,
    epochs: int,
    *,
    validation: Iterable[tuple[Any, ...]] | None = None,
    schedule: Any = None,
    metrics: Metrics = None,
    callbacks: Iterable[Callable[[State], Any]] = (),
    progress: bool | None = None,
) -> History:
    """Train ``model`` for a number of epochs and return what was measured.

    ``loader`` yields batches ``(inputs, targets)``; ``loss(model(inputs), targets)`` is a scalar
    Tensor that is minimised. The model is put in training mode; where it is already, parts of it that are
    in evaluation mode stay so, such as a frozen batch norm. ``optimizer`` and ``schedule`` may be lists.
    ``validation`` is evaluated after each epoch, then ``schedule.step()`` sets the next learning rate
    (OneCycleLR with total_steps=epochs; ReduceLROnPlateau gets the loss, or with mode="max" the accuracy,
    of the validation if there is one), then each callback is called with a State; one that returns True ends
    the training.

    ``metrics`` are functions of outputs and targets, in a list or by name in a dict, each called with
    the arrays of the whole epoch; "accuracy" stands for ``ag.train.Accuracy(loss)``. Without it the
    accuracy is measured if agx's loss says what it takes: class scores, logits or probabilities.

    ``progress`` shows a bar and a table; False shows nothing, and None a table without a bar on
    standard error where that is no terminal, as in a notebook.

    Ctrl-C ends the training too: the epochs so far are returned and ``history.interrupted`` is set. Any
    error has the epochs before it as ``error.history``. Raises FloatingPointError, before the batch has
    changed anything, if the loss or a gradient is NaN or infinite, and says where that comes from; TypeError
    and ValueError for arguments of another kind, and ValueError for a loader without batches.

    >>> x, y = np.random.rand(8, 3).astype(np.float32), np.arange(8) % 2
    >>> layer = ag.nn.Linear(3, 2)
    >>> sgd = ag.optim.SGD(layer.parameters(), 0.1)
    >>> history = ag.fit(layer, [(x, y)], ag.cross_entropy, sgd, 5, progress=False)
    """
    training = _Training(model, loader, loss, optimizer, schedule, metrics)
    checks.check_epochs(epochs)
    checks.check_length(training.schedules, loader, int(epochs))
    if validation is not None:
        checks.check_loader("fit: validation", validation)
    shown = progress
    if shown is None:
        shown = sys.stderr is not None and sys.stderr.isatty()
    callbacks = checks.callbacks_of(callbacks)
    if print_epoch not in callbacks and (shown or progress is None):
        callbacks.insert(0, print_epoch if shown else print_line())
    history = History()
    try:
        training.run(int(epochs), validation, callbacks, bool(shown), history)
    except KeyboardInterrupt:
        history.interrupted = True
    except Exception as error:
        error.history = history  # type: ignore[attr-defined]
        raise
    return history


class _Training:
    """One training: its parts, checked, and what is done in every epoch."""

    def __init__(
        self, model: Any, loader: Any, loss: Any, optimizer: Any, schedule: Any, metrics: Metrics
    ) -> None:
        checks.check_model("fit", model)
        checks.check_loader("fit", loader)
        checks.check_loss("fit", loss)
        self.model, self.loader, self.loss, self.optimizer = model, loader, loss, optimizer
        self.optimizers = checks.optimizers_of(optimizer)
        self.schedules = checks.schedules_of(schedule, self.optimizers)
        self.metrics = measures("fit", metrics, loss)
        self.watched = watched(self.optimizers)
        self.learning = Learning(model, self.optimizers)
        buffers = model.named_buffers() if hasattr(model, "named_buffers") else ()
        self.buffers = [(buffer, buffer.copy()) for _, buffer in buffers]
        self.steps = self.epochs = 0

    def run(
        self, epochs: int, validation: Any, callbacks: list[Any], shown: bool, history: History
    ) -> None:
        """Train for a number of epochs, or until a callback returns True, and fill ``history``."""
        for epoch in range(1, epochs + 1):
            start = time.perf_counter()
            row = {"epoch": epoch, **self.epoch(f"epoch {epoch}/{epochs}", shown)}
            history.append(row)
            if validation is not None:
                found = _evaluate(
                    "fit: validation", self.model, validation, self.loss, self.metrics
                )
                row.update({f"validation_{key}": value for key, value in found.items()})
            row["seconds"] = time.perf_counter() - start
            self.next_rates(row)
            state = State(epoch, epochs, self.model, self.optimizer, history)
            answers = [callback(state) for callback in callbacks]
            if any(answer is True or answer is np.True_ for answer in answers):
                break

    def epoch(self, title: str, shown: bool) -> dict[str, Any]:
        """Train for an epoch and return what was measured."""
        if hasattr(self.model, "train") and not getattr(self.model, "training", False):
            self.model.train()
        meter, rates = Meter(self.metrics, self.loss), self.rates()
        start = time.perf_counter()
        with bar(self.loader, title, shown) as show:
            for inputs, targets in pairs("fit", self.loader):
                batch = (*inputs, targets)
                for optimizer in self.optimizers:
                    optimizer.zero_grad()
                outputs, value = self.forward(batch, f"{title}, step {meter.steps + 1}")
                self.learning.look(batch, value)
                value.backward(free=True)
                self.learning.look_at_gradients(value.item())
                known = self.epochs or are_finite(batch)
                if not (known and looks_finite(self.watched)):
                    self.check_gradients(batch, f"{title}, step {meter.steps + 1}", value)
                for optimizer in self.optimizers:
                    optimizer.step()
                self.steps += 1
                meter.add(value.item(), outputs.array, batch[-1])
                show(meter)
        self.epochs += 1
        if self.epochs == 1:
            self.learning.look_back()
        seconds = time.perf_counter() - start
        if not meter.count:
            raise ValueError(_empty("fit", f" in {title}", self.steps > 0))
        speed = {"seconds": seconds, "images_per_second": meter.count / seconds}
        return {**meter.result(), **({} if rates is None else {"lr": rates}), **speed}

    def forward(self, batch: Any, where: str) -> tuple[Any, Any]:
        """The outputs and the loss of a batch; raises FloatingPointError unless it is finite."""
        *inputs, targets = batch
        for buffer, before in self.buffers:
            np.copyto(before, buffer)
        outputs = self.model(*inputs)
        checks.check_result("fit", outputs)
        value = self.loss(outputs, targets)
        checks.check_value("fit", self.loss, value)
        if not math.isfinite(number := value.item()):
            self.restore()
            why = reason(
                self.loader, batch, self.model, outputs, value, self.rates(), self.steps > 0
            )
            raise FloatingPointError(f"fit: the loss became {number} in {where}: {why}")
        if not self.steps:
            notice_all_pairs(self.loss, outputs, targets, value)
        return outputs, value

    def restore(self) -> None:
        """Make running statistics what they were before the last batch."""
        for buffer, before in self.buffers:
            np.copyto(buffer, before)

    def check_gradients(self, batch: Any, where: str, value: Any) -> None:
        """Raise FloatingPointError unless the gradients are finite, and name one."""
        if found := bad_gradient(self.model, self.optimizers):
            self.restore()
            why = in_batch(self.loader, batch) or (
                "look for an operation with an infinite slope, such as sqrt or log at 0, or lower the "
                f"learning rate, {self.rates()}"
            )
            raise FloatingPointError(
                f"fit: {found} in {where}, where the loss is {value.item():.4g}: {why}"
            )

    def rates(self) -> Any:
        """The learning rate, or the list of those of all groups if they differ; None if there is none."""
        found: list[Any] = []
        for optimizer in self.optimizers:
            groups = getattr(optimizer, "param_groups", None)
            if groups is not None:
                found += [group["lr"] for group in groups]
            elif hasattr(optimizer, "lr"):
                found.append(optimizer.lr)
        return found if len(set(found)) > 1 else next(iter(found), None)

    def next_rates(self, row: dict[str, Any]) -> None:
        """Advance the schedules; one that watches a quantity gets it from the epoch's row."""
        for schedule in self.schedules:
            if getattr(schedule, "needs_metric", False):
                schedule.step(_watched(schedule, row))
            else:
                schedule.step()


def _watched(schedule: Any, row: dict[str, Any]) -> float:
    """The quantity that a schedule asks for, or that of the validation that suits its mode."""
    wanted = getattr(schedule, "watch", "")
    quantity = wanted or ("accuracy" if getattr(schedule, "mode", "min") == "max" else "loss")
    for key in [wanted] if wanted else [f"validation_{quantity}", quantity]:
        if key in row:
            value: float = row[key]
            return value
    measured = ", ".join(key for key in row if key not in ("epoch", "lr", "seconds"))
    fix = "give one of these" if wanted else "name one of these, watch=..., or leave mode='min'"
    raise ValueError(
        f"fit: {type(schedule).__name__} watches the {quantity}, which is not measured; there are "
        f"{measured}; {fix}"
    )


def _empty(who: str, where: str = "", before: bool = False) -> str:
    if before:
        return (
            f"{who}: the loader has no batches{where}; a generator gives its batches once: use a list or "
            "an ag.data.Loader, which start anew every epoch (error.history has the epochs before)"
        )
    return (
        f"{who}: the loader has no batches; check its size and drop_last, and that it is no generator, "
        "which gives its batches once"
    )


def evaluate(
    model: Any,
    loader: Iterable[tuple[Any, ...]],
    loss: Callable[[Any, Any], Any] | None = None,
    *,
    metrics: Metrics = None,
) -> dict[str, float]:
    """Measure the ``loss`` and the ``metrics`` of a model, as ``fit`` does.

    The loss is that of all examples, however they are cut into batches: ignored ones, class weights and
    ``reduction="sum"`` of agx's losses count; another function's results count by the sizes of the batches.

    Without ``metrics`` the ``accuracy`` (0 to 1) is measured if agx's loss says what it takes: class
    scores, logits or probabilities. The model runs in evaluation mode without recording, and is put
    back in its mode afterwards. Raises ValueError for an empty loader, and if there is neither a loss
    nor a metric.

    >>> x, y = np.random.rand(8, 3).astype(np.float32), np.arange(8) % 2
    >>> sorted(ag.evaluate(ag.nn.Linear(3, 2), [(x, y)], ag.cross_entropy))
    ['accuracy', 'loss']
    """
    checks.check_model("evaluate", model)
    checks.check_loader("evaluate", loader)
    if loss is not None:
        checks.check_loss("evaluate", loss)
    measured = measures("evaluate", metrics, loss)
    if loss is None and not measured:
        raise ValueError(
            "evaluate: there is nothing to measure; give the loss, or metrics such as "
            "ag.train.Accuracy('scores')"
        )
    return _evaluate("evaluate", model, loader, loss, measured)


def _evaluate(
    who: str, model: Any, loader: Any, loss: Any, measured: dict[str, Any]
) -> dict[str, float]:
    meter = Meter(measured, loss)
    with _evaluating(model):
        for inputs, targets in pairs(who, loader):
            outputs = model(*inputs)
            checks.check_result(who, outputs)
            value = math.nan if loss is None else loss(outputs, targets)
            meter.add(checks.number(who, loss, value), outputs.array, targets)
    if not meter.count:
        raise ValueError(_empty(who))
    found = meter.result()
    if loss is None:
        del found["loss"]
    return found


def predict(model: Any, x: Any, *, batch_size: int = 256) -> np.ndarray:
    """Return the model's outputs for an array of inputs, or for all batches of a loader.

    An array (or a table of pandas or polars, or a data set) is cut into pieces of ``batch_size`` along its
    first axis; of a loader's batches the last element is taken for the targets and ignored, unless it is
    the only one. The model runs in evaluation mode without recording,
    and is put back in its mode afterwards. ``ag.train.decide`` turns outputs into
    classes. Raises ValueError if there is nothing to predict,
    TypeError for what is no array and gives no batches.

    >>> ag.predict(ag.nn.Linear(3, 2), np.ones((5, 3), np.float32)).shape
    (5, 2)
    """
    checks.check_model("predict", model)
    checks.check_batch_size(batch_size)
    with _evaluating(model):
        outputs = []
        for inputs in inputs_of(x, batch_size):
            found = model(*inputs)
            checks.check_result("predict", found)
            outputs.append(found.array)
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
