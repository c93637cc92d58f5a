"""The backward sweep as data: each node's cotangent, and what it contributes to each of its inputs."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .._engine.graph import Node, registry, value_of
from .._engine.walk import nodes_below
from .._kernels.graph import Scalar, number_of


class Contribution(NamedTuple):
    """What a step adds to the gradient of one input: ``share``, made of ``given`` by un-broadcasting.

    ``position`` is the place of the input among the arguments; ``before`` and ``after`` are its gradient.
    """

    input: Any
    position: int
    given: Any
    share: Any
    before: Any
    after: Any


class Step(NamedTuple):
    """One node of the sweep, the gradient that has come to it, and what it passes on."""

    node: Any
    incoming: Any
    contributions: list[Contribution]


def steps(root: Any, seed: Any = None) -> Iterator[Step]:
    """Go through the backward sweep of ``root``, from the result to the leaves; nobody's ``grad`` is changed.

    ``seed`` is the gradient to start from, by default ones. Raises TypeError for what has no graph and
    RuntimeError where the graph was let go.

    >>> from agx.inspection.sweep import steps
    >>> a, b = ag.Scalar(2.0), ag.Scalar(-3.0)
    >>> [(step.node.op, [c.share for c in step.contributions]) for step in steps(a * b + a)]
    [('add', [1.0, 1.0]), ('mul', [-3.0, 2.0])]
    """
    order = graph_of("trace", root)
    gradients: dict[int, Any] = {id(root): _start(root, seed)}
    for node in reversed(order):
        incoming = gradients.get(id(node))
        if incoming is None or not node.op:
            continue
        contributions = []
        for position, given in shares(node, incoming):
            source = node.arguments[position]
            share = unbroadcast(given, source)
            before = gradients.get(id(source))
            if before is None:
                before = 0.0 if isinstance(source, Scalar) else np.zeros_like(share)
            with np.errstate(all="ignore"):
                gradients[id(source)] = after = before + share
            contributions.append(Contribution(source, position, given, share, before, after))
        yield Step(node, incoming, contributions)


def graph_of(who: str, root: Any) -> list[Any]:
    """The nodes below ``root`` that want a gradient, inputs first."""
    if not isinstance(root, (Node, Scalar)):
        raise TypeError(f"{who}: expected a Scalar or a Tensor, got {type(root).__name__}")
    order = nodes_below(root)
    if len(order) == 1 and root.op:
        raise RuntimeError(
            f"{who}: the graph was let go; call it before backward(), or write backward(retain_graph=True)"
        )
    if isinstance(root, Node):
        order = sorted((n for n in order if n.requires_grad), key=number_of)
    return order


def _start(root: Any, seed: Any) -> Any:
    if isinstance(root, Scalar):
        return 1.0 if seed is None else float(seed)
    value = root.kept
    return np.broadcast_to(np.asarray(1.0 if seed is None else seed, value.dtype), value.shape)


def plain(x: Any) -> Any:
    """The numbers that a node was made with; anything else as it is."""
    return x.value if isinstance(x, Scalar) else x.kept if isinstance(x, Node) else x


def unbroadcast(given: Any, source: Any) -> Any:
    """The sum over the axes along which an input was repeated, its real part for a real input."""
    value = plain(source)
    shape = np.shape(value)
    if np.iscomplexobj(given) and not np.iscomplexobj(value):
        given = np.real(given)
    if np.shape(given) == shape:
        return given
    given = np.asarray(given)
    given = given.sum(axis=tuple(range(given.ndim - len(shape))))
    repeated = tuple(i for i, n in enumerate(shape) if n == 1 and given.shape[i] != 1)
    return given.sum(axis=repeated, keepdims=True).reshape(shape)


def shares(node: Any, incoming: Any) -> list[tuple[int, Any]]:
    """What a node passes on to each argument that wants a gradient, by its own rule."""
    if is_own(node):
        return _by_closure(node, incoming)
    p: Any = registry[node.op] if isinstance(node, Scalar) else node.primitive
    numbers = [incoming, plain(node), *map(plain, node.arguments)]
    if isinstance(node, Scalar):  # Python's floats raise where NumPy's are infinite.
        numbers = [np.float64(x) for x in numbers]
    found = []
    for i, a in enumerate(node.arguments):
        if not isinstance(a, (Node, Scalar)) or not getattr(a, "requires_grad", not _constant(a)):
            continue
        rule = functools.partial(p.vjps, i) if callable(p.vjps) else p.vjps[i]
        with np.errstate(all="ignore"):
            given = value_of(rule(*numbers, **getattr(node, "params", {})))
        if given is None:
            given = np.zeros(np.shape(plain(a)), getattr(node, "dtype", float))
        elif p.elementwise and np.isnan(given).any():
            given = np.where(np.asarray(incoming) == 0, 0.0, given)  # A zero stays zero.
        found.append((i, float(given) if isinstance(node, Scalar) else given))
    return found


def _constant(a: Any) -> bool:
    """Whether a Scalar stands for a plain number."""
    return bool(getattr(a, "_constant", False))


def is_own(node: Any) -> bool:
    """Whether an operation has a hand-written ``_backward``."""
    if isinstance(node, Scalar):
        return "closure" in (node._extras or {}) or node.op not in registry
    return node.primitive is None


def _by_closure(node: Any, incoming: Any) -> list[tuple[int, Any]]:
    """What a hand-written ``_backward`` adds to each input; an input that comes twice gets it all at once."""
    inputs = list(dict.fromkeys(node.inputs))
    kept = [(n, n.grad if isinstance(n, Scalar) else n.grad_or_none) for n in (node, *inputs)]
    try:
        for n in inputs:
            n.grad = 0.0 if isinstance(n, Scalar) else np.zeros(n.shape, n.dtype)
        node.grad = incoming
        node._backward()
        added = [n.grad for n in inputs]
    finally:
        for n, grad in kept:
            n.grad = grad
    return [(node.arguments.index(n), g) for n, g in zip(inputs, added, strict=True)]
