"""Vector spaces: what arrays and nests of arrays of one form have in common.

``vspace(x)`` tells the shape, dtype and number of coordinates of ``x``, and makes zeros, ones, random
vectors and a basis of that form. Operations are NumPy's and take Tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ...ops.complex import conj, real
from .boxes import isbox, peek


class VSpace:
    """The base of all vector spaces; ``register`` names the values that belong to one."""

    mappings: dict[type, Callable[[Any], VSpace]] = {}  # noqa: RUF012
    iscomplex = False

    def __init__(self, value: Any) -> None: ...

    @classmethod
    def register(
        cls, value_type: type, vspace_maker: Callable[[Any], VSpace] | None = None
    ) -> None:
        """Make ``vspace(value)`` return this class, or ``vspace_maker(value)``, for a class of values."""
        VSpace.mappings[value_type] = vspace_maker or cls

    def zeros(self) -> Any:
        """Return the vector of zeros."""
        raise NotImplementedError(f"{type(self).__name__}: define zeros")

    def ones(self) -> Any:
        """Return the vector of ones."""
        raise NotImplementedError(f"{type(self).__name__}: define ones")

    def standard_basis(self) -> Iterator[Any]:
        """Yield vectors with one coordinate 1 and the others 0."""
        raise NotImplementedError(f"{type(self).__name__}: define standard_basis")

    def randn(self) -> Any:
        """Return a vector of normally distributed numbers."""
        raise NotImplementedError(f"{type(self).__name__}: define randn")

    def mut_add(self, x_prev: Any, x_new: Any) -> Any:
        """Add to ``x_prev``, in place where it can be; None stands for zeros."""
        return self._mut_add(self.zeros() if x_prev is None else x_prev, x_new)

    def add(self, x_prev: Any, x_new: Any) -> Any:
        """Add two vectors."""
        return self._add(x_prev, x_new)

    def scalar_mul(self, x: Any, a: Any) -> Any:
        """Multiply a vector by a number."""
        return self._scalar_mul(x, a)

    def inner_prod(self, x: Any, y: Any) -> Any:
        """Compute the real inner product of two vectors."""
        return self._inner_prod(x, y)

    def covector(self, x: Any) -> Any:
        """Return the gradient of the inner product with ``x``: its conjugate."""
        return self._covector(x)

    def _add(self, x: Any, y: Any) -> Any:
        return x + y

    def _mut_add(self, x: Any, y: Any) -> Any:
        if isbox(x) or isbox(y) or not isinstance(x, np.ndarray):
            return x + y
        x += y
        return x

    def _scalar_mul(self, x: Any, a: Any) -> Any:
        return x * a

    def _inner_prod(self, x: Any, y: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: define _inner_prod")

    def _covector(self, x: Any) -> Any:
        return x

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.__dict__})"


class ArrayVSpace(VSpace):
    """Real arrays of one shape and dtype."""

    def __init__(self, value: Any) -> None:
        value = np.asarray(peek(value))
        self.shape, self.dtype = value.shape, value.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of real coordinates."""
        return int(np.prod(self.shape)) * len(self._units)

    @property
    def _units(self) -> tuple[complex, ...]:
        return (1, 1j) if self.iscomplex else (1,)

    def zeros(self) -> Any:
        """Return an array of zeros."""
        return np.zeros(self.shape, self.dtype)

    def ones(self) -> Any:
        """Return an array of ones, 1 + 1j where it is complex."""
        return np.full(self.shape, sum(self._units), self.dtype)

    def standard_basis(self) -> Iterator[Any]:
        """Yield an array of zeros but for a one, and for an imaginary one, at each place."""
        for place in np.ndindex(*self.shape):
            for unit in self._units:
                vector = self.zeros()
                vector[place] = unit
                yield vector

    def randn(self) -> Any:
        """Return an array of normally distributed numbers from NumPy's global generator."""
        parts = (u * np.asarray(np.random.randn(*self.shape)) for u in self._units)  # noqa: NPY002
        return np.asarray(sum(parts)).astype(self.dtype)

    def _inner_prod(self, x: Any, y: Any) -> Any:
        return real(np.dot(np.ravel(conj(x)), np.ravel(y)))


class ComplexArrayVSpace(ArrayVSpace):
    """Complex arrays of one shape and dtype, as real vectors of twice as many coordinates."""

    iscomplex = True

    def _covector(self, x: Any) -> Any:
        return conj(x)


class ContainerVSpace(VSpace):
    """Nests of one form; ``shape`` is the nest of the spaces of its parts."""

    def __init__(self, value: Any) -> None:
        self.shape: Any = value
        self.shape = self._map(vspace)

    def _map(self, f: Callable[..., Any], *nests: Any) -> Any:
        raise NotImplementedError

    def _pairs(self, nest: Any) -> Iterable[tuple[Any, Any]]:
        raise NotImplementedError

    @property
    def size(self) -> int:
        """The number of real coordinates."""
        return sum(space.size for _, space in self._pairs(self.shape))

    def zeros(self) -> Any:
        """Return the nest with zeros."""
        return self._map(lambda space: space.zeros())

    def ones(self) -> Any:
        """Return the nest with ones."""
        return self._map(lambda space: space.ones())

    def randn(self) -> Any:
        """Return the nest with normally distributed numbers."""
        return self._map(lambda space: space.randn())

    def standard_basis(self) -> Iterator[Any]:
        """Yield nests with one coordinate 1 and the others 0."""
        for key, space in self._pairs(self.shape):
            for vector in space.standard_basis():
                yield self._replaced(key, vector)

    def _replaced(self, key: Any, part: Any) -> Any:
        keys = iter([k for k, _ in self._pairs(self.shape)])
        return self._map(lambda space: part if next(keys) == key else space.zeros())

    def _add(self, x: Any, y: Any) -> Any:
        return self._map(lambda space, a, b: space._add(a, b), x, y)

    def _mut_add(self, x: Any, y: Any) -> Any:
        return self._map(lambda space, a, b: space._mut_add(a, b), x, y)

    def _scalar_mul(self, x: Any, a: Any) -> Any:
        return self._map(lambda space, part: space._scalar_mul(part, a), x)

    def _inner_prod(self, x: Any, y: Any) -> Any:
        products = self._map(lambda space, a, b: space._inner_prod(a, b), x, y)
        return sum(product for _, product in self._pairs(products))

    def _covector(self, x: Any) -> Any:
        return self._map(lambda space, part: space._covector(part), x)


class SequenceVSpace(ContainerVSpace):
    """Lists and tuples of one form."""

    seq_type: Callable[..., Any] = list

    def _map(self, f: Callable[..., Any], *nests: Any) -> Any:
        return self.seq_type(map(f, self.shape, *nests))

    def _pairs(self, nest: Any) -> Iterable[tuple[Any, Any]]:
        return enumerate(nest)


class ListVSpace(SequenceVSpace):
    """Lists of one form."""


class TupleVSpace(SequenceVSpace):
    """Tuples of one form."""

    seq_type = tuple


class NamedTupleVSpace(SequenceVSpace):
    """Named tuples of one form."""

    def __init__(self, value: Any) -> None:
        self.seq_type = type(value)
        super().__init__(value)

    def _map(self, f: Callable[..., Any], *nests: Any) -> Any:
        return self.seq_type(*map(f, self.shape, *nests))


class DictVSpace(ContainerVSpace):
    """Dicts of one form."""

    def _map(self, f: Callable[..., Any], *nests: Any) -> Any:
        return {k: f(space, *(nest[k] for nest in nests)) for k, space in self.shape.items()}

    def _pairs(self, nest: Any) -> Iterable[tuple[Any, Any]]:
        return nest.items()


class SparseObject:
    """A gradient that is zero but where ``mut_add(zeros)`` adds to it; a pull-back may return one."""

    def __init__(self, vs: VSpace, mut_add: Callable[[Any], Any]) -> None:
        self.vs, self.mut_add = vs, mut_add


def dense(g: Any) -> Any:
    """The array that a sparse gradient stands for, and anything else as it is."""
    return g.mut_add(g.vs.zeros()) if isinstance(g, SparseObject) else g


def _of_array(value: Any) -> VSpace:
    return (ComplexArrayVSpace if np.iscomplexobj(value) else ArrayVSpace)(value)


def _of_tuple(value: Any) -> VSpace:
    return (NamedTupleVSpace if hasattr(value, "_fields") else TupleVSpace)(value)


for _class in (np.ndarray, float, complex, np.floating, np.complexfloating):
    VSpace.register(_class, _of_array)
VSpace.register(list, ListVSpace)
VSpace.register(tuple, _of_tuple)
VSpace.register(dict, DictVSpace)
VSpace.register(SparseObject, lambda sparse: sparse.vs)


def vspace(value: Any) -> Any:
    """Return the vector space of an array, a number or a nest; raises TypeError for what has none.

    >>> from agx.compat.autograd.extend import vspace
    >>> vspace(np.ones((2, 3))).size, vspace({"a": 1.0}).zeros()
    (6, {'a': array(0.)})
    """
    value = peek(value)
    for cls in type(value).__mro__:
        if cls in VSpace.mappings:
            return VSpace.mappings[cls](value)
    raise TypeError(
        f"vspace: {type(value).__name__} {value!r} belongs to no vector space: expected floating-point "
        "numbers or arrays, in lists, tuples or dicts"
    )
