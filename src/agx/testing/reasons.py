"""Why a derivative is NaN: the operation that it comes from, the place, and what to do."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .._engine.graph import Node, pullback, value_of
from ..tensor import Tensor
from .diagnosis import place_of, traced_below
from .lines import array_of, contraction, derivative, normal, op_with_shapes

_LENGTH = (
    "a length is 0 there and has no derivative of this order, and nothing in what is made of it cancels "
    "the length; square it (norm(x)**2, abs(z)**2), or take sqrt(sum(x**2) + eps)"
)
_BASIS = (
    "{} are equal there, and the result depends on vectors that belong to them, which could be any basis "
    "of their space; use ag.linalg.symmetric_function, expm, sqrtm or logm for functions of a matrix, "
    "eigvalsh or svdvals for values alone, or make the values distinct"
)
_ROOT = (
    "a derivative is infinite there and is multiplied by 0, and their product is not known; choose with "
    "np.where before the operation, or write the function so that the two cancel"
)

#: Why operations answer NaN to a question that has no answer, or none that they can know.
REASONS = {
    **dict.fromkeys(("norm", "absolute", "abs", "hypot", "norm_p"), _LENGTH),
    "std": "the numbers are equal there, and a standard deviation of 0 has no second derivative; use var",
    "maximum": "two variables tie there in a product that is 0; use absolute or square, or move the point",
    "eigh": _BASIS.format("eigenvalues"),
    "eig": _BASIS.format("eigenvalues"),
    "svd": _BASIS.format("singular values (or 0 and one of them)"),
    "sqrtm": "an eigenvalue is 0 there, where the root has no derivative; add eps times the identity",
    "logm": "an eigenvalue is 0 there, or a real one below 0; pass a positive definite or complex matrix",
}


def reason_of(node: Any) -> str:
    """Why the pull-back of ``node`` gives NaN, if that is known, and else that 0 meets infinity."""
    return REASONS.get(name_of(node), _ROOT)


def name_of(node: Any) -> str:
    """The operation that ``node`` belongs to."""
    return str(node.params["op"] if node.op == "undefined_slope" else node.op)


def explain_nan(f: Callable[..., Any], *args: Any, order: int = 3) -> str:
    """Say why a derivative of ``f`` at ``args`` is NaN, the first one up to ``order``, in one sentence.

    It names the operation whose pull-back gives the NaN, the place, the reason and what to do. ``f`` takes
    real or complex arrays and returns one array or Tensor. Raises ValueError if no derivative is NaN.

    >>> "'norm'" in ag.testing.explain_nan(np.linalg.norm, np.zeros(2))
    True
    """
    rng, points = np.random.default_rng(0), [np.asarray(a) * 1.0 for a in args]
    with np.errstate(all="ignore"):
        weights = normal(rng, array_of(f(*(Tensor(p, requires_grad=False) for p in points))))
        slope = contraction(f, weights)
        for k in range(1, order + 1):
            found = _first_nan(slope, points, k)
            if found:
                return found
            slope = derivative(slope, [normal(rng, p) for p in points])
    raise ValueError(
        f"explain_nan: no derivative up to order {order} is NaN here; pass the point where it is"
    )


def _first_nan(slope: Any, points: list[np.ndarray], k: int) -> str:
    nodes = traced_below(slope(*map(Tensor, points)))
    for node in nodes:
        if (
            k == 1
            and node.inputs
            and np.isnan(node.array).any()
            and np.isnan(nodes[-1].array).any()
        ):
            bad = np.isnan(node.array)
            return f"the value is NaN: {op_with_shapes(node)} gives it first{place_of(bad)}"
    if not nodes:
        return ""
    gradients = [array_of(g) for g in pullback(nodes[-1], nodes)]
    lost = {id(n) for n, g in zip(nodes, gradients, strict=True) if np.isnan(g).any()}
    for node, g in reversed(list(zip(nodes, gradients, strict=True))):
        if id(node) in lost or not any(id(a) in lost for a in node.inputs):
            continue
        bad = _nan_share(node, g)
        if bad is not None:
            what = op_with_shapes(node)
            if node.op == "undefined_slope":
                what = f"op '{name_of(node)}' of {node.shape}"
            return (
                f"derivative {k} is NaN: the pull-back of {what} gives it first{place_of(bad)}: "
                f"{reason_of(node)}"
            )
    return ""


def _nan_share(node: Any, g: np.ndarray) -> np.ndarray | None:
    """Where a pull-back of ``node`` gives NaN for the gradient ``g``, if it does."""
    p, arguments = node.primitive, [value_of(a) for a in node.arguments]
    for i, a in enumerate(node.arguments if p is not None else ()):
        if isinstance(a, Node) and a.requires_grad:
            rule = functools.partial(p.vjps, i) if callable(p.vjps) else p.vjps[i]
            share = rule(g, node.array, *arguments, **node.params)
            if share is not None and np.isnan(share).any():
                return np.isnan(share)
    return None
