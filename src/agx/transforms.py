"""Derivatives of functions: grad and its relatives, to any order.

Arguments and results are arrays, numbers, or nested dicts, lists, tuples and dataclasses of them.
``argnums`` is the position of the argument to differentiate in, or a tuple of positions; derivatives
then come as a tuple. Functions that ``f`` calls may be NumPy's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Concatenate, Literal, overload

import numpy as np

from ._engine.graph import Node, pullback, value_of
from ._engine.stacked import pull_block, rows_at_once
from ._engine.symbols import as_numbers
from ._engine.trace import Trace
from ._engine.trees import (
    describe,
    flatten,
    is_differentiable,
    is_other_container,
    leaves_like,
)
from ._engine.verdict import refuse_integers, warn_if_independent
from ._kernels.graph import Scalar
from .ops.complex import real_dot
from .ops.shape.axes import reshape, stack
from .tensor import Tensor

__all__ = [
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vjp",
]

if TYPE_CHECKING:
    from ._engine.signatures import (
        Array,
        Derivative,
        GradAndAux,
        Gradient,
        Jacobian,
        Number,
        P,
        ValueAndGrad,
        ValueGradAndAux,
    )

    OfOne = Derivative[np.ndarray, Tensor, Any]
    OfSeveral = Derivative[tuple[np.ndarray, ...], tuple[Tensor, ...], tuple[Any, ...]]

Argnums = int | tuple[int, ...]


def _positions(who: str, argnums: Any, count: int) -> list[int]:
    """The positions that ``argnums`` names, counted from the first of ``count`` arguments."""
    found: list[int] = []
    for p in argnums if isinstance(argnums, (tuple, list)) else (argnums,):
        if not -count <= p < count:
            raise ValueError(
                f"{who}: argnums names argument {p}, but {count} were given by position; keyword "
                "arguments are constants"
            )
        if p % count in found:
            raise ValueError(f"{who}: argnums names argument {p % count} twice, got {argnums!r}")
        found.append(p % count)
    return found


def _refuse_arguments(who: str, f: Any, argnums: Any = 0) -> None:
    """Raise TypeError for what is no function, and for what is no position of an argument of one."""
    if not callable(f):
        raise TypeError(
            f"{who}: expected a function, got {describe(f)}; write ag.{who}(f)(x), not ag.{who}(f(x))"
        )
    for p in argnums if isinstance(argnums, (tuple, list)) else (argnums,):
        if isinstance(p, bool) or not hasattr(p, "__index__") or np.ndim(p):
            raise TypeError(
                f"{who}: argnums must be the position of an argument or a tuple of positions, got "
                f"{argnums!r}; the argument itself goes to what this returns: ag.{who}(f)(x)"
            )


class _Run(Trace):
    """One call of a function on traced arguments, and the derivatives taken there."""

    def __init__(
        self, who: str, f: Callable[..., Any], args: tuple[Any, ...], argnums: Any, kwargs: Any
    ) -> None:
        self.who = who
        positions = _positions(who, argnums, len(args))
        many = isinstance(argnums, (tuple, list))
        chosen = [args[p] for p in positions]
        self.argument = tuple(chosen) if many else chosen[0]
        found, self._build = flatten(self.argument)
        self._numbers = [self._is_number(leaf, chosen) for leaf in found]
        super().__init__(leaf for leaf, n in zip(found, self._numbers, strict=True) if n)
        nodes = iter(self.nodes)
        traced = self._build(
            [next(nodes) if n else leaf for leaf, n in zip(found, self._numbers, strict=True)]
        )
        call = list(args)
        for p, t in zip(positions, traced if many else (traced,), strict=True):
            call[p] = t
        with self:
            self.result = f(*call, **kwargs)
        if self.result is None:
            raise TypeError(f"{who}: the function returned None; return the result")

    def _is_number(self, leaf: Any, chosen: list[Any]) -> bool:
        """Whether a leaf is differentiated; other things in containers are constants."""
        if is_differentiable(leaf) or type(leaf) is int:
            return True
        alone = any(leaf is c for c in chosen)
        dtype = getattr(leaf, "dtype", None)
        held = is_other_container(leaf)
        if not alone and not held and not isinstance(leaf, Scalar) and dtype in (None, bool):
            return False
        what = f"an array of dtype {dtype}" if dtype is not None else f"a {type(leaf).__name__}"
        fix = "pass floats (x.astype(float))" if dtype is not None else "pass numbers or arrays"
        if held:
            fix = "pass a dict, list, tuple or dataclass"
        if isinstance(leaf, Scalar):
            fix = "pass its .value"
        raise TypeError(
            f"{self.who}: cannot differentiate in {what}; {fix}, or leave the argument out of argnums"
        )

    def build(self, derivatives: Iterable[Any]) -> Any:
        """The tree of the arguments with a derivative for each number, None for everything else."""
        each = iter(derivatives)
        return self._build([next(each) if n else None for n in self._numbers], bare=True)

    def along(self, what: str, given: Any) -> list[Any]:
        """One direction for each node, from a tree like that of the arguments."""
        who = f"{self.who}: expected {what} built as the arguments are:"
        found = leaves_like(given, self.argument, who)
        numbers = [v for v, number in zip(found, self._numbers, strict=True) if number]
        return [self.direction(what, v, node) for v, node in zip(numbers, self.nodes, strict=True)]

    def direction(self, what: str, given: Any, node: Any) -> Any:
        """``given`` as an array or Tensor of the shape and dtype of ``node``; None is zero."""
        if given is None:
            return np.zeros(node.shape, node.dtype)
        if isinstance(given, Node) and not self.followed:
            given = given.array
        v = given if isinstance(given, Node) else as_numbers(given)
        if v.shape != node.shape:
            raise ValueError(f"{self.who}: expected {what} of shape {node.shape}, got {v.shape}")
        if v.dtype.kind not in ("biufc" if node.dtype.kind == "c" else "biuf"):
            raise TypeError(
                f"{self.who}: expected {what} of dtype {node.dtype}, got {v.dtype}; pass its real part"
            )
        return v if isinstance(v, Node) else v.astype(node.dtype, copy=False)

    def array(self, result: Any, use: str) -> Any:
        """The one array that ``f`` returned, in the graph; ``use`` says what else would do."""
        if isinstance(result, Node):
            return result
        if not isinstance(result, (bool, int, float, complex, np.ndarray, np.generic)):
            raise TypeError(
                f"{self.who}: the function returned {describe(result)}, expected one array; {use}"
            )
        refuse_integers(self.who, result)
        return Tensor(result, requires_grad=False)

    def whole(self) -> Any:
        """The result, in which no other library's object hides an array from the graph."""
        for leaf in flatten(self.result)[0]:
            if hasattr(leaf, "dtype") and not isinstance(leaf, (Node, np.ndarray, np.generic)):
                raise TypeError(
                    f"{self.who}: the function returned {describe(leaf)}; return arrays"
                )
        return self.result

    def judge(self, results: list[Any]) -> None:
        """Refuse results that have no gradient, and warn if none depends on the argument."""
        for result in results:
            refuse_integers(self.who, result)
        warn_if_independent(self.who, self, results)

    def scalar(self, result: Any) -> Node:
        """The result as one real number in the graph."""
        out: Node = self.array(result, "use ag.jacobian, or ag.grad_and_aux for (value, more)")
        if out.size != 1:
            raise RuntimeError(
                f"{self.who}: the result has shape {out.shape}, and only a scalar has a gradient; "
                "reduce it with .sum() or .mean(), or use ag.jacobian"
            )
        warn_if_independent(self.who, self, [out])
        return out

    def both_parts(self, out: Node, found: Callable[[complex], list[Any]]) -> list[Any]:
        """Derivatives of ``out`` from ``found(weight)``, those of the real part of weight * out.

        Raises ValueError for a complex function of complex numbers that has no complex derivative.
        """
        first = found(1.0)
        if out.dtype.kind != "c" or not out.requires_grad:
            return first
        second = found(-1j)
        joined = []
        for node, a, b in zip(self.nodes, first, second, strict=True):
            if node.dtype.kind != "c":
                joined.append(a + 1j * b)
                continue
            a_, b_ = value_of(a), value_of(b)
            eps, size = np.finfo(a_.dtype).eps, np.abs(a_) + np.abs(b_)
            allowed = eps**0.25 * size + eps**0.5 * size.max(initial=0.0)
            with np.errstate(invalid="ignore"):
                conjugate = np.abs(a_ - 1j * b_) > allowed
            if conjugate.any():
                raise ValueError(
                    f"{self.who}: the function is not holomorphic, so that no complex number is its "
                    "derivative; differentiate its real and imaginary parts in those of its argument: "
                    "lambda x, y: ag.real(f(x + 1j * y))"
                )
            joined.append(a)
        return joined


@overload
def value_and_grad(
    f: Callable[Concatenate[Any, P], Any],
    argnums: Literal[0] = 0,
    *,
    has_aux: Literal[False] = False,
) -> ValueAndGrad[P]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[Any, P], Any], argnums: Literal[0] = 0, *, has_aux: Literal[True]
) -> ValueGradAndAux[P]: ...
@overload
def value_and_grad(
    f: Callable[..., Any], argnums: int, *, has_aux: Literal[False] = False
) -> Derivative[tuple[np.ndarray, np.ndarray], tuple[Tensor, Tensor], tuple[Any, Any]]: ...
@overload
def value_and_grad(
    f: Callable[..., Any], argnums: tuple[int, ...], *, has_aux: Literal[False] = False
) -> Derivative[
    tuple[np.ndarray, tuple[np.ndarray, ...]],
    tuple[Tensor, tuple[Tensor, ...]],
    tuple[Any, tuple[Any, ...]],
]: ...
@overload
def value_and_grad(
    f: Callable[..., Any], argnums: Argnums, *, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]: ...
def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False
) -> Callable[..., Any]:
    """Return a function that gives the value of ``f`` and its gradient.

    ``f`` returns a scalar, or with ``has_aux`` a pair of a scalar and anything else, which is handed
    on: ((value, aux), gradient). The gradient has the structure of the argument. Raises RuntimeError
    if ``f`` does not return a scalar, TypeError for arguments of integers or text.

    >>> ag.value_and_grad(lambda x: ag.sum(x**2))(np.array([1.0, 3.0]))
    (array(10.), array([2., 6.]))
    """
    return _value_and_grad("value_and_grad", f, argnums, has_aux)


def _value_and_grad(
    who: str, f: Callable[..., Any], argnums: Argnums, has_aux: bool = False
) -> Callable[..., Any]:
    _refuse_arguments(who, f, argnums)

    @functools.wraps(f)
    def both(*args: Any, **kwargs: Any) -> Any:
        with _Run(who, f, args, argnums, kwargs) as run:
            result, aux = _pair(who, run.result) if has_aux else (run.result, None)
            out = run.scalar(result)
            nested = run.nested(out)
            gradient = run.build(run.gradients(out, nested=nested))
            value = out if nested else value_of(result)
            return ((value, _outer(run, aux)) if has_aux else value), gradient

    return both


def _pair(who: str, result: Any) -> Any:
    if isinstance(result, (tuple, list)) and len(result) == 2:
        return result
    raise TypeError(f"{who}: the function returns a pair (value, aux), got {describe(result)}")


def _outer(run: _Run, tree: Any) -> Any:
    """Plain arrays in place of Tensors that no outer transform follows."""
    found, build = flatten(tree)
    return build([x.array if isinstance(x, Node) and not run.nested(x) else x for x in found])


@overload
def grad(f: Callable[Concatenate[Any, P], Any], argnums: Literal[0] = 0) -> Gradient[P]: ...
@overload
def grad(f: Callable[..., Any], argnums: int) -> OfOne: ...
@overload
def grad(f: Callable[..., Any], argnums: tuple[int, ...]) -> OfSeveral: ...
def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the gradient of a function that returns a scalar.

    Applied twice it gives second derivatives, and so on. The gradient of a real L at a complex z = x + iy
    is dL/dx - i dL/dy.

    >>> ag.grad(ag.grad(lambda x: x**3))(2.0)
    array(12.)
    """
    return _grad("grad", f, argnums)


def _grad(who: str, f: Callable[..., Any], argnums: Argnums) -> Callable[..., Any]:
    both = _value_and_grad(who, f, argnums)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


@overload
def grad_and_aux(
    f: Callable[Concatenate[Any, P], Any], argnums: Literal[0] = 0
) -> GradAndAux[P]: ...
@overload
def grad_and_aux(
    f: Callable[..., Any], argnums: int
) -> Derivative[tuple[np.ndarray, Any], tuple[Tensor, Any], tuple[Any, Any]]: ...
@overload
def grad_and_aux(
    f: Callable[..., Any], argnums: tuple[int, ...]
) -> Derivative[
    tuple[tuple[np.ndarray, ...], Any],
    tuple[tuple[Tensor, ...], Any],
    tuple[tuple[Any, ...], Any],
]: ...
def grad_and_aux(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return a function that gives the gradient of ``f`` and what ``f`` returns besides its value.

    >>> ag.grad_and_aux(lambda x: (x**2, "seen"))(3.0)
    (array(6.), 'seen')
    """
    both = _value_and_grad("grad_and_aux", f, argnums, has_aux=True)

    @functools.wraps(f)
    def gradient_and_aux(*args: Any, **kwargs: Any) -> Any:
        (_, aux), gradient = both(*args, **kwargs)
        return gradient, aux

    return gradient_and_aux


@overload
def elementwise_grad(
    f: Callable[Concatenate[Any, P], Any], argnums: Literal[0] = 0
) -> Gradient[P]: ...
@overload
def elementwise_grad(f: Callable[..., Any], argnums: int) -> OfOne: ...
@overload
def elementwise_grad(f: Callable[..., Any], argnums: tuple[int, ...]) -> OfSeveral: ...
def elementwise_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the derivative of a function that maps each element by itself.

    It is the gradient of the sum of the result: for other functions, the sums of the Jacobian's columns.

    >>> ag.elementwise_grad(np.sin)(np.array([0.0, np.pi]))
    array([ 1., -1.])
    """

    _refuse_arguments("elementwise_grad", f, argnums)

    @functools.wraps(f)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        with _Run("elementwise_grad", f, args, argnums, kwargs) as run:
            out = run.array(run.result, "use ag.jacobian")
            run.judge([out])
            ones = np.ones(out.shape, out.dtype)
            return run.build(run.both_parts(out, lambda w: run.gradients(out, ones * w)))

    return derivative


@overload
def vjp(
    f: Callable[..., Array], *args: Number
) -> tuple[np.ndarray, Callable[[Any], tuple[np.ndarray, ...]]]: ...
@overload
def vjp(f: Callable[..., Any], *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]: ...
def vjp(f: Callable[..., Any], *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Return f(*args) and the function that pulls a gradient of it back to every argument.

    >>> value, pull = ag.vjp(ag.matmul, np.ones((2, 3)), np.ones(3))
    >>> pull(np.array([1.0, 2.0]))[1]
    array([3., 3., 3.])
    """
    run = _Run("vjp", f, args, tuple(range(len(args))), {})
    results, build = flatten(run.whole())

    def pull(g: Any) -> tuple[Any, ...]:
        seeds = leaves_like(g, run.result, "vjp: expected gradients built as the result is:")
        total: list[Any] = [np.zeros(n.shape, n.dtype) for n in run.nodes]
        with run:
            for out, seed in zip(results, seeds, strict=True):
                if isinstance(out, Node) and seed is not None:
                    seed = run.direction("a gradient", seed, out)
                    follow = isinstance(seed, Node) or run.nested(out)
                    found = run.gradients(out, seed, follow)
                    total = [t + a for t, a in zip(total, found, strict=True)]
        return run.build(total)

    with run:
        run.judge(results)
        return build(
            [x if isinstance(x, Node) and run.nested(x) else value_of(x) for x in results]
        ), pull


@overload
def jvp(
    f: Callable[..., Array], primals: tuple[Number, ...], tangents: tuple[Number, ...]
) -> tuple[np.ndarray, np.ndarray]: ...
@overload
def jvp(
    f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Any, Any]: ...
def jvp(f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    """Return f(*primals) and its derivative along ``tangents``, without forming a Jacobian.

    The pull-back of ``f`` is linear in its cotangent; the pull-back of that linear map is the push
    forward (Townsend, 2017), so it is exact, at the cost of a few sweeps.

    >>> ag.jvp(np.sin, (np.array([0.0]),), (np.array([2.0]),))
    (array([0.]), array([2.]))
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise TypeError(
            "jvp: primals and tangents must be tuples, with one entry for each argument"
        )
    run = _Run("jvp", f, tuple(primals), tuple(range(len(primals))), {})
    directions = run.along("tangents", tuple(tangents))
    results, build = flatten(run.whole())
    with run:
        run.judge(results)
        pushed, values = [], []
        for out in results:
            if not isinstance(out, Node):
                pushed.append(np.zeros(np.shape(out)) if is_differentiable(out) else None)
                values.append(out)
                continue
            nested = run.nested(out) or any(isinstance(d, Node) for d in directions)
            pushed.append(_push(run, out, directions, nested))
            values.append(out if nested else out.array)
    return build(values), build(pushed, bare=True)


def _push(run: _Run, out: Node, directions: list[Any], nested: bool) -> Any:
    if not out.requires_grad:
        return np.zeros(out.shape, out.dtype)
    with Trace([np.ones(out.shape, out.dtype)]) as weights:
        gradients = run.gradients(out, weights.nodes[0], nested=True)
        terms = [real_dot(g, d) for g, d in zip(gradients, directions, strict=True)]
        slope = sum(terms[1:], terms[0])
        if not isinstance(slope, Node):
            return np.zeros(out.shape, out.dtype)
        return weights.gradients(slope, nested=nested)[0]


@overload
def jacobian(f: Callable[Concatenate[Any, P], Any], argnums: Literal[0] = 0) -> Jacobian[P]: ...
@overload
def jacobian(f: Callable[..., Any], argnums: int) -> OfOne: ...
@overload
def jacobian(f: Callable[..., Any], argnums: tuple[int, ...]) -> OfSeveral: ...
def jacobian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the Jacobian of a function of arrays: shape of the result, then shape of the argument.

    Of trees it is the tree of the result with the tree of the argument at each leaf. Rows are computed
    together where the rules of the operations allow.

    >>> ag.jacobian(lambda x: x**2)(np.array([1.0, 3.0]))
    array([[2., 0.],
           [0., 6.]])
    """
    return _jacobian("jacobian", f, argnums)


def _jacobian(who: str, f: Callable[..., Any], argnums: Argnums) -> Callable[..., Any]:
    _refuse_arguments(who, f, argnums)

    @functools.wraps(f)
    def all_rows(*args: Any, **kwargs: Any) -> Any:
        with _Run(who, f, args, argnums, kwargs) as run:
            results, build = flatten(run.result)
            results = [run.array(out, "return arrays") for out in results]
            run.judge(results)
            return build([run.build(_rows(run, out)) for out in results], bare=True)

    return all_rows


def _rows(run: _Run, out: Any) -> list[Any]:
    """The Jacobian of one result in each traced array."""
    if not out.requires_grad or not out.size:
        return [np.zeros((*out.shape, *n.shape), n.dtype) for n in run.nodes]
    units = np.eye(out.size, dtype=out.dtype).reshape(out.size, *out.shape)
    return run.both_parts(out, lambda weight: _rows_of(run, out, units * weight))


def _rows_of(run: _Run, out: Node, units: np.ndarray) -> list[Any]:
    """Gradients for each of the cotangents ``units``, in the shape of a Jacobian."""
    nodes, size = run.nodes, len(units)
    if run.nested(out):
        rows = [pullback(out, nodes, unit, create_graph=True) for unit in units]
    else:
        step = rows_at_once(out) if size > 1 else 1
        rows = []
        for start in range(0, size, step):
            block = _block(out, nodes, units[start : start + step])
            rows += [list(row) for row in zip(*block, strict=True)]
    return [
        reshape(stack([row[k] for row in rows]), (*out.shape, *n.shape))
        for k, n in enumerate(nodes)
    ]


def _block(out: Node, nodes: list[Any], units: np.ndarray) -> list[Any]:
    """Stacks of gradients, one for each node, for each of the unit cotangents."""
    if len(units) > 1:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            found = pull_block(out, nodes, units)
        if found is not None:
            return found
    rows = [pullback(out, nodes, unit) for unit in units]
    return [np.stack(column) for column in zip(*rows, strict=True)]


@overload
def hessian(f: Callable[Concatenate[Any, P], Any], argnums: Literal[0] = 0) -> Jacobian[P]: ...
@overload
def hessian(f: Callable[..., Any], argnums: int) -> OfOne: ...
@overload
def hessian(
    f: Callable[..., Any], argnums: tuple[int, ...]
) -> Derivative[
    tuple[tuple[np.ndarray, ...], ...],
    tuple[tuple[Tensor, ...], ...],
    tuple[tuple[Any, ...], ...],
]: ...
def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the matrix of second derivatives of a function that returns a scalar.

    >>> ag.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    return _jacobian("hessian", _grad("hessian", f, argnums), argnums)


@overload
def hvp(f: Callable[Concatenate[Any, P], Any], argnums: Literal[0] = 0) -> Gradient[...]: ...
@overload
def hvp(f: Callable[..., Any], argnums: int) -> OfOne: ...
@overload
def hvp(f: Callable[..., Any], argnums: tuple[int, ...]) -> Callable[..., tuple[Any, ...]]: ...
def hvp(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the function (*args, v) -> Hessian of ``f`` at args, times v, without forming the Hessian.

    ``v``, shaped as the argument is (else ValueError), comes last; SciPy's ``hessp`` has it second.

    >>> ag.hvp(lambda x: ag.sum(x**3))(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    slope = _grad("hvp", f, argnums)

    @functools.wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        if len(args) < 2:
            raise TypeError("hvp: expected the arguments of the function and a vector")
        *args_, v = args

        def along(*a: Any) -> Any:
            slopes = flatten(slope(*a, **kwargs))[0]
            terms = [real_dot(g, d) for g, d in zip(slopes, directions, strict=True)]
            return sum(terms[1:], terms[0])

        run = _Run("hvp", lambda *a: 0.0, tuple(args_), argnums, {})
        directions = run.along("a vector", v)
        return _grad("hvp", along, argnums)(*args_)

    return product
