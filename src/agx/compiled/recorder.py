"""What a function does while it is compiled: numbered values, and the instructions that make them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

Spec = tuple[tuple[int, ...], np.dtype[Any]]
Instruction = tuple[str, tuple[int, ...], tuple[int, ...], Any, tuple[Spec, ...]]

#: Where code lies that no user wrote.
LIBRARIES = tuple(
    os.path.join(os.path.dirname(module.__file__ or ""), "") for module in (np, sys.modules["agx"])
)
#: Bytes of constants that are compared with others.
_FEW_BYTES = 1 << 14


class EscapeError(Exception):
    """An array is wanted where a symbol stands."""


class ChangedError(Exception):
    """A result has another shape or dtype than when it was recorded."""


def users_line() -> str:
    """The file and line of the user's code that runs, such as "fit.py:12"."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(LIBRARIES):
        frame = frame.f_back
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"


def spec_of(x: Any) -> Spec:
    """The shape and dtype of an array or a number."""
    x = x if isinstance(x, (np.ndarray, np.generic)) else np.asarray(x)
    return x.shape, x.dtype


class Recorder:
    """The instructions of one run; ``failed`` says why there is no plan of it, once that is so.

    Values are numbered in the order in which they appear. Equal instructions are recorded once.
    """

    def __init__(self) -> None:
        self.specs: list[Spec] = []
        self.inputs: dict[int, Any] = {}
        self.constants: dict[int, np.ndarray] = {}
        self.instructions: list[Instruction] = []
        self.guards: dict[int, tuple[np.ndarray, str]] = {}
        self.made_by: dict[int, Instruction] = {}
        self.nodes: dict[Any, Any] = {}
        #: What is done after a run: functions of a Tensor and a value, or of nothing, for which None stands.
        self.effects: list[tuple[Any, Any, int]] = []
        self.acted = False
        #: Tensors whose gradient was set, those that had none, and those that were changed.
        self.cleared: set[Any] = set()
        self.without: list[Any] = []
        self.stepped: set[Any] = set()
        self.chance: Any = None
        self.failed = ""
        self.passing = False
        self.strict = 0
        self.repeated = 0
        self.simplified = 0
        self._known: dict[Any, tuple[int, ...]] = {}

    def fail(self, reason: str, here: bool = False) -> None:
        """Note why this run has no plan; the first reason counts. ``here`` says that others may have one."""
        if self.strict:
            raise EscapeError
        if not self.failed:
            self.failed, self.passing = reason, here

    # --- values ----------------------------------------------------------------------------------

    def _slot(self, spec: Spec) -> int:
        self.specs.append(spec)
        return len(self.specs) - 1

    def input(self, value: Any, source: Any) -> int:
        """The number of a value that is read from ``source`` at each call."""
        slot = self._slot(spec_of(value))
        self.inputs[slot] = source
        return slot

    def constant(self, x: np.ndarray) -> int:
        """The number of a constant, of which a copy is kept."""
        key = None
        if x.nbytes <= _FEW_BYTES:
            key = "constant", x.shape, x.dtype.str, x.tobytes()
            if key in self._known:
                return self._known[key][0]
        slot = self._slot((x.shape, x.dtype))
        self.constants[slot] = x.copy()
        if key:
            self._known[key] = (slot,)
        return slot

    def emit(self, op: str, args: tuple[int, ...], attrs: Any, *specs: Spec) -> tuple[int, ...]:
        """Record an instruction, if there is none like it; the numbers of its results."""
        key = op, args, attrs and _key(attrs), specs[0]
        try:
            found = self._known.get(key)
        except TypeError:
            found = key = None  # type: ignore[assignment]
        if found is not None:
            self.repeated += 1
            return found
        out = tuple(map(self._slot, specs))
        made = op, out, args, attrs, specs
        self.instructions.append(made)
        for slot in out:
            self.made_by[slot] = made
        if key is not None:
            self._known[key] = out
        return out

    def guard(self, slot: int, value: Any, what: str) -> None:
        """Let the plan hold only where a value is what it is now."""
        if slot not in self.constants:
            self.guards.setdefault(slot, (np.array(value), f"{what} in {users_line()}"))

    # --- trials ----------------------------------------------------------------------------------

    def mark(self) -> tuple[Any, ...]:
        """Where the recording stands."""
        return (
            len(self.instructions), len(self.specs), dict(self.guards), self.repeated, self.simplified,
            len(self.effects),
        )  # fmt: skip

    def roll_back(self, mark: tuple[Any, ...]) -> None:
        """Forget what was recorded since ``mark``, but for inputs."""
        count, slots, self.guards, self.repeated, self.simplified, effects = mark
        del self.instructions[count:]
        del self.effects[effects:]
        self.made_by = {k: v for k, v in self.made_by.items() if k < slots}
        kept = set(self.inputs) | set(self.constants)
        self._known = {
            k: v for k, v in self._known.items() if all(s < slots or s in kept for s in v)
        }


def _key(x: Any) -> Any:
    """What tells attributes apart, or what cannot be hashed."""
    if isinstance(x, dict):
        return x["key"] if "key" in x else tuple((k, _key(v)) for k, v in x.items())
    if isinstance(x, (tuple, list)):
        return tuple(map(_key, x))
    if isinstance(x, slice):
        return "slice", x.start, x.stop, x.step
    return x


def plain(tree: Any) -> Any:
    """Arrays and numbers in place of the symbols in nested containers."""
    kind = type(tree)
    if kind in (tuple, list):
        return kind(map(plain, tree))
    if kind is dict:
        return {k: plain(v) for k, v in tree.items()}
    if kind is slice:
        return slice(plain(tree.start), plain(tree.stop), plain(tree.step))
    return getattr(tree, "_value", tree) if hasattr(kind, "__agx_call__") else tree


def leaves_of(tree: Any, found: list[Any]) -> Callable[[Any], Any]:
    """Collect the symbols in nested containers; how to build the like with other leaves from an iterator."""
    kind = type(tree)
    if kind in (tuple, list):
        parts = [leaves_of(x, found) for x in tree]
        return lambda new: kind([part(new) for part in parts])
    if kind is dict:
        named = {k: leaves_of(v, found) for k, v in tree.items()}
        return lambda new: {k: part(new) for k, part in named.items()}
    if kind is slice:
        bounds = [leaves_of(x, found) for x in (tree.start, tree.stop, tree.step)]
        return lambda new: slice(*[part(new) for part in bounds])
    if hasattr(kind, "__agx_call__") and hasattr(tree, "_slot"):
        found.append(tree)
        return next
    if hasattr(kind, "made_anew"):
        return lambda new: kind()
    kept = tree.copy() if kind is np.ndarray else tree
    return lambda new: kept
