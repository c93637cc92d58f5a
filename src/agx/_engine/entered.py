"""The traces that a thread is in, for those below the module that defines them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from .._kernels.graph import newest_number


class _Here(threading.local):
    def __init__(self) -> None:
        self.traces: list[Any] = []
        #: The newest node when a function of plain numbers began.
        self.sealed = 0
        #: The last TypeError by which agx refused something inside them, and where the program was.
        self.refused: tuple[TypeError, list[tuple[FrameType, int]]] | None = None


here = _Here()


@contextlib.contextmanager
def outside() -> Iterator[None]:
    """Let a function of plain numbers see no traces, and assign into no Tensors that there are."""
    before = here.traces, here.sealed
    here.traces, here.sealed = [], newest_number()
    try:
        yield
    finally:
        here.traces, here.sealed = before


def around(adds: bool) -> list[Any]:
    """The traces around a backward pass: all but that of the transform that runs it, if one does.

    ``adds`` says that ``backward()`` does. Traces of checkpoints do not count, as nobody differentiates
    there.
    """
    strict = [trace for trace in here.traces if trace.strict]
    return strict if adds else strict[:-1]
