"""One row for each primitive: how to call it, and arguments at which it is smooth.

``rows[name]`` is a list of (function, *arrays); the function may be the public one that leads to the
primitive. A new primitive needs a row here: ``test_op_table.py`` checks each to third order.
"""

import importlib
from importlib.util import find_spec

import numpy as np
from points import apart, normal, positive, unit

import agx as ag
from agx._engine.graph import registry as ops
from agx.ops.images.im2col import Geometry
from agx.ops.images.pool import Windows
from agx.ops.normal import batch_norm, layer_norm
from agx.ops.shape.memory import Spot

mask = unit(2, 3) < 0.0
spread = {"kernel": (3, 2), "stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}
geo = Geometry(**spread)
windows = Windows(np.array([[0, 2], [1, 4]]), np.array([[0, 3], [2, 5], [4, 5]]), False)
SPOT = Spot(8, (7, (2, 3), (-1, -2)))  # elements that lie backwards and with a hole among eight


def assigned(index):
    """Assign to elements of a square, and keep what was there before in the result."""
    return lambda x, y: into_square(x, index, y)


def into_square(x, index, y):
    square = x * x
    before = square.sum()
    square[index] = y * y
    return square * before


rows = {
    # arithmetic
    "add": [(ag.add, normal(2, 3), normal(3)), (ag.add, normal(2, 1), normal(4, 1, 3))],
    "sub": [(ag.subtract, normal(2, 3), normal(3)), (ag.subtract, normal(), normal(2))],
    "mul": [(ag.multiply, normal(2, 3), normal(3)), (lambda x: x * x * 2, normal(3))],
    "div": [(ag.divide, normal(2, 3), positive(3)), (lambda x: 1 / x, positive(3))],
    "neg": [(ag.negative, normal(3))],
    "pos": [(lambda x: +x * x, normal(3))],
    "reciprocal": [(ag.reciprocal, positive(3))],
    "square": [(ag.square, normal(3))],
    "sqrt": [(ag.sqrt, positive(3))],
    "pow": [
        (ag.power, positive(2, 3), normal(3)),
        (lambda x: x**3, normal(3)),
        (lambda x: x**-2, positive(3)),
        (lambda x: 2.0**x, normal(3)),
    ],
    "mod": [(lambda x: ag.remainder(x, 1.5) * x, apart(4)), (ag.remainder, apart(4) + 3, positive(4))],
    "floor_divide": [(lambda x: (x // 1.5) * x, apart(4))],
    "floor": [(lambda x: ag.floor(x) * x, apart(4))],
    "ceil": [(lambda x: ag.ceil(x) * x, apart(4))],
    "rint": [(lambda x: ag.rint(x) * x, apart(4))],
    "trunc": [(lambda x: ag.trunc(x) * x, apart(4))],
    # exponentials and logarithms
    "exp": [(ag.exp, normal(3))],
    "exp2": [(ag.exp2, normal(3))],
    "expm1": [(ag.expm1, normal(3))],
    "log": [(ag.log, positive(3))],
    "log2": [(ag.log2, positive(3))],
    "log10": [(ag.log10, positive(3))],
    "log1p": [(ag.log1p, positive(3))],
    "logaddexp": [(ag.logaddexp, normal(2, 3), normal(3))],
    # trigonometric and hyperbolic
    "sin": [(ag.sin, normal(3))],
    "cos": [(ag.cos, normal(3))],
    "tan": [(ag.tan, unit(3))],
    "arcsin": [(ag.arcsin, unit(3))],
    "arccos": [(ag.arccos, unit(3))],
    "arctan": [(ag.arctan, normal(3))],
    "arctan2": [(ag.arctan2, normal(2, 3), positive(3))],
    "sinh": [(ag.sinh, normal(3))],
    "cosh": [(ag.cosh, normal(3))],
    "tanh": [(ag.tanh, normal(3))],
    "arcsinh": [(ag.arcsinh, normal(3))],
    "arccosh": [(ag.arccosh, 1 + positive(3))],
    "arctanh": [(ag.arctanh, unit(3))],
    # selection
    "abs": [(lambda x: ag.abs(x) * x, apart(4))],
    "sign": [(lambda x: ag.sign(x) * x * x, apart(4))],
    "maximum": [(lambda x, y: ag.maximum(x, y) * x, apart(2, 3), apart(3) + 0.1)],
    "minimum": [(lambda x, y: ag.minimum(x, y) * x, apart(2, 3), apart(3) + 0.1)],
    "where": [(lambda x, y: ag.where(mask, x * x, y * x), normal(2, 3), normal(3))],
    "clip": [(lambda x: ag.clip(x, -0.12, 0.12) * x, apart(6))],
    # activations
    "relu": [(lambda x: ag.relu(x) * x, apart(4))],
    "relu_gradient": [(lambda g, x: ops["relu_gradient"](g * g, x), normal(4), apart(4))],
    "leaky_relu": [(lambda x: ag.leaky_relu(x, 0.2) * x, apart(4))],
    "sigmoid": [(ag.sigmoid, normal(4))],
    "softplus": [(ag.softplus, normal(4))],
    "erf": [(ag.erf, normal(4))],
    "silu": [(ag.silu, normal(4))],
    "mish": [(ag.mish, 3 * normal(4))],
    "softsign": [(ag.softsign, apart(4))],
    "prelu": [(ag.prelu, apart(2, 3), normal(3)), (lambda x, w: ag.prelu(x * x - 0.1, w), apart(4), normal(1))],
    "elu": [(ag.elu, normal(4)), (lambda x: ag.elu(x, 0.5), normal(4))],
    "gelu": [(ag.gelu, normal(4)), (lambda x: ag.gelu(x, "tanh"), normal(4))],
    "added_at": [
        (lambda x, v: ops["added_at"](x * x, v * v, index=np.array([0, 2, 0])), normal(3, 2), normal(3, 2)),
        (lambda x, v: ops["added_at"](x, v, index=(np.array([0, 1]), np.array([1, 1]))), normal(3, 2), normal(2)),
    ],
    "batch_norm": [
        (lambda x, w, b: batch_norm(x, w, b, 0.1)[0], normal(2, 3, 8), normal(3), normal(3)),
        (lambda x, w, b: batch_norm(x, w, b, 0.1)[0], normal(2, 2, 1, 3), normal(2), normal(2)),
    ],
    "layer_norm": [(lambda x, w, b: layer_norm(x, w, b, 0.1), normal(2, 5), normal(5), normal(5))],
    "linspace": [(lambda x, y: ag.linspace(x, y, 5, False), normal(2, 1), normal(3))],
    "astype": [(lambda x: ag.astype(x, np.float64) * x, normal(3))],
    # reductions
    "sum": [
        (lambda x: ag.sum(x * x), normal(2, 3)),
        (lambda x: ag.sum(x * x, axis=(0, 2), keepdims=True), normal(2, 3, 2)),
        (lambda x: ag.sum(x * x, axis=-1), normal(2, 3)),
    ],
    "mean": [(lambda x: ag.mean(x * x, axis=1), normal(2, 3)), (lambda x: ag.mean(x * x), normal(4))],
    "var": [(lambda x: ag.var(x, axis=(0, 2), ddof=1), normal(2, 3, 2)), (ag.var, normal(4))],
    "root_mean_square": [(ops["root_mean_square"], positive(3)), (lambda x: ag.std(x, where=[True, True, False]), positive(3))],
    "undefined_slope": [
        (lambda x: ops["undefined_slope"](x, lost=np.False_, axis=(), op="norm") + x * x, normal(3)),
    ],
    "std": [(lambda x: ag.std(x, axis=1, keepdims=True), normal(2, 3)), (ag.std, normal(4))],
    "prod": [
        (ag.prod, normal(4)),
        (ag.prod, np.array([2.0, 0.0, 3.0])),
        (ag.prod, np.array([0.0, 0.0, 3.0])),
        (lambda x: ag.prod(x, axis=(0, 2)), normal(2, 3, 2)),
    ],
    "cumprod": [
        (lambda x: ag.cumprod(x, axis=1), normal(2, 3)),
        (ag.cumprod, np.array([2.0, 0.0, 3.0, 0.0, 1.5])),
    ],
    "recurrence": [(lambda g, a: ops["recurrence"](g * g, a), normal(4, 2), normal(4, 2))],
    "convolve": [(ag.convolve, normal(4), normal(3))],
    "roots": [
        (lambda x: ag.real(ag.sum(ag.roots(x) ** 3)), np.array([1.0, 2.0, 5.0, 1.0])),
        (lambda x: ag.real(ag.roots(x)), np.array([1.0, -3.0, 0.5, 0.0])),
    ],
    "sort": [(lambda x: ag.sort(x, axis=0) ** 2, apart(3, 2))],
    "shared": [
        (lambda g: ops["shared"](g * g, runs=np.array([[0, 0, 1], [0, 1, 2]])), normal(2, 3))
    ],
    "cumsum": [(lambda x: ag.cumsum(x * x, axis=1), normal(2, 3)), (ag.cumsum, normal(2, 2))],
    "max": [(lambda x: ag.max(x, axis=1) ** 2, apart(2, 3)), (lambda x: ag.max(x) ** 2, apart(5))],
    "min": [(lambda x: ag.min(x, axis=(0, 1), keepdims=True) ** 2, apart(2, 3, 2))],
    "logsumexp": [
        (ag.logsumexp, normal(5)),
        (lambda x: ag.logsumexp(x, axis=(0, 2), keepdims=True), normal(2, 3, 2)),
    ],
    "softmax": [(ag.softmax, normal(2, 3)), (lambda x: ag.softmax(x, axis=(0, 2)), normal(2, 3, 2))],
    "log_softmax": [(lambda x: ag.log_softmax(x, axis=0), normal(2, 3))],
    # losses
    "softmax_nll": [
        (lambda z: ops["softmax_nll"](z, targets=np.array([2, 0]), mean=False), normal(2, 3)),
        (lambda z: ops["softmax_nll"](z, targets=np.array([2, 0]), mean=True) ** 2, normal(2, 3)),
    ],
    "bce": [(ops["bce"], unit(2, 3) / 2 + 0.5, unit(2, 3) / 2 + 0.5)],
    "bce_logits": [
        (lambda z, t: ops["bce_logits"](z, t, pos_weight=2.0), normal(2, 3), unit(2, 3) / 2 + 0.5)
    ],
    "huber": [(lambda d: ops["huber"](d, delta=0.12) * d, apart(6))],
    # shape
    "reshape": [(lambda x: ag.reshape(x * x, (3, -1)), normal(2, 3)), (ag.ravel, normal(2, 3))],
    "transpose": [
        (lambda x: (x * x).T, normal(2, 3)),
        (lambda x: ag.transpose(x * x, (2, 0, 1)), normal(2, 3, 4)),
        (lambda x: ag.moveaxis(x * x, (0, 1), (-1, 0)), normal(2, 3, 4)),
    ],
    "broadcast_to": [(lambda x: ag.broadcast_to(x * x, (4, 2, 3)), normal(2, 1))],
    "flip": [(lambda x: ag.flip(x * x, (0, 1)), normal(2, 3)), (lambda x: ag.flip(x * x), normal(3))],
    "roll": [
        (lambda x: ag.roll(x * x, (1, -1), (0, 1)), normal(2, 3)),
        (lambda x: ag.roll(x * x, 2), normal(2, 3)),
    ],
    "concatenate": [
        (lambda x, y: ag.concatenate([x * x, y, x], axis=1), normal(2, 3), normal(2, 1)),
    ],
    "stack": [
        (lambda x, y: ag.stack([x * x, y], axis=-1), normal(2, 3), normal(2, 3)),
        (lambda x, y: ag.stack([x[0] * x[1], y, x[1]]), normal(2), normal()),
    ],
    "tile": [(lambda x: ag.tile(x * x, (2, 1, 3)), normal(2, 3)), (lambda x: ag.tile(x, 2), normal(2, 3))],
    "pad": [(lambda x: ag.pad(x * x, ((1, 0), (2, 1))), normal(2, 3))],
    # indexing
    "getitem": [
        (lambda x: (x * x)[1:, ::-2], normal(3, 4)),
        (lambda x: (x * x)[[0, 0, 2], [1, 1, 3]], normal(3, 4)),
        (lambda x: (x * x)[..., None, x.shape[1] - 1], normal(3, 4)),
        (lambda x: ag.pad(x * x, 2, mode="reflect"), normal(3, 4)),
        (lambda x: ag.repeat(x * x, [1, 2, 0], axis=0), normal(3, 2)),
        (lambda x: ag.take_along_axis(x * x, np.array([[2], [0]]), 1), normal(2, 3)),
    ],
    "scatter_add": [
        (
            lambda g: ops["scatter_add"](g * g, index=np.array([0, 2, 0]), shape=(3, 2)),
            normal(3, 2),
        )
    ],
    "view": [(lambda x: np.rot90(x * x), normal(2, 3)), (lambda x: np.diagonal(x * x, 1), normal(3, 4))],
    "copy": [(lambda x: (x * x).T.copy(), normal(2, 3))],
    # assignment
    "assign": [
        (assigned(np.s_[0, ::2]), normal(2, 3), normal(2)),
        (assigned(np.s_[1]), normal(2, 3), normal()),
        (assigned(([0, 1, 0], [1, 2, 1])), normal(2, 3), normal(3)),
        (assigned(np.array([True, False])), normal(2, 3), normal(3)),
    ],
    "read": [
        (lambda x: assigned(0)(x, x[1])[1:, ::-2], normal(3, 4)),
        (lambda x: assigned(0)(x, x[1])[[0, 0, 2], [1, 1, 3]], normal(3, 4)),
        (lambda x: assigned(0)(x, x[1]).T, normal(2, 3)),
    ],
    "embed": [(lambda x: ops["embed"](x * x, spot=SPOT), normal(2, 3))],
    "erase": [
        (lambda x: ops["erase"](x * x, spot=SPOT), normal(8)),
        (lambda x: ops["erase"](x * x, spot=SPOT._replace(index=[0, 0])), normal(8)),
    ],
    # products
    "matmul": [
        (ag.matmul, normal(3), normal(3)),
        (ag.matmul, normal(3), normal(2, 3, 4)),
        (ag.matmul, normal(2, 4, 3), normal(3)),
        (ag.matmul, normal(2, 3), normal(3, 4)),
        (ag.matmul, normal(5, 1, 2, 3), normal(4, 3, 2)),
        (ag.dot, normal(2, 3), normal(2, 3, 4)),
        (lambda x, y: ag.tensordot(x, y, ([1, 0], [0, 2])), normal(2, 3, 2), normal(3, 4, 2)),
    ],
    "linear": [(ag.linear, normal(2, 3), normal(4, 3), normal(4)), (ag.linear, normal(3), normal(4, 3))],
    "einsum": [
        (lambda x, y: ag.einsum("ij,jk->ik", x, y), normal(2, 3), normal(3, 4)),
        (lambda x, y: ag.einsum("ii,ij->j", x, y), normal(3, 3), normal(3, 2)),
        (lambda x, y: ag.einsum("...i,ij", x, y), normal(4, 2, 3), normal(3, 2)),
        (lambda x, y: ag.einsum("ij,k->k", x, y), normal(4, 2), normal(3)),
        (lambda x, y, z: ag.einsum("ab,bc,ca->", x, y, z), normal(2, 3), normal(3, 4), normal(4, 2)),
    ],
    # images
    "im2col": [(lambda x: ag.im2col(x * x, **as_sizes()), normal(2, 2, 5, 4))],
    "col2im": [(lambda p: ag.col2im(p * p, (1, 2, 5, 4), **as_sizes()), normal(1, 6, 2, 3, 2))],
    "conv2d": [
        (
            lambda x, w, b: ag.conv2d(x, w, b, (2, 1), (1, 0), (1, 2)),
            normal(2, 3, 5, 4),
            normal(4, 3, 3, 2),
            normal(4),
        ),
        (lambda x, w: ag.conv2d(x, w, groups=2), normal(2, 4, 3, 3), normal(6, 2, 2, 2)),
        (lambda x, w: ag.conv1d(x, w, padding=1, stride=2), normal(2, 3, 6), normal(4, 3, 3)),
    ],
    "conv2d_input": [
        (
            lambda g, w: ops["conv2d_input"](g, w, shape=(2, 2, 5, 4), geo=geo, groups=1),
            normal(2, 3, 3, 2),
            normal(3, 2, 3, 2),
        )
    ],
    "conv2d_weight": [
        (
            lambda x, g: ops["conv2d_weight"](x, g, shape=(3, 2, 3, 2), geo=geo, groups=1),
            normal(2, 2, 5, 4),
            normal(2, 3, 3, 2),
        )
    ],
    "max_pool2d": [
        (lambda x: ag.max_pool2d(x, 2) ** 2, apart(2, 2, 4, 5)),
        (lambda x: ag.max_pool2d(x, 2, 1, 1, (3, 2), True) ** 2, apart(2, 2, 4, 5)),
    ],
    "max_unpool2d": [
        (lambda g, x: ops["max_unpool2d"](g * g, x, windows=windows), normal(2, 2, 2, 3), apart(2, 2, 4, 5))
    ],
    "max_pick2d": [
        (lambda u, x: ops["max_pick2d"](u * u, x, windows=windows), normal(2, 2, 4, 5), apart(2, 2, 4, 5))
    ],
    "avg_pool2d": [
        (lambda x: ag.avg_pool2d(x * x, 3, 2, 1), normal(2, 2, 4, 5)),
        (lambda x: ag.avg_pool2d(x * x, 3, 2, 1, True, False), normal(2, 2, 4, 5)),
        (lambda x: ag.adaptive_avg_pool2d(x * x, (3, 2)), normal(2, 2, 4, 5)),
    ],
    "sum_pool2d": [(lambda x: ops["sum_pool2d"](x * x, windows=windows), normal(2, 2, 4, 5))],
    "sum_unpool2d": [
        (
            lambda g: ops["sum_unpool2d"](g * g, shape=(2, 2, 4, 5), windows=windows),
            normal(2, 2, 2, 3),
        )
    ],
}  # fmt: skip


def as_sizes():
    return {"kernel_size" if name == "kernel" else name: value for name, value in spread.items()}


for family in ("complex", "fft", "linalg", "special", "structured", "ufuncs"):
    if family in ("special", "structured") and not find_spec("scipy"):
        continue
    more = importlib.import_module(f"op_table_{family}").rows
    assert not set(rows) & set(more)
    rows |= more
