"""Random changes of images, each its own way: turned, moved, brighter, with a hole, or mixed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .._kernels import loops
from .._runtime.rng import generator
from .._runtime.threads import team
from .arrays import Array
from .transforms import checked_images, cut, probability, whole

if TYPE_CHECKING:
    from .transforms import Rng

ONE = 1 << 16  # a pixel, or the whole weight, in the kernels' units
MOST = 1 << 40  # far from every image
WHITE = 255


class RandomAffine:
    """Turn, shift and scale each image around its middle, with zeros where there was nothing.

    ``degrees`` is the largest angle either way, or a range (low, high); positive ones are
    anti-clockwise. ``translate`` (across, down) are the largest shifts as shares of width and height,
    by whole pixels; ``scale`` (low, high) is the range of factors. ``interpolation`` is "nearest" or
    "bilinear". Called on uint8 or float32 images of shape (N, C, H, W), it returns new ones of the same
    shape and dtype. Raises ValueError for ranges that are none.

    >>> import agx as ag
    >>> move = ag.data.RandomAffine(10, translate=(0.1, 0.1), scale=(0.9, 1.1))
    >>> images = move(ag.data.digits("train").arrays[0], rng=0)
    """

    def __init__(
        self,
        degrees: float | tuple[float, float],
        translate: tuple[float, float] | None = None,
        scale: tuple[float, float] | None = None,
        interpolation: Literal["nearest", "bilinear"] = "nearest",
    ) -> None:
        who = type(self).__name__
        given: Any = degrees
        self.degrees = _range(
            who, "degrees", given if np.ndim(given) else (-given, given), -math.inf
        )
        self.translate = (0.0, 0.0) if translate is None else translate
        if len(self.translate) != 2 or not all(0 <= share <= 1 for share in self.translate):
            raise ValueError(
                f"{who}: translate is {translate}, expected two shares between 0 and 1, across and down"
            )
        self.scale = _range(who, "scale", (1.0, 1.0) if scale is None else scale, 0)
        if not self.scale[0]:
            raise ValueError(f"{who}: scale is {scale}, expected factors above 0")
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError(
                f"{who}: interpolation is {interpolation!r}, expected 'nearest' or 'bilinear'"
            )
        self.interpolation = interpolation

    def __call__(self, x: Array, rng: Rng = None) -> Array:
        x = checked_images(type(self).__name__, x, pixels=True)
        n, _, height, width = x.shape
        rng = generator(rng)
        angle = np.deg2rad(rng.uniform(*self.degrees, n))
        across, down = (
            np.rint(rng.uniform(-1, 1, n) * share * side)
            for share, side in zip(self.translate, (width, height), strict=True)
        )
        factor = rng.uniform(*self.scale, n)
        sine, cosine = np.sin(angle) / factor, np.cos(angle) / factor
        # The middle stays where it is, but for the shift: pixel (i, j) comes from row cosine i + sine j + ...
        i, j = (height - 1) / 2 + down, (width - 1) / 2 + across
        how = np.stack(
            [
                cosine, sine, (height - 1) / 2 - cosine * i - sine * j,
                -sine, cosine, (width - 1) / 2 + sine * i - cosine * j,
            ],
            axis=1,
        )  # fmt: skip
        how = np.clip(np.rint(how * ONE), -MOST, MOST).astype(np.int64)
        smooth = self.interpolation == "bilinear"
        return loops.warp(x, how, smooth, team)

    def __repr__(self) -> str:
        return (
            f"RandomAffine(degrees={self.degrees}, translate={self.translate}, scale={self.scale}, "
            f"interpolation={self.interpolation!r})"
        )


class RandomRotation(RandomAffine):
    """Turn each image around its middle, with zeros where there was nothing.

    ``degrees`` is the largest angle either way, or a range (low, high); positive ones are
    anti-clockwise. ``interpolation`` is "nearest" or "bilinear". Called on uint8 or float32 images of
    shape (N, C, H, W), it returns new ones of the same shape and dtype. Raises ValueError for a range
    that is none.

    >>> import agx as ag
    >>> turn = ag.data.RandomRotation(10, interpolation="bilinear")
    >>> images = turn(ag.data.digits("train").arrays[0], rng=0)
    """

    def __init__(
        self,
        degrees: float | tuple[float, float],
        interpolation: Literal["nearest", "bilinear"] = "nearest",
    ) -> None:
        super().__init__(degrees, interpolation=interpolation)

    def __repr__(self) -> str:
        return f"RandomRotation(degrees={self.degrees}, interpolation={self.interpolation!r})"


class ColorJitter:
    """Make each image brighter or darker by a factor of its own.

    ``brightness`` b draws it from max(0, 1 - b) to 1 + b, or (low, high) from that range. Called on
    uint8 images of shape (N, C, H, W), or float32 ones from 0 to 1, it returns new ones of the same shape
    and dtype; what would be brighter than white is white. Raises ValueError for a range that is none.

    >>> import agx as ag
    >>> images = ag.data.ColorJitter(brightness=0.2)(ag.data.digits("train").arrays[0], rng=0)
    """

    def __init__(self, brightness: float | tuple[float, float] = 0.0) -> None:
        given: Any = brightness
        if not np.ndim(given):
            _range("ColorJitter", "brightness", (0.0, given), 0)
            given = (max(0.0, 1 - given), 1 + given)
        self.brightness = _range("ColorJitter", "brightness", given, 0)

    def __call__(self, x: Array, rng: Rng = None) -> Array:
        x = checked_images("ColorJitter", x, pixels=True)
        factor = generator(rng).uniform(*self.brightness, len(x)).astype(np.float32)
        if x.dtype == np.uint8:
            values = factor[:, None, None] * np.arange(256, dtype=np.float32)
            return cut(x, whole(x), np.minimum(values, WHITE).astype(np.uint8))
        out: Array = x * factor[:, None, None, None]
        return np.minimum(out, 1, out=out)

    def __repr__(self) -> str:
        return f"ColorJitter(brightness={self.brightness})"


class RandomErasing:
    """Cut a rectangular hole into each image with probability ``p``.

    Its area is a share of the image from ``scale``, its height over its width from ``ratio``; both are
    drawn up to ten times until it fits, and then its place. Pixels in it get ``value``. Called on images of
    shape (N, C, H, W) and any dtype, it returns new ones of the same shape and dtype. Raises ValueError
    for ranges that are none and a ``p`` not between 0 and 1.

    References: Z. Zhong et al., Random Erasing Data Augmentation (2020); T. DeVries and G. Taylor, Improved
    Regularization of CNNs with Cutout (2017), which is scale=(s, s), ratio=(1, 1).

    >>> import agx as ag
    >>> images = ag.data.RandomErasing(p=1.0)(ag.data.digits("train").arrays[0], rng=0)
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: tuple[float, float] = (0.02, 0.33),
        ratio: tuple[float, float] = (0.3, 3.3),
        value: float = 0,
    ) -> None:
        self.p = probability("RandomErasing", p)
        self.scale = _range("RandomErasing", "scale", scale, 0)
        self.ratio = _range("RandomErasing", "ratio", ratio, 0)
        if self.scale[1] > 1 or self.ratio[0] == 0:
            raise ValueError(
                f"RandomErasing: scale is {scale} and ratio {ratio}, expected shares of the area up to 1, "
                "and ratios above 0"
            )
        self.value = value

    def __call__(self, x: Array, rng: Rng = None) -> Array:
        x = checked_images("RandomErasing", x)
        n, _, height, width = x.shape
        rng = generator(rng)
        chosen = rng.random(n) < self.p
        area = rng.uniform(*self.scale, (n, 10)) * (height * width)
        low, high = (math.log(end) for end in self.ratio)
        ratio = np.exp(rng.uniform(low, high, (n, 10)))
        rows, columns = np.rint(np.sqrt(area * ratio)), np.rint(np.sqrt(area / ratio))
        fits = (rows <= height) & (columns <= width)
        place = rng.random((2, n))
        out = x.copy()
        for i in np.flatnonzero(chosen & fits.any(1)):
            k = fits[i].argmax()
            h, w = int(rows[i, k]), int(columns[i, k])
            top, left = int(place[0, i] * (height - h + 1)), int(place[1, i] * (width - w + 1))
            out[i, :, top : top + h, left : left + w] = self.value
        return out

    def __repr__(self) -> str:
        return (
            f"RandomErasing(p={self.p}, scale={self.scale}, ratio={self.ratio}, value={self.value})"
        )


class MixUp:
    """Mix each image of a batch with the one before it, and their targets as well.

    The share of the image itself is drawn for the batch from the beta distribution of ``alpha`` and
    ``alpha``. Called on uint8 or float32 images of shape (N, C, H, W) and targets, class numbers (N,) below
    ``num_classes`` or probabilities (N, C), it returns new images of the same shape and dtype, and float32
    probabilities (N, num_classes), which ``cross_entropy`` takes. A Loader gives it both arrays of a
    batch. Raises ValueError for an ``alpha`` that is not positive and targets that do not fit.

    Reference: H. Zhang et al., mixup: Beyond Empirical Risk Minimization (2018).

    >>> import agx as ag
    >>> x, y = ag.data.digits("train")[:8]
    >>> x, y = ag.data.MixUp(num_classes=10)(x, y, rng=0)
    >>> y.shape
    (8, 10)
    """

    takes_targets = True

    def __init__(self, alpha: float = 1.0, num_classes: int | None = None) -> None:
        if not 0 < alpha < math.inf:
            raise ValueError(f"MixUp: alpha is {alpha}, expected a positive number such as 1.0")
        self.alpha, self.num_classes = alpha, num_classes

    def __call__(self, x: Array, y: Array, rng: Rng = None) -> tuple[Array, Array]:
        x = checked_images("MixUp", x, pixels=True)
        targets = self._probabilities(x, y)
        n = len(x)
        weight = int(np.rint(generator(rng).beta(self.alpha, self.alpha) * ONE))
        how = np.stack([np.arange(-1, n - 1) % max(n, 1), np.full(n, weight)], axis=1)
        share = np.float32(weight / ONE)
        soft = share * targets + (1 - share) * np.roll(targets, 1, axis=0)
        return loops.mix_images(x, how, team), soft

    def _probabilities(self, x: Array, y: Array) -> Array:
        """The targets as float32 probabilities."""
        if y.ndim == 2 and y.dtype.kind == "f":
            fits, found = self.num_classes in (None, y.shape[1]), y.astype(np.float32)
        else:
            count = self.num_classes or 0
            fits = y.ndim == 1 and y.dtype.kind in "iu" and bool(((y >= 0) & (y < count)).all())
            found = (y[:, None] == np.arange(count)).astype(np.float32) if fits else y
        if not fits or len(y) != len(x):
            raise ValueError(
                f"MixUp: the targets are {y.dtype} {y.shape} for {len(x)} images, expected class numbers "
                f"below num_classes={self.num_classes} or probabilities of so many classes; set num_classes"
            )
        return found

    def __repr__(self) -> str:
        return f"MixUp(alpha={self.alpha}, num_classes={self.num_classes})"


def _range(who: str, name: str, given: Sequence[float], least: float) -> tuple[float, float]:
    low, high = given if len(given) == 2 else (math.nan, math.nan)
    if not least <= low <= high < math.inf or not math.isfinite(low):
        raise ValueError(
            f"{who}: {name} is {tuple(given)}, expected two finite numbers"
            + ("" if least == -math.inf else f" of at least {least}")
            + ", the lower one first"
        )
    return float(low), float(high)
