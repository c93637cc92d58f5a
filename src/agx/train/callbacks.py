"""What happens beside a training: callbacks, and the points at which they are called."""

from __future__ import annotations

import csv
import json
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from .._runtime.files import replacing
from ..optim import clip_grad_norm
from .history import DIRECTIONS, History, State, watched

#: The points of a run, in their order.
POINTS = (
    "on_run_begin", "on_epoch_begin", "on_batch_begin", "on_before_step", "on_batch_end",
    "on_epoch_end", "on_run_end",
)  # fmt: skip


class Callback:
    """Do something at the points of a run; a callback of your own defines those that it wants.

    A run calls ``on_run_begin``, ``on_epoch_begin``, for each batch ``on_batch_begin``, ``on_before_step``
    (the gradients are there and not used yet) and ``on_batch_end``, then ``on_epoch_end``, when the epoch's
    row of the history is complete, and ``on_run_end``, after an error too. Each is given a State; an
    ``on_epoch_end`` that returns True ends the run. Callbacks are called in the order of their list.

    What a callback remembers goes into checkpoints by ``state_dict``. A run that is resumed calls
    ``on_run_begin`` and ``on_epoch_begin`` again, and then ``load_state_dict``.

    >>> class Watch(ag.train.Callback):
    ...     def on_batch_end(self, state):
    ...         print(state.step, state.loss)
    """

    def on_run_begin(self, state: State) -> None:
        """Be called before the first epoch."""

    def on_run_end(self, state: State) -> None:
        """Be called after the last epoch, or after what ended the run."""

    def on_epoch_begin(self, state: State) -> None:
        """Be called before the first batch of an epoch."""

    def on_epoch_end(self, state: State) -> Any:
        """Be called after an epoch and its validation; return True to end the run."""

    def on_batch_begin(self, state: State) -> None:
        """Be called before a batch is learned from."""

    def on_before_step(self, state: State) -> None:
        """Be called between the backward pass and the step of the optimisers."""

    def on_batch_end(self, state: State) -> None:
        """Be called after a batch was learned from."""

    def state_dict(self) -> dict[str, Any]:
        """Return what has to be remembered: arrays, numbers, texts, and lists and dicts of these."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""


def called_at(point: str, callbacks: Iterable[Any]) -> list[Callable[[State], Any]]:
    """What is called at a point, of those callbacks that do something there."""
    found: list[Callable[[State], Any]] = []
    for one in callbacks:
        if isinstance(one, Callback):
            if getattr(type(one), point) is not getattr(Callback, point):
                found.append(getattr(one, point))
        elif point == "on_epoch_end":
            found.append(one)
    return found


class EarlyStopping(Callback):
    """End a run when a quantity has not improved for ``patience`` epochs.

    ``watch`` names a column of the history; without it the loss is watched, that of the validation if
    there is one (with ``mode="max"`` the accuracy). An improvement is one by more than ``min_delta``.
    ``restore_best`` gives the model the weights of the best epoch at the end of a run that was not cut
    off. Raises ValueError for a negative number, and for a mode that is needed and missing.

    >>> stopping = ag.train.EarlyStopping(patience=5, watch="validation_accuracy")
    """

    def __init__(
        self,
        patience: int = 5,
        restore_best: bool = True,
        *,
        watch: str = "",
        mode: str | None = None,
        min_delta: float = 0.0,
    ) -> None:
        if mode is None:
            mode = DIRECTIONS.get(watch.removeprefix("validation_")) if watch else "min"
        if mode not in ("min", "max"):
            raise ValueError(
                f"EarlyStopping: say whether less or more {watch} is better, mode='min' or 'max', "
                f"got {mode!r}"
            )
        if not (patience >= 0 and min_delta >= 0):
            raise ValueError(
                "EarlyStopping: patience and min_delta must not be negative, got "
                f"{patience} and {min_delta}"
            )
        self.patience, self.restore_best = patience, restore_best
        self.watch, self.mode, self.min_delta = watch, mode, min_delta
        self._begin()

    def _begin(self) -> None:
        self.best = math.inf if self.mode == "min" else -math.inf
        self.best_epoch = self.bad = 0
        self.weights: dict[str, Any] = {}

    def on_run_begin(self, state: State) -> None:
        """Forget an earlier run."""
        self._begin()

    def on_epoch_end(self, state: State) -> bool:
        """Compare the epoch with the best one, and end the run if that is too long ago."""
        value = watched("EarlyStopping", self, state.history[-1])
        gain = self.best - value if self.mode == "min" else value - self.best
        if gain > self.min_delta or (math.isinf(self.best) and gain > 0):
            self.best, self.best_epoch, self.bad = value, state.epoch, 0
            if self.restore_best:
                self.weights = state.model.state_dict()
        else:
            self.bad += 1
        return self.bad > self.patience

    def on_run_end(self, state: State) -> None:
        """Give the model its best weights."""
        if self.weights and state.trainer.whole and not state.history.interrupted:
            state.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the best epoch, its weights, and how long ago it was."""
        return {key: getattr(self, key) for key in ("best", "best_epoch", "bad", "weights")}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""
        vars(self).update(state)


class ClipGradients(Callback):
    """Scale the gradients of every batch so that their norm is at most ``max_norm``.

    >>> clipping = ag.train.ClipGradients(1.0)
    """

    def __init__(self, max_norm: float) -> None:
        clip_grad_norm([], max_norm)  # complains of what is no norm
        self.max_norm = max_norm

    def on_before_step(self, state: State) -> None:
        """Clip the gradients of all that the optimisers train."""
        parameters = [p for o in state.trainer.optimizers for p in o.parameters]
        clip_grad_norm(parameters, self.max_norm)


class BatchSchedule(Callback):
    """Move a schedule on after every batch, such as OneCycleLR with total_steps=epochs*len(loader).

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=0.1)
    >>> cycle = ag.train.BatchSchedule(ag.optim.OneCycleLR(sgd, max_lr=0.1, total_steps=100))
    """

    def __init__(self, schedule: Any) -> None:
        if isinstance(schedule, type) or not hasattr(schedule, "step"):
            raise TypeError(
                f"BatchSchedule: expected a schedule, such as ag.optim.OneCycleLR(...), got {schedule!r}"
            )
        self.schedule = schedule

    def on_batch_end(self, state: State) -> None:
        """Set the learning rates of the next batch."""
        self.schedule.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the schedule's state."""
        found: dict[str, Any] = self.schedule.state_dict()
        return found

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the schedule's state."""
        self.schedule.load_state_dict(state)


class _Log(Callback):
    """The history in a file, which is whole at any time."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.due = -math.inf
        self.written = -1

    def on_run_begin(self, state: State) -> None:
        """Make sure that the file can be written, before anything is learned."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._write(state.history)

    def on_epoch_end(self, state: State) -> None:
        """Write the history, unless that took a tenth of the time lately."""
        start = time.perf_counter()
        if start >= self.due or state.epoch == state.epochs:
            self._write(state.history)
            now = time.perf_counter()
            self.due = now + 9 * (now - start)

    def on_run_end(self, state: State) -> None:
        """Write what is not written yet."""
        if self.written != len(state.history):
            self._write(state.history)

    def _write(self, history: History) -> None:
        with replacing(self.path, "w") as file:
            self._fill(file, history)
        self.written = len(history)

    def _fill(self, file: Any, history: History) -> None:
        raise NotImplementedError


class JSONLog(_Log):
    """Write the history to a file, a line of JSON for each epoch.

    >>> log = ag.train.JSONLog("runs/history.jsonl")
    """

    def _fill(self, file: Any, history: History) -> None:
        file.writelines(json.dumps(row) + "\n" for row in history)


class CSVLog(_Log):
    """Write the history to a file as a table with commas, with names above the columns.

    >>> log = ag.train.CSVLog("runs/history.csv")
    """

    def _fill(self, file: Any, history: History) -> None:
        names = list({key: None for row in history for key in row})
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


class TensorBoard(Callback):
    """Write the history for TensorBoard, a scalar for each column, in a file in ``folder``.

    ``writer`` is something that has PyTorch's ``add_scalar(name, value, epoch)`` and ``close()``; without it
    one of tensorboardX is made. Raises ImportError without that package (extra ``agx[tensorboard]``).

    >>> board = ag.train.TensorBoard("runs/board")  # doctest: +SKIP
    """

    def __init__(self, folder: str | os.PathLike[str] = "runs", writer: Any = None) -> None:
        self.folder, self.writer = Path(folder), writer
        if writer is None:
            try:
                import tensorboardX  # noqa: F401
            except ImportError as error:
                raise ImportError(
                    "TensorBoard needs the tensorboardX package, or writer=; install it with: pip install "
                    '"agx[tensorboard]"'
                ) from error

    def on_run_begin(self, state: State) -> None:
        """Open a file."""
        if self.writer is None:
            from tensorboardX import SummaryWriter

            self.writer = SummaryWriter(str(self.folder))

    def on_epoch_end(self, state: State) -> None:
        """Write the epoch: training and validation of a quantity share a group."""
        for key, value in state.history[-1].items():
            if isinstance(value, (int, float)) and key != "epoch":
                part = "validation" if key.startswith("validation_") else "training"
                name = f"{key.removeprefix('validation_')}/{part}"
                self.writer.add_scalar(name, value, state.epoch)

    def on_run_end(self, state: State) -> None:
        """Close the file."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None
