"""Check derivatives against finite differences; for agx's own operations and for yours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import pullback
from .rng import generator
from .tensor import Tensor


def check_grads(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    rng: np.random.Generator | int | None = 0,
    rtol: float = 1e-6,
    atol: float = 1e-7,
    step: float = 1e-3,
) -> None:
    """Compare the derivatives of ``f`` at ``args`` with finite differences, up to ``order``.

    ``f`` takes float arrays and returns one array or Tensor. Its result is contracted with random
    numbers, and the slope along a random direction is compared with a central difference whose error
    falls with the fourth power of ``step``. The point must not lie within ``step`` of a kink.

    Raises AssertionError, with both numbers, if they differ by more than ``atol + rtol * size``.

    >>> ag.testing.check_grads(lambda x: ag.exp(x) * x, np.array([0.3, -1.2]))
    """
    rng = generator(rng)
    points = [np.array(a, dtype=np.float64) for a in args]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        weights = rng.standard_normal(np.shape(_value(f(*points))))

    def contracted(*xs: Any) -> Any:
        return (f(*xs) * weights).sum()

    _check(contracted, points, 1, order, rng, (rtol, atol, step))


def _value(result: Any) -> np.ndarray:
    return np.asarray(result.value if isinstance(result, Tensor) else result)


def _check(
    f: Callable[..., Any],
    points: list[np.ndarray],
    order: int,
    last: int,
    rng: np.random.Generator,
    precision: tuple[float, float, float],
) -> None:
    """Check the first derivative of the scalar function ``f``, then that of its slope."""
    rtol, atol, step = precision
    directions = [rng.standard_normal(p.shape) for p in points]

    def slope(*xs: Any) -> Any:
        """The derivative along ``directions``, still differentiable."""
        nodes: list[Any] = [x * 1.0 if isinstance(x, Tensor) else Tensor(x) for x in xs]
        out = f(*nodes)
        if not isinstance(out, Tensor):
            return np.float64(0.0)
        gradients = pullback(out, nodes, create_graph=True)
        terms = [(g * d).sum() for g, d in zip(gradients, directions, strict=True)]
        return sum(terms[1:], terms[0])

    def along(t: float) -> float:
        return float(_value(f(*(p + t * d for p, d in zip(points, directions, strict=True)))))

    def difference(h: float) -> float:
        return (along(h) - along(-h)) / (2 * h)

    measured = (4 * difference(step / 2) - difference(step)) / 3
    computed = float(_value(slope(*points)))
    scale = max(abs(measured), abs(along(0.0)))
    if not abs(computed - measured) <= atol + rtol * scale:
        raise AssertionError(
            f"check_grads: derivative {order} along a random direction is {computed:.10g} by the "
            f"pull-backs and {measured:.10g} by finite differences"
        )
    _check_backward(f, points, computed, directions, order)
    if order < last:
        _check(slope, points, order + 1, last, rng, precision)


def _check_backward(
    f: Callable[..., Any],
    points: list[np.ndarray],
    expected: float,
    directions: list[np.ndarray],
    order: int,
) -> None:
    """Check that ``backward()``, which runs on plain arrays, agrees with the differentiable sweep."""
    leaves = [Tensor(p) for p in points]
    out = f(*leaves)
    if order > 1 or not isinstance(out, Tensor) or not out.requires_grad:
        return
    out.backward()
    found = sum(float((t.grad * d).sum()) for t, d in zip(leaves, directions, strict=True))
    if not abs(found - expected) <= 1e-9 * (1 + abs(expected)):
        raise AssertionError(
            f"check_grads: backward() gives {found:.10g} along a random direction, the "
            f"differentiable backward pass {expected:.10g}"
        )
