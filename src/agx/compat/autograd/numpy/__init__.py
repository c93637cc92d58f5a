"""Every name of NumPy; what agx can differentiate takes Tensors, also in lists and tuples."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....ops.shape import axes as _axes
from ....ops.shape import dtype as _dtype
from . import fft as fft
from . import linalg as linalg
from . import random as random
from .wrapped import has_tensor as _has_tensor
from .wrapped import public as _public
from .wrapped import stacked as _stacked
from .wrapped import wrapped as _wrapped


def array(object: Any, dtype: Any = None, **options: Any) -> Any:
    """Make an array, as ``numpy.array`` does; a list of Tensors becomes a Tensor.

    >>> import agx.compat.autograd.numpy as anp
    >>> anp.array([ag.Tensor(1.0), 2.0])
    Tensor([1., 2.], op='concatenate')
    """
    if not _has_tensor(object):
        return np.array(object, dtype, **options)
    out = _stacked(object)
    out = out if dtype is None else _dtype.astype(out, dtype)
    missing = options.get("ndmin", 0) - out.ndim
    return _axes.reshape(out, (1,) * missing + out.shape) if missing > 0 else out


def asarray(a: Any, dtype: Any = None, **options: Any) -> Any:
    """Make an array of what is not one yet; a Tensor stays a Tensor."""
    return array(a, dtype) if _has_tensor(a) else np.asarray(a, dtype, **options)


asanyarray = ascontiguousarray = asarray


def full(shape: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    """Make an array of one value, which may be a Tensor."""
    if not _has_tensor(fill_value):
        return np.full(shape, fill_value, dtype, **options)
    return _axes.broadcast_to(array(fill_value, dtype), shape)


def full_like(a: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    """Make an array of one value, which may be a Tensor, in the shape of another."""
    if not _has_tensor(fill_value):
        return np.full_like(a, fill_value, dtype, **options)
    return _axes.broadcast_to(array(fill_value, dtype), np.shape(a))


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


def make_diagonal(D: Any, offset: int = 0, axis1: int = -1, axis2: int = -2) -> Any:
    """Put vectors along the last axis on the diagonals of matrices."""
    if offset or {axis1, axis2} != {-1, -2}:
        raise NotImplementedError("make_diagonal: only offset=0 and the last two axes")
    return D[..., None] * np.eye(np.shape(D)[-1])


def __getattr__(name: str) -> Any:
    return _wrapped(np, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_public(np)})
