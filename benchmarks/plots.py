"""Pictures: time per image and peak memory against the batch size, agx and PyTorch."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import numpy as np

import agx as ag
from agx._runtime.files import replacing

from .facts import peak_memory
from .machine import Peers, cores, use_threads
from .networks import CLASSES, agx_step, images, torch_step, twin
from .timing import quiet_collector, seconds

BATCHES = (1, 4, 16, 64, 256, 1024)
COLOURS = {"agx": "#0b6e4f", "torch": "#c1440e"}
NAMES = {"agx": "agx", "torch": "PyTorch"}


def times_per_image(peers: Peers, threads: int, batches: tuple[int, ...], rounds: int) -> Any:
    """Median seconds per image of a LeNet-5 training step: {library: one for each batch size}."""
    use_threads(threads, peers)
    found: dict[str, list[float]] = {name: [] for name in COLOURS if name in ("agx", *peers)}
    for n in batches:
        model = ag.models.lenet5(3, CLASSES, rng=0)
        steps = {}
        if "torch" in peers:
            steps["torch"] = torch_step(peers["torch"], twin(peers["torch"], model), *images(n))
        steps["agx"] = agx_step(model, *images(n))
        times: dict[str, list[float]] = {name: [] for name in steps}
        with quiet_collector():
            for _ in range(rounds):
                for name, step in steps.items():
                    times[name].append(seconds(step, max(2, 256 // n)) / n)
        for name, values in times.items():
            found[name].append(statistics.median(values))
    return found


def memory_by_batch(peers: Peers, batches: tuple[int, ...]) -> Any:
    """Peak bytes over the imports: {library: one for each batch size}."""
    names = [name for name in COLOURS if name in ("agx", *peers)]
    return {name: [peak_memory(name, n, 1) for n in batches] for name in names}


def draw(lines: list[tuple[str, str, str, Any]], batches: Any, ylabel: str, title: str) -> Any:
    """A figure of (label, colour, style, values) against the batch size, both axes logarithmic."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.add_subplot()
    low, high = (f([f(values) for *_, values in lines]) for f in (min, max))
    below = low / 10
    for label, colour, style, values in sorted(lines, key=lambda line: line[3][-1]):
        axes.plot(batches, values, style, color=colour, marker="o", markersize=4, linewidth=1.8)
        # A label keeps its distance from the one below it.
        below = max(values[-1], below * (1.9 * high / low) ** 0.06)
        axes.annotate(
            label, (batches[-1], below), xytext=(8, 0), textcoords="offset points", color=colour,
            va="center",
        )  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(batches, [str(n) for n in batches])
    axes.minorticks_off()
    ticks = [t for e in range(-2, 6) for t in (10.0**e, 2 * 10.0**e, 5 * 10.0**e)]
    ticks = [t for t in ticks if low / 1.6 <= t <= high * 1.6]
    axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_xlim(batches[0] / 1.3, batches[-1] * 5)
    axes.set_xlabel("batch size")
    axes.set_ylabel(ylabel)
    axes.set_title(title, loc="left", fontsize=11)
    axes.grid(axis="y", alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def save(folder: Path, peers: Peers, rounds: int, batches: tuple[int, ...] = BATCHES) -> list[Path]:
    """Measure and write time.svg and memory.svg; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for threads, style in ((1, "-"), (2, "--"))[: min(2, cores())]:
        found = times_per_image(peers, threads, batches, rounds)
        for name, values in found.items():
            label = f"{NAMES[name]}, {threads} thread{'s' * (threads > 1)}"
            lines.append((label, COLOURS[name], style, np.array(values) * 1e6))
    time = draw(lines, batches, "microseconds per image", "LeNet-5 training step, 3x32x32")
    memory = draw(
        [
            (NAMES[name], COLOURS[name], "-", np.array(values) / 1e6)
            for name, values in memory_by_batch(peers, batches).items()
        ],
        batches, "peak MB over the imports", "Memory of LeNet-5 training steps",
    )  # fmt: skip
    paths = [folder / "time.svg", folder / "memory.svg"]
    for figure, path in zip((time, memory), paths, strict=True):
        with replacing(path) as file:
            figure.savefig(file, format="svg")
    return paths
