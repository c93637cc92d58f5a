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
