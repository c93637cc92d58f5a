"""The table: what is timed, with how many threads, and how much faster than its peer agx must be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import agx as ag

from . import arrays, layers, models, networks, operations
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


def step(
    work: str,
    network: models.Network,
    optimizer: str,
    shape: tuple[int, ...],
    least: float,
    wanted: float,
    classes: int = 10,
) -> Case:
    """A row for a training step; contenders draw other dropout, and are compared without."""
    build = models.training_step(network, optimizer, shape, classes)
    check = models.training_step(network, optimizer, shape, classes, dropout=0.0)
    return Case(work, (1, 2), least, build, wanted=wanted, check=check)


#: Images, filters, kernel, padding, stride, groups; the least ratio and the wanted one.
CONVOLUTIONS: list[tuple[tuple[int, ...], int, int, int, int, int, float, float | None]] = [
    ((64, 3, 32, 32), 6, 5, 0, 1, 1, 2.0, None),
    ((64, 6, 14, 14), 16, 5, 0, 1, 1, 1.1, None),
    ((4, 3, 224, 224), 32, 3, 1, 1, 1, 1.5, None),
    ((64, 16, 32, 32), 16, 3, 1, 1, 1, 1.2, 2.0),
    ((64, 32, 16, 16), 32, 3, 1, 1, 1, 1.2, 2.0),
    ((64, 64, 8, 8), 64, 3, 1, 1, 1, 1.2, 2.0),
    ((8, 64, 32, 32), 64, 3, 1, 1, 1, 1.2, 2.0),
    ((8, 128, 16, 16), 128, 3, 1, 1, 1, 1.2, 2.0),
    ((64, 32, 16, 16), 32, 3, 1, 1, 32, 1.2, 2.0),
    ((64, 16, 32, 32), 32, 3, 1, 2, 1, 1.1, 1.5),
    ((64, 3, 32, 32), 16, 7, 3, 2, 1, 1.1, 1.5),
    ((8, 64, 16, 16), 128, 1, 0, 1, 1, 1.1, 1.5),
]


def conv(
    shape: tuple[int, ...],
    filters: int,
    kernel: int,
    padding: int,
    stride: int,
    groups: int,
    least: float,
    wanted: float | None,
    dtype: Any = np.float32,
) -> Case:
    """A row for a convolution."""
    work = f"conv2d {shape[1]}->{filters} k{kernel}"
    work += f" stride {stride}" * (stride > 1) + " depthwise" * (groups > 1)
    work += " float64" * (dtype is np.float64)
    build = layers.convolution(shape, filters, kernel, padding, stride, groups, dtype)
    return Case(f"{work}, {shape}", (1, 2), least, build, wanted=wanted)


MAPS = (64, 16, 32, 32)
POOLS: list[tuple[str, tuple[int, ...], tuple[Any, ...], dict[str, Any]]] = [
    ("max_pool2d 2x2", MAPS, ("max_pool2d", 2), {}),
    ("max_pool2d 3x3 stride 2", MAPS, ("max_pool2d", 3), {"stride": 2, "padding": 1}),
    ("avg_pool2d 2x2", MAPS, ("avg_pool2d", 2), {}),
    ("adaptive_avg_pool2d to 4x4", MAPS, ("adaptive_avg_pool2d", 4), {}),
]


CASES = [
    Case("LeNet-5 training step, batch 64", (1, 2), 2.0, networks.lenet_step(64), wanted=3.0),
    Case("LeNet-5 training step, batch 256", (1, 2), 2.0, networks.lenet_step(256), wanted=3.0),
    Case("LeNet-5 training step, batch 16", (1, 2), 2.0, networks.lenet_step(16), wanted=4.0),
    Case("LeNet-5 training step, batch 1", (1, 2), 4.0, networks.lenet_step(1), wanted=6.0),
    Case("LeNet-5 inference, batch 64", (1, 2), 1.5, networks.lenet_inference(64)),
    Case("MLP 784-256-128-10 training step, batch 64", (1, 2), 1.3, networks.mlp_step),
    step("ResNet-8 training step, batch 64", models.resnet8, "SGD", (64, 3, 32, 32), 1.5, 2.0),
    step("two-block VGG training step, Adam, batch 64", models.vgg, "Adam", (64, 3, 32, 32), 1.5, 2.0),
    step("two-conv MNIST net training step, Adam, batch 128", models.mnist_net, "Adam", (128, 1, 28, 28),
         1.7, 2.5),
    step("tabular MLP 20-64-64-3 training step, Adam, batch 128", models.tabular, "Adam", (128, 20), 5.0, 8.0,
         classes=3),
    *(conv(*row) for row in CONVOLUTIONS),
    conv((64, 16, 32, 32), 16, 3, 1, 1, 1, 1.2, 2.0, np.float64),
    Case("batch norm, (64, 16, 32, 32)", (1, 2), 1.2, layers.batch_norm((64, 16, 32, 32)), wanted=2.0),
    Case("layer norm, (512, 256)", (1, 2), 1.2, layers.layer_norm((512, 256)), wanted=2.0),
    *(Case(f"{name}, (512, 1024)", (1, 2), 1.2, layers.activation(name, (512, 1024)), wanted=2.0)
      for name in ("gelu", "silu", "sigmoid", "tanh", "softplus", "elu")),
    Case("relu, (64, 16, 32, 32)", (1, 2), 1.3, layers.activation("relu", (64, 16, 32, 32))),
    *(Case(f"{name}, (512, 512)", (1, 2), 1.3, layers.softmax(name, (512, 512)), wanted=2.0)
      for name in ("softmax", "log_softmax", "logsumexp")),
    Case("cross entropy, (512, 512)", (1, 2), 1.3, layers.cross_entropy((512, 512)), wanted=2.0),
    Case("cross entropy, (64, 1000)", (1,), 1.3, layers.cross_entropy((64, 1000)), wanted=2.0),
    Case("logsumexp, (64, 1000)", (1,), 1.3, layers.softmax("logsumexp", (64, 1000)), wanted=2.0),
    *(Case(f"{work}, {shape}", (1, 2), 3.0, layers.pool(call[0], shape, *call[1:], **options), wanted=5.0)
      for work, shape, call, options in POOLS),
    Case("5000 rows of (10000, 64)", (1, 2), 1.2, arrays.picked_rows(), wanted=2.0),
    Case("embedding of 5000 rows of (10000, 64)", (1, 2), 1.2, arrays.embedding(), wanted=2.0),
    Case("5000 rows added to (10000, 64)", (1, 2), 1.2, arrays.scatter_add(), wanted=2.0),
    *(Case(f"{name}, (1000, 1000)", (1, 2), 1.0, build, wanted=1.5)
      for name, build in arrays.REDUCTIONS.items()),
    Case("exp, a million float64", (1, 2), 1.0, arrays.exponential()),
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
