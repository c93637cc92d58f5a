"""What else is promised: import time, threads, batch sizes, memory, and the same bits every time."""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import agx as ag

from .machine import cores
from .networks import CLASSES, agx_step, images
from .timing import quiet_collector, seconds

STEPS = 10
BATCHES = (16, 64, 256, 1024)

#: What was measured, and whether that meets the target; None where nothing was.
Finding = tuple[str, bool | None]


@dataclass(frozen=True)
class Fact:
    """One line of the table; ``measure`` takes the number of rounds."""

    name: str
    target: str
    measure: Callable[[int], Finding]
    timed: bool = False


def output(command: list[str]) -> str:
    """What a process of its own prints; it keeps its bytecode, so that no later one compiles again."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def import_time(rounds: int) -> Finding:
    """How long ``import agx`` takes after ``import numpy``, every time in a process of its own."""
    code = "import time, numpy; t = time.perf_counter(); import agx; print(time.perf_counter() - t)"

    def run() -> float:
        command = [sys.executable, "-c", code]
        return float(output(command))

    run()
    extra = statistics.median(run() for _ in range(rounds))
    return f"{extra * 1e3:.1f} ms", extra <= 0.03


def step_times(batches: tuple[int, ...], threads: tuple[int, ...], rounds: int) -> dict[Any, float]:
    """Median seconds of a LeNet-5 training step by (batch, threads), all of them taking turns."""
    steps = {n: agx_step(ag.models.lenet5(3, CLASSES, rng=0), *images(n)) for n in batches}
    times: dict[Any, list[float]] = {(n, t): [] for n in batches for t in threads}
    before = ag.get_num_threads()
    with quiet_collector():
        for _ in range(rounds):
            for t in threads:
                ag.set_num_threads(t)
                for n, step in steps.items():
                    times[n, t].append(seconds(step, max(3, 512 // n)))
    ag.set_num_threads(before)
    return {key: statistics.median(found) for key, found in times.items()}


def scaling(rounds: int) -> Finding:
    """How much faster two threads are than one."""
    if cores() < 2:
        return "skipped: one core", None
    found = step_times((256,), (1, 2), rounds)
    ratio = found[256, 1] / found[256, 2]
    return f"{ratio:.2f} times as fast", ratio >= 1.7


def flatness(rounds: int) -> Finding:
    """How much the time per image depends on the batch size, with one thread."""
    found = step_times(BATCHES, (1,), rounds)
    each = [found[n, 1] / n for n in BATCHES]
    ratio = max(each) / min(each)
    text = ", ".join(f"{t * 1e6:.1f}" for t in each)
    return f"{text} us; longest over shortest {ratio:.2f}", ratio <= 1.25


def peak_memory(library: str, batch: int, threads: int) -> int:
    """Peak bytes of training steps over what the import took, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", library, str(batch), str(threads)]
    return int(output(command))


def memory(rounds: int) -> Finding:
    """Peak memory against PyTorch's."""
    if not Path("/proc/self/status").exists():
        return "skipped: this system does not tell", None
    ours = peak_memory("agx", 256, 1)
    if importlib.util.find_spec("torch") is None:
        return f"{ours / 1e6:.0f} MB; PyTorch is not installed", None
    theirs = peak_memory("torch", 256, 1)
    text = f"{ours / 1e6:.0f} MB, PyTorch {theirs / 1e6:.0f} MB: {ours / theirs:.2f} of it"
    return text, ours <= theirs / 2


def trained(threads: int) -> list[np.ndarray]:
    """The losses of some steps from the same start, and the weights after them."""
    before = ag.get_num_threads()
    ag.set_num_threads(threads)
    model = ag.models.lenet5(3, CLASSES, rng=0)
    step = agx_step(model, *images(64))
    losses = [step() for _ in range(STEPS)]
    ag.set_num_threads(before)
    return [np.array(losses), *(p.value for p in model.parameters())]


def same_bits(rounds: int) -> Finding:
    """Whether training twice gives the same bits."""
    pairs = [(trained(t), trained(t)) for t in (1, 2)]
    same = all((a == b).all() for one, two in pairs for a, b in zip(one, two, strict=True))
    return "the same bits" if same else "differ", same


def thread_rounding(rounds: int) -> Finding:
    """How far training in two threads is from training in one."""
    worst = max(
        float(np.abs(a - b).max() / np.abs(a).max())
        for a, b in zip(trained(1), trained(2), strict=True)
    )
    return f"{worst:.1e} of the largest", worst <= 1e-5


FACTS = [
    Fact("import agx, after import numpy", "at most 30 ms", import_time, timed=True),
    Fact("LeNet-5 step at batch 256, 2 threads over 1", "at least 1.70", scaling, timed=True),
    Fact(
        f"LeNet-5 step, time per image at batch {', '.join(map(str, BATCHES))}, 1 thread",
        "within 25 %", flatness, timed=True,
    ),
    Fact("LeNet-5 step at batch 256, peak memory over the imports", "at most 0.50", memory),
    Fact(
        f"losses and weights of {STEPS} LeNet-5 steps, run again, 1 and 2 threads",
        "the same bits", same_bits,
    ),
    Fact(f"losses and weights of {STEPS} LeNet-5 steps, 2 threads from 1", "at most 1e-5", thread_rounding),
]  # fmt: skip
