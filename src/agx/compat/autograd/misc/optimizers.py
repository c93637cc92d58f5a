"""Optimizers of functions of nests of arrays, given ``grad(x, i)`` for iteration ``i``.

``callback(x, i, g)``, if given, sees each iterate and its gradient before the step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .flatten import flatten

Gradient = Callable[[Any, int], Any]
Callback = Callable[[Any, int, Any], Any] | None
Step = Callable[[Any, int], Any]


def unflatten_optimizer(optimize: Callable[..., Any]) -> Callable[..., Any]:
    """Let an optimizer of vectors, ``optimize(grad, x, callback, ...)``, take nests of arrays."""

    def of_nests(
        grad: Gradient, x0: Any, callback: Callback = None, *args: Any, **kwargs: Any
    ) -> Any:
        start, unflatten = flatten(x0)
        slope = lambda x, i: flatten(grad(unflatten(x), i))[0]
        watch = callback and (lambda x, i, g: callback(unflatten(x), i, unflatten(g)))
        return unflatten(optimize(slope, start, watch, *args, **kwargs))

    of_nests.__name__, of_nests.__doc__ = optimize.__name__, optimize.__doc__
    return of_nests


def _descend(grad: Gradient, x: Any, callback: Callback, num_iters: int, step: Step) -> Any:
    """Add step(gradient, i) to ``x``, for i = 0 ... num_iters - 1."""
    for i in range(num_iters):
        g = grad(x, i)
        if callback:
            callback(x, i, g)
        x = x + step(g, i)
    return x


@unflatten_optimizer
def sgd(
    grad: Gradient,
    x: Any,
    callback: Callback = None,
    num_iters: int = 200,
    step_size: float = 0.1,
    mass: float = 0.9,
) -> Any:
    """Descend with momentum: the velocity keeps ``mass`` of itself and gains (1 - mass) of -gradient."""
    velocity = np.zeros(len(x))

    def step(g: Any, i: int) -> Any:
        nonlocal velocity
        velocity = mass * velocity - (1 - mass) * g
        return step_size * velocity

    return _descend(grad, x, callback, num_iters, step)


@unflatten_optimizer
def rmsprop(
    grad: Gradient,
    x: Any,
    callback: Callback = None,
    num_iters: int = 100,
    step_size: float = 0.1,
    gamma: float = 0.9,
    eps: float = 1e-8,
) -> Any:
    """Divide the gradient by a running root mean square of it, which starts at 1 (Hinton, 2012)."""
    mean_square = np.ones(len(x))

    def step(g: Any, i: int) -> Any:
        nonlocal mean_square
        mean_square = gamma * mean_square + (1 - gamma) * g**2
        return -step_size * g / (mean_square**0.5 + eps)

    return _descend(grad, x, callback, num_iters, step)


@unflatten_optimizer
def adam(
    grad: Gradient,
    x: Any,
    callback: Callback = None,
    num_iters: int = 100,
    step_size: float = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Any:
    """Descend by Adam (Kingma and Ba, 2015), with both moments corrected for their start at 0."""
    first, second = np.zeros(len(x)), np.zeros(len(x))

    def step(g: Any, i: int) -> Any:
        nonlocal first, second
        first = b1 * first + (1 - b1) * g
        second = b2 * second + (1 - b2) * g**2
        scale = (second / (1 - b2 ** (i + 1))) ** 0.5 + eps
        return -step_size * first / (1 - b1 ** (i + 1)) / scale

    return _descend(grad, x, callback, num_iters, step)
