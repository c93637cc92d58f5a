"""Models written to ONNX files.

A model is run once on an example, and once on other numbers in a batch of one more; what it computed is
written operation by operation. Sizes that differ between the two runs follow the batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._engine.graph import Node, is_recording, registry
from .._engine.walk import nodes_below
from .._runtime.files import replacing
from ..nn.module import Module
from ..tensor import Tensor
from .forms import FORMS, WITHOUT
from .writer import Writer, package, settled

#: The operators are those of this version of ONNX's main set.
OPSET = 17


def _other(x: np.ndarray, axis: int) -> np.ndarray:
    """A batch of one more with the same numbers in another order, so that what depends on them shows."""
    more = np.concatenate([x, np.take(x, [0], axis)], axis)
    if x.dtype.kind == "f" and x.min() == x.max():
        return more + x.dtype.type(0.5)
    order = np.random.default_rng(0).permutation(more.size)
    return more.reshape(-1)[order].reshape(more.shape)


def _run(model: Any, inputs: list[np.ndarray]) -> tuple[list[Any], Node, list[Node]]:
    """The inputs, the result and the operations between, of a model run on one batch."""
    given = [Tensor(x) if x.dtype.kind == "f" else x for x in inputs]
    out = model(*given)
    if not isinstance(out, Node):
        raise TypeError(
            f"onnx.export: the model returned a {type(out).__name__}, expected one Tensor; export a "
            "function that returns one of its parts"
        )
    return given, out, [n for n in nodes_below(out) if n.arguments]


def _chosen(node: Node, twin: Node) -> Any:
    """What is chosen, where a choice makes no difference but to gradients, as padding of an Embedding."""
    rest = node.arguments[-1]
    marked = any(np.any(n.params.get("condition", False)) for n in (node, twin))
    same = (np.array_equal(n.array, n.arguments[-1].array) for n in (node, twin))
    return rest if marked and isinstance(rest, Node) and all(same) else None


def _write(w: Writer, order: list[Node], twins: list[Node]) -> None:
    for node, twin in zip(order, twins, strict=True):
        try:
            if registry.get(node.op) is not node.primitive:
                raise ValueError("it is an operation of your own")
            if node.op not in FORMS:
                raise ValueError(WITHOUT[node.op])
            if passed := w.known(_chosen(node, twin)):
                w.call(node, passed)
                continue
            pairs = zip(node.arguments, twin.arguments, strict=True)
            names = [w.known(a) or w.constant(settled(a, b).astype(w.dtype)) for a, b in pairs]
            w.call(node, FORMS[node.op](w, node, twin, *names))
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


def _end(name: str, value: Any, longer: Any) -> Any:
    """The name, dtype and shape of the input or the output; N where it follows the batch."""
    import onnx

    kind = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
    sizes = [n if n == m else "N" for n, m in zip(value.shape, longer.shape, strict=True)]
    return onnx.helper.make_tensor_value_info(name, kind, sizes)


def _example(example: Any) -> np.ndarray:
    x = np.asarray(example.array if isinstance(example, Node) else example)
    whole = x.dtype.kind in "iu"
    if not (whole or x.dtype in (np.float32, np.float64)) or not x.ndim or not len(x):
        raise TypeError(
            "onnx.export: expected an example of float32 or float64, or of integers to look up, with at "
            f"least one row, got dtype {x.dtype} and shape {x.shape}"
        )
    return x.astype(np.int64) if whole else x


def export(
    model: Any,
    path: str | os.PathLike[str],
    example: Any,
    *,
    input: str | Sequence[str] = "x",
    output: str = "y",
    batch_axis: int = 0,
) -> None:
    """Write a model to an ONNX file, for batches of any size.

    ``model`` is a module, which is exported as it is in evaluation mode, or a function of Tensors.
    ``example`` is a batch such as it takes, or a tuple of one for each input; what matters is the shape and
    the dtype, float32, float64, or integers that an Embedding looks up. ``input`` and ``output`` are names
    in the file, "x0", "x1" ... of several inputs; parameters have theirs. ``batch_axis`` is the axis of
    examples that may have any length. Needs the package onnx (``agx[onnx]``). The file is replaced when all
    is written and checked. Raises ValueError that names an operation which has no ONNX form, and TypeError
    unless the model returns one Tensor.

    >>> ag.onnx.export(ag.nn.Linear(3, 2), path, np.ones((1, 3), np.float32))  # doctest: +SKIP
    """
    onnx = package("export")
    if not is_recording():
        raise ValueError("onnx.export: nothing is recorded inside ag.no_grad(); call it outside")
    several = isinstance(example, tuple)
    inputs = [_example(x) for x in (example if several else [example])]
    names = [input] if isinstance(input, str) else list(input)
    if several and isinstance(input, str):
        names = [f"{input}{i}" for i in range(len(inputs))]
    others = [_other(x, batch_axis) for x in inputs]
    with _evaluating(model):
        given, out, order = _run(model, inputs)
        _, longer, twins = _run(model, others)
    if [n.op for n in order] != [n.op for n in twins] or out.ndim != longer.ndim:
        raise ValueError(
            f"onnx.export: the model computes something else where axis {batch_axis} is longer; name the "
            "axis of the batch with batch_axis, or export a part that computes the same for any batch"
        )
    w = Writer(next((x.dtype for x in inputs if x.dtype.kind == "f"), out.dtype))
    for name, node, x, other in zip(names, given, inputs, others, strict=True):
        if isinstance(node, Node):
            w.call(node, name)
        else:
            w.sources.append((name, x, other))
    _call_parameters(w, model, (*names, output))
    _write(w, order, twins)
    _check_used(w, out, names)
    w.nodes.append(onnx.helper.make_node("Identity", [w.known(out)], [output], name=output))
    ends = [_end(*parts) for parts in zip(names, inputs, others, strict=True)]
    results = [_end(output, out, longer)]
    graph = onnx.helper.make_graph(w.nodes, "agx", ends, results, w.parameters)
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    written = onnx.helper.make_model(graph, opset_imports=opsets, producer_name="agx", ir_version=8)
    onnx.checker.check_model(written, full_check=True)
    with replacing(path) as file:
        file.write(written.SerializeToString())


def _check_used(w: Writer, out: Node, names: list[str]) -> None:
    """Raise ValueError for an input from which the result does not follow."""
    used = {w.known(out), *(name for node in w.nodes for name in node.input)}
    for name in names:
        if name not in used:
            raise ValueError(
                f"onnx.export: the result does not depend on the input {name} through operations of agx"
            )


def _call_parameters(w: Writer, model: Any, taken: tuple[str, ...]) -> None:
    """Write the Tensors of a module under their names. Raises ValueError for one that is taken."""
    if not isinstance(model, Module):
        return
    named = dict(model.named_parameters())
    for prefix, module in model.named_modules():
        for key, value in vars(module).items():
            if isinstance(value, Tensor) and not value.requires_grad:  # frozen
                named[f"{prefix}.{key}".lstrip(".")] = value
    for name, p in named.items():
        if name in taken:
            raise ValueError(
                f"onnx.export: a parameter is called {name!r}, as an input or the output; choose other "
                "names, such as input='images'"
            )
        w.parameter(p, name)
