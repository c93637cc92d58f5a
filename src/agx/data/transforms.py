"""Transforms of a batch of images (N, C, H, W), to be given to a Loader; none changes its input."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..rng import generator

Rng = np.random.Generator | int | None


class Normalize:
    """Subtract ``mean`` from each channel of a batch and divide it by ``std``.

    ``mean`` and ``std`` have one entry per channel, or are single numbers used for all of them. The
    batch (N, C, H, W) keeps its shape and its floating dtype.

    Raises ValueError where ``std`` is not positive, and for a batch of another number of
    dimensions, another number of channels or integers.

    >>> import agx as ag
    >>> images = ag.data.digits("test").arrays[0]
    >>> centred = ag.data.Normalize(mean=0.5, std=0.25)(images)
    """

    def __init__(self, mean: Any, std: Any) -> None:
        self.mean = np.atleast_1d(np.asarray(mean, np.float64))
        self.std = np.atleast_1d(np.asarray(std, np.float64))
        if self.mean.ndim > 1 or self.std.ndim > 1:
            raise ValueError(
                "Normalize: expected numbers or one entry per channel, got mean of shape "
                f"{self.mean.shape} and std of shape {self.std.shape}"
            )
        if not np.all(self.std > 0):
            raise ValueError(f"Normalize: expected std above 0, got {self.std.tolist()}")

    def __call__(self, x: np.ndarray, rng: Rng = None) -> np.ndarray:
        _check_batch("Normalize", x)
        if not np.issubdtype(x.dtype, np.floating):
            raise ValueError(
                f"Normalize: expected floating-point images, got {x.dtype}; "
                "convert them first, for example x.astype(np.float32) / 255"
            )
        for name, given in (("mean", self.mean), ("std", self.std)):
            if given.size not in (1, x.shape[1]):
                raise ValueError(
                    f"Normalize: {name} has {given.size} entries, the images have {x.shape[1]} "
                    f"channels (x.shape == {x.shape})"
                )
        mean, std = (a.astype(x.dtype).reshape(-1, 1, 1) for a in (self.mean, self.std))
        return (x - mean) / std


class RandomCrop:
    """Cut a window of ``size`` at a random place from each image, after padding it with zeros.

    ``size`` is one number or (height, width), ``padding`` the number of zeros added on each side.
    A batch (N, C, H, W) becomes (N, C, height, width) and keeps its dtype.

    Raises ValueError for a size below 1, a negative padding, a batch of another number of
    dimensions and a window larger than the padded image.

    >>> import agx as ag
    >>> images = ag.data.digits("test").arrays[0]
    >>> shifted = ag.data.RandomCrop(8, padding=1)(images, rng=0)
    """

    def __init__(self, size: int | tuple[int, int], padding: int = 0) -> None:
        self.size = (size, size) if isinstance(size, (int, np.integer)) else tuple(size)
        self.padding = padding
        if len(self.size) != 2 or min(self.size) < 1:
            raise ValueError(
                f"RandomCrop: size: expected a number or (height, width) of at least 1, got {size}"
            )
        if padding < 0:
            raise ValueError(f"RandomCrop: padding: expected at least 0, got {padding}")

    def __call__(self, x: np.ndarray, rng: Rng = None) -> np.ndarray:
        _check_batch("RandomCrop", x)
        rng = generator(rng)
        (height, width), p = self.size, self.padding
        rows, columns = x.shape[2] + 2 * p - height + 1, x.shape[3] + 2 * p - width + 1
        if rows < 1 or columns < 1:
            raise ValueError(
                f"RandomCrop: the window is {height}x{width}, the padded images only "
                f"{x.shape[2] + 2 * p}x{x.shape[3] + 2 * p}; use a smaller size or more padding"
            )
        padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p))) if p else x
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
        top, left = rng.integers(rows, size=len(x)), rng.integers(columns, size=len(x))
        return windows[np.arange(len(x)), :, top, left]


class RandomHorizontalFlip:
    """Mirror each image left to right with probability ``p``.

    A batch (N, C, H, W) keeps its shape and dtype.

    Raises ValueError for ``p`` outside [0, 1] and for a batch of another number of dimensions.

    >>> import agx as ag
    >>> images = ag.data.digits("test").arrays[0]
    >>> mirrored = ag.data.RandomHorizontalFlip(p=1.0)(images)
    """

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p: expected a number from 0 to 1, got {p}")
        self.p = p

    def __call__(self, x: np.ndarray, rng: Rng = None) -> np.ndarray:
        _check_batch("RandomHorizontalFlip", x)
        chosen = generator(rng).random(len(x)) < self.p
        out = x.copy()
        out[chosen] = x[chosen, :, :, ::-1]
        return out


def _check_batch(who: str, x: np.ndarray) -> None:
    if x.ndim != 4:
        raise ValueError(
            f"{who}: expected a batch of images (N, C, H, W), got {x.ndim} dimensions "
            f"(x.shape == {x.shape})"
        )
