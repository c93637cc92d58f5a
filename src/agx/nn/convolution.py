"""Layers that slide filters over sequences, images and volumes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine.sizes import each
from .._runtime.rng import generator
from ..ops.images.border import Widths, bordered, check_mode, framed
from ..ops.images.conv import Conv2dPlan, convolve, plan_of
from ..ops.images.conv_nd import convolve1d, convolve3d
from ..ops.images.im2col import KINDS, Geometry, Sizes, geometry, layout_fix
from ..ops.images.transposed import transposed, transposed1d
from .inputs import as_parameters
from .layers import check_positive, default_start
from .module import Module

if TYPE_CHECKING:
    from .._engine.signatures import Array, Tensor


__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
]

_AXES = {1: "L", 2: "H, W", 3: "D, H, W"}


class _Filters(Module):
    """What convolution and its transpose share: sizes, weight and bias."""

    axes: int
    in_channels: int
    out_channels: int
    groups: int
    geometry: Geometry
    padding: tuple[int, ...] | str
    padding_mode: str = "zeros"
    border: Widths = ()
    weight: Tensor
    bias: Tensor | None

    def _build(self, in_channels: int, out_channels: int, groups: int) -> str:
        """Check and keep the channels, and return the name of the layer."""
        name = type(self).__name__
        check_positive(name, in_channels=in_channels, out_channels=out_channels, groups=groups)
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: groups={groups} must divide in_channels={in_channels} and "
                f"out_channels={out_channels}"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        return name

    def _draw(self, rows: int, columns: int, bias: bool, rng: Any, dtype: Any) -> None:
        """Draw the weight (rows, columns / groups, ...), and the bias."""
        rng = generator(rng)
        shape = (rows, columns // self.groups, *self.geometry.kernel)
        fan_in = math.prod(shape[1:])
        self.weight = default_start(shape, fan_in, rng, dtype)
        self.bias = default_start((self.out_channels,), fan_in, rng, dtype) if bias else None

    def _check(self, x: Any) -> None:
        """Raise ValueError unless ``x`` has the axes and the channels that the layer expects."""
        shape, channels = x.shape, self.in_channels
        if len(shape) != self.axes + 2 or shape[1] != channels:
            raise ValueError(
                f"{self!r}: expected {KINDS[self.axes]} of shape (N, {channels}, {_AXES[self.axes]}), got "
                f"{tuple(shape)}; {self._fix(tuple(shape))}"
            )

    def _fix(self, shape: tuple[int, ...]) -> str:
        """What to do with inputs of a shape that does not fit."""
        if self.axes == 2:
            return layout_fix(shape, self.in_channels) or "reshape x"
        if len(shape) == self.axes + 1 and shape[0] == self.in_channels:
            return "add the batch axis with x[None]"
        if len(shape) == self.axes + 1 and self.in_channels == 1:
            return "add the channel axis with x[:, None]"
        if len(shape) == self.axes + 2 and shape[-1] == self.in_channels:
            order = ", ".join(map(str, (0, len(shape) - 1, *range(1, len(shape) - 1))))
            return f"the channels come last: write x.transpose({order})"
        fits = len(shape) == self.axes + 2
        return f"check in_channels: x has {shape[1]} channels" if fits else "reshape x"

    def _taken(self, x: Array) -> Any:
        """``x`` in the dtype of the weight and with its border, or ValueError."""
        self._check(x)
        taken: Any = x
        if x.dtype is not self.weight.dtype:
            taken = as_parameters(self, x, self.weight.dtype)
        if self.border:
            taken = bordered(type(self).__name__, taken, self.border, self.padding_mode)
        return taken

    def extra_repr(self) -> str:
        """Return the sizes that differ from the defaults."""
        kernel, stride, _, dilation = self.geometry
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={kernel}"
        for name, value, plain in (
            ("stride", stride, (1,) * self.axes),
            ("padding", self.padding, (0,) * self.axes),
            ("dilation", dilation, (1,) * self.axes),
            ("groups", self.groups, 1),
            ("bias", self.bias is not None, True),
            ("padding_mode", self.padding_mode, "zeros"),
        ):
            text += "" if value == plain else f", {name}={value!r}"
        return text


class _Conv(_Filters):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        name = self._build(in_channels, out_channels, groups)
        self.padding_mode = check_mode(name, padding_mode)
        sizes = (kernel_size, stride, padding, dilation, self.axes, padding_mode)
        self.geometry, self.border = framed(name, *sizes)
        if isinstance(padding, str):
            self.padding = padding
        else:
            self.padding = each(name, "padding", padding, 0, self.axes)
        self._draw(out_channels, in_channels, bias, rng, dtype)


class Conv1d(_Conv):
    """Slide filters over sequences (see ``ag.conv1d``), otherwise as Conv2d.

    Input (N, in_channels, L), output (N, out_channels, OL), weight (out_channels, in_channels / groups, K).

    >>> ag.nn.Conv1d(3, 6, 5, padding="same")(np.ones((2, 3, 32), np.float32)).shape
    (2, 6, 32)
    """

    axes = 1

    def forward(self, x: Array) -> Tensor:
        """Apply the filters to sequences ``x``."""
        return convolve1d(self._taken(x), self.weight, self.bias, self.geometry, self.groups)


class Conv2d(_Conv):
    """Slide filters over images (see ``ag.conv2d``).

    Input (N, in_channels, H, W), output (N, out_channels, OH, OW), weight
    (out_channels, in_channels / groups, KH, KW). ``padding`` may be "same" (for a stride of 1) or "valid",
    and is made of zeros, or by ``padding_mode`` "reflect", "replicate" or "circular" of the image. Raises
    ValueError for sizes that do not fit.

    >>> ag.nn.Conv2d(3, 6, 5)(np.ones((2, 3, 32, 32), np.float32)).shape
    (2, 6, 28, 28)
    """

    axes = 2

    def forward(self, x: Array) -> Tensor:
        """Apply the filters to images ``x``."""
        return convolve(self._taken(x), self.weight, self.bias, self.geometry, self.groups)

    def plan(self, x: Any) -> Conv2dPlan:
        """Say who multiplies for images ``x`` (see ``ag.conv2d_plan``)."""
        self._check(x)
        if self.border:
            x = bordered("Conv2d", x, self.border, self.padding_mode)
        return plan_of(x, self.weight, self.bias, self.geometry, self.groups)


class Conv3d(_Conv):
    """Slide filters over volumes (see ``ag.conv3d``), otherwise as Conv2d.

    Input (N, in_channels, D, H, W), output (N, out_channels, OD, OH, OW), weight
    (out_channels, in_channels / groups, KD, KH, KW).

    >>> ag.nn.Conv3d(1, 2, 3)(np.ones((1, 1, 8, 8, 8), np.float32)).shape
    (1, 2, 6, 6, 6)
    """

    axes = 3

    def forward(self, x: Array) -> Tensor:
        """Apply the filters to volumes ``x``."""
        return convolve3d(self._taken(x), self.weight, self.bias, self.geometry, self.groups)


class _ConvTranspose(_Filters):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        name = self._build(in_channels, out_channels, groups)
        self.geometry = geometry(name, kernel_size, stride, padding, dilation, self.axes)
        self.padding = self.geometry.padding
        self.output_padding = each(name, "output_padding", output_padding, 0, self.axes)
        self._draw(in_channels, out_channels, bias, rng, dtype)

    def extra_repr(self) -> str:
        """Return the sizes that differ from the defaults."""
        text = super().extra_repr()
        return f"{text}, output_padding={self.output_padding}" if any(self.output_padding) else text


class ConvTranspose1d(_ConvTranspose):
    """Put filters at each place of sequences, to make longer ones (see ``ag.conv_transpose1d``).

    Input (N, in_channels, L), output (N, out_channels, OL), weight
    (in_channels, out_channels / groups, K). Raises ValueError for sizes that do not fit.

    >>> ag.nn.ConvTranspose1d(6, 3, 2, stride=2)(np.ones((2, 6, 5), np.float32)).shape
    (2, 3, 10)
    """

    axes = 1

    def forward(self, x: Array) -> Tensor:
        """Apply the filters to sequences ``x``."""
        how = (self.geometry, self.output_padding, self.groups)
        return transposed1d(self._taken(x), self.weight, self.bias, *how)


class ConvTranspose2d(_ConvTranspose):
    """Put filters at each place of images, to make larger ones (see ``ag.conv_transpose2d``).

    Input (N, in_channels, H, W), output (N, out_channels, OH, OW), weight
    (in_channels, out_channels / groups, KH, KW). Raises ValueError for sizes that do not fit.

    >>> ag.nn.ConvTranspose2d(6, 3, 2, stride=2)(np.ones((2, 6, 5, 5), np.float32)).shape
    (2, 3, 10, 10)
    """

    axes = 2

    def forward(self, x: Array) -> Tensor:
        """Apply the filters to images ``x``."""
        how = (self.geometry, self.output_padding, self.groups)
        return transposed(self._taken(x), self.weight, self.bias, *how)
