"""Class Tensor: an array with a gradient. Its body is the operator table; nothing computes here."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from . import coverage, graph
from .errors import explained
from .graph import Node, constant_functions, declare_tensor, numpy_functions
from .ops import complex as complex_
from .ops import (
    create,
    dispatch,
    elementwise,
    index,
    linalg,
    moves,
    order,
    products,
    reduce,
    running,
    ufuncs,
)
from .ops import shape as movement

_HELD = tuple(map(np.dtype, ("f4", "f8", "c8", "c16")))

constant_functions.update(coverage.constants())


def _as_value(value: Any, dtype: Any = None) -> np.ndarray:
    """An array of a dtype that Tensors hold, which shares memory with ``value`` where it can."""
    if dtype is None and type(value) is np.ndarray and value.dtype in _HELD:
        return value
    if isinstance(value, Node):
        raise TypeError("Tensor: expected numbers, got a Tensor; use .detach() for a fresh leaf")
    if isinstance(value, (list, tuple)) and any(isinstance(v, Node) for v in value):
        raise TypeError(
            "Tensor: expected numbers, got a list of Tensors; ag.stack keeps their gradients"
        )
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError("Tensor: a masked array would lose its mask; pass value.filled(0)")
    try:
        array = np.asarray(value)
    except ValueError as problem:
        raise explained("Tensor", (value,), problem) from None
    if array.dtype.kind not in "biufc":
        raise TypeError(
            f"Tensor: expected numbers, got {type(value).__name__} of dtype {array.dtype}; "
            "a Tensor holds float32, float64, complex64 or complex128"
        )
    is_complex = array.dtype.kind == "c"
    if dtype is None:
        dtype = np.float32 if array.dtype == np.float16 else array.dtype
        if np.dtype(dtype) not in _HELD:
            dtype = np.complex128 if is_complex else np.float64
    elif np.dtype(dtype) not in _HELD:
        raise TypeError(
            "Tensor: dtype must be float32, float64, complex64 or complex128, "
            f"got {np.dtype(dtype)}"
        )
    elif is_complex and np.dtype(dtype).kind != "c":
        raise TypeError(
            f"Tensor: {np.dtype(dtype)} cannot hold complex numbers; pass value.real or value.imag"
        )
    return array.astype(dtype, copy=False)


def _plain(x: Any) -> Any:
    """Arrays in place of Tensors, inside lists and tuples too."""
    if isinstance(x, Node):
        return x.array
    return type(x)(map(_plain, x)) if type(x) in (list, tuple) else x


def _name(function: Any) -> str:
    name = function.__name__
    home = "numpy" if getattr(np, name, None) is function else "scipy.special"
    module = getattr(function, "__module__", None) or home  # ufuncs do not know theirs
    return f"{module}.{name}".replace("numpy._core", "numpy")


def _missing(function: Any) -> TypeError:
    reason = coverage.why_not(function)
    if reason:
        instead = coverage.INSTEAD.get(function.__name__, "")
        return TypeError(
            f"{_name(function)} does not take Tensors: {reason}; "
            + (instead or "pass t.value instead of the Tensor")
        )
    import difflib

    names = {f.__name__: _name(f).replace("numpy.", "ag.") for f in numpy_functions}
    close = difflib.get_close_matches(function.__name__, sorted(names), n=1, cutoff=0.7)
    near = [names[name].replace("scipy.", "ag.") for name in close]
    hint = f"the nearest thing is {near[0]}" if near else "agx has nothing like it yet"
    return TypeError(
        f"{_name(function)} is not differentiable in agx; {hint}. To leave the graph on purpose, pass "
        "t.value instead of the Tensor"
    )


@functools.cache
def _parameters(function: Any) -> tuple[str, ...]:
    """The names by which arguments may be passed, where it says so; "**" if any name will do."""
    if isinstance(function, graph.Primitive):
        return ()
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # as of functions of NumPy that are written in C, before 2.4
        return ()
    return tuple(
        "**" if p.kind == p.VAR_KEYWORD else p.name
        for p in parameters
        if p.kind != p.VAR_POSITIONAL
    )


def _by_our_names(
    function: Any, ours: Any, args: Any, kwargs: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Pass by position what NumPy calls by a name that agx does not use, such as ``a=``."""
    known, theirs = _parameters(ours), _parameters(function)
    if "**" in known:
        return args, kwargs
    args, kwargs = list(args), dict(kwargs)
    for name in sorted(set(kwargs) - set(known), key=lambda n: (*theirs, n).index(n)):
        if name in theirs and theirs.index(name) == len(args):
            args.append(kwargs.pop(name))
    return args, kwargs


def _load(function: Any) -> bool:
    """Import agx's version of a NumPy or SciPy function that it does not load by itself, if any."""
    module = getattr(function, "__module__", None) or ""
    if module.startswith("numpy.fft"):
        from .ops import fourier  # noqa: F401
    elif module.startswith("numpy.polynomial"):
        from .ops import grids  # noqa: F401
    elif isinstance(function, np.ufunc) and "scipy.special" in sys.modules:
        from .ops import special  # noqa: F401
    return function in numpy_functions


def _call_ours(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call agx's version of a NumPy function, naming an argument that it does not take."""
    ours = numpy_functions[function]
    if kwargs:
        args, kwargs = _by_our_names(function, ours, args, kwargs)
    try:
        return ours(*args, **kwargs)
    except TypeError:
        if isinstance(ours, graph.Primitive):
            raise
        signature = inspect.signature(ours)
        try:
            signature.bind(*args, **kwargs)
        except TypeError as problem:
            raise TypeError(
                f"{_name(function)} of a Tensor: {problem}; agx supports "
                f"ag.{ours.__name__}{signature}"
            ) from None
        raise


def _compare(ufunc: Any) -> Callable[[Any, Any], Any]:
    def compare(self: Any, other: Any) -> Any:
        return ufunc(self.array, _plain(other))

    return compare


def _constant(name: str) -> Callable[..., Any]:
    """A method of arrays whose result carries no gradient."""
    theirs = getattr(np.ndarray, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return theirs(self.array, *map(_plain, args), **{k: _plain(v) for k, v in kwargs.items()})

    method.__name__ = name
    method.__doc__ = f"Do what ``numpy.ndarray.{name}`` does; the result is a plain array."
    return method


_IN_PLACE = "{}: a Tensor cannot be changed in place, because the graph may need it; {}"


def _swapped(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda self, other: function(other, self)


class Tensor(Node):
    """Hold an array, its gradient, and how it was computed.

    ``value`` is an array of float32, float64, complex64 or complex128. The memory of such an array is
    shared, not copied; float16 becomes float32, and integers, booleans, Python floats and longer
    floats become float64. ``grad`` has the same shape and dtype. ``op``, ``_backward`` and ``inputs``
    describe an operation of your own, as in ``out = ag.Tensor(np.log(x.value), inputs=[x], op="log")``.
    A Tensor made by hand requires a gradient unless ``requires_grad=False``.

    Raises TypeError for anything but numbers.

    >>> x = ag.Tensor([1.0, 2.0], label="x")
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = ()

    def __init__(
        self,
        value: Any,
        op: str = "",
        _backward: Callable[[], Any] | None = None,
        inputs: Iterable[Node] = (),
        label: str = "",
        *,
        dtype: Any = None,
        requires_grad: bool = True,
    ) -> None:
        if _backward is not None and not callable(_backward):
            raise TypeError(
                f"_backward: expected a function of no arguments, got {type(_backward).__name__}"
            )
        self._init(_as_value(value, dtype), op, _backward, inputs, label, requires_grad)

    # --- the graph -------------------------------------------------------------------------------

    def backward(self, seed: Any = None, *, free: bool = False, create_graph: bool = False) -> None:
        """Add the gradient of this Tensor to the ``grad`` of every leaf it was computed from.

        ``seed`` is the gradient to start from, of this Tensor's shape; a scalar needs none. Leaves
        accumulate over calls; intermediate results start afresh and keep theirs. ``free=True``
        lets go of the graph and of intermediate gradients, which saves memory in a training loop.
        ``create_graph=True`` makes the gradients of leaves Tensors that can be differentiated again.

        Raises RuntimeError if this is not a scalar and there is no seed, or if it depends on nothing
        that requires a gradient.

        >>> x = ag.Tensor([1.0, 2.0])
        >>> ag.sum(x**3).backward()
        >>> x.grad
        array([ 3., 12.])
        """
        graph.backward(self, seed, free, create_graph)

    def detach(self) -> Tensor:
        """Return a Tensor of the same memory that is cut off from the graph.

        >>> ag.Tensor([1.0]).detach().requires_grad
        False
        """
        return Tensor(self.value, requires_grad=False)

    # --- the array -------------------------------------------------------------------------------

    @property
    def data(self) -> np.ndarray:
        """The same as ``value``."""
        return self.value

    @data.setter
    def data(self, new: Any) -> None:
        self.value = new

    @property
    def T(self) -> Any:
        """The transpose: all axes reversed."""
        return movement.transpose(self)

    @property
    def real(self) -> Any:
        """The real part."""
        return complex_.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return complex_.imag(self)

    @property
    def mT(self) -> Any:
        """The transpose of the last two axes."""
        return movement.swapaxes(self, -1, -2)

    def numpy(self) -> np.ndarray:
        """Return the value, a NumPy array of the same memory."""
        return self.value

    def item(self, *index: Any) -> Any:
        """Return one element, or the only one, as a Python float or complex."""
        return self._leave("item()", "keep the Tensor, or index it").item(*index)

    def tolist(self) -> Any:
        """Return the value as nested lists of Python floats."""
        return self._leave("tolist()", "keep the Tensor, or index it").tolist()

    def flatten(self, order: str = "C") -> Any:
        """Flatten to one dimension, rows first, or columns first with ``order="F"``."""
        return movement.ravel(self, order)

    @property
    def flat(self) -> Any:
        """The elements, rows first, as a Tensor of one dimension."""
        return movement.ravel(self)

    @property
    def itemsize(self) -> int:
        """How many bytes an element takes."""
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        """How many bytes the value takes."""
        return self.array.nbytes

    def compress(self, condition: Any, axis: int | None = None, out: Any = None) -> Any:
        """Keep the slices along ``axis`` for which ``condition`` holds."""
        return order.compress(condition, self, axis, out)

    all, any = _constant("all"), _constant("any")
    argmax, argmin = _constant("argmax"), _constant("argmin")
    argsort, argpartition = _constant("argsort"), _constant("argpartition")
    nonzero, searchsorted = _constant("nonzero"), _constant("searchsorted")

    def sort(self, *args: Any, **kwargs: Any) -> Any:
        """Raise TypeError: an array is sorted in place, which a Tensor cannot be."""
        raise TypeError(_IN_PLACE.format("sort", "ag.sort(t) returns a new one"))

    def partition(self, *args: Any, **kwargs: Any) -> Any:
        """Raise TypeError: an array is partitioned in place, which a Tensor cannot be."""
        raise TypeError(_IN_PLACE.format("partition", "ag.partition(t, kth) returns a new one"))

    def __getattr__(self, name: str) -> Any:
        if name in ("byteswap", "fill", "put", "resize", "setfield", "setflags"):
            fix = f"ag.{name}(t, ...)" if name == "resize" else "ag.where or ag.put_along_axis"
            raise AttributeError(_IN_PLACE.format(name, f"{fix} returns a new one"))
        known = hasattr(np.ndarray, name) and not name.startswith("_")
        fix = f"; use t.value.{name}" if known else ""
        raise AttributeError(f"a Tensor has no attribute {name!r}{fix}", name=name, obj=self)

    def _leave(self, how: str, fix: str) -> np.ndarray:
        """The value, unless that would drop a gradient that somebody asked for."""
        if self.traced:
            raise TypeError(
                f"{how} would drop the gradient of a Tensor of shape {self.shape} that is being "
                f"differentiated; {fix}, or pass t.value to leave the graph on purpose"
            )
        return self.value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        fix = (
            "join Tensors with ag.stack or ag.array, write np.f(a, t) for methods of plain arrays such as "
            "a.dot(t), declare functions of other libraries with ag.primitive"
        )
        return np.array(self._leave("making a plain array", fix), dtype=dtype, copy=copy)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a Tensor without axes")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, item: Any) -> bool:
        return bool((self == item).any())

    def __reduce__(self) -> Any:
        raise TypeError(
            "a Tensor cannot be pickled: its graph stays in this process; send t.value, or a model's "
            "state_dict()"
        )

    def __copy__(self) -> Any:
        return moves.copy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise TypeError(
                f"deepcopy: the result of op '{self.op}' belongs to a graph; copy .detach() instead"
            )
        return Tensor(self.array.copy(), label=self.label, requires_grad=self.requires_grad)

    def __round__(self, ndigits: int | None = None) -> Any:
        return ufuncs.round(self, ndigits or 0)

    def __bool__(self) -> bool:
        return bool(self.array)

    def __float__(self) -> float:
        return float(
            self._leave("float()", "keep the Tensor: ag and numpy functions take it").item()
        )

    def __complex__(self) -> complex:
        return complex(
            self._leave("complex()", "keep the Tensor: ag and numpy functions take it").item()
        )

    def __int__(self) -> int:
        return int(self.array.item())

    def __format__(self, spec: str) -> str:
        return format(self.array.item(), spec) if spec else repr(self)

    def __repr__(self) -> str:
        array = np.array2string(self.array, separator=", ", prefix="Tensor(", threshold=200)
        facts = [array]
        if self.dtype != np.float64:
            facts.append(f"dtype={self.dtype}")
        if self.size > 200 or not self.size:
            facts.append(f"shape={self.shape}")
        facts += [f"{k}={v!r}" for k, v in (("op", self.op), ("label", self.label)) if v]
        if not self.op and not self.requires_grad:
            facts.append("requires_grad=False")
        return f"Tensor({', '.join(facts)})"

    # --- operators -------------------------------------------------------------------------------

    __hash__ = object.__hash__
    __eq__ = _compare(np.equal)
    __ne__ = _compare(np.not_equal)
    __lt__ = _compare(np.less)
    __le__ = _compare(np.less_equal)
    __gt__ = _compare(np.greater)
    __ge__ = _compare(np.greater_equal)

    __add__ = elementwise.add
    __radd__ = _swapped(elementwise.add)
    __sub__ = elementwise.subtract
    __rsub__ = _swapped(elementwise.subtract)
    __mul__ = elementwise.multiply
    __rmul__ = _swapped(elementwise.multiply)
    __truediv__ = elementwise.divide
    __rtruediv__ = _swapped(elementwise.divide)
    __floordiv__ = elementwise.floor_divide
    __rfloordiv__ = _swapped(elementwise.floor_divide)
    __mod__ = elementwise.remainder
    __rmod__ = _swapped(elementwise.remainder)
    __pow__ = elementwise.power
    __rpow__ = _swapped(elementwise.power)
    __matmul__ = linalg.matmul
    __rmatmul__ = _swapped(linalg.matmul)
    __neg__ = elementwise.negative
    __pos__ = elementwise.positive
    __abs__ = elementwise.absolute
    __divmod__ = ufuncs.divmod
    __rdivmod__ = _swapped(ufuncs.divmod)
    __getitem__ = index.getitem

    def __setitem__(self, where: Any, new: Any) -> None:
        raise TypeError(
            "a Tensor cannot be assigned into, because the graph may still need its old value; build "
            "a new one with ag.where or ag.concatenate, or write t.value[...] = ... on a leaf"
        )

    sum = reduce.sum
    mean = reduce.mean
    var = reduce.var
    std = reduce.std
    prod = reduce.prod
    max = reduce.max
    min = reduce.min
    cumsum = running.cumsum
    cumprod = running.cumprod
    ptp = reduce.ptp
    round = ufuncs.round
    trace = products.trace
    diagonal = moves.diagonal
    copy = moves.copy
    clip = elementwise.clip
    conj = conjugate = complex_.conj
    astype = elementwise.astype
    reshape = movement.reshape
    ravel = movement.ravel
    transpose = movement.transpose
    swapaxes = movement.swapaxes
    squeeze = movement.squeeze
    repeat = movement.repeat
    take = index.take
    dot = linalg.dot

    # --- NumPy's protocols -----------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs and ufunc not in constant_functions:
            ours = numpy_functions.get(ufunc)
            if ours is not None:
                return ours(*args)
        if any(isinstance(out, Node) for out in kwargs.get("out") or ()):
            raise TypeError(
                f"{_name(ufunc)}: a Tensor cannot be the output; use the result instead"
            )
        if ufunc in constant_functions:
            plain = {k: _plain(v) for k, v in kwargs.items()}
            return getattr(ufunc, method)(*map(_plain, args), **plain)
        if kwargs.pop("out", None) is not None:
            raise TypeError(
                f"{_name(ufunc)}: writing a Tensor into a plain array (out= or an in-place operator) "
                "would lose its gradient; write x = x + t instead of x += t"
            )
        if ufunc not in numpy_functions and not _load(ufunc):
            raise _missing(ufunc)
        if method != "__call__":
            return dispatch.method(ufunc, method, _name(ufunc), args, kwargs)
        return dispatch.call(ufunc, _name(ufunc), args, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in constant_functions:
            return function(*map(_plain, args), **{k: _plain(v) for k, v in kwargs.items()})
        if function in _CREATORS:
            made = _CREATORS[function](*args, **kwargs)
            return made if isinstance(made, Node) else Tensor(made, requires_grad=False)
        if function not in numpy_functions and not _load(function):
            raise _missing(function)
        if kwargs.get("out", False) is None:
            kwargs = {k: v for k, v in kwargs.items() if k != "out"}
        return _call_ours(function, args, kwargs)


#: What makes an array when NumPy is asked for one with ``like=`` a Tensor.
_CREATORS = {
    getattr(np, name): getattr(create, name, getattr(np, name))
    for name in coverage.CREATION.split()
}

declare_tensor(Tensor)
