"""Optimisers and learning-rate schedules, with PyTorch's formulas.

They take Tensors or Scalars. A parameter whose gradient never arrived is left alone.
"""

from .._names import shown
from .algorithms import SGD as SGD
from .algorithms import Adadelta as Adadelta
from .algorithms import Adagrad as Adagrad
from .algorithms import Adam as Adam
from .algorithms import Adamax as Adamax
from .algorithms import AdamW as AdamW
from .algorithms import NAdam as NAdam
from .algorithms import RAdam as RAdam
from .algorithms import RMSprop as RMSprop
from .algorithms import Rprop as Rprop
from .averages import ExponentialMovingAverage as ExponentialMovingAverage
from .clipping import clip_grad_norm as clip_grad_norm
from .clipping import clip_grad_value as clip_grad_value
from .composed import ChainedScheduler as ChainedScheduler
from .composed import SequentialLR as SequentialLR
from .lbfgs import LBFGS as LBFGS
from .optimizer import Optimizer as Optimizer
from .plateau import ReduceLROnPlateau as ReduceLROnPlateau
from .schedule import Schedule as Schedule
from .schedules import ConstantLR as ConstantLR
from .schedules import CosineAnnealingLR as CosineAnnealingLR
from .schedules import CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts
from .schedules import CyclicLR as CyclicLR
from .schedules import ExponentialLR as ExponentialLR
from .schedules import LambdaLR as LambdaLR
from .schedules import LinearLR as LinearLR
from .schedules import MultiStepLR as MultiStepLR
from .schedules import OneCycleLR as OneCycleLR
from .schedules import PolynomialLR as PolynomialLR
from .schedules import StepLR as StepLR


def __dir__() -> list[str]:
    return shown(globals())
