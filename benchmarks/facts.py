"""What else is promised: import time, threads, batch sizes, memory, and the same bits every time."""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import agx as ag

from .machine import cores
from .networks import CLASSES, agx_step, images
from .timing import quiet_collector, seconds

Fact = dict[str, Any]
STEPS = 10


def fact(name: str, measured: str, target: str, met: bool | None) -> Fact:
    """One line of the table; ``met`` is None for what was skipped."""
    return {"fact": name, "measured": measured, "target": target, "met": met}


def import_time(rounds: int) -> Fact:
    """How much longer ``import agx`` takes than ``import numpy``, each in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def run(module: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {module}"], env=environment, check=True)
        return time.perf_counter() - start

    run("agx")
    extra = statistics.median(run("agx") - run("numpy") for _ in range(rounds))
    return fact(
        "import agx, over import numpy", f"{extra * 1e3:.1f} ms", "at most 30 ms", extra <= 0.03
    )


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


def scaling(rounds: int) -> Fact:
    """How much faster two threads are than one."""
    name = "LeNet-5 step at batch 256, 1 to 2 threads"
    if cores() < 2:
        return fact(name, "skipped: one core", "at least 1.7", None)
    found = step_times((256,), (1, 2), rounds)
    ratio = found[256, 1] / found[256, 2]
    return fact(name, f"{ratio:.2f} times as fast", "at least 1.7", ratio >= 1.7)


def flatness(rounds: int) -> Fact:
    """How much the time per image depends on the batch size, with one thread."""
    batches = (16, 64, 256, 1024)
    found = step_times(batches, (1,), rounds)
    each = [found[n, 1] / n for n in batches]
    spread = max(each) / min(each) - 1
    text = ", ".join(f"{t * 1e6:.1f}" for t in each)
    return fact(
        "time per image at batch 16, 64, 256, 1024, one thread",
        f"{text} us: within {spread:.0%}", "within 25 %", spread <= 0.25,
    )  # fmt: skip


def peak_memory(library: str, batch: int, threads: int) -> int:
    """Peak bytes of training steps over what the import took, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", library, str(batch), str(threads)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def memory() -> Fact:
    """Peak memory against PyTorch's."""
    name, target = "peak memory of LeNet-5 steps at batch 256", "at most half of PyTorch's"
    if not Path("/proc/self/status").exists():
        return fact(name, "skipped: this system does not tell", target, None)
    ours = peak_memory("agx", 256, 1)
    if importlib.util.find_spec("torch") is None:
        return fact(name, f"{ours / 1e6:.0f} MB; PyTorch is not installed", target, None)
    theirs = peak_memory("torch", 256, 1)
    text = f"{ours / 1e6:.0f} MB, PyTorch {theirs / 1e6:.0f} MB"
    return fact(name, text, target, ours <= theirs / 2)


def trained(threads: int) -> list[np.ndarray]:
    """The parameters after some steps from the same start."""
    before = ag.get_num_threads()
    ag.set_num_threads(threads)
    model = ag.models.lenet5(3, CLASSES, rng=0)
    step = agx_step(model, *images(64))
    for _ in range(STEPS):
        step()
    ag.set_num_threads(before)
    return [p.value for p in model.parameters()]


def same_bits() -> Fact:
    """Whether training twice gives the same bits."""
    pairs = [(trained(t), trained(t)) for t in (1, 2)]
    same = all((a == b).all() for one, two in pairs for a, b in zip(one, two, strict=True))
    return fact(
        f"parameters after {STEPS} steps, trained again, 1 and 2 threads",
        "the same bits" if same else "differ", "the same bits", same,
    )  # fmt: skip


def thread_rounding() -> Fact:
    """How far training in two threads is from training in one."""
    worst = max(
        float(np.abs(a - b).max() / np.abs(a).max())
        for a, b in zip(trained(1), trained(2), strict=True)
    )
    return fact(
        f"parameters after {STEPS} steps, 1 against 2 threads",
        f"{worst:.1e} of the largest", "float32 rounding, 1e-5", worst <= 1e-5,
    )  # fmt: skip


def facts(rounds: int) -> list[Callable[[], Fact]]:
    """Everything to be found out, as functions."""
    return [
        lambda: import_time(max(rounds, 3)),
        lambda: scaling(rounds),
        lambda: flatness(rounds),
        memory,
        same_bits,
        thread_rounding,
    ]
