"""The loader: an iterable of batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..rng import generator
from .dataset import ArrayDataset

Transform = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Loader:
    """Cut a dataset into batches: iterating yields tuples of arrays, one per array of the dataset.

    ``dataset`` is an ArrayDataset, a tuple of arrays or one array. With ``shuffle`` each pass draws
    a new order; with ``drop_last`` a last batch smaller than ``batch_size`` is left out. Each of
    ``transforms`` is called as ``transform(x, rng)`` on the first array of a batch and returns the
    array to use instead. A batch is a copy: changing it leaves the dataset alone. All randomness
    comes from ``rng`` (a generator, an integer seed or None for agx's own).

    Raises ValueError for a ``batch_size`` below 1, TypeError for another kind of dataset.

    >>> import agx as ag
    >>> [len(x) for (x,) in ag.data.Loader((range(5),), batch_size=2)]
    [2, 2, 1]
    """

    def __init__(
        self,
        dataset: ArrayDataset | tuple[Any, ...] | np.ndarray,
        batch_size: int,
        shuffle: bool = False,
        drop_last: bool = False,
        transforms: Sequence[Transform] = (),
        rng: np.random.Generator | int | None = None,
    ) -> None:
        if not isinstance(batch_size, (int, np.integer)) or isinstance(batch_size, bool):
            raise TypeError(f"batch_size: expected an integer, got {batch_size!r}")
        if batch_size < 1:
            raise ValueError(f"batch_size: expected at least 1, got {batch_size}")
        self.dataset = _as_dataset(dataset)
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.transforms = tuple(transforms)
        self.rng = generator(rng)

    def __len__(self) -> int:
        """Return the number of batches in a pass."""
        n = len(self.dataset)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        order = self.rng.permutation(len(self.dataset)) if self.shuffle else None
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            part = slice(start, start + self.batch_size)
            first, *rest = (_batch(array, part, order) for array in self.dataset.arrays)
            for transform in self.transforms:
                first = transform(first, self.rng)
            yield (first, *rest)


def _batch(array: np.ndarray, part: slice, order: np.ndarray | None) -> np.ndarray:
    return array[part].copy() if order is None else np.take(array, order[part], axis=0)


def _as_dataset(dataset: Any) -> ArrayDataset:
    if isinstance(dataset, ArrayDataset):
        return dataset
    if isinstance(dataset, tuple):
        return ArrayDataset(*dataset)
    if isinstance(dataset, np.ndarray):
        return ArrayDataset(dataset)
    raise TypeError(
        "dataset: expected an ArrayDataset, a tuple of arrays or one array, "
        f"got {type(dataset).__name__}; write Loader((x, y), ...) for two arrays"
    )
