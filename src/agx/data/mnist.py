"""MNIST and Fashion-MNIST from their IDX files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .dataset import ArrayDataset, check_split, labelled_images
from .files import Download, check_labels, data_home, fetch, read_idx

_FASHION = (
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
)
_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
_ADDRESS = {
    "mnist": "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "fashion_mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
}
_CONTENT = {
    "mnist": {
        "train-images-idx3-ubyte": (
            9912422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        "train-labels-idx1-ubyte": (
            28881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        "t10k-images-idx3-ubyte": (
            1648877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        "t10k-labels-idx1-ubyte": (
            4542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    },
    "fashion_mnist": {
        "train-images-idx3-ubyte": (
            26421880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        "train-labels-idx1-ubyte": (
            29515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
        "t10k-images-idx3-ubyte": (
            4422102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ),
        "t10k-labels-idx1-ubyte": (
            5148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    },
}


def mnist(
    split: str = "train",
    root: str | os.PathLike[str] | None = None,
    download: bool = False,
    classes: Sequence[str | int] | None = None,
) -> ArrayDataset:
    """Return MNIST, handwritten digits: 60,000 images to train with or 10,000 to test with.

    Images are float32 in [0, 1] of shape (N, 1, 28, 28), labels int64. The IDX files, gzipped or
    not, are looked for in ``root`` (by default the folder ``data_home()``), its ``mnist`` and its
    ``MNIST/raw``; with ``download`` missing ones are put into ``mnist``. ``classes`` selects some
    of "0" to "9", relabelled from 0 in the order given. (Y. LeCun, C. Cortes and C. J. C. Burges.)

    Raises FileNotFoundError for missing files, ConnectionError for a failed download, ValueError
    for damaged files, another split and an unknown class.

    >>> import agx as ag
    >>> train = ag.data.mnist("train", download=True)  # doctest: +SKIP
    >>> loader = ag.data.Loader(train, batch_size=64, shuffle=True)  # doctest: +SKIP
    """
    names = [str(i) for i in range(10)]
    return _load("mnist", "MNIST", names, split, root, download, classes)


def fashion_mnist(
    split: str = "train",
    root: str | os.PathLike[str] | None = None,
    download: bool = False,
    classes: Sequence[str | int] | None = None,
) -> ArrayDataset:
    """Return Fashion-MNIST, pictures of clothes: 60,000 images to train with or 10,000 to test with.

    As ``mnist``, with the folders ``fashion_mnist`` and ``FashionMNIST/raw``; the first classes
    are "T-shirt/top", "Trouser" and "Pullover". (H. Xiao, K. Rasul and R. Vollgraf, 2017,
    arXiv:1708.07747, MIT licence.)

    Raises what ``mnist`` raises.

    >>> import agx as ag
    >>> train = ag.data.fashion_mnist("train", download=True)  # doctest: +SKIP
    >>> shoes = ag.data.fashion_mnist(classes=("Sandal", "Sneaker"))  # doctest: +SKIP
    """
    return _load("fashion_mnist", "FashionMNIST", _FASHION, split, root, download, classes)


def _load(
    dataset: str,
    folder: str,
    names: Sequence[str],
    split: str,
    root: str | os.PathLike[str] | None,
    download: bool,
    classes: Sequence[str | int] | None,
) -> ArrayDataset:
    check_split(split)
    home = data_home() if root is None else Path(root)
    places = [home, home / dataset, home / folder / "raw"]
    image_path, label_path = _find(dataset, _FILES[split], places, download)
    images, labels = read_idx(image_path, 3), read_idx(label_path, 1)
    if len(images) != len(labels):
        raise ValueError(
            f"{label_path}: expected one label for each of the {len(images)} images in "
            f"{image_path.name}, found {len(labels)} labels; get both files again"
        )
    check_labels(label_path, labels)
    return labelled_images(images[:, None], labels, names, classes)


def _find(dataset: str, names: Sequence[str], places: list[Path], download: bool) -> list[Path]:
    """Return the paths of the files ``names``, all in one folder."""
    for place in places:
        found = [_either(place, name) for name in names]
        if all(found):
            return [path for path in found if path]
    if not download:
        raise FileNotFoundError(
            f"{dataset}: expected {' and '.join(names)} (or with .gz) in one of "
            f"{', '.join(map(str, places))}; pass root= the folder that has them, or download=True"
        )
    return [_either(places[1], name) or fetch(_source(dataset, name), places[1]) for name in names]


def _either(folder: Path, name: str) -> Path | None:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    return None


def _source(dataset: str, name: str) -> Download:
    return Download(f"{_ADDRESS[dataset]}{name}.gz", f"{name}.gz", *_CONTENT[dataset][name])
