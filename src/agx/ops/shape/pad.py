"""Padding; its pull-back cuts the padding off, or adds it to what it repeats."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..._engine.graph import implements, is_node, primitive
from ..._engine.sizes import count, room
from .axes import as_array, broadcast_to, concatenate, moveaxis, reshape
from .moves import flip

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "pad",
]


def _pad_vjp(g: Any, out: Any, x: Any, *, widths: Any) -> Any:
    inner = tuple(slice(low, low + n) for (low, _), n in zip(widths, x.shape, strict=True))
    return g[inner]


_pad = primitive("pad", lambda x, *, widths: np.pad(x, widths) if widths else x, (_pad_vjp,))


def _ends(op: str, given: Any, ndim: int) -> list[tuple[Any, Any]]:
    """A pair (before, after) for each axis: from one number, one pair, or all pairs."""
    pairs = as_array(given)
    if is_node(pairs):
        pairs = broadcast_to(pairs, (ndim, 2))
        return [(pairs[a, 0], pairs[a, 1]) for a in range(ndim)]
    return [tuple(p) for p in np.broadcast_to(pairs, (ndim, 2)).tolist()]


def _pad_axis(x: Any, axis: int, widths: tuple[int, int], edge: Any) -> Any:
    """Join ``edge(front, width)`` to both ends of an axis."""
    parts = [edge(True, widths[0])] if widths[0] else []
    parts.append(x)
    parts += [edge(False, widths[1])] if widths[1] else []
    return concatenate(parts, axis) if len(parts) > 1 else x


def _pad_by_numbers(x: Any, widths: Any, mode: str, given: Any) -> Any:
    """Modes that compute what they add: constant values, ramps and statistics of the edges."""
    pairs = _ends("pad", given, x.ndim)
    for axis, (width, pair) in enumerate(zip(widths, pairs, strict=True)):

        def edge(front: bool, n: int, x: Any = x, axis: int = axis, pair: Any = pair) -> Any:
            number = pair[0] if front else pair[1]
            shape = [n if a == axis else m for a, m in enumerate(x.shape)]
            index: list[Any] = [slice(None)] * x.ndim
            if mode == "constant":
                return broadcast_to(as_array(number).astype(x.dtype), tuple(shape))
            if mode == "linear_ramp":
                index[axis] = slice(0, 1) if front else slice(-1, None)
                share = np.arange(n) / n if front else np.arange(n - 1, -1, -1) / n
                ramp = share.reshape([-1 if a == axis else 1 for a in range(x.ndim)])
                return (number + (x[tuple(index)] - number) * ramp).astype(x.dtype)
            most = x.shape[axis]
            length = most if number is None else min(count("pad", "stat_length", number, 1), most)
            index[axis] = slice(0, length) if front else slice(x.shape[axis] - length, None)
            return broadcast_to(_STATISTICS[mode](x[tuple(index)], axis), tuple(shape))

        x = _pad_axis(x, axis, width, edge)
    return x


def _statistic(name: str) -> Any:
    return lambda x, axis: getattr(np, name)(x, axis=axis, keepdims=True)


_STATISTICS = {
    "maximum": _statistic("max"),
    "minimum": _statistic("min"),
    "mean": _statistic("mean"),
    "median": _statistic("median"),
}


def _pad_odd(x: Any, widths: Any, mode: str) -> Any:
    """Reflect twice the value at the edge minus the elements, as often as the widths need."""
    for axis, (left, right) in enumerate(widths):
        n, x = x.shape[axis], moveaxis(x, axis, 0)
        skip = int(mode == "reflect" and n > 1)
        while left or right:
            low, high = min(left, n - skip), min(right, n - skip)
            front = 2 * x[:1] - flip(x[skip : low + skip], 0)
            end = x.shape[0] - skip
            x = concatenate([front, x, 2 * x[-1:] - flip(x[end - high : end], 0)])
            left, right = left - low, right - high
        x = moveaxis(x, 0, axis)
    return x


#: The option that each way of padding has, if any.
_PAD_OPTIONS = {
    "constant": "constant_values",
    "linear_ramp": "end_values",
    **dict.fromkeys(_STATISTICS, "stat_length"),
    **dict.fromkeys(("reflect", "symmetric"), "reflect_type"),
    **dict.fromkeys(("edge", "wrap"), ""),
}


def _pad_widths(given: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    if isinstance(given, dict):
        by_axis = {normalize_axis_index(int(a), ndim): w for a, w in given.items()}
        given = [np.broadcast_to(by_axis.get(a, 0), 2) for a in range(ndim)]
    widths = np.asarray(given)
    if widths.dtype.kind not in "iu" and widths.size:
        raise TypeError(f"pad: pad_width must be integers, got {given!r}")
    pairs = np.broadcast_to(widths if widths.size else widths.astype(int), (ndim, 2)).tolist()
    if (widths < 0).any():
        raise ValueError(f"pad: pad_width must not be negative, got {given!r}; slice to cut off")
    return tuple((int(a), int(b)) for a, b in pairs)


@implements(np.pad)
def pad(
    array: Any,
    pad_width: Any,
    mode: str = "constant",
    *,
    constant_values: Any = None,
    end_values: Any = None,
    stat_length: Any = None,
    reflect_type: str | None = None,
) -> Array:
    """Add elements at both ends of each axis.

    ``pad_width`` is as for ``numpy.pad``: a number, (before, after), or such a pair for each axis, or
    a dict from axes to these. ``mode`` is any of NumPy's but "empty" and functions: "constant",
    "edge", "linear_ramp", "maximum", "mean", "median", "minimum", "reflect", "symmetric", "wrap".
    ``constant_values`` and ``end_values``, which are 0, are differentiable too. Raises ValueError for
    another mode, or an option that belongs to another one.

    >>> ag.pad(np.array([1.0, 2.0]), (1, 2))
    array([0., 1., 2., 0., 0.])
    """
    options = {
        "constant_values": constant_values, "end_values": end_values, "stat_length": stat_length,
        "reflect_type": reflect_type,
    }  # fmt: skip
    if not isinstance(mode, str) or mode not in _PAD_OPTIONS:
        raise ValueError(
            "pad: mode must be 'constant', 'edge', 'linear_ramp', 'maximum', 'mean', 'median', "
            f"'minimum', 'reflect', 'symmetric' or 'wrap', got {mode!r}"
        )
    for name, given in options.items():
        if given is not None and name != _PAD_OPTIONS[mode]:
            raise ValueError(f"pad: {name}= is not for mode={mode!r}; leave it out")
    array = as_array(array)
    widths = _pad_widths(pad_width, array.ndim)
    room("pad", *(a + n + b for n, (a, b) in zip(array.shape, widths, strict=True)))
    if mode == "constant" and constant_values is None:
        return _pad(array, widths=widths)
    if mode == "constant":
        return _pad_by_numbers(array, widths, mode, constant_values)
    if mode == "linear_ramp":
        return _pad_by_numbers(array, widths, mode, 0.0 if end_values is None else end_values)
    if mode in _STATISTICS:
        return _pad_by_numbers(array, widths, mode, stat_length)
    if reflect_type not in (None, "even", "odd"):
        raise ValueError(f"pad: reflect_type must be 'even' or 'odd', got {reflect_type!r}")
    if reflect_type == "odd" and array.size:
        return _pad_odd(array, widths, mode)
    positions = np.arange(math.prod(array.shape)).reshape(array.shape)
    numpys: Any = np.pad
    return reshape(array, -1)[numpys(positions, widths, mode=mode)]
