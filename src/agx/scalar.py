"""Class Scalar: the same graph with plain numbers, its arithmetic compiled."""

from ._kernels.scalar import Scalar as Scalar
