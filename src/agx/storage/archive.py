"""Arrays by name and what belongs to them, in one file: npz or safetensors, with a checksum inside."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._runtime.files import replacing
from ..data import npz
from ..data.files import described, parsed

SUFFIXES = (".npz", ".safetensors")

#: The name of what is no array; safetensors calls it so in its files.
METADATA = "__metadata__"
_TIME = (1980, 1, 1, 0, 0, 0)  # the same content gives the same bytes


class Archive(NamedTuple):
    """What a file holds: arrays by name, and what ``write`` was given as ``metadata``."""

    arrays: dict[str, np.ndarray]
    metadata: dict[str, Any]


def write(
    path: str | os.PathLike[str],
    arrays: Mapping[str, Any],
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write arrays by name, and JSON-able ``metadata``, in the format of the path's suffix.

    The file is there as a whole or not at all. ``np.load`` reads an npz, and finds the metadata as the bytes
    of a JSON text under ``__metadata__``. Raises ValueError for another suffix or an array of objects, and
    ImportError for ``.safetensors`` without that package.
    """
    target = Path(path)
    require(target)
    found = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    for name, array in found.items():
        if array.dtype.hasobject or name == METADATA:
            what = f"is called {METADATA}" if name == METADATA else "holds objects"
            raise ValueError(
                f"{target}: the array {name!r} {what}, expected numbers under another name"
            )
    text = json.dumps(dict(metadata or {}))
    sealed = json.dumps({"agx": text, "sha256": _digest(found, text)})
    if target.suffix == ".safetensors":
        data = _safetensors().save(found, {"agx": sealed})
        with replacing(target) as file:
            file.write(data)
        return
    with replacing(target) as file, zipfile.ZipFile(file, "w") as archive:
        members = {METADATA: np.frombuffer(sealed.encode(), np.uint8), **found}
        for name, array in members.items():
            info = zipfile.ZipInfo(f"{name}.npy", _TIME)
            if info.filename != f"{name}.npy":
                raise ValueError(
                    f"{target}: the array {name!r} has a name that cannot be kept; give it another one"
                )
            with archive.open(info, "w", force_zip64=array.nbytes > 1 << 31) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read(path: str | os.PathLike[str]) -> Archive:
    """Read what ``write`` wrote, or a plain file of arrays, whose metadata are empty.

    Raises FileNotFoundError, and ValueError that names the file and what is wrong with one that is torn,
    changed since it was written, or something else.
    """
    target = Path(path)
    require(target)
    with open(target, "rb") as file:
        data = file.read()
    try:
        arrays, sealed = (_of_safetensors if target.suffix == ".safetensors" else _of_npz)(data)
        text, wanted = (
            (json.loads(sealed)[key] for key in ("agx", "sha256")) if sealed else ("{}", "")
        )
        metadata = parsed(text)
        if not isinstance(metadata, dict):
            raise ValueError(f"its metadata are a {type(metadata).__name__}")
    except MemoryError:
        raise
    except Exception as error:  # what damaged bytes make of a reader cannot be foretold
        raise ValueError(
            f"{target}: expected a whole {target.suffix} file of arrays, got {_described(data)} "
            f"({type(error).__name__}: {error}); use another copy of it"
        ) from error
    if wanted and wanted != _digest(arrays, text):
        raise ValueError(
            f"{target}: the checksum does not fit: the file was damaged since it was written; use another "
            "copy of it"
        )
    return Archive(arrays, metadata)


def _of_npz(data: bytes) -> tuple[dict[str, np.ndarray], str]:
    arrays = npz.arrays_of(data)
    sealed = arrays.pop(METADATA, None)
    return arrays, "" if sealed is None else sealed.tobytes().decode()


def _of_safetensors(data: bytes) -> tuple[dict[str, np.ndarray], str]:
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    if any(entry.get("dtype") == "BF16" for entry in header.values()):
        raise TypeError(
            "its numbers are BF16, which NumPy has not: convert them with .float() first"
        )
    arrays = _safetensors().load(data)
    return arrays, header.get(METADATA, {}).get("agx", "")


def _digest(arrays: Mapping[str, np.ndarray], text: str) -> str:
    """The SHA-256 of names, dtypes, shapes, bytes and metadata."""
    found = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        found.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        found.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def require(name: str | Path) -> None:
    """Raise ValueError unless a name ends in a suffix of SUFFIXES, ImportError without its library."""
    suffix = str(name)[str(name).rfind(".") :]
    if suffix not in SUFFIXES:
        raise ValueError(f"{name}: expected a name that ends in {' or '.join(SUFFIXES)}")
    if suffix == ".safetensors":
        _safetensors()


def _described(data: bytes) -> str:
    """What bytes that are not the expected file look like."""
    if len(data) > 1 and data[0] == 0x80 and data[1] in range(2, 6):
        return "a pickle"
    return described(data)


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "files that end in .safetensors need the safetensors package; install it with: "
            'pip install "agx[safetensors]"'
        ) from error
    return safetensors.numpy
