"""Derivatives of functions: grad and its relatives, to any order."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import Node, leaves, pullback
from .ops.shape import reshape, stack
from .tensor import Tensor


def _trace(x: Any) -> Any:
    """A fresh node that carries ``x``; inside another transform it stays connected to the outside."""
    return x * 1.0 if isinstance(x, Tensor) else Tensor(np.array(x))


def _value(result: Any) -> Any:
    return result.value if isinstance(result, Node) else result


def _run(f: Callable[..., Any], args: tuple[Any, ...], argnum: int, kwargs: Any) -> Any:
    """Call ``f`` on a traced argument: (result, traced argument, whether more depends on it).

    The last is true if the result also depends on Tensors from outside, as in a nested transform;
    derivatives are then Tensors, so that nothing is lost to whoever differentiates again.
    """
    x = _trace(args[argnum])
    out = f(*args[:argnum], x, *args[argnum + 1 :], **kwargs)
    if not isinstance(out, Node):
        out = Tensor(out, requires_grad=False)
    return out, x, out.requires_grad and any(leaf is not x for leaf in leaves(out))


def value_and_grad(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Return a function that gives the value of ``f`` and its gradient.

    ``f`` takes arrays and returns a scalar; the gradient is taken in argument ``argnum`` and has its
    shape. Raises RuntimeError if ``f`` does not return a scalar.

    >>> ag.value_and_grad(lambda x: ag.sum(x**2))(np.array([1.0, 3.0]))
    (array(10.), array([2., 6.]))
    """

    @functools.wraps(f)
    def both(*args: Any, **kwargs: Any) -> Any:
        out, x, nested = _run(f, args, argnum, kwargs)
        gradient = pullback(out, [x], create_graph=nested)[0]
        return (out, gradient) if nested else (_value(out), gradient)

    return both


def grad(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Return the gradient of a function of arrays that returns a scalar.

    Applied twice it gives second derivatives, and so on.

    >>> ag.grad(ag.grad(lambda x: x**3))(2.0)
    array(12.)
    """
    both = value_and_grad(f, argnum)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def vjp(f: Callable[..., Any], *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Return f(*args) and the function that pulls a gradient of it back to every argument.

    >>> value, pull = ag.vjp(ag.matmul, np.ones((2, 3)), np.ones(3))
    >>> pull(np.array([1.0, 2.0]))[1]
    array([3., 3., 3.])
    """
    nodes = [_trace(a) for a in args]
    out = f(*nodes)
    return _value(out), lambda g: tuple(pullback(out, nodes, g))


def jacobian(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Return the Jacobian of a function of arrays: shape of the result, then shape of the argument.

    >>> ag.jacobian(lambda x: x**2)(np.array([1.0, 3.0]))
    array([[2., 0.],
           [0., 6.]])
    """

    @functools.wraps(f)
    def all_rows(*args: Any, **kwargs: Any) -> Any:
        out, x, nested = _run(f, args, argnum, kwargs)
        units = np.eye(out.size, dtype=out.dtype).reshape(out.size, *out.shape)
        rows = [pullback(out, [x], unit, create_graph=nested)[0] for unit in units]
        return reshape(stack(rows), (*out.shape, *x.shape))

    return all_rows


def hessian(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Return the matrix of second derivatives of a function that returns a scalar.

    >>> ag.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    return jacobian(grad(f, argnum), argnum)


def hvp(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Return the function (x, v) -> Hessian of ``f`` at x, times v, without forming the Hessian.

    >>> ag.hvp(lambda x: ag.sum(x**3))(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    slope = grad(f, argnum)

    @functools.wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        *args_, v = args
        return grad(lambda *a: (slope(*a, **kwargs) * v).sum(), argnum)(*args_)

    return product
