"""Class Tensor: an array with a gradient. Its body is the operator table; nothing computes here."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ._engine import graph, hooks, later, representations
from ._engine.errors import check_closure, explained, refuse_kind
from ._engine.graph import Node, declare_tensor
from ._engine.refused import refusal
from ._engine.symbols import is_traced
from ._engine.trace import is_wanted
from ._kernels.graph import hide_items
from ._protocol import calls, libraries, pytorch
from ._protocol.askers import asker
from ._protocol.calls import all_values, values_of
from .ops import complex as complex_
from .ops.elementwise import arithmetic, limits
from .ops.linalg import products
from .ops.reduce import extremes, running, sorting, sums
from .ops.shape import assign, axes, index, memory, moves, selection
from .ops.shape import dtype as dtypes

if TYPE_CHECKING:
    from ._engine.signatures import Method, Numeric, Operators
else:
    Operators = object

_HELD = tuple(map(np.dtype, ("f4", "f8", "c8", "c16")))


def _as_value(value: Any, dtype: Any = None) -> np.ndarray:
    """An array of a dtype that Tensors hold, which shares memory with ``value`` where it can."""
    if dtype is None and type(value) is np.ndarray and value.dtype in _HELD:
        return value
    if is_traced(value):
        held = value.dtype if value.dtype in _HELD else np.result_type(value.dtype, np.float32)
        return value.astype(held if dtype is None else dtype)
    if isinstance(value, Node):
        raise TypeError("Tensor: expected numbers, got a Tensor; use .detach() for a fresh leaf")
    if axes.holds_tensors(value):
        raise TypeError(
            "Tensor: expected numbers, got a list of Tensors; ag.stack keeps their gradients"
        )
    refuse_kind("Tensor", value)
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
        dtype = np.float32 if array.dtype.char == "e" else array.dtype.newbyteorder("=")
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


def _compare(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    def compare(self: Any, other: Any) -> Any:
        return ufunc(self.array, libraries.plain(other))

    return compare


def _constant(name: str) -> Method[..., Any]:
    """A method of arrays whose result carries no gradient."""
    theirs = getattr(np.ndarray, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return theirs(self.array, *map(values_of, args), **all_values(kwargs))

    method.__name__ = name
    method.__doc__ = f"Do what ``numpy.ndarray.{name}`` does; the result is a plain array."
    return cast("Method[..., Any]", method)


_IN_PLACE = "{}: the memory of a Tensor is not given another form in place; {}"


_KEEP = "assign into ag.zeros(shape), not into a plain array; else keep the Tensor, which ag and numpy take"


def _swapped(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda self, other: function(other, self)


#: What the engine keeps on nodes for itself, and completion does not show.
_ENGINES = {
    "array",
    "disposable",
    "grad_or_none",
    "kept",
    "past",
    "shared",
    "spent",
    "traced",
    "version",
    "writable",
}


class Tensor(Node, Operators):
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
        if isinstance(inputs, Node):
            raise TypeError("inputs: expected a list of Tensors, got a Tensor; write inputs=[x]")
        inputs = tuple(inputs)
        if _backward is not None:
            check_closure(_backward, bool(inputs))
        libraries.greet()
        self._init(_as_value(value, dtype), op, _backward, inputs, label, requires_grad)

    # --- the graph -------------------------------------------------------------------------------

    def backward(
        self,
        seed: Any = None,
        *,
        free: bool = False,
        create_graph: bool = False,
        retain_graph: bool = False,
    ) -> None:
        """Add the gradient of this Tensor to the ``grad`` of every leaf it was computed from.

        ``seed`` is the gradient to start from, of this Tensor's shape; a scalar needs none. Leaves
        accumulate over calls; intermediate results start afresh and keep theirs.

        A small graph stays as it is, to be drawn or used again: up to 1000 nodes, 256 KB of results and 1 MB
        with the leaves. A larger one is let go: results that you hold keep their value and gradient.
        ``retain_graph=True`` keeps it whatever its size, and ``free=True`` lets go of any graph and of
        intermediate gradients too, as a training loop wants. ``create_graph=True`` makes the gradients of
        leaves Tensors that can be differentiated again.

        Raises RuntimeError if this is not a scalar and there is no seed, if it depends on nothing
        that requires a gradient, or if the graph was let go by an earlier call.

        >>> x = ag.Tensor([1.0, 2.0])
        >>> ag.sum(x**3).backward()
        >>> x.grad
        array([ 3., 12.])
        """
        graph.backward(self, seed, free, create_graph, retain_graph=retain_graph)

    def explain(self, index: int | tuple[int, ...] | None = None) -> Any:
        """Tell the local rule of one element in symbols and numbers, a sentence for each input.

        ``index`` chooses the element, by default the first. Raises TypeError for a leaf, IndexError for an
        index that is not there, and RuntimeError where the graph was let go.

        >>> x = ag.Tensor([1.0, 2.0], label="x")
        >>> print((x * x).explain(1).lines[0].text)
        d(x*x)/dx = x = 2.0; incoming 1.0; contributes 2.0; x.grad[1]: 0.0 -> 2.0
        """
        return later.explain(self, index)

    def register_hook(self, hook: Callable[[Any], Any]) -> hooks.Handle:
        """Call ``hook(gradient)`` in each backward pass as soon as the gradient of this Tensor is complete.

        The gradient is that of this pass, a read-only array of this Tensor's shape and dtype, or a Tensor
        with ``create_graph=True``. If the hook returns another, the pass goes on with that, and a leaf adds
        that to its ``grad``. Hooks run in the order in which they were registered; ``ag.grad`` and its
        relatives run them too. Returns a handle whose ``remove()``, or the end of a ``with`` block, takes the
        hook away. Raises RuntimeError if this Tensor requires no gradient.

        >>> x = ag.Tensor([3.0, 4.0])
        >>> handle = x.register_hook(lambda g: np.clip(g, -1.0, 1.0))
        >>> (x * x).sum().backward()
        >>> x.grad
        array([1., 1.])
        """
        return memory.register_hook(self, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Any], Any]) -> hooks.Handle:
        """Call ``hook(leaf)`` in each backward pass when it has added to ``grad``, before the pass ends.

        Returns a handle whose ``remove()`` takes the hook away. Raises RuntimeError if this Tensor is not
        a leaf that requires a gradient.

        >>> x = ag.Tensor(3.0, label="x")
        >>> handle = x.register_post_accumulate_grad_hook(lambda leaf: print(leaf.label, leaf.grad))
        >>> (x * x).backward()
        x 6.0
        """
        return hooks.register_after(self, hook)

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
    def data(self, new: Node | Numeric) -> None:
        self.value = new

    @property
    def _value(self) -> Any:
        """The array, or the number of an array without axes: the name of programs for HIPS autograd."""
        return self.value if self.ndim else self.value[()]

    @property
    def T(self) -> Tensor:
        """The transpose: all axes reversed."""
        return axes.transpose(self)

    @property
    def real(self) -> Tensor:
        """The real part."""
        return complex_.real(self)

    @real.setter
    def real(self, new: Any) -> None:
        assign.set_real(self, new)

    @property
    def imag(self) -> Tensor:
        """The imaginary part."""
        return complex_.imag(self)

    @imag.setter
    def imag(self, new: Any) -> None:
        assign.set_imag(self, new)

    @property
    def mT(self) -> Tensor:
        """The transpose of the last two axes."""
        return axes.swapaxes(self, -1, -2)

    def numpy(self) -> np.ndarray:
        """Return the value, a NumPy array of the same memory. Raises TypeError inside a transform."""
        return self._leave("numpy()", "keep the Tensor: NumPy's functions take it")

    def item(self, *args: int) -> float:
        """Return one element, or the only one, as a Python float or complex."""
        return self._leave("item()", "keep the Tensor, or index it").item(*args)

    def tolist(self) -> Any:
        """Return the value as nested lists of Python floats."""
        return self._leave("tolist()", "keep the Tensor, or index it").tolist()

    def flatten(self, order: str = "C") -> Tensor:
        """Flatten to one dimension, rows first, or columns first with ``order="F"``."""
        return +axes.ravel(self, order)

    def copy(self, order: str = "C") -> Tensor:
        """Copy the array, rows first in memory as NumPy's method does; the gradient passes through."""
        return moves.copy(self, order)

    @property
    def flat(self) -> Tensor:
        """The elements, rows first, as a Tensor of one dimension: a view, or read-only if it is none."""
        found = axes.ravel(self)
        if not self.array.flags.c_contiguous:
            found.kept.flags.writeable = False
        return found

    @flat.setter
    def flat(self, new: Any) -> None:
        assign.put(self, np.arange(self.size), new)

    @property
    def itemsize(self) -> int:
        """How many bytes an element takes."""
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        """How many bytes the value takes."""
        return self.array.nbytes

    def compress(self, condition: Any, axis: int | None = None, out: Any = None) -> Tensor:
        """Keep the slices along ``axis`` for which ``condition`` holds."""
        return selection.compress(condition, self, axis, out)

    all: Method[..., np.ndarray] = _constant("all")
    any: Method[..., np.ndarray] = _constant("any")
    argmax: Method[..., np.ndarray] = _constant("argmax")
    argmin: Method[..., np.ndarray] = _constant("argmin")
    argsort: Method[..., np.ndarray] = _constant("argsort")
    argpartition: Method[..., np.ndarray] = _constant("argpartition")
    nonzero: Method[..., tuple[np.ndarray, ...]] = _constant("nonzero")
    searchsorted: Method[..., np.ndarray] = _constant("searchsorted")

    fill = assign.fill
    put = assign.put

    def sort(
        self, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None
    ) -> None:
        """Sort the elements along an axis in place; ``ag.sort`` returns a new Tensor."""
        self[...] = sorting.sort(self, axis, kind, order, stable=stable)

    def partition(
        self, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None
    ) -> None:
        """Partition the elements along an axis in place; ``ag.partition`` returns a new Tensor."""
        self[...] = sorting.partition(self, kth, axis, kind, order)

    def _leave(self, how: str, fix: str) -> np.ndarray:
        """The value, unless that would drop a gradient that somebody asked for."""
        if self.traced and is_wanted(self):
            raise refusal(
                f"{how} would drop the gradient of a Tensor of shape {self.shape} that is being "
                f"differentiated; {fix}, or pass t.value to leave the graph on purpose"
            )
        return self.value

    def _convert(self, how: str, fix: str, frame: Any) -> np.ndarray:
        """The same for a conversion in ``frame``, where nobody but the user may drop a gradient at all."""
        asking = asker(frame) if self.requires_grad else None
        if asking is None:
            return self._leave(how, fix)
        if not asking.looks and is_wanted(self):
            raise refusal(asking.problem(self.shape))
        return self.value

    if not TYPE_CHECKING:  # An unknown name is an error there, and array * t a Tensor.

        def __getattr__(self, name: str) -> Any:
            if name in ("byteswap", "resize", "setfield", "setflags"):
                fix = f"ag.{name}(t, ...)" if name == "resize" else "t.copy()"
                raise AttributeError(_IN_PLACE.format(name, f"{fix} returns a new one"))
            if name == "_sympy_":  # SymPy asks for it first
                raise refusal(
                    "sympy: an expression would lose the gradient of a Tensor; sympy.lambdify(x, expression, "
                    "'numpy') makes a function that takes Tensors, or pass t.value"
                )
            known = hasattr(np.ndarray, name) and not name.startswith("_")
            fix = pytorch.instead(name) or (f"; use t.value.{name}" if known else "")
            if name == "__array_interface__":  # as Pillow asks
                fix = "; pass t.value to leave the graph on purpose"
            raise AttributeError(f"a Tensor has no attribute {name!r}{fix}", name=name, obj=self)

        def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
            if dtype is not None and np.dtype(dtype).kind in "biu":  # constant, as int(t) is
                return self.array.astype(dtype)
            if (answer := libraries.asks(self, sys._getframe(1))) is not None:
                return answer
            fix = (
                "assign into ag.zeros(shape), join Tensors with ag.stack or ag.array, write np.f(a, t) for "
                "methods of plain arrays such as a.dot(t), mean + scale * rng.normal() for random numbers, "
                "declare functions of other libraries with ag.primitive"
            )
            value = self._convert("making a plain array", fix, sys._getframe(1))
            return np.array(value, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError(
                "len() of a Tensor without axes; its number is t.item(), and other libraries' arrays are "
                "made of t.value"
            )
        return self.shape[0]

    def __init_subclass__(cls) -> None:
        hide_items(cls)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __reversed__(self) -> Iterator[Tensor]:
        return (self[i] for i in reversed(range(len(self))))

    def __contains__(self, item: Any) -> bool:
        return bool((self == item).any())

    def __reduce__(self) -> Any:
        raise TypeError(
            "a Tensor cannot be pickled: its graph stays in this process; send t.value, or a model's "
            "state_dict()"
        )

    def __copy__(self) -> Tensor:
        return moves.copy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if self.traced:
            return moves.copy(self)
        if not self.is_leaf:
            raise TypeError(
                f"deepcopy: the result of op '{self.op}' belongs to a graph; copy .detach() instead"
            )
        return Tensor(self.array.copy(), label=self.label, requires_grad=self.requires_grad)

    def __round__(self, ndigits: int | None = None) -> Tensor:
        return arithmetic.round(self, ndigits or 0)

    def __bool__(self) -> bool:
        return bool(self.array)

    def __dlpack__(self, **options: Any) -> Any:
        """Hand the value on to another library, in the same memory: ``torch.from_dlpack(t)``."""
        return self._leave("__dlpack__()", "keep the Tensor").__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        """Say that the value lies in the memory of the processor."""
        return self.array.__dlpack_device__()

    def __float__(self) -> float:
        if (answer := libraries.asks(self, sys._getframe(1))) is not None:
            return float(answer.item())
        return float(self._convert("float()", _KEEP, sys._getframe(1)).item())

    def __complex__(self) -> complex:
        if (answer := libraries.asks(self, sys._getframe(1))) is not None:
            return complex(answer.item())
        return complex(self._convert("complex()", _KEEP, sys._getframe(1)).item())

    def __int__(self) -> int:
        return int(self.array.item())

    __trunc__ = __int__

    def __floor__(self) -> int:
        return math.floor(self.array.item())

    def __ceil__(self) -> int:
        return math.ceil(self.array.item())

    def as_integer_ratio(self) -> tuple[int, int]:
        """Return the number as a fraction of integers, which has no gradient."""
        fix = "keep the Tensor: ag and numpy functions take it"
        ratio: tuple[int, int] = (
            self._convert("as_integer_ratio()", fix, sys._getframe(1)).item().as_integer_ratio()
        )
        return ratio

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        return format(self.array.item() if self.size == 1 else self.array, spec)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in _ENGINES]

    def __repr__(self) -> str:
        return representations.text_of(self)

    def _repr_html_(self) -> str:
        return representations.html_of(self)

    # --- operators -------------------------------------------------------------------------------

    __hash__ = object.__hash__
    if not TYPE_CHECKING:  # Operators tells the types.
        __eq__ = _compare(np.equal)
        __ne__ = _compare(np.not_equal)
        __lt__ = _compare(np.less)
        __le__ = _compare(np.less_equal)
        __gt__ = _compare(np.greater)
        __ge__ = _compare(np.greater_equal)

        __add__ = arithmetic.add
        __radd__ = _swapped(arithmetic.add)
        __sub__ = arithmetic.subtract
        __rsub__ = _swapped(arithmetic.subtract)
        __mul__ = arithmetic.multiply
        __rmul__ = _swapped(arithmetic.multiply)
        __truediv__ = arithmetic.divide
        __rtruediv__ = _swapped(arithmetic.divide)
        __floordiv__ = arithmetic.floor_divide
        __rfloordiv__ = _swapped(arithmetic.floor_divide)
        __mod__ = arithmetic.remainder
        __rmod__ = _swapped(arithmetic.remainder)
        __pow__ = arithmetic.power
        __rpow__ = _swapped(arithmetic.power)
        __matmul__ = products.matmul
        __rmatmul__ = _swapped(products.matmul)
        __iadd__ = assign.in_place(arithmetic.add, "+=")
        __isub__ = assign.in_place(arithmetic.subtract, "-=")
        __imul__ = assign.in_place(arithmetic.multiply, "*=")
        __itruediv__ = assign.in_place(arithmetic.divide, "/=")
        __ifloordiv__ = assign.in_place(arithmetic.floor_divide, "//=")
        __imod__ = assign.in_place(arithmetic.remainder, "%=")
        __ipow__ = assign.in_place(arithmetic.power, "**=")
        __imatmul__ = assign.in_place(products.matmul, "@=")
        __neg__ = arithmetic.negative
        __pos__ = arithmetic.positive
        __abs__ = arithmetic.absolute
        __divmod__ = arithmetic.divmod
        __rdivmod__ = _swapped(arithmetic.divmod)
        __getitem__ = index.getitem

        __setitem__ = assign.write

    sum = sums.sum
    mean = sums.mean
    var = sums.var
    std = sums.std
    prod = sums.prod
    max = extremes.max
    min = extremes.min
    cumsum = running.cumsum
    cumprod = running.cumprod
    ptp = extremes.ptp
    round = arithmetic.round
    trace = products.trace
    diagonal = moves.diagonal
    clip = limits.clip
    conj = conjugate = complex_.conjugated
    astype = dtypes.astype
    reshape = axes.reshape
    ravel = axes.ravel
    transpose = axes.transpose
    swapaxes = axes.swapaxes
    squeeze = axes.squeeze
    repeat = moves.repeat
    take = index.take
    dot = products.dot

    # --- NumPy's protocols -----------------------------------------------------------------------

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Refuse PyTorch's functions; its operators then leave the operation to this class."""
        name = getattr(function, "__name__", "a function")
        raise TypeError(
            f"torch.{name} does not take Tensors of agx; ag.{name}(t), if agx has it, keeps the gradient, "
            "and torch.from_numpy(t.value) leaves the graph on purpose"
        )

    __pandas_priority__ = libraries.PANDAS_PRIORITY
    __array_ufunc__ = calls.call_ufunc
    __array_function__ = calls.call_function


declare_tensor(Tensor)
