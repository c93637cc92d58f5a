"""The engine's Python face: the table of primitives, recording on and off, and backward."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Never, TypeVar, cast, overload

import numpy as np

from .._kernels import graph as _graph
from .._kernels.graph import FUNCTIONS
from .._kernels.graph import Node as Node
from .._kernels.graph import Primitive as Primitive
from .._kernels.graph import declare_arithmetic as declare_arithmetic
from .._kernels.graph import declare_tensor as declare_tensor
from .._kernels.graph import is_recording as is_recording
from .._kernels.graph import present as present
from .._kernels.graph import set_recording as set_recording
from .entered import around
from .errors import check_closure, explained, refuse_change, refuse_kind
from .formulas import document, formulas_of
from .hooks import Hook, Watch, hooked
from .sequences import refuse_to_lose
from .symbols import as_numbers
from .walk import leaves_below

if TYPE_CHECKING:
    from .._kernels.graph import Scalar
    from .signatures import Binary, OneIn, Resolve, TwoIn, Unary

F = TypeVar("F", bound=Callable[..., Any])
Rules = Sequence[Callable[..., Any] | None] | Callable[..., Any]

#: agx's own primitives by name. What a user declares is not among them.
registry: dict[str, Primitive] = {}

#: What agx calls when NumPy is asked to apply a function to a Tensor.
numpy_functions: dict[Any, Callable[..., Any]] = {}

#: NumPy functions whose results carry no gradient: they see plain arrays and return plain arrays.
constant_functions: set[Any] = set()


@overload
def primitive(
    name: Literal["exp", "log", "sqrt", "tanh", "abs", "neg", "relu", "sigmoid"],
    function: Callable[..., Any],
    vjps: Rules,
    **facts: Any,
) -> Unary[Scalar]: ...
@overload
def primitive(
    name: Literal["add", "sub", "mul", "div", "pow"],
    function: Callable[..., Any],
    vjps: Rules,
    **facts: Any,
) -> Binary[Scalar]: ...
@overload
def primitive(
    name: Literal["erf", "mish", "silu", "softplus", "softsign"],
    function: Callable[..., Any],
    vjps: Rules,
    **facts: Any,
) -> Unary[Never]: ...
@overload
def primitive(
    name: Literal["matmul"], function: Callable[..., Any], vjps: Rules, **facts: Any
) -> Binary[Never]: ...
@overload
def primitive(name: str, function: OneIn, vjps: Rules, **facts: Any) -> Unary[Never]: ...
@overload
def primitive(name: str, function: TwoIn, vjps: Rules, **facts: Any) -> Binary[Never]: ...
@overload
def primitive(name: str, function: Callable[..., Any], vjps: Rules, **facts: Any) -> Primitive: ...
def primitive(  # type: ignore[misc]
    name: str,
    function: Callable[..., Any],
    vjps: Rules,
    *,
    elementwise: bool = False,
    kernel: Callable[..., Any] | None = None,
    stacked: Callable[..., Any] | None = None,
    overwrite: Callable[..., Any] | None = None,
    accumulate: Callable[..., Any] | None = None,
    views: bool = False,
    keeps_zeros: bool = False,
    settled: bool = False,
    derivative: str | tuple[str | None, ...] = (),
    doc: str | None = None,
) -> Primitive:
    """Declare one of agx's own operations, with all that is known of it, and return it.

    ``derivative`` is the text of the derivative in each argument (see ``formulas``); that of an
    operation which is constant almost everywhere is known. ``doc`` is the first line of the docstring,
    which a ufunc does without. The other arguments are those of ``Primitive``. Raises ValueError for a
    name that is taken.
    """
    if name in registry:
        raise ValueError(f"primitive {name!r}: agx has an operation of this name; choose another")
    if not derivative and not callable(vjps) and all(rule is no_gradient for rule in vjps):
        derivative = ("0",) * len(vjps)
    new = Primitive(
        name,
        function,
        vjps,
        elementwise,
        kernel=kernel,
        stacked=stacked,
        overwrite=overwrite,
        accumulate=accumulate,
        views=views,
        keeps_zeros=keeps_zeros,
        settled=settled,
        derivative=formulas_of(derivative),
        scalar=FUNCTIONS.get(name),
    )
    if isinstance(function, np.ufunc):
        numpy_functions.setdefault(function, new)
    if doc or isinstance(function, np.ufunc):
        new.__doc__ = document(new, doc)
    show_arguments(new)
    registry[name] = new
    return new


def show_arguments(new: Primitive) -> None:
    """Give an operation what ``help`` and editors ask a function for."""
    code = getattr(new.function, "__code__", None)
    if code:
        names, own, by_name = code.co_varnames, code.co_argcount, code.co_kwonlyargcount
        rest = [f"*{names[own + by_name]}"] if code.co_flags & inspect.CO_VARARGS else []
        first = [*names[:own], "/"] if own else []
        shown = [*first, *(rest or ["*"] * (by_name > 0)), *names[own:][:by_name]]
    elif callable(new.vjps):
        shown = ["*args"]
    else:  # a ufunc, and what else is compiled
        shown = [f"x{i + 1}" for i in range(len(new.vjps))] if len(new.vjps) > 1 else ["x"]
        shown.append("/")
    text = f"({', '.join(shown)})"
    called = new.function.__name__ if isinstance(new.function, np.ufunc) else new.name
    vars(new).update(__module__="agx", __qualname__=called, __text_signature__=text)


def implements(*functions: Any) -> Resolve:
    """Make NumPy call the decorated function when one of ``functions`` is given a Tensor.

    None stands for a function that this version of NumPy lacks.
    """

    def register(ours: Any) -> Any:
        numpy_functions.update({f: ours for f in functions if f is not None})
        if isinstance(ours, Primitive) and not isinstance(ours.function, np.ufunc):
            vars(ours)["__qualname__"] = functions[0].__name__
        return ours

    return register


#: Decorates functions that NumPy does not have; it tells type checkers what they give.
of_arrays = implements()


def is_node(x: Any) -> bool:
    """Whether ``x`` is a node of a graph rather than a plain array or number."""
    return isinstance(x, Node)


def value_of(x: Any) -> Any:
    """The array or number behind ``x``: a Tensor's value, anything else as it is."""
    return x.array if isinstance(x, Node) else x


def no_gradient(*operands: Any, **params: Any) -> None:
    """Pull back nothing: the rule of an operation that is constant almost everywhere."""


#: Computes an operation with what is no array, such as a sparse matrix, or answers NotImplemented.
Foreign = Callable[[Primitive, tuple[Any, ...], dict[str, Any]], Any]
_foreign: list[Foreign] = []


def with_foreign(function: Foreign) -> Foreign:
    """Ask ``function`` before an operation fails."""
    _foreign.append(function)
    return function


def _otherwise(
    p: Primitive, args: tuple[Any, ...], params: dict[str, Any], problem: Exception
) -> Any:
    """The result of an operation that went wrong, if somebody knows it; else a better error."""
    for function in _foreign:
        if (found := function(p, args, params)) is not NotImplemented:
            return found
    better = explained(p.name, args, problem)
    if better is problem:
        raise problem
    raise better from problem


_graph.declare_refusals(refuse_kind, _otherwise, refuse_to_lose, check_closure, refuse_change)


class Quiet:
    """What ``no_grad()`` returns: a context manager, and a decorator."""

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        events = sys.modules.get("asyncio.events")
        if events is not None and events._get_running_loop() is not None:
            _graph.follow_contexts()  # Other tasks run where this one awaits.
        self._before.append(_graph.set_recording(False))

    def __exit__(self, *exc: object) -> None:
        _graph.set_recording(self._before.pop())

    def __call__(self, function: F) -> F:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaiting(*args: Any, **kwargs: Any) -> Any:
                with Quiet():
                    return await function(*args, **kwargs)

            return cast("F", awaiting)

        @functools.wraps(function)
        def quietly(*args: Any, **kwargs: Any) -> Any:
            before = _graph.set_recording(False)
            try:
                return function(*args, **kwargs)
            finally:
                _graph.set_recording(before)

        return cast("F", quietly)


@overload
def no_grad() -> Quiet: ...
@overload
def no_grad(function: F) -> F: ...
def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """Switch recording off in this thread, or in this task of asyncio, by ``with`` or as a decorator.

    Results computed inside have ``requires_grad=False`` and hold on to no inputs.

    >>> x = ag.Tensor([1.0, 2.0])
    >>> with ag.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """
    return Quiet() if function is None else Quiet()(function)


def _seed(root: Node, seed: Any, who: str) -> np.ndarray:
    """The gradient that a backward pass starts from: ``seed``, or 1 for a scalar."""
    value = root.array
    if seed is None:
        if value.size != 1:
            raise RuntimeError(
                f"{who}: the result has shape {value.shape}, and only a scalar has a gradient; "
                f"reduce it with .sum() or .mean(), or pass a seed of that shape"
            )
        if value.dtype.kind == "c":
            raise RuntimeError(
                f"{who}: the result is complex, and only a real number has a gradient; take "
                "ag.real, ag.imag or ag.abs of it, or pass a seed"
            )
        return np.asarray(1, value.dtype).reshape(value.shape)
    seed = as_numbers(seed)
    if seed.dtype.kind == "c" and value.dtype.kind != "c":
        raise TypeError(f"{who}: the result is real and the seed complex; pass its real part")
    if seed.shape != value.shape:
        raise ValueError(f"{who}: expected a seed of shape {value.shape}, got {seed.shape}")
    return seed.astype(value.dtype, copy=False)


#: What looks at a result before its gradient is taken.
before_sweeps: list[Callable[[Node], Any]] = []


def backward(
    root: Node,
    seed: Any = None,
    free: bool = False,
    create_graph: bool = False,
    on_leaf: Hook | None = None,
    retain_graph: bool = False,
) -> None:
    """Add the gradient of ``root`` to every leaf below it (see ``Tensor.backward``).

    ``on_leaf(leaf)`` is called as soon as the gradient of a leaf is complete, before the sweep ends.
    """
    if free and (create_graph or retain_graph):
        other = "create_graph" if create_graph else "retain_graph"
        raise ValueError(f"backward: free=True lets go of the graph that {other}=True needs")
    if not root.requires_grad:
        raise RuntimeError(
            "backward: this Tensor does not depend on anything that requires a gradient; it was "
            "computed from plain arrays, inside no_grad(), or after detach()"
        )
    if root.traced and not create_graph and around(adds=True):
        raise RuntimeError(
            "backward: the gradients would be plain arrays, and drop the gradient of what is being "
            "differentiated around this call; use ag.grad, or pass create_graph=True"
        )
    start = _seed(root, seed, "backward")
    for look in before_sweeps:
        look(root)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if not create_graph:
            told = Watch(on_leaf) if hooked or on_leaf is not None else None
            _graph.backward(root, start, free, retain_graph, told)
            return
        wrt, watch = leaves_below(root), Watch(on_leaf, adds=False, follow=True)
        found = _graph.pullback(root, start, wrt, True, watch)
        for leaf, g in zip(wrt, found, strict=True):
            if g is not None:
                before = leaf.grad_or_none
                leaf.grad = g if before is None else before + g
                watch.added(leaf)


def pullback(
    root: Node,
    wrt: Iterable[Node],
    seed: Any = None,
    create_graph: bool = False,
    others: Iterable[Node] | None = None,
    order: list[Node] | None = None,
) -> list[Any]:
    """Gradients of ``root`` with respect to each node of ``wrt``, without touching any ``grad``.

    Arrays; Tensors that can be differentiated again with ``create_graph``. Zeros where ``root`` does
    not depend on a node. ``others`` are given where this is a part of another pass: the nodes of ``wrt``
    whose hooks that pass runs, on the whole gradient. The sweep then ends at ``wrt``. ``order`` is what
    ``wanted_below`` says of ``root``, if it is known.
    """
    nodes = list(wrt)
    start = present(seed) if isinstance(seed, Node) else _seed(root, seed, "grad")
    if root.requires_grad:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            watch = Watch(None, False, create_graph, others or ()) if hooked else None
            found = _graph.pullback(
                root, start, nodes, create_graph, watch, ends=others is not None, order=order
            )
    else:
        found = [None] * len(nodes)
    return [
        np.zeros(n.shape, n.dtype) if g is None else g for n, g in zip(nodes, found, strict=True)
    ]
