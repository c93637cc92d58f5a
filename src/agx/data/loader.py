"""Batches of a dataset, in order or shuffled anew every epoch."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from .._runtime.rng import generator
from .arrays import Array, as_array, is_array
from .dataset import ArrayDataset, Transform


class Dataset(Protocol):
    """Examples by their number: (x, y) tuples, as PyTorch's datasets give them."""

    def __len__(self) -> int:
        """Return the number of examples."""

    def __getitem__(self, index: int, /) -> Any:
        """Return one example."""


class Loader:
    """Cut a dataset into batches, shuffling it anew every epoch if asked to.

    ``dataset`` is one of: an ArrayDataset; an array of shape (N, ...), a table, or a tuple or list of
    such arrays; a list of examples, tuples (x, y) of arrays and numbers; an object with ``__len__``
    and ``__getitem__`` that gives such examples, which are read when their batch is due.
    Each iteration over the loader is one epoch; it yields tuples of fresh arrays of shape
    (``batch_size``, ...), the dtypes untouched. The last batch may be smaller, unless
    ``drop_last`` leaves it out. Each of ``transforms`` is called as ``transform(x, rng)`` on the
    first array of every batch, after what the dataset itself prescribes. An epoch takes one number
    from ``rng`` (a Generator, a seed, or None for the default generator of ``ag.seed``); its order
    and its transforms follow from that number alone, whatever else draws from ``rng`` meanwhile.

    Raises ValueError when ``batch_size`` is not positive, there would be no batch or examples differ
    in shape, TypeError when ``batch_size`` is not an integer, a transform cannot be called or
    ``dataset`` is something else.

    >>> import agx as ag
    >>> loader = ag.data.Loader(ag.data.digits("train"), batch_size=64, shuffle=True)
    >>> shapes = [(x.shape, y.shape) for x, y in loader]
    """

    def __init__(
        self,
        dataset: Dataset | Any,
        batch_size: int,
        shuffle: bool = False,
        drop_last: bool = False,
        transforms: Sequence[Transform] = (),
        rng: np.random.Generator | int | None = None,
    ) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)):
            raise TypeError(
                f"Loader: batch_size is {_short(batch_size)}, expected a positive integer such as 64; "
                "several arrays go into one tuple, as in Loader((x, y), 64)"
            )
        if batch_size < 1:
            raise ValueError(f"Loader: batch_size is {batch_size}, expected a positive integer")
        for name, flag in (("shuffle", shuffle), ("drop_last", drop_last)):
            if not isinstance(flag, (bool, np.bool_)):
                raise TypeError(f"Loader: {name} is {_short(flag)}, expected True or False")
        if not isinstance(transforms, Iterable):
            raise TypeError(
                f"Loader: transforms is {_short(transforms)}, expected a list of functions: "
                "transforms=[transform]"
            )
        transforms = tuple(transforms)
        for transform in transforms:
            _check_transform(transform)
        self.dataset = _as_dataset(dataset)
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.transforms = (*getattr(self.dataset, "transforms", ()), *transforms)
        self.rng = None if rng is None else generator(rng)
        self._arrays: tuple[Array, ...] | None = None
        if isinstance(self.dataset, ArrayDataset):
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
            first, *others = self._take(order[start : start + self.batch_size])
            for transform in self.transforms:
                first = transform(first, rng)
                if first is None:
                    raise TypeError(
                        f"Loader: the transform {_short(transform)} returned None, expected the new array; "
                        "return x"
                    )
            yield (first, *others)

    def _take(self, chosen: Array) -> Sequence[Array]:
        if self._arrays is None:
            numbers = chosen.tolist()
            return _stacked([self.dataset[i] for i in numbers], numbers)
        return [np.take(array, chosen, axis=0) for array in self._arrays]


def _check_transform(transform: Any) -> None:
    """Raise for what cannot be called with an array and a generator."""
    if not callable(transform):
        raise TypeError(
            f"Loader: the transform {transform!r} cannot be called, expected "
            "transform(x, rng) -> x; pass transforms as a sequence of functions"
        )
    if isinstance(transform, type):
        name = transform.__name__
        raise TypeError(f"Loader: the transform is the class {name}; make one of it, {name}(...)")
    with contextlib.suppress(ValueError):  # some functions in C have no signature
        signature = inspect.signature(transform)
        try:
            signature.bind(None, None)
        except TypeError:
            raise TypeError(
                f"Loader: the transform {_short(transform)} takes {signature}, expected the batch and a "
                "generator: write def transform(x, rng)"
            ) from None


def _as_dataset(dataset: Any) -> Any:
    """An ArrayDataset, or an object that gives one example after the other."""
    if isinstance(dataset, ArrayDataset):
        return dataset
    if isinstance(dataset, list) and dataset and any(map(_is_example, dataset)):
        return ArrayDataset(*_stacked(dataset, range(len(dataset))))
    if isinstance(dataset, (tuple, list)):
        return ArrayDataset(*dataset)
    if is_array(dataset):
        return ArrayDataset(dataset)
    if isinstance(dataset, Iterator):
        raise TypeError(
            f"Loader: the dataset is a {type(dataset).__name__}, which can be read once only; write "
            "Loader(list(examples), ...) for examples (x, y), or pass the arrays as a tuple"
        )
    if (
        isinstance(dataset, (str, bytes, Mapping))
        or not hasattr(dataset, "__len__")
        or not hasattr(dataset, "__getitem__")
    ):
        raise TypeError(
            f"Loader: the dataset is of type {type(dataset).__name__}, expected an ArrayDataset, "
            "an array, a tuple of arrays, a list of examples, or an object with __len__ and __getitem__"
        )
    return dataset


def _is_example(item: Any) -> bool:
    """Whether an item of a list is an example: a tuple, a dict, or a list that holds arrays."""
    return isinstance(item, (tuple, Mapping)) or (
        isinstance(item, list) and any(map(is_array, item))
    )


def _stacked(examples: Sequence[Any], numbers: Sequence[int]) -> list[Array]:
    """One array for each field of some examples, which have these numbers in the dataset."""
    rows = [tuple(item) if isinstance(item, (tuple, list)) else (item,) for item in examples]
    columns: list[list[Array]] = [[] for _ in rows[0]]
    for number, row in zip(numbers, rows, strict=True):
        if len(row) != len(columns):
            raise ValueError(
                f"Loader: example {number} has {len(row)} parts, expected {len(columns)} as in example "
                f"{numbers[0]}, such as (x, y)"
            )
        for i, value in enumerate(row):
            array = as_array(f"Loader: part {i} of example {number}", value)
            columns[i].append(array)
            if array.shape != columns[i][0].shape:
                raise ValueError(
                    f"Loader: part {i} of example {number} has shape {array.shape}, that of example "
                    f"{numbers[0]} has {columns[i][0].shape}, expected one shape; pad, cut or resize "
                    "the examples"
                )
    return [np.stack(column) for column in columns]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else f"of type {type(value).__name__}"
