"""Data sets as their publishers lay them out, but small; `FILES` has one for each reader of ag.data."""

import gzip
import struct

import numpy as np

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
NUMBERS = np.arange(20) % 10


def idx(array, kind=8):
    """The bytes of an IDX file: 0, 0, type, number of dimensions, dimensions, values."""
    array = np.asarray(array, np.uint8)
    return (
        struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.tobytes()
    )


def write_idx(folder, split="t10k"):
    """Twenty images of the test split, or of the split ``train``, not compressed."""
    (folder / f"{split}-images-idx3-ubyte").write_bytes(idx(PIXELS))
    (folder / f"{split}-labels-idx1-ubyte").write_bytes(idx(NUMBERS))


CIFAR_FOLDER = "cifar-10-batches-bin"
CIFAR_FILES = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]


def cifar_batch(number, labels=range(10)):
    """Records of a label byte and 3,072 pixel bytes; each image has one colour per channel."""
    records = np.empty((len(labels), 3073), np.uint8)
    records[:, 0] = labels
    for channel in range(3):
        records[:, 1 + 1024 * channel : 1 + 1024 * (channel + 1)] = 10 * number + channel
    return records.tobytes()


def write_cifar(folder):
    """The unpacked archive, ten images in each file."""
    (folder / CIFAR_FOLDER).mkdir()
    for number, name in enumerate(CIFAR_FILES):
        (folder / CIFAR_FOLDER / name).write_bytes(cifar_batch(number))


def write_many(name, folder, count):
    """Training files of MNIST, zipped, or of CIFAR-10 with so many images each, as large as the official ones."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 10
    if name == "cifar10":
        records = rng.integers(0, 256, (count, 3073), np.uint8)
        records[:, 0] = labels
        for file in CIFAR_FILES[:5]:
            (folder / file).write_bytes(records.tobytes())
        return
    images = rng.integers(0, 256, (count, 28, 28), np.uint8)
    for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
        (folder / f"train-{kind}-ubyte.gz").write_bytes(gzip.compress(idx(array), 1))


#: What writes the files of each reader into a folder; None for one that comes with agx.
FILES = {
    "digits": None,
    "mnist": lambda folder: [write_idx(folder, split) for split in ("train", "t10k")],
    "fashion_mnist": lambda folder: [write_idx(folder, split) for split in ("train", "t10k")],
    "cifar10": write_cifar,
}
