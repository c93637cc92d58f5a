"""Every name of scipy.linalg; some functions of it are differentiable."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .... import linalg
from ..absent import INSTEAD, absent
from ..boxes import isbox
from ..primitives import defvjp, primitive


def _scipy() -> Any:
    import scipy.linalg

    return scipy.linalg


@primitive
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """Solve a x + x b = q."""
    return _scipy().solve_sylvester(a, b, q)


def _pulled(g: Any, a: Any, b: Any) -> Any:
    return solve_sylvester(a.T, b.T, g)


defvjp(
    solve_sylvester,
    lambda x, a, b, q: lambda g: -1.0 * (_pulled(g, a, b) @ x.T),
    lambda x, a, b, q: lambda g: -1.0 * (x.T @ _pulled(g, a, b)),
    lambda x, a, b, q: lambda g: _pulled(g, a, b),
)


def sqrtm(A: Any) -> Any:
    """Compute the principal square root of a matrix, complex if no real one is known.

    >>> from agx.compat.autograd.scipy.linalg import sqrtm
    >>> sqrtm(np.diag([4.0, 9.0]))
    array([[2., 0.],
           [0., 3.]])
    """
    return _principal(linalg.sqrtm, A)


def logm(A: Any, disp: bool = True) -> Any:
    """Compute the principal logarithm of a matrix, complex if no real one is known."""
    return _principal(linalg.logm, A)


def expm(A: Any) -> Any:
    """Compute the exponential of a matrix."""
    return linalg.expm(A)


def _principal(function: Any, A: Any) -> Any:
    found = function(A)
    real = getattr(found, "dtype", np.dtype(complex)).kind != "c"
    lost = real and np.isnan(getattr(found, "value", found)).any()
    return function(A * (1 + 0j)) if lost else found


def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """Solve a x = b for a triangular matrix; ``trans`` is 0, 1 (transposed) or 2 (its conjugate).

    >>> from agx.compat.autograd.scipy.linalg import solve_triangular
    >>> solve_triangular(np.array([[2.0, 1.0], [9.0, 4.0]]), np.array([4.0, 4.0]))
    array([1.5, 1. ])
    """
    if not isbox(a) and not isbox(b):
        return _scipy().solve_triangular(
            a, b, trans, lower, unit_diagonal, overwrite_b, check_finite
        )
    return linalg.solve_triangular(a, b, trans, lower, unit_diagonal)


def solve_banded(l_and_u: tuple[int, int], ab: Any, b: Any, **options: Any) -> Any:
    """Solve a x = b for a matrix with l diagonals below and u above the main one, given in ``ab``."""
    if not isbox(ab) and not isbox(b):
        return _scipy().solve_banded(l_and_u, ab, b, **options)
    return linalg.solve_banded(l_and_u, ab, b)


_look_up_absent = absent("agx.compat.autograd.scipy.linalg")


@functools.cache
def _wrapped(name: str) -> Any:
    found = getattr(_scipy(), name)
    return primitive(found) if callable(found) and not isinstance(found, type) else found


def __getattr__(name: str) -> Any:
    return _look_up_absent(name) if name in INSTEAD else _wrapped(name)


def __dir__() -> list[str]:
    return [name for name in dir(_scipy()) if not name.startswith("_")]
