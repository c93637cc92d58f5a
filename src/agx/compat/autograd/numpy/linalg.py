"""Every name of numpy.linalg; what agx can differentiate takes Tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.linalg as _np

from ..boxes import isbox, peek
from ..primitives import defvjp, primitive
from .wrapped import Function, public, wrapped


@primitive
def _symmetric(a: Any) -> Any:
    """Return a symmetric matrix as it is, such that its gradient is symmetric."""
    return a


defvjp(_symmetric, lambda ans, a: lambda g: 0.5 * (g + np.swapaxes(g, -1, -2)))


@Function
def cholesky(a: Any, **options: Any) -> Any:
    """Compute the Cholesky factor of a symmetric matrix, with a symmetric gradient.

    NumPy, and ``ag.linalg``, read one triangle, to which the whole gradient then belongs.

    >>> import agx.compat.autograd.numpy as anp
    >>> from agx.compat.autograd import grad
    >>> grad(lambda a: anp.sum(anp.linalg.cholesky(a)))(np.eye(2))
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    real = isbox(a) and a.dtype.kind == "f"
    return _np.cholesky(_symmetric(a) if real else a, **options)


def _is_real(a: Any, eigenvalues: Any) -> bool:
    """Whether NumPy would return real numbers, where agx always returns complex ones."""
    return isbox(a) and a.dtype.kind == "f" and not np.any(peek(eigenvalues).imag)


@Function
def eig(a: Any) -> Any:
    """Compute eigenvalues and eigenvectors, real ones of a real matrix that has no complex ones."""
    w, v = found = _np.eig(a)
    return type(found)(np.real(w), np.real(v)) if _is_real(a, w) else found


@Function
def eigvals(a: Any) -> Any:
    """Compute eigenvalues, real ones of a real matrix that has no complex ones."""
    w = _np.eigvals(a)
    return np.real(w) if _is_real(a, w) else w


def __getattr__(name: str) -> Any:
    return wrapped(_np, name)


def __dir__() -> list[str]:
    return public(_np)
