"""Operations that move elements about: each is linear, and its pull-back moves them back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..graph import implements, is_node, primitive

Axis = int | tuple[int, ...] | None


def as_array(x: Any) -> Any:
    """``x`` if it is an array or a Tensor, else an array; lists of Tensors are stacked."""
    if hasattr(x, "shape"):
        return x
    if isinstance(x, (list, tuple)) and any(is_node(v) for v in _flat(x)):
        return stack([as_array(v) for v in x])
    return np.asarray(x)


def refuse_out(op: str, out: Any) -> None:
    """Raise TypeError if NumPy's ``out=`` was given."""
    if out is not None:
        raise TypeError(
            f"{op}: out= would overwrite an array that the graph may need; use the result instead"
        )


def _flat(nested: Any) -> list[Any]:
    if isinstance(nested, (list, tuple)):
        return [leaf for part in nested for leaf in _flat(part)]
    return [nested]


_reshape = primitive(
    "reshape",
    lambda x, *, shape: np.asarray(x).reshape(shape),
    (lambda g, out, x, *, shape: reshape(g, x.shape),),
)
_transpose = primitive(
    "transpose",
    lambda x, *, axes: np.transpose(x, axes),
    (lambda g, out, x, *, axes: transpose(g, None if axes is None else np.argsort(axes)),),
)
_broadcast_to = primitive(
    "broadcast_to",
    lambda x, *, shape: np.broadcast_to(x, shape),
    (lambda g, out, x, *, shape: g,),
)
_flip = primitive(
    "flip",
    lambda x, *, axis: np.flip(x, axis),
    (lambda g, out, x, *, axis: flip(g, axis),),
)
_roll = primitive(
    "roll",
    lambda x, *, shift, axis: np.roll(x, shift, axis),
    (lambda g, out, x, *, shift, axis: roll(g, tuple(-s for s in shift), axis),),
)


@implements(np.reshape)
def reshape(x: Any, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
    """Give ``x`` another shape with the same number of elements; -1 stands for what is left over.

    The shape is a tuple or several integers. ``order`` is "C" (the last index changes fastest) or "F"
    (the first does).

    >>> ag.reshape(np.arange(6.0), (2, -1)).shape
    (2, 3)
    """
    if shape and isinstance(shape[-1], str):
        *shape, order = shape  # type: ignore[assignment]
    if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)):
        shape = shape[0]
    shape = tuple(shape)
    if copy is False:
        raise TypeError("reshape: copy=False is not supported; leave it out")
    if order == "C":
        return _reshape(x, shape=shape)
    if order != "F":
        raise ValueError(f"reshape: order must be 'C' or 'F', got {order!r}")
    return transpose(_reshape(transpose(x), shape=shape[::-1]))


@implements(np.ravel)
def ravel(x: Any, order: str = "C") -> Any:
    """Flatten to one dimension, rows first, or columns first with ``order="F"``.

    >>> ag.ravel(np.ones((2, 3))).shape
    (6,)
    """
    return _reshape(x, shape=(-1,)) if order == "C" else reshape(x, (-1,), order=order)


@implements(np.transpose)
def transpose(x: Any, *axes: Any) -> Any:
    """Permute the axes; without ``axes``, reverse them.

    >>> ag.transpose(np.ones((2, 3, 4)), (1, 0, 2)).shape
    (3, 2, 4)
    """
    if len(axes) == 1 and not isinstance(axes[0], (int, np.integer)):
        axes = axes[0]
    if axes is None or len(axes) == 0:
        return _transpose(x, axes=None)
    return _transpose(x, axes=tuple(normalize_axis_index(a, len(axes)) for a in axes))


@implements(np.swapaxes)
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Exchange two axes.

    >>> ag.swapaxes(np.ones((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    axes = list(range(np.ndim(x)))
    i, j = (normalize_axis_index(a, len(axes)) for a in (axis1, axis2))
    axes[i], axes[j] = j, i
    return _transpose(x, axes=tuple(axes))


@implements(np.moveaxis)
def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Move axes to new places; the others keep their order.

    >>> ag.moveaxis(np.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    ndim = np.ndim(x)
    src = normalize_axis_tuple(source, ndim, "source")
    dst = normalize_axis_tuple(destination, ndim, "destination")
    if len(src) != len(dst):
        raise ValueError(f"moveaxis: {len(src)} source axes, {len(dst)} destinations; give as many")
    order = [a for a in range(ndim) if a not in src]
    for d, s in sorted(zip(dst, src, strict=True)):
        order.insert(d, s)
    return _transpose(x, axes=tuple(order))


@implements(np.expand_dims)
def expand_dims(x: Any, axis: int | tuple[int, ...]) -> Any:
    """Insert axes of length 1.

    >>> ag.expand_dims(np.ones(3), (0, 2)).shape
    (1, 3, 1)
    """
    return _reshape(x, shape=np.expand_dims(np.empty(np.shape(x), bool), axis).shape)


@implements(np.squeeze)
def squeeze(x: Any, axis: Axis = None) -> Any:
    """Remove axes of length 1: all of them, or those named.

    >>> ag.squeeze(np.ones((1, 3, 1)), 0).shape
    (3, 1)
    """
    return _reshape(x, shape=np.squeeze(np.empty(np.shape(x), bool), axis).shape)


@implements(np.broadcast_to)
def broadcast_to(x: Any, shape: int | tuple[int, ...], subok: bool = False) -> Any:
    """Repeat ``x`` along new axes and axes of length 1, as broadcasting would.

    >>> ag.broadcast_to(np.ones((3, 1)), (2, 3, 4)).shape
    (2, 3, 4)
    """
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    return _broadcast_to(x, shape=shape)


@implements(np.flip)
def flip(x: Any, axis: Axis = None) -> Any:
    """Reverse the order of the elements along the axes (all of them by default).

    >>> ag.flip(np.array([1.0, 2.0]))
    array([2., 1.])
    """
    return _flip(x, axis=axis)


@implements(np.roll)
def roll(x: Any, shift: int | tuple[int, ...], axis: Axis = None) -> Any:
    """Shift elements along axes; those that leave at the end come back at the front.

    >>> ag.roll(np.array([1.0, 2.0, 3.0]), 1)
    array([3., 1., 2.])
    """
    if axis is None:
        total = int(np.sum(shift))
        return reshape(_roll(ravel(x), shift=(total,), axis=(0,)), np.shape(x))
    if min(np.size(shift), np.size(axis)) > 1 and np.size(shift) != np.size(axis):
        raise ValueError(
            f"roll: {np.size(shift)} shifts for {np.size(axis)} axes; give one for each"
        )
    pairs = [(int(s), int(a)) for s, a in np.broadcast(shift, axis)]
    return _roll(x, shift=tuple(s for s, _ in pairs), axis=tuple(a for _, a in pairs))


# --- joining -------------------------------------------------------------------------------------


def _cast(
    op: str, arrays: Sequence[Any], dtype: Any = None, casting: str = "same_kind"
) -> list[Any]:
    """What is to be joined as arrays, of ``dtype`` if one is given and ``casting`` lets them be."""
    parts = [as_array(a) for a in arrays]
    if not parts:
        raise ValueError(f"{op}: expected at least one array, got none")
    if dtype is None and casting == "same_kind":
        return parts
    target = np.result_type(*(p.dtype for p in parts)) if dtype is None else np.dtype(dtype)
    for p in parts:
        if not np.can_cast(p.dtype, target, casting):  # type: ignore[arg-type]
            raise TypeError(
                f"{op}: casting={casting!r} lets no {p.dtype} become {target}; choose another"
            )
    return [p.astype(target) for p in parts]


def _concatenate_vjp(i: int, g: Any, out: Any, *arrays: Any, axis: int) -> Any:
    start = sum(a.shape[axis] for a in arrays[:i])
    index = [slice(None)] * g.ndim
    index[axis] = slice(start, start + arrays[i].shape[axis])
    return g[tuple(index)]


_concatenate = primitive(
    "concatenate", lambda *arrays, axis: np.concatenate(arrays, axis), _concatenate_vjp
)


@implements(np.concatenate)
def concatenate(
    arrays: Sequence[Any],
    axis: int | None = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Any:
    """Join arrays along an existing axis; ``axis=None`` flattens them first.

    ``dtype`` is that of the result; ``out`` is refused.

    >>> ag.concatenate([np.ones((2, 3)), np.zeros((1, 3))]).shape
    (3, 3)
    """
    refuse_out("concatenate", out)
    parts = _cast("concatenate", arrays, dtype, casting)
    if axis is None:
        parts, axis = [ravel(a) for a in parts], 0
    return _concatenate(*parts, axis=axis)


@implements(np.stack)
def stack(
    arrays: Sequence[Any],
    axis: int = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Any:
    """Join arrays of one shape along a new axis.

    >>> ag.stack([np.ones(3), np.zeros(3)], axis=1).shape
    (3, 2)
    """
    parts = _cast("stack", arrays, dtype, casting)
    shapes = {a.shape for a in parts}
    if len(shapes) != 1:
        raise ValueError(f"stack: expected arrays of one shape, got {sorted(shapes)}")
    return concatenate([expand_dims(a, axis) for a in parts], axis, out)


@implements(np.split)
def split(x: Any, sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Cut ``x`` along an axis into ``sections`` equal parts, or before each of the given indices.

    Raises ValueError if an integer number of sections does not divide the length.

    >>> [part.shape for part in ag.split(np.ones((6, 2)), 3)]
    [(2, 2), (2, 2), (2, 2)]
    """
    x = as_array(x)
    size = x.shape[axis]
    if isinstance(sections, (int, np.integer)):
        if sections <= 0 or size % sections:
            raise ValueError(
                f"split: axis {axis} has {size} elements, which {sections} sections do "
                "not divide; pass the indices to cut before"
            )
        cuts = list(range(size // sections, size, size // sections)) if size else []
        cuts = cuts if size else [0] * (sections - 1)
    else:
        cuts = [int(c) for c in sections]
    index: list[Any] = [slice(None)] * x.ndim
    parts = []
    for start, stop in zip([0, *cuts], [*cuts, None], strict=True):
        index[axis] = slice(start, stop)
        parts.append(x[tuple(index)])
    return parts


# --- repeating and padding -----------------------------------------------------------------------


def _tile_vjp(g: Any, out: Any, x: Any, *, reps: tuple[int, ...]) -> Any:
    ndim = max(len(reps), x.ndim)
    shape = (1,) * (ndim - x.ndim) + x.shape
    reps = (1,) * (ndim - len(reps)) + reps
    pairs = [n for pair in zip(reps, shape, strict=True) for n in pair]
    return reshape(reshape(g, pairs).sum(axis=tuple(range(0, 2 * ndim, 2))), x.shape)


_tile = primitive("tile", lambda x, *, reps: np.tile(x, reps), (_tile_vjp,))


@implements(np.tile)
def tile(x: Any, reps: int | Sequence[int]) -> Any:
    """Repeat the whole array ``reps`` times along each axis.

    >>> ag.tile(np.array([1.0, 2.0]), 2)
    array([1., 2., 1., 2.])
    """
    counts = (reps,) if isinstance(reps, (int, np.integer)) else tuple(reps)
    return _tile(x, reps=tuple(int(r) for r in counts))


@implements(np.repeat)
def repeat(x: Any, repeats: int | Sequence[int], axis: int | None = None) -> Any:
    """Repeat each element along an axis (of the flattened array by default).

    ``repeats`` is one count or a count for each element.

    >>> ag.repeat(np.array([1.0, 2.0]), [1, 3])
    array([1., 2., 2., 2.])
    """
    x = as_array(x)
    if axis is None:
        x, axis = ravel(x), 0
    index: list[Any] = [slice(None)] * x.ndim
    index[axis] = np.repeat(np.arange(x.shape[axis]), repeats)
    return x[tuple(index)]


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
            length = x.shape[axis] if number is None else min(int(number), x.shape[axis])
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
    pairs = np.broadcast_to(widths.astype(int), (ndim, 2))
    if (pairs < 0).any():
        raise ValueError(f"pad: pad_width must not be negative, got {given!r}; slice to cut off")
    return tuple((int(a), int(b)) for a, b in pairs)


@implements(np.pad)
def pad(
    x: Any,
    pad_width: Any,
    mode: str = "constant",
    *,
    constant_values: Any = None,
    end_values: Any = None,
    stat_length: Any = None,
    reflect_type: str | None = None,
) -> Any:
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
    x = as_array(x)
    widths = _pad_widths(pad_width, x.ndim)
    if mode == "constant" and constant_values is None:
        return _pad(x, widths=widths)
    if mode == "constant":
        return _pad_by_numbers(x, widths, mode, constant_values)
    if mode == "linear_ramp":
        return _pad_by_numbers(x, widths, mode, 0.0 if end_values is None else end_values)
    if mode in _STATISTICS:
        return _pad_by_numbers(x, widths, mode, stat_length)
    if reflect_type not in (None, "even", "odd"):
        raise ValueError(f"pad: reflect_type must be 'even' or 'odd', got {reflect_type!r}")
    if reflect_type == "odd" and x.size:
        return _pad_odd(x, widths, mode)
    positions = np.arange(math.prod(x.shape)).reshape(x.shape)
    numpys: Any = np.pad
    return reshape(x, -1)[numpys(positions, widths, mode=mode)]
