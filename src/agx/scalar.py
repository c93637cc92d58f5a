"""Class Scalar: the same graph with plain numbers, its arithmetic compiled."""

from ._kernels.graph import Scalar as Scalar
