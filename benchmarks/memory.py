"""Print the peak memory of LeNet-5 training steps, in bytes over what the imports took.

python -m benchmarks.memory agx 256 2 ResNet-8    # library, batch size, threads, network
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .models import resnet8

STEPS = 5


def resident(what: str) -> int:
    """The memory of this process in bytes, as Linux tells: "VmRSS" for now, "VmHWM" for its peak."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) * 1024


def lenet(nn: Any) -> Any:
    """LeNet-5 on 3x32x32, as in ``ag.models.lenet5``, of the layers of either library."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def step_of(library: str, threads: int, name: str) -> Any:
    """A training step, as a user writes it, that takes images and classes."""
    module: Any = importlib.import_module("agx" if library == "agx" else "torch")
    module.set_num_threads(threads)
    model = resnet8(module.nn) if name == "ResNet-8" else lenet(module.nn)
    optimizer = module.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    criterion = module.nn.CrossEntropyLoss()
    convert = (lambda a: a) if library == "agx" else module.from_numpy
    # PyTorch lets go of the graph unless told otherwise; agx keeps it for a look unless told otherwise.
    options = {"free": True} if library == "agx" else {}

    def step(x: np.ndarray, y: np.ndarray) -> None:
        optimizer.zero_grad()
        criterion(model(convert(x)), convert(y)).backward(**options)
        optimizer.step()

    return step


def main(library: str, batch: int, threads: int, name: str = "LeNet-5") -> None:
    """Measure and print."""
    step = step_of(library, threads, name)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, 3, 32, 32), np.float32)
    y = rng.integers(0, 10, batch)
    before = resident("VmRSS")
    for _ in range(STEPS):
        step(x, y)
    print(resident("VmHWM") - before)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
