"""Count the instructions of some programs by valgrind, which a busy machine does not change.

python -m benchmarks.counts              # beside those in counts.json
python -m benchmarks.counts --record     # write them there

tests/test_counts.py compares them too, where valgrind is and Python and NumPy are those of the record.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import agx as ag
from agx._runtime.files import replacing

from . import arrays, layers, models, networks, operations, programs

RECORD = Path(__file__).with_suffix(".json")
RUNS = 2
WARM = 3
#: The share by which a count may exceed the record.
TOLERANCE = 0.1


def gradient(name: str) -> Callable[[], Any]:
    """The gradient of one of the NumPy programs."""
    program = next(p for p in programs.PROGRAMS if p.name.startswith(name))
    return program.contenders({})["agx"]


def tasks() -> dict[str, Callable[[], Any]]:
    """What is counted, by name."""
    builds = {
        "tiny-op chain": operations.tiny_chain,
        "Scalar network": operations.scalar_network,
        "LeNet-5 step, batch 1": networks.lenet_step(1),
        "tabular MLP step": models.training_step(models.tabular, "Adam", (128, 20), 3),
        "ResNet-8 step, batch 2": models.training_step(models.resnet8, "SGD", (2, 3, 32, 32), 10),
        "conv2d 3x3": layers.convolution((2, 16, 32, 32), 16, 3, 1),
        "conv2d 3x3 stride 2": layers.convolution((2, 16, 32, 32), 32, 3, 1, 2),
        "gelu": layers.activation("gelu", (64, 128)),
        "softmax": layers.softmax("softmax", (64, 128)),
        "max_pool2d": layers.pool("max_pool2d", (2, 16, 32, 32), 2),
        "picked rows": arrays.picked_rows(),
    }
    found = {name: build({})["agx"] for name, build in builds.items()}
    for name in ("Rosenbrock, 10", "heat equation", "Kalman filter"):
        found[f"gradient of {name}"] = gradient(name)
    return found


def run_tasks() -> None:
    """Run every task between two calls of getppid, by which valgrind knows where to cut."""
    ag.set_num_threads(1)
    np.seterr(all="ignore")
    for run in tasks().values():
        for _ in range(WARM):
            run()
        gc.collect()
        gc.disable()
        os.getppid()
        for _ in range(RUNS):
            run()
        os.getppid()
        gc.enable()


def count() -> dict[str, int]:
    """Instructions of one run of each task."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = [
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--dump-before=getppid",
            sys.executable, "-m", "benchmarks.counts", "--run",
        ]  # fmt: skip
        chosen = {"AGX_INSTRUCTIONS": "avx2", "PYTHONHASHSEED": "0", "OPENBLAS_CORETYPE": "Haswell"}
        environment = {**os.environ, **chosen}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"valgrind could not run the tasks:\n{done.stderr[-3000:]}")
        dumps = sorted(Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        totals = [re.search(r"^totals: (\d+)", p.read_text(), re.M) for p in dumps]
    # The dump before a mark holds what ran since the one before: every second one is a task.
    each = [int(m[1]) // RUNS for m in totals[1::2] if m]
    return dict(zip(tasks(), each, strict=True))


def setting() -> str:
    """What counts depend on beside agx."""
    return f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}, avx2"


def recorded() -> dict[str, Any]:
    """The record."""
    return json.loads(RECORD.read_text(encoding="utf-8"))


def grown(now: dict[str, int], before: dict[str, int]) -> dict[str, float]:
    """By what factor tasks have grown beyond the tolerance."""
    ratios = {name: n / before[name] for name, n in now.items()}
    return {name: ratio for name, ratio in ratios.items() if ratio > 1 + TOLERANCE}


def main(arguments: list[str]) -> None:
    """Count and print, or record."""
    if arguments == ["--run"]:
        run_tasks()
        return
    now = count()
    if arguments == ["--record"]:
        text = json.dumps({"setting": setting(), "instructions": now}, indent=1)
        with replacing(RECORD, "w") as file:
            file.write(text + "\n")
    before = recorded()["instructions"]
    print("| program | instructions | over the record |\n|---|---|---|")
    for name, n in now.items():
        print(f"| {name} | {n:,} | {n / before[name]:.3f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
