"""Pictures that do not fit in memory, decoded once and mapped from a file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .._runtime.buffers import memory_of_the_machine
from .._runtime.files import replacing
from .arrays import Array
from .files import data_home, parsed

#: Of the machine's memory, the share that a data set may take.
_SHARE = 4

#: Fill an array with pictures one by one; returns which could not be read, by their numbers, and why.
Decode = Callable[[Callable[[Array], Any]], dict[int, str]]


def folder_for(size: int, chosen: Path | None) -> Path | None:
    """The folder for ``size`` bytes: the one that was chosen, one of agx's if they do not fit, or none."""
    memory = memory_of_the_machine()
    if chosen is None and memory and size > memory // _SHARE:
        return data_home() / "pictures"
    return chosen


def pictures(
    shape: tuple[int, ...], decode: Decode, folder: Path | None, what: Any, contents: Iterable[str]
) -> tuple[Array, dict[int, str]]:
    """uint8 pictures of ``shape`` at most, and which could not be read.

    They are in memory, or without a copy in a file in ``folder`` that is made unless it is there. ``what``
    says which pictures these are, ``contents`` what is in them: a file with others takes its place.
    """
    if folder is None:
        images = np.empty(shape, np.uint8)
        count = 0

        def keep(image: Array) -> None:
            nonlocal count
            images[count] = image
            count += 1

        return images[: shape[0] - len(bad := decode(keep))], bad
    stem = f"pictures-{_digest([repr(what)])}-"
    path = folder / f"{stem}{_digest(contents)}.npy"
    found = _mapped(path, shape)
    if found is None:
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, shape, decode)
        for old in folder.glob(f"{stem}*.npy"):
            if old != path:
                with contextlib.suppress(OSError):  # such as one that is mapped, on Windows
                    old.unlink()
        found = _mapped(path, shape)
    if found is None:
        raise OSError(f"image_folder: {path} cannot be read again; give another folder, cache=...")
    return found


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()[:24]


def _write(path: Path, shape: tuple[int, ...], decode: Decode) -> None:
    """Write a .npy file, and behind its array which pictures could not be read."""
    with replacing(path) as file:
        _header(file, shape)
        start = file.tell()
        bad = decode(lambda image: file.write(np.ascontiguousarray(image, np.uint8)))
        file.write(json.dumps(bad).encode())
        file.seek(0)
        _header(file, (shape[0] - len(bad), *shape[1:]))
        if file.tell() != start:
            raise RuntimeError("the header of a .npy file has another length for fewer rows")


def _header(file: Any, shape: tuple[int, ...]) -> None:
    kind = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_2_0(file, kind)


def _mapped(path: Path, wanted: tuple[int, ...]) -> tuple[Array, dict[int, str]] | None:
    """The pictures of a file and which could not be read; None if it is not there, or not whole."""
    form = np.lib.format
    try:
        with path.open("rb") as file:
            form.read_magic(file)
            shape, _, dtype = form.read_array_header_2_0(file)
            start = file.tell()
            file.seek(start + math.prod(shape))
            bad = {int(number): reason for number, reason in parsed(file.read().decode()).items()}
        if dtype != np.uint8 or shape != (wanted[0] - len(bad), *wanted[1:]):
            return None
        return np.memmap(path, np.uint8, "r", start, shape), bad
    except Exception:  # what damaged bytes make of a reader cannot be foretold
        return None
