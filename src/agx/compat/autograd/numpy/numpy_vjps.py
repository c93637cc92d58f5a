"""Parts that pull-backs are made of, and the pull-backs of NumPy's functions by HIPS autograd's names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..absent import absent
from ..boxes import getval
from ..core import make_vjp
from ..primitives import defvjp, primitive
from ..spaces import SparseObject
from . import numpy_wrapper as anp
from .numpy_boxes import ArrayBox as ArrayBox

metadata = anp.metadata

_NO_GRADIENT = """
    floor ceil round rint around trunc all any argmax argmin argpartition argsort argwhere nonzero flatnonzero
    count_nonzero searchsorted sign ndim shape floor_divide logical_and logical_or logical_not logical_xor
    isfinite isinf isnan isneginf isposinf allclose isclose array_equal array_equiv greater greater_equal less
    less_equal equal not_equal iscomplexobj iscomplex size isscalar isreal zeros_like ones_like empty_like
    full_like result_type
"""
#: Functions whose results carry no gradient.
nograd_functions = [getattr(anp, name) for name in _NO_GRADIENT.split()]


def unbroadcast(x: Any, target_meta: tuple[Any, ...], broadcast_idx: int = 0) -> Any:
    """Undo broadcasting: sum a gradient over the axes that a target, by its ``metadata``, lacks.

    Leading axes go first, from ``broadcast_idx`` on; axes of length 1 are summed and kept. The gradient of
    a real target is real.

    >>> from agx.compat.autograd.numpy.numpy_vjps import metadata, unbroadcast
    >>> unbroadcast(np.ones((4, 3)), metadata(np.ones((1, 3))))
    array([[4., 4., 4.]])
    """
    shape, ndim, _, is_complex = target_meta
    while np.ndim(x) > ndim:
        x = np.sum(x, axis=broadcast_idx)
    alone = tuple(i for i, n in enumerate(shape) if n == 1 and np.shape(x)[i] != 1)
    if alone:
        x = np.sum(x, axis=alone, keepdims=True)
    return np.real(x) if np.iscomplexobj(getval(x)) and not is_complex else x


def unbroadcast_f(target: Any, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the pull-back ``f`` with broadcasting of ``target`` undone."""
    meta = metadata(target)
    return lambda g: unbroadcast(f(g), meta)


def unbroadcast_einsum(x: Any, target_meta: tuple[Any, ...], subscript: Sequence[Any]) -> Any:
    """Undo broadcasting where a subscript of ``einsum`` has an ellipsis."""
    if Ellipsis not in subscript:
        return x
    place = list(subscript).index(Ellipsis)
    return unbroadcast(x, target_meta, -1 if place and place == len(subscript) - 1 else place)


def match_complex(target: Any, x: Any) -> Any:
    """Make ``x`` real or complex as ``target`` is."""
    wanted, found = np.iscomplexobj(getval(target)), np.iscomplexobj(getval(x))
    if found and not wanted:
        return np.real(x)
    return x + 0j if wanted and not found else x


def balanced_eq(x: Any, z: Any, y: Any) -> Any:
    """Return 1 where ``x`` equals ``z``, shared equally where ``y`` does too, and 0 elsewhere."""
    x, y, z = getval(x), getval(y), getval(z)
    return np.equal(x, z) / (1.0 + np.equal(x, y))


def replace_zero(x: Any, val: Any) -> Any:
    """Return ``x`` with ``val`` in place of zeros."""
    return np.where(getval(x) != 0, x, val)


def reverse_axis(x: Any, axis: int) -> Any:
    """Reverse an array along an axis."""
    return np.flip(x, axis)


def unpermuter(g: Any, permutation: Any) -> Any:
    """Undo a permutation of the first axis."""
    return g[np.argsort(permutation)]


def repeat_to_match_shape(
    g: Any, shape: tuple[int, ...], dtype: Any, axis: Any, keepdims: bool
) -> tuple[Any, Any]:
    """Repeat what was reduced along ``axis`` to ``shape``; also return how many numbers were reduced."""
    if not shape:
        return g, 1
    axes = range(len(shape)) if axis is None else np.atleast_1d(axis) % len(shape)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    count = np.prod([shape[i] for i in axes], dtype=np.int64)
    return np.reshape(g, kept) + np.zeros(shape, dtype), count


@primitive
def untake(x: Any, idx: Any, vs: Any) -> SparseObject:
    """Return the gradient, as a sparse one, of an array of which ``x`` is that of the part at ``idx``."""
    where = np.asarray(idx, np.int64) if isinstance(idx, list) else idx

    def mut_add(a: Any) -> Any:
        np.add.at(a, where, x)
        return a

    return SparseObject(vs, mut_add)


defvjp(untake, lambda ans, x, idx, vs: lambda g: g[idx])

# --- pull-backs of functions -------------------------------------------------------------------

#: HIPS autograd's name, the function, and the argument, or None where it comes first in the call.
_RULES: dict[str, tuple[str, int | None]] = {
    "array_from_args_gradmaker": ("array_from_args", None),
    "dot_vjp_0": ("dot", 0), "dot_vjp_1": ("dot", 1),
    "grad_broadcast_to": ("broadcast_to", 0), "grad_chooser": ("max", 0),
    "grad_concatenate_args": ("concatenate_args", None), "grad_diff": ("diff", 0),
    "grad_einsum": ("einsum", None), "grad_gradient": ("gradient", 0), "grad_inner": ("inner", None),
    "grad_kron": ("kron", None), "grad_np_cumsum": ("cumsum", 0), "grad_np_mean": ("mean", 0),
    "grad_np_prod": ("prod", 0), "grad_np_std": ("std", 0), "grad_np_sum": ("sum", 0),
    "grad_np_var": ("var", 0), "grad_partition": ("partition", 0), "grad_repeat": ("repeat", 0),
    "grad_rollaxis": ("rollaxis", 0), "grad_sort": ("sort", 0), "grad_tile": ("tile", 0),
    "grad_transpose": ("transpose", 0), "matmul_vjp_0": ("matmul", 0), "matmul_vjp_1": ("matmul", 1),
    "np_abs_vjp": ("abs", 0), "np_conj_vjp": ("conj", 0), "pad_vjp": ("pad", 0),
    "tensordot_vjp_0": ("tensordot", 0), "tensordot_vjp_1": ("tensordot", 1),
}  # fmt: skip


def _pulled(f: Any, argnum: int, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The pull-back of agx's function to one argument."""
    call = lambda x: f(*args[:argnum], x, *args[argnum + 1 :], **kwargs)
    return make_vjp(call, args[argnum])[0]


def _rule(name: str) -> Any:
    of, argnum = _RULES[name]
    f = getattr(anp, of)
    if argnum is None:
        return lambda i, ans, args, kwargs: _pulled(f, i, args, kwargs)
    return lambda ans, *args, **kwargs: _pulled(f, argnum, args, kwargs)


def _adjoint(f: Any, argnum: int, other: Any, g: Any, meta: tuple[Any, ...], *rest: Any) -> Any:
    """The pull-back of a product, linear in the argument of that ``metadata``."""
    args = [other, other, *rest]
    args[argnum] = np.zeros(meta[0], meta[2])
    return _pulled(f, argnum, args, {})(g)


def dot_adjoint_0(B: Any, G: Any, A_meta: Any, B_meta: Any) -> Any:
    """Pull the gradient of ``dot(A, B)`` back to A."""
    return _adjoint(np.dot, 0, B, G, A_meta)


def dot_adjoint_1(A: Any, G: Any, A_meta: Any, B_meta: Any) -> Any:
    """Pull the gradient of ``dot(A, B)`` back to B."""
    return _adjoint(np.dot, 1, A, G, B_meta)


def matmul_adjoint_0(B: Any, G: Any, A_meta: Any, B_ndim: int) -> Any:
    """Pull the gradient of ``matmul(A, B)`` back to A."""
    return _adjoint(np.matmul, 0, B, G, A_meta)


def matmul_adjoint_1(A: Any, G: Any, A_ndim: int, B_meta: Any) -> Any:
    """Pull the gradient of ``matmul(A, B)`` back to B."""
    return _adjoint(np.matmul, 1, A, G, B_meta)


_look_up = absent("agx.compat.autograd.numpy.numpy_vjps")


def __getattr__(name: str) -> Any:
    return _rule(name) if name in _RULES else _look_up(name)
