"""What is run in place of a function: instructions on numbered arrays, and how they are reported."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._kernels.graph import any_nan
from ..ops.linalg.products import matmul
from .program import Program
from .recorder import Instruction, Recorder, Spec

#: Bytes of results up to which nothing is done to spare memory.
_SMALL = 1 << 16
_ELEMENTWISE = {k for k, x in vars(np).items() if isinstance(x, np.ufunc) and not x.signature}
#: What computes with numbers of NumPy's faster than ufuncs do.
_NUMBER: Spec = ((), np.dtype(float))
_OF_NUMBERS = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul,
    "divide": operator.truediv, "negative": operator.neg,
}  # fmt: skip
#: A plan with more than one call among so many instructions is run with NumPy.
_MOST_CALLS = 3
#: Values that a plan is printed with.
_MOST_LINES = 200


class Stepwise:
    """Run instructions one after the other with NumPy: what the compiled program is checked against."""

    def __init__(
        self,
        inputs: Sequence[Spec],
        constants: Sequence[np.ndarray],
        instructions: Sequence[Instruction],
        outputs: Sequence[int],
        guards: Sequence[tuple[int, np.ndarray]] = (),
    ) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.constants = [x if x.ndim else x[()] for x in constants]
        self.truths, self.guards = [], []
        for slot, expected in guards:
            if expected.dtype == bool and not expected.ndim:
                self.truths.append((slot, bool(expected)))
            else:
                self.guards.append((slot, expected))
        self.count = len(inputs) + len(constants) + sum(len(made[1]) for made in instructions)
        kept = {*outputs, *(slot for slot, _ in guards), *range(len(inputs) + len(constants))}
        last = {slot: k for k, made in enumerate(instructions) for slot in made[2]}
        self.steps, owned = [], {}
        for k, (op, out, args, attrs, specs) in enumerate(instructions):
            dead = (
                {s for s in args if last[s] == k and s not in kept}
                if _size(specs) > _SMALL
                else set()
            )
            function = _function(op, attrs, specs[0])
            if op in _ELEMENTWISE:
                owned[out[0]] = specs[0]
                spare = [i for i, s in enumerate(args) if s in dead and owned.get(s) == specs[0]]
                if spare:
                    function = _over(function, spare[0])
            elif op != "cast" and op not in _REDUCE:
                for s in args:
                    owned.pop(s, None)  # of which the result may be a view
            self.steps.append((function, out, args, tuple(dead)))

    def run(self, arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, ...] | None:
        """The outputs, which share no memory with the arrays; None where a guard does not hold."""
        for x, (shape, dtype) in zip(arrays, self.inputs, strict=True):
            if x.shape != shape or x.dtype != dtype:
                raise ValueError(f"expected {dtype} {shape}, got {x.dtype} {x.shape}")
        values: list[Any] = [*arrays, *self.constants]
        values += [None] * (self.count - len(values))
        with np.errstate(all="ignore"):
            for function, out, args, dead in self.steps:
                found = function(*[values[a] for a in args])
                if len(out) == 1 and type(found) is not tuple:
                    values[out[0]] = found
                else:
                    for slot, x in zip(out, found, strict=True):
                        values[slot] = x
                for slot in dead:
                    values[slot] = None
        for slot, truth in self.truths:
            if bool(values[slot]) is not truth:
                return None
        for slot, expected in self.guards:
            if not _equal(np.asarray(values[slot]), expected):
                return None
        given = {id(x) for x in values[: len(arrays) + len(self.constants)]}
        results = []
        for slot in self.outputs:
            x = values[slot]
            if type(x) is not np.ndarray or x.base is not None or id(x) in given:
                x = np.array(x)
            given.add(id(x))
            results.append(x)
        return tuple(results)

    def describe(self) -> list[str]:
        """Nothing: the instructions are run as they are."""
        return []


def _size(specs: Any) -> int:
    return math.prod(specs[0][0]) * int(specs[0][1].itemsize)


def _over(function: Any, k: int) -> Callable[..., Any]:
    """A ufunc that leaves its result in the memory of argument ``k``."""
    return lambda *arrays: function(*arrays, arrays[k])


def _equal(x: Any, y: np.ndarray) -> bool:
    return x.shape == y.shape and (
        x.tobytes() == y.tobytes()
        or (y.dtype.kind in "fc" and np.array_equal(x, y, equal_nan=True))
    )


def _function(op: str, attrs: Any, spec: Spec) -> Any:
    """What computes an instruction of arrays."""
    if op in ("cast", "reshape", "broadcast"):
        what: Any = spec[1] if op == "cast" else spec[0]
        by = {"cast": "astype", "reshape": "reshape"}.get(op)
        if by is None:
            return lambda x: np.broadcast_to(x, what)
        return operator.methodcaller(by, what)
    if op == "transpose":
        return lambda x: np.transpose(x, attrs["axes"])
    if op == "slice":
        return operator.itemgetter(attrs["index"])
    if op in ("put", "add_at"):
        return functools.partial(_written, op, attrs["index"])
    if op in ("sum", "prod", "max", "min", "any", "all"):
        return functools.partial(_REDUCE[op], **attrs)
    if op == "concatenate":
        return lambda *xs: np.concatenate(xs, **attrs)
    if op in ("take", "roll"):
        return functools.partial(getattr(np, op), **attrs)
    if spec == _NUMBER and op in _OF_NUMBERS:
        return _OF_NUMBERS[op]
    if op == "matmul":
        return matmul.function
    if op == "call":
        return attrs["function"]
    if op == "clip":
        return np._core.umath.clip  # type: ignore[attr-defined]
    return getattr(np, op)


_REDUCE = {
    "sum": np.add.reduce, "prod": np.multiply.reduce, "max": np.maximum.reduce,
    "min": np.minimum.reduce, "any": np.logical_or.reduce, "all": np.logical_and.reduce,
}  # fmt: skip


def _written(op: str, index: Any, x: Any, values: Any) -> np.ndarray:
    new = np.array(x)
    if op == "put":
        new[index] = values
    else:
        new[index] += values
    return new


class Plan:
    """The instructions of one run for one signature of arguments.

    ``sources`` tells where each input comes from: the number of an argument, or a Tensor. ``results`` are
    the values to return, ``build`` makes what the function returned of them.
    """

    def __init__(self, recorder: Recorder, results: list[int], executor: Any = None) -> None:
        self.recorded = len(recorder.instructions)
        self.repeated, self.simplified = recorder.repeated, recorder.simplified
        _join_guards(recorder)
        needed = self._needed(recorder, results)
        made = [i for i in recorder.instructions if needed.intersection(i[1])]
        self.sources = list(recorder.inputs.values())
        constants = [k for k in recorder.constants if k in needed]
        order = [*recorder.inputs, *constants, *(s for i in made for s in i[1])]
        number = {slot: n for n, slot in enumerate(order)}
        self.specs = [recorder.specs[s] for s in order]
        self.constants = [recorder.constants[k] for k in constants]
        self.instructions = [
            (op, tuple(number[s] for s in out), tuple(number[s] for s in args), attrs, specs)
            for op, out, args, attrs, specs in made
        ]
        self.outputs = tuple(number[s] for s in results)
        self.guards = tuple((number[s], value) for s, (value, _) in recorder.guards.items())
        self.reasons = [reason for _, reason in recorder.guards.values()]
        parts = (
            self.specs[: len(self.sources)], self.constants, self.instructions, self.outputs, self.guards,
        )  # fmt: skip
        self._parts = executor or Program, parts

    @functools.cached_property
    def program(self) -> Any:
        """What runs the instructions, which is made when it is first wanted."""
        return _program(*self._parts)

    def run(self, arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, ...] | None:
        """The outputs for some inputs; None where a guard does not hold."""
        vars(self)["run"] = self.program.run
        return self.program.run(arrays)

    @staticmethod
    def _needed(recorder: Recorder, results: list[int]) -> set[int]:
        """The values that results, guards and effects need."""
        needed = {*results, *recorder.guards}
        for op, out, args, attrs, _ in reversed(recorder.instructions):
            if needed.intersection(out) or (op == "call" and attrs["keep"]):
                needed.update(out, args)
        return needed

    def broken(self, arrays: Sequence[np.ndarray]) -> str:
        """What steered the function when it was recorded and is another value now."""
        instructions = self.instructions
        for (slot, value), reason in zip(self.guards, self.reasons, strict=True):
            part = Stepwise(
                self.specs[: len(self.sources)], self.constants, instructions, (), ((slot, value),)
            )
            try:
                if part.run(arrays) is None:
                    return reason
            except Exception:
                break
        return "the shape of a result"

    def __str__(self) -> str:
        names = {k: f"x{k}" for k in range(len(self.specs))}
        first = len(self.sources) + len(self.constants)
        for k in range(len(self.sources), first):
            constant = self.constants[k - len(self.sources)]
            names[k] = str(constant) if not constant.ndim else f"c{k}"
        size = sum(math.prod(s) * d.itemsize for s, d in self.specs[first:])
        dead = self.recorded - len(self.instructions)
        lines = [
            f"plan: {len(self.instructions)} instructions ({self.repeated} repeated, {self.simplified} "
            f"simplified and {dead} needless ones left out), {len(self.guards)} guards, "
            f"{size} bytes of results"
        ]
        for k, source in enumerate(self.sources):
            what = f"argument {source}" if isinstance(source, int) else "a Tensor from outside"
            lines.append(f"  {names[k]} = {what}: {_shown(self.specs[k])}")
        for op, out, args, attrs, specs in self.instructions[:_MOST_LINES]:
            given = ", ".join(names[a] for a in args)
            if op == "call":
                op = f"call {attrs['name']}"
            elif attrs:
                given += "".join(f", {k}={v}" for k, v in attrs.items())
            results = ", ".join(names[s] for s in out)
            lines.append(f"  {results} = {op}({given}): {', '.join(map(_shown, specs))}")
        if len(self.instructions) > _MOST_LINES:
            lines.append(f"  and {len(self.instructions) - _MOST_LINES} more")
        for (slot, value), reason in zip(self.guards, self.reasons, strict=True):
            shown = str(value) if value.size <= 8 else f"an array of shape {value.shape}"
            lines.append(f"  if {names[slot]} is {shown}: {reason}")
        lines.append(f"  return {', '.join(names[s] for s in self.outputs)}")
        return "\n".join([*lines, *(f"  {line}" for line in self.program.describe())])


#: From how many gradients on one call looks for NaN in all of them.
_MANY = 3


def _join_guards(recorder: Recorder) -> None:
    """Let one instruction look for NaN in all gradients of a network."""
    sources: dict[int, int] = {}
    for slot, (value, _) in recorder.guards.items():
        op, _, args, *_ = recorder.made_by.get(slot, ("", (), (slot,)))
        inner = recorder.made_by.get(args[0])
        if op == "any" and inner is not None and inner[0] == "isnan" and not value:
            sources[slot] = inner[2][0]
    if len(sources) < _MANY:
        return
    attrs = {
        "function": _any_nan,
        "name": "any_nan",
        "key": "any_nan",
        "keep": False,
        "effect": False,
    }
    spec = (), np.dtype(bool)
    joined = recorder.emit("call", tuple(sources.values()), attrs, spec)[0]
    reasons = [recorder.guards.pop(slot) for slot in sources]
    recorder.guards[joined] = reasons[0]


def _any_nan(*arrays: np.ndarray) -> np.ndarray:
    return np.array(any(map(any_nan, arrays)))


def _shown(spec: Spec) -> str:
    return f"{spec[1]} {spec[0]}"


def _program(executor: Any, parts: Any) -> Any:
    """The program, in which what it does not know is a call of NumPy."""
    specs, constants, instructions, outputs, guards = parts
    calls = sum(made[0] == "call" for made in instructions)
    if executor is Stepwise or calls * _MOST_CALLS > len(instructions):
        return Stepwise(*parts)
    kinds = [*(d for _, d in specs), *(c.dtype for c in constants)]
    known = []
    for op, out, args, attrs, results in instructions:
        if op != "call" and not executor.supports(op, [*(kinds[a] for a in args), results[0][1]]):
            attrs = {"function": _caller(op, attrs, results[0]), "effect": False, "name": op}
            op = "call"
        known.append((op, out, args, attrs, results))
        kinds += [d for _, d in results]
    return executor(specs, constants, known, outputs, guards)


def _caller(op: str, attrs: Any, spec: Spec) -> Callable[..., Any]:
    function = _function(op, attrs, spec)
    return lambda *arrays: np.asarray(function(*arrays))
