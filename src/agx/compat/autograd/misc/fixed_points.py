"""Points that a function leaves where they are, and their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...._engine.graph import Node, Primitive
from ....ops.shape.axes import concatenate
from ..absent import absent as _absent
from ..boxes import peek
from ..differential_operators import make_vjp
from .flatten import flatten


def fixed_point(
    f: Callable[[Any], Callable[[Any], Any]],
    a: Any,
    x0: Any,
    distance: Callable[[Any, Any], Any],
    tol: float,
) -> Any:
    """Iterate x = f(a)(x) from ``x0`` until ``distance`` between two iterates is at most ``tol``.

    ``a`` and ``x0`` may be nests of arrays. The derivative in ``a`` is that of the equation, by the
    implicit function theorem, not of the iteration; it does not depend on ``x0``.

    >>> from agx.compat.autograd.misc.fixed_points import fixed_point
    >>> newton = lambda a: lambda x: (x + a / x) / 2
    >>> root = lambda a: fixed_point(newton, a, 1.0, lambda x, y: abs(x - y), 1e-9)
    >>> ag.grad(root)(4.0).round(6)
    np.float64(0.25)
    """
    parameters, unflatten = flatten(a)
    start, unflatten_x = flatten(x0)
    step = lambda p, x: flatten(f(unflatten(p))(unflatten_x(x)))[0]
    near = lambda x, y: distance(unflatten_x(x), unflatten_x(y)) <= tol
    return unflatten_x(_solve(step, parameters, peek(start), near))


def _solve(step: Any, parameters: Any, start: Any, near: Any) -> Any:
    """The vector x = step(parameters, x)."""

    def value(p: Any) -> Any:
        before, x = start, peek(step(p, start))
        while not near(x, before):
            before, x = x, peek(step(p, x))
        return x

    def rule(g: Any, out: Any, p: Any) -> Any:
        """Solve w = g + w dx/dx, and pull w back to the parameters."""
        size = (np.size(peek(p)), np.size(peek(out)))

        def adjoint(packed: Any, w: Any) -> Any:
            p, x, g = packed[: size[0]], packed[size[0] : -size[1]], packed[-size[1] :]
            return g + make_vjp(lambda y: step(p, y), who="")(x)[0](w)

        w = _solve(adjoint, concatenate([p, out, g]), np.zeros(size[1]), near)
        return make_vjp(lambda q: step(q, out), who="")(p)[0](w)

    if not isinstance(parameters, Node):
        return value(parameters)
    return Primitive("fixed_point", value, (rule,))(parameters)


__getattr__ = _absent("agx.compat.autograd.misc.fixed_points")
