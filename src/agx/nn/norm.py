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
    "LayerNorm",
]


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
        other = "BatchNorm1d" if len(shape) in (2, 3) else "BatchNorm2d" if len(shape) == 4 else ""
        if other and other != type(self).__name__ and shape[1] == n:
            return f"use {other}"
        if len(self.axes) == 1:
            return layout_fix(shape, n) or "check num_features"
        if len(shape) == 1:
            return "add the batch axis with x[None]"
        return (
            "the channels come last: write x.transpose(0, 2, 1)"
            if shape[2:] == (n,)
            else "check num_features"
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
        sizes = normalized_shape if isinstance(normalized_shape, Iterable) else (normalized_shape,)
        shape = tuple(sizes)
        for size in shape:
            check_positive("LayerNorm", normalized_shape=size)
        self.normalized_shape, self.eps = shape, eps
        self.weight = parameter(init.ones(shape, dtype)) if elementwise_affine else None
        self.bias = parameter(init.zeros(shape, dtype)) if elementwise_affine and bias else None

    def forward(self, x: Array) -> Tensor:
        """Normalise ``x``."""
        size = len(self.normalized_shape)
        if tuple(x.shape[-size:]) != self.normalized_shape:
            raise ValueError(
                f"{self!r}: expected the last axes to have shape {self.normalized_shape}, got x of "
                f"shape {x.shape}; check normalized_shape"
            )
        if self.weight is None:
            floating(self, x)
        elif x.dtype is not self.weight.dtype:
            x = as_parameters(self, x, self.weight.dtype)
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
