"""What a function reads from outside: names, attributes, containers and arrays, and whether they changed."""

from __future__ import annotations

import collections
import functools
import io
import sys
import types
from typing import Any

import numpy as np

from .._engine.graph import Node, Primitive, registry
from .._kernels.graph import Scalar, fingerprint_of
from .recorder import LIBRARIES

_FIXED = (
    int, float, complex, str, bytes, bool, type(None), np.generic, types.BuiltinFunctionType,
    np.ufunc, range, np.dtype,
)  # fmt: skip
_HOLDERS = (list, tuple, set, frozenset, collections.deque, bytearray)
_EQUAL = (int, float, complex, str, bytes, tuple)
#: Things that are looked at; more are taken as they are.
_MOST = 20000
#: Bytes of which a fingerprint sees all.
_PART = 1 << 15


class Outside:
    """The state from outside that a function may read, as it was when this was made."""

    def __init__(self, f: Any) -> None:
        self.names: list[tuple[Any, str, Any]] = []
        self.cells: list[tuple[Any, Any]] = []
        self.items: list[tuple[Any, tuple[Any, ...]]] = []
        self.arrays: list[tuple[np.ndarray, Any]] = []
        self.slots: list[tuple[Any, str, Any]] = []
        self.mentioned: set[str] = set()
        #: What is read from outside in a way that cannot be seen; empty if nothing is.
        self.unseen = ""
        self._seen: dict[int, Any] = {}
        self.look(f)

    def look(self, x: Any) -> None:
        """Follow what ``x`` holds."""
        if isinstance(x, _FIXED) or id(x) in self._seen or len(self._seen) > _MOST:
            return
        self._seen[id(x)] = x
        if isinstance(x, types.FunctionType):
            self._function(x)
        elif isinstance(x, Primitive):
            if registry.get(x.name) is not x:
                self.look(x.function)
                self.look(x.vjps)
        elif isinstance(x, type):
            self._class(x)
        elif isinstance(x, Scalar):
            self.unseen = "it reads a Scalar; use a Tensor"
        elif isinstance(x, io.IOBase):
            return
        elif hasattr(type(x), "__next__"):
            self.unseen = (
                f"it may read from a {type(x).__name__}, which gives something else each time"
            )
        elif isinstance(x, types.MethodType):
            self.look(x.__self__)
            self.look(x.__func__)
        elif isinstance(x, functools.partial):
            for part in (x.func, x.args, x.keywords):
                self.look(part)
        elif isinstance(x, np.ndarray):
            if x.dtype != object:
                self.arrays.append((x, _print_of(x)))
        elif isinstance(x, dict):
            self._contents(x, [*x.items()])
        elif isinstance(x, _HOLDERS):
            self._contents(x, [*x])
        elif not isinstance(x, Node) and _is_followed(type(x)):
            self._object(x)

    def _contents(self, x: Any, held: list[Any]) -> None:
        if not isinstance(x, tuple):
            self.items.append((x, tuple(held)))
        for value in held:
            if isinstance(x, dict):
                self.look(value[1])
            else:
                self.look(value)

    def _object(self, x: Any) -> None:
        state = getattr(x, "__dict__", None)
        if type(state) is dict:
            self.items.append((state, tuple(state.items())))
            for value in list(state.values()):
                self.look(value)
        for kind in type(x).__mro__:
            for name in vars(kind).get("__slots__", ()) if _is_followed(kind) else ():
                if hasattr(x, name):
                    self.slots.append((x, name, getattr(x, name)))
                    self.look(getattr(x, name))
        self.look(type(x))

    def _class(self, kind: type) -> None:
        if not _is_users(kind.__module__):
            return
        for name, value in vars(kind).items():
            value = getattr(value, "fget", None) or getattr(value, "__func__", value)
            if isinstance(value, types.FunctionType) or not name.startswith("__"):
                self.look(value)
                self.names.append((vars(kind), name, vars(kind)[name]))
        for base in kind.__bases__:
            self.look(base)

    def _function(self, f: types.FunctionType) -> None:
        library = _is_library(f.__code__.co_filename)
        for cell in f.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:
                continue
            self.cells.append((cell, value))
            self.look(value)
        self.look(f.__defaults__)
        self.look(f.__kwdefaults__)
        if library:
            return
        names = _names(f.__code__)
        self.mentioned |= names
        for name in names:
            if name in f.__globals__:
                value = f.__globals__[name]
                if isinstance(value, types.ModuleType):
                    self._module(value, names)
                else:
                    self.names.append((f.__globals__, name, value))
                    self.look(value)

    def _module(self, module: types.ModuleType, names: set[str]) -> None:
        if _is_users(module.__name__):
            for name in names & vars(module).keys():
                value = vars(module)[name]
                self.names.append((vars(module), name, value))
                if isinstance(value, types.ModuleType):
                    if id(value) not in self._seen:
                        self._seen[id(value)] = value
                        self._module(value, names)
                else:
                    self.look(value)

    def clean(self, plain: Any) -> None:
        """Put numbers in the place of symbols that were left in containers and attributes."""
        for container, _ in self.items:
            if isinstance(container, dict):
                for k, v in list(container.items()):
                    container[k] = plain(v)
            elif isinstance(container, list):
                container[:] = map(plain, container)

    def changed(self) -> str:
        """What is no longer as it was; empty if all is."""
        space: Any
        for space, name, value in self.names:
            now = space.get(name, self)
            if now is not value and not _equal(now, value):
                return f"the global {name!r}"
        for owner, name, value in self.slots:
            now = getattr(owner, name, self)
            if now is not value and not _equal(now, value):
                return f"the attribute {name!r}"
        for cell, value in self.cells:
            now = cell.cell_contents
            if now is not value and not _equal(now, value):
                return f"a variable of an enclosing function, now {now!r:.40}"
        for container, held in self.items:
            if len(container) != len(held):
                return f"the length of a {type(container).__name__} from outside"
            if type(container) is dict or isinstance(container, dict):
                for (k, v), (key, value) in zip(container.items(), held, strict=True):
                    if (k is not key and k != key) or (v is not value and not _equal(v, value)):
                        return f"{k!r} of a {type(container).__name__} or object from outside"
            else:
                for v, value in zip(container, held, strict=True):
                    if v is not value and not _equal(v, value):
                        return f"an element of a {type(container).__name__} from outside"
        for now, before in self.arrays:
            if _print_of(now) != before:
                return f"the numbers in an array of shape {now.shape} from outside"
        return ""


def _is_followed(kind: type) -> bool:
    """Whether the attributes of an object may steer a function that is compiled."""
    module = kind.__module__.partition(".")[0]
    if module in ("numpy", "builtins", "functools", "threading", "random"):
        return False
    return not kind.__module__.startswith(("agx.optim", "agx.compiled"))


def _is_users(module: str) -> bool:
    """Whether a module is neither Python's nor one of the libraries that are taken as they are."""
    if module.partition(".")[0] in sys.stdlib_module_names:
        return False
    return not _is_library(getattr(sys.modules.get(module), "__file__", None) or "")


def _is_library(path: str) -> bool:
    return path.startswith(LIBRARIES) or "site-packages" in path


def _names(code: types.CodeType) -> set[str]:
    """The names that code and the functions inside it look up."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
    return found


def _equal(x: Any, y: Any) -> bool:
    if type(x) is not type(y) or not isinstance(x, _EQUAL):
        return False
    if isinstance(x, tuple):
        return len(x) == len(y) and all(a is b or _equal(a, b) for a, b in zip(x, y, strict=True))
    return bool(x == y)


def _print_of(x: np.ndarray) -> Any:
    """What hardly ever stays the same when an array is changed: fingerprints of all its parts."""
    if x.nbytes <= _PART:
        return x.shape, x.dtype, fingerprint_of(x)
    flat = np.ascontiguousarray(x).reshape(-1)
    step = max(_PART // x.itemsize, 1)
    return x.shape, x.dtype, [fingerprint_of(flat[k : k + step]) for k in range(0, x.size, step)]


class Chance:
    """The states of generators of random numbers, to see whether any was used."""

    def __init__(self, outside: Outside) -> None:
        self.generators = [g for g in outside._seen.values() if hasattr(type(g), "bit_generator")]
        self.look()

    def look(self) -> None:
        """Remember the states that they have now."""
        self.before = self._states()

    def _states(self) -> list[Any]:
        from .._runtime import rng

        found: list[Any] = [g.bit_generator.state for g in self.generators]
        found.append(rng.state())
        if "numpy.random" in sys.modules:
            found.append(np.random.get_state(legacy=False))  # noqa: NPY002
        if "random" in sys.modules:
            found.append(sys.modules["random"].getstate())
        return found

    def used(self) -> bool:
        """Whether random numbers were drawn since."""
        return not _alike(self._states(), self.before)


def _alike(x: Any, y: Any) -> bool:
    if isinstance(x, dict):
        return x.keys() == y.keys() and all(_alike(x[k], y[k]) for k in x)
    if isinstance(x, list):
        return len(x) == len(y) and all(map(_alike, x, y))
    return np.array_equal(x, y) if isinstance(x, np.ndarray) else bool(x == y)
