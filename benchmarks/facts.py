"""What else is promised: import time, threads, batch sizes, memory, and the same bits every time."""

from __future__ import annotations

import collections
import functools
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
from .models import resnet8
from .networks import CLASSES, agx_step, images
from .timing import quiet_collector, seconds

STEPS = 10
NETWORKS = ("LeNet-5", "ResNet-8")
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


def network(name: str) -> Any:
    """A network for 3x32x32 of a name in NETWORKS, with the same weights every time."""
    ag.seed(0)
    return ag.models.lenet5(3, CLASSES) if name == "LeNet-5" else resnet8(ag.nn)


def step_times(
    batches: tuple[int, ...], threads: tuple[int, ...], rounds: int, name: str = "LeNet-5"
) -> dict[Any, float]:
    """Median seconds of a training step by (batch, threads), all of them taking turns."""
    steps = {n: agx_step(network(name), *images(n)) for n in batches}
    times: dict[Any, list[float]] = {(n, t): [] for n in batches for t in threads}
    before = ag.get_num_threads()
    with quiet_collector():
        for _ in range(rounds):
            for t in threads:
                ag.set_num_threads(t)
                for n, step in steps.items():
                    times[n, t].append(
                        seconds(step, max(1, (512 if name == "LeNet-5" else 128) // n))
                    )
    ag.set_num_threads(before)
    return {key: statistics.median(found) for key, found in times.items()}


def scaling(rounds: int, name: str = "LeNet-5") -> Finding:
    """How much faster two threads are than one."""
    if cores() < 2:
        return "skipped: one core", None
    found = step_times((64, 256), (1, 2), rounds, name)
    ratios = [found[n, 1] / found[n, 2] for n in (64, 256)]
    return f"{ratios[0]:.2f} and {ratios[1]:.2f} times as fast", min(ratios) >= 1.7


def flatness(rounds: int, name: str = "LeNet-5") -> Finding:
    """How much the time per image depends on the batch size, with one thread."""
    found = step_times(BATCHES, (1,), rounds, name)
    each = [found[n, 1] / n for n in BATCHES]
    ratio = max(each) / min(each)
    text = ", ".join(f"{t * 1e6:.3g}" for t in each)
    return f"{text} us; longest over shortest {ratio:.2f}", ratio <= 1.25


def augmentation(rounds: int) -> Finding:
    """What a batch costs that a Loader crops, flips and standardises, over the step that it is for."""
    data = ag.data
    rng = np.random.default_rng(0)
    dataset = data.ImageDataset(
        rng.integers(0, 256, (512, 3, 32, 32), np.uint8), rng.integers(0, CLASSES, 512)
    )
    even = data.Normalize((0.49, 0.48, 0.45), (0.25, 0.24, 0.26))
    chain = [data.RandomCrop(32, padding=4), data.RandomHorizontalFlip(), even]
    loaders = [data.Loader(dataset, 64, True, transforms=given, rng=0) for given in ([], chain)]
    runs: list[Callable[[], object]] = [agx_step(network("LeNet-5"), *images(64))]
    runs += [functools.partial(collections.deque, loader, 0) for loader in loaders]
    before = ag.get_num_threads()
    ag.set_num_threads(1)
    with quiet_collector():
        times = [[seconds(run, 2) for run in runs] for _ in range(rounds)]
    ag.set_num_threads(before)
    step, plain, changed = (statistics.median(found) for found in zip(*times, strict=True))
    share, less = (100 * found / len(loaders[0]) / step for found in (changed, plain))
    text = f"{share:.1f} % of {step * 1e6:.0f} us; {less:.1f} % as they are"
    return text, share <= 10


def peak_memory(library: str, batch: int, threads: int, name: str = "LeNet-5") -> int:
    """Peak bytes of training steps over what the import took, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", library, str(batch), str(threads), name]
    return int(output(command))


def memory(rounds: int, name: str = "LeNet-5") -> Finding:
    """Peak memory against PyTorch's."""
    if not Path("/proc/self/status").exists():
        return "skipped: this system does not tell", None
    ours = peak_memory("agx", 256, 1, name)
    if importlib.util.find_spec("torch") is None:
        return f"{ours / 1e6:.0f} MB; PyTorch is not installed", None
    theirs = peak_memory("torch", 256, 1, name)
    text = f"{ours / 1e6:.0f} MB, PyTorch {theirs / 1e6:.0f} MB: {ours / theirs:.2f} of it"
    return text, ours <= theirs / 2


def graph_seconds(n: int) -> float:
    """Seconds that ``n`` operations in a row take, there and back."""

    def run() -> None:
        y = x = ag.Tensor(0.5)
        for _ in range(n // 2):
            y = y * x + x
        y.backward()

    return seconds(run, 1)


def linearity(rounds: int) -> Finding:
    """How much the time of an operation grows with the length of the graph."""
    lengths = (10_000, 100_000, 1_000_000)
    each = [min(graph_seconds(n) for _ in range(3)) / n for n in lengths]
    text = ", ".join(f"{t * 1e6:.2f}" for t in each)
    return f"{text} us", each[-1] <= 1.5 * each[0]


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
    *(
        fact
        for name in NETWORKS
        for fact in (
            Fact(f"{name} step at batch 64 and 256, 2 threads over 1", "at least 1.70",
                 functools.partial(scaling, name=name), timed=True),
            Fact(f"{name} step, time per image at batch {', '.join(map(str, BATCHES))}, 1 thread",
                 "within 25 %", functools.partial(flatness, name=name), timed=True),
            Fact(f"{name} step at batch 256, peak memory over the imports", "at most 0.50",
                 functools.partial(memory, name=name)),
        )
    ),
    Fact("64 images of CIFAR-10, loaded, cropped, flipped and standardised, of a LeNet-5 step, 1 thread",
         "at most 10 %", augmentation, timed=True),
    Fact("operation of a graph of 10,000, 100,000, 1,000,000, there and back", "the last at most 1.5 of the "
         "first", linearity, timed=True),
    Fact(
        f"losses and weights of {STEPS} LeNet-5 steps, run again, 1 and 2 threads",
        "the same bits", same_bits,
    ),
    Fact(f"losses and weights of {STEPS} LeNet-5 steps, 2 threads from 1", "at most 1e-5", thread_rounding),
]  # fmt: skip
