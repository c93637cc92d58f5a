"""agx: automatic differentiation for NumPy and fast training of small neural networks on a CPU."""

import typing as _typing

try:
    from ._kernels import graph as _compiled
except ImportError as error:
    if not (error.name or "").startswith("agx."):
        raise
    raise ImportError(
        "agx is not compiled: its kernels are missing or do not fit this Python; run "
        "`make test` or `python -m pip install .` in the source tree, and import agx elsewhere"
    ) from error

from . import linalg as linalg
from . import nn as nn
from . import optim as optim
from ._engine.graph import Node as Node
from ._engine.graph import is_recording as is_recording
from ._engine.graph import no_grad as no_grad
from ._protocol.plain import *
from ._runtime.rng import seed as seed
from ._runtime.threads import get_num_threads as get_num_threads
from ._runtime.threads import set_num_threads as set_num_threads
from ._version import __version__ as __version__
from .custom import checkpoint as checkpoint
from .custom import custom_vjp as custom_vjp
from .custom import primitive as primitive
from .installation import info as info
from .nn.attention import scaled_dot_product_attention as scaled_dot_product_attention
from .nn.losses.binary import *
from .nn.losses.classes import *
from .nn.losses.pairs import *
from .nn.losses.regression import *
from .ops.complex import *
from .ops.elementwise.activations import *
from .ops.elementwise.arithmetic import *
from .ops.elementwise.bessel import *
from .ops.elementwise.exponential import *
from .ops.elementwise.limits import *
from .ops.elementwise.trigonometric import *
from .ops.functional import *
from .ops.images.conv import *
from .ops.images.conv_nd import *
from .ops.images.im2col import *
from .ops.images.pool import *
from .ops.images.resize import *
from .ops.images.transposed import *
from .ops.linalg.covariance import *
from .ops.linalg.distances import *
from .ops.linalg.einsum import *
from .ops.linalg.products import *
from .ops.reduce.extremes import *
from .ops.reduce.histogram import *
from .ops.reduce.nan import *
from .ops.reduce.quantiles import *
from .ops.reduce.running import *
from .ops.reduce.sets import *
from .ops.reduce.softmax import *
from .ops.reduce.sorting import *
from .ops.reduce.sums import *
from .ops.shape.axes import *
from .ops.shape.create import *
from .ops.shape.dtype import *
from .ops.shape.index import *
from .ops.shape.joining import *
from .ops.shape.moves import *
from .ops.shape.pad import *
from .ops.shape.selection import *
from .ops.shape.where import *
from .ops.signal.convolution import *
from .ops.signal.polynomials import *
from .scalar import Scalar as Scalar
from .tensor import Tensor as Tensor
from .transforms import *

# Second names, as in NumPy.
abs = absolute
acos = arccos
acosh = arccosh
amax = max
amin = min
around = round
asin = arcsin
asinh = arcsinh
atan = arctan
atan2 = arctan2
atanh = arctanh
concat = concatenate
conjugate = conj
degrees = rad2deg
mod = remainder
permute_dims = transpose
pow = power
radians = deg2rad
true_divide = divide

if _typing.TYPE_CHECKING:
    from . import data as data
    from . import fft as fft
    from . import models as models
    from . import onnx as onnx
    from . import runs as runs
    from . import sklearn as sklearn
    from . import special as special
    from . import storage as storage
    from . import testing as testing
    from . import train as train
    from . import viz as viz
    from .compiled import compile as compile
    from .inspection import blame as blame
    from .inspection import debug as debug
    from .inspection import memory as memory
    from .inspection import profile as profile
    from .storage import load as load
    from .storage import save as save
    from .train import Trainer as Trainer
    from .train import evaluate as evaluate
    from .train import fit as fit
    from .train import predict as predict
    from .viz import draw as draw
    from .viz import explore as explore

#: Namespaces and functions that many programs do without, and the module to load for each.
_LATER = {
    name: name
    for name in (
        "data",
        "fft",
        "models",
        "onnx",
        "runs",
        "sklearn",
        "special",
        "storage",
        "testing",
        "train",
        "viz",
    )
}
_LATER |= {
    "Trainer": "train",
    "blame": "inspection",
    "compile": "compiled",
    "debug": "inspection",
    "draw": "viz",
    "evaluate": "train",
    "explore": "viz",
    "fit": "train",
    "load": "storage",
    "memory": "inspection",
    "predict": "train",
    "profile": "inspection",
    "save": "storage",
}

#: Modules whose public names are here already, and those that are called by their full names.
_ROOMS = {
    "cli",
    "commands",
    "compat",
    "compiled",
    "custom",
    "inspection",
    "installation",
    "ops",
    "scalar",
    "tensor",
    "transforms",
}


if not _typing.TYPE_CHECKING:  # An unknown name is an error there.

    def __getattr__(name: str) -> object:
        """Load what is in ``_LATER`` when it is first asked for."""
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib

        module = importlib.import_module(f".{_LATER[name]}", __name__)
        return globals().setdefault(name, getattr(module, name, module))


def __dir__() -> list[str]:
    """Names for users, the namespaces that are not loaded yet among them."""
    from importlib.util import find_spec

    public = {name for name in globals() if not name.startswith("_")} - _ROOMS | set(_LATER)
    needed = {"special": "scipy", "sklearn": "sklearn"}
    without = {name for name, package in needed.items() if not find_spec(package)}
    return sorted(public - without | {"__doc__", "__name__", "__version__"})
