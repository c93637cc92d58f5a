"""Losses: each a function of predictions and targets, and a module. Formulas are PyTorch's.

Predictions and targets must have matching shapes: a mismatch is an error, never a broadcast. Each says
with ``takes`` what its predictions are; metrics follow from that.
"""

from .arguments import PREDICTIONS as PREDICTIONS
from .arguments import takes as takes
from .binary import *
from .classes import *
from .pairs import *
from .regression import *
