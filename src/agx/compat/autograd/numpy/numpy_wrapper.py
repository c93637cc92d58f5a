"""The names of NumPy: what is written here, and what NumPy has for all others."""

from __future__ import annotations

import functools as _functools
from typing import Any
from typing import cast as _cast

import numpy as np

from ...._engine.entered import here as _here
from ....ops.shape import axes as _axes
from ....ops.shape import dtype as _dtype
from ....ops.shape.create import assignable as _assignable
from ..boxes import Box as Box
from ..boxes import isbox as _isbox
from ..boxes import notrace_primitive as _notrace_primitive
from ..primitives import primitive as _primitive
from .integers import integer_class as _integer_class
from .wrapped import Function as _Function
from .wrapped import has_tensor as _has_tensor
from .wrapped import public as _public
from .wrapped import stacked as _stacked
from .wrapped import wrapped as _wrapped

#: Functions that tell the form of arrays, and are plain functions of Tensors.
notrace_functions = [np.ndim, np.shape, np.iscomplexobj, np.result_type]
numpy_version = np.__version__


def array(object: Any, dtype: Any = None, **options: Any) -> Any:
    """Make an array, as ``numpy.array`` does; a list of Tensors becomes a Tensor.

    >>> import agx.compat.autograd.numpy as anp
    >>> anp.array([ag.Tensor(1.0), 2.0])
    Tensor([1., 2.], op='stack')
    """
    if not _has_tensor(object):
        return np.array(object, dtype, **options)
    out = _stacked(object)
    if dtype is not None and np.dtype(dtype) == np.object_:
        return _of_objects(out)
    out = out if dtype is None else _dtype.astype(out, dtype)
    missing = options.get("ndmin", 0) - out.ndim
    return _axes.reshape(out, (1,) * missing + out.shape) if missing > 0 else out


def _of_objects(x: Any) -> Any:
    """An array of Tensors without axes, which ``array`` makes one Tensor again."""
    found = np.empty(x.shape, np.object_)
    for place in np.ndindex(*x.shape):
        found[place] = x[place]
    return found


def asarray(a: Any, dtype: Any = None, **options: Any) -> Any:
    """Make an array of what is not one yet; a Tensor stays a Tensor."""
    return array(a, dtype) if _has_tensor(a) else np.asarray(a, dtype, **options)


asanyarray = ascontiguousarray = asarray


def full(shape: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    """Make an array of one value, which may be a Tensor."""
    if not _has_tensor(fill_value):
        return _original_full(shape, fill_value, dtype, **options)
    return +_axes.broadcast_to(array(fill_value, dtype), shape)


def full_like(a: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    """Make an array of one value, which may be a Tensor, in the shape of another."""
    if not _has_tensor(fill_value):
        return np.full_like(a, fill_value, dtype, **options)
    return +_axes.broadcast_to(array(fill_value, dtype), np.shape(a))


def _to_assign_into(function: Any) -> Any:
    """Make what NumPy makes; inside a transform a Tensor, to which others can be assigned."""

    @_functools.wraps(function)
    def make(*args: Any, **kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        return _assignable(made) if _here.traces and type(made) is np.ndarray else made

    return make


zeros, ones, empty = map(_to_assign_into, (np.zeros, np.ones, np.empty))
eye, identity, _original_full = map(_to_assign_into, (np.eye, np.identity, np.full))


class _Joined:
    """``numpy.r_`` and ``numpy.c_``, which join Tensors too."""

    def __init__(self, plain: Any, columns: bool) -> None:
        self._plain, self._columns = plain, columns

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        if not _has_tensor(parts):
            return self._plain[key]
        if isinstance(parts[0], str):
            raise TypeError("r_: Tensors are joined without a directive; use np.concatenate")
        vectors = [np.r_[p] if isinstance(p, slice) else np.atleast_1d(array(p)) for p in parts]
        if self._columns:
            vectors = [v[:, None] if v.ndim == 1 else v for v in vectors]
        return _axes.concatenate(vectors, -1 if self._columns else 0)


r_, c_ = _Joined(np.r_, columns=False), _Joined(np.c_, columns=True)


def _is_array(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return any(map(_is_array, x))
    return _isbox(x) or isinstance(x, (np.ndarray, np.generic))


#: ``where`` as a primitive, which rules can be given to.
_original_where = _Function(np.where)


def where(condition: Any, *args: Any, **kwargs: Any) -> Any:
    """Choose from ``x`` where a condition holds and from ``y`` elsewhere, both given or neither.

    They may be given by name. Of Python's numbers alone it makes Python's numbers.

    >>> import agx.compat.autograd.numpy as anp
    >>> anp.where(True, x=1.0, y=2.0)
    1.0
    """
    options = {**dict(zip("xy", args, strict=False)), **kwargs}
    if not options:
        return _original_where(condition)
    if len(args) > 2 or set(options) != {"x", "y"} or len(args) + len(kwargs) != 2:
        raise ValueError("where: either both or neither of x and y should be given")
    found = _original_where(condition, options["x"], options["y"])
    return found if any(map(_is_array, (condition, *options.values()))) else found.tolist()


class _Extreme(_Function):
    """A maximum or minimum that halves the gradient where it meets a plain number too.

    That of agx gives none then, as that of relu at 0.
    """

    def __call__(self, x: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
        x, y = _array_like(x, y), _array_like(y, x)
        return super().__call__(x, y, *args, **kwargs)


def _array_like(x: Any, other: Any) -> Any:
    return np.asarray(x, other.dtype) if isinstance(x, (int, float)) and _isbox(other) else x


maximum, minimum = _Extreme(np.maximum), _Extreme(np.minimum)
fmax, fmin = _Extreme(np.fmax), _Extreme(np.fmin)


custom_where = where


@_notrace_primitive
def metadata(A: Any) -> tuple[tuple[int, ...], int, Any, bool]:
    """Return the shape, the number of axes and the dtype of an array, and whether it is complex."""
    return np.shape(A), np.ndim(A), np.result_type(A), np.iscomplexobj(A)


def concatenate_args(axis: int | None, *args: Any) -> Any:
    """Join arrays along an axis."""
    return _axes.concatenate(args, axis)


def array_from_args(array_args: tuple[Any, ...], array_kwargs: dict[str, Any], *args: Any) -> Any:
    """Make an array of several."""
    return array(list(args), *array_args, **array_kwargs)


def wrap_if_boxes_inside(raw_array: Any, slow_op_name: str | None = None) -> Any:
    """Make a Tensor of an array of objects."""
    return _stacked(raw_array) if raw_array.dtype == object else raw_array


def wrap_namespace(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Make primitives of the functions in one namespace and put them into another, with its constants."""
    for name, found in old.items():
        if found in (float, int, type) or isinstance(found, (float, int, type(None))):
            new[name] = found
        elif isinstance(found, type) and issubclass(found, np.integer):
            new[name] = _integer_class(_cast("Any", found))
        elif callable(found) and not isinstance(found, type):
            new[name] = (
                _notrace_primitive(found) if found in notrace_functions else _primitive(found)
            )


def make_diagonal(D: Any, offset: int = 0, axis1: int = -1, axis2: int = -2) -> Any:
    """Put vectors along the last axis on the diagonals of matrices."""
    if offset or {axis1, axis2} != {-1, -2}:
        raise NotImplementedError("make_diagonal: only offset=0 and the last two axes")
    return D[..., None] * np.eye(np.shape(D)[-1])


def __getattr__(name: str) -> Any:
    return _wrapped(np, name)


def __dir__() -> list[str]:
    return sorted(name for name in {*globals(), *_public(np)} if not name.startswith("_"))
