"""A bar that shows how far an epoch is, and lines where there is no terminal."""

from __future__ import annotations

import contextlib
import operator
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from .history import State
from .measure import Meter

#: Every one of the first epochs has a line, and the last; between them one a second.
_SHOWN = 20


def print_line() -> Callable[[State], None]:
    """A callback that prints epochs as rows of a table on standard error."""
    due = 0.0

    def show(state: State) -> None:
        nonlocal due
        now = time.perf_counter()
        if (now >= due or state.epoch in (*range(_SHOWN + 1), state.epochs)) and sys.stderr:
            due = now + 1.0
            lines = state.history.lines()
            first = len(state.history) == state.begun + 1
            print(*(lines[:1] if first else ()), lines[-1], sep="\n", file=sys.stderr, flush=True)

    return show


@contextlib.contextmanager
def bar(loader: Any, title: str, shown: bool, done: int = 0) -> Iterator[Callable[[Meter], None]]:
    """A progress bar over the batches, rewritten at most ten times a second.

    ``done`` examples of the epoch were learned from before.
    """
    if not shown:
        yield lambda meter: None
        return
    from tqdm import tqdm

    total = operator.length_hint(loader) or None
    start = due = time.perf_counter()

    def show(meter: Meter) -> None:
        nonlocal due
        now = time.perf_counter()
        if now >= due or meter.steps == total:
            due = now + 0.1
            texts = [f"loss {meter.loss:.4f}"]
            found = meter.running()
            texts += [f"{k} {100 * v:.1f} %" for k, v in found.items() if k != "loss"]
            texts.append(f"{speed_of(meter.count - done, now - start):.0f} images/s")
            shown_bar.set_postfix_str(", ".join(texts), refresh=False)
            shown_bar.update(meter.steps - shown_bar.n)

    style = "{desc} {percentage:3.0f}%|{bar:20}| {elapsed}<{remaining}{postfix}"
    if total is None:
        style = "{desc}, step {n_fmt} {elapsed}{postfix}"
    with tqdm(total=total, desc=title, leave=False, bar_format=style, mininterval=0) as shown_bar:
        yield show


def speed_of(count: int, seconds: float) -> float:
    """Examples per second; 0 by a clock that stands still."""
    return count / seconds if seconds > 0 else 0.0
