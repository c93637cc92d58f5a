"""A bar that shows how far an epoch is, in a terminal and in a notebook; lines elsewhere."""

from __future__ import annotations

import contextlib
import operator
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from .callbacks import Callback
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


def in_notebook() -> bool:
    """Whether a kernel of Jupyter runs the program, which shows more than text."""
    ipython = sys.modules.get("IPython")
    return hasattr(ipython.get_ipython(), "kernel") if ipython else False


class Table(Callback):
    """Show epochs as a table in a notebook, rewritten at most once a second."""

    def __init__(self) -> None:
        self.due, self.shown = 0.0, 0
        self.handle: Any = None

    def on_epoch_end(self, state: State) -> None:
        """Show the epoch, if the last one is a second old."""
        now = time.perf_counter()
        if now >= self.due:
            self.due = now + 1.0
            self._show(state)

    def on_run_end(self, state: State) -> None:
        """Show what is not shown yet."""
        if self.shown != len(state.history):
            self._show(state)

    def _show(self, state: State) -> None:
        import IPython.display

        display: Any = IPython.display.display
        self.shown = len(state.history)
        if self.handle is None:
            self.handle = display(state.history, display_id=True)
        else:
            self.handle.update(state.history)


def _bars() -> tuple[Any, str]:
    """The kind of bar that suits where it is shown, and how its format names it."""
    if not in_notebook():
        from tqdm import tqdm

        return tqdm, "{bar:20}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are no widgets, so that it is made of text
        from tqdm.auto import tqdm
    return tqdm, "{bar}"


class Bar:
    """A progress bar over the batches of each epoch; in a notebook all epochs share one."""

    def __init__(self, shown: bool) -> None:
        self.shown = shown
        self.kept: Any = None

    @contextlib.contextmanager
    def over(self, loader: Any, title: str, done: int = 0) -> Iterator[Callable[[Meter], None]]:
        """Show how far an epoch is, at most ten times a second.

        ``done`` examples of the epoch were learned from before.
        """
        if not self.shown:
            yield lambda meter: None
            return
        total = operator.length_hint(loader) or None
        start = due = time.perf_counter()
        shown_bar = self._begin(title, total)

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

        try:
            yield show
        finally:
            if self.kept is None:
                shown_bar.close()

    def _begin(self, title: str, total: int | None) -> Any:
        if self.kept is not None:
            self.kept.reset(total)
            self.kept.set_description(title)
            return self.kept
        tqdm, place = _bars()
        style = "{desc} {percentage:3.0f}%|" + place + "| {elapsed}<{remaining}{postfix}"
        if total is None:
            style = "{desc}, step {n_fmt} {elapsed}{postfix}"
        made = tqdm(total=total, desc=title, leave=False, bar_format=style, mininterval=0)
        if in_notebook():
            self.kept = made
        return made

    def close(self) -> None:
        """Take the bar away that was kept."""
        if self.kept is not None:
            self.kept.close()


def speed_of(count: int, seconds: float) -> float:
    """Examples per second; 0 by a clock that stands still."""
    return count / seconds if seconds > 0 else 0.0
