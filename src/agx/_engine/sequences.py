"""Sequences of Tensors where an array is expected: which there are, and what would lose their gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._kernels.graph import Node

_NO_ARRAYS = (str, bytes, bytearray, memoryview, range)


def is_sequence(x: Any) -> bool:
    """Whether NumPy would make an array of the elements of ``x``, as of a list, a deque or a UserList."""
    kind = type(x)
    if kind is list or kind is tuple:
        return True
    if kind is float or kind is int or hasattr(kind, "dtype"):
        return False
    return isinstance(x, Sequence) and not isinstance(x, _NO_ARRAYS)


def wants_gradient(x: Any) -> bool:
    """Whether ``x`` is a Tensor that wants a gradient, or holds one."""
    if isinstance(x, Node):
        return x.requires_grad
    if isinstance(x, np.ndarray):
        return x.dtype == object and any(map(wants_gradient, x.flat))
    if isinstance(x, dict):
        x = tuple(x.values())
    return is_sequence(x) and any(map(wants_gradient, x))


def refuse_to_lose(name: str, x: Any, how: str) -> None:
    """Raise TypeError if what an operation gets or gives holds Tensors that want gradients."""
    if not wants_gradient(x):
        return
    raise TypeError(
        {
            "argument": f"{name}: a list of Tensors would lose their gradients; join them with ag.stack or "
            "ag.array",
            "result": f"{name}: the function of the operation returned a Tensor, so that it depends on one "
            "that is no argument and would lose its gradient; pass that one by position too",
        }.get(how)
        or f"{name}: the argument {how!r} is given by keyword, where a Tensor would lose its gradient; pass "
        "it by position, or its .value for a constant"
    )


#: What computes with arrays that it makes of its arguments; testing and printing only look.
_COMPUTE = ("numpy.", "scipy.", "statistics.", "agx.ops.", "agx.compat.")
_LOOK = ("numpy.testing.", "numpy._core.arrayprint.", "numpy.lib._npyio")


def only_looked_at(frame: Any) -> bool:
    """Whether the module of ``frame`` compares, prints or writes numbers, and computes nothing with them."""
    return f"{frame.f_globals.get('__name__')}.".startswith(_LOOK)


def refuse_in_functions(shape: tuple[int, ...], frame: Any, looks: Callable[[str], bool]) -> None:
    """Raise TypeError if a library computes in ``frame`` with plain numbers that it makes of a Tensor.

    ``looks(name)`` tells whether a function only looks, as ``np.ndim`` and ``np.argmax`` do.
    """
    name = f"{frame.f_globals.get('__name__')}."
    if not name.startswith(_COMPUTE):
        return
    home, _, _ = name.partition(".")
    function = frame.f_code.co_qualname
    while str(frame.f_globals.get("__name__")).partition(".")[0] == home and frame.f_back:
        name = f"{frame.f_globals.get('__name__')}."
        function, frame = frame.f_code.co_qualname, frame.f_back
    minimised = name.startswith("scipy.optimize")  # whose values are only looked at
    if not minimised and not looks(function):
        raise TypeError(
            f"{function}: {home} makes plain numbers of a Tensor of shape {shape}, which would lose its "
            "gradient; join Tensors with ag.stack or ag.array, and declare functions of other libraries "
            "with ag.primitive, or pass t.value to leave the graph on purpose"
        )
