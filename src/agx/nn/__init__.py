"""Neural networks: modules, layers, initial values and losses."""

from .._names import shown
from . import init as init
from .activations import *
from .attention import *
from .containers import *
from .convolution import *
from .embedding import *
from .images import *
from .layers import *
from .losses.modules import *
from .module import Module as Module
from .norm import *
from .pooling import *
from .recurrent import *


def __dir__() -> list[str]:
    return shown(globals(), "init")
