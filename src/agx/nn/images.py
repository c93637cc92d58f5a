"""Layers that give images another size: by borders around them, or by another resolution."""

from __future__ import annotations

from typing import Any

from .._engine.sizes import each
from ..ops.images.border import bordered
from ..ops.images.im2col import Sizes, images
from ..ops.images.resize import Factors, check_resizing, interpolate
from .inputs import floating
from .module import Weightless

__all__ = [
    "ReflectionPad2d",
    "ReplicationPad2d",
    "Upsample",
    "ZeroPad2d",
]


class _Pad2d(Weightless):
    mode: str

    def __init__(self, padding: int | tuple[int, int, int, int]) -> None:
        left, right, top, bottom = each(type(self).__name__, "padding", padding, 0, 4)
        self.padding = left, right, top, bottom

    def forward(self, x: Any) -> Any:
        """Add the border to images ``x``."""
        name = type(self).__name__
        left, right, top, bottom = self.padding
        return bordered(name, images(name, x), ((top, bottom), (left, right)), self.mode)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.padding}"


class ZeroPad2d(_Pad2d):
    """Add zeros around images (N, C, H, W): ``padding`` on each side, or (left, right, top, bottom).

    Raises ValueError for sizes that are none.

    >>> ag.nn.ZeroPad2d((1, 1, 0, 0))(np.ones((1, 1, 1, 2)))
    array([[[[0., 1., 1., 0.]]]])
    """

    mode = "zeros"


class ReflectionPad2d(_Pad2d):
    """Add around images what lies on the other side of their edges; otherwise as ZeroPad2d.

    Raises ValueError for as much padding as there are pixels, or more.

    >>> ag.nn.ReflectionPad2d((1, 1, 0, 0))(np.array([[[[1.0, 2.0, 3.0]]]]))
    array([[[[2., 1., 2., 3., 2.]]]])
    """

    mode = "reflect"


class ReplicationPad2d(_Pad2d):
    """Add around images copies of their edges; otherwise as ZeroPad2d.

    >>> ag.nn.ReplicationPad2d((1, 1, 0, 0))(np.array([[[[1.0, 2.0, 3.0]]]]))
    array([[[[1., 1., 2., 3., 3.]]]])
    """

    mode = "replicate"


class Upsample(Weightless):
    """Give images, sequences or volumes another resolution (see ``ag.interpolate``).

    Raises ValueError unless ``size`` or ``scale_factor`` is given, and for another mode.

    >>> ag.nn.Upsample(scale_factor=2, mode="bilinear")(np.ones((1, 3, 4, 5))).shape
    (1, 3, 8, 10)
    """

    def __init__(
        self,
        size: Sizes | None = None,
        scale_factor: Factors | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        check_resizing("Upsample", size, scale_factor, mode, align_corners)
        self.size, self.scale_factor = size, scale_factor
        self.mode, self.align_corners = mode, align_corners

    def forward(self, x: Any) -> Any:
        """Resize ``x``."""
        floating(self, x)
        return interpolate(x, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        """Return the size or the factor, and the way."""
        name = "size" if self.scale_factor is None else "scale_factor"
        text = f"{name}={getattr(self, name)}, mode={self.mode!r}"
        corners = self.align_corners
        return text if corners is None else f"{text}, align_corners={corners}"
