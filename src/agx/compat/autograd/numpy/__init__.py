"""Every name of NumPy; what agx can differentiate takes Tensors, also in lists and tuples."""

from typing import Any as _Any

from . import fft as fft
from . import linalg as linalg
from . import numpy_boxes as numpy_boxes
from . import numpy_jvps as numpy_jvps
from . import numpy_vjps as numpy_vjps
from . import numpy_vspaces as numpy_vspaces
from . import numpy_wrapper as numpy_wrapper
from . import random as random

_MODULES = (
    "fft", "linalg", "numpy_boxes", "numpy_jvps", "numpy_vjps", "numpy_vspaces", "numpy_wrapper",
    "random",
)  # fmt: skip
__version__ = numpy_wrapper.numpy_version


def __getattr__(name: str) -> _Any:
    if name == "__all__":
        return __dir__()
    return getattr(numpy_wrapper, name)


def __dir__() -> list[str]:
    return sorted({*dir(numpy_wrapper), *_MODULES})
