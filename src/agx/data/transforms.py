"""Image transforms on whole batches, for the ``transforms`` of a Loader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._runtime.rng import generator
from .arrays import Array

if TYPE_CHECKING:
    Rng = np.random.Generator | int | None


class ToFloat:
    """Turn integer pixels into float32 from 0 to 1, dividing by ``white``.

    Called on integers of any shape from 0 to ``white`` (255, or 65535 for 16 bits, 1 for ink or no ink),
    it returns float32 of the same shape; booleans become 0 and 1, and floating-point numbers stay as they
    are. Raises ValueError when ``white`` is not positive or a pixel lies outside, TypeError for what is
    no number.

    >>> import agx as ag
    >>> ag.data.ToFloat()(np.array([0, 51, 255], np.uint8)).tolist()
    [0.0, 0.20000000298023224, 1.0]
    """

    random = False  # it draws nothing

    def __init__(self, white: float = 255) -> None:
        if not 0 < white < float("inf"):
            raise ValueError(f"ToFloat: white is {white}, expected a positive number such as 255")
        self.white = white

    def __call__(self, x: Array, rng: Rng = None) -> Array:
        kind = x.dtype.kind
        if kind == "f":
            return x.copy()
        if kind not in "biu":
            raise TypeError(f"ToFloat: the pixels are {x.dtype}, expected integers")
        out = x.astype(np.float32)
        if kind == "b" or not x.size:
            return out
        low, high = x.min(), x.max()
        if low < 0 or high > self.white:
            raise ValueError(
                f"ToFloat: the pixels go from {low} to {high}, expected 0 to {self.white}; set white to "
                "the value of a white pixel"
            )
        out /= np.float32(self.white)
        return out

    def __repr__(self) -> str:
        return f"ToFloat(white={self.white})"


class Normalize:
    """Subtract a mean and divide by a standard deviation, channel by channel.

    ``mean`` and ``std`` are one number for all channels, or one per channel, in the units of the
    pixels. Called on floating-point images of shape (N, C, H, W), it returns new ones of the same
    shape and dtype. Raises ValueError when ``std`` is not positive, when the lengths differ from
    each other or from C, or when the images are not four-dimensional; TypeError when they are
    not floating-point.

    >>> import agx as ag
    >>> normalize = ag.data.Normalize(mean=0.3, std=0.35)
    >>> images = normalize(ag.data.digits("test").arrays[0])
    """

    random = False  # it draws nothing

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        self.mean = np.asarray(mean, dtype=np.float64)
        self.std = np.asarray(std, dtype=np.float64)
        if self.mean.ndim > 1 or self.mean.shape != self.std.shape:
            raise ValueError(
                f"Normalize: mean has shape {self.mean.shape} and std {self.std.shape}, expected "
                "one number each, or one per channel each"
            )
        if not np.isfinite(self.mean).all():
            raise ValueError(f"Normalize: mean is {mean}, expected finite numbers")
        if not (np.isfinite(self.std) & (self.std > 0)).all():
            raise ValueError(f"Normalize: std is {std}, expected finite numbers above 0")

    def __call__(self, x: Array, rng: Rng = None) -> Array:
        _check_images("Normalize", x)
        if not np.issubdtype(x.dtype, np.floating):
            raise TypeError(
                f"Normalize: the images are {x.dtype}, expected floating-point numbers; "
                "convert them with x.astype(np.float32) / 255, or put ag.data.ToFloat() before it"
            )
        if self.mean.ndim and len(self.mean) != x.shape[1]:
            raise ValueError(
                f"Normalize: the images have {x.shape[1]} channels, expected {len(self.mean)} "
                f"(x.shape == {x.shape}); check mean and std"
            )
        out: Array = x - self.mean.astype(x.dtype).reshape(-1, 1, 1)
        out /= self.std.astype(x.dtype).reshape(-1, 1, 1)
        return out

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean.tolist()}, std={self.std.tolist()})"


class RandomCrop:
    """Cut a window of ``size`` at a random place of each zero-padded image.

    ``size`` is the side of a square or a (height, width), ``padding`` the width of the border of
    zeros on all four sides, both in pixels. Called on images of shape (N, C, H, W) and any dtype,
    it returns new ones of shape (N, C, height, width). Raises ValueError when ``size`` is not
    positive, ``padding`` is negative or the window does not fit.

    >>> import agx as ag
    >>> crop = ag.data.RandomCrop(8, padding=1)
    >>> images = crop(ag.data.digits("train").arrays[0], rng=0)
    """

    def __init__(self, size: int | tuple[int, int], padding: int = 0) -> None:
        self.height, self.width = (size, size) if isinstance(size, (int, np.integer)) else size
        self.padding = padding
        if min(self.height, self.width) < 1:
            raise ValueError(f"RandomCrop: size is {size}, expected a positive number of pixels")
        if padding < 0:
            raise ValueError(f"RandomCrop: padding is {padding}, expected 0 or more pixels")

    def __call__(self, x: Array, rng: Rng = None) -> Array:
        _check_images("RandomCrop", x)
        n, channels, height, width = x.shape
        border = self.padding
        rows = height + 2 * border - self.height
        columns = width + 2 * border - self.width
        if rows < 0 or columns < 0:
            raise ValueError(
                f"RandomCrop: a window of {self.height} x {self.width} does not fit in images of "
                f"{height} x {width} with padding {border}; use a smaller size or more padding"
            )
        padded = np.zeros((n, channels, height + 2 * border, width + 2 * border), x.dtype)
        padded[:, :, border : border + height, border : border + width] = x
        rng = generator(rng)
        top, left = rng.integers(rows + 1, size=n), rng.integers(columns + 1, size=n)
        windows = np.lib.stride_tricks.sliding_window_view(
            padded, (self.height, self.width), axis=(2, 3)
        )
        out: Array = windows[np.arange(n), :, top, left]
        return out

    def __repr__(self) -> str:
        return f"RandomCrop(size=({self.height}, {self.width}), padding={self.padding})"


class RandomHorizontalFlip:
    """Mirror each image left to right with probability ``p``.

    Called on images of shape (N, C, H, W) and any dtype, it returns new ones of the same shape.
    Raises ValueError when ``p`` is not between 0 and 1.

    >>> import agx as ag
    >>> flip = ag.data.RandomHorizontalFlip(p=0.5)
    >>> images = flip(ag.data.digits("train").arrays[0], rng=0)
    """

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p is {p}, expected between 0 and 1")
        self.p = p

    def __call__(self, x: Array, rng: Rng = None) -> Array:
        _check_images("RandomHorizontalFlip", x)
        chosen = generator(rng).random(len(x)) < self.p
        out = x.copy()
        out[chosen] = x[chosen, :, :, ::-1]
        return out

    def __repr__(self) -> str:
        return f"RandomHorizontalFlip(p={self.p})"


def _check_images(transform: str, x: Array) -> None:
    if x.ndim != 4:
        raise ValueError(
            f"{transform}: expected images of shape (N, C, H, W), got shape {x.shape}; "
            "reshape them first"
        )
