"""Every name of NumPy; what agx can differentiate takes Tensors, also in lists and tuples."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....graph import Node
from ....ops.elementwise import astype
from ....ops.shape import broadcast_to, reshape, stack
from . import fft as fft
from . import linalg as linalg
from . import random as random
from .wrapped import has_tensor, public, wrapped


def _stacked(x: Any) -> Any:
    if isinstance(x, np.ndarray) and x.dtype == object:
        x = x.tolist()
    if isinstance(x, (list, tuple)):
        parts = [_stacked(part) for part in x]
        return stack(parts) if has_tensor(parts) else np.asarray(parts)
    return x if isinstance(x, Node) else np.asarray(x)


def array(object: Any, dtype: Any = None, **options: Any) -> Any:
    """Make an array, as ``numpy.array`` does; a list of Tensors becomes a Tensor.

    >>> import agx.compat.autograd.numpy as anp
    >>> anp.array([ag.Tensor(1.0), 2.0])
    Tensor([1., 2.], op='concatenate')
    """
    if not has_tensor(object):
        return np.array(object, dtype, **options)
    out = _stacked(object)
    out = out if dtype is None else astype(out, dtype)
    missing = options.get("ndmin", 0) - out.ndim
    return reshape(out, (1,) * missing + out.shape) if missing > 0 else out


def asarray(a: Any, dtype: Any = None, **options: Any) -> Any:
    """Make an array of what is not one yet; a Tensor stays a Tensor."""
    return array(a, dtype) if has_tensor(a) else np.asarray(a, dtype, **options)


asanyarray = ascontiguousarray = asarray


def full(shape: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    """Make an array of one value, which may be a Tensor."""
    if not has_tensor(fill_value):
        return np.full(shape, fill_value, dtype, **options)
    return broadcast_to(array(fill_value, dtype), shape)


def full_like(a: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    """Make an array of one value, which may be a Tensor, in the shape of another."""
    if not has_tensor(fill_value):
        return np.full_like(a, fill_value, dtype, **options)
    return broadcast_to(array(fill_value, dtype), np.shape(a))


def __getattr__(name: str) -> Any:
    return wrapped(np, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *public(np)})
