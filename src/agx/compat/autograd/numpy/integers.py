"""NumPy's classes of integers, which may be called with a Tensor."""

from __future__ import annotations

import functools
from typing import Any

from ..boxes import getval


class _Meta(type):
    """Of a class that stands for one of NumPy's, ``plain``: as a dtype, in ``isinstance`` and compared."""

    plain: Any

    def __call__(cls, value: Any = 0, *args: Any) -> Any:
        return cls.plain(getval(value), *args)

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, cls.plain)

    def __subclasscheck__(cls, other: Any) -> bool:
        return issubclass(getattr(other, "plain", other), cls.plain)

    def __eq__(cls, other: object) -> bool:
        return getattr(other, "plain", other) is cls.plain

    def __hash__(cls) -> int:
        return hash(cls.plain)


@functools.cache
def integer_class(plain: type) -> Any:
    """A class of integers that makes a plain number, or array, of a Tensor: integers have no gradient.

    >>> import agx.compat.autograd.numpy as anp
    >>> anp.int64(ag.Tensor(2.7))
    np.int64(2)
    """
    return _Meta(plain.__name__, (plain,), {"plain": plain, "__doc__": plain.__doc__})
