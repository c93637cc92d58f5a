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
from .measure import Accuracy as Accuracy
from .measure import decide as decide
from .trainer import Trainer as Trainer
from .trainer import fit as fit


def __dir__() -> list[str]:
    return shown(globals())
