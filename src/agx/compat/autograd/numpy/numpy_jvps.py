"""Parts that forward derivatives are made of. agx computes those of NumPy's functions from pull-backs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..absent import absent as _absent
from ..core import make_jvp as _make_jvp
from . import numpy_wrapper as _anp
from .numpy_vjps import balanced_eq as balanced_eq
from .numpy_vjps import dot_adjoint_0 as dot_adjoint_0
from .numpy_vjps import dot_adjoint_1 as dot_adjoint_1
from .numpy_vjps import match_complex as match_complex
from .numpy_vjps import nograd_functions as nograd_functions
from .numpy_vjps import replace_zero as replace_zero
from .numpy_vjps import untake as untake


def broadcast(x: Any, target: Any) -> Any:
    """Return ``x`` in the shape and the kind of number of ``target``."""
    return match_complex(target, x + np.zeros(np.shape(target)))


def _pushed(f: Any, argnum: int, g: Any, args: Any, kwargs: Any) -> Any:
    call = lambda x: f(*args[:argnum], x, *args[argnum + 1 :], **kwargs)
    return _make_jvp(call, args[argnum])(g)[1]


def atleast_jvpmaker(fun: Callable[..., Any]) -> Callable[..., Any]:
    """Return the forward derivative of ``numpy.atleast_1d`` and the like."""
    return lambda g, ans, *arys: fun(g)


#: HIPS autograd's name, the function, and whether the number of the argument comes first.
_RULES = {
    "forward_grad_np_std": ("std", False), "forward_grad_np_var": ("var", False),
    "fwd_grad_chooser": ("max", False), "fwd_grad_concatenate_args": ("concatenate_args", True),
    "fwd_grad_partition": ("partition", False), "fwd_grad_sort": ("sort", False),
    "np_abs_jvp": ("abs", False), "np_conj_jvp": ("conj", False),
}  # fmt: skip
_look_up = _absent("agx.compat.autograd.numpy.numpy_jvps")


def __getattr__(name: str) -> Any:
    if name not in _RULES:
        return _look_up(name)
    of, numbered = _RULES[name]
    f = getattr(_anp, of)
    if numbered:
        return lambda argnum, g, ans, args, kwargs: _pushed(f, argnum, g, args, kwargs)
    return lambda g, ans, *args, **kwargs: _pushed(f, 0, g, args, kwargs)
