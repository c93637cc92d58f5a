"""Files of arrays and of models: npz and safetensors, never a pickle."""

from .._names import shown
from .architecture import factory as factory
from .model import Trained as Trained
from .model import load as load
from .model import save as save


def __dir__() -> list[str]:
    return shown(globals())
