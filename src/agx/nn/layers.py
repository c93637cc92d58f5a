"""Layers, with PyTorch's names, argument order, weight layouts and initial values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine.sizes import flag, pair
from .._engine.symbols import acting
from .._runtime.rng import generator
from ..ops.images import pool
from ..ops.images.conv import Conv2dPlan, convolve, plan_of
from ..ops.images.im2col import Geometry, Pair, geometry, layout_fix
from ..ops.images.transposed import transposed
from ..ops.linalg.products import linear
from ..ops.shape.axes import reshape
from ..tensor import Tensor
from . import init
from .inputs import as_parameters, floating
from .module import Module, Weightless, parameter

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .._engine.signatures import Array


__all__ = [
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "Conv2d",
    "ConvTranspose2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "Linear",
    "MaxPool2d",
]


def _default(shape: tuple[int, ...], fan_in: int, rng: Any, dtype: Any) -> Tensor:
    """U(-1/sqrt(fan_in), 1/sqrt(fan_in)), which PyTorch's layers start from."""
    return parameter(init.uniform(shape, 1 / math.sqrt(max(fan_in, 1)), rng, dtype))


def check_positive(layer: str, **sizes: int) -> None:
    """Raise ValueError for a size that is no positive integer."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"{layer}: {name} must be a positive integer, got {size!r}")


class Linear(Module):
    """Compute x @ weight.T + bias.

    Input (..., in_features), output (..., out_features), weight (out_features, in_features).
    Raises ValueError for another number of features.

    >>> ag.nn.Linear(4, 2)(np.ones((3, 4), np.float32)).shape
    (3, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        check_positive("Linear", in_features=in_features, out_features=out_features)
        rng = generator(rng)
        self.in_features, self.out_features = in_features, out_features
        self.weight = _default((out_features, in_features), in_features, rng, dtype)
        self.bias = _default((out_features,), in_features, rng, dtype) if bias else None

    def forward(self, x: Array) -> Tensor:
        """Apply the layer to the last axis of ``x``."""
        if not x.shape or x.shape[-1] != self.in_features:
            raise ValueError(
                f"{self!r}: expected {self.in_features} features in the last axis, got x of shape "
                f"{tuple(x.shape)}; {self._fix(x.shape)}"
            )
        if x.dtype is not self.weight.dtype:
            x = as_parameters(self, x, self.weight.dtype)
        return linear(x, self.weight, self.bias)

    def _fix(self, shape: tuple[int, ...]) -> str:
        """What to do with inputs of a shape that does not fit."""
        if len(shape) > 2 and math.prod(shape[1:]) == self.in_features:
            return "flatten x with ag.nn.Flatten()"
        if len(shape) == 2 and shape[0] == self.in_features:
            return "the features stand in the first axis: write x.T"
        if len(shape) == 1 and self.in_features == 1:
            return "write x[:, None] for one feature of each sample"
        if len(shape) == 4:
            return (
                f"flatten x with ag.nn.Flatten(), and make the layer Linear({math.prod(shape[1:])}, "
                f"{self.out_features})"
            )
        if not shape:
            return "it is a single number: write x[None]"
        return (
            f"make the layer Linear({shape[-1]}, {self.out_features}): it has {shape[-1]} features (after "
            "Flatten they follow from the size of the images)"
        )

    def extra_repr(self) -> str:
        """Return the sizes."""
        text = f"{self.in_features}, {self.out_features}"
        return text if self.bias is not None else f"{text}, bias=False"


def check_images(layer: Any, x: Any, channels: int) -> None:
    """Raise ValueError unless ``x`` holds images of so many channels."""
    if len(x.shape) != 4 or x.shape[1] != channels:
        raise ValueError(
            f"{layer!r}: expected images of shape (N, {channels}, H, W), got {tuple(x.shape)}; "
            f"{layout_fix(x.shape, channels) or 'reshape x'}"
        )


def sizes_in_words(layer: Any) -> str:
    """The sizes of a convolution, as far as they differ from the defaults."""
    kernel, stride, padding, dilation = layer.geometry
    text = f"{layer.in_channels}, {layer.out_channels}, kernel_size={kernel}"
    for name, value, plain in (
        ("stride", stride, (1, 1)),
        ("padding", padding, (0, 0)),
        ("dilation", dilation, (1, 1)),
        ("groups", layer.groups, 1),
        ("bias", layer.bias is not None, True),
    ):
        text += "" if value == plain else f", {name}={value}"
    return text


class _Filters(Module):
    """What convolution and its transpose share: sizes, weight and bias."""

    in_channels: int
    out_channels: int
    groups: int
    geometry: Geometry
    weight: Tensor
    bias: Tensor | None

    def _build(
        self, in_channels: int, out_channels: int, sizes: tuple[Pair, ...], groups: int
    ) -> None:
        """Check and keep the sizes; ``sizes`` are those of ``geometry``."""
        name = type(self).__name__
        check_positive(name, in_channels=in_channels, out_channels=out_channels, groups=groups)
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: groups={groups} must divide in_channels={in_channels} and "
                f"out_channels={out_channels}"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.geometry = geometry(name, *sizes)

    def _draw(self, rows: int, columns: int, bias: bool, rng: Any, dtype: Any) -> None:
        """Draw the weight (rows, columns / groups, KH, KW), and the bias."""
        rng = generator(rng)
        shape = (rows, columns // self.groups, *self.geometry.kernel)
        fan_in = math.prod(shape[1:])
        self.weight = _default(shape, fan_in, rng, dtype)
        self.bias = _default((self.out_channels,), fan_in, rng, dtype) if bias else None

    def _taken(self, x: Array) -> Any:
        """Images ``x`` in the dtype of the weight, or ValueError."""
        check_images(self, x, self.in_channels)
        return x if x.dtype is self.weight.dtype else as_parameters(self, x, self.weight.dtype)

    def extra_repr(self) -> str:
        """Return the sizes that differ from the defaults."""
        return sizes_in_words(self)


class Conv2d(_Filters):
    """Slide filters over images (see ``ag.conv2d``).

    Input (N, in_channels, H, W), output (N, out_channels, OH, OW), weight
    (out_channels, in_channels / groups, KH, KW). Raises ValueError for sizes that do not fit.

    >>> ag.nn.Conv2d(3, 6, 5)(np.ones((2, 3, 32, 32), np.float32)).shape
    (2, 6, 28, 28)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self._build(in_channels, out_channels, (kernel_size, stride, padding, dilation), groups)
        self._draw(out_channels, in_channels, bias, rng, dtype)

    def forward(self, x: Array) -> Tensor:
        """Apply the filters to images ``x``."""
        return convolve(self._taken(x), self.weight, self.bias, self.geometry, self.groups)

    def plan(self, x: Any) -> Conv2dPlan:
        """Say who multiplies for images ``x`` (see ``ag.conv2d_plan``)."""
        check_images(self, x, self.in_channels)
        return plan_of(x, self.weight, self.bias, self.geometry, self.groups)


class ConvTranspose2d(_Filters):
    """Put filters at each place of images, to make larger ones (see ``ag.conv_transpose2d``).

    Input (N, in_channels, H, W), output (N, out_channels, OH, OW), weight
    (in_channels, out_channels / groups, KH, KW). Raises ValueError for sizes that do not fit.

    >>> ag.nn.ConvTranspose2d(6, 3, 2, stride=2)(np.ones((2, 6, 5, 5), np.float32)).shape
    (2, 3, 10, 10)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        output_padding: Pair = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Pair = 1,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self._build(in_channels, out_channels, (kernel_size, stride, padding, dilation), groups)
        self.output_padding = pair("ConvTranspose2d", "output_padding", output_padding, 0)
        self._draw(in_channels, out_channels, bias, rng, dtype)

    def forward(self, x: Array) -> Tensor:
        """Apply the filters to images ``x``."""
        how = (self.geometry, self.output_padding, self.groups)
        return transposed(self._taken(x), self.weight, self.bias, *how)

    def extra_repr(self) -> str:
        """Return the sizes that differ from the defaults."""
        text = super().extra_repr()
        plain = self.output_padding == (0, 0)
        return text if plain else f"{text}, output_padding={self.output_padding}"


class MaxPool2d(Weightless):
    """Take the largest element of each window (see ``ag.max_pool2d``).

    Raises ValueError for sizes that are none.

    >>> ag.nn.MaxPool2d(2)(np.ones((2, 3, 8, 8))).shape
    (2, 3, 4, 4)
    """

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        dilation: Pair = 1,
        *,
        ceil_mode: bool = False,
    ) -> None:
        step = kernel_size if stride is None else stride
        geometry("MaxPool2d", kernel_size, step, padding, dilation)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.dilation, self.ceil_mode = dilation, flag("MaxPool2d", "ceil_mode", ceil_mode)

    def forward(self, x: Any) -> Any:
        """Pool images ``x``."""
        floating(self, x)
        return pool.max_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )

    def extra_repr(self) -> str:
        """Return the sizes, and the settings that differ from the defaults."""
        return _windows_in_words(self, dilation=1, ceil_mode=False)


class AvgPool2d(Weightless):
    """Average each window (see ``ag.avg_pool2d``).

    Raises ValueError for sizes that are none.

    >>> ag.nn.AvgPool2d(2)(np.ones((2, 3, 8, 8))).shape
    (2, 3, 4, 4)
    """

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        name = "AvgPool2d"
        geometry(name, kernel_size, kernel_size if stride is None else stride, padding, 1)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.ceil_mode = flag(name, "ceil_mode", ceil_mode)
        self.count_include_pad = flag(name, "count_include_pad", count_include_pad)
        self.divisor_override = pool.check_divisor(name, divisor_override)

    def forward(self, x: Any) -> Any:
        """Pool images ``x``."""
        floating(self, x)
        return pool.avg_pool2d(
            x,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        """Return the sizes, and the settings that differ from the defaults."""
        return _windows_in_words(
            self, ceil_mode=False, count_include_pad=True, divisor_override=None
        )


def _windows_in_words(layer: MaxPool2d | AvgPool2d, **defaults: Any) -> str:
    stride = layer.kernel_size if layer.stride is None else layer.stride
    text = f"kernel_size={layer.kernel_size}, stride={stride}, padding={layer.padding}"
    for name, default in defaults.items():
        value = str(getattr(layer, name))
        text += "" if value == str(default) else f", {name}={value}"
    return text


class AdaptiveAvgPool2d(Weightless):
    """Average over windows so that the output has a given size (see ``ag.adaptive_avg_pool2d``).

    >>> ag.nn.AdaptiveAvgPool2d(1)(np.ones((2, 3, 7, 5))).shape
    (2, 3, 1, 1)
    """

    def __init__(self, output_size: Pair) -> None:
        self.output_size = output_size

    def forward(self, x: Any) -> Any:
        """Pool images ``x``."""
        floating(self, x)
        return pool.adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self) -> str:
        """Return the size."""
        return f"{self.output_size}"


class Flatten(Weightless):
    """Make one axis of the axes from ``start_dim`` to ``end_dim``: of all but the first.

    Raises ValueError for axes that the input does not have, or that are in the wrong order.

    >>> ag.nn.Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Any) -> Any:
        """Flatten ``x``."""
        shape = x.shape
        start, end = (d + len(shape) if d < 0 else d for d in (self.start_dim, self.end_dim))
        if not 0 <= start <= end < len(shape):
            raise ValueError(
                f"{self!r}: there are no axes {self.start_dim} to {self.end_dim} in x of shape {shape}; "
                "check start_dim and end_dim"
            )
        return reshape(x, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))

    def extra_repr(self) -> str:
        """Return the axes, if they are not the usual ones."""
        axes = self.start_dim, self.end_dim
        return "" if axes == (1, -1) else f"start_dim={axes[0]}, end_dim={axes[1]}"


class Dropout(Weightless):
    """Set elements to zero with probability ``p`` while training, and scale the rest by 1 / (1 - p).

    ``rng`` is a generator or a seed; by default the generator of ``ag.seed``. Raises ValueError
    unless 0 <= p < 1 (Srivastava et al., 2014).

    >>> ag.nn.Dropout(0.5).eval()(np.ones(3))
    array([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, *, rng: Any = None) -> None:
        if not isinstance(p, (int, float, np.number)) or not 0 <= p < 1:
            raise ValueError(f"Dropout: p must lie in [0, 1), got {p!r}")
        self.p = p
        self.rng = None if rng is None else generator(rng)

    def forward(self, x: Any) -> Any:
        """Drop elements of ``x`` in training mode."""
        if not self.training or self.p == 0:
            return x
        floating(self, x)
        rng, shape = generator(self.rng), x.shape
        kept = acting(lambda: rng.random(shape, np.float32), draws=True) >= self.p
        return x * (kept / (1 - self.p)).astype(x.dtype)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}"


class Embedding(Module):
    """Look up a row of ``weight`` (num_embeddings, embedding_dim) for each integer.

    Starts from N(0, 1). Raises TypeError for indices that are no integers and IndexError for one out
    of range.

    >>> ag.nn.Embedding(10, 4)(np.array([[1, 2, 1]])).shape
    (1, 3, 4)
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, *, rng: Any = None, dtype: Any = np.float32
    ) -> None:
        check_positive("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.weight = parameter(init.normal((num_embeddings, embedding_dim), 1.0, rng, dtype))

    def forward(self, indices: ArrayLike) -> Tensor:
        """Look up ``indices``, an array of integers of any shape."""
        indices = np.asarray(indices)
        if indices.dtype.kind not in "iu":
            raise TypeError(
                f"Embedding: expected integer indices, got dtype {indices.dtype}; write x.astype(np.int64)"
            )
        outside = (indices < 0) | (indices >= len(self.weight))
        if outside.any():
            raise IndexError(
                f"Embedding: index {indices[outside][0]} is out of range for {len(self.weight)} rows; "
                f"give indices from 0 to {len(self.weight) - 1}, or a larger num_embeddings"
            )
        return self.weight[indices]

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"
