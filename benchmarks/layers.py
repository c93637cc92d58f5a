"""The operations of layers, forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np

import agx as ag

from .networks import Build
from .operations import both_ways


def convolution(
    shape: tuple[int, ...],
    filters: int,
    kernel: int,
    padding: int = 0,
    stride: int = 1,
    groups: int = 1,
    dtype: Any = np.float32,
) -> Build:
    """conv2d with the gradients of images, weight and bias."""
    options = {"padding": padding, "stride": stride, "groups": groups}
    return both_ways(
        lambda x, w, b: ag.conv2d(x, w, b, **options),
        lambda torch: lambda x, w, b: torch.nn.functional.conv2d(x, w, b, **options),
        (shape, (filters, shape[1] // groups, kernel, kernel), (filters,)),
        dtype,
    )


def pool(name: str, shape: tuple[int, ...], *arguments: Any, **options: Any) -> Build:
    """max_pool2d, avg_pool2d or adaptive_avg_pool2d."""
    return both_ways(
        lambda x: getattr(ag, name)(x, *arguments, **options),
        lambda torch: lambda x: getattr(torch.nn.functional, name)(x, *arguments, **options),
        (shape,),
    )


def activation(name: str, shape: tuple[int, ...]) -> Build:
    """An elementwise function that both libraries have by one name."""
    return both_ways(
        getattr(ag, name),
        lambda torch: getattr(torch, name, None) or getattr(torch.nn.functional, name),
        (shape,),
    )


def softmax(name: str, shape: tuple[int, ...]) -> Build:
    """softmax, log_softmax or logsumexp along the last axis."""
    return both_ways(
        lambda x: getattr(ag, name)(x, axis=-1),
        lambda torch: lambda x: getattr(torch, name)(x, -1),
        (shape,),
    )


def cross_entropy(shape: tuple[int, int]) -> Build:
    """The mean cross entropy of class numbers."""
    targets = np.random.default_rng(1).integers(0, shape[1], shape[0])
    return both_ways(
        lambda z: ag.cross_entropy(z, targets),
        lambda torch: lambda z: torch.nn.functional.cross_entropy(z, torch.from_numpy(targets)),
        (shape,),
    )


def batch_norm(shape: tuple[int, ...]) -> Build:
    """Batch normalisation while training, with the gradients of weight and bias."""
    layer = ag.nn.BatchNorm2d(shape[1])

    def ours(x: Any, w: Any, b: Any) -> Any:
        layer.weight, layer.bias = w, b
        return layer(x)

    def theirs(torch: Any) -> Any:
        mean, var = torch.zeros(shape[1]), torch.ones(shape[1])
        return lambda x, w, b: torch.nn.functional.batch_norm(x, mean, var, w, b, training=True)

    return both_ways(ours, theirs, (shape, (shape[1],), (shape[1],)))


def layer_norm(shape: tuple[int, int]) -> Build:
    """Layer normalisation of the last axis, with the gradients of weight and bias."""
    layer = ag.nn.LayerNorm(shape[1])

    def ours(x: Any, w: Any, b: Any) -> Any:
        layer.weight, layer.bias = w, b
        return layer(x)

    return both_ways(
        ours,
        lambda torch: lambda x, w, b: torch.nn.functional.layer_norm(x, shape[1:], w, b),
        (shape, shape[1:], shape[1:]),
    )
