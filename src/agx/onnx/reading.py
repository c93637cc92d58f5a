"""Models read from ONNX files, as modules that compute, and learn."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._engine.graph import Node
from ..nn.module import Module, parameter
from ..ops.shape.dtype import astype
from .operators import OPERATORS, SETTINGS, Operator
from .writer import package

#: The versions of ONNX's main set that are read.
OPSETS = range(13, 26)


class Step(NamedTuple):
    """One operator of a graph: what it is called with, and the names of its results."""

    op: str
    function: Operator
    inputs: tuple[str, ...]
    attributes: dict[str, Any]
    outputs: tuple[str, ...]


class End(NamedTuple):
    """An input: its name, dtype and sizes, of which those that are no numbers are free."""

    name: str
    dtype: np.dtype
    shape: tuple[Any, ...] | None


class Graph(Module):
    """Compute what an ONNX file describes: what ``ag.onnx.load`` returns.

    Called with an array or a Tensor for each of ``inputs``, it returns a Tensor, or a tuple of several. The
    file's numbers are parameters under the names that they have there, and learn.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        weights: dict[str, Any],
        constants: dict[str, np.ndarray],
        inputs: Sequence[End],
        outputs: Sequence[str],
    ) -> None:
        self.weights, self.constants = weights, constants
        self.steps, self.inputs, self.outputs = list(steps), list(inputs), list(outputs)

    def _attributes(self) -> Iterator[tuple[str, Any]]:
        yield from self.weights.items()

    def forward(self, *inputs: Any) -> Any:
        """Run the operators one after another."""
        if len(inputs) != len(self.inputs):
            names = ", ".join(end.name for end in self.inputs)
            raise TypeError(f"{self!r}: expected the inputs {names}, got {len(inputs)}")
        taken = {end.name: _taken(end, x) for end, x in zip(self.inputs, inputs, strict=True)}
        values = {"": None, **self.constants, **self.weights, **taken}
        for step in self.steps:
            try:
                found = step.function(*(values[name] for name in step.inputs), **step.attributes)
            except Exception as error:
                error.add_note(f"in the ONNX operator {step.op} that makes {step.outputs[0]!r}")
                raise
            several = found if isinstance(found, tuple) else (found,)
            values.update(zip(step.outputs, several, strict=False))
        results = tuple(values[name] for name in self.outputs)
        return results[0] if len(results) == 1 else results

    def extra_repr(self) -> str:
        """Return the inputs and the number of operators."""
        names = ", ".join(f"{end.name}: {end.dtype} {end.shape}" for end in self.inputs)
        return f"{names}, {len(self.steps)} operators"


def _taken(end: End, x: Any) -> Any:
    """An input in the dtype that the graph wants."""
    x = x if isinstance(x, Node) else np.asarray(x)
    shape = tuple(x.shape)
    if end.shape is not None:
        free = [not isinstance(n, int) or i == 0 for i, n in enumerate(end.shape)]
        fits = len(shape) == len(end.shape)
        if not fits or any(
            not f and n != m for f, n, m in zip(free, shape, end.shape, strict=True)
        ):
            wanted = ", ".join("N" if f else str(n) for f, n in zip(free, end.shape, strict=True))
            raise ValueError(
                f"the ONNX input {end.name!r} has shape {shape}, expected ({wanted}); reshape it"
            )
    if x.dtype == end.dtype:
        return x
    if x.dtype.kind != end.dtype.kind and not (x.dtype.kind in "iu" and end.dtype.kind in "iu"):
        raise TypeError(
            f"the ONNX input {end.name!r} is {x.dtype}, expected {end.dtype}; write "
            f"x.astype(np.{end.dtype}), and divide bytes of pixels by 255"
        )
    return astype(x, end.dtype)


def load(path: str | os.PathLike[str]) -> Graph:
    """Read an ONNX file as a module, whose floating-point arrays are parameters.

    Reads the operators that ``export`` writes, and those of usual networks, in versions 13 to 25 of the main
    set; arrays kept in files beside it too, but none from outside its folder. Batch normalisation uses the
    statistics of the file. Needs the package onnx (``agx[onnx]``). Raises FileNotFoundError, and ValueError
    that names the file for one that is damaged, and all operators in it that are not read.

    >>> model = ag.onnx.load("model.onnx")  # doctest: +SKIP
    """
    onnx = package("load")
    path = Path(path)
    data = path.read_bytes()
    try:
        model = onnx.load_model_from_string(data)
        for tensor in _tensors(model.graph):
            _fetch(tensor, path.parent)
        onnx.checker.check_model(model)
    except Exception as error:  # what damaged bytes make of a reader cannot be foretold
        raise ValueError(
            f"{path}: expected a whole ONNX file, got {len(data)} bytes ({type(error).__name__}: {error})"
        ) from error
    try:
        return _built(model)
    except (ArithmeticError, LookupError, StopIteration, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def _tensors(graph: Any) -> Iterator[Any]:
    """The arrays of a graph: initial values and those of its operators."""
    yield from graph.initializer
    for node in graph.node:
        yield from (a.t for a in node.attribute if a.HasField("t"))


def _fetch(tensor: Any, folder: Path) -> None:
    """Take the numbers of a tensor from the file beside the model's that it names."""
    if tensor.data_location != tensor.EXTERNAL:
        return
    said = {entry.key: entry.value for entry in tensor.external_data}
    place = (folder / said["location"]).resolve()
    if folder.resolve() not in place.parents:
        raise ValueError(f"{tensor.name} is kept in {said['location']}, outside the model's folder")
    with open(place, "rb") as file:
        file.seek(int(said.get("offset", 0)))
        tensor.raw_data = file.read(int(said.get("length", -1)))
    tensor.data_location = tensor.DEFAULT
    del tensor.external_data[:]


def _built(model: Any) -> Graph:
    """The module of a checked model."""
    import onnx

    graph = model.graph
    versions = {entry.domain: entry.version for entry in model.opset_import}
    version = versions.get("", versions.get("ai.onnx", 0))
    if version not in OPSETS:
        raise ValueError(
            f"it uses version {version} of ONNX's operators, expected {OPSETS[0]} to {OPSETS[-1]}; convert "
            "it with onnx.version_converter.convert_version(model, 17)"
        )
    unknown = sorted(
        {f"{n.domain}.{n.op_type}".lstrip(".") for n in graph.node if not _is_known(n)}
    )
    if unknown:
        raise ValueError(
            f"agx does not read the ONNX operators {', '.join(unknown)}; write the model with others, "
            "of which agx.onnx.operators.OPERATORS holds those that it reads"
        )
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    steps = []
    for node in graph.node:
        attributes = {a.name: _attribute(a) for a in node.attribute}
        if node.op_type == "Constant":
            constants[node.output[0]] = np.asarray(next(iter(attributes.values())))
        else:
            steps.append(_step(node, attributes))
    settings = {
        name
        for step in steps
        for i in SETTINGS.get(step.op, ())
        if i < len(step.inputs)
        for name in [step.inputs[i]]
    }
    weights = {}
    for tensor in graph.initializer:
        array = constants[tensor.name]
        if array.dtype.kind == "f" and array.ndim and tensor.name not in settings:
            single = array if array.dtype == np.float64 else array.astype(np.float32)
            weights[tensor.name] = parameter(np.array(single))
            del constants[tensor.name]
    initial = {t.name for t in graph.initializer}
    inputs = [_end(value) for value in graph.input if value.name not in initial]
    return Graph(steps, weights, constants, inputs, [value.name for value in graph.output])


def _is_known(node: Any) -> bool:
    return node.domain in ("", "ai.onnx") and (
        node.op_type == "Constant" or node.op_type in OPERATORS
    )


def _attribute(attribute: Any) -> Any:
    import onnx

    found = onnx.helper.get_attribute_value(attribute)
    if isinstance(found, onnx.TensorProto):
        return onnx.numpy_helper.to_array(found)
    return found.decode() if isinstance(found, bytes) else found


def _step(node: Any, attributes: dict[str, Any]) -> Step:
    """An operator, unless it has an attribute that is not known."""
    function = OPERATORS[node.op_type]
    if node.op_type == "Split" and len(node.input) < 2:
        attributes.setdefault("num_outputs", len(node.output))
    if attributes:
        try:
            inspect.signature(function).bind(*node.input, **attributes)
        except TypeError as error:
            raise ValueError(
                f"agx does not read the ONNX operator {node.op_type} with these attributes: {error}"
            ) from None
    return Step(node.op_type, function, tuple(node.input), attributes, tuple(node.output))


def _end(value: Any) -> End:
    import onnx

    kind = value.type.tensor_type
    shape = (
        tuple(d.dim_value if d.HasField("dim_value") else d.dim_param for d in kind.shape.dim)
        if kind.HasField("shape")
        else None
    )
    return End(value.name, onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type), shape)
