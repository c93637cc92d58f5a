"""IDX files, and MNIST and Fashion-MNIST, which are published in them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from .arrays import Array
from .dataset import ImageDataset, class_numbers, labelled_images
from .download import Remote, fetch
from .files import GET_AGAIN, check_split, described, folder, missing, too_much, unpacking
from .readers import reader

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 28  # pixels
OTHER_FILES = (
    "ag.data.read_idx reads other IDX files, such as EMNIST's; or get the official file again"
)


class Collection(NamedTuple):
    """A dataset in IDX files: ``folders`` lie below the root, downloads go to the first one.

    ``starts`` are the first ten labels of each split, to tell collections apart whose files have
    the same names.
    """

    name: str
    classes: tuple[str, ...]
    folders: tuple[str, ...]
    starts: dict[str, bytes]
    images: dict[str, Remote]
    labels: dict[str, Remote]


def _remotes(
    site: str, kind: str, train: tuple[int, str], test: tuple[int, str]
) -> dict[str, Remote]:
    names = {"train": f"train-{kind}-ubyte.gz", "test": f"t10k-{kind}-ubyte.gz"}
    return {
        "train": Remote(site + names["train"], names["train"], *train),
        "test": Remote(site + names["test"], names["test"], *test),
    }


_MNIST_SITE = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_FASHION_SITE = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
)

MNIST = Collection(
    name="mnist",
    classes=tuple("0123456789"),
    folders=("mnist", "MNIST/raw"),
    starts={
        "train": bytes([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]),
        "test": bytes([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]),
    },
    images=_remotes(
        _MNIST_SITE,
        "images-idx3",
        train=(9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        test=(1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    ),
    labels=_remotes(
        _MNIST_SITE,
        "labels-idx1",
        train=(28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        test=(4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
)

FASHION_MNIST = Collection(
    name="fashion_mnist",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    folders=("fashion_mnist", "fashion-mnist", "FashionMNIST/raw"),
    starts={
        "train": bytes([9, 0, 0, 3, 0, 2, 7, 2, 5, 5]),
        "test": bytes([9, 2, 1, 1, 6, 1, 4, 6, 5, 7]),
    },
    images=_remotes(
        _FASHION_SITE,
        "images-idx3",
        train=(26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        test=(4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    ),
    labels=_remotes(
        _FASHION_SITE,
        "labels-idx1",
        train=(29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        test=(5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
)


@reader(epochs=3, lr=0.03, schedule="cosine")
def mnist(
    split: Literal["train", "test"] = "train",
    *,
    root: str | os.PathLike[str] | None = None,
    download: bool = False,
    classes: Sequence[str] | None = None,
) -> ImageDataset:
    """Load MNIST, 60,000 training and 10,000 test images of handwritten digits.

    Returns uint8 images of shape (N, 1, 28, 28), which come out as float32 in [0, 1], and int64 labels of
    shape (N,).
    The official IDX files, gzipped or unpacked, are looked for in the folders ``mnist`` and
    ``MNIST/raw`` of ``root`` and in ``root`` itself; ``root`` is ``data_home()`` unless given.
    With ``download=True`` the files that are missing are fetched into ``root/mnist``.
    ``classes`` keeps only the named digits, relabelled 0, 1, ... in the order given.
    Other data in such files, such as EMNIST's letters, are read by ``ag.data.read_idx``.

    Raises FileNotFoundError when files are missing, ValueError when one is damaged or ``split``
    or ``classes`` is unknown, ConnectionError when a download fails.

    >>> import agx as ag
    >>> train = ag.data.mnist("train", download=True)  # doctest: +SKIP
    >>> zeros_and_ones = ag.data.mnist("test", classes=("0", "1"))  # doctest: +SKIP
    """
    return _load(MNIST, split, root, download, classes)


@reader(epochs=5, lr=0.03, schedule="cosine")
def fashion_mnist(
    split: Literal["train", "test"] = "train",
    *,
    root: str | os.PathLike[str] | None = None,
    download: bool = False,
    classes: Sequence[str] | None = None,
) -> ImageDataset:
    """Load Fashion-MNIST, 60,000 training and 10,000 test images of clothes (Xiao et al., 2017).

    Returns uint8 images of shape (N, 1, 28, 28), which come out as float32 in [0, 1], and int64 labels of
    shape (N,).
    The official IDX files, gzipped or unpacked, are looked for in the folders ``fashion_mnist``,
    ``fashion-mnist`` and ``FashionMNIST/raw`` of ``root`` and in ``root`` itself, which must not
    hold MNIST: its files have the same names. ``root`` is ``data_home()`` unless given.
    With ``download=True`` the files that are missing are fetched into ``root/fashion_mnist``.
    ``classes`` keeps only the named classes, relabelled 0, 1, ... in the order given.

    Raises FileNotFoundError when files are missing, ValueError when one is damaged or ``split``
    or ``classes`` is unknown, ConnectionError when a download fails.

    >>> import agx as ag
    >>> train = ag.data.fashion_mnist("train", download=True)  # doctest: +SKIP
    >>> shoes = ag.data.fashion_mnist("test", classes=("Sandal", "Sneaker"))  # doctest: +SKIP
    """
    return _load(FASHION_MNIST, split, root, download, classes)


#: The types of numbers in IDX files, as they lie there.
TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_idx(path: str | os.PathLike[str], ndim: int | None = None) -> Array:
    """Read an IDX file, the format of MNIST, EMNIST and their relatives, gzipped or not.

    Returns an array of the file's shape and type: uint8, int8, int16, int32, float32 or float64.
    The format (LeCun, 1998): two zero bytes, the type, the number of dimensions, each dimension as a
    big-endian 32-bit integer, then the values, big-endian too. A file that is not there is looked for
    under the names that it gets when it is unpacked, such as ``train-images.idx3-ubyte`` by 7-Zip. Raises
    ValueError for anything else, or if there are not ``ndim`` dimensions.

    EMNIST's images lie on their side and its letters count from 1:

    >>> import agx as ag
    >>> images = ag.data.read_idx("emnist-letters-train-images-idx3-ubyte.gz")  # doctest: +SKIP
    >>> labels = ag.data.read_idx("emnist-letters-train-labels-idx1-ubyte.gz")  # doctest: +SKIP
    >>> x = images.transpose(0, 2, 1)[:, None].astype(np.float32) / 255  # doctest: +SKIP
    >>> y = labels.astype(np.int64) - 1  # doctest: +SKIP
    """
    from pathlib import Path

    wanted = Path(path).expanduser()
    if wanted.name and not wanted.is_file():
        wanted = next((other for other in _spellings(wanted) if other.is_file()), wanted)
    return _read(wanted, ndim, TYPES)


def _read(path: Path, ndim: int | None, types: dict[int, str]) -> Array:
    """Read a file piece by piece into its array, so that nothing is in memory twice."""
    with unpacking(path) as (file, most):
        data = file.read(4)
        if data[:2] != b"\x00\x00" or len(data) < 4 or data[2] not in types:
            begins = ", ".join(f"00 00 {kind:02x}" for kind in types)
            raise ValueError(
                f"{path}: expected an IDX file (it starts with {begins}), "
                f"got {described(data + file.read(508))}; {GET_AGAIN}"
            )
        if ndim is not None and data[3] != ndim:
            raise ValueError(
                f"{path}: expected {ndim}-dimensional data, got {data[3]}-dimensional; "
                "are images and labels swapped?"
            )
        dtype = np.dtype(types[data[2]])
        sizes = file.read(4 * data[3])
        shape = [int.from_bytes(sizes[i : i + 4], "big") for i in range(0, 4 * data[3], 4)]
        count = math.prod(shape) * dtype.itemsize
        found, got = np.empty(count if count <= most else 0, np.uint8), 0
        while got <= min(count, most) and (piece := file.read(1 << 20)):
            if got + len(piece) <= len(found):
                found[got : got + len(piece)] = np.frombuffer(piece, np.uint8)
            got += len(piece)
    if most < got <= count:
        raise too_much(path, most)
    start = 4 + len(sizes)
    if got != count or start < 4 + 4 * data[3]:
        problem = "it is truncated" if got <= count else "there are trailing bytes"
        raise ValueError(
            f"{path}: expected {4 + 4 * data[3] + count} bytes for shape {tuple(shape)}, got "
            f"{start + got}: {problem}; {GET_AGAIN}"
        )
    try:
        found = found.view(dtype).reshape(shape)
    except ValueError as error:  # 255 dimensions, or an empty array of sizes beyond all bounds
        raise ValueError(
            f"{path}: the shape {tuple(shape)} is none: {error}; {GET_AGAIN}"
        ) from error
    return found.astype(dtype.newbyteorder("="), copy=False)


def _load(
    collection: Collection,
    split: str,
    root: str | os.PathLike[str] | None,
    download: bool,
    classes: Sequence[str] | None,
) -> ImageDataset:
    name = collection.name
    check_split(name, split)
    numbers = class_numbers(name, collection.classes, classes)
    remotes = [collection.images[split], collection.labels[split]]
    home = folder(root)
    places = [home / place for place in collection.folders]
    paths = _find([*places, home], remotes)
    if paths is None and download:
        for remote in remotes:
            if _file(places[0], remote) is None:
                fetch(remote, places[0])
        paths = _find(places, remotes)
    if paths is None:
        raise missing(name, home, " and ".join(remote.name for remote in remotes))
    images, labels = _read_pair(*paths)
    for other in (MNIST, FASHION_MNIST):
        if other is not collection and labels[:10].tobytes() == other.starts[split]:
            raise ValueError(
                f"{paths[1]}: expected {name}, got {other.name}, whose files have the same names; "
                f"keep them apart, in {home / other.folders[0]} and {places[0]}"
            )
    return labelled_images(images, labels, collection.classes, numbers)


def _find(places: list[Path], remotes: list[Remote]) -> list[Path] | None:
    for place in places:
        paths = [path for remote in remotes if (path := _file(place, remote))]
        if len(paths) == len(remotes):
            return paths
    return None


def _file(place: Path, remote: Remote) -> Path | None:
    return next((path for path in _spellings(place / remote.name) if path.is_file()), None)


def _spellings(path: Path) -> Iterator[Path]:
    """Where an unpacked file may lie: 7-Zip writes a dot before idx, and may make a folder for it."""
    name = path.name.removesuffix(".gz")
    dashed, dotted = (re.sub(r"[-.](?=idx\d-ubyte$)", mark, name) for mark in "-.")
    for each in (dashed, dotted):
        yield from (
            path.with_name(each),
            path.with_name(f"{each}.gz"),
            path.with_name(dashed) / each,
        )


def _read_pair(
    image_path: Path, label_path: Path
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    unsigned = {8: TYPES[8]}
    images, labels = _read(image_path, 3, unsigned), _read(label_path, 1, unsigned)
    if images.shape[1:] != (SIDE, SIDE):
        raise ValueError(
            f"{image_path}: expected images of {SIDE} x {SIDE} pixels, got "
            f"{images.shape[1]} x {images.shape[2]}; {OTHER_FILES}"
        )
    if len(images) != len(labels):
        raise ValueError(
            f"{image_path}: expected as many images as there are labels in {label_path.name}, "
            f"got {len(images)} images and {len(labels)} labels; are both of the same split?"
        )
    if labels.max(initial=0) > 9:
        raise ValueError(
            f"{label_path}: expected labels from 0 to 9, got {labels.max()}; {OTHER_FILES}"
        )
    return images.reshape(-1, 1, SIDE, SIDE), labels
