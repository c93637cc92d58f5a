"""The training loop, evaluation and prediction, for any callable with parameters."""

from .._names import shown
from .callbacks import BatchSchedule as BatchSchedule
from .callbacks import Callback as Callback
from .callbacks import ClipGradients as ClipGradients
from .callbacks import CSVLog as CSVLog
from .callbacks import EarlyStopping as EarlyStopping
from .callbacks import JSONLog as JSONLog
from .callbacks import TensorBoard as TensorBoard
from .checkpoint import Checkpoint as Checkpoint
from .checkpoint import load_checkpoint as load_checkpoint
from .checkpoint import save_checkpoint as save_checkpoint
from .evaluation import evaluate as evaluate
from .evaluation import predict as predict
from .history import History as History
from .history import State as State
from .history import print_epoch as print_epoch
from .lr_range import LRRange as LRRange
from .lr_range import lr_range_test as lr_range_test
from .measure import Accuracy as Accuracy
from .measure import decide as decide
from .metrics import F1 as F1
from .metrics import ConfusionMatrix as ConfusionMatrix
from .metrics import Precision as Precision
from .metrics import Recall as Recall
from .metrics import TopK as TopK
from .metrics import mean_absolute_error as mean_absolute_error
from .metrics import mean_squared_error as mean_squared_error
from .metrics import r2 as r2
from .metrics import root_mean_squared_error as root_mean_squared_error
from .trainer import Trainer as Trainer
from .trainer import fit as fit


def __dir__() -> list[str]:
    return shown(globals())
