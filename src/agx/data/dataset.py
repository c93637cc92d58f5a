"""Arrays that share their first dimension, and how images and labels become one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from .arrays import Array, as_array
from .transforms import ToFloat

Bytes = npt.NDArray[np.uint8]

#: Called with the images of a batch and a generator; returns new images.
Transform = Callable[[Array, "np.random.Generator"], Array]


@runtime_checkable
class Dataset(Protocol):
    """Give examples by their number: (x, y) tuples, as PyTorch's data sets do.

    Derive a class from this one, or write one that has both methods. Two attributes are used where they
    are there: ``classes``, the names of the labels, and ``transforms``, what a Loader does to each batch.

    >>> import agx as ag
    >>> class Squares(ag.data.Dataset):
    ...     __len__ = lambda self: 100
    ...     __getitem__ = lambda self, i: (np.float32(i), np.float32(i * i))
    """

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of examples."""

    @abstractmethod
    def __getitem__(self, index: int, /) -> Any:
        """Return one example."""


class ArrayDataset:
    """Hold arrays with one entry per example along their first dimension.

    ``arrays`` are array-likes of shape (N, ...), kept as they are (no copy of an ndarray), or tables
    of pandas or polars; ``classes`` are the names of the labels, if there are any. Raises ValueError
    when there is no array, when their lengths differ or when one has masked numbers, TypeError for
    what is no array of numbers, such as a sparse matrix.

    >>> import agx as ag
    >>> points = ag.data.ArrayDataset([[0.0, 1.0], [2.0, 3.0]], [0, 1], classes=("cat", "dog"))
    >>> x, y = points[0]
    """

    stored: tuple[Array, ...]  # what is held, which a Loader takes its batches from
    classes: tuple[str, ...] | None
    transforms: tuple[Transform, ...] = ()  # what a Loader does to the first array of a batch first

    def __init__(self, *arrays: Any, classes: Sequence[str] | None = None) -> None:
        self.stored = tuple(as_array("ArrayDataset", array) for array in arrays)
        self.classes = None if classes is None else tuple(classes)
        if not self.stored:
            raise ValueError("ArrayDataset: expected at least one array, got none")
        for i, array in enumerate(self.stored):
            if array.ndim == 0:
                raise ValueError(
                    f"ArrayDataset: array {i} is a single number, expected one entry per example"
                )
        if len({len(array) for array in self.stored}) > 1:
            lengths = ", ".join(str(len(array)) for array in self.stored)
            raise ValueError(
                f"ArrayDataset: the arrays have lengths {lengths}, expected equal lengths; "
                "the first dimension counts the examples"
            )

    @property
    def arrays(self) -> Sequence[Array]:
        """The arrays, of shapes (N, ...)."""
        return self.stored

    def __len__(self) -> int:
        return len(self.stored[0])

    def __getitem__(self, index: int | slice | npt.ArrayLike) -> tuple[Any, ...]:
        """Return the examples at an integer, a slice or an array of integers or booleans.

        >>> import agx as ag
        >>> images, labels = ag.data.digits("test")[:10]
        """
        if isinstance(index, tuple):
            raise TypeError(
                "ArrayDataset: the index is a tuple, expected an integer, a slice or one array; "
                "write dataset[[0, 1]] for examples 0 and 1"
            )
        chosen: Any = index
        return tuple(array[chosen] for array in self.stored)

    def __repr__(self) -> str:
        parts = [f"{array.dtype} {array.shape}" for array in self.stored]
        if self.classes is not None:
            parts.append(f"classes={self.classes}")
        return f"{type(self).__name__}({', '.join(parts)})"


class ImageDataset(ArrayDataset):
    """Hold images as bytes, which take the least memory, and give them as numbers from 0 to 1.

    ``images`` are uint8 of shape (N, C, H, W), kept as they are in ``stored[0]``; more arrays, such as
    labels (N,), may follow. Examples, slices, the batches of a Loader, and ``arrays[0]``, which is made
    when it is asked for, have float32 in [0, 1] in their place. Raises TypeError for images that are not
    uint8, ValueError for another shape, and what ArrayDataset raises.

    >>> import agx as ag
    >>> dataset = ag.data.ImageDataset(np.full((10, 1, 4, 4), 255, np.uint8), np.arange(10))
    >>> dataset[3][0].max()
    np.float32(1.0)
    """

    def __init__(self, images: Any, *arrays: Any, classes: Sequence[str] | None = None) -> None:
        super().__init__(images, *arrays, classes=classes)
        images = self.stored[0]
        if images.dtype != np.uint8:
            raise TypeError(
                f"{type(self).__name__}: the images are {images.dtype}, expected uint8; numbers of other "
                "kinds go into an ArrayDataset"
            )
        if images.ndim != 4:
            raise ValueError(
                f"{type(self).__name__}: expected images of shape (N, C, H, W), got {images.shape}; "
                "reshape them first"
            )
        self.transforms = (ToFloat(),)

    @property
    def arrays(self) -> Sequence[Array]:
        """The images as float32 in [0, 1], made anew each time, and the arrays that follow."""
        return Scaled(self.stored)

    def __getitem__(self, index: int | slice | npt.ArrayLike) -> tuple[Any, ...]:
        """Return the examples at an integer, a slice or an array, their images as float32."""
        images, *others = super().__getitem__(index)
        return ToFloat()(images), *others


class Scaled(Sequence[Array]):
    """The arrays of images, of which the first becomes numbers from 0 to 1 when it is asked for."""

    def __init__(self, stored: tuple[Array, ...]) -> None:
        self.stored = stored

    def __len__(self) -> int:
        return len(self.stored)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return tuple(self[k] for k in range(len(self))[i])
        found = self.stored[i]
        return ToFloat()(found) if found is self.stored[0] else found


def absent_classes(dataset: Any, chosen: Array | None = None) -> list[str]:
    """The names of classes that no example has, or none of the chosen ones, as far as labels tell.

    Raises ValueError for a label that has no name.
    """
    arrays: Any = getattr(dataset, "stored", ())
    names: Any = getattr(dataset, "classes", None)
    labels = arrays[-1] if names and len(arrays) > 1 else None
    if not isinstance(labels, np.ndarray) or labels.ndim != 1 or labels.dtype.kind not in "iu":
        return []
    labels = labels if chosen is None else labels[chosen]
    if labels.max(initial=0) >= len(names):
        wrong = int(np.argmax(labels >= len(names)))
        raise ValueError(
            f"Loader: example {wrong if chosen is None else chosen[wrong]} has label {labels[wrong]}, "
            f"expected 0 to {len(names) - 1} for {len(names)} classes; name all of them, or mend the labels"
        )
    there = set(np.unique(labels).tolist())
    return [name for i, name in enumerate(names) if i not in there]


def class_numbers(
    dataset: str, names: tuple[str, ...], classes: Sequence[str] | None
) -> list[int] | None:
    """Return the published labels of the wanted class names, None standing for all of them."""
    if classes is None:
        return None
    if isinstance(classes, str):
        raise TypeError(
            f"{dataset}: classes is the string {classes!r}, expected a sequence of names; "
            f"write classes=({classes!r},)"
        )
    chosen = tuple(classes)
    for name in chosen:
        if name not in names:
            raise ValueError(
                f"{dataset}: unknown class {name!r} in classes; choose from "
                + ", ".join(repr(known) for known in names)
            )
    if not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(f"{dataset}: classes is {chosen}, expected one or more different names")
    return [names.index(name) for name in chosen]


def chosen_images(
    images: Bytes, labels: Bytes, names: tuple[str, ...], numbers: list[int] | None
) -> tuple[Bytes, Array, tuple[str, ...]]:
    """Return images, int64 labels and names of the classes in ``numbers`` only.

    A chosen class gets its place in ``numbers`` as its new label.
    """
    targets = labels.astype(np.int64)
    if numbers is not None:
        place = np.full(len(names), -1, np.int64)
        place[numbers] = np.arange(len(numbers))
        targets = place[targets]
        keep = targets >= 0
        images, targets = images[keep], targets[keep]
        names = tuple(names[number] for number in numbers)
    return images, targets, names


def labelled_images(
    images: Bytes, labels: Bytes, names: tuple[str, ...], numbers: list[int] | None
) -> ImageDataset:
    """Return a dataset of the classes in ``numbers`` only, of images that may be written into."""
    images, targets, names = chosen_images(images, labels, names, numbers)
    return ImageDataset(np.require(images, requirements=["C", "W"]), targets, classes=names)
