"""Batches of a dataset, in order or shuffled anew every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from .._runtime.rng import generator
from .dataset import Array, ArrayDataset

#: Called with the images of a batch and a generator; returns new images.
Transform = Callable[[Array, "np.random.Generator"], Array]


class Loader:
    """Cut a dataset into batches, shuffling it anew every epoch if asked to.

    ``dataset`` is an ArrayDataset, an array of shape (N, ...), or a tuple or list of such arrays.
    Each iteration over the loader is one epoch; it yields tuples of fresh arrays of shape
    (``batch_size``, ...), the dtypes untouched. The last batch may be smaller, unless
    ``drop_last`` leaves it out. Each of ``transforms`` is called as ``transform(x, rng)`` on the
    first array of every batch. An epoch takes one number from ``rng`` (a Generator, a seed, or
    None for the default generator of ``ag.seed``); its order and its transforms follow from that
    number alone, whatever else draws from ``rng`` meanwhile.

    Raises ValueError when ``batch_size`` is not positive or there would be no batch, TypeError
    when ``batch_size`` is not an integer or a transform cannot be called.

    >>> import agx as ag
    >>> loader = ag.data.Loader(ag.data.digits("train"), batch_size=64, shuffle=True)
    >>> shapes = [(x.shape, y.shape) for x, y in loader]
    """

    def __init__(
        self,
        dataset: ArrayDataset | Sequence[npt.ArrayLike] | Array,
        batch_size: int,
        shuffle: bool = False,
        drop_last: bool = False,
        transforms: Sequence[Transform] = (),
        rng: np.random.Generator | int | None = None,
    ) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)):
            raise TypeError(
                f"Loader: batch_size is {batch_size!r}, expected a positive integer such as 64"
            )
        if batch_size < 1:
            raise ValueError(f"Loader: batch_size is {batch_size}, expected a positive integer")
        for transform in transforms:
            if not callable(transform):
                raise TypeError(
                    f"Loader: the transform {transform!r} cannot be called, expected "
                    "transform(x, rng) -> x; pass transforms as a sequence of functions"
                )
        self.dataset = _as_dataset(dataset)
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.transforms = tuple(transforms)
        self.rng = None if rng is None else generator(rng)
        # np.take would copy a whole strided array for every batch.
        self._arrays = tuple(np.ascontiguousarray(array) for array in self.dataset.arrays)
        if not len(self):
            raise ValueError(
                f"Loader: {len(self.dataset)} examples make no batch (batch_size={batch_size}, "
                f"drop_last={drop_last}); use more examples or smaller batches"
            )

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Array, ...]]:
        order = np.arange(len(self.dataset))
        if self.shuffle or self.transforms:
            rng = np.random.default_rng(generator(self.rng).integers(2**63))
        if self.shuffle:
            rng.shuffle(order)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            chosen = order[start : start + self.batch_size]
            first, *others = [np.take(array, chosen, axis=0) for array in self._arrays]
            for transform in self.transforms:
                first = transform(first, rng)
            yield (first, *others)


def _as_dataset(dataset: ArrayDataset | Sequence[npt.ArrayLike] | Array) -> ArrayDataset:
    if isinstance(dataset, ArrayDataset):
        return dataset
    if isinstance(dataset, (tuple, list)):
        return ArrayDataset(*dataset)
    if isinstance(dataset, np.ndarray):
        return ArrayDataset(dataset)
    raise TypeError(
        f"Loader: the dataset is of type {type(dataset).__name__}, expected an ArrayDataset, "
        "an array or a tuple of arrays"
    )
