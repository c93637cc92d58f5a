"""How many threads work, and the BLAS that they call.

Kernels share a batch among a small team of threads whose loops hold no GIL. Convolution by patches
calls the very ``cblas_sgemm`` that NumPy has loaded, found by name in its library; while it runs, that
library keeps to one thread each. Where there is no such symbol, ``numpy.matmul`` does the same work.
Built with AGX_THREADS=OFF agx does neither.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._kernels import loops as _loops
from .._kernels import machine as _machine


class Blas(NamedTuple):
    """The functions of NumPy's OpenBLAS that agx calls, and what they are called."""

    symbol: str
    path: str
    get_threads: Callable[[], int]
    set_threads: Callable[[int], Any]


def _cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _initial_threads() -> int:
    text = os.environ.get("AGX_NUM_THREADS", "")
    if text and (not text.isdigit() or int(text) < 1):
        raise ValueError(f"AGX_NUM_THREADS: expected a positive integer, got {text!r}")
    return int(text) if text else _cores() if _machine.has_threads() else 1


#: The vector instructions that kernels know, by their number.
INSTRUCTIONS = _machine.names()


def _choose_instructions() -> None:
    """Use what AGX_INSTRUCTIONS says, as far as the processor has it; all it has by default."""
    choice = os.environ.get("AGX_INSTRUCTIONS", INSTRUCTIONS[-1])
    if choice not in INSTRUCTIONS:
        raise ValueError(f"AGX_INSTRUCTIONS: expected one of {INSTRUCTIONS}, got {choice!r}")
    _machine.set_level(INSTRUCTIONS.index(choice))


_choose_instructions()
_threads = _initial_threads()
_machine.allow(_threads)
_starting = threading.RLock()
_MOST_THREADS = 0x7FFF

#: How many calls keep BLAS to one thread at the moment, and how many it is to have afterwards.
_narrow, _blas_threads = 0, 1


def _forget_workers() -> None:
    """Start afresh in a forked child, which has none of its parent's threads."""
    global _starting, _narrow
    _machine.forget()
    _starting, _narrow = threading.RLock(), 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_workers)


def get_num_threads() -> int:
    """Return how many threads agx uses: AGX_NUM_THREADS, or the cores this process may use.

    >>> ag.get_num_threads() >= 1
    True
    """
    return _threads


def set_num_threads(n: int) -> None:
    """Use ``n`` threads in agx's kernels, and as many in NumPy's BLAS.

    Raises ValueError for less than one and for more than 32767.

    >>> ag.set_num_threads(ag.get_num_threads())
    """
    global _threads, _blas_threads
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"set_num_threads: expected a positive integer, got {n!r}")
    if n > _MOST_THREADS:
        raise ValueError(f"set_num_threads: expected at most {_MOST_THREADS} threads, got {n}")
    from threadpoolctl import threadpool_limits

    with _starting:
        _threads = n
        _machine.allow(n)
        threadpool_limits(n, user_api="blas")
        if _narrow and (
            library := blas()
        ):  # A kernel of another thread restores what was asked for.
            _blas_threads = n
            library.set_threads(1)


def instructions() -> str:
    """Return which vector instructions the kernels use: AGX_INSTRUCTIONS, or the best there are."""
    return INSTRUCTIONS[_machine.level()]


@functools.cache
def blas() -> Blas | None:
    """Find NumPy's OpenBLAS and hand its matrix product to the kernels; None if there is none.

    AGX_BLAS=numpy leaves it alone, so that ``numpy.matmul`` is used.
    """
    with _starting:  # Another thread must not write what a kernel of this one reads.
        return _find_blas()


@functools.cache
def _find_blas() -> Blas | None:
    choice = os.environ.get("AGX_BLAS", "auto")
    if choice not in ("auto", "numpy"):
        raise ValueError(f"AGX_BLAS: expected 'auto' or 'numpy', got {choice!r}")
    if choice == "numpy" or not _machine.has_threads():
        return None
    from threadpoolctl import threadpool_info

    paths = [i["filepath"] for i in threadpool_info() if i["internal_api"] == "openblas"]
    for path in sorted(paths, key=lambda p: "numpy" not in p):
        for prefix, suffix in (("scipy_", "64_"), ("", "64_"), ("scipy_", ""), ("", "")):
            found = _load(path, prefix, suffix)
            if found is not None:
                return found
    return None


def _load(path: str, prefix: str, suffix: str) -> Blas | None:
    import ctypes

    library = ctypes.CDLL(path)
    names = [f"{prefix}cblas_{t}gemm{suffix}" for t in "sd"]
    threads = [f"{prefix}openblas_{verb}_num_threads{suffix}" for verb in ("get", "set")]
    if not all(hasattr(library, name) for name in (*names, *threads)):
        return None
    single, double = (ctypes.cast(library[name], ctypes.c_void_p).value for name in names)
    _loops.use_blas(single, double, suffix == "64_")
    return Blas(names[0], path, library[threads[0]], library[threads[1]])


class single_threaded_blas:  # noqa: N801
    """Keep NumPy's BLAS to one thread inside ``with``, so that it does not compete with agx's own."""

    def __enter__(self) -> None:
        global _narrow, _blas_threads
        library = blas()
        with _starting:
            if library and not _narrow:
                _blas_threads = library.get_threads()
                if _blas_threads > 1:
                    library.set_threads(1)
            _narrow += 1

    def __exit__(self, *exc: object) -> None:
        global _narrow
        library = blas()
        with _starting:
            _narrow -= 1
            if library and not _narrow and _blas_threads > 1:
                library.set_threads(_blas_threads)


#: Multiplications from which a product of matrices is left to BLAS's own threads.
_LARGE_PRODUCT = 1 << 26

#: Multiplications up to which OpenBLAS keeps to one thread by itself.
_SMALL_PRODUCT = 1 << 16


def matmul(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Multiply as ``numpy.matmul``, in one thread unless the product is large.

    After a product in several threads OpenBLAS keeps its threads spinning for a while, on the very
    cores that convolution's threads want next.
    """
    work = x.size * (y.shape[-1] if y.ndim > 1 else 1)
    library = blas() if _SMALL_PRODUCT < work < _LARGE_PRODUCT else None
    if library is None or (library.get_threads() == 1 and not _narrow):
        return np.matmul(x, y)
    with single_threaded_blas():
        return np.matmul(x, y)


def team() -> int:
    """How many threads to share work among, the others started when first wanted.

    One, while the interpreter ends and when no thread can be started.
    """
    if sys.is_finalizing():
        return 1
    if _machine.workers() + 1 < _threads:
        _start_workers(_threads - 1)
    return _threads if _machine.workers() else 1


def _start_workers(count: int) -> None:
    with _starting:
        for i in range(_machine.workers(), count):
            number = _machine.reserve()
            if number < 0:
                return
            thread = threading.Thread(
                target=_machine.work, args=(number,), name=f"agx-{i + 1}", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # There are as many as the system allows.
                return
            _machine.admit()


def split(work: Callable[[int, int, int], None], count: int, parts: int) -> None:
    """Call ``work(part, start, stop)`` on ``parts`` even pieces of ``count``, each in a thread.

    The pieces depend on ``parts`` alone, so results are the same from run to run. An error in any
    piece is raised when all have ended.
    """
    team()
    _machine.run(lambda i: work(i, i * count // parts, (i + 1) * count // parts), parts)
