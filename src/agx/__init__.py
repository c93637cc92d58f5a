"""agx: automatic differentiation for NumPy and fast training of small neural networks on a CPU."""

try:
    from ._kernels import graph as _compiled
except ImportError as error:
    if not (error.name or "").startswith("agx."):
        raise
    raise ImportError(
        "agx is not compiled: its kernels are missing or do not fit this Python; run "
        "`make test` or `python -m pip install .` in the source tree, and import agx elsewhere"
    ) from error

from . import data as data
from . import models as models
from . import nn as nn
from . import optim as optim
from . import testing as testing
from ._version import __version__ as __version__
from .graph import Node as Node
from .graph import is_recording as is_recording
from .graph import no_grad as no_grad
from .graph import primitive as primitive
from .nn.losses import binary_cross_entropy as binary_cross_entropy
from .nn.losses import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from .nn.losses import cross_entropy as cross_entropy
from .nn.losses import huber as huber
from .nn.losses import l1 as l1
from .nn.losses import mse as mse
from .nn.losses import nll_loss as nll_loss
from .ops.complex import angle as angle
from .ops.complex import conj as conj
from .ops.complex import conj as conjugate
from .ops.complex import imag as imag
from .ops.complex import real as real
from .ops.conv import conv1d as conv1d
from .ops.conv import conv2d as conv2d
from .ops.conv import set_workspace as set_workspace
from .ops.elementwise import absolute as abs
from .ops.elementwise import absolute as absolute
from .ops.elementwise import add as add
from .ops.elementwise import arccos as arccos
from .ops.elementwise import arccosh as arccosh
from .ops.elementwise import arcsin as arcsin
from .ops.elementwise import arcsinh as arcsinh
from .ops.elementwise import arctan as arctan
from .ops.elementwise import arctan2 as arctan2
from .ops.elementwise import arctanh as arctanh
from .ops.elementwise import astype as astype
from .ops.elementwise import ceil as ceil
from .ops.elementwise import clip as clip
from .ops.elementwise import cos as cos
from .ops.elementwise import cosh as cosh
from .ops.elementwise import divide as divide
from .ops.elementwise import erf as erf
from .ops.elementwise import exp as exp
from .ops.elementwise import exp2 as exp2
from .ops.elementwise import expm1 as expm1
from .ops.elementwise import fabs as fabs
from .ops.elementwise import floor as floor
from .ops.elementwise import floor_divide as floor_divide
from .ops.elementwise import gelu as gelu
from .ops.elementwise import leaky_relu as leaky_relu
from .ops.elementwise import log as log
from .ops.elementwise import log1p as log1p
from .ops.elementwise import log2 as log2
from .ops.elementwise import log10 as log10
from .ops.elementwise import logaddexp as logaddexp
from .ops.elementwise import maximum as maximum
from .ops.elementwise import minimum as minimum
from .ops.elementwise import multiply as multiply
from .ops.elementwise import negative as negative
from .ops.elementwise import positive as positive
from .ops.elementwise import power as float_power
from .ops.elementwise import power as power
from .ops.elementwise import reciprocal as reciprocal
from .ops.elementwise import relu as relu
from .ops.elementwise import remainder as remainder
from .ops.elementwise import rint as rint
from .ops.elementwise import sigmoid as sigmoid
from .ops.elementwise import sign as sign
from .ops.elementwise import silu as silu
from .ops.elementwise import sin as sin
from .ops.elementwise import sinh as sinh
from .ops.elementwise import softplus as softplus
from .ops.elementwise import sqrt as sqrt
from .ops.elementwise import square as square
from .ops.elementwise import subtract as subtract
from .ops.elementwise import tan as tan
from .ops.elementwise import tanh as tanh
from .ops.elementwise import trunc as trunc
from .ops.elementwise import where as where
from .ops.im2col import col2im as col2im
from .ops.im2col import im2col as im2col
from .ops.im2col import im2col_indices as im2col_indices
from .ops.im2col import im2col_matrix_dense as im2col_matrix_dense
from .ops.im2col import im2col_matrix_sparse as im2col_matrix_sparse
from .ops.index import getitem as getitem
from .ops.index import take as take
from .ops.index import take_along_axis as take_along_axis
from .ops.linalg import dot as dot
from .ops.linalg import einsum as einsum
from .ops.linalg import linear as linear
from .ops.linalg import matmul as matmul
from .ops.linalg import outer as outer
from .ops.linalg import tensordot as tensordot
from .ops.pool import adaptive_avg_pool2d as adaptive_avg_pool2d
from .ops.pool import avg_pool2d as avg_pool2d
from .ops.pool import max_pool2d as max_pool2d
from .ops.reduce import cumsum as cumsum
from .ops.reduce import log_softmax as log_softmax
from .ops.reduce import logsumexp as logsumexp
from .ops.reduce import max as max
from .ops.reduce import mean as mean
from .ops.reduce import min as min
from .ops.reduce import prod as prod
from .ops.reduce import softmax as softmax
from .ops.reduce import std as std
from .ops.reduce import sum as sum
from .ops.reduce import var as var
from .ops.shape import broadcast_to as broadcast_to
from .ops.shape import concatenate as concatenate
from .ops.shape import expand_dims as expand_dims
from .ops.shape import flip as flip
from .ops.shape import moveaxis as moveaxis
from .ops.shape import pad as pad
from .ops.shape import ravel as ravel
from .ops.shape import repeat as repeat
from .ops.shape import reshape as reshape
from .ops.shape import roll as roll
from .ops.shape import split as split
from .ops.shape import squeeze as squeeze
from .ops.shape import stack as stack
from .ops.shape import swapaxes as swapaxes
from .ops.shape import tile as tile
from .ops.shape import transpose as transpose
from .rng import seed as seed
from .scalar import Scalar as Scalar
from .tensor import Tensor as Tensor
from .threads import get_num_threads as get_num_threads
from .threads import set_num_threads as set_num_threads
from .train import evaluate as evaluate
from .train import fit as fit
from .train import predict as predict
from .transforms import grad as grad
from .transforms import hessian as hessian
from .transforms import hvp as hvp
from .transforms import jacobian as jacobian
from .transforms import value_and_grad as value_and_grad
from .transforms import vjp as vjp
from .viz import draw as draw


def __getattr__(name: str) -> object:
    """Load the namespaces that most programs do without when they are first asked for."""
    if name not in ("fft", "special"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return importlib.import_module(f".{name}", __name__)
