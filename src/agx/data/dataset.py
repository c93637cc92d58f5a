"""Arrays that belong together, such as images and their labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class ArrayDataset:
    """Hold arrays whose first dimensions are equal, such as images (N, C, H, W) and labels (N,).

    ``classes`` are the names of the labels 0, 1, ... where there are any. An index (an integer, a
    slice or an array) gives a tuple with one entry per array.

    Raises ValueError without arrays, for a 0-d array and for unequal first dimensions.

    >>> import agx as ag
    >>> pairs = ag.data.ArrayDataset([[1.0, 2.0], [3.0, 4.0]], [0, 1])
    >>> pairs[1:]
    (array([[3., 4.]]), array([1]))
    """

    def __init__(self, *arrays: Any, classes: Sequence[str] = ()) -> None:
        self.arrays = tuple(np.asarray(array) for array in arrays)
        self.classes = tuple(classes)
        if not self.arrays:
            raise ValueError("ArrayDataset: expected at least one array, got none")
        for i, array in enumerate(self.arrays):
            if array.ndim == 0:
                raise ValueError(
                    f"ArrayDataset: array {i} is a single number; expected at least one dimension"
                )
        lengths = [len(array) for array in self.arrays]
        if len(set(lengths)) > 1:
            raise ValueError(
                f"ArrayDataset: the arrays have lengths {', '.join(map(str, lengths))}; "
                "expected the same number of examples in each"
            )

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(array[index] for array in self.arrays)

    def __repr__(self) -> str:
        parts = ", ".join(f"{array.dtype}{list(array.shape)}" for array in self.arrays)
        names = f", {len(self.classes)} classes" if self.classes else ""
        return f"ArrayDataset({parts}{names})"


def labelled_images(
    images: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    classes: Sequence[str | int] | None,
    scale: int = 255,
) -> ArrayDataset:
    """Return float32 ``images / scale`` and int64 labels, only those of ``classes`` if given.

    ``images`` (N, C, H, W) and ``labels`` (N,) are uint8. ``classes`` are names or numbers of
    classes; the first becomes label 0, the second label 1 and so on.

    Raises ValueError for an unknown or repeated class.
    """
    if classes is not None:
        wanted = _class_numbers(names, classes)
        relabel = np.full(len(names), -1, np.int64)
        relabel[wanted] = np.arange(len(wanted))
        keep = np.flatnonzero(relabel[labels] >= 0)
        images, labels = images[keep], relabel[labels[keep]]
        names = [names[i] for i in wanted]
    scaled = np.divide(images, np.float32(scale), dtype=np.float32)
    return ArrayDataset(scaled, labels.astype(np.int64), classes=names)


def check_split(split: str) -> None:
    """Raise ValueError unless ``split`` is 'train' or 'test'."""
    if split not in ("train", "test"):
        raise ValueError(f"split: expected 'train' or 'test', got {split!r}")


def _class_numbers(names: Sequence[str], classes: Sequence[str | int]) -> list[int]:
    numbers = []
    for item in [classes] if isinstance(classes, (str, int)) else classes:
        if item in names:
            numbers.append(list(names).index(str(item)))
        elif isinstance(item, (int, np.integer)) and 0 <= item < len(names):
            numbers.append(int(item))
        else:
            raise ValueError(
                f"classes: {item!r} is not a class; expected one of {', '.join(names)} "
                f"or a number from 0 to {len(names) - 1}"
            )
    if not numbers or len(set(numbers)) < len(numbers):
        raise ValueError(f"classes: expected different classes, at least one, got {classes!r}")
    return numbers
