"""The table: what is timed, with how many threads, and how much faster than its peer agx must be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import agx as ag

from . import networks, operations
from .networks import Build, Contenders


@dataclass(frozen=True)
class Case:
    """One row: ``least`` is the ratio of the peer's time to agx's that it should reach."""

    work: str
    threads: tuple[int, ...]
    least: float
    build: Build
    peer: str = "torch"
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
    Case("conv2d 64->64 k3, (8, 64, 32, 32)", (1, 2), 0.9, operations.convolution((8, 64, 32, 32), 64, 3, 1)),
    Case(
        "conv2d 128->128 k3, (8, 128, 16, 16)", (1, 2), 0.9,
        operations.convolution((8, 128, 16, 16), 128, 3, 1),
    ),
    Case("max_pool2d 2x2, (64, 16, 32, 32)", (1, 2), 4.0, operations.max_pool((64, 16, 32, 32))),
    Case("relu, (64, 16, 32, 32)", (1, 2), 1.3, operations.relu((64, 16, 32, 32))),
    Case("cross entropy, (64, 1000)", (1,), 1.3, operations.cross_entropy((64, 1000))),
    Case("logsumexp, (64, 1000)", (1,), 1.3, operations.logsumexp((64, 1000))),
    Case("tiny-op chain, 400 operations", (1,), 4.0, operations.tiny_chain),
    Case("Scalar network, 20 hidden, 40 samples", (1,), 10.0, operations.scalar_network, "micrograd"),
]  # fmt: skip


def mnist_epoch(folder: Path | None) -> Case:
    """The epoch of MNIST through ``ag.fit``; raises FileNotFoundError without the files."""
    dataset = ag.data.mnist("train", root=folder)
    return Case(
        "MNIST epoch of LeNet-5 by ag.fit, batch 64", (1, 2), 2.0, networks.epoch(dataset), most_rounds=3
    )  # fmt: skip


def check_agreement(work: str, contenders: Contenders) -> None:
    """Raise AssertionError unless all contenders compute the same numbers (None counts for nothing)."""
    results = {name: _numbers(run()) for name, run in contenders.items()}
    wanted = results.pop("agx")
    for name, found in results.items():
        for a, b in zip(found, wanted, strict=True):
            worst = float(np.abs(a - b).max() / max(1.0, np.abs(b).max()))
            if not worst < 1e-3:
                raise AssertionError(
                    f"{work}: {name} and agx disagree by {worst:.1e} of the largest number; they must "
                    "do the same work"
                )


def _numbers(result: Any) -> list[np.ndarray]:
    """What a contender returned, as a list of arrays."""
    if result is None:
        return []
    items = result if isinstance(result, list) else [result]
    return [np.asarray(getattr(item, "value", item), np.float64) for item in items]
