"""What a model is made of, layer by layer: shapes, parameters, multiply-adds and memory."""

from __future__ import annotations

import functools
import html
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._engine.graph import Node, no_grad
from .._engine.sizes import is_integer
from .._runtime import rng

_COLUMNS = ("layer", "kind", "output shape", "parameters", "multiply-adds", "memory")


@dataclass(frozen=True)
class Layer:
    """One call of a layer: its dotted name, its kind, and what it gave for one sample.

    ``output_shape`` is None for a layer that was not called. Parameters that were counted before are
    not counted again. ``memory`` is that of the output, in bytes.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...] | None
    parameters: int
    multiply_adds: int
    memory: int


@dataclass
class Summary:
    """What ``Module.summary`` returns: it prints as a table, and has ``layers`` and their totals.

    ``parameters`` counts all, ``frozen`` those that do not learn; ``memory`` is that of all outputs for
    one sample, ``parameter_memory`` that of the parameters, in bytes.
    """

    model: str
    input_shape: tuple[int, ...]
    frozen: int = 0
    parameter_memory: int = 0
    layers: list[Layer] = field(default_factory=list)

    @property
    def parameters(self) -> int:
        """The number of parameters, frozen ones among them."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """The number of multiply-adds for one sample."""
        return sum(layer.multiply_adds for layer in self.layers)

    @property
    def memory(self) -> int:
        """The bytes of all outputs for one sample."""
        return sum(layer.memory for layer in self.layers)

    def _cells(self) -> Iterator[tuple[str, ...]]:
        for row in self.layers:
            shape = "not called" if row.output_shape is None else str(row.output_shape)
            numbers = (f"{row.parameters:,}", f"{row.multiply_adds:,}", _in_words(row.memory))
            yield row.name, row.kind, shape, *numbers

    def _totals(self) -> str:
        learning = f"{self.parameters - self.frozen:,} learn, " if self.frozen else ""
        return (
            f"{self.parameters:,} parameters ({learning}{_in_words(self.parameter_memory)}), "
            f"{self.multiply_adds:,} multiply-adds and {_in_words(self.memory)} of outputs for one input "
            f"of shape {self.input_shape}"
        )

    def __repr__(self) -> str:
        rows = [_COLUMNS, *self._cells()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for row in rows:
            cells = [
                cell.rjust(width) if k > 2 else cell.ljust(width)
                for k, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append("  ".join(cells).rstrip())
        return "\n".join([lines[0], "-" * (sum(widths) + 10), *lines[1:], "", self._totals()])

    def _repr_html_(self) -> str:
        def line(kind: str, cells: Sequence[str]) -> str:
            styles = ["left"] * 3 + ["right"] * 3
            return "".join(
                f'<{kind} style="text-align:{style}">{html.escape(cell)}</{kind}>'
                for cell, style in zip(cells, styles, strict=True)
            )

        rows = "".join(f"<tr>{line('td', cells)}</tr>" for cells in self._cells())
        head = f"<thead><tr>{line('th', _COLUMNS)}</tr></thead>"
        return f"<table>{head}<tbody>{rows}</tbody></table><p>{html.escape(self._totals())}</p>"


def _in_words(size: int) -> str:
    """A number of bytes."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"


class _Recorder:
    """Watches the calls of all modules of a model."""

    def __init__(self, model: Any, state: list[tuple[str, Any]], found: Summary) -> None:
        self.found = found
        self.failed = False
        names = dict(model.named_modules())
        self.parts: dict[str, list[tuple[str, Any]]] = {name: [] for name in names}
        for path, value in state:
            if isinstance(value, Node):
                self.parts[_owner(path, names)].append((path, value))
        #: By identity: their first names, from the last module to the first.
        self.modules: dict[int, tuple[str, Any]] = {
            id(module): (name, module) for name, module in reversed(names.items())
        }
        self.called: set[int] = set()
        self.counted: set[int] = set()

    def call(
        self, name: str, module: Any, forward: Callable[..., Any], *given: Any, **how: Any
    ) -> Any:
        """Call a module, and note what it gives."""
        try:
            out = forward(*given, **how)
        except (IndexError, TypeError, ValueError) as problem:
            if self.failed:
                raise
            self.failed = True
            where = f"layer {name} ({_kind(module)})" if name else _kind(module)
            raise ValueError(
                f"summary: an input of shape {self.found.input_shape} does not fit {where}: {problem} "
                "(input_shape is that of one sample, without the batch)"
            ) from problem
        self.called.add(id(module))
        if self.parts[name] or not any(True for _ in module.children()):
            self.note(name, module, list(_arrays(out)))
        return out

    def note(self, name: str, module: Any, arrays: list[Any]) -> None:
        """Write the row of one call, or of a layer that was not called."""
        shape = tuple(arrays[0].shape) if arrays else None
        count = work = 0
        for path, p in self.parts[name]:
            local = path[len(name) :].lstrip(".")
            work += _uses(module, local, shape) * p.size
            if id(p) not in self.counted:
                self.counted.add(id(p))
                count += p.size
                self.found.frozen += 0 if p.requires_grad else p.size
                self.found.parameter_memory += p.array.nbytes
        memory = sum(a.size * a.dtype.itemsize for a in arrays)
        self.found.layers.append(Layer(name, _kind(module), shape, count, work, memory))


def _kind(module: Any) -> str:
    return type(module).__name__.lstrip("_")


def _owner(path: str, modules: dict[str, Any]) -> str:
    """The name of the module that has a part of the state among its attributes."""
    while path not in modules:
        path = path.rpartition(".")[0]
    return path


def _arrays(out: Any) -> Iterator[Any]:
    """The arrays and Tensors that a layer gave."""
    if isinstance(out, (tuple, list)):
        for part in out:
            yield from _arrays(part)
    elif isinstance(out, dict):
        yield from _arrays(list(out.values()))
    elif hasattr(out, "shape") and hasattr(out, "dtype"):
        yield out


def _uses(module: Any, parameter: str, shape: tuple[int, ...] | None) -> int:
    """How often a parameter is multiplied or added for an output of ``shape``, as torchinfo counts.

    That is once for each pixel of a convolution, each row of a linear layer, each step of a recurrent
    one, and else each sample; looking up a row multiplies nothing.
    """
    kinds = " ".join(kind.__name__ for kind in type(module).__mro__)
    if shape is None or "Embedding" in kinds or not ("weight" in parameter or "bias" in parameter):
        return 0
    if parameter not in ("weight", "bias"):
        return math.prod(shape[:-1])
    if "Conv" in kinds:
        return math.prod(shape[:1] + shape[2:])
    return math.prod(shape[:-1]) if "Linear" in kinds else shape[0] if shape else 1


@contextmanager
def _as_it_was(model: Any, state: list[tuple[str, Any]]) -> Iterator[None]:
    """Put back afterwards what a call may change: attributes, buffers and the random generator."""
    attributes: list[tuple[Any, dict[str, Any]]] = [(m, dict(vars(m))) for m in model.modules()]
    buffers = [(value, value.copy()) for _, value in state if isinstance(value, np.ndarray)]
    try:
        with rng.using(np.random.default_rng(0)):
            yield
    finally:
        for module, own in attributes:
            vars(module).clear()
            vars(module).update(own)
        for array, before in buffers:
            array[...] = before


def summarize(model: Any, state: list[tuple[str, Any]], input_shape: Any, dtype: Any) -> Summary:
    """Run a model once on zeros, and tell what each layer gave (see ``Module.summary``)."""
    sizes = (input_shape,) if is_integer(input_shape) else input_shape
    if not isinstance(sizes, Sequence) or not all(is_integer(n) and n > 0 for n in sizes):
        raise ValueError(
            f"summary: input_shape must be the sizes of one sample, such as (1, 28, 28), got {input_shape!r}"
        )
    if dtype is None:
        dtype = next((p.dtype for _, p in state if isinstance(p, Node)), np.float32)
    found = Summary(_kind(model), (1, *map(int, sizes)))
    recorder = _Recorder(model, state, found)
    with _as_it_was(model, state), no_grad():
        for name, module in recorder.modules.values():
            watched = functools.partial(recorder.call, name, module, module.forward)
            vars(module).update(training=False, forward=watched)
        model(np.zeros(found.input_shape, dtype))
    for name, module in reversed(recorder.modules.values()):
        if recorder.parts[name] and id(module) not in recorder.called:
            recorder.note(name, module, [])
    return found
