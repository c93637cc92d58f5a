"""ONNX: models in files that other programs run, without agx or Python, and files of theirs that learn."""

from .._names import shown
from .reading import Graph as Graph
from .reading import load as load
from .writing import export as export


def __dir__() -> list[str]:
    return shown(globals())
