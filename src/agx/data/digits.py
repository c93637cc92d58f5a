"""The bundled digits: small enough to come with the package, so the first steps need no files."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Literal

import numpy as np

from .arrays import Array
from .dataset import ArrayDataset, chosen_images, class_numbers
from .files import check_split
from .readers import reader

SIDE = 8  # pixels
WHITE = 16  # the largest pixel value
N_TRAIN = 1437
CLASSES = tuple("0123456789")


@reader(epochs=20, batch_size=32, lr=0.02, schedule="cosine", shift=1 / 16)
def digits(
    split: Literal["train", "test"] = "train",
    *,
    size: int = SIDE,
    classes: Sequence[str] | None = None,
) -> ArrayDataset:
    """Load the bundled handwritten digits, 1,437 training and 360 test images of 8 x 8 pixels.

    Returns float32 images of shape (N, 1, size, size) in [0, 1] and int64 labels of shape (N,).
    ``size`` is 8, as published, or more, by bilinear interpolation (32 fits LeNet-5).
    ``classes`` keeps only the named digits, relabelled 0, 1, ... in the order given.

    The data are the writer-independent test set of the Optical Recognition of Handwritten Digits
    (E. Alpaydin, C. Kaynak, UCI Machine Learning Repository, 1998, doi 10.24432/C50P49,
    CC BY 4.0). The split is agx's own and fixed: every class is divided 4 to 1 at random.

    Raises ValueError when ``split`` or ``classes`` is unknown or ``size`` is below 8.

    >>> import agx as ag
    >>> train = ag.data.digits("train", size=32)
    >>> images, labels = train[:64]
    """
    from pathlib import Path

    check_split("digits", split)
    numbers = class_numbers("digits", CLASSES, classes)
    if size < SIDE:
        raise ValueError(f"digits: size is {size}, expected {SIDE} pixels or more, such as 32")
    part = slice(None, N_TRAIN) if split == "train" else slice(N_TRAIN, None)
    with np.load(Path(__file__).with_name("digits.npz")) as stored:
        labels, places = (
            stored["labels"],
            np.frombuffer(zlib.decompress(stored["images"]), np.uint8),
        )
    images = np.empty((len(labels), 1, SIDE, SIDE), np.uint8)
    images[np.argsort(labels, kind="stable"), 0] = places.reshape(SIDE, SIDE, -1).transpose(2, 0, 1)
    images, targets, names = chosen_images(images[part], labels[part], CLASSES, numbers)
    floats: Array = np.divide(images, np.float32(WHITE))
    return ArrayDataset(_enlarged(floats, size) if size > SIDE else floats, targets, classes=names)


def _enlarged(images: Array, size: int) -> Array:
    """Enlarge square images bilinearly, pixel centres at half-integers, edges repeated.

    Row i of ``weights`` says how much of each old pixel the new pixel i takes, so the images are
    multiplied by it from both sides.
    """
    old = images.shape[-1]
    centre = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
    weights = np.maximum(0, 1 - abs(centre[:, np.newaxis] - np.arange(old))).astype(np.float32)
    out: Array = weights @ images @ weights.T
    return np.clip(out, 0, 1, out=out)
