"""What HIPS autograd replaces among Python's built-in names.

Containers of Tensors are ordinary containers here, so that ``list``, ``tuple`` and ``dict`` are Python's.
"""

from __future__ import annotations

import builtins
from builtins import dict as dict
from builtins import list as list
from builtins import tuple as tuple
from collections.abc import Callable
from typing import Any

from .absent import absent as _absent
from .boxes import Box as Box
from .boxes import isbox, peek
from .boxes import notrace_primitive as notrace_primitive
from .boxes import subvals as subvals
from .nests import items
from .primitives import defjvp as defjvp
from .primitives import defjvp_argnum as defjvp_argnum
from .primitives import defvjp as defvjp
from .primitives import defvjp_argnum as defvjp_argnum
from .primitives import primitive as primitive
from .spaces import ContainerVSpace as ContainerVSpace
from .spaces import DictVSpace as DictVSpace
from .spaces import ListVSpace as ListVSpace
from .spaces import NamedTupleVSpace as NamedTupleVSpace
from .spaces import SequenceVSpace as SequenceVSpace
from .spaces import SparseObject as SparseObject
from .spaces import TupleVSpace as TupleVSpace
from .spaces import VSpace as VSpace
from .spaces import vspace as vspace

isinstance_, type_ = builtins.isinstance, builtins.type
list_, tuple_, dict_ = list, tuple, dict


def isinstance(x: Any, classes: Any) -> bool:
    """Tell whether ``x``, or the array that it carries if it is a Tensor, is of one of the classes."""
    return builtins.isinstance(x, classes) or builtins.isinstance(peek(x), classes)


def type(x: Any) -> Any:
    """Return the class of ``x``, that of the array for a Tensor."""
    return builtins.type(peek(x))


class _BoxMeta(builtins.type):
    """Of classes whose instances are containers with Tensors inside."""

    containers: tuple[Any, ...] = ()

    def __instancecheck__(cls, x: Any) -> bool:
        return builtins.isinstance(x, cls.containers) and any(map(isbox, items(x)))


class SequenceBox(metaclass=_BoxMeta):
    """The class of lists and tuples with Tensors inside, for ``isinstance``."""

    containers = (list, tuple)


class DictBox(metaclass=_BoxMeta):
    """The class of dicts with Tensors inside, for ``isinstance``."""

    containers = (dict,)


def container_take(A: Any, idx: Any) -> Any:
    """Return a part of a container."""
    return A[idx]


def make_sequence(seq_type: Callable[[Any], Any], *args: Any) -> Any:
    """Make a list or a tuple."""
    return seq_type(args)


def sequence_extend_right(seq: Any, *elts: Any) -> Any:
    """Add elements after a list or tuple."""
    return seq + builtins.type(seq)(elts)


def sequence_extend_left(seq: Any, *elts: Any) -> Any:
    """Add elements before a list or tuple."""
    return builtins.type(seq)(elts) + seq


__getattr__ = _absent("agx.compat.autograd.builtins")
