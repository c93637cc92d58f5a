"""Runs of ``agx train``: settings by name, the training, its folder, and what looks at it."""

from .._names import shown
from ..storage.architecture import MODELS as MODELS
from ..storage.architecture import factory as factory
from ..storage.model import binary_loss as binary_loss
from .folder import RunFolder as RunFolder
from .folder import default_folder as default_folder
from .listing import RunList as RunList
from .listing import RunRecord as RunRecord
from .listing import compare_runs as compare_runs
from .listing import find_runs as find_runs
from .listing import read_run as read_run
from .page import report as report
from .preparation import hold_out as hold_out
from .preparation import load as load
from .preparation import normalization as normalization
from .preparation import standardize as standardize
from .results import Results as Results
from .results import read_results as read_results
from .results import record as record
from .run import Run as Run
from .settings import AUGMENTATIONS as AUGMENTATIONS
from .settings import MOMENTA as MOMENTA
from .settings import OPTIMIZERS as OPTIMIZERS
from .settings import RATES as RATES
from .settings import SCHEDULES as SCHEDULES
from .settings import recipe as recipe
from .sweeps import Sweep as Sweep
from .sweeps import sweep as sweep


def __dir__() -> list[str]:
    return shown(
        globals(),
        "AUGMENTATIONS",
        "binary_loss",
        "factory",
        "MODELS",
        "MOMENTA",
        "OPTIMIZERS",
        "RATES",
        "SCHEDULES",
    )
