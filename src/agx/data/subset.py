"""Parts of a data set, by the numbers of their examples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._runtime.rng import generator
from .arrays import Array, as_array
from .dataset import Dataset, Scaled, Transform


class Subset(Dataset):
    """Hold some examples of a data set, without a copy of them.

    ``indices`` are integers (M,) or booleans (N,); of a Subset they are numbers within it. The classes and
    transforms are those of the data set, and so are ``arrays``, copied when asked for, if it has some.
    Raises IndexError for a number that the data set does not have, TypeError for what are no numbers.

    >>> import agx as ag
    >>> first = ag.data.Subset(ag.data.digits("train"), range(100))
    >>> len(first), len(ag.data.Loader(first, 32))
    (100, 4)
    """

    dataset: Any  # the whole one
    indices: npt.NDArray[np.int64]
    classes: tuple[str, ...] | None
    transforms: tuple[Transform, ...]

    def __init__(self, dataset: Any, indices: npt.ArrayLike) -> None:
        found = as_array("Subset", indices if hasattr(indices, "__len__") else [*indices])  # type: ignore[misc]
        n = len(dataset)
        if found.dtype == bool and found.shape == (n,):
            found = np.flatnonzero(found)
        if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
            raise TypeError(
                f"Subset: the indices are {found.dtype} of shape {found.shape}, expected integers (M,), or "
                f"booleans of shape ({n},)"
            )
        found = found.astype(np.int64)
        if (outside := found[(found < -n) | (found >= n)]).size:
            raise IndexError(
                f"Subset: index {outside[0]} is out of range for {n} examples; use {-n} to {n - 1}"
            )
        found[found < 0] += n
        if isinstance(dataset, Subset):
            dataset, found = dataset.dataset, dataset.indices[found]
        self.dataset, self.indices = dataset, found
        self.classes = getattr(dataset, "classes", None)
        self.transforms = tuple(getattr(dataset, "transforms", ()))

    @property
    def stored(self) -> tuple[Array, ...]:
        """Copies of these examples as the data set holds them, if it consists of arrays."""
        return tuple(array[self.indices] for array in self.dataset.stored)

    @property
    def arrays(self) -> Sequence[Array]:
        """Copies of these examples as the data set gives them, if it consists of arrays."""
        return Scaled(self.stored) if isinstance(self.dataset.arrays, Scaled) else self.stored

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> Any:
        """Return one example; or several, as the data set gives them for an array of numbers."""
        chosen = self.indices[index]
        return self.dataset[int(chosen) if chosen.ndim == 0 else chosen]

    def __repr__(self) -> str:
        return f"Subset({len(self)} of {self.dataset!r})"


def random_split(
    dataset: Dataset,
    lengths: Sequence[float],
    rng: np.random.Generator | int | None = None,
    *,
    stratify: bool | npt.ArrayLike = False,
) -> list[Subset]:
    """Divide a data set at random into parts that do not overlap.

    ``lengths`` are the numbers of examples, which add up to all, or shares that add up to 1: each part gets
    the whole number below its share, and what is left goes one by one to the first parts. With ``stratify``
    each part has its share of every class, to within one example; True takes the last array of the data
    set for the labels, or give them, of shape (N,). Raises ValueError for lengths that add up to something
    else and for labels that are no classes.

    >>> import agx as ag
    >>> digits = ag.data.digits("train")
    >>> train, validation = ag.data.random_split(digits, [0.9, 0.1], rng=0, stratify=True)
    >>> len(train), len(validation)
    (1294, 143)
    """
    n = len(dataset)
    counts = _counts(n, list(lengths))
    rng = generator(rng)
    order = rng.permutation(n)
    if stratify is not False:
        labels = _labels(dataset, stratify)
        place = np.empty(n)
        for label in np.unique(labels):
            chosen = order[labels[order] == label]
            place[chosen] = (np.arange(len(chosen)) + rng.random()) / len(chosen)
        order = order[np.argsort(place[order], kind="stable")]
    parts = np.split(order, np.cumsum(counts)[:-1])
    return [Subset(dataset, rng.permutation(part)) for part in parts]


def held_out(labels: Array, share: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Draw the examples of each class that are for testing: one of two at least, and never all."""
    held = np.zeros(len(labels), bool)
    for label in range(int(labels.max(initial=-1)) + 1):
        chosen = np.flatnonzero(labels == label)
        count = min(max(round(share * len(chosen)), 1), len(chosen) - 1) if chosen.size else 0
        held[chosen[rng.permutation(len(chosen))[:count]]] = True
    return held


def _counts(n: int, lengths: list[Any]) -> list[int]:
    """The numbers of examples of parts, of numbers or shares."""
    number = (int, float, np.integer, np.floating)
    if not lengths or not all(
        isinstance(a, number) and not isinstance(a, bool) and a >= 0 for a in lengths
    ):
        raise ValueError(
            f"random_split: lengths are {lengths}, expected numbers of examples or shares, such as [0.8, 0.2]"
        )
    if math.isclose(sum(lengths), 1) and n != 1:
        counts = [math.floor(n * share) for share in lengths]
        for i in range(n - sum(counts)):
            counts[i % len(counts)] += 1
        return counts
    if sum(lengths) != n or any(int(a) != a for a in lengths):
        raise ValueError(
            f"random_split: lengths {lengths} add up to {sum(lengths)}, expected {n}, the number of "
            "examples, or 1 for shares"
        )
    return [int(a) for a in lengths]


def _labels(dataset: Any, stratify: Any) -> Array:
    if stratify is True and not hasattr(dataset, "stored"):
        raise ValueError(
            f"random_split: {type(dataset).__name__} has no arrays to take the labels of; give them, "
            "stratify=labels"
        )
    labels = (
        dataset.stored[-1] if stratify is True else as_array("random_split: stratify", stratify)
    )
    if labels.shape != (len(dataset),) or labels.dtype.kind in "fc":
        raise ValueError(
            f"random_split: the labels are {labels.dtype} of shape {labels.shape}, expected one class for "
            f"each of {len(dataset)} examples; give other ones, stratify=labels, or leave it out"
        )
    return labels
