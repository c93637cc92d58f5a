"""The class of what is differentiated, for ``isinstance``; its value is ``getval(x)``."""

from ..absent import absent as _absent
from ..boxes import Box as Box
from ..builtins import SequenceBox as SequenceBox
from ..primitives import primitive as primitive

ArrayBox = Box


__getattr__ = _absent("agx.compat.autograd.numpy.numpy_boxes")
