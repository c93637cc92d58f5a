"""ONNX: models written to a file that other programs run, without agx or Python.

A model is run once on an example, and once on a batch of one more; what it computed is written
operation by operation. Sizes that differ between the two runs follow the batch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ._engine.graph import Node, no_grad
from ._engine.walk import nodes_below
from ._names import shown
from .nn.module import Module
from .ops.images.pool import areas
from .tensor import Tensor

__all__ = [
    "export",
]

#: The operators are those of this version of ONNX's main set.
OPSET = 17

#: The same operation by ONNX's name.
SAME = {
    "abs": "Abs", "arccos": "Acos", "arccosh": "Acosh", "arcsin": "Asin", "arcsinh": "Asinh",
    "arctan": "Atan", "arctanh": "Atanh", "add": "Add", "ceil": "Ceil", "cos": "Cos", "cosh": "Cosh",
    "div": "Div", "erf": "Erf", "exp": "Exp", "fabs": "Abs", "floor": "Floor", "log": "Log",
    "matmul": "MatMul", "maximum": "Max", "minimum": "Min", "mul": "Mul", "neg": "Neg",
    "pos": "Identity", "pow": "Pow", "reciprocal": "Reciprocal", "relu": "Relu", "rint": "Round",
    "sigmoid": "Sigmoid", "sign": "Sign", "sin": "Sin", "sinh": "Sinh", "softplus": "Softplus",
    "softsign": "Softsign", "sqrt": "Sqrt", "sub": "Sub", "tan": "Tan", "tanh": "Tanh",
}  # fmt: skip


#: Why an operation has no form.
WITHOUT = {"where": "its condition is an array, fixed by the example; use maximum, clip or relu"}


class _Writer:
    """What has been written of one model, and the names of its values."""

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._names: dict[Any, str] = {}

    def call(self, name: Node, value: str) -> None:
        """Remember by which name a node's value goes."""
        self._names[name] = value

    def emit(self, op: str, *inputs: str, **settings: Any) -> str:
        """Write one operator and return the name of its result."""
        import onnx

        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(op, inputs, [name], name=name, **settings))
        return name

    def constant(self, value: Any, name: str = "") -> str:
        """Write an array; numbers are of the model's dtype, integers are int64."""
        import onnx

        name = name or f"constant_{len(self.constants)}"
        self.constants.append(onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def integers(self, values: Iterable[int]) -> str:
        """Write a list of integers, such as axes."""
        return self.constant(np.array(list(values), np.int64))

    def input(self, a: Any) -> str:
        """The name of an argument: a node's, or that of a constant."""
        if isinstance(a, Node):
            if a not in self._names:
                self._names[a] = self.constant(a.array.astype(self.dtype))
            return self._names[a]
        return self.constant(np.asarray(a, self.dtype))


def _follow(shape: Any, twin: Any) -> list[int]:
    """Sizes, with -1 for the one that follows the batch."""
    sizes = [s if s == t else -1 for s, t in zip(shape, twin, strict=True)]
    if sizes.count(-1) > 1:
        raise ValueError("several sizes depend on that of the batch")
    return sizes


def _reshape(w: _Writer, node: Node, twin: Node, x: str) -> str:
    return w.emit("Reshape", x, w.integers(_follow(node.shape, twin.shape)))


def _transpose(w: _Writer, node: Node, twin: Node, x: str) -> str:
    axes = node.params["axes"]
    order = range(node.ndim)[::-1] if axes is None else axes
    return w.emit("Transpose", x, perm=[int(a) for a in order])


def _broadcast_to(w: _Writer, node: Node, twin: Node, x: str) -> str:
    """Sizes that follow the batch are those of the argument, for which 1 stands."""
    sizes = _follow(node.shape, twin.shape)
    given = node.arguments[0].shape
    if -1 in sizes and given[sizes.index(-1) - len(sizes)] == 1:
        raise ValueError("an array is repeated as often as the batch is long")
    return w.emit("Expand", x, w.integers(1 if s == -1 else s for s in sizes))


def _concatenate(w: _Writer, node: Node, twin: Node, *parts: str) -> str:
    return w.emit("Concat", *parts, axis=int(node.params["axis"]))


def _stack(w: _Writer, node: Node, twin: Node, *parts: str) -> str:
    axis = int(node.params["axis"])
    wide = [w.emit("Unsqueeze", part, w.integers([axis])) for part in parts]
    return w.emit("Concat", *wide, axis=axis)


def _linear(w: _Writer, node: Node, twin: Node, x: str, weight: str, *bias: str) -> str:
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


def _conv2d(w: _Writer, node: Node, twin: Node, *inputs: str) -> str:
    return w.emit("Conv", *inputs, **_geometry(node))


def _conv2d_input(w: _Writer, node: Node, twin: Node, g: str, weight: str) -> str:
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


def _max_pool2d(w: _Writer, node: Node, twin: Node, x: str) -> str:
    if any((side[:, 0] == side[:, 1]).any() for side in node.params["windows"][:2]):
        raise ValueError("a window lies in the padding alone, which has no one maximum in ONNX")
    how = _sliding(node)
    up, left, down, right = how["pads"]
    if (up, left) != (down, right):  # programs refuse padding that is wider than a kernel with gaps
        pads = w.integers([0, 0, up, left, 0, 0, down, right])
        x = w.emit("Pad", x, pads, w.constant(np.asarray(-np.inf, w.dtype)))
        how["pads"] = (0, 0, 0, 0)
    return w.emit("MaxPool", x, **how)


def _avg_pool2d(w: _Writer, node: Node, twin: Node, x: str) -> str:
    """An average by ONNX's count of elements, or else what that is times the right share of it."""
    size, windows, how = node.arguments[0].shape[2:], node.params["windows"], _sliding(node)
    divided_by = np.broadcast_to(1 / node.params["share"], node.shape[2:])
    inside = areas(windows, size, False)
    padded = areas(windows, size, True) if "ceil_mode" in how else np.prod(how["kernel_shape"])
    for include, usual in (1, padded), (0, inside):
        if np.allclose(divided_by, usual, 1e-6, 0):
            return w.emit("AveragePool", x, count_include_pad=include, **how)
    mean = w.emit("AveragePool", x, count_include_pad=0, **how)
    return w.emit("Mul", mean, w.constant(np.asarray(inside / divided_by, w.dtype)))


def _reducer(op: str) -> Callable[..., str]:
    def reduce(w: _Writer, node: Node, twin: Node, x: str) -> str:
        axis, keep = node.params["axis"], int(bool(node.params["keepdims"]))
        axes = [] if axis is None else [axis] if isinstance(axis, int) else list(axis)
        if op == "ReduceSum":
            return w.emit(op, x, *([w.integers(axes)] if axes else []), keepdims=keep)
        return w.emit(op, x, keepdims=keep, **({"axes": axes} if axes else {}))

    return reduce


def _var(w: _Writer, node: Node, twin: Node, x: str) -> str:
    axis, size = node.params["axis"], node.arguments[0].shape
    axes = (
        list(range(len(size))) if axis is None else [axis] if isinstance(axis, int) else list(axis)
    )
    away = w.emit("Sub", x, w.emit("ReduceMean", x, axes=axes, keepdims=1))
    keep = int(bool(node.params["keepdims"]))
    mean = w.emit("ReduceMean", w.emit("Mul", away, away), axes=axes, keepdims=keep)
    if not node.params["ddof"]:
        return mean
    if any(a != b for a, b in zip(size, twin.arguments[0].shape, strict=True)) and 0 in axes:
        raise ValueError("a variance over the batch with ddof depends on its size")
    count = np.prod([size[a] for a in axes])
    return w.emit(
        "Mul", mean, w.constant(np.asarray(count / (count - node.params["ddof"]), w.dtype))
    )


def _getitem(w: _Writer, node: Node, twin: Node, x: str) -> str:
    """Slices, then the axes that integers took away and those that None made."""
    shape = node.arguments[0].shape
    parts = node.params["index"]
    parts = list(parts) if isinstance(parts, tuple) else [parts]
    used = sum(p is not None and p is not Ellipsis for p in parts)
    at = next((k for k, p in enumerate(parts) if p is Ellipsis), len(parts))
    parts[at : at + 1] = [slice(None)] * (len(shape) - used)
    starts: list[int] = []
    stops: list[int] = []
    steps: list[int] = []
    axes: list[int] = []
    lost: list[int] = []
    made: list[int] = []
    axis = 0
    for place, part in enumerate(parts):
        if part is None:
            made.append(place - len(lost))
            continue
        if isinstance(part, (int, np.integer)) and not isinstance(part, bool):
            lost.append(axis)
            part = slice(int(part), int(part) + 1 or None)
        elif not isinstance(part, slice):
            raise ValueError("it is indexed by an array")
        if part != slice(None):
            step = part.step or 1
            far = np.iinfo(np.int64).max
            starts.append(part.start if part.start is not None else (0 if step > 0 else far))
            stops.append(part.stop if part.stop is not None else (far if step > 0 else -far))
            steps.append(step)
            axes.append(axis)
        axis += 1
    if axes:
        x = w.emit("Slice", x, *map(w.integers, (starts, stops, axes, steps)))
    if lost:
        x = w.emit("Squeeze", x, w.integers(lost))
    return w.emit("Unsqueeze", x, w.integers(made)) if made else x


def _clip(w: _Writer, node: Node, twin: Node, x: str) -> str:
    low, high = node.params["low"], node.params["high"]
    for op, bound in (("Max", low), ("Min", high)):
        if bound is not None:
            x = w.emit(op, x, w.constant(np.asarray(bound, w.dtype)))
    return x


def _pad(w: _Writer, node: Node, twin: Node, x: str) -> str:
    before, after = zip(*node.params["widths"], strict=True)
    return w.emit("Pad", x, w.integers([*before, *after]))


def _scaled_power(base: float) -> Callable[..., str]:
    def power(w: _Writer, node: Node, twin: Node, x: str) -> str:
        return w.emit("Pow", w.constant(np.asarray(base, w.dtype)), x)

    return power


def _silu(w: _Writer, node: Node, twin: Node, x: str) -> str:
    return w.emit("Mul", x, w.emit("Sigmoid", x))


def _gelu(w: _Writer, node: Node, twin: Node, x: str) -> str:
    """x (1 + erf(x / sqrt 2)) / 2."""
    half, root = (w.constant(np.asarray(v, w.dtype)) for v in (0.5, np.sqrt(0.5)))
    curve = w.emit("Erf", w.emit("Mul", x, root))
    return w.emit("Mul", x, w.emit("Add", w.emit("Mul", curve, half), half))


def _gelu_tanh(w: _Writer, node: Node, twin: Node, x: str) -> str:
    """x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2."""
    half, scale, cubic, three = (
        w.constant(np.asarray(v, w.dtype)) for v in (0.5, np.sqrt(2 / np.pi), 0.044715, 3.0)
    )
    inner = w.emit("Add", x, w.emit("Mul", w.emit("Pow", x, three), cubic))
    curve = w.emit("Tanh", w.emit("Mul", inner, scale))
    return w.emit("Mul", x, w.emit("Add", w.emit("Mul", curve, half), half))


def _layer_norm(w: _Writer, node: Node, twin: Node, x: str, weight: str, bias: str) -> str:
    return w.emit("LayerNormalization", x, weight, bias, axis=-1, epsilon=node.params["eps"])


def _over_axis(op: str) -> Callable[..., str]:
    return lambda w, node, twin, x: w.emit(op, x, axis=int(node.params["axis"]))


#: What writes an operation: convert(writer, node, the same node of the longer batch, *names).
CONVERTERS: dict[str, Callable[..., str]] = {
    "astype": lambda w, node, twin, x: w.emit("Identity", x),
    "avg_pool2d": _avg_pool2d,
    "broadcast_to": _broadcast_to,
    "clip": _clip,
    "concatenate": _concatenate,
    "conv2d": _conv2d,
    "conv2d_input": _conv2d_input,
    "elu": lambda w, node, twin, x: w.emit("Elu", x, alpha=node.params["alpha"]),
    "exp2": _scaled_power(2.0),
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "getitem": _getitem,
    "layer_norm": _layer_norm,
    "leaky_relu": lambda w, node, twin, x: w.emit("LeakyRelu", x, alpha=node.params["slope"]),
    "linear": _linear,
    "log_softmax": _over_axis("LogSoftmax"),
    "max": _reducer("ReduceMax"),
    "max_pool2d": _max_pool2d,
    "mean": _reducer("ReduceMean"),
    "min": _reducer("ReduceMin"),
    "mish": lambda w, node, twin, x: w.emit("Mul", x, w.emit("Tanh", w.emit("Softplus", x))),
    "pad": _pad,
    "prelu": lambda w, node, twin, x, weight: w.emit("PRelu", x, weight),
    "prod": _reducer("ReduceProd"),
    "reshape": _reshape,
    "silu": _silu,
    "softmax": _over_axis("Softmax"),
    "square": lambda w, node, twin, x: w.emit("Mul", x, x),
    "stack": _stack,
    "std": lambda w, node, twin, x: w.emit("Sqrt", _var(w, node, twin, x)),
    "sum": _reducer("ReduceSum"),
    "transpose": _transpose,
    "var": _var,
    **{name: (lambda w, node, twin, *x, op=op: w.emit(op, *x)) for name, op in SAME.items()},
}


def _run(model: Any, x: np.ndarray) -> tuple[Tensor, Node, list[Node]]:
    """The input, the result and the operations between, of a model run on one batch."""
    given = Tensor(x)
    out = model(given)
    if not isinstance(out, Node):
        raise TypeError(
            f"onnx.export: the model returned a {type(out).__name__}, expected one Tensor; export a "
            "function that returns one of its parts"
        )
    order = [n for n in nodes_below(out) if n.arguments]
    below = {a for n in order for a in n.arguments if isinstance(a, Node)}
    if given not in below:
        raise ValueError(
            "onnx.export: the result does not depend on the input through operations of agx"
        )
    return given, out, order


def _settled(a: Any, twin: Any) -> Any:
    """An argument that goes for every batch: of equal rows, as many as the batch has, the first."""
    if isinstance(a, Node):
        return a
    a, twin = np.asarray(a), np.asarray(twin)
    if a.shape != twin.shape and a.ndim == twin.ndim:
        for axis, (n, m) in enumerate(zip(a.shape, twin.shape, strict=True)):
            first = np.take(twin, [0], axis)
            if n != m and (twin == first).all():
                a, twin = np.take(a, [0], axis), first
    if not np.array_equal(a, twin):
        raise ValueError("an array among its arguments depends on the batch")
    return a


def _write(w: _Writer, order: list[Node], twins: list[Node]) -> None:
    for node, twin in zip(order, twins, strict=True):
        try:
            if node.op not in CONVERTERS:
                raise ValueError(WITHOUT.get(node.op, "agx knows no form of it in ONNX"))
            pairs = zip(node.arguments, twin.arguments, strict=True)
            names = [w.input(_settled(a, b)) for a, b in pairs]
            w.call(node, CONVERTERS[node.op](w, node, twin, *names))
        except ValueError as problem:
            raise ValueError(
                f"onnx.export: operation '{node.op}' of shape {node.shape} cannot be written: {problem}"
            ) from problem


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """Put a module into evaluation mode for a while."""
    modules = list(model.modules()) if isinstance(model, Module) else []
    modes = [m.training for m in modules]
    try:
        for m in modules:
            m.training = False
        yield
    finally:
        for m, mode in zip(modules, modes, strict=True):
            m.training = mode


def _end(name: str, node: Node, longer: tuple[int, ...]) -> Any:
    """The name, dtype and shape of the input or the output, with N rows if those follow the batch."""
    import onnx

    kind, shape = onnx.helper.np_dtype_to_tensor_dtype(node.dtype), list(node.shape)
    follows = bool(shape) and shape[0] != longer[0]
    sizes: list[Any] = ["N", *shape[1:]] if follows else shape
    return onnx.helper.make_tensor_value_info(name, kind, sizes)


def export(
    model: Any, path: str | os.PathLike[str], example: Any, *, input: str = "x", output: str = "y"
) -> None:
    """Write a model to an ONNX file, for batches of any size.

    ``model`` is a module, which is exported as it is in evaluation mode, or a function of one Tensor.
    ``example`` is a batch such as it takes; what matters is the shape and the dtype, float32 or float64.
    ``input`` and ``output`` are names in the file. Needs the package onnx (``agx[onnx]``). The file is
    replaced when all is written and checked. Raises ValueError that names an operation which has no
    ONNX form, and TypeError unless the model returns one Tensor.

    >>> ag.onnx.export(ag.nn.Linear(3, 2), path, np.ones((1, 3), np.float32))  # doctest: +SKIP
    """
    try:
        import onnx
    except ImportError:
        raise ImportError(
            "onnx.export needs the package onnx; install it with: pip install onnx"
        ) from None
    x = np.asarray(example.array if isinstance(example, Node) else example)
    if x.dtype not in (np.float32, np.float64) or not x.ndim or not len(x):
        raise TypeError(
            "onnx.export: expected an example of float32 or float64 with at least one row, got "
            f"dtype {x.dtype} and shape {x.shape}"
        )
    with _evaluating(model):
        given, out, order = _run(model, x)
        _, longer, twins = _run(model, np.concatenate([x, x[:1]]))
    if [n.op for n in order] != [n.op for n in twins]:
        raise ValueError("onnx.export: the model computes something else for another batch size")
    w = _Writer(x.dtype)
    w.call(given, input)
    with no_grad():
        for name, p in model.named_parameters() if isinstance(model, Module) else ():
            w.call(p, w.constant(p.array.astype(x.dtype), name))
        _write(w, order, twins)
    w.nodes.append(onnx.helper.make_node("Identity", [w.input(out)], [output], name=output))
    ends = [_end(input, given, (len(x) + 1,)), _end(output, out, longer.shape)]
    graph = onnx.helper.make_graph(w.nodes, "agx", ends[:1], ends[1:], w.constants)
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    written = onnx.helper.make_model(graph, opset_imports=opsets, producer_name="agx", ir_version=8)
    onnx.checker.check_model(written, full_check=True)
    path = Path(path)
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(written.SerializeToString())
    os.replace(part, path)


def __dir__() -> list[str]:
    return shown(globals())
