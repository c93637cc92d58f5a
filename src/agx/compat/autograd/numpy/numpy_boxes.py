"""The class of what is differentiated, for ``isinstance``; its value is ``getval(x)``."""

from ..boxes import Box as Box
from ..builtins import SequenceBox as SequenceBox
from ..primitives import primitive as primitive

ArrayBox = Box
