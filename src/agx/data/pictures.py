"""Single pictures: read by Pillow, turned upright, in grey or colour, cut and resized."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F")
ORIENTATION = 0x0112  # among the EXIF data
SMALL = 1 << 22  # pixels that any file may have
DENSEST = 8 * 1032  # and those of a byte, each a bit, deflated
TURNED = (5, 6, 7, 8)  # orientations that exchange height and width


class Header(NamedTuple):
    """What a file says of its picture: (height, width) when it is upright, and whether it has colours."""

    shape: tuple[int, int]
    colour: bool


def require() -> Any:
    """Import Pillow's Image. Raises ImportError that says how to get it."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            'image_folder reads pictures with Pillow; install it with: pip install "agx[images]"'
        ) from error
    return Image


def version() -> str:
    """That of Pillow, whose decoders and filters may change."""
    require()
    from PIL import __version__

    return str(__version__)


def is_picture(path: Path) -> bool:
    """Whether a file has the name of a picture."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith("._")


def shape_of(size: Any) -> tuple[int, int]:
    """(height, width) of a side or a pair."""
    pair = size if isinstance(size, (tuple, list)) else (size, size)
    whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in pair)
    if len(pair) != 2 or not whole or min(pair) < 1:
        raise ValueError(
            f"image_folder: size is {size!r}, expected a side or (height, width) in pixels, such as 64"
        )
    return int(pair[0]), int(pair[1])


@contextlib.contextmanager
def _opened(source: Any) -> Iterator[Any]:
    """Open a picture, quietly, unless it would fill the memory when it is unpacked."""
    image = require()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", image.DecompressionBombWarning)
        with image.open(source, formats=FORMATS) as picture:
            size = source.stat().st_size if isinstance(source, Path) else len(source.getbuffer())
            if picture.width * picture.height > max(SMALL, DENSEST * size):
                raise ValueError(f"{picture.width} x {picture.height} pixels in {size} bytes")
            yield picture


def header(data: bytes) -> Header:
    """Read what a picture's file says of it. Raises ValueError for bytes that are no picture."""
    try:
        with _opened(io.BytesIO(data)) as picture:
            picture.verify()  # the checksums of a PNG file
        with _opened(io.BytesIO(data)) as picture:
            width, height = picture.size
            turned = picture.getexif().get(ORIENTATION) in TURNED
            return Header((width, height) if turned else (height, width), picture.mode not in GREY)
    except Exception as error:  # Pillow's readers raise whatever they like
        raise ValueError(damage(error)) from error


def damage(error: BaseException) -> str:
    """What is wrong with a picture that cannot be read."""
    if type(error).__name__ == "UnidentifiedImageError":
        return "damaged: no PNG, JPEG, BMP or WebP picture"
    return f"damaged: {error}"


def read(path: Path, channels: int, shape: tuple[int, int], crop: bool) -> npt.NDArray[np.uint8]:
    """Read a picture as uint8 (channels, height, width), upright, cut or not, and resized.

    Raises ValueError for a damaged one.
    """
    from PIL import ImageOps

    try:
        with _opened(path) as opened:
            picture = _plain(ImageOps.exif_transpose(opened), channels)
    except Exception as error:
        raise ValueError(damage(error)) from error
    height, width = shape
    if picture.size != (width, height):
        method = require().Resampling.BILINEAR
        if crop:
            picture = ImageOps.fit(picture, (width, height), method)
        else:
            picture = picture.resize((width, height), method)
    pixels = np.asarray(picture, np.uint8)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _plain(picture: Any, channels: int) -> Any:
    """A picture of 8 bits in grey or red, green and blue, on white where it is transparent."""
    image = require()
    if picture.mode.startswith("I"):  # 16 bits, which a conversion would cut off at 255
        numbers = np.asarray(picture).astype(np.int64)
        picture = image.fromarray((np.clip(numbers, 0, 65535) // 257).astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = image.new("RGBA", picture.size, "white")
        picture = image.alpha_composite(white, picture)
    return picture.convert("L" if channels == 1 else "RGB")
