"""The training loop, evaluation and prediction, for any callable with parameters."""

from .._names import shown
from .history import History as History
from .history import State as State
from .history import print_epoch as print_epoch
from .loop import evaluate as evaluate
from .loop import fit as fit
from .loop import predict as predict
from .measure import Accuracy as Accuracy
from .measure import decide as decide


def __dir__() -> list[str]:
    return shown(globals())
