"""Arrays of .npy and .npz files, in which neither headers nor sizes are believed."""

from __future__ import annotations

import io
import math
import sys
import zipfile
from typing import Any

import numpy as np

from .arrays import Array
from .files import most_of

KINDS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED  # others can be packed without bounds


def arrays_of(data: bytes) -> dict[str, Array]:
    """The arrays of an npz file by name. Raises errors of all kinds for another."""
    found: dict[str, Array] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members, most = archive.infolist(), most_of(len(data))
        if sum(info.file_size for info in members) > most:
            raise ValueError(f"it unpacks to more than {most} bytes; write it with np.savez")
        for info in members:
            name = info.filename.removesuffix(".npy")
            if name in found or info.compress_type not in KINDS:
                raise ValueError(f"{name!r} is there twice, or compressed in another way")
            with archive.open(info) as member:
                found[name] = array_of(member, info.file_size)
    return found


def array_of(file: Any, size: int) -> Array:
    """The array of a .npy file of so many bytes. Raises ValueError if they are others."""
    form = np.lib.format
    start = io.BytesIO(file.read(min(size, 1 << 16)))
    version = form.read_magic(start)
    header = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
    try:
        shape, _, dtype = header(start)
    except Exception as error:  # what damaged bytes make of a parser cannot be foretold
        raise ValueError(f"damaged header ({type(error).__name__}: {error})") from error
    good = not dtype.hasobject and dtype.itemsize and all(type(n) is int and n >= 0 for n in shape)
    if not good or math.prod(shape) * dtype.itemsize != size - start.tell():
        why = "; objects are pickled, and no pickle is read" if dtype.hasobject else ""
        raise ValueError(f"an array of {dtype} {shape} in {size} bytes{why}")
    start.seek(0)
    found: Array = form.read_array(_Joined(start, file), allow_pickle=False)
    if file.read(1):
        raise ValueError("it is longer than its array")
    if dtype.kind == "U":
        letters = found.ravel("K").view(f"{dtype.byteorder}u4")
        if letters.max(initial=0) > sys.maxunicode:
            raise ValueError("its text has letters that there are not")
    return found


class _Joined:
    """One stream after the other."""

    def __init__(self, *streams: Any) -> None:
        self.streams = streams

    def read(self, size: int = -1, /) -> bytes:
        first, second = self.streams
        found: bytes = first.read(size)
        return found + second.read(size - len(found)) if len(found) < size else found
