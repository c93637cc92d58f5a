"""Neural networks: modules, layers, initial values and losses."""

from .._names import shown
from . import init as init
from .activations import GELU as GELU
from .activations import LeakyReLU as LeakyReLU
from .activations import LogSoftmax as LogSoftmax
from .activations import ReLU as ReLU
from .activations import Sigmoid as Sigmoid
from .activations import SiLU as SiLU
from .activations import Softmax as Softmax
from .activations import Softplus as Softplus
from .activations import Tanh as Tanh
from .layers import AdaptiveAvgPool2d as AdaptiveAvgPool2d
from .layers import AvgPool2d as AvgPool2d
from .layers import Conv2d as Conv2d
from .layers import Dropout as Dropout
from .layers import Embedding as Embedding
from .layers import Flatten as Flatten
from .layers import Linear as Linear
from .layers import MaxPool2d as MaxPool2d
from .losses import BCELoss as BCELoss
from .losses import BCEWithLogitsLoss as BCEWithLogitsLoss
from .losses import CrossEntropyLoss as CrossEntropyLoss
from .losses import HuberLoss as HuberLoss
from .losses import L1Loss as L1Loss
from .losses import MSELoss as MSELoss
from .losses import NLLLoss as NLLLoss
from .module import Module as Module
from .module import Sequential as Sequential
from .norm import BatchNorm1d as BatchNorm1d
from .norm import BatchNorm2d as BatchNorm2d
from .norm import LayerNorm as LayerNorm


def __dir__() -> list[str]:
    return shown(globals(), "init")
