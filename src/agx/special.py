"""Special functions: ``scipy.special`` for arrays and Tensors. Needs SciPy."""

from .ops.elementwise.activations import erf as erf
from .ops.special import *
