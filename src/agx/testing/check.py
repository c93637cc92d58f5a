"""Check derivatives against finite differences; for agx's own operations and for yours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._runtime.rng import generator
from ..tensor import Tensor
from .diagnosis import Case, diagnose, handwritten, in_spite_of_noise
from .diagnosis import GradientError as GradientError
from .lines import Line, array_of, contraction, derivative, normal, pulled
from .noise import Measured


def check_grads(
    f: Callable[..., Any],
    *args: Any,
    order: int | None = None,
    rng: np.random.Generator | int | None = 0,
    rtol: float = 1e-6,
    atol: float = 1e-7,
    step: float = 1e-3,
) -> Checked:
    """Compare the derivatives of ``f`` at ``args`` with finite differences, up to ``order``, or else 2.

    ``f`` takes real or complex arrays and returns one array or Tensor. Its result is contracted with
    random numbers, and the slope along a random direction is compared with a central difference
    whose error falls with the fourth power of ``step``; orders above 2 are allowed ten times the
    tolerance each. The point must not lie within ``step`` of a kink. Where the values of ``f`` are noisy,
    as those of a solver, a longer step is taken, at which noise and bend matter least.

    Returns what was checked: ``order``, which ends at 1 where an op has a hand-written ``_backward``, the
    longest ``step`` that was taken, the ``noise`` that was found in the values, and how far the derivatives
    may be off by it (``error``).

    Raises GradientError if they differ by more than ``atol + rtol * size``. It says what is the
    matter (``kind``): a wrong formula, a kink, the precision of the difference, a result that is not
    finite or not the same twice; and names the first op where it shows (``op``). Raises TypeError for
    arguments that are not real or complex, and for results that are not one array.

    >>> ag.testing.check_grads(lambda x: ag.exp(x) * x, np.array([0.3, -1.2]))
    Checked(order=2, step=0.001, noise=0.0, error=0.0)
    """
    last = 2 if order is None else order
    _check_settings(f, args, last, rtol, atol, step)
    rng = generator(rng)
    points = [_point(a, i) for i, a in enumerate(args)]
    with np.errstate(all="ignore"):
        weights = normal(rng, _first(f, points))
        functions = [contraction(f, weights)]
        if last > 1 and handwritten(functions[0](*(Tensor(p.copy()) for p in points))):
            last = 1
        done = Checked(last, step, 0.0, 0.0)
        for k in range(1, last + 1):
            directions = [normal(rng, p) for p in points]
            allowed = (rtol * 10 ** max(0, k - 2), atol * 10 ** max(0, k - 2))
            case = Case(f, functions, points, directions, step, *allowed)
            found = _check(case, last)
            if found is not None:
                noise, error = max(done.noise, found.noise), max(done.error, found.error)
                done = Checked(last, max(done.step, found.step), noise, error)
            functions = [*functions, derivative(functions[-1], directions)]
    return done


class Checked(NamedTuple):
    """What ``check_grads`` has checked, and how well."""

    order: int
    step: float
    noise: float
    error: float


def _check_settings(
    f: Any, args: tuple[Any, ...], order: int, rtol: float, atol: float, step: float
) -> None:
    if not callable(f):
        raise TypeError(f"check_grads: expected a function, got {type(f).__name__}")
    if not args:
        raise TypeError("check_grads: expected the arguments of f after f, got none")
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"check_grads: order must be an integer of at least 1, got {order!r}")
    if not step > 0:
        raise ValueError(f"check_grads: step must be positive, got {step!r}")
    if not (rtol >= 0 and atol >= 0):
        raise ValueError(
            f"check_grads: rtol and atol must not be negative, got {rtol!r} and {atol!r}"
        )


def _first(f: Callable[..., Any], points: list[np.ndarray]) -> np.ndarray:
    """The value of ``f`` at ``points``, which it must not change."""
    given = [Tensor(p.copy(), requires_grad=False) for p in points]
    result = f(*given)
    if not isinstance(result, (Tensor, np.ndarray, np.generic, int, float, complex)):
        raise TypeError(
            f"check_grads: f must return one array or Tensor, got a {type(result).__name__}; return one "
            "of its parts, or ag.concatenate of all, flattened"
        )
    for i, (p, x) in enumerate(zip(points, given, strict=True)):
        if not np.array_equal(p, x.array, equal_nan=True):
            raise ValueError(
                f"check_grads: f changes its argument {i} in place; let it compute with a copy"
            )
    return array_of(result)


def _point(a: Any, i: int) -> np.ndarray:
    if isinstance(a, (dict, set)) or hasattr(a, "__agx_call__"):
        raise TypeError(
            f"check_grads: argument {i} is a {type(a).__name__}; pass arrays, one for each, and let f "
            "put them together: lambda w, b: f({'w': w, 'b': b})"
        )
    array = np.asarray(a)
    if array.dtype.kind not in "fc":
        raise TypeError(
            f"check_grads: argument {i} has dtype {array.dtype}, and only real and complex numbers "
            "have derivatives; make it float64, or close over it: lambda x: f(x, indices)"
        )
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _check(case: Case, last: int) -> Measured | None:
    """Check the derivative of the last of the functions of ``case``; ``last`` is the highest order.

    Returns how it was measured where noise made it hard.
    """
    f, points, directions = case.functions[-1], case.points, case.directions
    line = Line(case.along, case.step)
    measured = line.difference(case.step)
    out = f(*(nodes := [Tensor(p) for p in points]))
    plain = case.order == 1 and last == 1 and handwritten(out)
    parts = pulled(out, nodes, directions, "arrays" if plain else "tensors")
    computed = float(parts.sum())
    size = float(np.nan_to_num([abs(measured), np.linalg.norm(parts)], posinf=0.0).max())
    case = case.found(line, computed, measured, case.atol + case.rtol * size)
    noisy = None
    if not abs(computed - measured) <= case.bound:
        noisy = in_spite_of_noise(case)
        if noisy is None:
            raise diagnose(case)
    for path in ("arrays", "backward()") if case.order == 1 else ():
        other = float(pulled(out, nodes, directions, path).sum())
        if not abs(other - computed) <= 1e-3 * case.rtol * (1 + size):
            raise diagnose(case.found(line, other, measured, case.bound, path))
    return noisy
