"""The training loop, evaluation and prediction, for any callable with parameters."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .graph import no_grad

#: Key of an epoch: title, format, factor and width of its column in a table.
_COLUMNS = {
    "epoch": ("epoch", "d", 1, 5),
    "loss": ("loss", "#.4g", 1, 9),
    "accuracy": ("accuracy", ".2f", 100, 8),
    "validation_loss": ("val loss", "#.4g", 1, 9),
    "validation_accuracy": ("val accuracy", ".2f", 100, 12),
    "lr": ("lr", ".3g", 1, 8),
    "seconds": ("seconds", ".1f", 1, 7),
    "images_per_second": ("images/s", ".0f", 1, 8),
}


class History(list[dict[str, Any]]):
    """Hold one dict per epoch: a list that prints as a table.

    The keys are ``epoch`` (from 1), ``loss``, ``accuracy`` (0 to 1, for classification),
    ``validation_loss``, ``validation_accuracy``, ``lr``, ``seconds`` (of the epoch) and
    ``images_per_second`` (of its training part); what was not measured is absent. ``interrupted``
    tells whether Ctrl-C ended the training.

    >>> ag.train.History([{"epoch": 1, "loss": 0.25, "accuracy": 0.5}])
    epoch       loss  accuracy
        1     0.2500     50.00
    """

    interrupted: bool = False

    def best(self, key: str = "validation_accuracy") -> dict[str, Any]:
        """Return the epoch with the largest ``key``, or the smallest if the key names a loss.

        Raises KeyError if no epoch has it.

        >>> ag.train.History([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.2}]).best("loss")
        {'epoch': 2, 'loss': 0.2}
        """
        rows = [row for row in self if key in row]
        if not rows:
            raise KeyError(
                f"best: no epoch has {key!r}; there is {', '.join(self._keys()) or 'none'}"
            )
        pick = min if key.endswith("loss") else max
        return pick(rows, key=lambda row: row[key])

    def _keys(self) -> list[str]:
        present = {key for row in self for key in row}
        return [key for key in _COLUMNS if key in present]

    def lines(self) -> list[str]:
        """Return the table's lines, the header first."""
        keys = self._keys()
        return [_header(keys), *(_line(row, keys) for row in self)]

    def __repr__(self) -> str:
        return "\n".join(self.lines()) if self else "History of no epochs"


def _header(keys: list[str]) -> str:
    return "  ".join(f"{_COLUMNS[key][0]:>{_COLUMNS[key][3]}}" for key in keys)


def _line(row: dict[str, Any], keys: list[str]) -> str:
    cells = []
    for key in keys:
        _, style, factor, width = _COLUMNS[key]
        text = format(row[key] * factor, style) if key in row else "-"
        cells.append(f"{text:>{width}}")
    return "  ".join(cells)


@dataclass
class State:
    """What a callback sees after each epoch: ``history[-1]`` is the epoch just finished."""

    epoch: int
    epochs: int
    model: Any
    optimizer: Any
    history: History


def print_epoch(state: State) -> None:
    """Print the epoch as a row of a table, with the header before the first: a callback.

    >>> history = ag.fit(model, loader, loss, optimizer, epochs=1,
    ...                  callbacks=[ag.train.print_epoch])  # doctest: +SKIP
    """
    lines = state.history.lines()
    if len(state.history) == 1:
        print(lines[0])
    print(lines[-1], flush=True)


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

    >>> x, y = np.random.rand(8, 3), np.arange(8) % 2
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
    meter = _Meter()
    start = time.perf_counter()
    with _bar(loader, title, shown) as show:
        for *inputs, targets in loader:
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

    >>> x, y = np.random.rand(8, 3), np.arange(8) % 2
    >>> sorted(ag.evaluate(ag.nn.Linear(3, 2), [(x, y)], ag.cross_entropy))
    ['accuracy', 'loss']
    """
    meter = _Meter()
    with _evaluating(model):
        for *inputs, targets in loader:
            outputs = model(*inputs)
            value = math.nan if loss is None else loss(outputs, targets).item()
            meter.add(value, outputs.array, targets)
    found = meter.result("evaluate")
    if loss is None:
        del found["loss"]
    return found


def predict(model: Any, x: Any, *, batch_size: int = 256) -> np.ndarray:
    """Return the model's outputs for an array of inputs, or for all batches of a loader.

    An array is cut into pieces of ``batch_size`` along its first axis; of a loader's batches the last
    element is taken for the targets and ignored. The model runs in evaluation mode without recording,
    and is put back in its mode afterwards. Raises ValueError if there is nothing to predict.

    >>> ag.predict(ag.nn.Linear(3, 2), np.random.rand(5, 3)).shape
    (5, 2)
    """
    x = getattr(x, "value", x)
    if isinstance(x, np.ndarray):
        batches: Iterable[Any] = ((x[i : i + batch_size],) for i in range(0, len(x), batch_size))
    else:
        batches = (batch[:-1] for batch in x)
    with _evaluating(model):
        outputs = [model(*inputs).array for inputs in batches]
    if not outputs:
        raise ValueError("predict: got no inputs; the array or the loader is empty")
    return np.concatenate(outputs)


def decide(outputs: np.ndarray) -> np.ndarray:
    """Turn outputs into class numbers: the largest of (N, classes), the sign of single logits.

    >>> ag.train.decide(np.array([[0.1, 2.0], [3.0, -1.0]]))
    array([1, 0])
    >>> ag.train.decide(np.array([[0.7], [-0.2]]))
    array([1, 0])
    """
    if outputs.ndim > 1 and outputs.shape[1] > 1:
        return outputs.argmax(axis=1)
    return (outputs > 0).reshape(len(outputs), *outputs.shape[2:]).astype(np.int64)


class _Meter:
    """Sums over the batches of an epoch, from arrays that are there anyway."""

    def __init__(self) -> None:
        self.steps = self.count = self.correct = self.decided = 0
        self.total = 0.0

    def add(self, loss: float, outputs: np.ndarray, targets: Any) -> None:
        self.steps += 1
        self.count += len(outputs)
        self.total += loss * len(outputs)
        if isinstance(targets, np.ndarray) and targets.dtype.kind in "iub":
            votes = decide(outputs)
            if votes.size == targets.size:
                self.correct += int(np.count_nonzero(votes == targets.reshape(votes.shape)))
                self.decided += votes.size

    def result(self, who: str) -> dict[str, float]:
        """The means so far."""
        if not self.count:
            raise ValueError(f"{who}: the loader has no batches; check its size and drop_last")
        found = {"loss": self.total / self.count}
        if self.decided:
            found["accuracy"] = self.correct / self.decided
        return found


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


@contextlib.contextmanager
def _bar(loader: Any, title: str, shown: bool) -> Iterator[Callable[[_Meter], None]]:
    """A progress bar over the batches, rewritten at most ten times a second."""
    if not shown:
        yield lambda meter: None
        return
    from tqdm import tqdm

    total = len(loader) if hasattr(loader, "__len__") else None
    start = due = time.perf_counter()

    def show(meter: _Meter) -> None:
        nonlocal due
        now = time.perf_counter()
        if now >= due or meter.steps == total:
            due = now + 0.1
            found = meter.result("fit")
            accuracy = f", accuracy {100 * found['accuracy']:.1f} %" if "accuracy" in found else ""
            speed = f", {meter.count / (now - start):.0f} images/s"
            bar.set_postfix_str(f"loss {found['loss']:.4f}{accuracy}{speed}", refresh=False)
            bar.update(meter.steps - bar.n)

    style = "{desc} {percentage:3.0f}%|{bar:20}| {elapsed}<{remaining}{postfix}"
    if total is None:
        style = "{desc}, step {n_fmt} {elapsed}{postfix}"
    with tqdm(total=total, desc=title, leave=False, bar_format=style, mininterval=0) as bar:
        yield show
