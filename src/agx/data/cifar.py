"""CIFAR-10 from its binary version."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .dataset import ArrayDataset, check_split, labelled_images
from .files import Download, check_labels, data_home, fetch, read_archive, read_records

_NAMES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
_FILES = {
    "train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
    "test": ("test_batch.bin",),
}
_FOLDER = "cifar-10-batches-bin"
_PICKLED = ("cifar-10-batches-py", "cifar-10-python.tar.gz")
_ARCHIVE = Download(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    "cifar-10-binary.tar.gz",
    170052171,
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)


def cifar10(
    split: str = "train",
    root: str | os.PathLike[str] | None = None,
    download: bool = False,
    classes: Sequence[str | int] | None = None,
) -> ArrayDataset:
    """Return CIFAR-10, small photographs: 50,000 images to train with or 10,000 to test with.

    Images are float32 in [0, 1] of shape (N, 3, 32, 32), labels int64. The binary batches are
    looked for in ``root`` (by default the folder ``data_home()``): in its ``cifar-10-batches-bin``,
    in itself, and in its ``cifar-10-binary.tar.gz``, which ``download`` puts there where nothing is
    found. ``classes`` selects some of the ten, relabelled from 0 in the order given.
    (A. Krizhevsky, 2009, Learning Multiple Layers of Features from Tiny Images.)

    Raises FileNotFoundError for missing files, ConnectionError for a failed download, ValueError
    for damaged files, the pickled Python version, another split and an unknown class.

    >>> import agx as ag
    >>> train = ag.data.cifar10("train", download=True)  # doctest: +SKIP
    >>> two = ag.data.cifar10("test", classes=("automobile", "bird"))  # doctest: +SKIP
    """
    check_split(split)
    home = data_home() if root is None else Path(root)
    place, batches = _read(home, _FILES[split], download)
    for name, batch in zip(_FILES[split], batches, strict=True):
        check_labels(place / name, batch[:, 0])
    records = np.concatenate(batches)
    images = records[:, 1:].reshape(-1, 3, 32, 32)
    return labelled_images(images, records[:, 0], _NAMES, classes)


def _read(home: Path, names: Sequence[str], download: bool) -> tuple[Path, list[np.ndarray]]:
    """Return where the batches were found and their records."""
    for place in (home / _FOLDER, home):
        if all((place / name).is_file() for name in names):
            return place, [read_records(place / name) for name in names]
    archive = home / _ARCHIVE.name
    if not archive.is_file():
        if not download:
            _refuse(home, names)
        fetch(_ARCHIVE, home)
    return archive, read_archive(archive, names)


def _refuse(home: Path, names: Sequence[str]) -> None:
    for name in _PICKLED:
        if (home / name).exists():
            raise ValueError(
                f"cifar10: {home / name} is the pickled Python version, which agx does not read, "
                f"because unpickling a file can run any program; get {_ARCHIVE.name} (the binary "
                "version) instead, or pass download=True"
            )
    raise FileNotFoundError(
        f"cifar10: expected {', '.join(names)} in {home / _FOLDER} or {home}, or "
        f"{_ARCHIVE.name} in {home}; pass root= the folder that has them, or download=True"
    )
