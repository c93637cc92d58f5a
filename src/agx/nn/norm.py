"""Normalisation layers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine.graph import value_of
from ..custom import computed_again
from ..ops.complex import check_real
from ..ops.elementwise.arithmetic import sqrt
from ..ops.images.im2col import layout_fix
from ..ops.normal import batch_norm, layer_norm
from ..ops.reduce.sums import mean, var
from ..ops.shape.axes import reshape
from . import init
from .inputs import as_parameters, floating
from .layers import check_positive
from .module import Module, parameter

if TYPE_CHECKING:
    from .._engine.signatures import Array, Tensor


__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "LayerNorm",
    "RMSNorm",
]


def _so_many(shape: tuple[int, ...]) -> str:
    """How many channels there are, if there is an axis for them."""
    return f": x has {shape[1]} channels" if len(shape) > 1 else ""


class _BatchNorm(Module):
    axes: tuple[tuple[int, ...], ...]
    running_mean: np.ndarray
    running_var: np.ndarray
    num_batches_tracked: np.ndarray

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        check_positive(type(self).__name__, num_features=num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = parameter(init.ones((num_features,), dtype)) if affine else None
        self.bias = parameter(init.zeros((num_features,), dtype)) if affine else None
        self.register_buffer("running_mean", np.zeros(num_features, dtype))
        self.register_buffer("running_var", np.ones(num_features, dtype))
        self.register_buffer("num_batches_tracked", np.zeros((), np.int64))

    def forward(self, x: Array) -> Tensor:
        """Normalise ``x``; in training mode also update the running statistics."""
        ndims = [len(axes) + 1 for axes in self.axes]
        if x.ndim not in ndims or x.shape[1] != self.num_features:
            raise ValueError(
                f"{self!r}: expected {' or '.join(map(str, ndims))} axes with {self.num_features} "
                f"channels in the second, got x of shape {tuple(x.shape)}; {self._fix(x.shape)}"
            )
        check_real(repr(self), x)
        if x.dtype is not self.running_mean.dtype:
            x = as_parameters(self, x, self.running_mean.dtype)
        shape = (1, -1) + (1,) * (x.ndim - 2)
        middle: Any
        spread: Any
        if not self.training:
            middle, spread = self.running_mean.reshape(shape), self.running_var.reshape(shape)
        elif self.weight is None or self.bias is None or x.ndim == 2:
            self._check_count(x)
            axes = self.axes[ndims.index(x.ndim)]
            middle, spread = mean(x, axes, keepdims=True), var(x, axes, keepdims=True)
            self._follow(x, *(np.ravel(value_of(v)) for v in (middle, spread)))
        else:
            self._check_count(x)
            out, *moments = batch_norm(x, self.weight, self.bias, self.eps)
            self._follow(x, *moments)
            return out
        scale = 1 / sqrt(spread + self.eps)
        if self.weight is None or self.bias is None:
            return (x - middle) * scale
        return (x - middle) * (reshape(self.weight, shape) * scale) + reshape(self.bias, shape)

    def _fix(self, shape: tuple[int, ...]) -> str:
        """What to do with inputs of a shape that does not fit."""
        n = self.num_features
        axes = {2: 1, 3: 1, 4: 2, 5: 3}.get(len(shape))
        if axes and f"BatchNorm{axes}d" != type(self).__name__ and shape[1] == n:
            return f"use BatchNorm{axes}d"
        if len(self.axes) == 1:
            fix = layout_fix(shape, n, "num_features") if len(self.axes[0]) == 3 else ""
            return fix or "check num_features" + _so_many(shape)
        if len(shape) == 1:
            return "add the batch axis with x[None]"
        return (
            "the channels come last: write x.transpose(0, 2, 1)"
            if shape[2:] == (n,)
            else "check num_features" + _so_many(shape)
        )

    def _check_count(self, x: Any) -> None:
        """Refuse a batch without variance."""
        if x.size // self.num_features < 2:
            raise ValueError(
                f"{self!r}: a batch of shape {x.shape} has one value per channel, which has no "
                "variance; use larger batches, and drop_last=True in ag.data.Loader if the last one is "
                "to blame, or .eval()"
            )

    def _follow(self, x: Any, middle: np.ndarray, spread: np.ndarray) -> None:
        """Move the running statistics towards those of the batch."""
        if computed_again.get():
            return
        count = x.size // self.num_features
        self.num_batches_tracked += 1
        rate = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean += rate * (middle - self.running_mean)
        self.running_var += rate * (spread * (count / (count - 1)) - self.running_var)

    def extra_repr(self) -> str:
        """Return the size and the constants."""
        text = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        return text if self.weight is not None else f"{text}, affine=False"


class BatchNorm1d(_BatchNorm):
    """Normalise each feature over the batch (Ioffe and Szegedy, 2015).

    Input (N, num_features) or (N, num_features, L). y = (x - mean) / sqrt(var + eps) * weight + bias
    with statistics of the batch while training, and running ones in evaluation: these move by the share
    ``momentum`` towards each batch's, or average all batches if it is None. Raises ValueError for another
    shape, or a training batch with one value per feature.

    >>> ag.nn.BatchNorm1d(3)(np.random.rand(8, 3).astype(np.float32)).shape
    (8, 3)
    """

    axes = ((0,), (0, 2))


class BatchNorm2d(_BatchNorm):
    """Normalise each channel over batch and image (Ioffe and Szegedy, 2015).

    Input (N, num_features, H, W); otherwise as BatchNorm1d.

    >>> ag.nn.BatchNorm2d(3)(np.random.rand(2, 3, 4, 4).astype(np.float32)).shape
    (2, 3, 4, 4)
    """

    axes = ((0, 2, 3),)


class BatchNorm3d(_BatchNorm):
    """Normalise each channel over batch and volume (Ioffe and Szegedy, 2015).

    Input (N, num_features, D, H, W); otherwise as BatchNorm1d.

    >>> ag.nn.BatchNorm3d(3)(np.random.rand(2, 3, 4, 4, 4).astype(np.float32)).shape
    (2, 3, 4, 4, 4)
    """

    axes = ((0, 2, 3, 4),)


class _InstanceNorm(Module):
    axes: int
    running_mean: np.ndarray
    running_var: np.ndarray
    num_batches_tracked: np.ndarray

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        dtype: Any = np.float32,
    ) -> None:
        check_positive(type(self).__name__, num_features=num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = parameter(init.ones((num_features,), dtype)) if affine else None
        self.bias = parameter(init.zeros((num_features,), dtype)) if affine else None
        if track_running_stats:
            self.register_buffer("running_mean", np.zeros(num_features, dtype))
            self.register_buffer("running_var", np.ones(num_features, dtype))
            self.register_buffer("num_batches_tracked", np.zeros((), np.int64))  # 0, as in PyTorch

    def forward(self, x: Array) -> Tensor:
        """Normalise ``x``; in training mode also update the running statistics, if it has some."""
        if x.ndim != self.axes + 2 or x.shape[1] != self.num_features:
            fix = layout_fix(x.shape, self.num_features, "num_features") if self.axes == 2 else ""
            raise ValueError(
                f"{self!r}: expected {self.axes + 2} axes with {self.num_features} channels in the second, "
                f"got x of shape {tuple(x.shape)}; {fix or 'check num_features' + _so_many(x.shape)}"
            )
        check_real(repr(self), x)
        taken = _converted(self, x)
        if self.track_running_stats and not self.training:
            shape = (1, -1) + (1,) * self.axes
            scale = 1 / np.sqrt(self.running_var + self.eps)
            found = (taken - self.running_mean.reshape(shape)) * scale.reshape(shape)
            return _scaled(found, self.weight, self.bias)
        size = math.prod(x.shape[2:])
        if size < 2:
            raise ValueError(
                f"{self!r}: x of shape {tuple(x.shape)} has one value per channel, which has no variance; "
                "use larger images"
            )
        if self.track_running_stats:
            self._follow(value_of(taken), size)
        return _scaled(_in_groups(taken, self.num_features, self.eps), self.weight, self.bias)

    def _follow(self, x: Any, count: int) -> None:
        """Move the running statistics towards the averages of those of the samples."""
        if computed_again.get() or not len(x):
            return
        axes = tuple(range(2, x.ndim))
        spread = np.var(x, axes).mean(0) * (count / (count - 1))
        self.running_mean += self.momentum * (np.mean(x, axes).mean(0) - self.running_mean)
        self.running_var += self.momentum * (spread - self.running_var)

    def extra_repr(self) -> str:
        """Return the size and the constants."""
        text = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        return f"{text}, affine={self.affine}, track_running_stats={self.track_running_stats}"


class InstanceNorm1d(_InstanceNorm):
    """Normalise each channel of each sequence (Ulyanov et al., 2016).

    Input (N, num_features, L). y = (x - mean) / sqrt(var + eps), with ``affine`` times weight plus bias.
    With ``track_running_stats`` running statistics follow the averages of each batch as in BatchNorm1d,
    and are used in evaluation. Raises ValueError for another shape, or one value per channel.

    >>> ag.nn.InstanceNorm1d(3)(np.random.rand(2, 3, 8).astype(np.float32)).shape
    (2, 3, 8)
    """

    axes = 1


class InstanceNorm2d(_InstanceNorm):
    """Normalise each channel of each image (Ulyanov et al., 2016).

    Input (N, num_features, H, W); otherwise as InstanceNorm1d.

    >>> ag.nn.InstanceNorm2d(3)(np.random.rand(2, 3, 4, 4).astype(np.float32)).shape
    (2, 3, 4, 4)
    """

    axes = 2


class GroupNorm(Module):
    """Normalise each sample over groups of its channels (Wu and He, 2018).

    Input (N, num_channels, ...). y = (x - mean) / sqrt(var + eps) * weight + bias, with statistics of
    num_channels / num_groups channels and weight and bias for each channel. Raises ValueError for groups
    that do not divide the channels, and for another shape.

    >>> ag.nn.GroupNorm(2, 4)(np.random.rand(2, 4, 3, 3).astype(np.float32)).shape
    (2, 4, 3, 3)
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        check_positive("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if num_channels % num_groups:
            raise ValueError(
                f"GroupNorm: num_groups={num_groups} must divide num_channels={num_channels}"
            )
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight = parameter(init.ones((num_channels,), dtype)) if affine else None
        self.bias = parameter(init.zeros((num_channels,), dtype)) if affine else None

    def forward(self, x: Array) -> Tensor:
        """Normalise ``x``."""
        if x.ndim < 2 or x.shape[1] != self.num_channels:
            fix = layout_fix(x.shape, self.num_channels, "num_channels") if x.ndim == 4 else ""
            raise ValueError(
                f"{self!r}: expected {self.num_channels} channels in the second axis, got x of shape "
                f"{tuple(x.shape)}; {fix or 'check num_channels' + _so_many(x.shape)}"
            )
        found = _in_groups(_converted(self, x), self.num_groups, self.eps)
        return _scaled(found, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes and the constants."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.weight is not None}"


def _converted(layer: Any, x: Any) -> Any:
    """``x`` in the dtype of the weight, or any floating-point numbers if there is none."""
    if layer.weight is None:
        floating(layer, x)
        return x
    return x if x.dtype is layer.weight.dtype else as_parameters(layer, x, layer.weight.dtype)


def _in_groups(x: Any, groups: int, eps: float) -> Any:
    """Normalise so many groups of channels of each sample."""
    size = math.prod(x.shape[1:]) // groups
    dtype = np.float32 if x.dtype == np.float32 else np.float64
    rows = reshape(x, (x.shape[0], groups, size))
    return reshape(layer_norm(rows, np.ones(size, dtype), np.zeros(size, dtype), eps), x.shape)


def _scaled(x: Any, weight: Any, bias: Any) -> Any:
    """Channels times their weight plus their bias, if there are."""
    if weight is None:
        return x
    shape = (-1,) + (1,) * (x.ndim - 2)
    return x * reshape(weight, shape) + reshape(bias, shape)


def _last_axes(layer: str, given: int | Iterable[int]) -> tuple[int, ...]:
    """Read the shape of the last axes."""
    shape = tuple(given) if isinstance(given, Iterable) else (given,)
    for size in shape:
        check_positive(layer, normalized_shape=size)
    return shape


def _check_last_axes(layer: LayerNorm | RMSNorm, x: Any) -> int:
    """The number of axes over which ``x`` is normalised, or ValueError if it ends otherwise."""
    size = len(layer.normalized_shape)
    if tuple(x.shape[-size:]) != layer.normalized_shape:
        raise ValueError(
            f"{layer!r}: expected the last axes to have shape {layer.normalized_shape}, got x of "
            f"shape {x.shape}; check normalized_shape: x ends in {tuple(x.shape[-size:])}"
        )
    return size


class LayerNorm(Module):
    """Normalise each sample over its last axes (Ba et al., 2016).

    ``normalized_shape`` is the length of the last axis or the shape of the last axes.
    y = (x - mean) / sqrt(var + eps) * weight + bias, both of that shape. Raises ValueError if the
    input ends otherwise.

    >>> ag.nn.LayerNorm(4)(np.random.rand(2, 3, 4).astype(np.float32)).shape
    (2, 3, 4)
    """

    def __init__(
        self,
        normalized_shape: int | Iterable[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        shape = _last_axes("LayerNorm", normalized_shape)
        self.normalized_shape, self.eps = shape, eps
        self.weight = parameter(init.ones(shape, dtype)) if elementwise_affine else None
        self.bias = parameter(init.zeros(shape, dtype)) if elementwise_affine and bias else None

    def forward(self, x: Array) -> Tensor:
        """Normalise ``x``."""
        size = _check_last_axes(self, x)
        x = _converted(self, x)
        if self.weight is not None and self.bias is not None:
            if size == 1:
                return layer_norm(x, self.weight, self.bias, self.eps)
            shape = (*x.shape[:-size], math.prod(self.normalized_shape))
            w, b = reshape(self.weight, -1), reshape(self.bias, -1)
            return reshape(layer_norm(reshape(x, shape), w, b, self.eps), x.shape)
        axes = tuple(range(-size, 0))
        scaled = (x - mean(x, axes, keepdims=True)) / sqrt(var(x, axes, keepdims=True) + self.eps)
        if self.weight is not None:
            scaled = scaled * self.weight
        return scaled if self.bias is None else scaled + self.bias

    def extra_repr(self) -> str:
        """Return the shape and the constant."""
        text = f"{self.normalized_shape}, eps={self.eps}"
        if self.weight is None:
            return f"{text}, elementwise_affine=False"
        return text if self.bias is not None else f"{text}, bias=False"


class RMSNorm(Module):
    """Divide each sample by its root mean square over the last axes (Zhang and Sennrich, 2019).

    ``normalized_shape`` is the length of the last axis or the shape of the last axes.
    y = x / sqrt(mean(x^2) + eps) * weight; ``eps`` is by default the least by which 1 can grow in the
    dtype of x. Raises ValueError if the input ends otherwise.

    >>> ag.nn.RMSNorm(2)(np.array([[3.0, 3.0]], np.float32)).value
    array([[1., 1.]], dtype=float32)
    """

    def __init__(
        self,
        normalized_shape: int | Iterable[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        self.normalized_shape, self.eps = _last_axes("RMSNorm", normalized_shape), eps
        shape = self.normalized_shape
        self.weight = parameter(init.ones(shape, dtype)) if elementwise_affine else None

    def forward(self, x: Array) -> Tensor:
        """Divide ``x``."""
        axes = tuple(range(-_check_last_axes(self, x), 0))
        taken = _converted(self, x)
        eps = float(np.finfo(taken.dtype).eps) if self.eps is None else self.eps
        found: Any = taken / sqrt(mean(taken * taken, axes, keepdims=True) + eps)
        return found if self.weight is None else found * self.weight

    def extra_repr(self) -> str:
        """Return the shape and the constants."""
        affine = "" if self.weight is not None else ", elementwise_affine=False"
        return f"{self.normalized_shape}, eps={self.eps}{affine}"
