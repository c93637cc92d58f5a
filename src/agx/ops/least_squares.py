"""Pseudo-inverses and least squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Node, implements, primitive
from .complex import conj, imag, is_complex, real
from .decompositions import svdvals
from .linalg import matmul
from .matrices import as_array, hermitian as _hermitian, mH, mT
from .reduce import sum
from .shape import expand_dims


def _pinv_vjp(g: Any, out: Any, x: Any, **how: Any) -> Any:
    """The pull-back of the three terms of Golub and Pereyra's formula, with gh = g*."""
    gh = conj(g)
    left = matmul(out, matmul(mH(out), gh))
    right = matmul(gh, matmul(mH(out), out))
    left = left - matmul(matmul(left, x), out)
    right = right - matmul(out, matmul(x, right))
    return mT(left + right) - matmul(matmul(mT(out), g), mT(out))


_pinv = primitive("pinv", lambda x, **how: np.linalg.pinv(x, **how), (_pinv_vjp,))
