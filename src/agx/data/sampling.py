"""Which examples an epoch has: rare ones more often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .arrays import Array, as_array


class WeightedRandomSampler:
    """Draw examples with probabilities that are proportional to ``weights``, for a Loader's ``sampler``.

    ``weights`` has shape (N,), one for each example. An epoch has ``num_samples`` examples, N by default;
    with ``replacement`` each is drawn from all, so that some come several times and others not at all.
    Called with a generator, it returns their numbers, int64 (num_samples,). Raises ValueError for weights
    that are negative, not finite or all zero, and for more samples than there are without replacement.

    >>> import agx as ag
    >>> data = ag.data.digits("train")
    >>> weights = ag.data.class_weights(data.arrays[1])[data.arrays[1]]
    >>> loader = ag.data.Loader(data, 64, sampler=ag.data.WeightedRandomSampler(weights))
    """

    def __init__(
        self, weights: npt.ArrayLike, num_samples: int | None = None, replacement: bool = True
    ) -> None:
        given = as_array("WeightedRandomSampler", weights)
        if given.ndim != 1 or given.dtype.kind not in "biuf":
            raise ValueError(
                f"WeightedRandomSampler: weights are {given.dtype} of shape {given.shape}, expected one "
                "number for each example, (N,)"
            )
        self.weights = given.astype(np.float64)
        good = np.isfinite(self.weights) & (self.weights >= 0)
        if not good.all() or not self.weights.any():
            bad = np.flatnonzero(~good)
            raise ValueError(
                "WeightedRandomSampler: "
                + (f"weight {bad[0]} is {given[bad[0]]}" if bad.size else "no weight is above 0")
                + ", expected finite numbers, 0 or more, and one above 0"
            )
        self.num_samples = len(given) if num_samples is None else num_samples
        self.replacement = replacement
        most = self.num_samples if replacement else np.count_nonzero(self.weights)
        if not isinstance(self.num_samples, (int, np.integer)) or not 0 < self.num_samples <= most:
            raise ValueError(
                f"WeightedRandomSampler: num_samples is {num_samples!r}, expected a positive integer"
                + ("" if replacement else f" up to {most}, the examples with a weight above 0")
            )

    def __len__(self) -> int:
        return int(self.num_samples)

    def __call__(self, rng: np.random.Generator) -> Array:
        chances = self.weights / self.weights.sum()
        return rng.choice(len(chances), len(self), replace=self.replacement, p=chances)

    def __repr__(self) -> str:
        return (
            f"WeightedRandomSampler({len(self.weights)} weights, num_samples={self.num_samples}, "
            f"replacement={self.replacement})"
        )


def class_weights(
    labels: npt.ArrayLike, classes: int | Sequence[str] | None = None
) -> npt.NDArray[np.float32]:
    """Return the weight of each class that makes all of them count alike.

    It is N / (C n) for a class of n among N examples and C classes (King and Zeng, 2001), float32 (C,), as
    ``ag.cross_entropy`` takes them for ``weight``; ``class_weights(y)[y]`` are those of the examples.
    ``labels`` are integers (N,); ``classes`` is their number, or their names, by default the largest
    label and one. Raises ValueError for labels out of range and for a class that never occurs.

    >>> import agx as ag
    >>> ag.data.class_weights([0, 0, 0, 1]).round(2).tolist()
    [0.6700000166893005, 2.0]
    """
    y: Any = as_array("class_weights", labels)
    if y.ndim != 1 or y.dtype.kind not in "iu" or not y.size:
        raise ValueError(
            f"class_weights: the labels are {y.dtype} of shape {y.shape}, expected integers (N,)"
        )
    names = tuple(classes) if isinstance(classes, Sequence) else None
    number = len(names) if names else int(y.max()) + 1
    if isinstance(classes, int):
        number = classes
    if (outside := y[(y < 0) | (y >= number)]).size:
        raise ValueError(
            f"class_weights: label {outside[0]} is out of range for {number} classes; use 0 to {number - 1}"
        )
    counts = np.bincount(y, minlength=number)
    if not counts.all():
        absent = [repr(names[i]) if names else str(i) for i in np.flatnonzero(counts == 0)[:5]]
        raise ValueError(
            f"class_weights: class {', '.join(absent)} never occurs among {len(y)} labels; leave it out, or "
            "add examples of it"
        )
    return (len(y) / (number * counts)).astype(np.float32)
