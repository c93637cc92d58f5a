"""Real and imaginary parts.

The gradient of a real L at z = x + iy is dL/dx - i dL/dy, so that L(z + dz) = L(z) + Re(sum(gradient dz)) to
first order. Rules of holomorphic functions are then those of real ones: g f'(z), without a conjugate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine.graph import implements, primitive
from .._engine.symbols import as_numbers

if TYPE_CHECKING:
    from .._engine.signatures import Array

__all__ = [
    "conj",
    "imag",
    "real",
]


def is_complex(x: Any) -> bool:
    """Whether ``x`` is an array, Tensor or number of a complex dtype."""
    return (x.dtype.kind == "c") if hasattr(x, "dtype") else isinstance(x, complex)


def check_real(op: str, *operands: Any) -> None:
    """Raise TypeError if one of the operands is complex."""
    for x in operands:
        if is_complex(x):
            raise TypeError(
                f"{op}: expected real numbers, got {getattr(x, 'dtype', x)}; pass ag.real, ag.imag or "
                "ag.abs of it"
            )


def real_only(op: str, x: Any) -> np.ndarray:
    """``x`` as an array; raise TypeError if it is complex."""
    x = as_numbers(x)
    check_real(op, x)
    return x


_real = primitive("real", np.real, (lambda g, out, x: g,), views=True)
_imag = primitive(
    "imag", np.imag, (lambda g, out, x: g * -1j if is_complex(x) else None,), views=True
)
conj = primitive(
    "conj",
    np.conjugate,
    (lambda g, out, x: conj(g),),
    doc="Compute the complex conjugate, elementwise.",
)


def conjugated(x: Any) -> Any:
    """Return the conjugate of complex numbers; real ones as they are, without an operation."""
    return conj(x) if is_complex(x) else x


@implements(np.real)
def real(val: Any) -> Array:
    """Take the real part, elementwise.

    >>> ag.grad(lambda z: ag.real(z * z))(3.0 + 1.0j)
    array(6.+2.j)
    """
    return _real(val)


@implements(np.imag)
def imag(val: Any) -> Array:
    """Take the imaginary part, elementwise; zero for real numbers.

    >>> ag.imag(np.array([1.0 + 2.0j]))
    array([2.])
    """
    return _imag(val)


def real_dot(x: Any, y: Any) -> Any:
    """The real part of the sum of all products: what a gradient gives along a direction."""
    total = (x * y).sum()
    return real(total) if is_complex(total) else total
