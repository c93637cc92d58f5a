"""The form of each primitive in ONNX: the operators that compute the same.

Every primitive of agx stands in FORMS, by its name, or in WITHOUT with a reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._engine.graph import Node
from ..ops.images.pool import areas
from .writer import Writer, settled

Form = Callable[..., str]

#: A place behind the end of every axis.
FAR = 2**62

#: The same operation by ONNX's name.
SAME = {
    "abs": "Abs", "arccos": "Acos", "arccosh": "Acosh", "arcsin": "Asin", "arcsinh": "Asinh",
    "arctan": "Atan", "arctanh": "Atanh", "add": "Add", "astype": "Identity",
    "ceil": "Ceil", "copy": "Identity", "cos": "Cos", "cosh": "Cosh",
    "det": "Det", "div": "Div", "erf": "Erf", "exp": "Exp", "fabs": "Abs", "floor": "Floor", "log": "Log",
    "matmul": "MatMul", "maximum": "Max", "minimum": "Min", "mul": "Mul", "neg": "Neg",
    "pos": "Identity", "pow": "Pow", "reciprocal": "Reciprocal", "relu": "Relu", "rint": "Round",
    "sigmoid": "Sigmoid", "sign": "Sign", "sin": "Sin", "sinh": "Sinh", "softplus": "Softplus",
    "softsign": "Softsign", "sqrt": "Sqrt", "sub": "Sub", "tan": "Tan", "tanh": "Tanh",
}  # fmt: skip


def _follow(shape: Any, twin: Any) -> list[int]:
    """Sizes, with -1 for the one that follows the batch."""
    sizes = [s if s == t else -1 for s, t in zip(shape, twin, strict=True)]
    if sizes.count(-1) > 1:
        raise ValueError("several sizes depend on that of the batch")
    return sizes


def _reshape(w: Writer, node: Node, twin: Node, x: str) -> str:
    return w.emit("Reshape", x, w.integers(_follow(node.shape, twin.shape)))


def _transpose(w: Writer, node: Node, twin: Node, x: str) -> str:
    axes = node.params["axes"]
    order = range(node.ndim)[::-1] if axes is None else axes
    return w.emit("Transpose", x, perm=[int(a) for a in order])


def _broadcast_to(w: Writer, node: Node, twin: Node, x: str) -> str:
    """Sizes that follow the batch are those of the argument, for which 1 stands."""
    sizes = _follow(node.shape, twin.shape)
    given = node.arguments[0].shape
    if -1 in sizes and given[sizes.index(-1) - len(sizes)] == 1:
        raise ValueError("an array is repeated as often as the batch is long")
    return w.emit("Expand", x, w.integers(1 if s == -1 else s for s in sizes))


def _concatenate(w: Writer, node: Node, twin: Node, *parts: str) -> str:
    return w.emit("Concat", *parts, axis=int(node.params["axis"]))


def _stack(w: Writer, node: Node, twin: Node, *parts: str) -> str:
    axis = int(node.params["axis"])
    wide = [w.emit("Unsqueeze", part, w.integers([axis])) for part in parts]
    return w.emit("Concat", *wide, axis=axis)


def _linear(w: Writer, node: Node, twin: Node, x: str, weight: str, *bias: str) -> str:
    if node.ndim == 2:
        return w.emit("Gemm", x, weight, *bias, transB=1)
    product = w.emit("MatMul", x, w.emit("Transpose", weight, perm=[1, 0]))
    return w.emit("Add", product, bias[0]) if bias else product


def _geometry(node: Node) -> dict[str, Any]:
    kernel, stride, (down, across), dilation = node.params["geo"]
    return {
        "kernel_shape": kernel, "strides": stride, "dilations": dilation,
        "pads": [down, across, down, across], "group": node.params["groups"],
    }  # fmt: skip


def _conv2d(w: Writer, node: Node, twin: Node, *inputs: str) -> str:
    return w.emit("Conv", *inputs, **_geometry(node))


def _conv2d_input(w: Writer, node: Node, twin: Node, g: str, weight: str) -> str:
    kernel, stride, padding, dilation = node.params["geo"]
    given, found = node.arguments[0].shape[2:], node.shape[2:]
    extra = [
        f - ((n - 1) * s - 2 * p + d * (k - 1) + 1)
        for f, n, k, s, p, d in zip(found, given, kernel, stride, padding, dilation, strict=True)
    ]
    return w.emit("ConvTranspose", g, weight, output_padding=extra, **_geometry(node))


def _windows(starts: np.ndarray, size: int) -> tuple[int, int, int, int]:
    """Kernel, stride and padding before and after, of windows [start, stop) along one axis."""
    first, stops = starts[:, 0], starts[:, 1]
    kernel = int((stops - first).max())
    before = kernel - int(stops[0] - first[0])
    steps = np.diff(first + np.where(np.arange(len(first)) == 0, -before, 0))
    stride = int(steps[0]) if len(steps) else kernel
    after = max(0, (len(first) - 1) * stride + kernel - before - size)
    wanted = np.arange(len(first)) * stride - before
    exact = (first == np.maximum(wanted, 0)) & (stops == np.minimum(wanted + kernel, size))
    if not exact.all():
        raise ValueError("its windows are not of one size and step")
    return kernel, stride, before, after


def _sliding(node: Node) -> dict[str, Any]:
    """The attributes of windows. Those of ceil mode get it if along both axes it adds what it may.

    Programs disagree on whether a window that begins behind the image counts, so that otherwise
    padding says where they end.
    """
    size, (rows, columns, _, geo, whole) = node.arguments[0].shape[2:], node.params["windows"]
    if geo is None:
        down, across = _windows(rows, size[0]), _windows(columns, size[1])
        kernel, strides, before, after = zip(down, across, strict=True)
        return {"kernel_shape": kernel, "strides": strides, "pads": [*before, *after]}
    pads = (*geo.padding, *geo.padding)
    how: dict[str, Any] = {"kernel_shape": geo.kernel, "strides": geo.stride, "pads": pads}
    if geo.dilation != (1, 1):
        how["dilations"] = geo.dilation
    if whole:
        return how
    counts = (len(rows), len(columns))
    lengths = [
        (c - 1) * s + d * (k - 1) + 1 - 2 * p for c, k, s, p, d in zip(counts, *geo, strict=True)
    ]
    if all(n <= length < n + s for n, length, s in zip(size, lengths, geo.stride, strict=True)):
        return {**how, "ceil_mode": 1}
    beyond = [p + max(0, n - m) for n, m, p in zip(lengths, size, geo.padding, strict=True)]
    return {**how, "pads": [*geo.padding, *beyond]}


def _max_pool2d(w: Writer, node: Node, twin: Node, x: str) -> str:
    if any((side[:, 0] == side[:, 1]).any() for side in node.params["windows"][:2]):
        raise ValueError("a window lies in the padding alone, which has no one maximum in ONNX")
    how = _sliding(node)
    up, left, down, right = how["pads"]
    if (up, left) != (down, right):  # programs refuse padding that is wider than a kernel with gaps
        pads = w.integers([0, 0, up, left, 0, 0, down, right])
        x = w.emit("Pad", x, pads, -np.inf)
        how["pads"] = (0, 0, 0, 0)
    return w.emit("MaxPool", x, **how)


def _avg_pool2d(w: Writer, node: Node, twin: Node, x: str) -> str:
    """An average by ONNX's count of elements, or else what that is times the right share of it."""
    size, windows, how = node.arguments[0].shape[2:], node.params["windows"], _sliding(node)
    divided_by = np.broadcast_to(1 / node.params["share"], node.shape[2:])
    inside = areas(windows, size, False)
    padded = areas(windows, size, True) if "ceil_mode" in how else np.prod(how["kernel_shape"])
    for include, usual in (1, padded), (0, inside):
        if np.allclose(divided_by, usual, 1e-6, 0):
            return w.emit("AveragePool", x, count_include_pad=include, **how)
    mean = w.emit("AveragePool", x, count_include_pad=0, **how)
    return w.emit("Mul", mean, inside / divided_by)


def _sum_unpool2d(w: Writer, node: Node, twin: Node, x: str) -> str:
    """Every element spread over its window, where windows lie side by side."""
    for axis, spans in zip((2, 3), node.params["windows"], strict=False):
        starts, stops = spans[:, 0], spans[:, 1]
        if starts[0] or stops[-1] != node.shape[axis] or not np.array_equal(starts[1:], stops[:-1]):
            raise ValueError("its windows do not lie side by side")
        places = np.repeat(np.arange(len(spans)), stops - starts)
        x = w.emit("Gather", x, w.integers(places), axis=axis)
    return x


def _axes(axis: Any) -> list[int]:
    return [] if axis is None else [axis] if isinstance(axis, int) else list(axis)


def _reducer(op: str) -> Form:
    def reduce(w: Writer, node: Node, twin: Node, x: str) -> str:
        axes, keep = _axes(node.params["axis"]), int(bool(node.params["keepdims"]))
        if op == "ReduceSum":
            return w.emit(op, x, *([w.integers(axes)] if axes else []), keepdims=keep)
        return w.emit(op, x, keepdims=keep, **({"axes": axes} if axes else {}))

    return reduce


def _var(w: Writer, node: Node, twin: Node, x: str) -> str:
    size = node.arguments[0].shape
    axes = _axes(node.params["axis"]) or list(range(len(size)))
    away = w.emit("Sub", x, w.emit("ReduceMean", x, axes=axes, keepdims=1))
    keep = int(bool(node.params["keepdims"]))
    mean = w.emit("ReduceMean", w.emit("Mul", away, away), axes=axes, keepdims=keep)
    if not node.params["ddof"]:
        return mean
    if any(a != b for a, b in zip(size, twin.arguments[0].shape, strict=True)) and 0 in axes:
        raise ValueError("a variance over the batch with ddof depends on its size")
    count = np.prod([size[a] for a in axes])
    return w.emit("Mul", mean, count / (count - node.params["ddof"]))


def _getitem(w: Writer, node: Node, twin: Node, x: str) -> str:
    """A look-up of the model's input, or slices, then axes that integers took away and None made."""
    shape = node.arguments[0].shape
    both = [n.params["index"] for n in (node, twin)]
    parts, others = (list(p) if isinstance(p, tuple) else [p] for p in both)
    for name, *examples in w.sources if len(parts) == 1 else ():
        if all(map(np.array_equal, both, examples)):
            return w.emit("Gather", x, name)
    arrays = [pair for pair in zip(parts, others, strict=True) if isinstance(pair[0], np.ndarray)]
    if len(arrays) > 1 or not all(np.array_equal(*pair) for pair in arrays):
        raise ValueError("it is indexed by an array that depends on the input, or by several")
    used = sum(p is not None and p is not Ellipsis for p in parts)
    at = next((k for k, p in enumerate(parts) if p is Ellipsis), len(parts))
    parts[at : at + 1] = [slice(None)] * (len(shape) - used)
    return _parts(w, parts, x, _follow(shape, twin.arguments[0].shape))


def _bounds(part: slice, size: int) -> tuple[int, int, int]:
    """Start, stop and step as ONNX wants them, of an axis that may have any length if its size is -1."""
    step = part.step or 1
    if size >= 0:
        start, stop, _ = part.indices(size)
        if start < 0:  # before the first element: there are none
            return 0, 0, 1
        return start, -FAR if stop < 0 else stop, step
    start = part.start if part.start is not None else (0 if step > 0 else FAR)
    stop = part.stop if part.stop is not None else (FAR if step > 0 else -FAR)
    return start, stop, step


def _parts(w: Writer, parts: list[Any], x: str, sizes: list[int]) -> str:
    cuts: list[tuple[int, ...]] = []
    lost: list[int] = []
    made: list[int] = []
    axis = 0
    for place, part in enumerate(parts):
        if part is None:
            made.append(place - len(lost))
            continue
        if isinstance(part, np.ndarray):
            if lost or made or part.ndim != 1:
                raise ValueError("it is indexed by an array and by more")
            chosen = part.nonzero()[0] if part.dtype == bool else part
            x = w.emit("Gather", x, w.integers(chosen), axis=axis)
        elif isinstance(part, (int, np.integer)) and not isinstance(part, bool):
            lost.append(axis)
            cuts.append((int(part), int(part) + 1 or FAR, 1, axis))
        elif not isinstance(part, slice):
            raise ValueError(f"it is indexed by {part!r}")
        elif part != slice(None):
            start, stop, step = _bounds(part, sizes[axis])
            cuts.append((start, stop, step, axis))
        axis += 1
    if cuts:
        starts, stops, steps, axes = zip(*cuts, strict=True)
        x = w.emit("Slice", x, *map(w.integers, (starts, stops, axes, steps)))
    if lost:
        x = w.emit("Squeeze", x, w.integers(lost))
    return w.emit("Unsqueeze", x, w.integers(made)) if made else x


def _clip(w: Writer, node: Node, twin: Node, x: str) -> str:
    low, high = node.params["low"], node.params["high"]
    for op, bound in (("Max", low), ("Min", high)):
        if bound is not None:
            x = w.emit(op, x, bound)
    return x


def _pad(w: Writer, node: Node, twin: Node, x: str) -> str:
    before, after = zip(*node.params["widths"], strict=True)
    return w.emit("Pad", x, w.integers([*before, *after]))


def _gelu(w: Writer, node: Node, twin: Node, x: str) -> str:
    """x (1 + erf(x / sqrt 2)) / 2."""
    curve = w.emit("Add", w.emit("Erf", w.emit("Mul", x, np.sqrt(0.5))), 1.0)
    return w.emit("Mul", w.emit("Mul", x, 0.5), curve)


def _gelu_tanh(w: Writer, node: Node, twin: Node, x: str) -> str:
    """x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2."""
    inner = w.emit("Add", x, w.emit("Mul", w.emit("Pow", x, 3.0), 0.044715))
    curve = w.emit("Add", w.emit("Tanh", w.emit("Mul", inner, np.sqrt(2 / np.pi))), 1.0)
    return w.emit("Mul", w.emit("Mul", x, 0.5), curve)


def _layer_norm(w: Writer, node: Node, twin: Node, x: str, weight: str, bias: str) -> str:
    return w.emit("LayerNormalization", x, weight, bias, axis=-1, epsilon=node.params["eps"])


def _over_axis(op: str) -> Form:
    return lambda w, node, twin, x: w.emit(op, x, axis=int(node.params["axis"]))


def _slices(w: Writer, x: str, start: int, stop: int, axis: int, step: int = 1) -> str:
    return w.emit("Slice", x, *(w.integers([n]) for n in (start, stop, axis, step)))


def _flip(w: Writer, node: Node, twin: Node, x: str) -> str:
    for axis in _axes(node.params["axis"]) or range(node.ndim):
        x = _slices(w, x, FAR, -FAR, axis, -1)
    return x


def _roll(w: Writer, node: Node, twin: Node, x: str) -> str:
    for shift, axis in zip(node.params["shift"], node.params["axis"], strict=True):
        size = node.shape[axis]
        if size != twin.shape[axis]:
            raise ValueError("it rolls along the batch")
        if shift % size:
            ends = (
                _slices(w, x, -(shift % size), FAR, axis),
                _slices(w, x, 0, -(shift % size), axis),
            )
            x = w.emit("Concat", *ends, axis=axis)
    return x


def _sort(w: Writer, node: Node, twin: Node, x: str) -> str:
    if node.shape[-1] != twin.shape[-1]:
        raise ValueError("it sorts along the batch")
    return w.emit("TopK", x, w.integers([node.shape[-1]]), axis=-1, largest=0)


def _where(w: Writer, node: Node, twin: Node, x: str, y: str) -> str:
    try:
        condition = settled(*(n.params["condition"] for n in (node, twin)))
    except ValueError:
        raise ValueError("its condition depends on the input; use maximum, clip or relu") from None
    return w.emit("Where", w.constant(condition.astype(bool)), x, y)


def _einsum(w: Writer, node: Node, twin: Node, *parts: str) -> str:
    equation = f"{','.join(node.params['inputs'])}->{node.params['result']}"
    return w.emit("Einsum", *parts, equation=equation)


def _round(w: Writer, node: Node, twin: Node, x: str) -> str:
    scale = 10.0 ** node.params["decimals"]
    return w.emit("Div", w.emit("Round", w.emit("Mul", x, scale)), scale)


def _nan_to_num(w: Writer, node: Node, twin: Node, x: str) -> str:
    limits = np.finfo(w.dtype)
    chosen = {"nan": 0.0, "posinf": limits.max, "neginf": limits.min}
    chosen |= {key: value for key, value in node.params.items() if value is not None}
    x = w.emit("Where", w.emit("IsNaN", x), chosen["nan"], x)
    x = w.emit("Where", w.emit("Equal", x, np.inf), chosen["posinf"], x)
    return w.emit("Where", w.emit("Equal", x, -np.inf), chosen["neginf"], x)


def _norm_p(w: Writer, node: Node, twin: Node, x: str) -> str:
    p = node.params["p"]
    total = _reducer("ReduceSum")(w, node, twin, w.emit("Pow", w.emit("Abs", x), p))
    return w.emit("Pow", total, 1 / p)


def _logaddexp(w: Writer, x: Any, y: Any, scale: float) -> str:
    """max(x, y) + log(1 + exp(-|x - y|)), of numbers that are multiplied by ``scale`` for it."""
    away = w.emit("Mul", w.emit("Abs", w.emit("Sub", x, y)), -scale)
    more = w.emit("Log", w.emit("Add", w.emit("Exp", away), 1.0))
    return w.emit("Add", w.emit("Max", x, y), w.emit("Mul", more, 1 / scale))


def _arctan2(w: Writer, y: str, x: str) -> str:
    """arctan(y / x), and half a turn more or less where x is negative."""
    turn = w.emit("Where", w.emit("Less", y, 0.0), -np.pi, np.pi)
    angle = w.emit(
        "Add",
        w.emit("Atan", w.emit("Div", y, x)),
        w.emit("Where", w.emit("Less", x, 0.0), turn, 0.0),
    )
    nowhere = w.emit("And", w.emit("Equal", x, 0.0), w.emit("Equal", y, 0.0))
    return w.emit("Where", nowhere, 0.0, angle)


def _unless_zero(w: Writer, x: str, value: Any, found: str) -> str:
    return w.emit("Where", w.emit("Equal", x, 0.0), value, found)


#: Elementwise operations in the words of ONNX: called with the writer and the names of the arguments.
SAYINGS: dict[str, Callable[..., str]] = {
    "arctan2": _arctan2,
    "cbrt": lambda w, x: w.emit("Mul", w.emit("Sign", x), w.emit("Pow", w.emit("Abs", x), 1 / 3)),
    "copysign": lambda w, x, y: w.emit(
        "Where", w.emit("Less", y, 0.0), w.emit("Neg", w.emit("Abs", x)), w.emit("Abs", x)
    ),
    "deg2rad": lambda w, x: w.emit("Mul", x, np.pi / 180),
    "entr": lambda w, x: _unless_zero(w, x, 0.0, w.emit("Neg", w.emit("Mul", x, w.emit("Log", x)))),
    "erfc": lambda w, x: w.emit("Sub", 1.0, w.emit("Erf", x)),
    "exp2": lambda w, x: w.emit("Pow", 2.0, x),
    "expit": lambda w, x: w.emit("Sigmoid", x),
    "expm1": lambda w, x: w.emit("Sub", w.emit("Exp", x), 1.0),
    "floor_divide": lambda w, x, y: w.emit("Floor", w.emit("Div", x, y)),
    "fmax": lambda w, x, y: w.emit(
        "Where", w.emit("IsNaN", x), y, w.emit("Max", x, w.emit("Where", w.emit("IsNaN", y), x, y))
    ),
    "fmin": lambda w, x, y: w.emit(
        "Where", w.emit("IsNaN", x), y, w.emit("Min", x, w.emit("Where", w.emit("IsNaN", y), x, y))
    ),
    "fmod": lambda w, x, y: w.emit("Mod", x, y, fmod=1),
    "heaviside": lambda w, x, y: _unless_zero(
        w, x, y, w.emit("Where", w.emit("IsNaN", x), x, w.emit("Where", w.emit("Less", x, 0.0), 0.0, 1.0))
    ),
    "hypot": lambda w, x, y: w.emit("Sqrt", w.emit("Add", w.emit("Mul", x, x), w.emit("Mul", y, y))),
    "log10": lambda w, x: w.emit("Div", w.emit("Log", x), np.log(10.0)),
    "log1p": lambda w, x: w.emit("Log", w.emit("Add", x, 1.0)),
    "log2": lambda w, x: w.emit("Div", w.emit("Log", x), np.log(2.0)),
    "log_expit": lambda w, x: w.emit("Neg", w.emit("Softplus", w.emit("Neg", x))),
    "logaddexp": lambda w, x, y: _logaddexp(w, x, y, 1.0),
    "logaddexp2": lambda w, x, y: _logaddexp(w, x, y, np.log(2.0)),
    "logit": lambda w, x: w.emit("Log", w.emit("Div", x, w.emit("Sub", 1.0, x))),
    "mish": lambda w, x: w.emit("Mul", x, w.emit("Tanh", w.emit("Softplus", x))),
    "mod": lambda w, x, y: w.emit(
        "Sub", x, w.emit("Mul", w.emit("Floor", w.emit("Div", x, y)), y)
    ),
    "ndtr": lambda w, x: w.emit("Mul", w.emit("Add", w.emit("Erf", w.emit("Mul", x, 0.5**0.5)), 1.0), 0.5),
    "prelu": lambda w, x, weight: w.emit("PRelu", x, weight),
    "rad2deg": lambda w, x: w.emit("Mul", x, 180 / np.pi),
    "root_mean_square": lambda w, x: w.emit("Sqrt", x),
    "silu": lambda w, x: w.emit("Mul", x, w.emit("Sigmoid", x)),
    "sinc": lambda w, x: _unless_zero(
        w, x, 1.0, w.emit("Div", w.emit("Sin", w.emit("Mul", x, np.pi)), w.emit("Mul", x, np.pi))
    ),
    "square": lambda w, x: w.emit("Mul", x, x),
    "trunc": lambda w, x: w.emit("Mul", w.emit("Sign", x), w.emit("Floor", w.emit("Abs", x))),
    "xlog1py": lambda w, x, y: _unless_zero(
        w, x, 0.0, w.emit("Mul", x, w.emit("Log", w.emit("Add", y, 1.0)))
    ),
    "xlogy": lambda w, x, y: _unless_zero(w, x, 0.0, w.emit("Mul", x, w.emit("Log", y))),
    **{name: (lambda w, *x, op=op: w.emit(op, *x)) for name, op in SAME.items()},
}  # fmt: skip

#: What writes each primitive: form(writer, node, the same node of the longer batch, *names).
FORMS: dict[str, Form] = {
    "avg_pool2d": _avg_pool2d,
    "broadcast_to": _broadcast_to,
    "clip": _clip,
    "concatenate": _concatenate,
    "conv2d": _conv2d,
    "conv2d_input": _conv2d_input,
    "cumsum": lambda w, node, twin, x: w.emit("CumSum", x, w.integers([node.params["axis"]])),
    "einsum": _einsum,
    "elu": lambda w, node, twin, x: w.emit("Elu", x, alpha=node.params["alpha"]),
    "flip": _flip,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "getitem": _getitem,
    "layer_norm": _layer_norm,
    "leaky_relu": lambda w, node, twin, x: w.emit("LeakyRelu", x, alpha=node.params["slope"]),
    "linear": _linear,
    "log_softmax": _over_axis("LogSoftmax"),
    "logsumexp": _reducer("ReduceLogSumExp"),
    "max": _reducer("ReduceMax"),
    "max_pool2d": _max_pool2d,
    "mean": _reducer("ReduceMean"),
    "min": _reducer("ReduceMin"),
    "nan_to_num": _nan_to_num,
    "norm": _reducer("ReduceL2"),
    "norm_p": _norm_p,
    "pad": _pad,
    "prod": _reducer("ReduceProd"),
    "reshape": _reshape,
    "roll": _roll,
    "round": _round,
    "softmax": _over_axis("Softmax"),
    "sort": _sort,
    "stack": _stack,
    "std": lambda w, node, twin, x: w.emit("Sqrt", _var(w, node, twin, x)),
    "sum": _reducer("ReduceSum"),
    "sum_unpool2d": _sum_unpool2d,
    "tile": lambda w, node, twin, x: w.emit("Tile", x, w.integers(node.params["reps"])),
    "transpose": _transpose,
    "var": _var,
    "where": _where,
    **{name: (lambda w, node, twin, *x, say=say: say(w, *x)) for name, say in SAYINGS.items()},
}

_REASONS = {
    "it belongs to derivatives": """
        added_at cofactor conv2d_weight cosh_arcsinh embed erase exprel max_pick2d max_unpool2d
        one_minus_square relu_gradient scatter_add shared sinh_arccosh sum_pool2d
        toeplitz_ahead toeplitz_delayed toeplitz_lags undefined_slope""",
    "it belongs to losses, which are for training; export the model that the loss is taken of": """
        bce bce_logits huber kl_div rel_entr softmax_nll""",
    "it normalises by the batch; put the layer in evaluation mode": "batch_norm",
    "it writes into an array; join parts with concatenate, stack or where": "assign read view",
    "ONNX knows no complex numbers": "angle conj fftn ifftn imag irfftn real rfftn",
    "ONNX has no such operator of linear algebra": """
        cholesky eig eigh expm inv logm lstsq pinv qr roots slogdet solve solve_banded solve_toeplitz
        solve_triangular sparse_matmul spsolve sqrtm svd symmetric_function""",
    "ONNX has no such special function": """
        bessel_i0 bessel_i0e bessel_i1 bessel_i1e bessel_ie bessel_iv bessel_j bessel_j0 bessel_j1
        bessel_y bessel_y0 bessel_y1 beta betaln digamma erfcinv erfcx erfinv gamma gammaln hyp1f1 i0
        log_ndtr modified_bessel ndtri polygamma spherical_bessel""",
    "ONNX has no such operator": """
        col2im convolve cumprod frexp im2col ldexp linspace logsumexp_weighted modf nextafter recurrence
        spacing unwrap""",
}  # fmt: skip

#: Why a primitive has no form.
WITHOUT = {name: reason for reason, names in _REASONS.items() for name in names.split()}
