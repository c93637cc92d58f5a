"""Functions that only move elements: NumPy moves their positions, and agx reads what lies there.

What a function does to an array of positions it does to the elements, so one rule, that of reading
elements by position, differentiates them all. -1 stands for a zero that comes from nowhere.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from operator import index
from typing import TYPE_CHECKING, Any, Concatenate, cast

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.lib.stride_tricks import sliding_window_view as np_sliding_window_view

from ..._engine.graph import implements, is_node, primitive, value_of
from ..._engine.sizes import count, number, room
from .axes import Axis, as_array, concatenate, listed, moveaxis, one_axis, ravel, reshape
from .index import getitem, scatter_add
from .where import where

if TYPE_CHECKING:
    from ..._engine.signatures import Array, Giving, P, Tensor

__all__ = [
    "array_split",
    "copy",
    "delete",
    "diag",
    "diagflat",
    "diagonal",
    "dsplit",
    "flip",
    "fliplr",
    "flipud",
    "hsplit",
    "repeat",
    "resize",
    "roll",
    "rollaxis",
    "rot90",
    "sliding_window_view",
    "split",
    "tile",
    "tril",
    "trim_zeros",
    "triu",
    "unstack",
    "vsplit",
]


def _read(flat: Any, positions: np.ndarray) -> Any:
    """The elements of a flat array at ``positions``, and zeros at -1."""
    missing = positions < 0
    if not missing.any():
        return getitem(flat, positions)
    if not flat.shape[0]:
        return np.zeros(positions.shape, flat.dtype)
    return where(missing, 0.0, getitem(flat, np.maximum(positions, 0)))


def moved(function: Callable[..., Any], x: Any, *args: Any, **kwargs: Any) -> Any:
    """Apply a NumPy function that moves the elements of its first argument and invents only zeros.

    Where it gives NumPy's arrays views of their memory, it gives Tensors views.
    """
    if not is_node(x):
        return function(x, *args, **kwargs)
    numbers = np.arange(1, x.size + 1)
    whole = numbers.reshape(x.shape)
    found = function(whole, *args, **kwargs)
    parts = found if isinstance(found, (list, tuple)) else [found]
    views = [isinstance(p, np.ndarray) and p.base is numbers and p.size for p in parts]

    def one(k: int) -> Any:
        if not views[k]:
            return _read(ravel(x), np.asarray(parts[k]) - 1)

        def view(a: np.ndarray) -> Any:
            seen = function(a, *args, **kwargs)
            return seen if parts is not found else seen[k]

        return _view(x, view=view, positions=parts[k] - 1)

    if parts is found:
        return type(found)(map(one, range(len(parts))))
    return one(0)


_view = primitive(
    "view",
    lambda x, *, view, positions: view(x),
    (
        lambda g, out, x, *, view, positions: reshape(
            scatter_add(g, positions, (x.size,), x.dtype), x.shape
        ),
    ),
    views=True,
)


def moved_together(function: Callable[..., Any], parts: Sequence[Any]) -> Any:
    """Apply ``function`` to the positions of several arrays, and read from them laid end to end."""
    parts = [as_array(p) for p in parts]
    start, positions = 0, []
    for p in parts:
        size = value_of(p).size
        positions.append(np.arange(start, start + size).reshape(p.shape))
        start += size
    return _read(concatenate([ravel(p) for p in parts]), function(*positions))


_signature = functools.cache(inspect.signature)


def _mover(
    function: Callable[Concatenate[Any, P], Any],
    summary: str,
    example: str,
    safe: Callable[..., Any] | None = None,
    short: Callable[..., Any] | None = None,
) -> Giving[P, Tensor, np.ndarray]:
    """Do to Tensors what NumPy's function does, or ``safe`` where that would crash for some arguments.

    ``short`` is a shorter way, or answers None.
    """

    def move(*args: Any, **kwargs: Any) -> Any:
        given = _signature(function).bind(*args, **kwargs).arguments
        sections = given.get("indices_or_sections")
        if isinstance(sections, (int, np.integer)) and sections <= 0:
            raise ValueError(
                f"{function.__name__}: expected one section or more, got {sections}; pass their number, or "
                "the indices to cut before"
            )
        x = as_array(given.pop(next(iter(given))))
        if short is not None and is_node(x) and (found := short(x, **given)) is not None:
            return found
        return moved(safe or function, x, **given)

    move.__wrapped__ = function  # type: ignore[attr-defined]
    move.__name__ = move.__qualname__ = function.__name__
    arguments = f"Arguments are those of ``numpy.{function.__name__}``."
    move.__doc__ = f"{summary}\n\n    {arguments}\n\n    {example}\n    "
    return cast("Giving[P, Tensor, np.ndarray]", implements(function)(move))


def _cutter(
    function: Callable[Concatenate[Any, P], Any], summary: str, example: str
) -> Giving[P, list[Tensor], list[np.ndarray]]:
    return cast("Giving[P, list[Tensor], list[np.ndarray]]", _mover(function, summary, example))


def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """NumPy's, which takes the offset as a C int and reads beyond the array at the least of them."""
    return np.diagonal(a, _near(offset, a.shape), axis1, axis2)


def _diag(v: Any, k: int = 0) -> Any:
    return np.diag(v, _near(k, v.shape) if v.ndim == 2 else number("diag", "k", k))


def _near(offset: Any, shape: tuple[int, ...]) -> int:
    """An offset that is no further away than the first of which the diagonal is empty."""
    most = min(max(shape, default=0), 2**31 - 1)
    return max(-most, min(number("diagonal", "offset", offset), most))


def _main(a: Any, offset: int = 0) -> Any:
    """The diagonal of a matrix, whose elements lie in equal steps."""
    if a.ndim != 2:
        return None
    (n, m), k = a.shape, _near(offset, a.shape)
    start, count = (k, min(n, m - k)) if k >= 0 else (-k * m, min(n + k, m))
    if count <= 0:
        return None
    places = slice(start, start + count * (m + 1), m + 1)
    return _view(a, view=lambda x: np.diagonal(x, k), positions=places)


def _below(m: Any, k: int) -> np.ndarray:
    """Where matrices lie on the k-th diagonal or below it."""
    return np.tri(m.shape[-2], m.shape[-1], k, dtype=bool)


def _lower(m: Any, k: int = 0) -> Any:
    return where(_below(m, k), m, 0.0) if m.ndim > 1 else None


def _upper(m: Any, k: int = 0) -> Any:
    return where(_below(m, k - 1), 0.0, m) if m.ndim > 1 else None


fliplr = _mover(
    np.fliplr,
    "Reverse the order of the columns.",
    ">>> ag.fliplr(np.array([[1.0, 2.0]]))\n    array([[2., 1.]])",
)
flipud = _mover(
    np.flipud,
    "Reverse the order of the rows.",
    ">>> ag.flipud(np.array([1.0, 2.0]))\n    array([2., 1.])",
)
rot90 = _mover(
    np.rot90,
    "Rotate by 90 degrees, ``k`` times, in the plane of two axes.",
    ">>> ag.rot90(np.array([[1.0, 2.0]]))\n    array([[2.],\n           [1.]])",
)
rollaxis = _mover(
    np.rollaxis,
    "Move one axis back until it lies before another.",
    ">>> ag.rollaxis(np.ones((2, 3, 4)), 2).shape\n    (4, 2, 3)",
)
diag = _mover(
    np.diag,
    "Take the diagonal of a matrix, or make a matrix with a given diagonal.",
    ">>> ag.diag(np.array([1.0, 2.0]))\n    array([[1., 0.],\n           [0., 2.]])",
    _diag,
    lambda v, k=0: _main(v, k),
)
diagflat = _mover(
    np.diagflat,
    "Make a matrix with the flattened array on its diagonal.",
    ">>> ag.diagflat(np.array([[1.0], [2.0]])).shape\n    (2, 2)",
)
diagonal = _mover(
    np.diagonal,
    "Take the diagonals of the matrices in two axes.",
    ">>> ag.diagonal(np.eye(3), 1)\n    array([0., 0.])",
    _diagonal,
    lambda a, offset=0, axis1=0, axis2=1: _main(a, offset) if (axis1, axis2) == (0, 1) else None,
)
tril = _mover(
    np.tril,
    "Keep the lower triangle of a matrix, with zeros elsewhere.",
    ">>> ag.tril(np.ones((2, 2)))\n    array([[1., 0.],\n           [1., 1.]])",
    short=_lower,
)
triu = _mover(
    np.triu,
    "Keep the upper triangle of a matrix, with zeros elsewhere.",
    ">>> ag.triu(np.ones((2, 2)))\n    array([[1., 1.],\n           [0., 1.]])",
    short=_upper,
)
delete = _mover(
    np.delete,
    "Leave out the elements at some indices along an axis.",
    ">>> ag.delete(np.array([1.0, 2.0, 3.0]), 1)\n    array([1., 3.])",
)
resize = _mover(
    np.resize,
    "Repeat the elements as often as a new shape needs.",
    ">>> ag.resize(np.array([1.0, 2.0]), 3)\n    array([1., 2., 1.])",
)
array_split = _cutter(
    np.array_split,
    "Cut into parts of nearly equal length along an axis.",
    ">>> [len(p) for p in ag.array_split(np.ones(5), 2)]\n    [3, 2]",
)
hsplit = _cutter(
    np.hsplit,
    "Cut along the second axis, or the only one.",
    ">>> [p.shape for p in ag.hsplit(np.ones((2, 4)), 2)]\n    [(2, 2), (2, 2)]",
)
vsplit = _cutter(
    np.vsplit,
    "Cut along the first axis.",
    ">>> [p.shape for p in ag.vsplit(np.ones((4, 2)), 2)]\n    [(2, 2), (2, 2)]",
)
dsplit = _cutter(
    np.dsplit,
    "Cut along the third axis.",
    ">>> len(ag.dsplit(np.ones((2, 2, 4)), 4))\n    4",
)


@implements(getattr(np, "unstack", None))
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Array, ...]:
    """Return the slices along an axis as a tuple.

    >>> len(ag.unstack(np.ones((2, 3)), axis=1))
    3
    """
    return tuple(moveaxis(as_array(x), axis, 0))


@implements(np_sliding_window_view)
def sliding_window_view(
    x: Any,
    window_shape: int | tuple[int, ...],
    axis: int | tuple[int, ...] | None = None,
    *,
    subok: bool = False,
    writeable: bool = False,
) -> Array:
    """Read every window of a shape: (..., windows, ..., window). A copy, not a view, of a Tensor.

    >>> ag.sliding_window_view(np.array([1.0, 2.0, 3.0]), 2)
    array([[1., 2.],
           [2., 3.]])
    """
    if writeable:
        raise TypeError("sliding_window_view: writeable=True would overwrite what the graph needs")
    return moved(np_sliding_window_view, as_array(x), window_shape, axis)


@implements(np.trim_zeros)
def trim_zeros(filt: Any, trim: Any = "fb", axis: Any = None) -> Array:
    """Cut zeros off the front ("f") and the back ("b").

    >>> ag.trim_zeros(np.array([0.0, 1.0, 0.0]))
    array([1.])
    """
    filt = listed(filt)
    if not is_node(filt):
        return np.trim_zeros(filt, trim, **({} if axis is None else {"axis": axis}))
    if not trim or not set(trim.lower()) <= {"f", "b"}:
        raise ValueError(f"trim_zeros: trim must be made of 'f' and 'b', got {trim!r}")
    axes = normalize_axis_tuple(range(filt.ndim) if axis is None else axis, filt.ndim)
    index = [slice(None)] * filt.ndim
    places = np.argwhere(filt.value)
    for a in axes:
        low, high = (places[:, a].min(), places[:, a].max() + 1) if len(places) else (0, 0)
        front = low if "f" in trim.lower() else None
        index[a] = slice(front, high if "b" in trim.lower() or not len(places) else None)
    return filt[tuple(index)]


@implements(np.copy)
def copy(a: Any, order: Any = "K", subok: bool = False) -> Array:
    """Copy an array; the gradient passes through.

    >>> ag.copy(np.array([1.0]))
    array([1.])
    """
    a = listed(a)
    if order not in ("C", "F", "A", "K"):
        raise ValueError(f"copy: order must be 'C', 'F', 'A' or 'K', got {order!r}")
    if not is_node(a):
        return np.array(a, order=order, subok=subok)
    flags = a.array.flags
    kept = flags.c_contiguous if order == "C" else order == "K" or flags.f_contiguous
    return +a if kept else _copy(a, order=order)


_copy = primitive(
    "copy",
    lambda x, *, order: np.array(x, order=order),
    (lambda g, out, x, *, order: g,),
    stacked=lambda i, g, out, x, *, order: g,
)


_flip = primitive(
    "flip",
    lambda x, *, axis: np.flip(x, axis),
    (lambda g, out, x, *, axis: flip(g, axis),),
    views=True,
)


def _roll_value(x: Any, *, shift: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """NumPy's, by what it does along one axis."""
    if len(axis) != 1 or not -x.ndim <= axis[0] < x.ndim or not x.shape[axis[0]]:
        return np.roll(x, shift, axis)
    before = (slice(None),) * (axis[0] % x.ndim)
    cut = -shift[0] % x.shape[axis[0]]
    if not cut:
        return x.copy()
    return np.concatenate((x[(*before, slice(cut, None))], x[(*before, slice(cut))]), axis[0])


_roll = primitive(
    "roll",
    _roll_value,
    (lambda g, out, x, *, shift, axis: roll(g, tuple(-s for s in shift), axis),),
)


@implements(np.flip)
def flip(m: Any, axis: Axis = None) -> Array:
    """Reverse the order of the elements along the axes (all of them by default).

    >>> ag.flip(np.array([1.0, 2.0]))
    array([2., 1.])
    """
    return _flip(m, axis=axis)


@implements(np.roll)
def roll(a: Any, shift: int | tuple[int, ...], axis: Axis = None) -> Array:
    """Shift elements along axes; those that leave at the end come back at the front.

    >>> ag.roll(np.array([1.0, 2.0, 3.0]), 1)
    array([3., 1., 2.])
    """
    if type(shift) is int and axis is None and np.ndim(a) == 1:
        return _roll(a, shift=(shift,), axis=(0,))
    if np.asarray(shift).dtype.kind == "f":
        raise TypeError(f"roll: shift must be an integer, got {shift!r}")
    if axis is None:
        total = int(np.sum(shift))
        return reshape(_roll(ravel(a), shift=(total,), axis=(0,)), np.shape(a))
    if min(np.size(shift), np.size(axis)) > 1 and np.size(shift) != np.size(axis):
        raise ValueError(
            f"roll: {np.size(shift)} shifts for {np.size(axis)} axes; give one for each"
        )
    pairs = [(int(s), index(k)) for s, k in np.broadcast(shift, axis)]
    return _roll(a, shift=tuple(s for s, _ in pairs), axis=tuple(k for _, k in pairs))


@implements(np.split)
def split(ary: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]:
    """Cut ``ary`` along an axis into equal sections, or before each of the given indices.

    Raises ValueError if an integer number of sections does not divide the length.

    >>> [part.shape for part in ag.split(np.ones((6, 2)), 3)]
    [(2, 2), (2, 2), (2, 2)]
    """
    ary = as_array(ary)
    size = ary.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        sections = indices_or_sections
        if sections <= 0 or size % sections:
            raise ValueError(
                f"split: axis {axis} has {size} elements, which {sections} sections do "
                "not divide; pass the indices to cut before"
            )
        cuts = list(range(size // sections, size, size // sections)) if size else []
        room("split", sections)
        cuts = cuts if size else [0] * (sections - 1)
    else:
        cuts = [number("split", "an index to cut before", c) for c in indices_or_sections]
    index: list[Any] = [slice(None)] * ary.ndim
    parts = []
    for start, stop in zip([0, *cuts], [*cuts, None], strict=True):
        index[axis] = slice(start, stop)
        parts.append(ary[tuple(index)])
    return parts


# --- repeating --------------------------------------------------------------------------------------


def _tile_vjp(g: Any, out: Any, x: Any, *, reps: tuple[int, ...]) -> Any:
    ndim = max(len(reps), x.ndim)
    shape = (1,) * (ndim - x.ndim) + x.shape
    reps = (1,) * (ndim - len(reps)) + reps
    pairs = [n for pair in zip(reps, shape, strict=True) for n in pair]
    return reshape(reshape(g, pairs).sum(axis=tuple(range(0, 2 * ndim, 2))), x.shape)


_tile = primitive("tile", lambda x, *, reps: np.tile(x, reps), (_tile_vjp,))


@implements(np.tile)
def tile(A: Any, reps: int | Sequence[int]) -> Array:
    """Repeat the whole array ``reps`` times along each axis.

    >>> ag.tile(np.array([1.0, 2.0]), 2)
    array([1., 2., 1., 2.])
    """
    several: Any = (reps,) if np.ndim(reps) == 0 else reps
    counts = tuple(count("tile", "reps", n) for n in several)
    room("tile", math.prod(counts), np.size(A))
    return _tile(A, reps=counts)


@implements(np.repeat)
def repeat(a: Any, repeats: int | Sequence[int], axis: int | None = None) -> Array:
    """Repeat each element along an axis (of the flattened array by default).

    ``repeats`` is one count or a count for each element.

    >>> ag.repeat(np.array([1.0, 2.0]), [1, 3])
    array([1., 2., 2., 2.])
    """
    a = as_array(a)
    if axis is None or not a.ndim:
        a, axis = ravel(a), 0 if axis is None else axis
    axis = one_axis("repeat", axis, a.ndim)
    counts = np.asarray(repeats)
    if counts.dtype.kind not in "iub" and counts.size:
        raise TypeError(f"repeat: repeats must be integers, got {repeats!r}")
    if counts.min(initial=0) < 0:
        raise ValueError(f"repeat: repeats must not be negative, got {repeats!r}")
    # NumPy's own sum of them would overflow.
    room("repeat", int(counts.max(initial=0)), a.shape[axis])
    where: list[Any] = [slice(None)] * a.ndim
    where[axis] = np.repeat(np.arange(a.shape[axis]), counts.astype(np.intp))
    return a[tuple(where)]
