"""Downloads that leave a whole, checked file behind, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from .._runtime.files import replacing

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 1 << 18
TIMEOUT = 30.0  # seconds without an answer
LOOPBACK = "http://127.0.0.1:"  # this machine itself


class Remote(NamedTuple):
    """A published file: its address, its name on disk, its size in bytes, its SHA-256 in hex."""

    url: str
    name: str
    size: int
    sha256: str


def fetch(remote: Remote, folder: Path) -> Path:
    """Download a file by HTTPS into a folder and return its path, with a progress bar on stderr.

    The file appears under its name only when it is whole and its size and SHA-256 are right; a
    file already there stays until then. Raises ConnectionError when the transfer fails or stops
    short, ValueError for an address that is not HTTPS, or leads to one that is not, and when what arrives
    is not the published file.
    """
    import hashlib

    from tqdm import tqdm

    folder.mkdir(parents=True, exist_ok=True)
    size, digest = 0, hashlib.sha256()
    with (
        replacing(folder / remote.name) as file,
        tqdm(total=remote.size, unit="B", unit_scale=True, desc=remote.name) as bar,
    ):
        for chunk in _chunks(remote.url):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            bar.update(len(chunk))
            if size > remote.size:
                break
        _check(remote, size, digest.hexdigest())
    return folder / remote.name


def _chunks(url: str) -> Iterator[bytes]:
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    _check_address(url)
    try:
        with urlopen(Request(url, headers={"User-Agent": "agx"}), timeout=TIMEOUT) as response:
            _check_address(response.url)
            while chunk := response.read(CHUNK):
                yield chunk
    except HTTPError as error:
        error.close()
        raise ConnectionError(
            f"{url}: expected the file, got HTTP status {error.code} ({error.reason}); try again "
            "later, or get the file elsewhere and pass root= its folder"
        ) from error
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else repr(error)
        raise ConnectionError(
            f"{url}: expected the file, got no connection or a broken one ({reason}); check the "
            "network and try again, or get the file elsewhere and pass root= its folder"
        ) from error


def _check_address(url: str) -> None:
    """Raise ValueError unless what comes from there has not been read or changed on its way."""
    if not url.startswith(("https://", LOOPBACK)):
        raise ValueError(
            f"{url}: expected an address that starts with https://; get the file elsewhere and pass root= "
            "its folder"
        )


def _check(remote: Remote, size: int, sha256: str) -> None:
    if size < remote.size:
        raise ConnectionError(
            f"{remote.url}: expected {remote.size} bytes, got {size} before the transfer stopped; "
            "try again"
        )
    if size > remote.size:
        raise ValueError(
            f"{remote.url}: expected {remote.size} bytes, got more, so it is not the published "
            "file; get the file elsewhere and pass root= its folder"
        )
    if sha256 != remote.sha256:
        raise ValueError(
            f"{remote.url}: expected SHA-256 {remote.sha256}, got {sha256}, so it is not the "
            "published file; try again, or get the file elsewhere and pass root= its folder"
        )
