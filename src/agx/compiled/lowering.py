"""How functions and methods of arrays are recorded: as movements, sums and elementwise operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from .recorder import leaves_of, plain, spec_of
from .symbol import Symbol, joined, lowered, rebind, record_call, result_of, slot_of

_MISSING: Any = object()


def records(*functions: Any) -> Callable[[Any], Any]:
    """Let the decorated function record calls of others."""

    def register(ours: Any) -> Any:
        lowered.update(dict.fromkeys(functions, ours))
        return ours

    return register


def method(ours: Any) -> Any:
    """Let the decorated function be the method of symbols as well."""
    setattr(Symbol, ours.__name__, ours)
    return ours


def symbol_like(x: Any) -> Any:
    return type(x) is Symbol


def moved(x: Symbol, op: str, attrs: Any, value: Any) -> Symbol:
    """The symbol of the elements of ``x`` elsewhere."""
    return result_of(x._recorder, op, (x._slot,), attrs, value)


# --- movements -------------------------------------------------------------------------------------


@method
def reshape(self: Symbol, *shape: Any, order: str = "C", copy: Any = None) -> Any:
    recorder = self._recorder
    if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)):
        shape = tuple(shape[0])
    value = np.reshape(self._value, plain(shape), order=order)  # type: ignore[call-overload]
    if recorder.failed:
        return value
    if order != "C":
        return transpose(reshape(transpose(self), *value.shape[::-1]))
    if value.shape == self.shape and isinstance(self._value, np.ndarray):
        return Symbol(recorder, self._slot, value)
    made = recorder.made_by.get(self._slot)
    if made is not None and made[0] == "reshape":
        return result_of(recorder, "reshape", made[2], None, value)
    return moved(self, "reshape", None, value)


@records(np.reshape)
def _reshape(
    a: Any, /, shape: Any = None, order: str = "C", *, copy: Any = None, **old: Any
) -> Any:
    if not symbol_like(a) or old:
        return NotImplemented
    return reshape(a, shape, order=order)


@method
def ravel(self: Symbol, order: str = "C") -> Any:
    return reshape(self, -1, order=order) if order in ("C", "F") else NotImplemented


records(np.ravel)(lambda a, order="C": ravel(a, order) if symbol_like(a) else NotImplemented)


@method
def flatten(self: Symbol, order: str = "C") -> Any:
    return copy(reshape(self, -1, order=order))


@method
def copy(self: Symbol, order: str = "C") -> Any:
    value = np.array(self._value)
    return value if self._recorder.failed else Symbol(self._recorder, self._slot, value)


records(np.copy)(lambda a, order="K", subok=False: copy(a))


@method
def transpose(self: Symbol, *axes: Any) -> Any:
    if len(axes) == 1 and not isinstance(axes[0], (int, np.integer)):
        axes = tuple(axes[0] or ())
    value = np.transpose(self._value, axes or None)
    if self._recorder.failed:
        return value
    order = tuple(range(self.ndim))[::-1] if not axes else normalize_axis_tuple(axes, self.ndim)
    if order == tuple(range(self.ndim)):
        return Symbol(self._recorder, self._slot, value)
    made = self._recorder.made_by.get(self._slot)
    if made is not None and made[0] == "transpose":
        both = tuple(made[3]["axes"][k] for k in order)
        if both == tuple(range(self.ndim)):
            return Symbol(self._recorder, made[2][0], value)
        return result_of(self._recorder, "transpose", made[2], {"axes": both}, value)
    return moved(self, "transpose", {"axes": order}, value)


@records(np.transpose, np.permute_dims)
def _transpose(a: Any, axes: Any = None) -> Any:
    return transpose(a, axes) if symbol_like(a) else NotImplemented


@method
def swapaxes(self: Symbol, axis1: int, axis2: int) -> Any:
    order = list(range(self.ndim))
    i, j = normalize_axis_index(axis1, self.ndim), normalize_axis_index(axis2, self.ndim)
    order[i], order[j] = j, i
    return transpose(self, order)


@records(np.moveaxis)
def _moveaxis(a: Any, source: Any, destination: Any) -> Any:
    if not symbol_like(a):
        return NotImplemented
    source = normalize_axis_tuple(source, a.ndim)
    destination = normalize_axis_tuple(destination, a.ndim)
    order = [n for n in range(a.ndim) if n not in source]
    for where, what in sorted(zip(destination, source, strict=True)):
        order.insert(where, what)
    return transpose(a, order)


records(np.swapaxes)(lambda a, i, j: swapaxes(a, i, j) if symbol_like(a) else NotImplemented)
records(np.matrix_transpose, np.linalg.matrix_transpose)(lambda x, /: swapaxes(x, -1, -2))


@method
def squeeze(self: Symbol, axis: Any = None) -> Any:
    return reshape(self, np.squeeze(self._value, axis).shape)


records(np.squeeze)(lambda a, axis=None: squeeze(a, axis) if symbol_like(a) else NotImplemented)


@records(np.expand_dims)
def _expand_dims(a: Any, axis: Any) -> Any:
    return reshape(a, np.expand_dims(a._value, axis).shape) if symbol_like(a) else NotImplemented


@records(np.broadcast_to)
def _broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    if not symbol_like(array):
        return NotImplemented
    value = np.broadcast_to(array._value, shape)
    if value.shape == array.shape:
        return Symbol(array._recorder, array._slot, value)
    return moved(array, "broadcast", None, value)


@records(np.roll)
def _roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if not symbol_like(a) or not all(
        isinstance(k, (int, tuple, type(None))) for k in (shift, axis)
    ):
        return NotImplemented
    value = np.roll(a._value, shift, axis)
    if axis is None:
        return reshape(_roll(reshape(a, -1), shift, 0), a.shape)
    return moved(a, "roll", {"shift": shift, "axis": axis}, value)


@records(np.concatenate)
def _concatenate(arrays: Any, /, axis: Any = 0, out: Any = None, **how: Any) -> Any:
    parts = list(arrays) if isinstance(arrays, (list, tuple)) else []
    if out is not None or how or not any(map(symbol_like, parts)):
        return NotImplemented
    recorder = next(x for x in parts if symbol_like(x))._recorder
    value = np.concatenate(plain(parts), axis)
    if axis is None:
        parts, axis = [np.ravel(x) for x in parts], 0
    dtype = value.dtype
    slots = tuple(slot_of(recorder, x, dtype) for x in parts)
    return result_of(
        recorder, "concatenate", slots, {"axis": normalize_axis_index(axis, value.ndim)}, value
    )


@records(np.stack)
def _stack(arrays: Any, axis: int = 0, out: Any = None, **how: Any) -> Any:
    parts = list(arrays)
    if out is not None or how:
        return NotImplemented
    k = normalize_axis_index(axis, np.ndim(parts[0]) + 1)
    return np.concatenate([np.expand_dims(x, k) for x in parts], k)


@method
def astype(self: Symbol, dtype: Any, *args: Any, **kwargs: Any) -> Any:
    value = np.asarray(self._value).astype(dtype, *args, **kwargs)
    recorder = self._recorder
    if isinstance(self._value, np.generic):
        value = value[()]
    if recorder.failed:
        return value
    if value.dtype.kind not in "biufc":
        recorder.fail(f"astype({dtype}) gives no numbers")
        return value
    return Symbol(recorder, slot_of(recorder, self, value.dtype), value)


# --- elements --------------------------------------------------------------------------------------


def _is_basic(index: Any) -> bool:
    each = index if isinstance(index, tuple) else (index,)
    return all(
        k is None or k is Ellipsis or isinstance(k, slice)
        or (isinstance(k, (int, np.integer)) and not isinstance(k, (bool, np.bool_)))
        for k in each
    )  # fmt: skip


def _settled(index: Any) -> Any:
    """An index whose truth values and single integers are numbers: the plan depends on them."""
    if type(index) is tuple:
        return tuple(map(_settled, index))
    if symbol_like(index) and (index.dtype == bool or not index.ndim):
        index._recorder.guard(index._slot, index._value, "an index")
        return index._value
    return index


def _basic(index: Any) -> tuple[Any, ...]:
    each = index if isinstance(index, tuple) else (index,)
    return tuple(int(k) if isinstance(k, np.integer) else plain(k) for k in each)


def item_of(self: Symbol, index: Any) -> Any:
    recorder = self._recorder
    if recorder.failed:
        return self._value[plain(index)]
    index = _settled(index)
    value = self._value[plain(index)]
    if _is_basic(index):
        if value.shape == self.shape and isinstance(index, type(Ellipsis)):
            return Symbol(recorder, self._slot, value)
        found = moved(self, "slice", {"index": _basic(index)}, value)
        found._of = self, _basic(index)
        return found
    whole = index if isinstance(index, tuple) else (index,)
    lists = [k for k, i in enumerate(whole) if not (isinstance(i, slice) and i == slice(None))]
    if len(lists) == 1 and not any(i is None or i is Ellipsis for i in whole):
        where = whole[lists[0]]
        if spec_of(where)[1].kind in "iu" and np.ndim(plain(where)):
            slots = self._slot, slot_of(recorder, where, np.intp)
            return result_of(recorder, "take", slots, {"axis": lists[0]}, value)
    return record_call(recorder, _item, (self, index), {})


def _item(x: Any, index: Any) -> Any:
    return x[index]


def _with(x: Any, index: Any, value: Any) -> Any:
    x = np.array(x)
    x[index] = value
    return x


def put(self: Symbol, index: Any, value: Any) -> None:
    """Assign to elements: the symbol stands for the new array from now on."""
    recorder = self._recorder
    index = _settled(index)
    if hasattr(type(value), "backward"):
        recorder.fail("a Tensor is assigned into a plain array")
    if recorder.failed:
        self._value[plain(index)] = plain(value)
        return
    after = _with(self._value, plain(index), plain(value))
    if _is_basic(index):
        if symbol_like(value) and value._of is not None and value._of[0] is self:
            made = recorder.made_by.get(self._slot)
            if made is not None and made[0] == "put" and made[2][1] == value._slot:
                return  # as after a[index] += b
        part = np.shape(self._value[plain(index)])
        values = slot_of(recorder, value, self.dtype)
        if recorder.specs[values][0] != part:
            values = recorder.emit("broadcast", (values,), None, (part, self.dtype))[0]
        attrs = {"index": _basic(index)}
        new = result_of(recorder, "put", (self._slot, values), attrs, after)
    else:
        new = record_call(recorder, _with, (self, index, value), {})
    rebind(self, new)


for _name, _found in {"__getitem__": item_of, "__setitem__": put}.items():
    setattr(Symbol, _name, _found)


def scattered(values: Any, index: Any, shape: Any) -> Any:
    """Zeros but for ``values`` at a basic index, or NotImplemented."""
    recorder = values._recorder
    if not _is_basic(index) or recorder.failed:
        return NotImplemented
    zeros = np.zeros(shape, values.dtype)
    slots = slot_of(recorder, zeros), values._slot
    after = _with(zeros, index, values._value)
    return result_of(recorder, "put", slots, {"index": _basic(index)}, after)


@records(np.where)
def _where(condition: Any, /, *choices: Any) -> Any:
    if len(choices) != 2:
        return NotImplemented
    found: list[Symbol] = []
    leaves_of((condition, *choices), found)
    recorder = found[0]._recorder
    value = np.where(*plain((condition, *choices)))
    dtype = value.dtype
    mask = condition if spec_of(plain(condition))[1] == np.dtype(bool) else condition != 0
    slots = (
        slot_of(recorder, mask, np.dtype(bool), small=True),
        *(slot_of(recorder, x, dtype, small=True) for x in choices),
    )
    shape = joined(recorder, slots)
    slot = recorder.emit("where", slots, None, (shape, dtype))[0]
    if shape != value.shape:
        slot = recorder.emit("broadcast", (slot,), None, spec_of(value))[0]
    return Symbol(recorder, slot, value)


# --- sums and the like -----------------------------------------------------------------------------


def _reduction(name: str, ufunc: np.ufunc) -> None:
    theirs = getattr(np, name)

    def reduced(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = _MISSING, where: Any = _MISSING,
    ) -> Any:  # fmt: skip
        keepdims = False if keepdims is np._NoValue else keepdims
        plainly = all(v is _MISSING or v is np._NoValue for v in (initial, where))
        if not symbol_like(a):
            return NotImplemented
        if plainly and out is None and (dtype is None or name in ("any", "all")):
            return ufunc.reduce(a, axis, keepdims=bool(keepdims))
        how = {"dtype": dtype, "out": out, "initial": initial, "where": where}
        more = {
            k: v
            for k, v in how.items()
            if v is not _MISSING and v is not None and v is not np._NoValue
        }
        return record_call(a._recorder, theirs, (a, axis), {"keepdims": bool(keepdims), **more})

    setattr(Symbol, name, reduced)
    function = getattr(np, name)
    if name in ("any", "all"):
        records(function)(
            lambda a, axis=None, out=None, keepdims=False, *, where=_MISSING: reduced(
                a, axis, None, out, keepdims, where=where
            )
        )
    elif name in ("max", "min"):

        def both(
            a: Any, axis: Any = None, out: Any = None, keepdims: Any = False,
            initial: Any = _MISSING, where: Any = _MISSING,
        ) -> Any:  # fmt: skip
            return reduced(a, axis, None, out, keepdims, initial, where)

        records(function, getattr(np, f"a{name}"))(both)
        setattr(Symbol, name, both)
    else:
        records(function)(reduced)


for _name, _ufunc in {
    "sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum,
    "any": np.logical_or, "all": np.logical_and,
}.items():  # fmt: skip
    _reduction(_name, _ufunc)


@method
def mean(
    self: Symbol,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    **how: Any,
) -> Any:
    keepdims = False if keepdims is np._NoValue else keepdims
    if out is not None or dtype is not None or how or self.dtype.kind not in "fc" or not self.size:
        more = {"dtype": dtype, "out": out, "keepdims": keepdims, **how}
        return record_call(self._recorder, np.mean, (self, axis), more)
    if self.dtype.char == "e" or self._recorder.failed:
        return record_call(self._recorder, np.mean, (self, axis), {"keepdims": keepdims})
    total = np.add.reduce(self, axis, keepdims=keepdims)
    if not symbol_like(total):
        return total
    count = self.size // max(total.size, 1)
    return np.divide(total, total.dtype.type(count))


@records(np.mean)
def _mean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **how: Any
) -> Any:
    how = {k: v for k, v in how.items() if v is not np._NoValue}
    return mean(a, axis, dtype, out, keepdims, **how) if symbol_like(a) else NotImplemented


@method
def dot(self: Symbol, other: Any, out: Any = None) -> Any:
    return _dot(self, other, out)


@records(np.dot)
def _dot(a: Any, b: Any, out: Any = None) -> Any:
    if out is not None or np.ndim(plain(b)) > 2:
        return NotImplemented
    if not np.ndim(plain(a)) or not np.ndim(plain(b)):
        return np.multiply(a, b)
    return np.matmul(a, b)


@records(np.clip)
def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **how: Any) -> Any:
    low: Any
    high: Any
    low, high = how.pop("min", a_min), how.pop("max", a_max)
    low, high = (None if k is np._NoValue else k for k in (low, high))
    if out is not None or how or (low is None and high is None):
        return NotImplemented
    if low is None:
        return np.minimum(a, high)
    return np.maximum(a, low) if high is None else np._core.umath.clip(a, low, high)  # type: ignore[attr-defined]


@method
def clip(self: Symbol, min: Any = None, max: Any = None, out: Any = None) -> Any:
    return np.clip(self, min, max, out)


def _part(ufunc: Any) -> Any:
    return property(lambda x: record_call(x._recorder, ufunc, (x,), {}))


def conjugate(self: Symbol) -> Any:
    return np.conjugate(self) if self.dtype.kind == "c" else self


_real = _part(np.real)
for _name, _found in {
    "real": property(lambda x: x if x.dtype.kind != "c" else _real.fget(x)),
    "imag": _part(np.imag),
    "conj": conjugate,
    "conjugate": conjugate,
    "T": property(transpose),
    "mT": property(lambda x: swapaxes(x, -1, -2)),
}.items():
    setattr(Symbol, _name, _found)
records(np.real)(lambda val: val.real)
