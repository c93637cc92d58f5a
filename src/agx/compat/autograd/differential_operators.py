"""Transforms of functions, with the signatures of HIPS autograd.

Each takes ``argnum``, the number of the argument to differentiate in, or a tuple of numbers for a tuple of
gradients. An argument may be a nest of lists, tuples and dicts of arrays; its gradient is one too.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._engine.graph import Node
from ...ops.complex import is_complex, real
from ...ops.linalg.products import tensordot
from ...ops.shape.axes import reshape, stack
from .boxes import peek
from .core import Run
from .core import make_jvp as _make_jvp
from .core import make_vjp as _make_vjp
from .misc.flatten import flatten
from .nests import each, items, rebuild
from .primitives import defvjp, primitive
from .primitives import defvjp_argnum as defvjp_argnum
from .spaces import vspace as vspace
from .wrap_util import unary_to_nary

Function = Callable[..., Any]


def _ones(tree: Any) -> Any:
    return each(lambda x: np.ones_like(peek(x), dtype=np.result_type(peek(x), np.float32)), tree)


def _check_scalar(who: str, value: Any) -> None:
    value = peek(value)
    if not isinstance(value, (bool, int, float, np.ndarray, np.generic)) or (
        np.size(value) != 1 or np.iscomplexobj(value)
    ):
        what = (
            f"{np.asarray(value).dtype} of shape {np.shape(value)}"
            if isinstance(value, np.ndarray | np.generic)
            else type(value).__name__
        )
        raise TypeError(
            f"{who}: expected a function that returns one real number, got {what}; use jacobian, "
            "elementwise_grad or holomorphic_grad"
        )


make_vjp = unary_to_nary(_make_vjp)
make_jvp = unary_to_nary(_make_jvp)


@unary_to_nary
def make_jvp_reversemode(fun: Function, x: Any) -> Any:
    """Return the function v -> derivative of ``fun`` at ``x`` along v, by pulling back twice."""
    push = _make_jvp(fun, x)
    return lambda v: push(v)[1]


@unary_to_nary
def value_and_grad(fun: Function, x: Any) -> Any:
    """Compute the value and the gradient of a function that returns one real number."""
    run = Run(fun, x, "value_and_grad")
    _check_scalar("value_and_grad", run.value)
    return run.value, run.pull(_ones(run.value))


@unary_to_nary
def grad(fun: Function, x: Any) -> Any:
    """Compute the gradient of a function that returns one real number; raises TypeError otherwise.

    >>> from agx.compat.autograd import grad
    >>> grad(lambda p: p["a"] * p["b"] ** 2)({"a": 2.0, "b": 3.0})
    {'a': np.float64(9.0), 'b': np.float64(12.0)}
    """
    run = Run(fun, x, "grad")
    _check_scalar("grad", run.value)
    return run.pull(_ones(run.value))


@unary_to_nary
def grad_and_aux(fun: Function, x: Any) -> Any:
    """Compute the gradient of the first of two results, and return the second as it is."""
    run = Run(fun, x, "grad_and_aux", has_aux=True)
    _check_scalar("grad_and_aux", run.value)
    return run.pull(_ones(run.value)), run.aux


@unary_to_nary
def elementwise_grad(fun: Function, x: Any) -> Any:
    """Compute the sum of each column of the Jacobian; for a function of each element, its derivative."""
    run = Run(fun, x, "elementwise_grad")
    if any(is_complex(v) for v in items(run.value)):
        raise TypeError("elementwise_grad: the result is complex; take np.real or np.abs of it")
    return run.pull(_ones(run.value))


egrad = elementwise_grad


@unary_to_nary
def deriv(fun: Function, x: Any) -> Any:
    """Compute the derivative along the vector of ones, forward."""
    return Run(fun, x, "deriv").push(_ones(x))


@unary_to_nary
def jacobian(fun: Function, x: Any) -> Any:
    """Compute all derivatives of an array by an array: the shape of the result, then that of ``x``."""
    run = Run(fun, x, "jacobian")
    value = peek(run.value)
    if isinstance(x, (list, tuple, dict)) or isinstance(value, (list, tuple, dict)):
        raise TypeError("jacobian: expected one array in and one out, got a container; see flatten")
    if np.iscomplexobj(value) and not is_complex(x):
        raise TypeError(
            "jacobian: the result is complex and the argument real; take np.real and np.imag"
        )
    value = np.asarray(value)
    units = np.eye(value.size, dtype=np.result_type(value, np.float32))
    rows = [run.pull(unit.reshape(value.shape)) for unit in units]
    if not rows:
        return np.zeros((*value.shape, *np.shape(peek(x))))
    return reshape(stack(rows), (*value.shape, *np.shape(peek(x))))


@unary_to_nary
def holomorphic_grad(fun: Function, x: Any) -> Any:
    """Compute the complex derivative of a holomorphic function."""
    if not any(is_complex(v) or np.iscomplexobj(peek(v)) for v in items(x)):
        warnings.warn("holomorphic_grad: the argument is not complex", stacklevel=3)
    return grad(lambda z: real(fun(z)))(x)


@unary_to_nary
def hessian(fun: Function, x: Any) -> Any:
    """Compute the second derivatives: the shape of the result, then twice that of ``x``."""
    return jacobian(jacobian(fun))(x)


@unary_to_nary
def make_hvp(fun: Function, x: Any) -> Any:
    """Return the function v -> Hessian times v at this point, and the gradient."""
    return make_vjp(grad(fun), who="make_hvp")(x)


def hessian_tensor_product(fun: Function, argnum: Any = 0) -> Function:
    """Return the function (*args, v) -> Hessian times v, without forming the Hessian."""
    slope = grad(fun, argnum)

    def product(*args: Any, **kwargs: Any) -> Any:
        *point, v = args

        def along(*inner: Any) -> Any:
            pairs = zip(items(slope(*inner, **kwargs)), items(v), strict=True)
            terms = [(g * d).sum() for g, d in pairs]
            return sum(terms[1:], terms[0])

        return grad(along, argnum)(*point)

    return product


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(fun: Function, argnum: int = 0) -> Function:
    """Return the function (*args, v) -> v contracted with the leading axes of the Jacobian."""

    def contracted(*args: Any, **kwargs: Any) -> Any:
        *point, v = args
        return tensordot(v, fun(*point, **kwargs), np.ndim(v))

    return jacobian(contracted, argnum)


vector_jacobian_product = tensor_jacobian_product


def _half_square(x: Any) -> Any:
    return 0.5 * (x * x).sum(axis=-1)


def make_ggnvp(f: Function, g: Function = _half_square, f_argnum: int = 0) -> Function:
    """Return what builds v -> J' H J v, with the Jacobian of ``f`` and the Hessian of ``g`` at f(x)."""

    @unary_to_nary
    def generalized_gauss_newton(f: Function, x: Any) -> Any:
        run = Run(f, x)
        curve, _ = make_hvp(g)(run.value)
        return lambda v: run.pull(curve(run.push(v)))

    return generalized_gauss_newton(f, f_argnum)


def grad_named(fun: Function, argname: str) -> Function:
    """Return the gradient in the argument of this name."""
    return grad(fun, list(inspect.signature(fun).parameters).index(argname))


def multigrad_dict(fun: Function) -> Function:
    """Return the function that computes the gradients in all arguments, as a dict by name."""
    signature = inspect.signature(fun)

    @functools.wraps(fun)
    def gradients(*args: Any, **kwargs: Any) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()

        def of_all(arguments: dict[str, Any]) -> Any:
            call = inspect.BoundArguments(signature, arguments)
            return fun(*call.args, **call.kwargs)

        found: dict[str, Any] = grad(of_all)(dict(bound.arguments))
        return found

    return gradients


def checkpoint(fun: Function) -> Function:
    """Return ``fun`` with nothing kept for the backward pass, which runs it again.

    Its Tensors must be arguments by position. Raises TypeError if it uses others.
    """

    @functools.wraps(fun)
    def again(*args: Any, **kwargs: Any) -> Any:
        nodes = [v for v in items(args) if isinstance(v, Node)]
        if not nodes:
            return fun(*args, **kwargs)

        vector, unflatten = flatten(nodes)

        @functools.wraps(fun)
        def of_vector(x: Any) -> Any:
            fresh = iter(unflatten(x))
            full = [next(fresh) if isinstance(v, Node) else v for v in items(args)]
            return fun(*rebuild(args, iter(full)), **kwargs)

        kept = primitive(of_vector)
        defvjp(kept, lambda ans, x: make_vjp(of_vector, who="")(x)[0])
        return kept(vector)

    return again
