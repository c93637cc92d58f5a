"""The images of a run: read, and given mean 0 and deviation 1."""

from __future__ import annotations

import inspect
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .. import data, models
from .._runtime.rng import generator
from ..data.files import read_object
from ..data.readers import named
from ..data.subset import held_out
from ..storage.architecture import MODELS, accepted


def load(
    name: str, model: str, root: str | None, download: bool, classes: Any, side: int | None = None
) -> tuple[Any, Any]:
    """Read the training and the test images of a data set, or of a folder of pictures.

    Images that come in several sizes get ``side``, or that which the model has by default. Raises
    ValueError for a side where there is no choice.
    """
    read = named(name).read
    options = {"root": root, "download": download, "classes": classes}
    if model in MODELS:
        size = inspect.signature(getattr(models, model)).parameters.get("image_size")
        options |= {"size": size.default} if size else {}
    options |= {"size": side} if side else {}
    if side and not accepted(read, {"size": side}):
        raise ValueError(f"--size: {name} has images of one size; leave --size out")
    options = accepted(read, options)
    return read("train", **options), read("test", **options)


def hold_out(learn: Any, share: float, seed: int) -> tuple[Any, Any]:
    """Split examples into those to learn from and a ``share`` of each class to choose the best epoch by.

    Raises ValueError if there is no class of two.
    """
    held = held_out(learn.stored[1], share, generator(seed))
    if not held.any():
        raise ValueError(
            "--validation: no class has two images, one of which could be held out; add some"
        )
    return _part(learn, ~held), _part(learn, held)


def _part(dataset: Any, chosen: np.ndarray) -> Any:
    found = data.ArrayDataset(*(a[chosen] for a in dataset.stored), classes=dataset.classes)
    found.transforms = dataset.transforms
    return found


def checksum(dataset: Any) -> int:
    """A number that tells whether arrays are those of before."""
    found = 0
    for array in dataset.stored:
        found = zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8), found)
    return found


def standardize(images: np.ndarray) -> data.Normalize:
    """The transform that gives every channel of ``images`` mean 0 and standard deviation 1.

    For bytes it is that of the images in [0, 1], as a Loader gives them.

    >>> images = np.random.default_rng(0).random((9, 1, 4, 4), dtype=np.float32)
    >>> abs(ag.runs.standardize(images)(images).mean()) < 1e-6
    np.True_
    """
    if images.dtype == np.uint8:
        mean, std = _of_bytes(images)
    else:
        mean, std = images.mean((0, 2, 3)), images.std((0, 2, 3))
    return data.Normalize(mean.tolist(), np.maximum(std, 1e-6).tolist())


def _of_bytes(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each channel of bytes, in [0, 1], without a copy of all images."""
    counts = np.zeros((images.shape[1], 256))
    for image in images:
        counts += [np.bincount(channel.reshape(-1), minlength=256) for channel in image]
    values = np.arange(256) / 255
    share = counts / counts.sum(1, keepdims=True)
    mean = share @ values
    return mean, np.sqrt((share * (values - mean[:, None]) ** 2).sum(1))


def normalization(folder: str | Path) -> data.Normalize:
    """Return what a run of ``agx train`` did to every image, from its ``config.json``.

    Apply it to pictures of your own, of shape (N, C, H, W) with floats from 0 to 1, before the model
    sees them. Raises ValueError that names the file if it is damaged or holds no such record.

    >>> images = ag.runs.normalization("runs/first")(images)  # doctest: +SKIP
    """
    path = Path(folder) / "config.json"
    found: Any = read_object(path).get("normalization")
    try:
        return data.Normalize(found["mean"], found["std"])
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"normalization: {path} does not say how images were prepared; train anew"
        ) from error
