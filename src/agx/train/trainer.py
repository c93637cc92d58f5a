"""The training of a model: epochs, callbacks, and a state that can be saved and gone on from."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from . import checks, generators
from .callbacks import POINTS, Callback, called_at
from .evaluation import evaluate, measured_on, no_batches, predict
from .history import History, State, print_epoch, watched
from .inputs import pairs
from .loop import Steps, rates
from .measure import Meter, Metrics, measures
from .progress import Bar, Table, in_notebook, print_line, speed_of

Loss = Callable[[Any, Any], Any]
Batches = Iterable[tuple[Any, ...]]


class Trainer:
    """Train a model, measure it, and go on where an earlier training was.

    ``loss(model(inputs), targets)`` is a scalar Tensor that is minimised by ``optimizer``; ``schedule``
    sets the learning rate after each epoch. Both may be lists. ``metrics`` are what ``ag.fit`` takes,
    ``callbacks`` functions of a State, called after each epoch, and objects of ``ag.train.Callback``,
    which have more points. ``progress`` shows a bar and a table; False shows nothing.

    ``state_dict`` holds all that a run depends on, to the bit, but its data and its settings;
    ``ag.train.Checkpoint`` writes it to files. Raises TypeError and ValueError for arguments of
    another kind.

    >>> layer = ag.nn.Linear(3, 2)
    >>> trainer = ag.Trainer(layer, ag.cross_entropy, ag.optim.SGD(layer.parameters(), 0.1))
    >>> x, y = np.random.rand(8, 3).astype(np.float32), np.arange(8) % 2
    >>> history = trainer.fit(ag.data.Loader((x, y), 4), epochs=2)
    """

    def __init__(
        self,
        model: Any,
        loss: Loss,
        optimizer: Any,
        *,
        schedule: Any = None,
        metrics: Metrics = None,
        callbacks: Iterable[Any] = (),
        progress: bool | None = None,
    ) -> None:
        self._take("Trainer", model, loss, optimizer, schedule, metrics, callbacks, progress)

    def _take(
        self, who: str, model: Any, loss: Any, optimizer: Any, schedule: Any, metrics: Any,
        callbacks: Any, progress: Any,
    ) -> None:  # fmt: skip
        """Check the parts of a training and keep them."""
        checks.check_model(who, model)
        checks.check_loss(who, loss)
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.optimizers = checks.optimizers_of(who, optimizer)
        self.schedules = checks.schedules_of(who, schedule, self.optimizers)
        self.metrics = measures(who, metrics, loss)
        self.callbacks = checks.callbacks_of(who, callbacks)
        self.progress = progress
        self._resumed: Mapping[str, Any] | None = None
        self._going: _Run | None = None  # or the last one
        self._stopping = False
        self._begin()

    def _begin(self) -> None:
        """Forget what an earlier run has left."""
        self.history = History()
        #: The batches learned from; whether a callback ended the run; whether no step is half done.
        self.step, self.ended, self.whole = 0, False, True
        self._meter: Meter | None = None  # of the epoch that is going on
        self._rates: Any = None  # at its beginning
        self._first: dict[str, Any] | None = None  # the generators there
        self._start = self._seconds = 0.0

    def fit(self, loader: Batches, epochs: int, *, validation: Batches | None = None) -> History:
        """Train for a number of epochs and return what was measured, as ``ag.fit`` does.

        Each call is a run of its own, with epochs from 1, unless a state was loaded before: then that
        run goes on until it has ``epochs`` epochs, with the batches and the random numbers that it would
        have had.
        """
        return self._fit(loader, epochs, validation)

    def _fit(self, loader: Any, epochs: Any, validation: Any) -> History:
        checks.check_loader("fit", loader)
        checks.check_epochs(epochs)
        if self._resumed is None:
            self._begin()
        self._stopping, begun = False, len(self.history)
        if epochs > begun:
            checks.check_length(self.schedules, loader, int(epochs) - begun)
        if validation is not None:
            checks.check_loader("fit: validation", validation)
        shown = self.progress
        if shown is None:
            shown = in_notebook() or (sys.stderr is not None and sys.stderr.isatty())
        callbacks = list(self.callbacks)
        if print_epoch not in callbacks and (shown or self.progress is None):
            table = Table() if in_notebook() else print_epoch
            callbacks.insert(0, table if shown else print_line())
        steps = Steps(self.model, loader, self.loss, self.optimizers)
        owners = {**self._owners(), "loader": loader, "validation": validation}
        run = self._going = _Run(
            loader, int(epochs), validation, bool(shown), callbacks, owners, steps, begun
        )
        try:
            self._run(run)
        except (KeyboardInterrupt, _Stopped) as reason:
            self.history.interrupted = True
            self.whole = isinstance(reason, _Stopped)
        except Exception as error:
            self.whole = False
            error.history = self.history  # type: ignore[attr-defined]
            raise
        finally:
            self._resumed = None
            run.bar.close()
            run.call("on_run_end", self._state(run, len(self.history)))
        return self.history

    def _run(self, run: _Run) -> None:
        """Train until the run has its epochs, or is told to end."""
        run.call("on_run_begin", self._state(run, run.begun))
        if self._resumed and self._meter is None:
            self._go_on(run)
        while not self.ended and len(self.history) < run.epochs:
            state = self._state(run, len(self.history) + 1)
            run.call("on_epoch_begin", state)
            if self._resumed:
                self._go_on(run)
            row = self._epoch(run, state)
            self.history.append(row)
            self._validate(run, row)
            for call in run.points["on_epoch_end"]:
                answer = call(state)
                self.ended |= answer is True or answer is np.True_
            if self._stopping and not self.ended and state.epoch < run.epochs:
                raise _Stopped

    def _epoch(self, run: _Run, state: State) -> dict[str, Any]:
        """Train for an epoch, or for the rest of one, and return what was measured."""
        if hasattr(self.model, "train") and not getattr(self.model, "training", False):
            self.model.train()
        if self._meter is None:
            self._meter, self._rates = Meter(self.metrics, self.loss), rates(self.optimizers)
        meter, title = self._meter, f"epoch {state.epoch}/{run.epochs}"
        begin, end = run.points["on_batch_begin"], run.points["on_batch_end"]
        before = [functools.partial(call, state) for call in run.points["on_before_step"]]
        self._start = time.perf_counter() - self._seconds
        with run.bar.over(run.loader, title, meter.count) as show:
            for batch in self._batches(run):
                state.step, state.batch = self.step + 1, meter.steps + 1
                for call in begin:
                    call(state)
                state.loss, outputs = run.steps.take(batch, f"{title}, step {state.batch}", before)
                self.step += 1
                meter.add(state.loss, outputs, batch[-1])
                show(meter)
                for call in end:
                    call(state)
                if self._stopping:
                    raise _Stopped
        run.steps.end_epoch()
        seconds = time.perf_counter() - self._start
        if not meter.count:
            raise ValueError(no_batches("fit", f" in {title}", self.step > 0))
        self._meter, self._seconds, self._first = None, 0.0, None
        speed = {"seconds": seconds, "images_per_second": speed_of(meter.count, seconds)}
        rate = {} if self._rates is None else {"lr": self._rates}
        return {"epoch": state.epoch, **meter.result(), **rate, **speed}

    def _batches(self, run: _Run) -> Iterator[tuple[Any, ...]]:
        """The batches of an epoch, or of its rest."""
        taken = self._meter.steps if self._meter else 0
        batches = pairs("fit", run.loader)
        if not _has_state(run.loader):
            now = generators.capture(run.owners)
            if taken and self._first:
                generators.restore(self._first, run.owners)
            self._first = self._first if taken else now
            for _ in zip(range(taken), batches, strict=False):  # they are made again, as they were
                pass
            if taken:
                generators.restore(now, run.owners)
        for inputs, targets in batches:
            yield (*inputs, targets)

    def _validate(self, run: _Run, row: dict[str, Any]) -> None:
        """Measure the validation, and advance the schedules, which may watch it."""
        if run.validation is not None:
            who = "fit: validation"
            found = measured_on(who, self.model, run.validation, self.loss, self.metrics)
            row.update({f"validation_{key}": value for key, value in found.items()})
        row["seconds"] = time.perf_counter() - self._start
        for schedule in self.schedules:
            if getattr(schedule, "needs_metric", False):
                schedule.step(watched("fit", schedule, row))
            else:
                schedule.step()

    def _state(self, run: _Run, epoch: int) -> State:
        return State(
            epoch, run.epochs, self.model, self.optimizer, self.history, self, self.step,
            begun=run.begun,
        )  # fmt: skip

    def evaluate(self, loader: Batches) -> dict[str, Any]:
        """Measure the loss and the metrics, as ``ag.evaluate`` does."""
        return evaluate(self.model, loader, self.loss, metrics=self.metrics or ())

    def predict(self, x: Any, *, batch_size: int = 256) -> np.ndarray:
        """Return the model's outputs, as ``ag.predict`` does."""
        return predict(self.model, x, batch_size=batch_size)

    def stop(self) -> None:
        """End the run that is going on after the batch at hand, as Ctrl-C would."""
        self._stopping = True

    # --- what a run depends on -------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return what a run needs to go on to the bit: arrays, numbers, texts, lists and dicts.

        That is weights and buffers, optimisers, schedules, what callbacks remember, the random generators,
        the place in the epoch and the sums over it, and the history. To be taken where a callback is called
        at the end of a batch or of an epoch, or when no run is going on. Raises RuntimeError if the last
        run was cut off in the middle of a step, TypeError for parts that have no ``state_dict``.
        """
        if not self.whole:
            raise RuntimeError(
                "Trainer: the run was cut off in the middle of a step, so that its state is none to go on "
                "from; load a checkpoint"
            )
        run, going = self._going, self._meter is not None
        loader = None if run is None else run.loader
        owners = self._owners() if run is None else run.owners
        return {
            "model": _weights(self.model),
            "optimizers": [_state_of(o) for o in self.optimizers],
            "schedules": [_state_of(s) for s in self.schedules],
            "callbacks": [
                [type(c).__name__, kept]
                for c in self.callbacks
                if isinstance(c, Callback) and (kept := c.state_dict())
            ],
            "generators": generators.capture(owners),
            "loader": _state_of(loader) if _has_state(loader) else None,
            "first": self._first if going else None,
            "meter": self._meter.state_dict() if self._meter else None,
            "rates": self._rates,
            "seconds": time.perf_counter() - self._start if going else 0.0,
            "history": list(self.history),
            "step": self.step,
            "ended": self.ended,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned; the next ``fit`` goes on with that run.

        The Trainer must have been made in the same way, and be given the same data. Raises ValueError for
        a state that does not fit.
        """
        for role in ("optimizers", "schedules"):
            if len(state[role]) != len(getattr(self, role)):
                raise ValueError(
                    f"Trainer: the state has {len(state[role])} {role}, this one {len(getattr(self, role))}; "
                    "make it as it was when the state was saved"
                )
        self._remembering(state)
        meter = None
        if state["meter"] is not None:
            meter = Meter(self.metrics, self.loss)
            meter.load_state_dict(state["meter"])
        parts = [*self.optimizers, *self.schedules]
        history = [dict(row) for row in state["history"]]
        keys = "step", "ended", "rates", "first", "seconds"
        step, ended, rates, first, seconds = (state[key] for key in keys)
        before = _weights(self.model), [_state_of(part) for part in parts]
        try:
            self._load(state["model"], [*state["optimizers"], *state["schedules"]])
        except Exception:
            self._load(*before)
            raise
        self._begin()
        self.history.extend(history)
        self.step, self.ended = step, ended
        self._rates, self._first, self._seconds = rates, first, seconds
        self._meter, self._resumed = meter, state

    def _load(self, model: Mapping[str, Any], states: list[Any]) -> None:
        _load_weights(self.model, model)
        for part, kept in zip([*self.optimizers, *self.schedules], states, strict=True):
            part.load_state_dict(kept)

    def _go_on(self, run: _Run) -> None:
        """Put all of a run into the state that was loaded, whatever callbacks did at its beginning."""
        state, history = self._resumed, self.history
        assert state is not None
        self.load_state_dict(state)
        history[:] = self.history
        self.history, self._resumed = history, None
        for callback, kept in self._remembering(state):
            callback.load_state_dict(kept)
        if (state["loader"] is None) == _has_state(run.loader):
            raise ValueError(
                "fit: the state was saved with a loader of another kind; give one like that, of the same data"
            )
        if state["loader"] is not None:
            run.loader.load_state_dict(state["loader"])
        generators.restore(state["generators"], run.owners)
        run.steps.go_on(self.step)

    def _owners(self) -> dict[str, Any]:
        """What may hold generators of its own."""
        found = {"model": self.model, "loss": self.loss}
        for callback in self.callbacks:
            kind = type(callback).__name__
            count = sum(name.startswith(f"{kind} ") for name in found)
            found[f"{kind} {count}"] = callback
        return found

    def _remembering(self, state: Mapping[str, Any]) -> list[tuple[Callback, Any]]:
        """The callbacks that a state remembers something of, and what; in their order, kind by kind."""
        waiting, found = [c for c in self.callbacks if isinstance(c, Callback)], []
        for kind, kept in state["callbacks"]:
            own = next((c for c in waiting if type(c).__name__ == kind), None)
            if own is None:
                raise ValueError(
                    f"Trainer: the state is of a run with the callback {kind}, which this one has not; give "
                    "it too"
                )
            waiting.remove(own)
            found.append((own, kept))
        return found


class _Stopped(Exception):  # noqa: N818  it is no error
    """The end of a run that was asked to end."""


class _Run:
    """One call of ``fit``: what it was given, and who is called when."""

    def __init__(
        self, loader: Any, epochs: int, validation: Any, shown: bool, callbacks: list[Any],
        owners: dict[str, Any], steps: Steps, begun: int,
    ) -> None:  # fmt: skip
        self.loader, self.epochs, self.validation = loader, epochs, validation
        self.bar = Bar(shown)
        self.points = {point: called_at(point, callbacks) for point in POINTS}
        self.owners, self.steps, self.begun = owners, steps, begun

    def call(self, point: str, state: State) -> None:
        for call in self.points[point]:
            call(state)


def _has_state(part: Any) -> bool:
    return hasattr(part, "state_dict") and hasattr(part, "load_state_dict")


def _state_of(part: Any) -> dict[str, Any]:
    if not _has_state(part):
        raise TypeError(
            f"Trainer: {type(part).__name__} has no state_dict() and load_state_dict(state), so that a run "
            "with it cannot be saved; write them"
        )
    state: dict[str, Any] = part.state_dict()
    return state


def _weights(model: Any) -> dict[str, Any]:
    """The arrays of a model, or of a function that has parameters."""
    if _has_state(model):
        state: dict[str, Any] = model.state_dict()
        return state
    parameters = model.parameters() if hasattr(model, "parameters") else ()
    return {str(i): p.value.copy() for i, p in enumerate(parameters)}


def _load_weights(model: Any, state: Mapping[str, Any]) -> None:
    if _has_state(model):
        model.load_state_dict(state)
        return
    parameters = model.parameters() if hasattr(model, "parameters") else ()
    for i, p in enumerate(parameters):
        p.value[...] = state[str(i)]


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
    callbacks: Iterable[Any] = (),
    progress: bool | None = None,
) -> History:
    """Train ``model`` for a number of epochs and return what was measured.

    ``loader`` yields batches ``(inputs, targets)``; ``loss(model(inputs), targets)`` is a scalar
    Tensor that is minimised. The model is put in training mode; where it is already, parts of it that are
    in evaluation mode stay so, such as a frozen batch norm. ``optimizer`` and ``schedule`` may be lists.
    ``validation`` is evaluated after each epoch, then ``schedule.step()`` sets the next learning rate
    (OneCycleLR with total_steps=epochs; ReduceLROnPlateau gets the loss, or with mode="max" the accuracy,
    of the validation if there is one), then each callback is called with a State; one that returns True ends
    the training. An ``ag.train.Callback`` has more points. ``ag.Trainer`` keeps the parts of a training, and
    can go on with one.

    ``metrics`` are functions of outputs and targets, in a list or by name in a dict, each called with
    the arrays of the whole epoch; "accuracy" stands for ``ag.train.Accuracy(loss)``. Without it the
    accuracy is measured if agx's loss says what it takes: class scores, logits or probabilities.

    ``progress`` shows a bar and a table, in a terminal and in a notebook; False shows nothing, and None a
    table without a bar on standard error where that is neither.

    Ctrl-C ends the training too: the epochs so far are returned and ``history.interrupted`` is set. Any
    error has the epochs before it as ``error.history``. Raises FloatingPointError, before the batch has
    changed anything, if the loss or a gradient is NaN or infinite, and says where that comes from; TypeError
    and ValueError for arguments of another kind, and ValueError for a loader without batches.

    >>> x, y = np.random.rand(8, 3).astype(np.float32), np.arange(8) % 2
    >>> layer = ag.nn.Linear(3, 2)
    >>> sgd = ag.optim.SGD(layer.parameters(), 0.1)
    >>> history = ag.fit(layer, [(x, y)], ag.cross_entropy, sgd, 5, progress=False)
    """
    checks.check_model("fit", model)
    checks.check_loader("fit", loader)
    trainer = Trainer.__new__(Trainer)
    trainer._take("fit", model, loss, optimizer, schedule, metrics, callbacks, progress)
    return trainer._fit(loader, epochs, validation)
