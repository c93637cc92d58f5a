"""What a Loader is given: arrays, examples one by one, or something that can be iterated over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from .arrays import Array, as_array, is_array
from .dataset import ArrayDataset


def as_dataset(dataset: Any) -> Any:
    """An ArrayDataset, an object that gives examples by their numbers, or one that streams them."""
    if isinstance(dataset, ArrayDataset):
        return dataset
    if isinstance(dataset, list) and dataset and any(map(_is_example, dataset)):
        return ArrayDataset(*stacked(dataset, range(len(dataset))))
    if isinstance(dataset, (tuple, list)):
        return ArrayDataset(*dataset)
    if is_array(dataset):
        return ArrayDataset(dataset)
    if isinstance(dataset, Iterator):
        raise TypeError(
            f"Loader: the dataset is a {type(dataset).__name__}, which can be read once only; write "
            "Loader(list(examples), ...) for examples (x, y), pass the arrays as a tuple, or the function "
            "that makes it, to be called anew every epoch"
        )
    if isinstance(dataset, (str, bytes, Mapping, Set, type)) or not (
        is_stream(dataset) or (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__"))
    ):
        raise TypeError(
            f"Loader: the dataset is of type {type(dataset).__name__}, expected an ArrayDataset, "
            "an array, a tuple of arrays, a list of examples, an object with __len__ and __getitem__, or "
            "with __iter__, or a function that returns an iterator"
        )
    return dataset


def is_stream(dataset: Any) -> bool:
    """Whether examples come one after the other, of a function or an iterable, and have no numbers."""
    if any(kind.__name__ == "IterableDataset" for kind in type(dataset).__mro__):  # PyTorch's
        return True
    if hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__"):
        return False
    return isinstance(dataset, Iterable) or callable(dataset)


def stream(dataset: Any) -> Iterator[Any]:
    """The examples of a stream from the first one on. Raises TypeError for a function without any."""
    found = dataset if isinstance(dataset, Iterable) else dataset()
    if not isinstance(found, Iterable):
        raise TypeError(
            f"Loader: the function {getattr(dataset, '__name__', dataset)!r} returned "
            f"{type(found).__name__}, expected an iterator over examples (x, y); yield them"
        )
    return iter(found)


def _is_example(item: Any) -> bool:
    """Whether an item of a list is an example: a tuple, a dict, or a list that holds arrays."""
    return isinstance(item, (tuple, Mapping)) or (
        isinstance(item, list) and any(map(is_array, item))
    )


def stacked(examples: Sequence[Any], numbers: Sequence[int]) -> list[Array]:
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
