"""The handwritten digits that come with agx, so that a first network needs no download."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .dataset import ArrayDataset, check_split, labelled_images

_FILE = Path(__file__).with_name("digits.npz")
_TRAIN = 1437


def digits(
    split: str = "train", size: int = 8, classes: Sequence[str | int] | None = None
) -> ArrayDataset:
    """Return the bundled handwritten digits: 1,437 images to train with or 360 to test with.

    Images are float32 in [0, 1] of shape (N, 1, size, size), labels int64. They are 8x8 pixels;
    a larger ``size`` (32, for a LeNet) resizes them bilinearly. ``classes`` selects some of
    "0" to "9", relabelled from 0 in the order given.

    The images are the UCI Optical Recognition of Handwritten Digits test set (E. Alpaydin and
    C. Kaynak, 1998, UCI Machine Learning Repository, DOI 10.24432/C50P49, CC BY 4.0), stored in the
    order of ``numpy.random.default_rng(0).permutation(1797)``; the last 360 are the test split.

    Raises ValueError for another split, a size below 8 and an unknown class.

    >>> import agx as ag
    >>> images, labels = ag.data.digits("train", size=32).arrays
    >>> images.shape
    (1437, 1, 32, 32)
    """
    check_split(split)
    if size < 8:
        raise ValueError(f"size: expected at least 8, the size of the stored images, got {size}")
    part = slice(None, _TRAIN) if split == "train" else slice(_TRAIN, None)
    with np.load(_FILE, allow_pickle=False) as stored:
        images, labels = stored["images"][part, None], stored["labels"][part]
    data = labelled_images(images, labels, [str(i) for i in range(10)], classes, scale=16)
    if size == 8:
        return data
    return ArrayDataset(_resize(data.arrays[0], size), data.arrays[1], classes=data.classes)


def _resize(images: np.ndarray, size: int) -> np.ndarray:
    """Resize square images bilinearly; pixels are areas, so corners of the pictures coincide."""
    old = images.shape[-1]
    position = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
    weights = np.maximum(0, 1 - np.abs(position[:, None] - np.arange(old))).astype(images.dtype)
    return weights @ images @ weights.T
