"""Ends of a training that come from outside: Ctrl-C, and SIGTERM from a cluster or a container."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def told_to_end(stop: Callable[[], Any]) -> Iterator[list[int]]:
    """Call ``stop`` at the first SIGINT or SIGTERM while this lasts; a second one has its usual effect.

    Gives the list of the signals that came. Where they are ignored, as by a shell in the background, they
    stay so; elsewhere than in the main thread Python has no handlers.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return

    def note(number: int, frame: object) -> None:
        came.append(number)
        signal.signal(number, before[number])
        stop()

    wanted = (signal.SIGINT, signal.SIGTERM)
    before: dict[int, Any] = {
        n: h for n in wanted if (h := signal.getsignal(n)) not in (signal.SIG_IGN, None)
    }
    for number in before:
        signal.signal(number, note)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
