"""A bar that shows how far an epoch is."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from .measure import Meter


@contextlib.contextmanager
def bar(loader: Any, title: str, shown: bool) -> Iterator[Callable[[Meter], None]]:
    """A progress bar over the batches, rewritten at most ten times a second."""
    if not shown:
        yield lambda meter: None
        return
    from tqdm import tqdm

    total = len(loader) if hasattr(loader, "__len__") else None
    start = due = time.perf_counter()

    def show(meter: Meter) -> None:
        nonlocal due
        now = time.perf_counter()
        if now >= due or meter.steps == total:
            due = now + 0.1
            found = meter.result("fit")
            accuracy = f", accuracy {100 * found['accuracy']:.1f} %" if "accuracy" in found else ""
            speed = f", {meter.count / (now - start):.0f} images/s"
            shown_bar.set_postfix_str(f"loss {found['loss']:.4f}{accuracy}{speed}", refresh=False)
            shown_bar.update(meter.steps - shown_bar.n)

    style = "{desc} {percentage:3.0f}%|{bar:20}| {elapsed}<{remaining}{postfix}"
    if total is None:
        style = "{desc}, step {n_fmt} {elapsed}{postfix}"
    with tqdm(total=total, desc=title, leave=False, bar_format=style, mininterval=0) as shown_bar:
        yield show
