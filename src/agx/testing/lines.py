"""Scalar functions along a line: their slopes by backward passes, and by finite differences."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._engine.graph import Node, pullback, value_of
from ..ops.complex import real_dot
from ..tensor import Tensor

EPS = float(np.finfo(np.float64).eps)

#: The ways to run a backward pass: differentiable, on plain arrays, and into ``grad``.
PATHS = ("tensors", "arrays", "backward()")


def normal(rng: np.random.Generator, like: np.ndarray) -> np.ndarray:
    """Random numbers of the shape of ``like``, complex if it is."""
    found = rng.standard_normal(like.shape)
    return found + 1j * rng.standard_normal(like.shape) if like.dtype.kind == "c" else found


# --- functions made scalar, and their slopes -----------------------------------------------------


def array_of(result: Any) -> np.ndarray:
    """The plain array in a result."""
    return np.asarray(value_of(result))


def contraction(f: Callable[..., Any], weights: np.ndarray) -> Callable[..., Any]:
    """The real function sum(f * weights); ``f`` sees Tensors only.

    Raises RuntimeError if the result has not the shape of the weights.
    """

    def contracted(*xs: Any) -> Any:
        xs = tuple(x if isinstance(x, Tensor) else Tensor(x, requires_grad=False) for x in xs)
        result = f(*xs)
        if np.shape(result) != weights.shape:
            raise RuntimeError(
                f"check_grads: f gave a result of shape {weights.shape} first and of {np.shape(result)} "
                "now; fix its random numbers, or choose a point around which its shape stays the same"
            )
        return real_dot(result, weights)

    return contracted


def derivative(f: Callable[..., Any], directions: Sequence[Any]) -> Callable[..., Any]:
    """The derivative of a scalar function along ``directions``, which can be differentiated again."""

    def slope(*xs: Any) -> Any:
        nodes: list[Any] = [x * 1.0 if isinstance(x, Tensor) else Tensor(x) for x in xs]
        out = f(*nodes)
        if not isinstance(out, Tensor):
            return np.float64(0.0)
        found = pullback(out, nodes, create_graph=True)
        terms = [real_dot(g, d) for g, d in zip(found, directions, strict=True)]
        return sum(terms[1:], terms[0])

    return slope


def pulled(out: Any, nodes: Sequence[Any], directions: Sequence[Any], path: str) -> np.ndarray:
    """What each element adds to the slope of ``out`` by a backward pass of the given kind."""
    if not isinstance(out, Tensor) or not out.requires_grad:
        return np.zeros(1)
    if path == "backward()":
        for x in nodes:
            x.grad = None
        out.backward()
        found = [x.grad for x in nodes]
    else:
        found = pullback(out, nodes, create_graph=path == "tensors")
    pairs = zip(found, directions, strict=True)
    return np.concatenate([np.real(array_of(g) * d).ravel() for g, d in pairs])


# --- a function of one number --------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Corner:
    """Slopes from both sides that differ at ``place``; infinite at a jump or a vertical tangent."""

    place: float
    left: float
    right: float
    what: str
    size: float
    blur: float = 0.0

    def spans(self, slope: float, slack: float) -> bool:
        """Whether ``slope`` lies between the two sides (a subgradient), or nobody can tell."""
        low, high = sorted((self.left, self.right))
        slack += self.blur + 1e-4 * (high - low)
        return not np.isfinite([low, high, slope]).all() or low - slack <= slope <= high + slack

    def allows(
        self, slope: float, slack: float, at: Callable[[float], Any], weights: np.ndarray
    ) -> bool:
        """Whether ``slope`` is a sum over elements of ``at`` that each lie between their two sides."""
        here, before, after = (array_of(at(self.place + k * self.size)) for k in (0, -1, 1))
        sides = [np.real(weights * d) / self.size for d in (here - before, after - here)]
        low, high = float(np.minimum(*sides).sum()), float(np.maximum(*sides).sum())
        slack += self.blur + 1e-3 * (high - low)
        return self.spans(slope, slack) or low - slack <= slope <= high + slack


class Line:
    """A scalar function of one number near 0, and what its values there tell of its slope."""

    def __init__(self, along: Callable[[float], float], step: float) -> None:
        self.along, self.step = along, step
        self.known: dict[float, float] = {}
        self.rounding = np.nan

    def __call__(self, t: float) -> float:
        if t not in self.known:
            try:
                self.known[t] = float(self.along(t))
            except (ArithmeticError, ValueError):  # such as a matrix that cannot be inverted
                self.known[t] = np.nan
        return self.known[t]

    def central(self, h: float) -> float:
        return (self(h) - self(-h)) / (2 * h)

    def difference(self, h: float) -> float:
        """The central difference with its error of second order removed."""
        return (4 * self.central(h / 2) - self.central(h)) / 3

    def noise(self) -> float:
        """The error of a value: what is left of neighbouring values after six differences."""
        if np.isnan(self.rounding):
            for spacing in (1e-3, 1e-5, 1e-7):
                self.rounding, size = self._unevenness(self.step * spacing)
                if self.rounding <= 1e-4 * size:
                    break
            else:  # next to a pole no spacing is short enough
                self.rounding = min(self.rounding, self._unevenness(self.step * 1e-6, 1000)[0])
        return self.rounding

    def _unevenness(self, spacing: float, first: int = 1) -> tuple[float, float]:
        """Sixth differences on the smoother side, scaled to the error of one value; size of values."""
        found = []
        for sign in (1, -1):
            near = [self(sign * k * spacing) for k in range(first, first + 11)]
            size = float(np.abs(near).max())
            rest = float(np.abs(np.diff(near, 6)).max()) / 924**0.5
            if np.isfinite(rest):
                found.append((max(rest, 4 * EPS * size), size))
        return min(found, default=(np.inf, 0.0))

    def error(self, h: float) -> float:
        """An estimate of the error of ``difference(h)``, from shorter steps and from rounding.

        Much shorter ones count too: over steps that are far too long a function looks flat.
        """
        here, noise = self.difference(h), self.noise() / h
        short, shorter = self.difference(h / 2), self.difference(h / 10)
        return max(abs(here - short), abs(here - shorter) - 80 * noise) + 4 * noise

    def steps(self) -> list[float]:
        around = {self.step, 1e-3}
        return sorted({h * 10.0**k for h in around for k in range(2, -7, -1)}, reverse=True)

    def best(self) -> tuple[float, float, float]:
        """The most trustworthy difference, its error and its step; NaN and inf if there is none."""
        finite = [(e, h) for h in self.steps() if np.isfinite(e := self.error(h))]
        error, h = min(finite, default=(np.inf, self.step))
        return (self.difference(h) if finite else np.nan), error, h

    def slopes(self, t: float, s: float) -> tuple[float, float]:
        return (self(t) - self(t - s)) / s, (self(t + s) - self(t)) / s

    def corner(self, t: float = 0.0) -> Corner | None:
        """What keeps the function from being smooth at ``t``, if anything.

        Where it is smooth, slopes from the two sides and over two lengths s approach one another
        like s; at a corner they keep their distance, at a jump they part like 1/s.
        """
        gaps: list[tuple[float, float]] = []
        for s in (self.step / 8**k for k in range(1, 9)):
            (left, right), (left2, right2) = self.slopes(t, s), self.slopes(t, 2 * s)
            if not np.isfinite([left, right]).all():
                continue
            gap = max(abs(right - left), abs(right - right2), abs(left - left2))
            if not gap > 40 * self.noise() / s:
                break
            gaps.append((gap, s))
        if not gaps:
            return self.edge(t)
        if len(gaps) < 2 or gaps[-1][0] < 0.35 * gaps[-2][0]:
            return None
        (before, _), (gap, s) = gaps[-2:]
        if gap < 2 * before:
            alike = [length for size, length in gaps if abs(size - gap) < 0.1 * gap]
            s = alike[len(alike) // 2]
        (left, right), (left2, right2) = self.slopes(t, s), self.slopes(t, 2 * s)
        if gap < 2 * before:
            blur = 20 * self.noise() / s
            return Corner(t, 2 * left - left2, 2 * right - right2, "a corner", s, blur)
        what = "a jump" if gap > 6 * before else "a vertical tangent"
        steep = [
            np.copysign(np.inf, a) if abs(a) > 1.3 * abs(b) else a
            for a, b in ((left, left2), (right, right2))
        ]
        return Corner(t, float(steep[0]), float(steep[1]), what, s)

    def edge(self, t: float) -> Corner | None:
        """A corner where the function is defined on one side only."""
        s = self.step / 8**8
        left, right = self.slopes(t, s)
        if not np.isfinite(self(t)) or np.isfinite(left) == np.isfinite(right):
            return None
        return Corner(t, left, right, "the end of its domain", s)

    def nearby(self) -> Corner | None:
        """A corner within ``step`` of 0: close in on the largest second difference."""
        place, width, size = 0.0, self.step, np.inf
        while size > 20 * self.noise() and width > self.step / 2**16:
            center = place
            bends = [
                (self._bend(m, width / 2), m)
                for m in (center - width / 2, center, center + width / 2)
            ]
            size, place = max(bends)
            width /= 2
        near, wide = self._bend(place, width), self._bend(place, 8 * width)
        if near < 0.3 * wide / 8 or not np.isfinite(near):
            return None
        if width > self.step / 2**4 or not wide > 400 * self.noise():
            return None
        far = 8 * width
        left = (self(place - far) - self(place - 2 * far)) / far
        right = (self(place + 2 * far) - self(place + far)) / far
        if max(abs(right - left), near / self.step) <= 1e-7 * abs(left):
            return None  # where an implementation changes from one formula to another
        return Corner(place, left, right, "a jump" if near > 0.5 * wide else "a corner", width)

    def _bend(self, t: float, s: float) -> float:
        bend = abs(self(t + s) - 2 * self(t) + self(t - s))
        return bend if np.isfinite(bend) else np.inf


# --- one op by itself ----------------------------------------------------------------------------


def op_with_shapes(node: Any) -> str:
    shapes = ", ".join(str(array_of(a).shape) for a in node.arguments)
    return f"op '{node.op}' of arguments of shape {shapes}"


class Alone:
    """One op of a graph by itself, at the values that it had there."""

    def __init__(self, node: Any, rng: np.random.Generator) -> None:
        self.node, self.rng = node, rng
        self.weights = normal(rng, node.value)
        self.varied = [
            k for k, a in enumerate(node.arguments) if isinstance(a, Node) and a.requires_grad
        ]
        self.inputs = [node.arguments[k] for k in self.varied]
        self.points = [a.value for a in self.inputs]
        self.bend = 0.0

    def result(self, *xs: Any) -> Any:
        """The result as a function of the inputs that want a gradient."""
        arguments = [value_of(a) for a in self.node.arguments]
        for k, x in zip(self.varied, xs, strict=True):
            arguments[k] = x
        out = self.node.primitive(*arguments, **self.node.params)
        return out + out * out * self.bend if self.bend else out

    def __call__(self, *xs: Any) -> Any:
        """The contracted result as a function of the inputs that want a gradient."""
        return real_dot(self.result(*xs), self.weights)

    def contracted(self, at: Callable[[float], Any], t: float) -> float:
        """A result of this op, as a number."""
        return float(real_dot(array_of(at(t)), self.weights))

    def derivative(self, order: int, ways: Sequence[Any]) -> Callable[..., Any]:
        """The derivative of that order along ``ways``, of a result that is made to depend on g too."""
        f: Callable[..., Any] = self
        self.bend = (
            1 / max(float(np.abs(self.node.value).max(initial=0.0)), 1e-30) if order else 0.0
        )
        for _ in range(order):
            f = derivative(f, ways)
        return f

    def along(self, f: Callable[..., Any], points: Any, ways: Any) -> Callable[[float], float]:
        """``f`` along a line of its own."""
        pairs = list(zip(points, ways, strict=True))
        return lambda t: float(array_of(f(*(Tensor(p + t * d) for p, d in pairs))))

    def paths(self) -> tuple[str, ...]:
        return PATHS if self.node.primitive is not None else ("arrays",)

    def shares(self, path: str) -> list[tuple[Any, np.ndarray]]:
        """What the op passes on to its inputs for the gradient ``weights``."""
        if self.node.primitive is None:
            return self._closure_shares()
        leaves = [Tensor(x) for x in self.points]
        out = self(*leaves)
        if path == "backward()":
            out.backward()
            found = [x.grad for x in leaves]
        else:
            found = pullback(out, leaves, create_graph=path == "tensors")
        return list(zip(self.inputs, map(array_of, found), strict=True))

    def overwritten(self) -> str:
        """What the op's pull-back writes into although it is not its own; empty if nothing."""
        vjps, params = self.node.primitive.vjps, self.node.params
        given = [self.weights, self.node.value, *map(value_of, self.node.arguments)]
        names = ["g", "out", *(f"argument {i}" for i in range(len(given) - 2))]
        for k in self.varied:
            rule = functools.partial(vjps, k) if callable(vjps) else vjps[k]
            copies = [np.array(x) if isinstance(x, np.ndarray) else x for x in given]
            try:
                rule(*copies, **params)
            except (ArithmeticError, TypeError, ValueError):  # a rule that does not take every g
                continue
            for name, x, now in zip(names, given, copies, strict=True):
                if isinstance(x, np.ndarray) and not np.array_equal(x, now, equal_nan=True):
                    return name
        return ""

    def _closure_shares(self) -> list[tuple[Any, np.ndarray]]:
        unique = list({id(a): a for a in (self.node, *self.inputs)}.values())
        before = [a.grad_or_none for a in unique]
        try:
            for a in unique:
                a.grad = None
            self.node.grad = self.weights
            self.node._backward()
            return [(a, a.grad) for a in unique[1:]]
        finally:
            for a, grad in zip(unique, before, strict=True):
                a.grad = grad

    def objection(self, only: int | None, order: int, mask: Any = 1.0) -> Any:
        """(path, computed, measured) where the op disagrees with its own differences, or None.

        ``only`` is the argument to vary; the directions are as large as the values, and ``mask``
        times that.
        """
        wide = [p.astype(np.result_type(p, np.float64)) for p in self.points]
        ways = [normal(self.rng, p) * np.where(p == 0, 1.0, np.abs(p)) for p in wide]
        ways = [d * (mask if only in (None, i) else 0.0) for i, d in enumerate(ways)]
        f = self.derivative(order - 1, ways)
        line = Line(self.along(f, wide, ways), 1e-3)
        measured, error, _ = line.best()
        for path in self.paths() if order == 1 else ("tensors",):
            leaves = [Tensor(p) for p in self.points]
            try:
                computed = float(pulled(f(*leaves), leaves, ways, path).sum())
            except (TypeError, RuntimeError):  # a rule that cannot be differentiated so often
                continue
            exact = (
                1e-6 if all(p.dtype.char in "dD" for p in (*self.points, self.node.value)) else 1e-4
            )
            slack = exact * max(abs(measured), abs(computed), abs(line(0.0)) * 1e-3) + 10 * error
            if abs(computed - measured) <= slack or not np.isfinite([measured, computed]).all():
                continue
            corner = line.corner()
            at = lambda t: self.result(*(p + t * d for p, d in zip(wide, ways, strict=True)))
            if corner is None or not (
                order > 1 or corner.allows(computed, slack, at, self.weights)
            ):
                return path, computed, measured, ways
        return None

    def detail(self, order: int = 1) -> str:
        """Which argument and which of its elements the op's pull-back gets wrong; empty if none."""
        for i, p in enumerate(self.points):
            wrong = self.objection(i, order)
            if wrong is None:
                continue
            path, computed, measured, _ = wrong
            text = (
                f"the pull-back of {op_with_shapes(self.node)} with respect to argument {self.varied[i]} "
                f"gives {computed:.6g} along a random direction"
                + {"arrays": " on plain arrays", "backward()": " by backward()"}.get(path, "")
                + f", differences of '{self.node.op}' alone give {measured:.6g}"
            )
            return text + self._element(i, p.shape, order)
        mixed = self.objection(None, order) if order > 1 else None
        if mixed is None:
            return ""
        return (
            f"the pull-backs of {op_with_shapes(self.node)} with respect to all arguments together give "
            f"{mixed[1]:.6g} along a random direction, differences of '{self.node.op}' alone give "
            f"{mixed[2]:.6g}"
        )

    def _element(self, i: int, shape: tuple[int, ...], order: int) -> str:
        """An element where the disagreement is large: halve the elements, keep the worse half."""
        chosen = np.arange(int(np.prod(shape)))
        wrong: Any = None
        while len(chosen) > 1 or wrong is None:
            halves = [h for h in np.array_split(chosen, min(2, len(chosen))) if len(h)]
            found = []
            for half in halves:
                mask = np.zeros(int(np.prod(shape)))
                mask[half] = 1.0
                wrong = self.objection(i, order, mask.reshape(shape))
                found.append((abs(wrong[1] - wrong[2]) if wrong else 0.0, half, wrong))
            size, chosen, wrong = max(found, key=lambda row: row[0])
            if not size:
                return ""
        if not shape:
            return ""
        at = tuple(map(int, np.unravel_index(int(chosen[0]), shape)))
        scale = np.asarray(wrong[3][i])[at] ** order
        if self.node.primitive.elementwise and order == 1 and shape == self.weights.shape:
            scale = scale * self.weights[at]
        return (
            f"; at element {at} {np.real(wrong[1] / scale):.6g} is computed "
            f"and {np.real(wrong[2] / scale):.6g} measured"
            if not np.iscomplex(scale)
            else f"; it is wrong at element {at}"
        )
