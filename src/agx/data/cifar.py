"""CIFAR-10, read from its official binary version."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from .dataset import Bytes, ImageDataset, class_numbers, labelled_images
from .download import Remote, fetch
from .files import GET_AGAIN, check_split, described, folder, missing, unzipped
from .readers import reader

if TYPE_CHECKING:
    from pathlib import Path

RECORD = 1 + 3 * 32 * 32  # bytes: a label, then the red, green and blue planes, row by row
LARGEST = 60_000 * RECORD + (1 << 20)  # bytes of the archive, unpacked
MEMBERS = 100  # of the archive that are looked at; it has nine
FOLDER = "cifar-10-batches-bin"
FILES = {
    "train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
    "test": ("test_batch.bin",),
}
CLASSES = (
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
ARCHIVE = Remote(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    "cifar-10-binary.tar.gz",
    170052171,
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)


@reader(epochs=5, lr=0.01, standardize=True)
def cifar10(
    split: Literal["train", "test"] = "train",
    *,
    root: str | os.PathLike[str] | None = None,
    download: bool = False,
    classes: Sequence[str] | None = None,
) -> ImageDataset:
    """Load CIFAR-10, 50,000 training and 10,000 test colour images (Krizhevsky, 2009).

    Returns uint8 images of shape (N, 3, 32, 32), channels red, green and blue, which come out as float32
    in [0, 1], and int64 labels of shape (N,). The files of the binary version, or the archive
    ``cifar-10-binary.tar.gz`` itself, are looked for in ``root``, in ``root/cifar10`` and in a
    folder ``cifar-10-batches-bin`` of either; ``root`` is ``data_home()`` unless given.
    With ``download=True`` the archive is fetched into ``root/cifar10`` when nothing is found
    (162 MiB). ``classes`` keeps only the named classes, relabelled 0, 1, ... in the order given.

    Raises FileNotFoundError when files are missing, ValueError when one is damaged, only the
    pickled Python version is there, or ``split`` or ``classes`` is unknown, ConnectionError when
    the download fails.

    >>> import agx as ag
    >>> train = ag.data.cifar10("train", download=True)  # doctest: +SKIP
    >>> pair = ag.data.cifar10("test", classes=("automobile", "bird"))  # doctest: +SKIP
    """
    check_split("cifar10", split)
    numbers = class_numbers("cifar10", CLASSES, classes)
    home = folder(root)
    found = _find(home, FILES[split])
    if found is None and download:
        found = _read_archive(fetch(ARCHIVE, home / "cifar10"), FILES[split])
    if found is None:
        _refuse_pickles(home)
        raise missing("cifar10", home, f"{', '.join(FILES[split])} (or {ARCHIVE.name})")
    return labelled_images(*found, CLASSES, numbers)


def _find(home: Path, names: Sequence[str]) -> tuple[Bytes, Bytes] | None:
    """Return the images and the labels of the first complete set of files."""
    for place in (home / "cifar10", home):
        for files in (place / FOLDER, place):
            paths = [files / name for name in names]
            if all(path.is_file() for path in paths):
                count = sum(path.stat().st_size for path in paths) // RECORD
                return _gathered((_records(path, path.read_bytes()) for path in paths), count)
        if (place / ARCHIVE.name).is_file():
            return _read_archive(place / ARCHIVE.name, names)
    return None


def _gathered(parts: Iterable[Bytes], count: int) -> tuple[Bytes, Bytes]:
    """The images and the labels of so many records, which are read one file after the other."""
    images, labels = np.empty((count, 3, 32, 32), np.uint8), np.empty(count, np.uint8)
    start = 0
    for records in parts:
        stop = start + len(records)
        images[start:stop] = records[:, 1:].reshape(-1, 3, 32, 32)
        labels[start:stop] = records[:, 0]
        start = stop
    return images, labels


def _read_archive(path: Path, names: Sequence[str]) -> tuple[Bytes, Bytes]:
    data = unzipped(path, LARGEST)  # as a whole, so that its checksum is verified
    try:
        members = _members(data, names)
    except Exception as error:  # what damaged bytes make of a reader cannot be foretold
        raise ValueError(
            f"{path}: expected a whole tar archive, got {described(data)} ({error}); {GET_AGAIN}"
        ) from error
    if absent := [name for name in names if name not in members]:
        raise ValueError(
            f"{path}: expected the binary version of CIFAR-10, got an archive without "
            f"{', '.join(absent)}; {GET_AGAIN}"
        )
    found = [_records(path / members[name][0], members[name][1]) for name in names]
    return _gathered(found, sum(map(len, found)))


def _members(data: bytes, names: Sequence[str]) -> dict[str, tuple[str, bytes]]:
    """The files of an archive by the last part of their names; links and files with holes are none."""
    import io
    import tarfile

    found = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in itertools.islice(archive, MEMBERS):
            name = member.name.rpartition("/")[2]
            if name in names and member.isreg() and not member.issparse():
                file = archive.extractfile(member)
                found[name] = member.name.lstrip("/"), file.read() if file else b""
    return found


def _records(path: Path, data: bytes) -> Bytes:
    if not data or len(data) % RECORD:
        raise ValueError(
            f"{path}: expected records of {RECORD} bytes, got {len(data)} bytes, which is not a "
            f"multiple, starting with {described(data)}; {GET_AGAIN}"
        )
    records = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
    if records[:, 0].max() > 9:
        raise ValueError(
            f"{path}: expected labels from 0 to 9, got {records[:, 0].max()}; {GET_AGAIN}"
        )
    return records


def _refuse_pickles(home: Path) -> None:
    for place in (home / "cifar10", home):
        for name in ("cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1"):
            if (place / name).exists():
                raise ValueError(
                    f"{place / name}: expected the binary version of CIFAR-10, got the Python "
                    "version, which is pickled and may run any code when read; pass download=True "
                    f"or get {ARCHIVE.url}"
                )
