"""Functions with derivatives of your own, and functions that are computed again instead of kept."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Generic, ParamSpec, TypeVar, cast

import numpy as np

from ._engine.formulas import formulas_of
from ._engine.graph import (
    Node,
    Primitive,
    Rules,
    is_recording,
    numpy_functions,
    pullback,
    show_arguments,
    value_of,
)
from ._engine.notes import recorded
from ._engine.symbols import is_compiling, numbers_now
from ._engine.trace import Trace
from ._engine.trees import describe, flatten, is_differentiable
from ._engine.walk import wanted_below
from ._kernels.graph import fingerprint_of
from .ops.shape.axes import holds_tensors

#: Whether a checkpointed function is being computed again.
computed_again: ContextVar[bool] = ContextVar("computed_again", default=False)


def primitive(
    name: str,
    function: Callable[..., Any],
    vjps: Rules,
    *,
    elementwise: bool = False,
    stacked: Callable[..., Any] | None = None,
    derivative: str | tuple[str | None, ...] = (),
) -> Primitive:
    """Declare a differentiable operation and return it as a function of arrays and Tensors.

    ``function(*args, **params)`` computes the value from plain arrays: positional arguments are
    differentiable, keyword arguments are metadata. ``vjps`` has one pull-back for each positional
    argument, called as ``vjp(g, out, *args, **params)`` with the gradient ``g`` of the result; it
    may leave its result in the shape that broadcasting gave it. Written with NumPy functions and
    operators, a pull-back can be differentiated again. A single function ``vjps(i, g, out, *args)``
    serves any number of arguments.

    ``elementwise`` says that ``out[k]`` depends on the arguments at ``k`` only. For ``ag.jacobian``,
    ``stacked(i, g, out, *args, **params)`` may pull many gradients back to argument ``i`` at once, stacked
    along a new first axis of ``g``; None leaves it to the pull-backs. ``derivative`` is the derivative as
    text, or one for each argument. The name is for people: it may be that of another operation.

    >>> cube = ag.primitive("cube", lambda x: x**3, [lambda g, out, x: 3 * g * x**2])
    >>> ag.grad(ag.grad(cube))(2.0)
    array(12.)
    """
    if not callable(function):
        raise TypeError(f"primitive {name!r}: function must be callable, got {function!r}")
    rules = vjps if callable(vjps) else tuple(vjps)
    texts = formulas_of(derivative)
    new = Primitive(name, function, rules, elementwise, stacked=stacked, derivative=texts)
    if isinstance(function, np.ufunc):
        numpy_functions.setdefault(function, new)
    show_arguments(new)
    with contextlib.suppress(TypeError, ValueError):  # a compiled function may not tell
        vars(new)["__signature__"] = inspect.signature(function)
    return new


P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])

#: What checkpointed functions return in their trees.
_RESULTS = (Node, np.ndarray, np.generic, int, float, complex, str, bytes)


class custom_vjp(Generic[P, R]):  # noqa: N801
    """Give a function a pull-back of your own, as a decorator.

    ``f`` returns one array. ``f.defvjp(forward, backward)`` then names ``forward(*args)``, which
    returns the value and whatever ``backward(residuals, g)`` needs, and ``backward``, which returns one
    gradient for each argument (None for zero). Written with ag or NumPy functions, both can be
    differentiated again. Keyword arguments are constants.

    >>> @ag.custom_vjp
    ... def clipped(x):
    ...     return x
    >>> clipped.defvjp(lambda x: (x, None), lambda kept, g: (np.clip(g, -1.0, 1.0),))
    >>> ag.grad(lambda x: 100 * clipped(x))(2.0)
    array(1.)
    """

    def __init__(self, f: Callable[P, R]) -> None:
        functools.update_wrapper(self, f)
        self._function = f
        self._forward: Callable[..., Any] | None = None
        self._backward: Callable[..., Any] | None = None

    def defvjp(self, forward: Callable[..., Any], backward: Callable[..., Any]) -> None:
        """Name the functions that compute the value and the gradients."""
        self._forward, self._backward = forward, backward

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        name = getattr(self._function, "__name__", "custom_vjp")
        if self._forward is None or self._backward is None:
            raise TypeError(
                f"{name}: no gradient is defined; call {name}.defvjp(forward, backward)"
            )
        for key, a in kwargs.items():
            if (isinstance(a, Node) and a.requires_grad) or holds_tensors(a):
                raise TypeError(
                    f"{name}: keyword arguments are constants; pass {key!r} by position"
                )
        if is_recording() and any(map(holds_tensors, args)):
            raise TypeError(
                f"{name}: a list of Tensors would lose their gradients; join them with ag.stack or ag.array"
            )
        if not any(isinstance(a, Node) and a.requires_grad for a in args) or not is_recording():
            return self._function(*args, **kwargs)
        forward, backward = self._forward, self._backward
        kept: list[Any] = []
        prints: list[list[int]] = []

        def value(*plain: Any) -> Any:
            found = forward(*plain, **kwargs)
            if not isinstance(found, (tuple, list)) or len(found) != 2:
                raise TypeError(f"{name}: forward returns a pair (value, residuals)")
            out, residuals = found
            if isinstance(out, (tuple, list, dict)):
                raise TypeError(
                    f"{name}: the value must be one array, got a {type(out).__name__}; stack several "
                    "into one"
                )
            kept[:] = [residuals]
            prints[:] = [_prints(residuals), _prints(plain)]
            return np.asarray(out)

        def rule(g: Any, out: Any, *operands: Any) -> tuple[Any, ...]:
            again = any(isinstance(x, Node) for x in (g, *operands))
            if (_prints(operands) != prints[1]) if again else (_prints(kept[0]) != prints[0]):
                raise RuntimeError(
                    f"backward: op '{name}' needs an array that its forward function was given or kept, "
                    "which was changed in place after the forward pass; change a copy, or call "
                    "backward() before"
                )
            residuals = forward(*operands, **kwargs)[1] if again else kept[0]
            found = backward(residuals, g)
            found = found if isinstance(found, (tuple, list)) else (found,)
            if len(found) != len(operands):
                raise ValueError(
                    f"{name}: backward returned {len(found)} gradients for {len(operands)} arguments; "
                    "return one for each, None for zero"
                )
            return tuple(found)

        own: Any = Primitive(name, value, once(rule))
        return own(*args)


def _prints(tree: Any) -> list[int]:
    """Fingerprints of the arrays of numbers in a tree."""
    arrays = [numbers_now(value_of(x)) for x in flatten(tree)[0]]
    return [fingerprint_of(a) for a in arrays if type(a) is np.ndarray and a.dtype.kind != "O"]


def once(rule: Callable[..., tuple[Any, ...]]) -> Callable[..., Any]:
    """A rule for one argument at a time from one for all of them, computed once for each sweep.

    A sweep asks for one argument after the other, so that to ask for an earlier one begins another:
    what the operands hold may have changed by then.
    """
    last: list[Any] = []

    def one(i: int, *operands: Any) -> Any:
        known = last and last[0] < i
        if not known or any(a is not b for a, b in zip(last[1], operands, strict=True)):
            last[:] = [i, operands, rule(*operands)]
        last[0] = i
        return last[2][i]

    return one


def checkpoint(f: F) -> F:
    """Keep only the result of ``f``, and compute its inside again in the backward pass.

    It trades time for memory: one more forward pass. Running statistics, as of batch norm, move at the
    first one only. ``f`` may use Tensors from outside, such as the weights of a model. Arguments and the
    result may be nested containers of arrays. The backward pass raises RuntimeError if ``f`` does not give
    the same result when it is called again.

    Hooks of Tensors from outside run once, on the whole gradient; that of a result must be registered
    before ``f`` is called. Hooks registered inside ``f`` run once for each array that it returns.

    >>> ag.grad(ag.checkpoint(lambda x: ag.exp(ag.sin(x))))(0.0)
    array(1.)
    """

    @functools.wraps(f)
    def sparing(*args: Any, **kwargs: Any) -> Any:
        found, build = flatten(args)
        if not is_recording() or is_compiling():  # a plan has its own mind about memory
            return f(*args, **kwargs)
        places = [k for k, leaf in enumerate(found) if isinstance(leaf, Node)]

        def again(nodes: list[Any]) -> tuple[list[Any], Any]:
            call = list(found)
            for k, node in zip(places, nodes, strict=True):
                call[k] = node
            return flatten(f(*build(call), **kwargs))

        with Trace([found[k].array for k in places], strict=False) as inner, recorded() as inside:
            for k, node in zip(places, inner.nodes, strict=True):
                node.traced = found[k].traced
            results, rebuild = again(inner.nodes)
            outside = [inner.entered_by(r, inside) for r in results]
        for r in results:
            if not isinstance(r, _RESULTS):
                raise TypeError(
                    f"checkpoint: the function returned {describe(r)}, whose gradient would be lost; return "
                    "arrays, or dicts, lists, tuples and dataclasses of them"
                )
        values = [value_of(r) for r in results]
        given = [found[k] for k in places]
        if not any(n.requires_grad for n in given) and not any(outside):
            return rebuild(values)
        del results, inner, inside
        nodes = [
            _replay(again, k, v, given, outside[k]) if is_differentiable(v) else v
            for k, v in enumerate(values)
        ]
        return rebuild(nodes)

    return cast("F", sparing)


def _sums(value: Any) -> np.ndarray:
    """Two numbers that are the same again when a computation is."""
    array = np.asarray(value_of(value))
    with np.errstate(all="ignore"):
        return np.array([np.abs(array).sum(), np.abs(array - 1).sum()], np.float64)


def _replay(
    again: Callable[[list[Any]], Any], k: int, value: Any, given: list[Any], outside: list[Node]
) -> Any:
    """A node of one value whose pull-back runs the function again."""
    before, count = _sums(value), len(given)

    def inside(operands: Any, look: Callable[[list[Any], Any], Any]) -> Any:
        with Trace(operands[:count], strict=False) as inner:
            token = computed_again.set(True)
            try:
                results, _ = again(inner.nodes)
            finally:
                computed_again.reset(token)
            return look(inner.nodes, results[k])

    def rule(g: Any, out: Any, *operands: Any) -> tuple[Any, ...]:
        follow = any(isinstance(x, Node) for x in (g, *operands))

        def sweep(nodes: list[Any], result: Any) -> tuple[Any, ...]:
            if not np.allclose(_sums(result), before, rtol=1e-5, equal_nan=True):
                raise RuntimeError(
                    "checkpoint: the function gave another result when it was called again in the "
                    "backward pass: an array that it uses was changed in place, or it draws random "
                    "numbers; change a copy, and seed the generator inside the function"
                )
            if {n for n in outside if not n.is_leaf}.difference(wanted_below(result)):
                raise RuntimeError(
                    "checkpoint: the function computes in other threads, so that what it uses cannot be "
                    "told from what it makes; compute in the thread that calls it"
                )
            wrt = [*nodes, *outside]
            return tuple(pullback(result, wrt, g, create_graph=follow, others=outside))

        return cast("tuple[Any, ...]", inside(operands, sweep))

    sparing = Primitive("checkpoint", lambda *_: np.asarray(value), once(rule))
    vars(sparing)["inside"] = inside
    return sparing(*given, *outside)
