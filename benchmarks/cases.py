"""The table: what is timed, with how many threads, and how much faster than its peer agx must be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import agx as ag

from . import networks, operations
from .networks import Build


@dataclass(frozen=True)
class Case:
    """One row: ``least`` is the ratio of the peer's time to agx's that it must reach.

    ``check`` builds what must agree where the timed work itself cannot, ``count`` is the number of
    operations among which a time is divided.
    """

    work: str
    threads: tuple[int, ...]
    least: float
    build: Build
    peer: str = "torch"
    wanted: float | None = None
    check: Build | None = None
    count: int = 1
    most_rounds: int = 1000


CASES = [
    Case("LeNet-5 training step, batch 64", (1, 2), 2.0, networks.lenet_step(64)),
    Case("LeNet-5 training step, batch 256", (1, 2), 2.0, networks.lenet_step(256)),
    Case("LeNet-5 training step, batch 16", (1, 2), 2.0, networks.lenet_step(16)),
    Case("LeNet-5 training step, batch 1", (1, 2), 4.0, networks.lenet_step(1)),
    Case("LeNet-5 inference, batch 64", (1, 2), 1.5, networks.lenet_inference(64)),
    Case("MLP 784-256-128-10 training step, batch 64", (1, 2), 1.3, networks.mlp_step),
    Case("conv2d 3->6 k5, (64, 3, 32, 32)", (1, 2), 2.0, operations.convolution((64, 3, 32, 32), 6, 5)),
    Case(
        "conv2d 3->32 k3, (4, 3, 224, 224)", (1, 2), 1.5, operations.convolution((4, 3, 224, 224), 32, 3, 1)
    ),
    Case("conv2d 6->16 k5, (64, 6, 14, 14)", (1, 2), 1.1, operations.convolution((64, 6, 14, 14), 16, 5)),
    Case("conv2d 64->128 k1, (8, 64, 16, 16)", (1, 2), 1.1, operations.convolution((8, 64, 16, 16), 128, 1)),
    Case(
        "conv2d 64->64 k3, (8, 64, 32, 32)", (1, 2), 0.9,
        operations.convolution((8, 64, 32, 32), 64, 3, 1), wanted=1.0,
    ),
    Case(
        "conv2d 128->128 k3, (8, 128, 16, 16)", (1, 2), 0.9,
        operations.convolution((8, 128, 16, 16), 128, 3, 1), wanted=1.0,
    ),
    Case("max_pool2d 2x2, (64, 16, 32, 32)", (1, 2), 4.0, operations.max_pool((64, 16, 32, 32))),
    Case("relu, (64, 16, 32, 32)", (1, 2), 1.3, operations.relu((64, 16, 32, 32))),
    Case("cross entropy, (64, 1000)", (1,), 1.3, operations.cross_entropy((64, 1000))),
    Case("logsumexp, (64, 1000)", (1,), 1.3, operations.logsumexp((64, 1000))),
    Case("tiny-op chain, per operation", (1,), 4.0, operations.tiny_chain, count=operations.CHAIN),
    Case(
        "assigning element by element, per element", (1,), 1.0, operations.recurrence,
        count=operations.FILLED, most_rounds=5,
    ),
    Case("Scalar network, 20 hidden, 40 samples", (1,), 10.0, operations.scalar_network, "micrograd"),
]  # fmt: skip

MNIST = "MNIST epoch of LeNet-5 by ag.fit, batch 64"


def mnist_epoch(folder: Path | None) -> Case:
    """The epoch of MNIST through ``ag.fit``; raises FileNotFoundError without the files."""
    dataset = ag.data.mnist("train", root=folder)
    step = networks.lenet_step(64, dataset)
    return Case(MNIST, (1, 2), 2.0, networks.epoch(dataset), check=step, most_rounds=3)
