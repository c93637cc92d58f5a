"""What NumPy's ufuncs and their methods do to Tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .._engine.graph import Primitive, numpy_functions, value_of
from ..ops.reduce.sums import sum
from ..ops.shape.assign import at
from ..ops.shape.axes import as_array, broadcast_to, expand_dims, moveaxis, reshape, stack
from ..ops.shape.dtype import cast
from ..ops.shape.where import where as choose_where


def call(ufunc: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a ufunc that has a derivative on arguments with a Tensor among them."""
    ours = numpy_functions[ufunc]
    if not kwargs:
        return ours(*args)
    if ufunc.signature and not isinstance(ours, Primitive) and "axes" not in kwargs:  # as np.vecdot
        return ours(*args, **kwargs)
    dtype = kwargs.pop("dtype", None)
    judged = {k: kwargs.pop(k) for k in ("casting", "order", "subok") if k in kwargs}
    if judged and not ufunc.signature:
        # They change no number; NumPy refuses here what makes no sense.
        ufunc(*(np.ones((), np.asarray(value_of(a)).dtype) for a in args), dtype=dtype, **judged)
    if "where" in kwargs and kwargs["where"] is True:
        kwargs.pop("where")
    if "where" in kwargs:
        raise TypeError(
            f"{name}: where= leaves the other elements undefined; use ag.where(mask, "
            f"{name}(x), other)"
        )
    if kwargs:
        raise TypeError(
            f"{name} of a Tensor does not take {', '.join(k + '=' for k in kwargs)}; it takes dtype="
        )
    if dtype is not None:
        args = tuple(cast(as_array(a), dtype) for a in args)
    return ours(*args)


def method(ufunc: Any, what: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call ``ufunc.reduce`` and its like on a Tensor."""
    if what == "at":
        return at(ufunc, name, *args)
    if kwargs.pop("out", None) is not None:
        raise TypeError(f"{name}.{what}: out= is not supported for a Tensor; use the result")
    if ufunc.nin != 2 or ufunc.nout != 1 or ufunc.signature:
        raise TypeError(f"{name}.{what}: only ufuncs of two arguments and one result have it")
    ours = numpy_functions[ufunc]
    if what == "outer":
        return _outer(ours, *args, **kwargs)
    if what == "reduce":
        return _reduce(ufunc, ours, *args, **kwargs)
    if what == "accumulate":
        return _accumulate(ufunc, ours, *args, **kwargs)
    return _reduceat(ufunc, ours, *args, **kwargs)


def _outer(ours: Callable[..., Any], x: Any, y: Any, dtype: Any = None) -> Any:
    x, y = as_array(x), as_array(y)
    if dtype is not None:
        x, y = cast(x, dtype), cast(y, dtype)
    return ours(reshape(x, (*x.shape, *(1,) * y.ndim)), y)


def _fold(ours: Callable[..., Any], x: Any, first: Any = None, mask: Any = None) -> Any:
    """Combine the slices of axis 0 from the first to the last, without those that ``mask`` excludes."""
    found, start = (x[0], 1) if first is None else (first, 0)
    for k in range(start, x.shape[0]):
        step = ours(found, x[k])
        found = step if mask is None else choose_where(mask[k], step, found)
    return found


def _reduce(
    ufunc: Any,
    ours: Callable[..., Any],
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    keepdims: bool = False,
    where: Any = True,
    **start: Any,
) -> Any:
    """Reduce from ``start["initial"]``, or else from the ufunc's identity, if it has one."""
    x = as_array(x)
    if dtype is not None:
        x = cast(x, dtype)
    where, plain = value_of(where), {k: value_of(v) for k, v in start.items()}
    with np.errstate(all="ignore"):  # NumPy refuses here what makes no sense.
        ufunc.reduce(np.ones(x.shape), axis, keepdims=keepdims, where=where, **plain)
    initial, mask = start.get("initial"), None if where is True else np.asarray(where)
    if not x.ndim:
        x, axis, keepdims = reshape(x, 1), 0, False
    known = numpy_functions.get(ufunc.reduce)
    if known is not None:
        return known(x, axis, keepdims=keepdims, initial=initial, where=mask)
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)

    def front(a: Any) -> Any:
        a = moveaxis(a, axes, range(len(axes)))
        count = math.prod(a.shape[: len(axes)])
        return reshape(a, (count, *a.shape[len(axes) :]))

    if mask is not None:
        mask = front(np.broadcast_to(mask, x.shape))
    rows = front(x)
    first = ufunc.identity if initial is None else initial
    if first is not None:
        first = broadcast_to(cast(as_array(first), x.dtype), rows.shape[1:])
    found = _fold(ours, rows, first, mask) if len(rows) else first + sum(rows, 0)
    return expand_dims(found, sorted(axes)) if keepdims else found  # type: ignore[arg-type]


def _accumulate(
    ufunc: Any, ours: Callable[..., Any], x: Any, axis: int = 0, dtype: Any = None
) -> Any:
    x = as_array(x)
    if dtype is not None:
        x = cast(x, dtype)
    known = numpy_functions.get(ufunc.accumulate)
    if known is not None:
        return known(x, axis)
    front = moveaxis(x, axis, 0)
    steps: list[Any] = []
    for k in range(front.shape[0]):
        steps.append(ours(steps[-1], front[k]) if steps else front[k])
    return moveaxis(stack(steps), 0, axis) if steps else x


def _reduceat(
    ufunc: Any, ours: Callable[..., Any], x: Any, indices: Any, axis: int = 0, dtype: Any = None
) -> Any:
    x = as_array(x)
    if dtype is not None:
        x = cast(x, dtype)
    front = moveaxis(x, axis, 0)
    starts = np.asarray(value_of(indices))
    size = front.shape[0]
    if not starts.size:
        return moveaxis(front[:0], 0, axis)
    if ((starts < 0) | (starts >= size)).any():
        raise IndexError(f"{ufunc.__name__}.reduceat: indices must be between 0 and {size - 1}")
    known = numpy_functions.get(ufunc.reduce)
    parts = []
    for a, b in zip(starts, [*starts[1:], size], strict=True):
        part = front[a : b if b > a else a + 1]
        parts.append(_fold(ours, part) if known is None else known(part, 0))
    return moveaxis(stack(parts), 0, axis)
