"""Layers that pool windows of images and of sequences."""

from __future__ import annotations

from typing import Any

from .._engine.sizes import flag
from ..ops.images import pool
from ..ops.images.im2col import Sizes, geometry
from .inputs import floating
from .module import Weightless

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "MaxPool1d",
    "MaxPool2d",
]


class _Windows(Weightless):
    """What layers with sliding windows share: the sizes."""

    axes = 2
    kernel_size: Sizes
    stride: Sizes | None
    padding: Sizes

    def _build(self, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> str:
        """Check and keep the sizes, and return the name of the layer."""
        name = type(self).__name__
        step = kernel_size if stride is None else stride
        geometry(name, kernel_size, step, padding, dilation, self.axes)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        return name

    def _in_words(self, **defaults: Any) -> str:
        """The sizes, and the settings that differ from the defaults."""
        stride = self.kernel_size if self.stride is None else self.stride
        text = f"kernel_size={self.kernel_size}, stride={stride}, padding={self.padding}"
        for name, default in defaults.items():
            value = str(getattr(self, name))
            text += "" if value == str(default) else f", {name}={value}"
        return text


class _MaxPool(_Windows):
    pool: Any

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        *,
        ceil_mode: bool = False,
    ) -> None:
        name = self._build(kernel_size, stride, padding, dilation)
        self.dilation, self.ceil_mode = dilation, flag(name, "ceil_mode", ceil_mode)

    def forward(self, x: Any) -> Any:
        """Pool ``x``."""
        floating(self, x)
        sizes = (self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
        return type(self).pool(x, *sizes)

    def extra_repr(self) -> str:
        """Return the sizes, and the settings that differ from the defaults."""
        return self._in_words(dilation=1, ceil_mode=False)


class MaxPool1d(_MaxPool):
    """Take the largest element of each window of sequences (see ``ag.max_pool1d``).

    Raises ValueError for sizes that are none.

    >>> ag.nn.MaxPool1d(2)(np.ones((2, 3, 8))).shape
    (2, 3, 4)
    """

    axes = 1
    pool = staticmethod(pool.max_pool1d)


class MaxPool2d(_MaxPool):
    """Take the largest element of each window (see ``ag.max_pool2d``).

    Raises ValueError for sizes that are none.

    >>> ag.nn.MaxPool2d(2)(np.ones((2, 3, 8, 8))).shape
    (2, 3, 4, 4)
    """

    pool = staticmethod(pool.max_pool2d)


class AvgPool1d(_Windows):
    """Average each window of sequences (see ``ag.avg_pool1d``).

    Raises ValueError for sizes that are none.

    >>> ag.nn.AvgPool1d(2)(np.ones((2, 3, 8))).shape
    (2, 3, 4)
    """

    axes = 1

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        name = self._build(kernel_size, stride, padding, 1)
        self.ceil_mode = flag(name, "ceil_mode", ceil_mode)
        self.count_include_pad = flag(name, "count_include_pad", count_include_pad)

    def forward(self, x: Any) -> Any:
        """Pool sequences ``x``."""
        floating(self, x)
        sizes: Any = (self.kernel_size, self.stride, self.padding)
        return pool.avg_pool1d(x, *sizes, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        """Return the sizes, and the settings that differ from the defaults."""
        return self._in_words(ceil_mode=False, count_include_pad=True)


class AvgPool2d(_Windows):
    """Average each window (see ``ag.avg_pool2d``).

    Raises ValueError for sizes that are none.

    >>> ag.nn.AvgPool2d(2)(np.ones((2, 3, 8, 8))).shape
    (2, 3, 4, 4)
    """

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        name = self._build(kernel_size, stride, padding, 1)
        self.ceil_mode = flag(name, "ceil_mode", ceil_mode)
        self.count_include_pad = flag(name, "count_include_pad", count_include_pad)
        self.divisor_override = pool.check_divisor(name, divisor_override)

    def forward(self, x: Any) -> Any:
        """Pool images ``x``."""
        floating(self, x)
        sizes: Any = (self.kernel_size, self.stride, self.padding)
        how = (self.ceil_mode, self.count_include_pad, self.divisor_override)
        return pool.avg_pool2d(x, *sizes, *how)

    def extra_repr(self) -> str:
        """Return the sizes, and the settings that differ from the defaults."""
        return self._in_words(ceil_mode=False, count_include_pad=True, divisor_override=None)


class _Adaptive(Weightless):
    pool: Any

    def __init__(self, output_size: pool.Output) -> None:
        self.output_size = output_size

    def forward(self, x: Any) -> Any:
        """Pool ``x``."""
        floating(self, x)
        return type(self).pool(x, self.output_size)

    def extra_repr(self) -> str:
        """Return the size."""
        return f"{self.output_size}"


class AdaptiveAvgPool1d(_Adaptive):
    """Average sequences over windows so that the output has a given size (see ``ag.adaptive_avg_pool1d``).

    >>> ag.nn.AdaptiveAvgPool1d(2)(np.ones((2, 3, 7))).shape
    (2, 3, 2)
    """

    pool = staticmethod(pool.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_Adaptive):
    """Average over windows so that the output has a given size (see ``ag.adaptive_avg_pool2d``).

    >>> ag.nn.AdaptiveAvgPool2d(1)(np.ones((2, 3, 7, 5))).shape
    (2, 3, 1, 1)
    """

    pool = staticmethod(pool.adaptive_avg_pool2d)


class AdaptiveMaxPool1d(_Adaptive):
    """Take the largest of windows so that the output has a given size (see ``ag.adaptive_max_pool1d``).

    >>> ag.nn.AdaptiveMaxPool1d(2)(np.ones((2, 3, 7))).shape
    (2, 3, 2)
    """

    pool = staticmethod(pool.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_Adaptive):
    """Take the largest of windows so that the output has a given size (see ``ag.adaptive_max_pool2d``).

    >>> ag.nn.AdaptiveMaxPool2d((2, None))(np.ones((2, 3, 7, 5))).shape
    (2, 3, 2, 5)
    """

    pool = staticmethod(pool.adaptive_max_pool2d)
