"""Pictures: computational graphs, and plots of training."""

from .._names import shown
from .explore import Explorer as Explorer
from .explore import explore as explore
from .graph import Drawing as Drawing
from .graph import draw as draw
from .plots import confusion_matrix as confusion_matrix
from .plots import filters as filters
from .plots import learning_curves as learning_curves
from .plots import lr_range as lr_range


def __dir__() -> list[str]:
    return shown(globals())
