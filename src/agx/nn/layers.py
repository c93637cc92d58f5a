"""Layers, with PyTorch's names, argument order, weight layouts and initial values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine.sizes import is_integer, number
from .._engine.symbols import acting
from .._runtime.rng import generator
from ..ops.linalg.products import linear
from ..ops.shape.axes import reshape
from ..tensor import Tensor
from . import init
from .inputs import as_parameters, floating
from .module import Module, Weightless, parameter

if TYPE_CHECKING:
    from .._engine.signatures import Array


__all__ = [
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Flatten",
    "Identity",
    "Linear",
    "Unflatten",
]


def default_start(shape: tuple[int, ...], fan_in: int, rng: Any, dtype: Any) -> Tensor:
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
        self.weight = default_start((out_features, in_features), in_features, rng, dtype)
        self.bias = default_start((out_features,), in_features, rng, dtype) if bias else None

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
            f"Flatten they follow from the size of the images), so set in_features={shape[-1]}"
        )

    def extra_repr(self) -> str:
        """Return the sizes."""
        text = f"{self.in_features}, {self.out_features}"
        return text if self.bias is not None else f"{text}, bias=False"


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


class Unflatten(Weightless):
    """Make several axes of the axis ``dim``, of the sizes ``unflattened_size``; one may be -1.

    Raises ValueError for an axis that the input does not have, or of another length.

    >>> ag.nn.Unflatten(1, (3, 4))(np.ones((2, 12))).shape
    (2, 3, 4)
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        sizes = tuple(unflattened_size) if isinstance(unflattened_size, Sequence) else ()
        if not sizes or not all(is_integer(n) and n >= -1 for n in sizes) or sizes.count(-1) > 1:
            raise ValueError(
                "Unflatten: unflattened_size must be positive integers, of which one may be -1, got "
                f"{unflattened_size!r}"
            )
        self.dim, self.unflattened_size = number("Unflatten", "dim", dim), sizes

    def forward(self, x: Any) -> Any:
        """Give the axis of ``x`` its sizes."""
        shape, sizes = x.shape, self.unflattened_size
        dim = self.dim + len(shape) if self.dim < 0 else self.dim
        known = math.prod(n for n in sizes if n >= 0)
        if not 0 <= dim < len(shape) or (
            shape[dim] != known if -1 not in sizes else not known or shape[dim] % known
        ):
            raise ValueError(
                f"{self!r}: there are no such sizes in axis {self.dim} of x of shape {tuple(shape)}; check "
                "dim and unflattened_size"
            )
        filled = [shape[dim] // known if n == -1 else n for n in sizes]
        return reshape(x, (*shape[:dim], *filled, *shape[dim + 1 :]))

    def extra_repr(self) -> str:
        """Return the axis and the sizes."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Identity(Weightless):
    """Return the input as it is; whatever arguments it is made with do not matter.

    >>> ag.nn.Identity()(np.ones(2))
    array([1., 1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def forward(self, x: Any) -> Any:
        """Return ``x``."""
        return x


class _Dropout(Weightless):
    """Drop at random with probability ``p``, while training."""

    def __init__(self, p: float = 0.5, *, rng: Any = None) -> None:
        if not isinstance(p, (int, float, np.number)) or not 0 <= p < 1:
            raise ValueError(f"{type(self).__name__}: p must lie in [0, 1), got {p!r}")
        self.p = p
        self.rng = None if rng is None else generator(rng)

    def forward(self, x: Any) -> Any:
        """Drop parts of ``x`` in training mode."""
        if not self.training or self.p == 0:
            return x
        floating(self, x)
        rng, shape = generator(self.rng), self._parts(x.shape)
        kept = acting(lambda: rng.random(shape, np.float32), draws=True) >= self.p
        return x * (kept / (1 - self.p)).astype(x.dtype)

    def _parts(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what is kept or dropped as one."""
        return shape

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}"


class Dropout(_Dropout):
    """Set elements to zero with probability ``p`` while training, and scale the rest by 1 / (1 - p).

    ``rng`` is a generator or a seed; by default the generator of ``ag.seed``. Raises ValueError
    unless 0 <= p < 1 (Srivastava et al., 2014).

    >>> ag.nn.Dropout(0.5).eval()(np.ones(3))
    array([1., 1., 1.])
    """


class _ChannelDropout(_Dropout):
    ndim: int

    def _parts(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) != self.ndim:
            axes = "(N, C, L)" if self.ndim == 3 else "(N, C, H, W)"
            raise ValueError(f"{self!r}: expected x of shape {axes}, got {tuple(shape)}")
        return (*shape[:2], *(1,) * (self.ndim - 2))


class Dropout1d(_ChannelDropout):
    """Set whole channels of sequences (N, C, L) to zero, otherwise as Dropout (Tompson et al., 2015).

    >>> ag.nn.Dropout1d(0.5, rng=0)(np.ones((1, 4, 2))).min(2)
    array([[2., 2., 2., 0.]])
    """

    ndim = 3


class Dropout2d(_ChannelDropout):
    """Set whole channels of images (N, C, H, W) to zero, otherwise as Dropout (Tompson et al., 2015).

    >>> ag.nn.Dropout2d(0.5, rng=0)(np.ones((1, 4, 2, 2))).min((2, 3))
    array([[2., 2., 2., 0.]])
    """

    ndim = 4
