"""Assignment, and functions of NumPy that write into an array: assignments to some of its elements."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._engine.errors import refuse_kind
from ..._engine.graph import Node, implements, is_node, is_recording, present, value_of
from ..._kernels import graph as _graph
from ..complex import check_real, imag, is_complex, real
from . import memory
from .axes import as_array, broadcast_to, ravel, reshape
from .index import add_in_place, added_at, along_axis, as_index, getitem, in_range, named_shape

#: What to do about a plain array that would have to hold a Tensor.
MAKE_ONE = "make the array with ag.zeros(shape) or np.zeros_like(t)"


# --- assignment ----------------------------------------------------------------------------------


def gives_way(tensor: Any) -> bool:
    """Whether an operator such as ``+=`` makes a new Tensor in place of this one.

    A leaf that requires a gradient does not change, unless nothing is recorded, and neither does a number
    without axes, as in NumPy.
    """
    if tensor._memory is not None:
        return False
    if tensor.is_leaf and tensor.requires_grad and not tensor.traced:
        return is_recording()
    return not tensor.ndim


def _fewer_axes(x: Any, ndim: int) -> Any:
    """``x`` without the first axes, if they have length 1 and it has more than ``ndim``."""
    while x.ndim > ndim and x.shape[0] == 1:
        x = x[0]
    return x


def spread(x: Any, shape: tuple[int, ...]) -> Any:
    """``x`` repeated along new axes and axes of length 1, as NumPy does in an assignment."""
    x = _fewer_axes(as_array(x), len(shape))
    return x if x.shape == shape else broadcast_to(x, shape)


def write(tensor: Any, index: Any, new: Any) -> None:
    """Assign ``new`` to the elements of a Tensor that a NumPy index names: ``tensor[index] = new``."""
    if hasattr(type(new), "__agx_call__") and not isinstance(new, Node):
        raise TypeError(
            f"assignment: expected numbers, got a {type(new).__name__}; use its .value, or ag.Tensor"
        )
    given = type(new).__name__
    index, new = as_index(index), as_array(new)
    between_steps = memory.is_parameter(tensor) and not is_recording()
    window = None if between_steps else memory.window_for(tensor)
    array = memory.parameter(tensor) if window is None else window.array
    if isinstance(new, Node):
        new = present(new)
        if new.ndim and new.shape[0] == 1:
            new = _fewer_axes(new, array[index].ndim)
        value = new.array
        node = new if new.requires_grad and is_recording() else None
    else:
        refuse_kind("assignment", new)
        node, value = None, np.asarray(new)
    if value.dtype.kind not in "biufc":
        raise TypeError(
            f"assignment: expected numbers, got {given} of dtype {value.dtype}; convert them, "
            "such as with np.asarray(x, float)"
        )
    if value.dtype.kind == "c" and array.dtype.kind != "c":
        raise TypeError(
            f"cannot assign complex numbers into a Tensor of dtype {array.dtype}; take ag.real or "
            "ag.abs of them, or make the array with dtype=complex"
        )
    if window is None:
        array[index] = value
        return
    window.memory.own()
    window.memory.put(window.array, index, node, value)


def set_real(tensor: Any, new: Any) -> None:
    """Assign to the real part: ``tensor.real = new``."""
    new = as_array(new)
    check_real("real", new)
    write(tensor, ..., new + 1j * imag(tensor) if is_complex(tensor) else new)


def set_imag(tensor: Any, new: Any) -> None:
    """Assign to the imaginary part: ``tensor.imag = new``."""
    new = as_array(new)
    check_real("imag", new)
    write(tensor, ..., real(tensor) + 1j * new)


# --- functions that write ------------------------------------------------------------------------


def _target(who: str, a: Any) -> Any:
    if not is_node(a):
        raise TypeError(f"{who}: a plain array would lose the gradient of a Tensor; {MAKE_ONE}")
    return a


def store(who: str, out: Any, found: Any, where: Any = True) -> Any:
    """Write a result into ``out``, as NumPy does with ``out=`` and ``where=``, and return ``out``."""
    _target(who, out)
    shape = np.shape(found)
    if shape != out.shape and np.broadcast_shapes(shape, out.shape) != out.shape:
        raise ValueError(
            f"{who}: the result of shape {shape} does not fit into the array of shape {out.shape} that it is "
            "written into; write x = x + y, which makes a new one"
        )
    _check_cast(who, found, out.dtype, "same_kind")
    if where is not True:
        _write_where(out, found, where)
    elif memory.is_parameter(out) or gives_way(out) or not memory.replace(out, found):
        write(out, ..., found)
    return out


def _check_cast(who: str, new: Any, dtype: np.dtype[Any], casting: Any) -> None:
    """Raise TypeError where NumPy would not write numbers of one dtype into an array of another."""
    given = new if isinstance(new, (bool, int, float, complex)) else new.dtype
    if given is dtype:
        return
    given = np.min_scalar_type(given) if not isinstance(given, np.dtype) else given
    if not np.can_cast(given, dtype, casting):
        raise TypeError(
            f"{who}: cannot write numbers of dtype {given} into an array of dtype {dtype} by the rule "
            f"{casting!r}; take ag.real of them, or make the array with another dtype"
        )


def _write_where(out: Any, new: Any, where: Any) -> None:
    where = np.broadcast_to(np.asarray(value_of(where), bool), out.shape)
    if np.ndim(new):
        new = getitem(spread(as_array(new), out.shape), where)
    write(out, where, new)


def in_place(function: Callable[[Any, Any], Any], symbol: str) -> Callable[[Any, Any], Any]:
    """The operator that writes the result of ``function`` into its first argument, as ``x += y`` does.

    Leaves that require a gradient and numbers, which do not change in NumPy, give way to a new Tensor.
    """

    def operate(self: Any, other: Any) -> Any:
        found = function(self, other)
        if found is NotImplemented or gives_way(self):
            return found
        return store(symbol, self, found)

    return operate


@implements(np.copyto)
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    _target("copyto", dst)
    src = as_array(src)
    _check_cast("copyto", src, dst.dtype, casting)
    if where is True:
        write(dst, ..., src)
    else:
        _write_where(dst, src, where)


def _cycled(values: Any, places: np.ndarray) -> Any:
    """The elements of ``values``, which begin again when they have come to an end."""
    flat = ravel(as_array(values))
    return getitem(flat, places % flat.shape[0]) if flat.shape[0] != 1 else flat[0]


def _put(a: Any, flat: np.ndarray, values: Any) -> None:
    """Assign to the elements at ``flat``, counted row by row."""
    if flat.size and np.size(value_of(values)):
        if a.ndim:
            write(a, np.unravel_index(flat, a.shape), values)
        else:
            write(a, ..., ravel(as_array(values))[-1])


@implements(np.put)
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """Write ``v``, again and again, to the elements at ``ind``, counted row by row."""
    _target("put", a)
    places, v = np.asarray(value_of(ind)).ravel().astype(int), as_array(v)
    places = in_range("put", places, a.size, mode)
    if ((places < -a.size) | (places >= a.size)).any():
        raise IndexError(f"put: an index is out of bounds for an array of {a.size} elements")
    if v.size:
        _put(a, places % a.size, _cycled(v, np.arange(places.size)))


@implements(np.place)
def _place(arr: Any, mask: Any, vals: Any) -> None:
    flat, vals = np.flatnonzero(np.asarray(value_of(mask))), as_array(vals)
    if np.size(mask) != _target("place", arr).size:
        raise ValueError(f"place: expected a mask of {arr.size} elements, got {np.size(mask)}")
    if flat.size and not vals.size:
        raise ValueError("place: expected at least one value, got none")
    if flat.size:
        _put(arr, flat, _cycled(vals, np.arange(flat.size)))


@implements(np.putmask)
def _putmask(a: Any, mask: Any, values: Any) -> None:
    flat, values = np.flatnonzero(np.asarray(value_of(mask))), as_array(values)
    if np.size(mask) != _target("putmask", a).size:
        raise ValueError(f"putmask: expected a mask of {a.size} elements, got {np.size(mask)}")
    if values.size:
        _put(a, flat, _cycled(values, flat))


@implements(np.fill_diagonal)
def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    places = np.arange(1, _target("fill_diagonal", a).size + 1).reshape(a.shape)
    marked = places.copy()
    np.fill_diagonal(marked, 0, wrap)
    flat = np.flatnonzero(marked != places)
    _put(a, flat, _cycled(val, np.arange(flat.size)))


@implements(np.put_along_axis)
def _put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> None:
    _target("put_along_axis", arr)
    indices = np.asarray(value_of(indices))
    if axis is None:
        _put(arr, indices % arr.size, values)
        return
    write(arr, along_axis("put_along_axis", indices, arr.shape, axis), values)


#: How many elements of an array may be written anew for each one that is added to.
FEW = 8


#: Bytes from which an array that was just computed is written over rather than copied.
LARGE = 1 << 16


def _added(a: Any, index: Any, values: Any) -> Any:
    """``a`` with values added to it, in its own memory if that is large and nobody needs what it was."""
    if a.nbytes < LARGE or not is_recording() or not a.disposable:
        return added_at(a, values, index=index)
    numbers, values = a.kept, present(values)
    add_in_place(numbers, index, value_of(values))
    names = as_index(index if isinstance(index, tuple) else (index,))
    return _graph.record(added_at, numbers, (a, values), {"index": names})


def at(ufunc: Any, name: str, a: Any, indices: Any, *others: Any) -> None:
    """Apply a ufunc to the elements at ``indices`` in place, as often as they are named: ``ufunc.at``."""
    _target(f"{name}.at", a)
    index = as_index(indices)
    operands = [
        +x if is_node(x) and np.may_share_memory(x.array, a.array) else as_array(x) for x in others
    ]
    named = named_shape(index, a.shape)
    if ufunc is np.add and math.prod(named) * FEW >= a.size and operands[0].dtype == a.dtype:
        store("add.at", a, _added(a, index, spread(operands[0], named)))
        return
    places = np.arange(a.size).reshape(a.shape)[index]
    flat = np.ravel(places)
    given = [ravel(spread(x, np.shape(places))) for x in operands]
    order = np.argsort(flat, kind="stable")
    start = np.r_[True, flat[order][1:] != flat[order][:-1]] if flat.size else np.zeros(0, bool)
    first = np.maximum.accumulate(np.where(start, np.arange(flat.size), 0))
    turn = np.empty(flat.size, int)
    turn[order] = np.arange(flat.size) - first
    for k in range(turn.max(initial=-1) + 1):
        now = turn == k
        index = np.unravel_index(flat[now], a.shape) if a.ndim else ...
        found = ufunc(a[index], *(getitem(x, now) if a.ndim else x[k] for x in given))
        _check_cast(f"{name}.at", found, a.dtype, "same_kind")
        write(a, index, found)


def fill(self: Any, value: Any) -> None:
    """Give all elements one value, which may be a Tensor."""
    if np.size(value_of(value)) != 1:
        raise ValueError(f"fill: expected one number, got an array of shape {np.shape(value)}")
    write(self, ..., reshape(as_array(value), ()))
