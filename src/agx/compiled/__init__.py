"""Functions recorded once, and run without Python: ``ag.compile``."""

from .compiler import Compiled as Compiled
from .compiler import compile as compile

__all__ = ["compile"]
