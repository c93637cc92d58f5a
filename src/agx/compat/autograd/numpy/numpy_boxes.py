"""The class of what is differentiated, for ``isinstance``; its value is ``getval(x)``."""

from ....tensor import Tensor as ArrayBox

__all__ = ["ArrayBox"]
