"""Batches made in another thread while the last one is used."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from typing import Any


def ahead(batches: Iterator[Any], count: int) -> Generator[Any]:
    """Yield what ``batches`` yields, made up to ``count`` ahead in a thread of its own.

    An error that is raised there is raised here after what came before it. The thread ends with its
    batches, or soon after this iterator is closed or forgotten.
    """
    # Ctrl-C may come at any moment, which locks of Python's own do not survive, but these do.
    ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
    room: queue.SimpleQueue[None] = queue.SimpleQueue()
    ended = threading.Event()
    for _ in range(count):
        room.put(None)
    arguments = batches, ready, room, ended
    work = threading.Thread(target=_work, args=arguments, name="agx-prefetch", daemon=True)
    try:
        if not _started(work):
            yield from batches
            return
        while True:
            batch, error = ready.get()
            if error is not None:
                raise error
            if batch is None:
                return
            room.put(None)
            yield batch
    finally:
        error = None  # it holds this frame, and the frame holds it
        ended.set()
        room.put(None)


def _started(work: threading.Thread) -> bool:
    try:
        work.start()
    except RuntimeError:  # There are as many as the system allows, which may be one.
        return False
    return True


def _work(
    batches: Iterator[Any],
    ready: queue.SimpleQueue[Any],
    room: queue.SimpleQueue[None],
    ended: threading.Event,
) -> None:
    try:
        while True:
            room.get()
            if ended.is_set():
                return
            batch = next(batches, None)
            ready.put((batch, None))
            if batch is None:
                return
    except BaseException as error:
        ready.put((None, error))
