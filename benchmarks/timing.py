"""Paired timing: contenders take turns, so that a drift of the machine's speed hits all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Result:
    """Median seconds of each contender, and the median over rounds of its time over agx's."""

    seconds: dict[str, float]
    ratios: dict[str, float]


def calibrate(run: Callable[[], object], target: float) -> int:
    """How many runs take about ``target`` seconds."""
    run()
    start = time.perf_counter()
    run()
    return max(1, int(target / max(time.perf_counter() - start, 1e-9)))


def compare(
    contenders: dict[str, Callable[[], object]], rounds: int, target: float = 0.1
) -> Result:
    """Time every contender once a round, agx among them, after a warm-up."""
    repeats = {name: calibrate(run, target) for name, run in contenders.items()}
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for k in range(rounds + 2):
        for name, run in contenders.items():
            start = time.perf_counter()
            for _ in range(repeats[name]):
                run()
            if k >= 2:
                times[name].append((time.perf_counter() - start) / repeats[name])
    ratios = {
        name: statistics.median(t / a for t, a in zip(times[name], times["agx"], strict=True))
        for name in contenders
        if name != "agx"
    }
    return Result({name: statistics.median(t) for name, t in times.items()}, ratios)
