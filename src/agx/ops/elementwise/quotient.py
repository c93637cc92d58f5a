"""0 / 0 in rules: the derivative of a length at 0, which only a factor in its gradient can tell.

The pull-back of n = |x| is g x / n. Of n**2 the gradient g is 2 n, and the pull-back 2 x is smooth at 0. A
gradient that is a Tensor has a graph, in which the factor n is found and taken out; where there is none the
second derivative does not exist, and is NaN.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._engine.graph import Node, primitive, registry, value_of
from ..._engine.replay import stands_still
from ..._engine.symbols import as_numbers
from ..shape.where import where

#: How many nodes of a gradient's graph are looked at, and how many one below another.
_MOST, _DEEPEST = 2000, 60

Path = tuple[tuple[Any, ...], ...]
Found = tuple[Any, Any]
_NOTHING: Found = (0.0, False)


def over(g: Any, n: Any, square: Any = None) -> Found:
    """A pair (q, known) with g = q n where ``known``; also where g is 0 whatever the leaves are.

    ``square`` is what n**2 is known as.
    """
    q, known = _Search(n, square).quotient(g, (), 0)
    known = np.broadcast_to(known, n.shape)
    rest = ~known & (value_of(g) == 0)
    if rest.any():
        rest &= stands_still(g)
        q, known = where(rest, 0.0, q), known | rest
    return _whole(q, known, n)


def smooth_at_zero(
    share: Any,
    g: Any,
    out: Any,
    x: Any,
    smooth: Callable[[Any], Any],
    widen: Callable[[Any], Any] = lambda r: r,
    *,
    op: str = "",
    axis: Any = (),
    beside: tuple[Any, ...] = (),
    kink: bool = False,
    times: int = 1,
    square: Any = None,
    root: Any = None,
) -> Any:
    """``share``, but where ``out`` is 0 what is right for a pull-back that divides by it.

    With g = q out**times that is ``smooth(q)``. Elsewhere, if ``op`` has a name, it keeps its value, and its
    derivative is NaN along ``axis``, and in the arguments ``beside`` x; with ``kink`` only where g is 0 as
    well. ``widen`` gives what looks like ``out`` the axes of x. ``root`` is what has the square out**2.
    """
    if not isinstance(x, Node):
        return share
    zero = value_of(out) == 0
    if not np.any(zero):
        return share
    q, known = g, np.True_
    for _ in range(times):
        q, more = over(q, out, square)
        known = known & more
    if root is not None and np.any(zero & ~known):
        q, known = _or_of_root(q, known, g, out, root)
    chosen, lost = zero & known, zero & ~known
    if kink:
        lost = lost & (value_of(g) == 0)
    if chosen.any():
        share = where(widen(chosen), smooth(q), share)
    if op and lost.any():
        still = np.all(stands_still(x), axis, keepdims=True)
        lost = widen(lost) & ~still
        if lost.any():
            share = share + widen(g) * undefined_slope(x, lost, axis, op, *beside)
    return share


def _or_of_root(q: Any, known: Any, g: Any, out: Any, root: Any) -> Found:
    """The same also where g = p root**2, which is p out**2."""
    p, once = over(g, root)
    p, twice = over(p, root)
    more = once & twice & ~known
    return where(more, p * out, q), known | more


def undefined_at(share: Any, g: Any, x: Any, tied: Any, *, op: str) -> Any:
    """``share``, whose derivative is NaN where arguments that differ by ``x`` tie and g is 0 by chance."""
    lost = as_numbers(tied) & (value_of(g) == 0)
    if not lost.any() or not isinstance(g, Node) or not isinstance(x, Node):
        return share
    lost = lost & ~(stands_still(g) | stands_still(x))
    return share + g * undefined_slope(x, lost, (), op) if lost.any() else share


def _undefined_vjp(i: int, g: Any, out: Any, *xs: Any, lost: Any, axis: Any, op: str) -> Any:
    """NaN, but for a gradient that stays 0: which one does, only its graph tells."""
    idle = np.zeros(np.shape(g), bool)
    if any(isinstance(x, Node) for x in xs):
        idle = (value_of(g) == 0) & (stands_still(g) if isinstance(g, Node) else True)
    lost = lost & ~np.all(idle, axis, keepdims=True)
    share = np.where(lost, np.nan, 0.0).astype(g.dtype)
    if any(isinstance(x, Node) for x in xs) and lost.any():
        share = share + undefined_slope(xs[0], lost, axis, op, *xs[1:])
    return g * share


#: What is 0 at a point where it has no derivative.
_undefined = primitive(
    "undefined_slope",
    lambda *xs, lost, axis, op: np.zeros(
        np.broadcast_shapes(*map(np.shape, xs)), np.result_type(*xs)
    ),
    _undefined_vjp,
)


def unsteady_at(share: Any, g: Any, x: Any, y: Any, lost: Any, *, op: str) -> Any:
    """``share``, whose derivative in x and y is NaN where ``lost``, unless neither moves there."""
    if not np.any(lost) or not (isinstance(x, Node) or isinstance(y, Node)):
        return share
    lost = lost & ~(stands_still(x) & stands_still(y))
    return share + g * undefined_slope(x, lost, (), op, y) if lost.any() else share


def steep_sign(x: Any) -> Any:
    """The sign of real numbers, whose derivative at 0 is NaN."""
    zero = value_of(x) == 0
    found = np.sign(value_of(x))
    if not isinstance(x, Node) or not np.any(zero):
        return found
    return found + undefined_slope(x, zero, (), "sign")


def undefined_slope(x: Any, lost: Any, axis: Any, op: str, *beside: Any) -> Any:
    """0, whose derivative in x and ``beside`` is NaN along ``axis`` where ``lost``; ``op`` is for people."""
    return _undefined(x, *beside, lost=lost, axis=axis, op=op)


class _Search:
    """The search for the factor ``n`` in a graph; ``path`` says how n is moved about on the way there."""

    def __init__(self, n: Node, square: Any) -> None:
        self.n, self.square = n, square
        self.seen = 0
        self.known: dict[tuple[int, int], Found] = {}

    def quotient(self, c: Any, path: Path, depth: int) -> Found:
        if not isinstance(c, Node) or not c.requires_grad:
            return 0.0, np.asarray(value_of(c)) == 0
        if self.is_factor(c, path):
            return 1.0, True
        if not path and _alike(c, self.square, _DEEPEST):
            return self.n, True
        self.seen += 1
        rule = _RULES.get(c.op)
        if rule is None or registry[c.op] is not c.primitive:
            return _NOTHING
        if self.seen > _MOST or depth > _DEEPEST:
            return _NOTHING
        key = id(c), len(path)
        if key not in self.known:
            inner = functools.partial(self.quotient, depth=depth + 1)
            self.known[key] = rule(inner, c, path)
        return self.known[key]

    def is_factor(self, m: Any, path: Path, explicit: bool = False) -> bool:
        if not isinstance(m, Node):
            return False
        if not path:
            return self.is_n(m)
        (name, *what), rest = path[-1], path[:-1]
        if name == "broadcast_to" and not explicit and self.is_factor(m, rest):
            return True
        if name == "reshape":
            while isinstance(m, Node) and m.op in _SAME and np.size(m.arguments[0]) == m.size:
                m = m.arguments[0]
                if self.is_factor(m, rest, True):
                    return True
            return False
        if name == "concatenate" and m.primitive in (registry[name], registry["stack"]):
            place: Any = m.primitive.vjps
            return any(
                place(i, _Place(m.ndim), None, *m.arguments, **m.params) == what[0]
                and self.is_factor(a, rest, True)
                for i, a in enumerate(m.arguments)
            )
        if m.primitive is not registry[name]:
            return False
        wanted = m.shape if name == "broadcast_to" else next(iter(m.params.values()))
        return _equal(wanted, what[0]) and self.is_factor(m.arguments[0], rest, True)

    def is_n(self, m: Node) -> bool:
        """Whether ``m`` is n, or computed alike from the same."""
        return _alike(m, self.n, _DEEPEST)


def _alike(a: Any, b: Any, depth: int) -> bool:
    if not isinstance(a, Node) or not isinstance(b, Node) or a is b:
        return _equal(a, b)
    if a.is_leaf or a.primitive is None or a.primitive is not b.primitive or not depth:
        return False
    if not _equal(list(a.params.items()), list(b.params.items())):
        return False
    pairs = zip(a.arguments, b.arguments, strict=False)
    return all(_alike(x, y, depth - 1) for x, y in pairs)


class _Place:
    """Stands for an array of some axes whose index is asked for."""

    def __init__(self, ndim: int) -> None:
        self.ndim = ndim

    def __getitem__(self, index: Any) -> Any:
        return index


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.array_equal(a, b)
    return bool(a is b or (type(a) is type(b) and a == b))


# --- how operations carry a factor on --------------------------------------------------------------


def _product(inner: Any, c: Any, path: Path) -> Found:
    a, b = c.arguments
    qa, ka = inner(a, path)
    if np.all(ka):
        return qa * b, True
    qb, kb = inner(b, path)
    if np.all(kb):
        return a * qb, True
    if not np.any(ka) and not np.any(kb):
        return _NOTHING
    return where(ka, qa * b, a * qb), np.logical_or(ka, kb)


def _fraction(inner: Any, c: Any, path: Path) -> Found:
    q, known = inner(c.arguments[0], path)
    return (q / c.arguments[1], known) if np.any(known) else _NOTHING


def _total(inner: Any, c: Any, path: Path) -> Found:
    (qa, ka), (qb, kb) = (inner(a, path) for a in c.arguments)
    known = np.logical_and(ka, kb)
    return (c.primitive(qa, qb), known) if np.any(known) else _NOTHING


def _choice(inner: Any, c: Any, path: Path) -> Found:
    (qx, kx), (qy, ky) = (inner(a, path) for a in c.arguments)
    mask = c.params["condition"]
    return where(mask, qx, qy), np.where(mask, kx, ky)


def _powered(inner: Any, c: Any, path: Path) -> Found:
    base, k = c.arguments if c.op == "pow" else (c.arguments[0], 2)
    if isinstance(k, Node):
        return _NOTHING
    q, known = inner(base, path)
    known = np.logical_and(known, np.asarray(k) >= 1)
    if not np.any(known):
        return _NOTHING
    if np.ndim(k) == 0:
        return (q if k == 1 else q * base ** (k - 1)), known
    return q * base ** np.where(np.asarray(k) >= 1, np.asarray(k) - 1, 0), known


def _linear(inner: Any, c: Any, path: Path) -> Found:
    q, known = inner(c.arguments[0], path)
    return c.primitive(q), known


def _whole(q: Any, known: Any, v: Any) -> tuple[Any, Any]:
    """Both with the shape of ``v``."""
    return q + np.zeros(v.shape, v.dtype), np.broadcast_to(known, v.shape)


def _moving(step: Callable[[Any, Any], Any]) -> Any:
    """A rule for what moves elements about: ``step`` is how the factor has to have been moved."""

    def rule(inner: Any, c: Any, path: Path) -> Found:
        v = c.arguments[0]
        q, known = inner(v, (*path, step(c, v)))
        if not np.any(known):
            return _NOTHING
        q, known = _whole(q, known, v)
        return c.primitive(q, **c.params), c.primitive.function(known, **c.params).astype(bool)

    return rule


def _axes_back(c: Any, v: Any) -> Any:
    axes = c.params["axes"]
    return "transpose", None if axes is None else tuple(int(k) for k in np.argsort(axes))


def _added_back(inner: Any, c: Any, path: Path) -> Found:
    """Elements that were read: where nothing is added, there is 0."""
    v = c.arguments[0]
    q, known = inner(v, (*path, ("getitem", c.params["index"])))
    q, known = _whole(q, known, v)
    lost = c.primitive.function((~known).astype(float), **c.params) != 0
    return _NOTHING if lost.all() else (c.primitive(q, **c.params), ~lost)


def _reshaped(inner: Any, c: Any, path: Path) -> Found:
    """What keeps its elements, and has them in another shape."""
    v = c.arguments[0]
    if np.size(v) != c.size:
        return _NOTHING
    path = path[:-1] if path and path[-1][0] == "reshape" else path
    q, known = inner(v, (*path, ("reshape", v.shape)))
    q, known = _whole(q, known, v)
    return c.primitive(q, **c.params), known.reshape(c.shape)


def _vanishing(inner: Any, c: Any, path: Path) -> Found:
    """f(u) with f(0) = 0 is u times the mean of f' between 0 and u."""
    u = c.arguments[0]
    q, known = inner(u, path)
    return (q * _mean_slope(c.primitive, u), known) if np.any(known) else _NOTHING


def _mean_slope(p: Any, u: Any) -> Any:
    """The mean of the derivative between 0 and u: at 0 it is right, and so are its first 7 derivatives."""
    one, total = np.ones(u.shape, u.dtype), 0.0
    for place, weight in _GAUSS:
        v = u * place
        total = total + p.vjps[0](one, p(v), v) * weight
    return total


def _summed_back(inner: Any, c: Any, path: Path) -> Found:
    """What was broadcast, and is summed over those axes and reshaped; or only reshaped."""
    v = c.arguments[0]
    if not isinstance(v, Node) or v.primitive is not registry["sum"]:
        return _reshaped(inner, c, path)
    (w,), axis = v.arguments, v.params["axis"]
    extra = w.ndim - c.ndim
    axes = [k for k in range(w.ndim) if k < extra or w.shape[k] != c.shape[k - extra]]
    if extra < 0 or axis is None or [*np.atleast_1d(axis)] != axes:
        return _NOTHING
    q, known = inner(w, (*path, ("broadcast_to", w.shape)))
    q, known = _whole(q, known, w)
    return q.sum(axis=tuple(axes)).reshape(c.shape), known.all(tuple(axes)).reshape(c.shape)


#: Functions that are 0 at 0, and Gauss's places and weights for means over the interval from 0 to 1.
_VANISHING = (
    *("sin", "sinh", "tan", "tanh", "arcsin", "arctan", "arcsinh", "arctanh"),
    *("expm1", "log1p", "erf"),
)
_GAUSS = [
    (float(x + 1) / 2, float(w) / 2)
    for x, w in zip(*np.polynomial.legendre.leggauss(4), strict=True)
]
#: What gives as many elements as it gets may be a change of shape.
_SAME = {"reshape", "broadcast_to", "sum", "mean", "max", "min"}
_RULES: dict[str, Any] = {
    "mul": _product,
    "div": _fraction,
    "add": _total,
    "sub": _total,
    "neg": _linear,
    "pos": _linear,
    "real": _linear,
    "where": _choice,
    "pow": _powered,
    "square": _powered,
    "transpose": _moving(_axes_back),
    "astype": _moving(lambda c, v: ("astype", v.dtype)),
    "getitem": _moving(lambda c, v: ("concatenate", c.params["index"])),
    "scatter_add": _added_back,
    "reshape": _summed_back,
    "broadcast_to": _reshaped,
    **dict.fromkeys(_VANISHING, _vanishing),
}
