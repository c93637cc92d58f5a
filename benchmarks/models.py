"""Small networks beyond LeNet-5, written once for ``ag.nn`` and ``torch.nn``, which share their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import agx as ag

from .machine import Peers
from .networks import CLASSES, Build, Contenders

#: Builds a network of a module of layers; the argument is the share that dropout drops.
Network = Callable[[Any, float], Any]


def resnet8(nn: Any, dropout: float = 0.0) -> Any:
    """The residual network of 16, 32 and 64 channels with batch norm for 3x32x32 (He et al., 2016)."""

    class Block(nn.Module):
        def __init__(self, before: int, after: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
            self.norm1 = nn.BatchNorm2d(after)
            self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
            self.norm2 = nn.BatchNorm2d(after)
            self.relu = nn.ReLU()
            self.shortcut = nn.Sequential()
            if stride > 1:
                convolution = nn.Conv2d(before, after, 1, stride, bias=False)
                self.shortcut = nn.Sequential(convolution, nn.BatchNorm2d(after))

        def forward(self, x: Any) -> Any:
            h = self.relu(self.norm1(self.conv1(x)))
            return self.relu(self.norm2(self.conv2(h)) + self.shortcut(x))

    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2),
        nn.AvgPool2d(8), nn.Flatten(), nn.Linear(64, CLASSES),
    )  # fmt: skip


def vgg(nn: Any, dropout: float = 0.25) -> Any:
    """Two blocks of two 3x3 convolutions, 32 and 64 channels, and two dense layers for 3x32x32."""
    layers: list[Any] = []
    before = 3
    for channels in (32, 64):
        for _ in range(2):
            layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU()]
            before = channels
        layers += [nn.MaxPool2d(2), nn.Dropout(dropout)]
    dense = [
        nn.Linear(64 * 8 * 8, 128),
        nn.ReLU(),
        nn.Dropout(2 * dropout),
        nn.Linear(128, CLASSES),
    ]
    return nn.Sequential(*layers, nn.Flatten(), *dense)


def mnist_net(nn: Any, dropout: float = 0.25) -> Any:
    """Two 3x3 convolutions and two dense layers for 1x28x28."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(dropout), nn.Flatten(), nn.Linear(64 * 12 * 12, 128), nn.ReLU(),
        nn.Dropout(2 * dropout), nn.Linear(128, CLASSES),
    )  # fmt: skip


def tabular(nn: Any, dropout: float = 0.0) -> Any:
    """A perceptron of 20-64-64-3."""
    return nn.Sequential(
        nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3)
    )


def copy_weights(torch: Any, ours: Any, theirs: Any) -> None:
    """Give PyTorch's network the parameters of agx's."""
    with torch.no_grad():
        for p, q in zip(theirs.parameters(), ours.parameters(), strict=True):
            p.copy_(torch.from_numpy(q.value))


def optimizer_of(optim: Any, name: str, parameters: Any) -> Any:
    """SGD with momentum, or Adam."""
    options = {"lr": 0.01, "momentum": 0.9} if name == "SGD" else {"lr": 1e-3}
    return getattr(optim, name)(parameters, **options)


def training_step(
    network: Network, optimizer: str, shape: tuple[int, ...], classes: int, dropout: float = 0.25
) -> Build:
    """A step of forward, cross entropy, backward and update that returns the loss."""

    def build(peers: Peers) -> Contenders:
        rng = np.random.default_rng(0)
        x = rng.standard_normal(shape).astype(np.float32)
        y = rng.integers(0, classes, shape[0])
        ag.seed(0)
        ours = network(ag.nn, dropout)
        update = optimizer_of(ag.optim, optimizer, ours.parameters())

        def agx() -> float:
            update.zero_grad()
            loss = ag.cross_entropy(ours(x), y)
            loss.backward(free=True)
            update.step()
            return loss.item()

        found: Contenders = {"agx": agx}
        if "torch" in peers:
            torch = peers["torch"]
            theirs = network(torch.nn, dropout)
            copy_weights(torch, ours, theirs)
            update_theirs = optimizer_of(torch.optim, optimizer, theirs.parameters())
            tx, ty = torch.from_numpy(x), torch.from_numpy(y)

            def with_torch() -> float:
                update_theirs.zero_grad()
                loss = torch.nn.functional.cross_entropy(theirs(tx), ty)
                loss.backward()
                update_theirs.step()
                return float(loss.item())

            found["torch"] = with_torch
        return found

    return build
