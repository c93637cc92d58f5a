"""Initial value problems of ordinary differential equations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...._engine.graph import Node, Primitive
from ....custom import once
from ....ops.shape.axes import concatenate, stack
from ..absent import absent as _absent
from ..differential_operators import make_vjp
from ..misc.flatten import flatten


def odeint(func: Callable[..., Any], y0: Any, t: Any, args: Any = (), **options: Any) -> Any:
    """Solve y' = func(y, t, *args) from y(t[0]) = y0, and return y at each time of ``t``.

    Differentiable in ``y0``, ``t`` and ``args`` (nests of arrays): the adjoint equation is solved
    backwards in time, with the same ``options`` of ``scipy.integrate.odeint``.

    >>> from agx.compat.autograd.scipy.integrate import odeint
    >>> end = lambda y0: odeint(lambda y, t: -y, y0, np.array([0.0, 1.0]))[-1].sum()
    >>> ag.grad(end)(np.ones(1)).round(4)
    array([0.3679])
    """
    import scipy.integrate

    p, unflatten = flatten(args)
    flow = lambda y, time, p: func(y, time, *unflatten(p))

    def value(y0: Any, t: Any, p: Any) -> Any:
        return scipy.integrate.odeint(flow, y0, t, (p,), **options)

    def rule(g: Any, out: Any, y0: Any, t: Any, p: Any) -> Any:
        return _adjoint(flow, g, out, t, p, options)

    if not any(isinstance(x, Node) for x in (y0, t, p)):
        return value(y0, t, p)
    return Primitive("odeint", value, once(rule))(y0, t, p)


def _adjoint(flow: Any, g: Any, ys: Any, t: Any, p: Any, options: Any) -> tuple[Any, Any, Any]:
    """Gradients in the start, the times and the parameters."""
    size, count = g.shape[1], g.shape[0]

    def backwards(state: Any, time: Any, p: Any) -> Any:
        y, weight = state[:size], state[size : 2 * size]
        pull, slope = make_vjp(lambda y, p: flow(y, time, p), (0, 1), who="")(y, p)
        return concatenate([_vector(slope), *map(_vector, pull(-1.0 * weight))])

    weight, total = g[count - 1], np.zeros(np.shape(p))
    of_times: list[Any] = []
    for i in range(count - 1, 0, -1):
        of_times.append((_vector(flow(ys[i], t[i], p)) * g[i]).sum())
        start = concatenate([ys[i], weight, total])
        end = odeint(backwards, start, t[i - 1 : i + 1][::-1], (p,), **options)[1]
        weight, total = end[size : 2 * size], end[2 * size :]
        if i > 1:
            weight = weight + g[i - 1]
    of_times.append(-1.0 * (_vector(flow(ys[0], t[0], p)) * weight).sum() if count > 1 else 0.0)
    at_start = weight + g[0] if count > 1 else weight
    return at_start, stack(of_times[::-1]), total


def _vector(x: Any) -> Any:
    return x if isinstance(x, Node) else np.asarray(x)


__getattr__ = _absent("agx.compat.autograd.scipy.integrate")
