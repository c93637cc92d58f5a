"""Metrics of classes and of numbers, for ``ag.fit`` and ``ag.evaluate``, or to be called with arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .measure import decide, kind_of


class TopK:
    """Measure the share of examples whose class is among the ``k`` with the largest scores, 0 to 1.

    Called with scores (N, C, ...) and class numbers (N, ...), of which ``ignore_index`` does not count.
    Raises ValueError for other shapes, and for fewer classes than ``k``.

    >>> ag.train.TopK(2)(np.array([[0.1, 0.5, 0.4], [0.7, 0.2, 0.1]]), np.array([2, 2]))
    0.5
    """

    def __init__(self, k: int = 5, *, ignore_index: int = -100) -> None:
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
            raise ValueError(f"TopK: k must be a positive integer, got {k!r}")
        self.k, self.ignore_index = int(k), ignore_index
        self.__name__ = f"top{k}"

    def __call__(self, outputs: Any, targets: Any) -> float:
        """Return the share; NaN if there are no examples."""
        outputs, targets = _plain(outputs), _plain(targets)
        shape = outputs.shape[:1] + outputs.shape[2:]
        if outputs.ndim < 2 or outputs.shape[1] < self.k or targets.shape != shape:
            raise ValueError(
                f"TopK: expected scores (N, C, ...) of at least {self.k} classes and class numbers "
                f"(N, ...), got shapes {outputs.shape} and {targets.shape}"
            )
        best = np.argpartition(-outputs, self.k - 1, axis=1)[:, : self.k]
        counted = targets != self.ignore_index
        right = (best == targets[:, None]).any(axis=1)[counted]
        return float(right.mean()) if right.size else math.nan


class ConfusionMatrix:
    """Count how often each true class was taken for each class: rows are true, columns are guesses.

    ``of`` says what the outputs are, as in ``ag.train.Accuracy``: "scores", "logits" and so on, or the
    loss. Returns an array (C, C) of integers. Raises ValueError for targets that are no class numbers.

    >>> ag.train.ConfusionMatrix("logits")(np.array([2.0, -1.0, 3.0]), np.array([1, 0, 0])).tolist()
    [[1, 1], [0, 1]]
    """

    __name__ = "confusion_matrix"

    #: That it gives more than one number.
    plural = True

    def __init__(self, of: Any = "scores", *, ignore_index: int | None = None) -> None:
        self.of, options = kind_of(type(self).__name__, of)
        given = options.get("ignore_index", -100)
        self.ignore_index = given if ignore_index is None else ignore_index

    def __call__(self, outputs: Any, targets: Any) -> Any:
        """Return the counts."""
        return self.counts(outputs, targets)

    def counts(self, outputs: Any, targets: Any) -> np.ndarray:
        """The array of all pairs of a true class and a guess."""
        outputs, targets = _plain(outputs), _plain(targets)
        guesses = decide(outputs, self.of)
        several = self.of in ("scores", "log-probabilities")
        classes = outputs.shape[min(1, outputs.ndim - 1)] if several else 2
        if several and targets.shape == outputs.shape:
            targets = targets.argmax(axis=min(1, outputs.ndim - 1))
        targets = targets.reshape(guesses.shape) if targets.size == guesses.size else targets
        counted = targets != self.ignore_index
        found = np.asarray(targets[counted])
        whole = found.dtype.kind in "iub" or (found == np.round(found)).all()
        single = several or guesses.ndim == 1
        in_range = not found.size or (found.min() >= 0 and found.max() < classes)
        if targets.shape != guesses.shape or not (whole and single and in_range):
            raise ValueError(
                f"{type(self).__name__}: outputs of shape {outputs.shape} that are {self.of} need one class "
                f"number from 0 to {classes - 1} for each, got {targets.dtype} of shape {targets.shape}"
            )
        pairs = found.astype(np.int64) * classes + guesses[counted]
        return np.bincount(pairs.reshape(-1), minlength=classes**2).reshape(classes, classes)


class _Averaged(ConfusionMatrix):
    """A share for each class, and means of these."""

    def __init__(
        self, of: Any = "scores", average: str | None = "macro", *, ignore_index: int | None = None
    ) -> None:
        if average not in ("macro", "weighted", "micro", None):
            raise ValueError(
                f"{type(self).__name__}: average must be 'macro', 'weighted', 'micro' or None, got "
                f"{average!r}"
            )
        super().__init__(of, ignore_index=ignore_index)
        self.average, self.plural = average, average is None
        self.__name__ = type(self).__name__.lower()

    def __call__(self, outputs: Any, targets: Any) -> Any:
        """Return the mean, or the array (C,) of all classes."""
        counts = self.counts(outputs, targets)
        right, true, guessed = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
        if self.average == "micro":
            return float(self.share(right.sum(), true.sum(), guessed.sum()))
        shares = self.share(right, true, guessed)
        if self.average is None:
            return shares
        weights = true if self.average == "weighted" else (true + guessed > 0)
        return float((shares * weights).sum() / max(weights.sum(), 1))

    def share(self, right: Any, true: Any, guessed: Any) -> Any:
        """What is measured, from the numbers of right guesses, of examples and of guesses of a class."""
        raise NotImplementedError


class Precision(_Averaged):
    """Measure which share of the guesses of a class is right, 0 where there are none.

    ``of`` is as in ``ag.train.Accuracy``. ``average`` is "macro", the mean over the classes that occur,
    "weighted", that over the examples, "micro", that of all guesses, or None for an array (C,).

    >>> ag.train.Precision("logits", None)(np.array([2.0, -1.0, 3.0]), np.array([1, 0, 0])).tolist()
    [1.0, 0.5]
    """

    def share(self, right: Any, true: Any, guessed: Any) -> Any:
        """Return the share of the guesses."""
        return right / np.maximum(guessed, 1)


class Recall(_Averaged):
    """Measure which share of the examples of a class is found; arguments as of ``ag.train.Precision``.

    >>> ag.train.Recall("logits", None)(np.array([2.0, -1.0, 3.0]), np.array([1, 0, 0])).tolist()
    [0.5, 1.0]
    """

    def share(self, right: Any, true: Any, guessed: Any) -> Any:
        """Return the share of the examples."""
        return right / np.maximum(true, 1)


class F1(_Averaged):
    """Measure the harmonic mean of precision and recall; arguments as of ``ag.train.Precision``.

    >>> round(ag.train.F1("logits")(np.array([2.0, -1.0, 3.0]), np.array([1, 0, 0])), 4)
    0.6667
    """

    def share(self, right: Any, true: Any, guessed: Any) -> Any:
        """Return the mean of both shares."""
        return 2 * right / np.maximum(true + guessed, 1)


def mean_absolute_error(outputs: Any, targets: Any) -> float:
    """Return the mean of the distances of outputs from targets, both (N, ...).

    >>> ag.train.mean_absolute_error(np.array([1.0, 2.0]), np.array([1.5, 1.0]))
    0.75
    """
    return float(np.abs(_difference("mean_absolute_error", outputs, targets)).mean())


def mean_squared_error(outputs: Any, targets: Any) -> float:
    """Return the mean of the squared distances of outputs from targets, both (N, ...).

    >>> ag.train.mean_squared_error(np.array([1.0, 2.0]), np.array([1.5, 1.0]))
    0.625
    """
    return float(np.square(_difference("mean_squared_error", outputs, targets)).mean())


def root_mean_squared_error(outputs: Any, targets: Any) -> float:
    """Return the root of the mean squared distance, in the unit of the targets, the mean over columns.

    >>> ag.train.root_mean_squared_error(np.array([1.0, 5.0]), np.array([1.0, 1.0])) == 8**0.5
    True
    """
    squares = np.square(_difference("root_mean_squared_error", outputs, targets))
    return float(np.sqrt(squares.mean(axis=0)).mean())


def r2(outputs: Any, targets: Any) -> float:
    """Return the share of the variance of the targets that outputs explain, the mean over columns.

    1 is perfect, 0 as good as the mean of the targets. Of targets that are all equal it is 1 or 0.

    >>> ag.train.r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])).__round__(4)
    0.7857
    """
    left = np.square(_difference("r2", outputs, targets)).sum(axis=0)
    y = _columns(targets)
    whole = np.square(y - y.mean(axis=0)).sum(axis=0)
    share = np.where(whole > 0, 1 - left / np.where(whole > 0, whole, 1), left == 0)
    return float(share.mean())


def _plain(x: Any) -> np.ndarray:
    return np.asarray(getattr(x, "value", x))


def _columns(x: Any) -> np.ndarray:
    """Numbers in float64, a row for each example."""
    array = _plain(x).astype(np.float64)
    return array.reshape(len(array), -1) if array.ndim and array.size else array.reshape(-1, 1)


def _difference(who: str, outputs: Any, targets: Any) -> np.ndarray:
    a, b = _columns(outputs), _columns(targets)
    if a.shape != b.shape or not a.size:
        raise ValueError(
            f"{who}: expected outputs and targets of one shape, got {_plain(outputs).shape} and "
            f"{_plain(targets).shape}"
        )
    return a - b
