"""What is measured beside the loss: accuracy, as the loss says what it takes, and functions of one's own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..nn.losses import PREDICTIONS

#: The kinds of predictions that decide something, and above what each entry for itself says yes.
_THRESHOLDS = {"scores": None, "log-probabilities": None, "probabilities": 0.5, "logits": 0.0}

#: Keys of a history that are no metrics.
RESERVED = ("epoch", "loss", "lr", "seconds", "images_per_second")

Metrics = Any


def named(function: Any) -> str:
    """The name of a function, a class or an instance."""
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__name__", None) or type(function).__name__


def _unwrapped(loss: Any) -> tuple[Any, dict[str, Any]]:
    """A loss that says what it takes, and the options that it was given; None if it says nothing."""
    options: dict[str, Any] = {}
    while isinstance(loss, functools.partial):
        if loss.args:
            return None, options
        loss, options = loss.func, {**loss.keywords, **options}
    copied = getattr(loss, "__wrapped__", None)  # functools.wraps copies what another loss says
    said = getattr(loss, "takes", None) if getattr(copied, "takes", None) is None else None
    return loss if said else None, {**getattr(loss, "options", {}), **options}


def _declared(loss: Any) -> tuple[str | None, dict[str, Any]]:
    """What a loss says that it takes, and the options that it was given; None if it says nothing."""
    found, options = _unwrapped(loss)
    return getattr(found, "takes", None), options


def _divisor(loss: Any) -> Callable[[np.ndarray, Any], float | None]:
    """A function of a batch's outputs and targets: over what the loss is a mean; None for a sum."""
    found, options = _unwrapped(loss)
    if found is not None and options.get("reduction") == "sum":
        return lambda outputs, targets: None
    over = getattr(found, "over", None)
    if over is None:
        return lambda outputs, targets: float(len(outputs))

    def divisor(outputs: np.ndarray, targets: Any) -> float:
        share = over(outputs, targets, **options)
        return float(len(outputs)) if share is None else share

    return divisor


def kind_of(who: str, of: Any) -> tuple[str, dict[str, Any]]:
    """The kind of predictions that ``of``, a kind or a loss, stands for, and the loss's options."""
    kind, options = (of, {}) if isinstance(of, str) else _declared(of)
    kinds = ", ".join(map(repr, _THRESHOLDS))
    if kind is None:
        raise ValueError(
            f"{who}: the loss {named(of)} does not say what its predictions are; say it: {kinds}"
        )
    if kind not in _THRESHOLDS:
        known = kind in PREDICTIONS
        got = f"{named(of)}, which takes {kind}" if known and kind is not of else repr(kind)
        raise ValueError(f"{who}: expected {kinds}, or a loss of one of these, got {got}")
    return kind, options


def decide(outputs: np.ndarray, of: Any = None) -> np.ndarray:
    """Turn outputs into class numbers: the largest of (N, classes), yes or no for single outputs.

    ``of`` says what the outputs are: "logits" (yes above 0), "probabilities" (yes above 0.5), "scores"
    or "log-probabilities" (the largest along axis 1), or the loss that the model was trained with. With
    logits or probabilities every entry decides for itself. Without it outputs (N, classes) are scores,
    and single outputs, (N,) or (N, 1), logits. Raises ValueError if these could be probabilities as well,
    as they all lie in [0, 1], and for a loss that does not say what it takes.

    >>> ag.train.decide(np.array([[0.1, 2.0], [3.0, -1.0]]))
    array([1, 0])
    >>> ag.train.decide(np.array([[0.7], [-0.2]]))
    array([1, 0])
    >>> ag.train.decide(np.array([[0.7], [0.2]]), "probabilities")
    array([1, 0])
    """
    outputs = np.asarray(getattr(outputs, "value", outputs))
    single = outputs.ndim < 2 or outputs.shape[1] == 1
    if of is not None:
        kind = kind_of("decide", of)[0]
    elif not single:
        kind = "scores"
    else:
        kind = "logits"
        if outputs.size and outputs.min() >= 0 and outputs.max() <= 1:
            raise ValueError(
                "decide: single outputs that all lie in [0, 1] may be probabilities or logits; say which, "
                'decide(outputs, "probabilities") or decide(outputs, "logits"), or give the loss'
            )
    threshold = _THRESHOLDS[kind]
    if threshold is None:
        return outputs.argmax(axis=min(1, outputs.ndim - 1))
    votes = (outputs > threshold).astype(np.int64)
    return votes.reshape(len(outputs), *outputs.shape[2:]) if single else votes


class Accuracy:
    """Measure the share of right decisions, 0 to 1: a metric for ``ag.fit`` and ``ag.evaluate``.

    ``of`` says what the outputs are. Of "scores" and "log-probabilities", (N, C, ...), the largest along
    axis 1 is the decision, and the targets are class numbers, of which ``ignore_index`` does not count,
    or the probability of every class, of which the largest is right. Of "logits" every entry is a
    decision, yes above 0, and of "probabilities" yes above 0.5; the targets are 0 or 1. A loss stands
    for what it takes. Raises ValueError for a loss that does not say it, and for targets of another kind.

    >>> accuracy = ag.train.Accuracy("probabilities")
    >>> accuracy(np.array([0.9, 0.2]), np.array([1, 1]))
    0.5
    """

    __name__ = "accuracy"

    def __init__(self, of: Any, *, ignore_index: int | None = None) -> None:
        self.of, options = kind_of("Accuracy", of)
        given = options.get("ignore_index", -100)
        self.ignore_index = given if ignore_index is None else ignore_index

    def count(self, outputs: np.ndarray, targets: Any) -> tuple[int, int] | None:
        """How many decisions are right, and how many there are; None if targets decide nothing."""
        targets = np.asarray(getattr(targets, "value", targets))
        threshold = _THRESHOLDS[self.of]
        if threshold is not None:
            if outputs.size != targets.size or not ((targets == 0) | (targets == 1)).all():
                return None
            right = (outputs.reshape(-1) > threshold) == targets.reshape(-1)
            return _counted(right, outputs.reshape(-1, 1)), right.size
        if outputs.ndim == 1:
            outputs, targets = outputs[None], targets[None]
        votes = outputs.argmax(axis=1)
        if targets.shape == outputs.shape:
            chosen = np.take_along_axis(targets, votes[:, None], axis=1)[:, 0]
            return _counted(chosen == targets.max(axis=1), outputs), votes.size
        if targets.shape != votes.shape or targets.dtype.kind not in "iub":
            return None
        right, ignored = votes == targets, targets == self.ignore_index
        if self.ignore_index >= 0:
            right &= ~ignored
        return _counted(right, outputs), votes.size - int(np.count_nonzero(ignored))

    def __call__(self, outputs: Any, targets: Any) -> float:
        """Return the share of right decisions; NaN if there are none."""
        outputs, targets = (np.asarray(getattr(a, "value", a)) for a in (outputs, targets))
        found = self.count(outputs, targets)
        if found is None:
            raise ValueError(f"accuracy: {self.refusal(outputs, targets)}")
        return found[0] / found[1] if found[1] else float("nan")

    def refusal(self, outputs: np.ndarray, targets: Any) -> str:
        """What is wrong with targets that decide nothing."""
        wanted = "class numbers" if _THRESHOLDS[self.of] is None else "zeros and ones"
        targets = np.asarray(targets)
        return (
            f"outputs of shape {outputs.shape} that are {self.of} need {wanted} for targets, got "
            f"{targets.dtype} of shape {targets.shape}; give another metric, or metrics=() for none"
        )


def _counted(right: np.ndarray, outputs: np.ndarray) -> int:
    """How many decisions are right; one of NaN is none."""
    if outputs.size and np.isnan(outputs.max()):
        right = right & ~np.isnan(outputs).any(axis=1)
    return int(np.count_nonzero(right))


def measures(who: str, metrics: Metrics, loss: Any) -> dict[str, Any]:
    """The metrics by name: those that were asked for, or else the accuracy if the loss decides something."""
    if metrics is None:
        decides = loss is not None and _declared(loss)[0] in _THRESHOLDS
        return {"accuracy": _Quiet(loss)} if decides else {}
    if isinstance(metrics, str) or callable(metrics):
        metrics = [metrics]
    if not isinstance(metrics, Iterable):
        raise TypeError(
            f"{who}: metrics must be functions of outputs and targets, in a list or in a dict by name, got "
            f"{metrics!r}"
        )
    pairs = metrics.items() if isinstance(metrics, Mapping) else [(None, m) for m in metrics]
    found: dict[str, Any] = {}
    for name, metric in pairs:
        key = name or (metric if isinstance(metric, str) else named(metric))
        if key == "<lambda>":
            raise ValueError(
                f"{who}: a lambda has no name; give metrics as a dict, name to function"
            )
        if key in found or key in RESERVED or key.startswith("validation_"):
            why = "is given twice" if key in found else "is taken"
            raise ValueError(f"{who}: the name {key!r} of a metric {why}; give metrics as a dict")
        found[key] = _measure(who, key, metric, loss)
    return found


def _measure(who: str, key: str, metric: Any, loss: Any) -> Any:
    if isinstance(metric, str):
        if metric != "accuracy":
            raise ValueError(f"{who}: no metric {metric!r}; give 'accuracy', or a function")
        if loss is None or _declared(loss)[0] is None:
            which = "there is no loss that says" if loss is None else f"{named(loss)} does not say"
            raise ValueError(
                f"{who}: the accuracy depends on what the outputs are, and {which} it; give "
                "ag.train.Accuracy('scores') as the metric for outputs (N, classes), or of 'logits' or "
                "'probabilities' for yes or no"
            )
        return Accuracy(loss)
    if isinstance(metric, type):
        raise TypeError(f"{who}: the metric {key!r} is the class {metric.__name__}; make one of it")
    if not callable(metric):
        raise TypeError(
            f"{who}: the metric {key!r} must be a function of outputs and targets, got {metric!r}"
        )
    return metric


class _Quiet(Accuracy):
    """The accuracy that nobody asked for: left out where the targets decide nothing."""


class _Sum:
    """Right decisions, added up batch by batch."""

    def __init__(self, key: str, metric: Accuracy) -> None:
        self.key, self.metric = key, metric
        self.right = self.total = 0
        self.defined = True

    def add(self, outputs: np.ndarray, targets: Any) -> None:
        if not self.defined:
            return
        found = self.metric.count(outputs, targets)
        if found is not None:
            self.right += found[0]
            self.total += found[1]
        elif isinstance(self.metric, _Quiet):
            self.defined = False
        else:
            raise ValueError(f"{self.key}: {self.metric.refusal(outputs, targets)}")

    def result(self) -> float | None:
        return self.right / self.total if self.defined and self.total else None

    def state_dict(self) -> dict[str, Any]:
        return {"right": self.right, "total": self.total, "defined": self.defined}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.right, self.total, self.defined = (state[k] for k in ("right", "total", "defined"))


class _Whole:
    """A function of all outputs and targets of an epoch, called once."""

    def __init__(self, key: str, metric: Callable[..., Any]) -> None:
        self.key, self.metric = key, metric
        self.outputs: list[np.ndarray] = []
        self.targets: list[np.ndarray] = []

    def add(self, outputs: np.ndarray, targets: Any) -> None:
        self.outputs.append(np.array(outputs))
        self.targets.append(np.array(getattr(targets, "value", targets)))

    def state_dict(self) -> dict[str, Any]:
        return {
            key: np.concatenate(parts) if parts else None
            for key, parts in (("outputs", self.outputs), ("targets", self.targets))
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.outputs, self.targets = (
            [] if state[key] is None else [state[key]] for key in ("outputs", "targets")
        )

    def result(self) -> Any:
        outputs, targets = np.concatenate(self.outputs), np.concatenate(self.targets)
        if _targets_first(self.metric):
            outputs, targets = targets, outputs
        try:
            found = self.metric(outputs, targets)
        except Exception as error:
            names = "targets and outputs" if _targets_first(self.metric) else "outputs and targets"
            error.add_note(
                f"metrics: {self.key} was given {names} as arrays of shapes {np.shape(outputs)} and "
                f"{np.shape(targets)}; class numbers are ag.train.decide(outputs, loss)"
            )
            raise
        value = np.asarray(getattr(found, "value", found))
        if getattr(self.metric, "plural", False) is True:
            return value.tolist()
        if value.size != 1 or value.dtype.kind not in "biuf":
            raise TypeError(
                f"metrics: {self.key} must return one number, got {type(found).__name__} of shape "
                f"{value.shape}"
            )
        return float(value.reshape(()))


def _targets_first(metric: Callable[..., Any]) -> bool:
    """Whether a function calls its first argument ``y_true``, as scikit-learn's metrics do."""
    try:
        return next(iter(inspect.signature(metric).parameters), "") == "y_true"
    except (TypeError, ValueError):
        return False


class Meter:
    """Sums over the batches of an epoch, from arrays that are there anyway."""

    def __init__(self, metrics: Mapping[str, Any], loss: Any) -> None:
        self.steps = self.count = 0
        self.total = self.over = 0.0
        self.divisor = _divisor(loss)
        self.sums = {k: _Sum(k, m) for k, m in metrics.items() if isinstance(m, Accuracy)}
        self.metrics = {k: self.sums.get(k) or _Whole(k, m) for k, m in metrics.items()}

    def add(self, loss: float, outputs: np.ndarray, targets: Any) -> None:
        self.steps += 1
        self.count += len(outputs)
        over = self.divisor(outputs, targets)
        self.total += loss if over is None else loss * over
        self.over += over or 0.0
        for metric in self.metrics.values():
            metric.add(outputs, targets)

    @property
    def loss(self) -> float:
        """The loss of all examples so far, as if they had come in one batch."""
        return self.total / (self.over or 1.0)

    def running(self) -> dict[str, Any]:
        """The means so far, of what is added up."""
        return self._results(self.sums)

    def result(self) -> dict[str, Any]:
        """What the epoch gave."""
        return self._results(self.metrics)

    def _results(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        found = {key: metric.result() for key, metric in metrics.items()}
        known = {key: value for key, value in found.items() if value is not None}
        return {"loss": self.loss, **known}

    def state_dict(self) -> dict[str, Any]:
        """What was added up so far, so that another one can go on."""
        found = {key: getattr(self, key) for key in ("steps", "count", "total", "over")}
        return {**found, "metrics": {k: m.state_dict() for k, m in self.metrics.items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` returned. Raises ValueError if it is of other metrics."""
        if state["metrics"].keys() != self.metrics.keys():
            raise ValueError(
                f"Trainer: the state is of the metrics {', '.join(state['metrics']) or 'none'}, this "
                f"training measures {', '.join(self.metrics) or 'none'}; give the same metrics"
            )
        for key in ("steps", "count", "total", "over"):
            setattr(self, key, state[key])
        for key, metric in self.metrics.items():
            metric.load_state_dict(state["metrics"][key])
