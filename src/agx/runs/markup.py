"""HTML and SVG, in which every text is escaped that was not made here, and pictures as addresses."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from typing import Any

import numpy as np

_EMPTY = {"img", "link", "meta"}  # elements without an end


class Markup(str):
    """Text that is markup already."""


def tag(name: str, /, *inside: Any, **attributes: Any) -> Markup:
    """An element around texts, numbers and other elements.

    An attribute's name loses an underscore at its end, others become hyphens; None leaves one out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    end = "" if name in _EMPTY else f"</{name}>"
    return Markup(f"<{name}{given}>{joined(*inside)}{end}")


def joined(*parts: Any) -> Markup:
    """The parts one after the other, escaped unless they are markup."""
    return Markup("".join(p if isinstance(p, Markup) else html.escape(str(p)) for p in parts))


def png(pixels: np.ndarray) -> bytes:
    """The file of a picture, uint8 of shape (H, W) in grey or (H, W, 3) in red, green and blue."""
    height, width = pixels.shape[:2]

    def chunk(kind: bytes, data: bytes) -> bytes:
        sum_ = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", sum_)

    rows = pixels.reshape(height, -1)
    filtered = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(filtered, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def address(pixels: np.ndarray) -> str:
    """A picture as the address of itself, for a page that needs no other file."""
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode()
