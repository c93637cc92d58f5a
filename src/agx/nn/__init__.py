"""Neural networks: modules, layers, initial values and losses."""

from .._names import shown
from . import init as init
from .activations import *
from .containers import *
from .convolution import *
from .images import *
from .layers import *
from .losses import BCELoss as BCELoss
from .losses import BCEWithLogitsLoss as BCEWithLogitsLoss
from .losses import CrossEntropyLoss as CrossEntropyLoss
from .losses import HuberLoss as HuberLoss
from .losses import L1Loss as L1Loss
from .losses import MSELoss as MSELoss
from .losses import NLLLoss as NLLLoss
from .module import Module as Module
from .norm import *
from .pooling import *
from .recurrent import *


def __dir__() -> list[str]:
    return shown(globals(), "init")
