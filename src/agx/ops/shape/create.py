"""Arrays made from scratch, and what becomes of Tensors that NumPy is asked to make an array of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import implements, is_node, primitive, value_of
from ..._engine.sizes import count, room
from ..._kernels.graph import new_tensor
from .axes import as_array, broadcast_to, is_constant_kind, moveaxis, reshape
from .dtype import cast
from .joining import atleast_1d

if TYPE_CHECKING:
    from ..._engine.signatures import Array, Tensor, Varying

__all__ = [
    "array",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "geomspace",
    "identity",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]


@implements(np.asarray, np.asanyarray)
def asarray(
    a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: Any = None
) -> Array:
    """Make an array of nested lists, or a Tensor if there are Tensors among them.

    ``order``, ``device`` and ``copy`` say how NumPy lays an array out in memory; a Tensor stays as it is.

    >>> ag.asarray([ag.Tensor(1.0), 2.0]).shape
    (2,)
    """
    found = as_array(a)
    if is_node(found):
        return found if dtype is None else cast(found, dtype)
    return np.asarray(found, dtype, order)


@implements(np.array)
def array(
    object: Any,
    dtype: Any = None,
    *,
    copy: bool | None = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
) -> Array:
    """Make a new array of nested lists, or a Tensor if there are Tensors among them.

    With ``ndmin`` axes or more; new ones of length 1 come first.

    >>> ag.array([[ag.Tensor(1.0), 2.0]]).shape
    (1, 2)
    """
    found = as_array(object)
    if not is_node(found):
        return np.array(found, dtype, copy=copy, order=order, subok=subok, ndmin=ndmin)
    found = +found if found is object and copy else found
    found = found if dtype is None else cast(found, dtype)
    return reshape(found, (*(1,) * (ndmin - found.ndim), *found.shape))


@implements(np.require)
def _require(a: Any, dtype: Any = None, requirements: Any = None) -> Any:
    return asarray(a, dtype)


@implements(np.ascontiguousarray, np.asfortranarray)
def _at_least_one_axis(a: Any, dtype: Any = None) -> Any:
    return atleast_1d(asarray(a, dtype))


def assignable(made: np.ndarray) -> Any:
    """A Tensor of an array that was just made, to be assigned into; integers and truth values stay plain."""
    if made.dtype.kind not in "fc":
        return made
    found = new_tensor(made)
    found.requires_grad = found.shared = False
    return found


def zeros(shape: Any, dtype: Any = float, order: Any = "C", *, device: Any = None) -> Tensor | Any:
    """Make a Tensor of zeros to assign into, which requires no gradient until one is assigned.

    Integers and truth values have no gradient: of those it makes plain arrays.

    >>> out = ag.zeros(2)
    >>> out[0] = ag.Tensor(3.0)
    >>> out
    Tensor([3., 0.], op='assign')
    """
    return assignable(np.zeros(shape, dtype, order))


def ones(shape: Any, dtype: Any = None, order: Any = "C", *, device: Any = None) -> Tensor | Any:
    """Make a Tensor of ones to assign into, as ``ag.zeros`` does.

    >>> ag.ones(2)
    Tensor([1., 1.], requires_grad=False)
    """
    return assignable(np.ones(shape, dtype, order))


def empty(shape: Any, dtype: Any = float, order: Any = "C", *, device: Any = None) -> Tensor | Any:
    """Make a Tensor of any numbers to assign into, as ``ag.zeros`` does.

    >>> ag.empty(2).shape
    (2,)
    """
    return assignable(np.empty(shape, dtype, order))


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor | Any:
    """Make a Tensor of numbers that another library holds, such as PyTorch, in the same memory.

    ``x`` has ``__dlpack__`` and lies in the processor's memory; integers and booleans stay a plain array.
    Tensors have ``__dlpack__`` too: ``torch.from_dlpack(t)``. Raises TypeError for what lacks it.

    >>> ag.from_dlpack(np.ones(2)) * 2
    Tensor([2., 2.], op='mul')
    """
    if is_node(x):
        return x
    if not hasattr(x, "__dlpack__"):
        raise TypeError(
            f"from_dlpack: expected an array of a library that has __dlpack__, got {type(x).__name__}; "
            "make a Tensor with ag.Tensor(x)"
        )
    options: Any = {k: v for k, v in (("device", device), ("copy", copy)) if v is not None}
    found = np.from_dlpack(x, **options)
    return new_tensor(found) if found.dtype.kind in "fc" else found


def eye(
    N: int,
    M: int | None = None,
    k: int = 0,
    dtype: Any = float,
    order: Any = "C",
    *,
    device: Any = None,
) -> Tensor | Any:
    """Make a Tensor with ones on a diagonal to assign into, as ``ag.zeros`` does.

    >>> ag.eye(2).shape
    (2, 2)
    """
    return assignable(np.eye(N, M, k, dtype, order))


def identity(n: int, dtype: Any = None) -> Tensor | Any:
    """Make the identity matrix as a Tensor to assign into, as ``ag.zeros`` does.

    >>> ag.identity(2).shape
    (2, 2)
    """
    return assignable(np.identity(n, dtype))


def full(
    shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", *, device: Any = None
) -> Tensor | Any:
    """Make a Tensor that holds one value, or what broadcasts to it, to assign into; differentiable in it.

    >>> ag.full(2, 3.0)
    Tensor([3., 3.], requires_grad=False)
    """
    fill_value = as_array(fill_value)
    if not is_node(fill_value):
        return assignable(np.full(shape, fill_value, dtype, order))
    return +broadcast_to(fill_value if dtype is None else cast(fill_value, dtype), shape)


def _made_like(function: Any, a: Any, *args: Any, **options: Any) -> Any:
    """What NumPy makes in the form of an array; in that of a Tensor a Tensor."""
    made = function(value_of(a), *args, **options)
    return assignable(made) if is_node(a) else made


@implements(np.zeros_like)
def zeros_like(
    a: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Varying:
    """Make zeros of the shape and dtype of ``a``: of a Tensor a Tensor, to be assigned into.

    >>> np.zeros_like(ag.Tensor([1.0, 2.0]))
    Tensor([0., 0.], requires_grad=False)
    """
    return _made_like(np.zeros_like, as_array(a), dtype, order, subok, shape)


@implements(np.ones_like)
def ones_like(
    a: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Varying:
    """Make ones of the shape and dtype of ``a``: of a Tensor a Tensor, to be assigned into.

    >>> np.ones_like(ag.Tensor([1.0, 2.0]))
    Tensor([1., 1.], requires_grad=False)
    """
    return _made_like(np.ones_like, as_array(a), dtype, order, subok, shape)


@implements(np.empty_like)
def empty_like(
    prototype: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Varying:
    """Make any numbers of the shape and dtype of an array: of a Tensor a Tensor, to be assigned into.

    >>> np.empty_like(ag.Tensor([1.0, 2.0])).shape
    (2,)
    """
    return _made_like(np.empty_like, as_array(prototype), dtype, order, subok, shape)


@implements(np.full_like)
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Varying:
    """Make an array of the shape and dtype of ``a`` that holds one value; differentiable in it.

    >>> ag.full_like(np.ones(2), 3.0)
    array([3., 3.])
    """
    a, fill_value = as_array(a), as_array(fill_value)
    if not is_node(fill_value):
        return _made_like(np.full_like, a, fill_value, dtype, order, subok, shape)
    np.empty_like(np.empty(0), order=order)  # to refuse an order that there is not
    dtype = a.dtype if dtype is None and a.dtype.kind in "fc" else dtype
    found: Any = full(a.shape if shape is None else shape, fill_value, dtype)
    return found


def _steps(num: int, endpoint: bool) -> np.ndarray:
    divisor = num - 1 if endpoint else num
    return np.arange(num) / max(divisor, 1)


def _count(op: str, num: Any) -> int:
    """``num`` as a number of elements."""
    num = count(op, "num", num)
    room(op, num)
    return num


def _ends(start: Any, stop: Any) -> tuple[Any, Any]:
    """Both as arrays of the dtype that they have together; Python numbers give way."""
    ends = [x if isinstance(x, (int, float, complex)) else as_array(x) for x in (start, stop)]
    dtype = np.result_type(*(getattr(x, "dtype", x) for x in ends), 1.0)
    return cast(as_array(ends[0]), dtype), cast(as_array(ends[1]), dtype)


def _share(g: Any, num: int, endpoint: bool) -> np.ndarray:
    """How much of ``stop`` is in each of the numbers, in a shape that goes with ``g``."""
    share = _steps(num, endpoint).astype(g.real.dtype)
    return share.reshape(-1, *(1,) * (g.ndim - 1))


_linspace = primitive(
    "linspace",
    lambda start, stop, *, num, endpoint: np.linspace(start, stop, num, endpoint),
    (
        lambda g, out, start, stop, *, num, endpoint: g * (1 - _share(g, num, endpoint)),
        lambda g, out, start, stop, *, num, endpoint: g * _share(g, num, endpoint),
    ),
)


@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Varying:
    """Return ``num`` numbers evenly spaced from ``start`` to ``stop``, both differentiable.

    >>> ag.linspace(0.0, 1.0, 3)
    array([0. , 0.5, 1. ])
    """
    start, stop = _ends(start, stop)
    num = _count("linspace", num)
    found = moveaxis(_linspace(start, stop, num=num, endpoint=bool(endpoint)), 0, axis)
    if is_constant_kind(dtype) and not is_node(found):
        found = np.floor(found)
    found = cast(found, start.dtype if dtype is None else dtype)
    divisor = num - 1 if endpoint else num
    return (found, (stop - start) / divisor if divisor > 0 else np.nan) if retstep else found  # type: ignore[return-value]


@implements(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Array:
    """Return ``base`` to the power of evenly spaced numbers.

    >>> ag.logspace(0.0, 2.0, 3)
    array([  1.,  10., 100.])
    """
    exponents = linspace(start, stop, num, endpoint, axis=axis)
    base = base if isinstance(base, (int, float, complex)) else as_array(base)
    if np.ndim(base):
        base = moveaxis(reshape(base, (1, *base.shape)), 0, axis)
    found = base**exponents
    return found if dtype is None else cast(found, dtype)


@implements(np.geomspace)
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Array:
    """Return ``num`` numbers from ``start`` to ``stop``, each a constant multiple of the last.

    >>> ag.geomspace(1.0, 100.0, 3)
    array([  1.,  10., 100.])
    """
    num = _count("geomspace", num)
    start, stop = as_array(start), as_array(stop)
    if dtype is not None and np.dtype(dtype).kind == "c":
        start, stop = cast(start, dtype), cast(stop, dtype)
    if (value_of(start) == 0).any() or (value_of(stop) == 0).any():
        raise ValueError("geomspace: start and stop must not be 0")
    ndim = max(start.ndim, stop.ndim)
    share = reshape(_steps(num, endpoint), (-1,) + (1,) * ndim)
    found = moveaxis(start * (stop / start) ** share, 0, axis)
    return found if dtype is None else cast(found, dtype)
