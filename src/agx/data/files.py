"""Finding, downloading and reading the files of the known datasets."""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import tarfile
import uuid
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

RECORD = 3073  # bytes of a CIFAR-10 record: one label and 3 x 32 x 32 pixels

_DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error, tarfile.TarError)
_REMEDY = "delete it and get it again"


class Download(NamedTuple):
    """A file on the web: its address, its name on disk, its size in bytes and its SHA-256 digest."""

    url: str
    name: str
    size: int
    sha256: str


def data_home() -> Path:
    """Return the folder where datasets are looked for and downloaded to when no root is given.

    It is the environment variable AGX_DATA or else ``agx`` in the user's cache folder.

    >>> import agx as ag
    >>> ag.data.data_home().is_absolute()
    True
    """
    if chosen := os.environ.get("AGX_DATA"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        cache = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    else:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache).absolute() / "agx"


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Read an IDX file of unsigned bytes, gzipped or plain, into an array of ``dimensions``.

    Raises ValueError where the file is damaged or of another kind.
    """
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except _DAMAGED as error:
            raise ValueError(f"{path}: damaged gzip file ({error}); {_REMEDY}") from None
    _refuse_text(path, raw[:512], "an IDX file")
    magic = 0x800 + dimensions
    found = int.from_bytes(raw[:4], "big")
    if found != magic:
        raise ValueError(
            f"{path}: expected an IDX file of bytes in {dimensions} dimensions (magic number "
            f"0x{magic:08x}), found 0x{found:08x}; {_REMEDY}"
        )
    start = 4 + 4 * dimensions
    shape = tuple(int.from_bytes(raw[i : i + 4], "big") for i in range(4, start, 4))
    count = start + int(np.prod(shape, dtype=object))
    if len(raw) < start or len(raw) != count:
        kind = "truncated" if len(raw) < max(start, count) else "bytes after the end"
        raise ValueError(
            f"{path}: {kind}: expected {count} bytes for the shape {shape}, found {len(raw)}; "
            f"{_REMEDY}"
        )
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def read_records(path: Path) -> np.ndarray:
    """Read a CIFAR-10 binary batch into an array of records (N, 3073) of unsigned bytes.

    Raises ValueError where the size does not fit.
    """
    return _records(path, path.read_bytes())


def read_archive(path: Path, names: Sequence[str]) -> list[np.ndarray]:
    """Read the CIFAR-10 binary batches ``names`` out of the .tar.gz archive, extracting nothing.

    Raises ValueError where the archive is damaged or lacks a batch.
    """
    with path.open("rb") as file:
        _refuse_text(path, file.read(512), "a .tar.gz archive")
    found: dict[str, np.ndarray] = {}
    try:
        with gzip.open(path) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name in names and member.isfile() and name not in found:
                    content: Any = archive.extractfile(member)
                    found[name] = _records(path / name, content.read())
            while stream.read(1 << 20):  # to the end, where the checksum is
                pass
    except _DAMAGED as error:
        raise ValueError(f"{path}: damaged archive ({error}); {_REMEDY}") from None
    if missing := [name for name in names if name not in found]:
        raise ValueError(
            f"{path}: expected the batches {', '.join(names)} in the archive, found no "
            f"{', '.join(missing)}; {_REMEDY}"
        )
    return [found[name] for name in names]


def check_labels(path: Path, labels: np.ndarray) -> None:
    """Raise ValueError unless all ``labels`` of the file ``path`` are from 0 to 9."""
    if labels.size and labels.max() > 9:
        raise ValueError(f"{path}: expected labels from 0 to 9, found {labels.max()}; {_REMEDY}")


def fetch(file: Download, folder: Path) -> Path:
    """Download ``file`` into ``folder`` and return its path; show a progress bar in a terminal.

    The file appears under its name only when complete and verified; a failure leaves nothing.

    Raises ConnectionError where the server cannot be reached or refuses, ValueError where it sends
    another size or other content than expected.
    """
    import http.client
    import urllib.error
    import urllib.request

    target = folder / file.name
    part = folder / f".{file.name}.{uuid.uuid4().hex}.part"
    try:
        with urllib.request.urlopen(file.url, timeout=30) as answer:
            folder.mkdir(parents=True, exist_ok=True)
            with part.open("xb") as out:
                size, digest = _copy(answer, out, file)
        _verify(file, size, digest)
        os.replace(part, target)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as e:
        if isinstance(e, urllib.error.HTTPError):
            e.close()
        raise ConnectionError(
            f"{file.name}: cannot download {file.url} ({e}); check the connection, or get the "
            "file in another way and pass root= its folder"
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return target


def _copy(answer: Any, out: IO[bytes], file: Download) -> tuple[int, str]:
    """Copy at most one block more than the expected size; return the size and the digest."""
    from tqdm import tqdm

    size, digest = 0, hashlib.sha256()
    with tqdm(total=file.size, desc=file.name, unit="B", unit_scale=True, disable=None) as bar:
        while size <= file.size and (block := answer.read(1 << 16)):
            out.write(block)
            digest.update(block)
            size += len(block)
            bar.update(len(block))
    return size, digest.hexdigest()


def _verify(file: Download, size: int, digest: str) -> None:
    fix = "try again later, or get the file in another way and pass root= its folder"
    if size != file.size:
        got = f"{size} bytes" if size < file.size else "more"
        raise ValueError(
            f"{file.name}: expected {file.size} bytes from {file.url}, got {got}; {fix}"
        )
    if digest != file.sha256:
        raise ValueError(
            f"{file.name}: expected the SHA-256 digest {file.sha256} from {file.url}, "
            f"got {digest}; {fix}"
        )


def _records(path: Path, raw: bytes) -> np.ndarray:
    _refuse_text(path, raw[:512], "CIFAR-10 records")
    if not raw or len(raw) % RECORD:
        raise ValueError(
            f"{path}: expected records of {RECORD} bytes, found {len(raw)} bytes, which is "
            f"{len(raw) // RECORD} records and {len(raw) % RECORD} bytes; {_REMEDY}"
        )
    return np.frombuffer(raw, np.uint8).reshape(-1, RECORD)


def _refuse_text(path: Path, start: bytes, expected: str) -> None:
    """Raise ValueError for text; data start with a byte below 32 (IDX, gzip, a CIFAR-10 label)."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"version https://git-lfs"):
        found = "a git-LFS pointer; run git lfs pull where it came from"
    elif text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<!--")):
        found = f"a web page; {_REMEDY}"
    elif text and start[0] >= 32 and all(b in b"\t\n\r" or 32 <= b < 127 for b in start):
        found = f"text; {_REMEDY}"
    else:
        return
    raise ValueError(f"{path}: expected {expected}, found {found}")
