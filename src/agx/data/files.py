"""Where dataset files lie, how their bytes are read, and what to say when they are not right."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pathlib import Path

GET_AGAIN = "delete it and load with download=True, or get the official file again"
LEVELS = 100  # of JSON
SMALL, RATIO = 1 << 26, 100  # bytes that any file may hold, and how far others may be compressed


def data_home() -> Path:
    """Return the folder where datasets are looked for and downloaded to.

    It is the environment variable ``AGX_DATA`` if set, else the folder ``agx`` in the user's cache
    (``$XDG_CACHE_HOME`` or ``~/.cache``, ``~/Library/Caches`` on macOS, ``%LOCALAPPDATA%`` on
    Windows). The folder need not exist.

    >>> import agx as ag
    >>> files = sorted(ag.data.data_home().glob("*"))
    """
    from pathlib import Path

    if chosen := os.environ.get("AGX_DATA"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        cache, fallback = os.environ.get("LOCALAPPDATA"), Path("AppData", "Local")
    elif sys.platform == "darwin":
        cache, fallback = None, Path("Library", "Caches")
    else:
        cache, fallback = os.environ.get("XDG_CACHE_HOME"), Path(".cache")
    return (Path(cache) if cache else Path.home() / fallback) / "agx"


def folder(root: str | os.PathLike[str] | None) -> Path:
    """Return the folder to search: ``root`` if given, else the data home."""
    from pathlib import Path

    return data_home() if root is None else Path(root).expanduser()


def check_split(dataset: str, split: str) -> None:
    if split not in ("train", "test"):
        raise ValueError(
            f"{dataset}: split is {split!r}, expected 'train' or 'test' (a folder goes to root=)"
        )


def missing(dataset: str, root: Path, wanted: str) -> FileNotFoundError:
    return FileNotFoundError(
        f"{dataset}: expected {wanted} together in {root} or a usual subfolder of it, got none or "
        "not all; pass download=True to get them, or root= the folder that holds them"
    )


@contextlib.contextmanager
def unpacking(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """Open a file, unpacked if it is gzipped, whatever its name says; tells how many bytes may be in it."""
    import gzip
    import zlib

    with path.open("rb") as file:
        size = path.stat().st_size
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if not zipped:
            yield file, size
            return
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield cast("IO[bytes]", unpacked), most_of(size)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(
                f"{path}: damaged gzip data, expected a whole gzip file, got one that fails with "
                f"{str(error)!r}; {GET_AGAIN}"
            ) from error


def most_of(size: int) -> int:
    """How many bytes may come out of so many, so that no small file fills the memory."""
    return max(SMALL, RATIO * size)


def too_much(path: Path, most: int) -> ValueError:
    return ValueError(
        f"{path}: expected at most {most:,} bytes in it, got more; {GET_AGAIN}, or unpack it yourself"
    )


def unzipped(path: Path, most: int | None = None) -> bytes:
    """Return the bytes of a file, unpacked if it is gzipped, ``most`` at most."""
    with unpacking(path) as (file, limit):
        limit, data = limit if most is None else most, io.BytesIO()
        while data.tell() <= limit and data.write(file.read(1 << 20)):
            pass
    if data.tell() > limit:
        raise too_much(path, limit)
    return data.getvalue()


def parsed(text: str) -> Any:
    """What a JSON text says. Raises ValueError for what is none, or too deep."""
    with contextlib.suppress(RecursionError):
        if _is_flat(found := json.loads(text)):
            return found
    raise ValueError(f"it is nested more than {LEVELS} levels deep")


def _is_flat(value: Any, left: int = LEVELS) -> bool:
    inside = value.values() if isinstance(value, dict) else value
    return not isinstance(value, (dict, list)) or (
        left > 0 and all(_is_flat(part, left - 1) for part in inside)
    )


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object. Raises ValueError that names it for anything else."""
    try:
        found = parsed(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: expected JSON, got a damaged file ({error})") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path}: expected a JSON object, got {type(found).__name__}")
    return found


def described(data: bytes) -> str:
    """Say what bytes that are not the expected data look like."""
    if not data:
        return "an empty file"
    if data.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer instead of the data (git lfs pull fetches it)"
    if data[:512].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page instead of the data"
    return f"the bytes {data[:4].hex(' ')}"
