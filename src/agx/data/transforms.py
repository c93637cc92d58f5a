"""Image transforms on whole batches, for the ``transforms`` of a Loader."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._kernels import loops
from .._runtime.rng import generator
from .._runtime.threads import team
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
        self.takes_bytes = white >= 255  # all of them, without a look

    def __call__(self, x: Array, rng: Rng = None) -> Array:
        kind = x.dtype.kind
        if kind == "f":
            return x.copy()
        if kind not in "biu":
            raise TypeError(f"ToFloat: the pixels are {x.dtype}, expected integers")
        out = x.astype(np.float32)
        if kind == "b" or not x.size:
            return out
        within = self.takes_bytes and x.dtype == np.uint8
        low, high = (0, 255) if within else (x.min(), x.max())
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


class Window(NamedTuple):
    """What is seen of each image: (N, 3) of top, left, and 1 if mirrored, plus 2 if upside down."""

    how: Array
    height: int
    width: int


class Moving(ABC):
    """A transform that moves pixels, and puts zeros where there were none."""

    @abstractmethod
    def window(self, window: Window, rng: np.random.Generator) -> Window:
        """Cut a window of what is seen through another one."""

    def __call__(self, x: Array, rng: Rng = None) -> Array:
        x = checked_images(type(self).__name__, x)
        return cut(x, self.window(whole(x), generator(rng)))


class RandomCrop(Moving):
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

    def window(self, window: Window, rng: np.random.Generator) -> Window:
        how, height, width = window
        rows = height + 2 * self.padding - self.height
        columns = width + 2 * self.padding - self.width
        if rows < 0 or columns < 0:
            raise ValueError(
                f"RandomCrop: a window of {self.height} x {self.width} does not fit in images of "
                f"{height} x {width} with padding {self.padding}; use a smaller size or more padding"
            )
        found, n, flips = how.copy(), len(how), how[:, 2]
        top = rng.integers(rows + 1, size=n) - self.padding
        left = rng.integers(columns + 1, size=n) - self.padding
        if flips.any():  # In a mirror, the place is counted from the other side.
            top = np.where(flips & 2, height - self.height - top, top)
            left = np.where(flips & 1, width - self.width - left, left)
        found[:, 0] += top
        found[:, 1] += left
        return Window(found, self.height, self.width)

    def __repr__(self) -> str:
        return f"RandomCrop(size=({self.height}, {self.width}), padding={self.padding})"


class _Flip(Moving):
    turned = 0

    def __init__(self, p: float = 0.5) -> None:
        self.p = probability(type(self).__name__, p)

    def window(self, window: Window, rng: np.random.Generator) -> Window:
        how = window.how.copy()
        how[:, 2] ^= self.turned * (rng.random(len(how)) < self.p)
        return window._replace(how=how)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomHorizontalFlip(_Flip):
    """Mirror each image left to right with probability ``p``.

    Called on images of shape (N, C, H, W) and any dtype, it returns new ones of the same shape.
    Raises ValueError when ``p`` is not between 0 and 1.

    >>> import agx as ag
    >>> flip = ag.data.RandomHorizontalFlip(p=0.5)
    >>> images = flip(ag.data.digits("train").arrays[0], rng=0)
    """

    turned = 1


class RandomVerticalFlip(_Flip):
    """Turn each image upside down with probability ``p``.

    Called on images of shape (N, C, H, W) and any dtype, it returns new ones of the same shape.
    Raises ValueError when ``p`` is not between 0 and 1.

    >>> import agx as ag
    >>> flip = ag.data.RandomVerticalFlip(p=0.5)
    >>> images = flip(ag.data.digits("train").arrays[0], rng=0)
    """

    turned = 2


class Joined:
    """Transforms of which bytes see one pass: some that move pixels, then some that change each alone."""

    def __init__(self, given: Sequence[Any]) -> None:
        self.given = given  # in their order, for what are no bytes
        self.moving = [f for f in given if isinstance(f, Moving)]
        self.single = [f for f in given if not isinstance(f, Moving)]
        self._known: Array | None = None

    def __call__(self, x: Array, rng: Any = None) -> Array:
        if x.dtype != np.uint8 or x.ndim != 4:
            for transform in self.given:
                x = transform(x, rng)
            return x
        window = whole(x)
        for moving in self.moving:
            window = moving.window(window, rng)
        return cut(np.ascontiguousarray(x), window, self._table(x.shape[1]))

    def _table(self, channels: int) -> Array:
        """What becomes of each byte in each channel, (1, channels, 256)."""
        if self._known is None or self._known.shape[1] != channels:
            bytes_ = np.arange(256, dtype=np.uint8)
            found: Array = np.broadcast_to(bytes_, (1, channels, 1, 256))
            for transform in self.single:
                found = transform(found)
            self._known = np.ascontiguousarray(found[:, :, 0])
        return self._known


def joined(transforms: Sequence[Any]) -> list[Any]:
    """The same transforms, with those joined that bytes may go through in one pass.

    Crops and flips may come before ``ToFloat`` as well as after it, for a zero stays zero; ``Normalize``
    comes last. There may be one crop, of which no other sees the border.
    """
    runs: list[list[Any]] = []
    for transform in transforms:
        if not runs or not _joins(transform, runs[-1]):
            runs.append([])
        runs[-1].append(transform)
    found: list[Any] = []
    for run in runs:
        found += [Joined(run)] if any(_takes_bytes(f) for f in run) else run
    return found


def _joins(transform: Any, run: Sequence[Any]) -> bool:
    """Whether a transform may be joined to those of a run, which may be joined to each other."""
    kinds = {type(f) for f in run}
    if not all(_takes_bytes(f) or isinstance(f, (Moving, Normalize)) for f in run):
        return False
    if type(transform) is Normalize:
        return ToFloat in kinds
    if Normalize in kinds:
        return False
    if isinstance(transform, RandomCrop) and any(isinstance(f, RandomCrop) for f in run):
        return False
    return isinstance(transform, Moving) or (_takes_bytes(transform) and ToFloat not in kinds)


def _takes_bytes(transform: Any) -> bool:
    return type(transform) is ToFloat and transform.takes_bytes


def checked_images(who: str, x: Array, pixels: bool = False) -> Array:
    """Images in order, in this machine's byte order; with ``pixels`` they are uint8 or float32."""
    _check_images(who, x)
    if x.dtype.kind not in "biufc" or (
        pixels and x.dtype.newbyteorder("=") not in (np.uint8, np.float32)
    ):
        raise TypeError(
            f"{who}: the images are {x.dtype}, expected {'uint8 or float32' if pixels else 'numbers'}; "
            "convert them with x.astype(np.float32)"
        )
    return np.ascontiguousarray(x, x.dtype.newbyteorder("="))


def probability(who: str, p: float) -> float:
    """A number between 0 and 1, or ValueError."""
    if not 0 <= p <= 1:
        raise ValueError(f"{who}: p is {p}, expected between 0 and 1")
    return p


def whole(x: Array) -> Window:
    """All of each image."""
    return Window(np.zeros((len(x), 3), np.int64), *x.shape[2:])


def cut(x: Array, window: Window, table: Array | None = None) -> Array:
    """What is seen of images in order, or what a table (N or 1, C or 1, 256) has for each of its bytes."""
    return loops.cut(x, window.how, window.height, window.width, team, table)


def _check_images(transform: str, x: Array) -> None:
    if x.ndim != 4:
        raise ValueError(
            f"{transform}: expected images of shape (N, C, H, W), got shape {x.shape}; "
            "reshape them first"
        )
