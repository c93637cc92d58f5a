"""Nests of arrays as one vector, and optimizers of nests."""

from ..absent import absent as _absent
from .flatten import flatten as flatten

__getattr__ = _absent("agx.compat.autograd.misc")
