"""Conversion to other dtypes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._engine.graph import Node, implements, primitive
from ..complex import is_complex, real

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "astype",
]


_astype = primitive(
    "astype",
    lambda x, *, dtype: x.astype(dtype),
    (lambda g, out, x, *, dtype: astype(g if is_complex(x) else real(g), x.dtype),),
)


@implements(np.astype)
def astype(x: Any, dtype: Any, *, copy: bool = True, device: Any = None) -> Array:
    """Convert to another dtype; of a floating or complex one the gradient is converted back.

    Integers and truth values are constant, as comparisons are: plain arrays.

    >>> ag.astype(ag.Tensor([1.0]), np.float32).dtype
    dtype('float32')
    >>> ag.Tensor([1.7]).astype(int)
    array([1])
    """
    if isinstance(x, Node) and np.dtype(dtype).kind in "biu":
        return x.array.astype(dtype)
    if not copy and isinstance(x, Node) and x.dtype == dtype:
        return x  # type: ignore[return-value]
    return cast(x, dtype)


def cast(x: Any, dtype: Any) -> Any:
    """Convert to a floating or complex dtype."""
    dtype = np.dtype(dtype)
    if isinstance(x, Node) and dtype.char not in "fdFD":
        raise TypeError(
            f"astype: a Tensor holds floating or complex numbers, not {dtype}; use .value.astype"
        )
    if is_complex(x) and dtype.kind != "c":
        raise TypeError(
            f"astype: {dtype} would drop the imaginary part; use ag.real, ag.imag or ag.abs"
        )
    return _astype(x, dtype=dtype)
