"""Paired timing: contenders take turns, so that a drift of the machine's speed hits all alike."""

from __future__ import annotations

import contextlib
import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

#: Seconds between contenders, in which the threads that one leaves spinning go to sleep.
PAUSE = 0.003


@dataclass
class Result:
    """Median seconds of each contender, the median over rounds of its time over agx's, and spreads."""

    seconds: dict[str, float]
    seconds_spread: dict[str, float]
    ratios: dict[str, float]
    ratios_spread: dict[str, float]


def spread(values: list[float]) -> float:
    """Half the distance between the quartiles."""
    low, high = np.quantile(values, (0.25, 0.75))
    return float(high - low) / 2


@contextlib.contextmanager
def quiet_collector() -> Iterator[None]:
    """Hide what exists now from the garbage collector, so that no contender pays for another's heap."""
    gc.collect()
    gc.freeze()
    callbacks = gc.callbacks[:]
    gc.callbacks.clear()  # JAX's makes every collection slow, whoever's garbage it is
    try:
        yield
    finally:
        gc.callbacks[:] = callbacks
        gc.unfreeze()


def seconds(run: Callable[[], object], repeats: int) -> float:
    """Time one run, the mean of ``repeats``, after one that does not count."""
    time.sleep(PAUSE)
    if repeats > 1:
        run()
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - start) / repeats


def calibrate(run: Callable[[], object], target: float) -> int:
    """How many runs take about ``target`` seconds."""
    once = seconds(run, 1)
    if once < target:
        once = seconds(run, 2)
    return max(1, int(target / max(once, 1e-9)))


def compare(
    contenders: Mapping[str, Callable[[], object]],
    rounds: int,
    count: int = 1,
    target: float = 0.05,
) -> Result:
    """Time every contender once a round, agx among them, each of ``count`` operations in a run."""
    with quiet_collector():
        repeats = {name: calibrate(run, target) for name, run in contenders.items()}
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, run in contenders.items():
                times[name].append(seconds(run, repeats[name]) / count)
    ratios = {
        name: [t / a for t, a in zip(found, times["agx"], strict=True)]
        for name, found in times.items()
        if name != "agx"
    }
    return Result(
        *(
            {name: summary(values) for name, values in found.items()}
            for found in (times, ratios)
            for summary in (statistics.median, spread)
        )
    )
