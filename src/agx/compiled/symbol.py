"""A symbol in place of an array: whatever NumPy does with it is computed, and recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine.symbols import is_traced
from .calls import called_with, frozen, has_one_name, runner
from .recorder import (
    LIBRARIES,
    EscapeError,
    Recorder,
    Spec,
    leaves_of,
    plain,
    spec_of,
)

#: Results of NumPy's functions that say nothing of the numbers.
_OF_SHAPES = {
    np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.common_type, np.iscomplexobj,
    np.isrealobj, np.may_share_memory, np.shares_memory, np.zeros_like, np.ones_like, np.empty_like,
    np.min_scalar_type,
}  # fmt: skip
_WRITING = {np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis}
_IN_PLACE = {
    "sort",
    "fill",
    "partition",
    "put",
    "itemset",
    "resize",
    "setflags",
    "setfield",
    "byteswap",
}
#: How a function of NumPy is recorded, if not as a call of it.
lowered: dict[Any, Callable[..., Any]] = {}


class Symbol:
    """Stand for an array, or a number, of a run that is recorded."""

    __slots__ = ("__weakref__", "_of", "_recorder", "_slot", "_value")
    __array_priority__ = 1e6
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, recorder: Recorder, slot: int, value: Any, of: Any = None) -> None:
        self._recorder, self._slot, self._value = recorder, slot, value
        #: The symbol that this is a part of, and the index.
        self._of = of

    # --- what it looks like ----------------------------------------------------------------------

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._value)

    def __repr__(self) -> str:
        return f"<symbol of {self._value!r}>"

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self._value)

    @property
    def dtype(self) -> np.dtype[Any]:
        return spec_of(self._value)[1]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.size(self._value))

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def base(self) -> None:
        return None

    @property
    def strides(self) -> tuple[int, ...]:
        return np.asarray(self._value).strides

    @property
    def flags(self) -> Any:
        return np.asarray(self._value).flags

    if TYPE_CHECKING:

        def __getitem__(self, index: Any) -> Any: ...

    def __len__(self) -> int:
        return len(self._value)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self._value)))

    # --- what leaves the recording ---------------------------------------------------------------

    def _leave(self, what: str) -> Any:
        """The value, which the plan will depend on."""
        recorder = self._recorder
        if not recorder.failed:
            if recorder.strict and what != "a truth value":
                raise EscapeError
            inside = what == "an array" and self.dtype.kind not in "biu"
            if inside and sys._getframe(2).f_code.co_filename.startswith(LIBRARIES[1]):
                recorder.fail(
                    "agx needs the numbers themselves, as at a corner of the function", True
                )
            recorder.guard(self._slot, self._value, what)
        return self._value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        found = np.asarray(self._leave("an array"), dtype)
        return found.copy() if copy or copy is None else found

    def __bool__(self) -> bool:
        return bool(self._leave("a truth value"))

    def __int__(self) -> int:
        return int(self._leave("a whole number"))

    def __float__(self) -> float:
        return float(self._leave("a number"))

    def __complex__(self) -> complex:
        return complex(self._leave("a number"))

    def __index__(self) -> int:
        return self._leave("an index").__index__()

    def __contains__(self, x: Any) -> bool:
        return bool((self == x).any())

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._leave("a number"), digits)

    def __format__(self, spec: str) -> str:
        return format(self._leave("text"), spec)

    def __str__(self) -> str:
        return str(self._leave("text"))

    def item(self, *args: int) -> Any:
        value = np.asarray(self._value).item(*args)
        if args or self._recorder.failed or type(value) is int or type(value) is bool:
            self._leave("a number")
            return value
        slot = slot_of(self._recorder, self.reshape(()), spec_of(value)[1])
        return Symbol(self._recorder, slot, value)

    def tolist(self) -> Any:
        return np.asarray(self._leave("numbers")).tolist()

    # --- what is recorded ------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        for x in inputs:
            if type(x) is not Symbol and hasattr(type(x), "backward"):
                return NotImplemented
        if kwargs and any(x is not None for x in kwargs.get("out") or ()):
            return _into(self._recorder, ufunc, method, inputs, kwargs)
        return record_ufunc(self._recorder, ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(hasattr(kind, "backward") for kind in types):
            return NotImplemented
        if function in _OF_SHAPES:
            return function(*plain(args), **plain(kwargs))
        if not self._recorder.failed and (how := lowered.get(function)) is not None:
            found = how(*args, **kwargs)
            if found is not NotImplemented:
                return found
        if function in _WRITING or kwargs.get("out") is not None:
            self._recorder.fail(f"{function.__name__} changes an array in place")
        return record_call(self._recorder, function, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # such as __array_interface__
            raise AttributeError(name)
        theirs = getattr(type(self._value), name)  # which says what is missing
        if not callable(theirs):
            return getattr(self._value, name)

        def method(*args: Any, **kwargs: Any) -> Any:
            if name in _IN_PLACE:
                self._recorder.fail(f"{name}() changes an array in place")
            return record_call(self._recorder, theirs, (self, *args), kwargs)

        return method


def _in_place(name: str) -> Callable[[Any, Any], Any]:
    ufunc = getattr(np, name)

    def update(self: Symbol, other: Any) -> Any:
        found = ufunc(self, other)
        if not isinstance(self._value, np.ndarray) or hasattr(type(found), "backward"):
            return found
        return rebind(self, found)

    return update


def rebind(symbol: Symbol, found: Any) -> Symbol:
    """Let a symbol stand for what its array is after a change in place."""
    recorder = symbol._recorder
    new = found.astype(symbol.dtype) if found.dtype != symbol.dtype else found
    if not recorder.failed and not _is_own(symbol):
        recorder.fail("an array that others see is changed in place")
    symbol._value[...] = plain(new)
    if not recorder.failed:
        symbol._slot = new._slot
        if symbol._of is not None:
            whole, index = symbol._of
            attrs, spec = {"index": index}, spec_of(whole._value)
            whole._slot = recorder.emit("put", (whole._slot, new._slot), attrs, spec)[0]
    return symbol


def _is_own(symbol: Symbol) -> bool:
    """Whether nobody but a symbol, and what it is a part of, sees its array."""
    memory = symbol._value.base
    if memory is None:
        return sys.getrefcount(symbol._value) <= 2
    if symbol._of is None or symbol._of[0]._value is not memory or memory.base is not None:
        return False
    return sys.getrefcount(symbol._value) <= 2 and sys.getrefcount(memory) <= 4


def _into(recorder: Recorder, ufunc: np.ufunc, method: str, inputs: Any, kwargs: Any) -> Any:
    """Compute into an array that is given: ``a += b`` makes a symbol of an array that nobody else has."""
    (out, *more), rest = kwargs["out"], {k: v for k, v in kwargs.items() if k != "out"}
    count = sys.getrefcount(out)
    alone = method == "__call__" and not rest and not more and out is inputs[0]
    alone = alone and has_one_name(out, sys._getframe(2))
    if (
        type(out) is not np.ndarray
        or out.base is not None
        or not alone
        or count > _count_of_one(count)
    ):
        recorder.fail(f"{ufunc.__name__}: out= changes an array in place")
    found = None if recorder.failed else record_ufunc(recorder, ufunc, method, inputs, {})
    made = getattr(ufunc, method)(*plain(inputs), out=plain(kwargs["out"]), **plain(rest))
    if found is None or recorder.failed:
        return made
    return Symbol(recorder, slot_of(recorder, found, out.dtype), out.copy())


def _count_of_one(found: int) -> int:
    """How many references to an array there are in ``_into`` if one variable has it."""
    if not _counts:  # as count_references asks first
        _counts.append(found)
    return _counts[0]


_counts: list[int] = []


def operator(name: str, turned: bool = False) -> Callable[[Any, Any], Any]:
    ufunc = getattr(np, name)

    def apply(self: Any, other: Any) -> Any:
        if hasattr(type(other), "backward"):
            return NotImplemented
        pair = (other, self) if turned else (self, other)
        found = ufunc(*pair)
        if (
            all(type(plain(x)) in (float, int, complex, bool) for x in pair)
            and type(found) is Symbol
        ):
            if name in ("divide", "remainder", "floor_divide") and not pair[1] != 0:
                raise ZeroDivisionError("division by zero")  # as Python's numbers do
            found._value = found._value.item()
        return found

    return apply


def _unary(ufunc: np.ufunc) -> Callable[[Any], Any]:
    def apply(self: Any) -> Any:
        found = ufunc(self)
        if type(self._value) in (float, int, complex) and type(found) is Symbol:
            found._value = found._value.item()
        return found

    return apply


def _both_parts(self: Any, other: Any) -> Any:
    return self // other, self % other


def _add_operators() -> None:
    pairs = {
        "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "mod": "remainder",
        "floordiv": "floor_divide", "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or",
        "xor": "bitwise_xor", "lshift": "left_shift", "rshift": "right_shift", "pow": "power",
    }  # fmt: skip
    for short, name in pairs.items():
        setattr(Symbol, f"__{short}__", operator(name))
        setattr(Symbol, f"__r{short}__", operator(name, turned=True))
        setattr(Symbol, f"__i{short}__", _in_place(name))
    compared = {
        "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater",
        "ge": "greater_equal",
    }  # fmt: skip
    for short, name in compared.items():
        setattr(Symbol, f"__{short}__", operator(name))
    single = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}
    for short, name in single.items():
        setattr(Symbol, f"__{short}__", _unary(getattr(np, name)))
    for short, parts in {"divmod": _both_parts}.items():
        setattr(Symbol, f"__{short}__", parts)


_add_operators()


# --- instructions ----------------------------------------------------------------------------------

_REDUCED = {
    "add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logical_or": "any",
    "logical_and": "all",
}  # fmt: skip
_NUMPYS = {name for name, x in vars(np).items() if isinstance(x, np.ufunc)} | {"clip"}
_WEAK = (float, int, complex)


def result_of(recorder: Recorder, op: str, args: Any, attrs: Any, value: Any) -> Symbol:
    """The symbol of what an instruction gives, which was computed."""
    return Symbol(recorder, recorder.emit(op, args, attrs, spec_of(value))[0], value)


def slot_of(recorder: Recorder, x: Any, dtype: Any = None, small: bool = False) -> int:
    """The number of a value, cast to a dtype; with ``small`` one number stands for an array of it."""
    if type(x) is not Symbol:
        array = np.asarray(x, dtype) if type(x) in _WEAK else np.asarray(x)
        array = array if dtype is None else array.astype(dtype, copy=False)
        if array.dtype.kind not in "biufc":
            recorder.fail(f"{type(x).__name__} of dtype {array.dtype} is no number")
            return recorder.constant(np.zeros(0))
        if small and array.size > 1 and (first := _uniform(array)) is not None:
            array = first
        return recorder.constant(array)
    slot: int = x._slot
    if dtype is not None and recorder.specs[slot][1] != dtype:
        slot = recorder.emit("cast", (slot,), None, (recorder.specs[slot][0], np.dtype(dtype)))[0]
    return slot


def _uniform(array: np.ndarray) -> np.ndarray | None:
    """The one number that an array consists of."""
    first = array[(0,) * array.ndim]
    if any(array.strides[k] for k in range(array.ndim) if array.shape[k] > 1):
        same = array == first
        if not same.all() or (first == 0 and np.signbit(array.real).any()):
            return None
    return np.asarray(first)


def record_ufunc(recorder: Recorder, ufunc: np.ufunc, method: str, inputs: Any, kwargs: Any) -> Any:
    """Compute a ufunc of symbols, and record how."""
    values = [x._value if type(x) is Symbol else x for x in inputs]
    if recorder.failed:
        return getattr(ufunc, method)(*plain(values), **plain(kwargs))
    if method == "__call__" and not kwargs and ufunc.nout == 1 and ufunc.__name__ in _NUMPYS:
        value = ufunc(*values)
        if ufunc is np.power:
            ufunc, inputs = _power(value, inputs)
        loop = _loop(ufunc, tuple([_kind(v) for v in values[: ufunc.nin]]))
        if loop is not None:
            return _elementwise(recorder, ufunc, inputs, loop, value)
    if method == "reduce" and ufunc.__name__ in _REDUCED:
        found = _reduced(recorder, ufunc, *inputs, **kwargs)
        if found is not NotImplemented:
            return found
    function = ufunc if method == "__call__" else getattr(ufunc, method)
    if method == "at":
        recorder.fail(f"{ufunc.__name__}.at changes an array in place")
    return record_call(recorder, function, inputs, kwargs)


def _power(value: Any, inputs: Any) -> Any:
    """How NumPy computes a power: some numbers as exponents have ways of their own."""
    x, y = inputs
    if type(x) is Symbol and type(y) in (int, float):
        other = {2: np.square, 0.5: np.sqrt, -1: np.reciprocal, 1: np.positive}.get(y)
        if other is not None:
            with np.errstate(all="ignore"):
                again = other(x._value[..., :64] if x.ndim else x._value)
            first = value[..., :64] if x.ndim else value
            if again.dtype == first.dtype and again.tobytes() == first.tobytes():
                return other, (x,)
    return np.power, inputs


_loops: dict[Any, Any] = {}
#: Factors that round nothing, but for what is left of numbers below the smallest normal one.
_EXACT = {1, 2, 4, 8}


def _loop(ufunc: np.ufunc, kinds: Any) -> Any:
    """The dtypes that a ufunc computes with, or None for what is no loop over numbers."""
    key = ufunc, kinds
    if key not in _loops:
        try:
            found: Any = ufunc.resolve_dtypes((*kinds, None))
            _loops[key] = found if all(d.kind in "biufc" for d in found) else None
        except (TypeError, ValueError):
            _loops[key] = None
    return _loops[key]


def _kind(x: Any) -> Any:
    """The dtype of an array or a number of NumPy's; the type of a number of Python's."""
    return x.dtype if hasattr(x, "dtype") else type(x) if type(x) in _WEAK else spec_of(x)[1]


def _elementwise(recorder: Recorder, ufunc: np.ufunc, inputs: Any, loop: Any, value: Any) -> Symbol:
    name, alone, specs = ufunc.__name__, ufunc.signature is not None, recorder.specs
    found = []
    for x, dtype in zip(inputs, loop, strict=False):
        if type(x) is Symbol and specs[x._slot][1] is dtype:
            found.append(x._slot)
        else:
            found.append(slot_of(recorder, x, dtype, small=not alone))
    slots, spec = tuple(found), (value.shape, loop[-1])
    short = _simplified(recorder, name, slots, spec)
    if short is not None:
        recorder.simplified += 1
        return Symbol(recorder, short, value)
    shape = spec[0] if alone else joined(recorder, slots)
    slot = recorder.emit(name, slots, None, (shape, spec[1]))[0]
    if shape != spec[0]:
        slot = recorder.emit("broadcast", (slot,), None, spec)[0]
    return Symbol(recorder, slot, value)


def joined(recorder: Recorder, slots: Sequence[int]) -> tuple[int, ...]:
    """The shape that values broadcast to."""
    shapes = {recorder.specs[s][0] for s in slots}
    return next(iter(shapes)) if len(shapes) == 1 else np.broadcast_shapes(*shapes)


def _simplified(recorder: Recorder, name: str, slots: Any, spec: Spec) -> int | None:
    """The number of a value that the result of an instruction is anyway, to the bit."""
    if name == "positive" and recorder.specs[slots[0]] == spec:
        return int(slots[0])
    if name == "multiply":
        for x, y in (slots, slots[::-1]):
            if _is_one(recorder, y) and recorder.specs[x] == spec:
                return int(x)
        return _multiplied(recorder, slots, spec)
    if name == "divide" and _is_one(recorder, slots[1]) and recorder.specs[slots[0]] == spec:
        return int(slots[0])
    if name == "negative":
        made = recorder.made_by.get(slots[0])
        if made is not None and made[0] == "negative":
            return made[2][0]
    if name == "add":
        for x, y in (slots, slots[::-1]):
            made = recorder.made_by.get(y)
            if made is None or made[0] != "put" or recorder.specs[x] != spec:
                continue
            base = recorder.constants.get(made[2][0])
            if base is not None and not base.any():
                return recorder.emit("add_at", (x, made[2][1]), made[3], spec)[0]
    return None


def _multiplied(recorder: Recorder, slots: Any, spec: Spec) -> int | None:
    """A product with fewer factors: numbers among them are multiplied now, if that changes nothing."""
    (x, a), (y, b) = (_scaled(recorder, s, spec) for s in slots)
    for rest, inner, other in ((x, a, slots[1]), (y, b, slots[0])):
        outer = recorder.constants.get(other)
        if inner is None or outer is None or outer.ndim:
            continue
        # An inner factor may overflow where both would not.
        if abs(outer[()]) in _EXACT or (abs(inner) in _EXACT and abs(outer[()]) >= 1):
            both = recorder.constant(np.multiply(inner, outer))
            return recorder.emit("multiply", (rest, both), None, spec)[0]
    if a is None or b is None or 1 not in (abs(a), abs(b)):
        return None
    scaled = recorder.emit("multiply", (x, recorder.constant(np.multiply(a, b))), None, spec)[0]
    return recorder.emit("multiply", (scaled, y), None, spec)[0]


def _scaled(recorder: Recorder, slot: int, spec: Spec) -> tuple[int, Any]:
    """A value of some shape as another times a number, which is None where there is none."""
    made = recorder.made_by.get(slot)
    if made is not None and made[0] == "multiply" and recorder.specs[slot] == spec:
        for x, y in (made[2], made[2][::-1]):
            constant = recorder.constants.get(y)
            if constant is not None and not constant.ndim and recorder.specs[x] == spec:
                return x, constant[()]
    return slot, None


def _is_one(recorder: Recorder, slot: int) -> bool:
    constant = recorder.constants.get(slot)
    return constant is not None and bool(constant.size and (constant == 1).all())


def _reduced(
    recorder: Recorder,
    ufunc: np.ufunc,
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    **more: Any,
) -> Any:
    if more or dtype is not None or out is not None or type(x) is not Symbol:
        return NotImplemented
    value = ufunc.reduce(x._value, axis, keepdims=keepdims)
    if not x.ndim and spec_of(x._value)[1] == spec_of(value)[1] and axis in (None, (), 0, -1):
        return Symbol(recorder, x._slot, value)
    if not x.ndim or not x.size:
        return NotImplemented
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    attrs = {"axis": tuple(sorted(int(a) % x.ndim for a in axes)), "keepdims": bool(keepdims)}
    if not attrs["axis"]:
        return NotImplemented
    slot = slot_of(recorder, x, spec_of(value)[1])
    return result_of(recorder, _REDUCED[ufunc.__name__], (slot,), attrs, value)


def record_call(
    recorder: Recorder, function: Any, args: Any, kwargs: Any, key: Any = None, keep: bool = True
) -> Any:
    """Compute a function of symbols, and record a call of it.

    ``keep`` has it called even if nobody needs the result, of which the shape may have been looked at.
    """
    if recorder.failed:
        return function(*plain(args), **plain(kwargs))
    found: list[Symbol] = []
    build = leaves_of((tuple(args), dict(kwargs)), found)
    value = function(*plain(tuple(args)), **plain(dict(kwargs)))
    several = type(value) is not np.ndarray and isinstance(value, (tuple, list))
    parts = list(value) if several else [value]
    kinds = (np.ndarray, np.generic, bool, int, float, complex)
    if not all(isinstance(x, kinds) and not is_traced(x) for x in parts):
        if value is not None:
            recorder.fail(f"{getattr(function, '__name__', function)} returns no arrays")
        return value
    if any(spec_of(x)[1].kind not in "biufc" for x in parts):
        recorder.fail(f"{getattr(function, '__name__', function)} returns no numbers")
        return value
    called = called_with(function, args, kwargs, build, found)
    attrs = {"function": runner(called, found, [*map(spec_of, parts)]), "effect": False}
    attrs |= {"keep": keep, "name": getattr(function, "__name__", str(function))}
    if key is None:
        key = function, frozen(args), frozen(kwargs)
    try:
        hash(key)
        attrs["key"] = key
    except TypeError:
        attrs["key"] = attrs["function"]
    slots = tuple(slot_of(recorder, x) for x in found)
    outs = recorder.emit("call", slots, attrs, *map(spec_of, parts))
    made: list[Any] = [Symbol(recorder, s, x) for s, x in zip(outs, parts, strict=True)]
    for k, x in enumerate(parts):
        if isinstance(x, (bool, int)):
            recorder.guard(outs[k], x, "a result of NumPy's")
            made[k] = x
    if not several:
        return made[0]
    kind: Any = type(value)
    return kind(*made) if hasattr(kind, "_fields") else kind(made)


def count_references() -> None:
    """Find out how many references ``_into`` sees to an array that one variable has."""
    array, recorder = np.zeros(1), Recorder()
    array += Symbol(recorder, recorder.input(array, 0), np.zeros(1))
