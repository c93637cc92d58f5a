"""Writing files so that a crash, a full disk or a second writer leaves a whole one behind."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], mode: str = "wb") -> Iterator[IO[Any]]:
    """Give a file to write, and put it in the place of ``path`` when all of it is on the disk.

    ``mode`` is "wb" or "w" (UTF-8, with \\n for the end of a line everywhere). Until the end the old file is
    there, whole, and after an error it stays. Raises OSError that names the file if it cannot be written.
    """
    target = Path(path)
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(
            prefix=f".{target.name}.", suffix=".part", dir=target.parent
        )
        text = "b" not in mode  # in which half a character, as of a file's name, gets a backslash
        form = ("utf-8", "backslashreplace", "\n") if text else (None, None, None)
        with os.fdopen(handle, mode, -1, *form) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _usual_mode(target))
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.errno is not None:
            kept = "; the file that was there is kept" if target.exists() else ""
            what = f"{os.strerror(error.errno)}: cannot write {target}{kept}"
            raise type(error)(error.errno, what) from error
        raise
    _flush_folder(target.parent)


def hold(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a file that one process at a time can hold: until it closes the file, or ends in whatever way.

    Raises BlockingIOError if another one holds it.
    """
    file = open(path, "ab")  # noqa: SIM115  whoever calls closes it
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        file.close()
        raise BlockingIOError(f"{path} is held by another process") from error
    except OSError:  # some network file systems know no locks
        pass
    return file


def _usual_mode(target: Path) -> int:
    """The permissions of the old file, or those that a new one would get."""
    with contextlib.suppress(OSError):
        return target.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _flush_folder(folder: Path) -> None:
    """Have the new name itself written to the disk, where a folder can be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems do not know it
            os.fsync(handle)
    finally:
        os.close(handle)
