"""What ONNX's operators compute: functions of arrays and Tensors, with the operators' attributes as options.

Numbers that say how something is done, such as shapes and axes, are plain arrays.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._engine.graph import Node, registry
from ..ops.elementwise.activations import elu, gelu, leaky_relu
from ..ops.elementwise.limits import clip
from ..ops.images.conv import conv2d
from ..ops.images.conv_nd import conv3d
from ..ops.images.pool import avg_pool2d, max_pool2d
from ..ops.images.transposed import conv_transpose2d
from ..ops.linalg.einsum import einsum
from ..ops.linalg.products import linear
from ..ops.reduce import extremes, sums
from ..ops.reduce.running import cumsum
from ..ops.reduce.softmax import log_softmax, logsumexp, softmax
from ..ops.shape import axes as shapes
from ..ops.shape.dtype import astype
from ..ops.shape.index import take_along_axis
from ..ops.shape.moves import flip, split, tile
from ..ops.shape.pad import pad
from ..ops.shape.where import where
from .forms import SAME
from .recurrent import RECURRENT
from .resizing import resize

Operator = Callable[..., Any]


def plain(x: Any) -> np.ndarray:
    """The numbers of a value, from which no gradient comes back."""
    return np.asarray(x.array if isinstance(x, Node) else x)


def _integers(x: Any) -> list[int]:
    return [int(n) for n in plain(x).reshape(-1)]


# --- elementwise ---------------------------------------------------------------------------------


def _of_all(function: Operator) -> Operator:
    """An operator of any number of arrays."""
    return lambda *inputs: functools.reduce(function, inputs)


def _compared(function: Operator) -> Operator:
    """An operator whose result is a condition."""
    return lambda *inputs: function(*map(plain, inputs))


def _power(x: Any, y: Any) -> Any:
    return registry["pow"](x, plain(y).astype(x.dtype) if x.dtype != y.dtype else y)


def _divide(x: Any, y: Any) -> Any:
    if x.dtype.kind in "iu":
        return np.trunc(plain(x) / plain(y)).astype(x.dtype)
    return registry["div"](x, y)


def _modulo(x: Any, y: Any, *, fmod: int = 0) -> Any:
    return registry["fmod" if fmod else "mod"](x, y)


def _cast(x: Any, *, to: int, saturate: int = 1) -> Any:
    import onnx

    dtype = onnx.helper.tensor_dtype_to_np_dtype(to)
    floats = dtype.kind == "f" and x.dtype.kind == "f"
    return astype(x, dtype) if floats else plain(x).astype(dtype)


def _dropout(x: Any, ratio: Any = None, training_mode: Any = None, *, seed: int = 0) -> Any:
    if training_mode is not None and plain(training_mode):
        raise ValueError("Dropout in training mode; export the model in evaluation mode")
    return x


def _clip(x: Any, min: Any = None, max: Any = None) -> Any:
    return x if min is None and max is None else clip(x, min, max)


def _gelu(x: Any, *, approximate: str = "none") -> Any:
    return gelu(x, approximate)


def _selu(x: Any, *, alpha: float = 1.6732632423543772, gamma: float = 1.0507009873554805) -> Any:
    return elu(x, alpha) * x.dtype.type(gamma)


def _hard_sigmoid(x: Any, *, alpha: float = 0.2, beta: float = 0.5) -> Any:
    return clip(x * x.dtype.type(alpha) + x.dtype.type(beta), 0.0, 1.0)


# --- shapes --------------------------------------------------------------------------------------


def _reshape(x: Any, shape: Any, *, allowzero: int = 0) -> Any:
    sizes = _integers(shape)
    if not allowzero:
        sizes = [n or x.shape[i] for i, n in enumerate(sizes)]
    return shapes.reshape(x, sizes)


def _flatten(x: Any, *, axis: int = 1) -> Any:
    axis += len(x.shape) if axis < 0 else 0
    return shapes.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


def _squeeze(x: Any, axes: Any = None) -> Any:
    return shapes.squeeze(x, None if axes is None else tuple(_integers(axes)))


def _expand(x: Any, shape: Any) -> Any:
    return shapes.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(_integers(shape))))


def _shape(x: Any, *, start: int = 0, end: int | None = None) -> np.ndarray:
    return np.array(x.shape[start:end], np.int64)


def _filled(shape: Any, *, value: Any = None) -> np.ndarray:
    number = np.zeros((), np.float32) if value is None else plain(value).reshape(())
    return np.full(_integers(shape), number)


def _transpose(x: Any, *, perm: Sequence[int] | None = None) -> Any:
    return shapes.transpose(x, None if perm is None else tuple(perm))


def _concat(*parts: Any, axis: int) -> Any:
    return shapes.concatenate(parts, axis=axis)


def _split(x: Any, sizes: Any = None, *, axis: int = 0, num_outputs: int = 0) -> Any:
    if sizes is None:
        step = -(-x.shape[axis] // num_outputs)
        sizes = [min(step, x.shape[axis] - i * step) for i in range(num_outputs)]
    return tuple(split(x, np.cumsum(_integers(np.asarray(sizes)))[:-1].tolist(), axis))


def _slice(x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Any:
    first, last = _integers(starts), _integers(ends)
    where = range(len(first)) if axes is None else _integers(axes)
    by = [1] * len(first) if steps is None else _integers(steps)
    index = [slice(None)] * len(x.shape)
    for start, end, axis, step in zip(first, last, where, by, strict=True):
        size = x.shape[axis]
        before = step < 0 and end < -size  # the place before the first element
        index[axis] = slice(start, None if before else end, step)
    return x[tuple(index)]


def _gather(x: Any, indices: Any, *, axis: int = 0) -> Any:
    axis += len(x.shape) if axis < 0 else 0
    chosen = plain(indices)
    outside = (chosen < -x.shape[axis]) | (chosen >= x.shape[axis])
    if outside.any():
        raise IndexError(
            f"Gather: index {chosen[outside][0]} is out of range for {x.shape[axis]} rows"
        )
    return x[(*[slice(None)] * axis, chosen)]


def _depth_to_space(x: Any, *, blocksize: int, mode: str = "DCR") -> Any:
    (n, c, h, w), b = x.shape, blocksize
    if mode == "CRD":
        found = shapes.transpose(shapes.reshape(x, (n, -1, b, b, h, w)), (0, 1, 4, 2, 5, 3))
    else:
        found = shapes.transpose(shapes.reshape(x, (n, b, b, -1, h, w)), (0, 3, 4, 1, 5, 2))
    return shapes.reshape(found, (n, c // b**2, h * b, w * b))


def _pad(x: Any, pads: Any, value: Any = None, axes: Any = None, *, mode: str = "constant") -> Any:
    sizes = _integers(pads)
    where = range(len(x.shape)) if axes is None else _integers(axes)
    widths = [(0, 0)] * len(x.shape)
    for i, axis in enumerate(where):
        widths[axis] = sizes[i], sizes[i + len(sizes) // 2]
    cut = tuple(
        slice(max(0, -a), n - max(0, -b)) for (a, b), n in zip(widths, x.shape, strict=True)
    )
    if any(min(pair) < 0 for pair in widths):
        x, widths = x[cut], [(max(0, a), max(0, b)) for a, b in widths]
    if mode == "constant":
        return pad(
            x, widths, constant_values=x.dtype.type(0 if value is None else plain(value).item())
        )
    return pad(x, widths, mode)


def _top_k(x: Any, k: Any, *, axis: int = -1, largest: int = 1, sorted: int = 1) -> Any:
    order = np.argsort(-plain(x) if largest else plain(x), axis, kind="stable")
    places = np.take(order, range(int(plain(k).item())), axis)
    return take_along_axis(x, places, axis), places


def _cumulative(x: Any, axis: Any, *, exclusive: int = 0, reverse: int = 0) -> Any:
    along = int(plain(axis).item())
    x = flip(x, along) if reverse else x
    found = cumsum(x, along) - x if exclusive else cumsum(x, along)
    return flip(found, along) if reverse else found


# --- reductions ----------------------------------------------------------------------------------


def _reducer(function: Operator) -> Operator:
    def reduce(
        x: Any, axes: Any = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
    ) -> Any:
        chosen = [] if axes is None else _integers(axes)
        if not chosen and noop_with_empty_axes:
            return x
        return function(x, tuple(chosen) or tuple(range(len(x.shape))), keepdims=bool(keepdims))

    return reduce


def _picker(function: Operator) -> Operator:
    def pick(x: Any, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> np.ndarray:
        a = np.flip(plain(x), axis) if select_last_index else plain(x)
        found = function(a, axis, keepdims=bool(keepdims))
        return a.shape[axis] - 1 - found if select_last_index else found

    return pick


# --- layers --------------------------------------------------------------------------------------


def _gemm(
    a: Any,
    b: Any,
    c: Any = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Any:
    a = shapes.transpose(a) if transA else a
    if alpha == beta == 1 and transB and (c is None or len(c.shape) == 1):
        return linear(a, b, c)
    kind = a.dtype.type
    found = registry["matmul"](a, shapes.transpose(b) if transB else b) * kind(alpha)
    return found if c is None else found + c * kind(beta)


def _of_images(function: Operator) -> Operator:
    """An operator on images, for signals (N, C, L) too."""

    @functools.wraps(function)
    def apply(x: Any, *filters: Any, **how: Any) -> Any:
        if len(x.shape) == 3:
            first, *bias = filters or (None,)
            wide = () if first is None else (first[:, :, None],)
            for key, ahead in (
                ("kernel_shape", 1),
                ("strides", 1),
                ("dilations", 1),
                ("output_padding", 0),
            ):
                if key in how:
                    how[key] = [ahead, *how[key]]
            if "pads" in how:
                before, after = how["pads"]
                how["pads"] = [0, before, 0, after]
            return function(x[:, :, None], *wide, *bias, **how)[:, :, 0]
        if len(x.shape) == 5 and function is _conv:
            return _conv_of_volumes(x, *filters, **how)
        if len(x.shape) != 4:
            raise ValueError(
                f"expected images (N, C, H, W) or signals (N, C, L), got shape {x.shape}"
            )
        return function(x, *filters, **how)

    return apply


def _margins(
    x: Any, auto: str, pads: Sequence[int] | None, kernel: Any, strides: Any, dilations: Any
) -> list[tuple[int, int]]:
    """The padding (before, after) of each axis of images."""
    if auto in ("NOTSET", "VALID"):
        up, left, down, right = pads if pads is not None and auto == "NOTSET" else (0, 0, 0, 0)
        return [(up, down), (left, right)]
    found = []
    for n, k, s, d in zip(x.shape[2:], kernel, strides, dilations, strict=True):
        total = max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n)
        less, more = total // 2, total - total // 2
        found.append((less, more) if auto == "SAME_UPPER" else (more, less))
    return found


def _padded(x: Any, margins: list[tuple[int, int]], value: float) -> Any:
    return pad(x, [(0, 0), (0, 0), *margins], constant_values=x.dtype.type(value))


def _conv(
    x: Any, w: Any, b: Any = None, *, kernel_shape: Any = None, strides: Any = (1, 1), pads: Any = None,
    dilations: Any = (1, 1), group: int = 1, auto_pad: str = "NOTSET",
) -> Any:  # fmt: skip
    margins = _margins(x, auto_pad, pads, w.shape[2:], strides, dilations)
    if any(before != after for before, after in margins):
        x, margins = _padded(x, margins, 0.0), [(0, 0), (0, 0)]
    padding = tuple(before for before, _ in margins)
    return conv2d(x, w, b, tuple(strides), padding, tuple(dilations), group)


def _conv_of_volumes(
    x: Any, w: Any, b: Any = None, *, kernel_shape: Any = None, strides: Any = (1, 1, 1),
    pads: Any = (0,) * 6, dilations: Any = (1, 1, 1), group: int = 1, auto_pad: str = "NOTSET",
) -> Any:  # fmt: skip
    if auto_pad not in ("NOTSET", "VALID"):
        raise ValueError(f"Conv of volumes is not read with auto_pad {auto_pad}")
    margins = [(before, after) for before, after in zip(pads[:3], pads[3:], strict=True)]
    return conv3d(_padded(x, margins, 0.0), w, b, tuple(strides), 0, tuple(dilations), group)


def _conv_transpose(
    x: Any, w: Any, b: Any = None, *, kernel_shape: Any = None, strides: Any = (1, 1),
    pads: Any = (0, 0, 0, 0), dilations: Any = (1, 1), group: int = 1, output_padding: Any = (0, 0),
) -> Any:  # fmt: skip
    up, left, down, right = pads
    how = tuple(strides), (up, left), tuple(output_padding), group, tuple(dilations)
    if (up, left) == (down, right):
        return conv_transpose2d(x, w, b, *how)
    whole = conv_transpose2d(x, w, b, how[0], 0, *how[2:])
    return whole[:, :, up : whole.shape[2] - down, left : whole.shape[3] - right]


def _pooled(
    x: Any, margins: list[tuple[int, int]], strides: Any, value: float, pool: Operator
) -> Any:
    """Pool with a padding (before, after) that agx's pooling has not: ``pool`` gets padded images.

    Windows that would begin behind the image and the padding before it do not count.
    """
    found = pool(_padded(x, margins, value))
    counts = [
        -(-(n + before) // s)
        for n, (before, _), s in zip(x.shape[2:], margins, strides, strict=True)
    ]
    return found[:, :, : counts[0], : counts[1]]


def _even(margins: list[tuple[int, int]], kernel: Any) -> bool:
    """Whether a padding is one that agx's pooling has."""
    return all(a == b and 2 * a <= k for (a, b), k in zip(margins, kernel, strict=True))


def _max_pool(
    x: Any, *, kernel_shape: Any, strides: Any = (1, 1), pads: Any = None, dilations: Any = (1, 1),
    ceil_mode: int = 0, storage_order: int = 0, auto_pad: str = "NOTSET",
) -> Any:  # fmt: skip
    margins = _margins(x, auto_pad, pads, kernel_shape, strides, dilations)
    kernel, how = tuple(kernel_shape), (tuple(dilations), bool(ceil_mode))
    if _even(margins, kernel):
        return max_pool2d(x, kernel, tuple(strides), tuple(a for a, _ in margins), *how)
    pool = lambda padded: max_pool2d(padded, kernel, tuple(strides), 0, *how)
    return _pooled(x, margins, strides, -np.inf, pool)


def _avg_pool(
    x: Any, *, kernel_shape: Any, strides: Any = (1, 1), pads: Any = None, dilations: Any = (1, 1),
    ceil_mode: int = 0, count_include_pad: int = 0, auto_pad: str = "NOTSET",
) -> Any:  # fmt: skip
    if tuple(dilations) != (1, 1):
        raise ValueError("AveragePool with dilations is not read")
    margins = _margins(x, auto_pad, pads, kernel_shape, strides, dilations)
    kernel, steps, ceil = tuple(kernel_shape), tuple(strides), bool(ceil_mode)
    if _even(margins, kernel):
        padding = tuple(a for a, _ in margins)
        return avg_pool2d(x, kernel, steps, padding, ceil, bool(count_include_pad))
    pool = lambda padded: avg_pool2d(padded, kernel, steps, 0, ceil)
    mean = _pooled(x, margins, steps, 0.0, pool)
    if count_include_pad:
        return mean
    return mean / _pooled(np.ones((1, 1, *x.shape[2:]), x.dtype), margins, steps, 0.0, pool)


def _global(function: Operator) -> Operator:
    return lambda x: function(x, tuple(range(2, len(x.shape))), keepdims=True)


def _by_channel(x: Any, a: Any) -> Any:
    return shapes.reshape(a, (-1, *[1] * (len(x.shape) - 2)))


def _batch_norm(
    x: Any, scale: Any, bias: Any, mean: Any, var: Any, *, epsilon: float = 1e-5, momentum: float = 0.9,
    training_mode: int = 0,
) -> Any:  # fmt: skip
    if training_mode:
        raise ValueError("BatchNormalization in training mode; export the model in evaluation mode")
    scale, bias, mean, var = (_by_channel(x, a) for a in (scale, bias, mean, var))
    return (x - mean) * (scale / registry["sqrt"](var + x.dtype.type(epsilon))) + bias


def _normalised(x: Any, axes: tuple[int, ...], epsilon: float) -> Any:
    away = x - sums.mean(x, axes, keepdims=True)
    return away / registry["sqrt"](sums.var(x, axes, keepdims=True) + x.dtype.type(epsilon))


def _layer_norm(
    x: Any,
    scale: Any,
    bias: Any = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-5,
    stash_type: int = 1,
) -> Any:
    first = axis + len(x.shape) if axis < 0 else axis
    found = _normalised(x, tuple(range(first, len(x.shape))), epsilon) * scale
    return found if bias is None else found + bias


def _instance_norm(x: Any, scale: Any, bias: Any, *, epsilon: float = 1e-5) -> Any:
    found = _normalised(x, tuple(range(2, len(x.shape))), epsilon)
    return found * _by_channel(x, scale) + _by_channel(x, bias)


#: Every operator that is read.
OPERATORS: dict[str, Operator] = {
    **RECURRENT,
    **{op: registry[name] for name, op in SAME.items() if name not in ("astype", "copy", "pos")},
    "And": _compared(np.logical_and),
    "ArgMax": _picker(np.argmax),
    "ArgMin": _picker(np.argmin),
    "AveragePool": _of_images(_avg_pool),
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Celu": lambda x, *, alpha=1.0: elu(x / x.dtype.type(alpha)) * x.dtype.type(alpha),
    "Clip": _clip,
    "Concat": _concat,
    "ConstantOfShape": _filled,
    "Conv": _of_images(_conv),
    "ConvTranspose": _of_images(_conv_transpose),
    "CumSum": _cumulative,
    "DepthToSpace": _depth_to_space,
    "Div": _divide,
    "Dropout": _dropout,
    "Einsum": lambda *inputs, equation: einsum(equation, *inputs),
    "Elu": lambda x, *, alpha=1.0: elu(x, alpha),
    "Equal": _compared(np.equal),
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Gelu": _gelu,
    "Gemm": _gemm,
    "GlobalAveragePool": _global(sums.mean),
    "GlobalMaxPool": _global(extremes.max),
    "Greater": _compared(np.greater),
    "GreaterOrEqual": _compared(np.greater_equal),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": lambda x: x * _hard_sigmoid(x, alpha=1 / 6),
    "Identity": lambda x: x,
    "InstanceNormalization": _instance_norm,
    "IsInf": _compared(np.isinf),
    "IsNaN": _compared(np.isnan),
    "LayerNormalization": _layer_norm,
    "LeakyRelu": lambda x, *, alpha=0.01: leaky_relu(x, alpha),
    "Less": _compared(np.less),
    "LessOrEqual": _compared(np.less_equal),
    "LogSoftmax": lambda x, *, axis=-1: log_softmax(x, axis),
    "Max": _of_all(registry["maximum"]),
    "MaxPool": _of_images(_max_pool),
    "Mean": lambda *inputs: functools.reduce(registry["add"], inputs) / inputs[0].dtype.type(len(inputs)),
    "Min": _of_all(registry["minimum"]),
    "Mod": _modulo,
    "Not": _compared(np.logical_not),
    "Or": _compared(np.logical_or),
    "PRelu": lambda x, slope: where(plain(x) < 0, x * slope, x),
    "Pad": _pad,
    "Pow": _power,
    "ReduceL1": _reducer(lambda x, axes, keepdims: sums.sum(registry["abs"](x), axes, keepdims=keepdims)),
    "ReduceL2": _reducer(lambda x, axes, keepdims: registry["norm"](x, axis=axes, keepdims=keepdims)),
    "ReduceLogSumExp": _reducer(logsumexp),
    "ReduceMax": _reducer(extremes.max),
    "ReduceMean": _reducer(sums.mean),
    "ReduceMin": _reducer(extremes.min),
    "ReduceProd": _reducer(sums.prod),
    "ReduceSum": _reducer(sums.sum),
    "ReduceSumSquare": _reducer(lambda x, axes, keepdims: sums.sum(x * x, axes, keepdims=keepdims)),
    "Reshape": _reshape,
    "Resize": resize,
    "Selu": _selu,
    "Shape": _shape,
    "Size": lambda x: np.array(math.prod(x.shape)),
    "Slice": _slice,
    "Softmax": lambda x, *, axis=-1: softmax(x, axis),
    "Split": _split,
    "Squeeze": _squeeze,
    "Sum": _of_all(registry["add"]),
    "Tile": lambda x, repeats: tile(x, tuple(_integers(repeats))),
    "TopK": _top_k,
    "Transpose": _transpose,
    "Unsqueeze": lambda x, axes: shapes.expand_dims(x, tuple(_integers(axes))),
    "Where": lambda condition, x, y: where(plain(condition), x, y),
    "Xor": _compared(np.logical_xor),
}  # fmt: skip

#: Inputs that are settings, or statistics, and do not learn: their places by operator.
SETTINGS = {
    "BatchNormalization": (3, 4), "Clip": (1, 2), "Dropout": (1,), "Pad": (2,), "Pow": (1,),
    "Resize": (1, 2), "Where": (0,),
}  # fmt: skip
