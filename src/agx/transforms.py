"""Derivatives of functions: grad and its relatives, to any order.

Arguments and results are arrays, numbers, or nested dicts, lists, tuples and dataclasses of them.
``argnums`` is the position of the argument to differentiate in, or a tuple of positions; derivatives
then come as a tuple. Functions that ``f`` calls may be NumPy's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .blocks import pull_block, rows_at_once
from .graph import Node, leaves, pullback
from .ops.complex import is_complex, real
from .ops.shape import reshape, stack
from .tensor import Tensor
from .trees import flatten, is_differentiable

Argnums = int | tuple[int, ...]


def _trace(x: Any) -> Any:
    """A fresh node that carries ``x``; inside another transform it stays connected to the outside."""
    node: Any
    if isinstance(x, Tensor):
        node = x * 1.0 if x.requires_grad else Tensor(x.array)
    else:
        array = np.array(x)
        if array.dtype.kind in "biu":
            array = array.astype(np.float64)
        node = Tensor(array)
    node.traced = True
    node.shared = False
    return node


def _value(result: Any) -> Any:
    return result.array if isinstance(result, Node) else result


class _Run:
    """One call of a function on traced arguments."""

    def __init__(
        self, who: str, f: Callable[..., Any], args: tuple[Any, ...], argnums: Argnums, kwargs: Any
    ) -> None:
        self.who = who
        positions = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        for p in positions:
            if not -len(args) <= p < len(args):
                raise ValueError(f"{who}: argnums names argument {p}, but {len(args)} were given")
        chosen = [args[p] for p in positions]
        found, build = flatten(chosen[0] if isinstance(argnums, int) else tuple(chosen))
        self.build = build
        for leaf in found:
            self._check(leaf)
        self.nodes = [_trace(leaf) for leaf in found]
        traced = build(self.nodes)
        call = list(args)
        for p, t in zip(positions, (traced,) if isinstance(argnums, int) else traced, strict=True):
            call[p] = t
        self.result = f(*call, **kwargs)

    def _check(self, leaf: Any) -> None:
        if is_differentiable(leaf) or type(leaf) is int:
            return
        dtype = getattr(leaf, "dtype", None)
        what = f"an array of dtype {dtype}" if dtype is not None else f"a {type(leaf).__name__}"
        raise TypeError(
            f"{self.who}: cannot differentiate in {what}; pass floats (x.astype(float)), or leave the "
            "argument out of argnums"
        )

    def nested(self, out: Node) -> bool:
        """Whether ``out`` also depends on Tensors from outside, as in a nested transform.

        Derivatives are then Tensors, so that nothing is lost to whoever differentiates again.
        """
        if not out.requires_grad:
            return False
        own = set(self.nodes)
        return any(leaf not in own for leaf in leaves(out))

    def scalar(self, result: Any) -> Node:
        """The result as one real number in the graph."""
        out = result if isinstance(result, Node) else Tensor(result, requires_grad=False)
        if out.size != 1:
            raise RuntimeError(
                f"{self.who}: the result has shape {out.shape}, and only a scalar has a gradient; "
                "reduce it with .sum() or .mean(), or use ag.jacobian"
            )
        return out

    def gradients(self, out: Node, seed: Any = None) -> Any:
        """Gradients of ``out`` in the tree of the arguments."""
        return self.build(pullback(out, self.nodes, seed, create_graph=self.nested(out)))

    def end(self) -> None:
        """Let outer transforms pass by the points that were plain numbers."""
        for node in self.nodes:
            if node.is_leaf:
                node.requires_grad = False


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

    @functools.wraps(f)
    def both(*args: Any, **kwargs: Any) -> Any:
        run = _Run("grad", f, args, argnums, kwargs)
        result, aux = run.result if has_aux else (run.result, None)
        out = run.scalar(result)
        gradient = run.gradients(out)
        value = out if run.nested(out) else _value(result)
        run.end()
        return ((value, _detached(aux)) if has_aux else value), gradient

    return both


def _joined(who: str, nodes: list[Any], by_real: list[Any], by_imag: list[Any]) -> list[Any]:
    """Derivatives of a complex result from the gradients of its real and imaginary parts.

    Those in a real argument are complex; those in a complex one are complex numbers if it is holomorphic.
    """
    found = []
    for x, a, b in zip(nodes, by_real, by_imag, strict=True):
        if is_complex(x):
            _check_holomorphic(who, _value(a), _value(b), x)
        found.append(a if is_complex(x) else a + 1j * b)
    return found


def _check_holomorphic(who: str, a: np.ndarray, b: np.ndarray, x: Any) -> None:
    """Raise unless ``b`` is -1j ``a``, as the equations of Cauchy and Riemann demand."""
    eps = np.finfo(x.dtype).eps
    size = np.abs(a) + np.abs(b)
    with np.errstate(invalid="ignore"):
        wrong = np.abs(b + 1j * a) > eps**0.25 * size + eps**0.5 * np.max(size, initial=0.0)
    if np.any(wrong):
        raise ValueError(
            f"{who}: expected a holomorphic function, got one that depends on the conjugate of "
            f"an argument of shape {x.shape}; write f(x + 1j * y) and differentiate in x and y, or use ag.jvp"
        )


def _check_tangents(who: str, nodes: Sequence[Any], directions: Sequence[Any]) -> None:
    for x, d in zip(nodes, directions, strict=True):
        if is_complex(d) and not is_complex(x):
            raise TypeError(
                f"{who}: a complex tangent for a real argument of shape {x.shape}; pass the real and the "
                "imaginary part one after the other"
            )


def _detached(tree: Any) -> Any:
    """Plain arrays in place of Tensors that no outer transform follows."""
    found, build = flatten(tree)
    return build([x.array if isinstance(x, Node) else x for x in found])


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the gradient of a function that returns a scalar.

    Applied twice it gives second derivatives, and so on. The gradient of a real L at a complex z = x + iy
    is dL/dx - i dL/dy.

    >>> ag.grad(ag.grad(lambda x: x**3))(2.0)
    array(12.)
    """
    both = value_and_grad(f, argnums)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def grad_and_aux(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return a function that gives the gradient of ``f`` and what ``f`` returns besides its value.

    >>> ag.grad_and_aux(lambda x: (x**2, "seen"))(3.0)
    (array(6.), 'seen')
    """
    both = value_and_grad(f, argnums, has_aux=True)

    @functools.wraps(f)
    def gradient_and_aux(*args: Any, **kwargs: Any) -> Any:
        (_, aux), gradient = both(*args, **kwargs)
        return gradient, aux

    return gradient_and_aux


def elementwise_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the derivative of a function that maps each element by itself.

    It is the gradient of the sum of the result: for other functions, the sums of the Jacobian's columns.
    Raises ValueError as ``jacobian`` does.

    >>> ag.elementwise_grad(np.sin)(np.array([0.0, np.pi]))
    array([ 1., -1.])
    """

    @functools.wraps(f)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        run = _Run("elementwise_grad", f, args, argnums, kwargs)
        out = (
            run.result if isinstance(run.result, Node) else Tensor(run.result, requires_grad=False)
        )
        ones = np.ones(out.shape, out.dtype)
        parts = [
            pullback(out, run.nodes, seed, create_graph=run.nested(out))
            for seed in ((ones, -1j * ones) if is_complex(out) else (ones,))
        ]
        run.end()
        found = parts[0] if len(parts) == 1 else _joined("elementwise_grad", run.nodes, *parts)
        return run.build(found)

    return derivative


def vjp(f: Callable[..., Any], *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Return f(*args) and the function that pulls a gradient of it back to every argument.

    >>> value, pull = ag.vjp(ag.matmul, np.ones((2, 3)), np.ones(3))
    >>> pull(np.array([1.0, 2.0]))[1]
    array([3., 3., 3.])
    """
    run = _Run("vjp", f, args, tuple(range(len(args))), {})
    results, build = flatten(run.result)

    def pull(g: Any) -> tuple[Any, ...]:
        seeds, _ = flatten(g)
        if len(seeds) != len(results):
            raise ValueError(f"vjp: expected {len(results)} arrays of gradients, got {len(seeds)}")
        total: list[Any] = [None] * len(run.nodes)
        for out, seed in zip(results, seeds, strict=True):
            if isinstance(out, Node):
                if is_complex(seed) and not is_complex(out):
                    raise TypeError(
                        "vjp: the result is real, but its gradient complex; pass real numbers"
                    )
                follow = run.nested(out) or isinstance(seed, Node)
                if isinstance(seed, Node) and seed.shape != out.shape:
                    raise ValueError(f"vjp: expected a gradient of shape {out.shape}")
                found = pullback(out, run.nodes, seed, create_graph=follow)
                total = [a if t is None else t + a for t, a in zip(total, found, strict=True)]
        zeros = [np.zeros(n.shape, n.dtype) for n in run.nodes]
        return run.build([z if t is None else t for t, z in zip(total, zeros, strict=True)])

    kept = any(isinstance(r, Node) and run.nested(r) for r in results)
    return (run.result if kept else build([_value(r) for r in results])), pull


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
    directions, _ = flatten(tuple(tangents))
    shapes = [n.shape for n in run.nodes]
    if [np.shape(_value(d)) for d in directions] != shapes:
        raise ValueError(
            f"jvp: expected tangents of shapes {shapes}, got {[np.shape(_value(d)) for d in directions]}"
        )
    _check_tangents("jvp", run.nodes, directions)
    results, build = flatten(run.result)
    pushed, values = [], []
    for out in results:
        if not isinstance(out, Node):
            pushed.append(np.zeros(np.shape(out)))
            values.append(out)
            continue
        nested = run.nested(out) or any(isinstance(d, Node) for d in directions)
        pushed.append(_push(run, out, directions, nested))
        values.append(out if nested else out.array)
    run.end()
    return build(values), build(pushed)


def _push(run: _Run, out: Node, directions: list[Any], nested: bool) -> Any:
    weights = Tensor(np.ones(out.shape, out.dtype))
    if not out.requires_grad:
        return np.zeros(out.shape, out.dtype)
    gradients = pullback(out, run.nodes, weights, create_graph=True)
    terms = [(g * d).sum() for g, d in zip(gradients, directions, strict=True)]
    slope = sum(terms[1:], terms[0])
    if not isinstance(slope, Node):
        return np.zeros(out.shape, out.dtype)
    slope = real(slope) if is_complex(slope) else slope
    pushed = pullback(slope, [weights], create_graph=nested)[0]
    weights.requires_grad = False
    return pushed


def jacobian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the Jacobian of a function of arrays: shape of the result, then shape of the argument.

    Of trees it is the tree of the result with the tree of the argument at each leaf. Rows are computed
    together where the rules of the operations allow. A complex result of real arguments has a complex
    Jacobian; raises ValueError if it is not holomorphic in a complex argument.

    >>> ag.jacobian(lambda x: x**2)(np.array([1.0, 3.0]))
    array([[2., 0.],
           [0., 6.]])
    """
    return _jacobian("jacobian", f, argnums)


def _jacobian(who: str, f: Callable[..., Any], argnums: Argnums) -> Callable[..., Any]:
    @functools.wraps(f)
    def all_rows(*args: Any, **kwargs: Any) -> Any:
        run = _Run(who, f, args, argnums, kwargs)
        results, build = flatten(run.result)
        found = build([run.build(_rows(run, out)) for out in results])
        run.end()
        return found

    return all_rows


def _rows(run: _Run, out: Any) -> list[Any]:
    """The Jacobian of one result in each traced array."""
    if not isinstance(out, Node):
        out = Tensor(out, requires_grad=False)
    shape, size = out.shape, out.size
    if not out.requires_grad or not size:
        return [np.zeros((*shape, *n.shape), n.dtype) for n in run.nodes]
    units = np.eye(size, dtype=out.dtype).reshape(size, *shape)
    if not is_complex(out):
        return _real_rows(run, out, units)
    parts = [_real_rows(run, out, seeds) for seeds in (units, -1j * units)]
    return _joined(run.who, run.nodes, *parts)


def _real_rows(run: _Run, out: Node, units: np.ndarray) -> list[Any]:
    """The gradients of the real part of ``out`` times each of ``units``."""
    nodes, shape, size = run.nodes, out.shape, out.size
    if run.nested(out):
        rows = [pullback(out, nodes, unit, create_graph=True) for unit in units]
    else:
        step = rows_at_once(out) if size > 1 else 1
        rows = []
        for start in range(0, size, step):
            block = _block(out, nodes, units[start : start + step])
            rows += [list(row) for row in zip(*block, strict=True)]
    return [
        reshape(stack([row[k] for row in rows]), (*shape, *n.shape)) for k, n in enumerate(nodes)
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


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the matrix of second derivatives of a function that returns a scalar.

    Raises ValueError if the gradient is not holomorphic in a complex argument; ``hvp`` works there.

    >>> ag.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    return _jacobian("hessian", grad(f, argnums), argnums)


def hvp(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """Return the function (*args, v) -> Hessian of ``f`` at args, times v, without forming the Hessian.

    ``v`` has the structure of the argument.

    >>> ag.hvp(lambda x: ag.sum(x**3))(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    slope = grad(f, argnums)

    @functools.wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        *args_, v = args
        directions, _ = flatten(v)

        def along(*a: Any) -> Any:
            slopes, _ = flatten(slope(*a, **kwargs))
            if len(slopes) != len(directions):
                raise ValueError(
                    f"hvp: expected a vector of {len(slopes)} arrays, as the argument has, got "
                    f"{len(directions)}"
                )
            _check_tangents("hvp", slopes, directions)
            terms = [(g * d).sum() for g, d in zip(slopes, directions, strict=True)]
            total = sum(terms[1:], terms[0])
            return real(total) if is_complex(total) else total

        return grad(along, argnums)(*args_)

    return product
