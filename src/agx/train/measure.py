"""Loss and accuracy, summed over batches."""

from __future__ import annotations

from typing import Any

import numpy as np


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


class Meter:
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
