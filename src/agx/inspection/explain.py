"""The chain rule in words and numbers: what one operation passes on, and the sweep of a whole graph."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .._engine.formulas import Formula, latex, names_of
from .._engine.graph import Node, registry
from .._engine.tables import table
from .._kernels.graph import Scalar
from ..nn.paths import parameter_names
from .sweep import Contribution, Step, graph_of, plain, shares, steps, unbroadcast

_SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "matmul": "@"}
_HEAD = ("step", "node", "incoming", "contributes to")
_FEW = 4  # entries of an input that are told of an operation without a formula


class Line(NamedTuple):
    """One sentence on one input, in text and in LaTeX."""

    text: str
    latex: str


class Explanation:
    """Hold what ``explain()`` found: prints as text, shows as a table in notebooks, and has ``latex``."""

    def __init__(self, title: str, lines: list[Line]) -> None:
        self.title, self.lines = title, lines

    def __str__(self) -> str:
        return "\n".join([self.title, *(f"  {line.text}" for line in self.lines)])

    __repr__ = __str__

    @property
    def latex(self) -> str:
        """The same in LaTeX, an ``aligned`` line for each input."""
        return (
            "\\begin{aligned}\n"
            + " \\\\\n".join(line.latex for line in self.lines)
            + "\n\\end{aligned}"
        )

    def _repr_html_(self) -> str:
        return table([self.title], [[line.text] for line in self.lines])


def explain(node: Any, index: Any = None) -> Explanation:
    """Tell the local rule of an operation in symbols and in numbers, one sentence for each input.

    ``incoming`` is the gradient of ``node``, or 1 if ``backward()`` has not come there; what an input's
    gradient was before is what all others gave, or 0 where an infinite share hides that. Of a Tensor the
    element at ``index`` is told, by default the first. Raises TypeError for a leaf, IndexError for an index
    that is not there, and RuntimeError where the graph was let go.

    >>> a, b = ag.Scalar(2.0, label="a"), ag.Scalar(-3.0, label="b")
    >>> print((a * b).explain())
    mul: a * b = -6
      d(a*b)/da = b = -3.0; incoming 1.0; contributes -3.0; a.grad: 0.0 -> -3.0
      d(a*b)/db = a = 2.0; incoming 1.0; contributes 2.0; b.grad: 0.0 -> 2.0
    """
    order = graph_of("explain", node)
    if not node.op:
        raise TypeError(
            "explain: expected the result of an operation, got a leaf, which has no rule"
        )
    place = _place(node, index)
    grad = node.grad if isinstance(node, Scalar) else node.grad_or_none
    arrived = grad is not None and np.any(np.asarray(grad) != 0)
    incoming = (
        grad if arrived else 1.0 if isinstance(node, Scalar) else np.ones(node.shape, node.dtype)
    )
    given = [(i, g, node.arguments[i]) for i, g in shares(node, incoming)]
    gradients: dict[int, Any] = {}
    lines: list[Line] = []
    names = _names(node, order)
    with np.errstate(all="ignore"):
        for _, _, source in given if arrived else ():
            total = source.grad if isinstance(source, Scalar) else source.grad_or_none
            if total is not None:
                own = sum(unbroadcast(g, a) for _, g, a in given if a is source)
                gradients[id(source)] = np.where(total == own, 0.0, total - own)
        for position, found, source in given:
            share = unbroadcast(found, source)
            before = gradients.get(id(source), np.zeros_like(share))
            gradients[id(source)] = after = before + share
            c = Contribution(source, position, found, share, before, after)
            lines += _sentences(node, c, incoming, place, names)
    return Explanation(_title(node, place, names), lines)


def _place(node: Any, index: Any) -> tuple[int, ...]:
    shape = np.shape(plain(node))
    if 0 in shape:
        raise IndexError(f"explain: expected a result with elements, got shape {shape}")
    if index is None:
        return (0,) * len(shape)
    try:
        place = tuple(map(operator.index, index if np.ndim(index) else (index,)))
    except TypeError:
        place = (0,) * (len(shape) + 1)  # which is refused
    if len(place) != len(shape) or not all(-n <= i < n for i, n in zip(place, shape, strict=True)):
        raise IndexError(f"explain: expected an index into shape {shape}, got {index}")
    return tuple(i % n for i, n in zip(place, shape, strict=True))


def _names(node: Any, order: list[Any]) -> list[str]:
    """What to call the arguments: their labels, numbers as they are, or else names that nobody has."""
    p = registry.get(node.op) if isinstance(node, Scalar) else node.primitive
    arguments = node.arguments
    count = len(arguments)
    own = list(names_of(p)) if p is not None and len(p.derivative) == count else []
    if len(own) != count:
        own = list("xyzuvw") if count <= 6 else [f"x{i}" for i in range(count)]
    known = parameter_names(order)
    for n in (*order, *arguments):
        if re.fullmatch(r"[^\W\d]\w*", label := getattr(n, "label", "")):
            known[id(n)] = label
    for a, name in zip(arguments, own, strict=False):
        if id(a) in known:
            continue
        if getattr(a, "_constant", not isinstance(a, (Node, Scalar))) and np.size(plain(a)) == 1:
            known[id(a)] = f"{np.asarray(plain(a)).item():g}"
        else:
            free = (name, *"xyzuvw", *(f"x{i}" for i in range(len(known) + 1)))
            known[id(a)] = next(n for n in free if n not in known.values())
    return [known[id(a)] for a in arguments]


def _expression(node: Any, names: list[str], space: str = "") -> str:
    if node.op == "where":
        names = ["condition", *names]
    if node.op in _SYMBOLS and len(names) == 2:
        return f"{names[0]}{space}{_SYMBOLS[node.op]}{space}{names[1]}"
    return f"-{names[0]}" if node.op == "neg" else f"{node.op}({', '.join(names)})"


def _formula(node: Any, position: int, names: list[str]) -> str:
    """The derivative in one argument with these names in it; empty where there is none."""
    p = registry.get(node.op) if isinstance(node, Scalar) else node.primitive
    if p is None or position >= len(p.derivative) or p.derivative[position] is None:
        return ""
    given = dict(zip(names_of(p), names, strict=False))
    return re.sub(r"[A-Za-z_]\w*", lambda m: given.get(m[0], m[0]), p.derivative[position])


def _title(node: Any, place: tuple[int, ...], names: list[str]) -> str:
    value = np.asarray(plain(node))
    at = f"[{', '.join(map(str, place))}]" if place else ""
    said = _expression(node, names, " ")
    said = f"({said})" if at and " " in said and "(" not in said else said
    return f"{node.op}: {said}{at} = {value[place]:.6g}"


def _sentences(
    node: Any, c: Contribution, incoming: Any, place: tuple[int, ...], names: list[str]
) -> Iterator[Line]:
    name, expression = names[c.position], _expression(node, names)
    if re.fullmatch(r"-?[\d.e+-]+", name):
        name = "x"
    formula = _formula(node, c.position, names)
    if np.shape(c.given) != np.shape(plain(node)) or not formula:
        yield from _without_formula(node, c, incoming, place, name, expression)
        return
    here = np.asarray(incoming)[place]
    passed = np.asarray(c.given)[place]
    slope = passed / here if here and np.isfinite(here) else _slope(node, c.position, place)
    target = _target(place, np.shape(plain(c.input)))
    at = f"[{', '.join(map(str, target))}]" if target else ""
    before, after = (np.asarray(g)[target] for g in (c.before, c.after))
    others = int(np.size(c.given) / max(np.size(c.share), 1)) - 1
    more = f", one of {others + 1} elements that add up there" if others > 0 else ""
    equal = "" if formula == _number(slope) else f"{formula} = "
    text = (
        f"d({expression})/d{name} = {equal}{_float(slope)}; incoming {_float(here)}; contributes "
        f"{_float(passed)}{more}; {name}.grad{at}: {_float(before)} -> {_float(after)}"
    )
    written = f"{_tex(formula)} = " if equal else ""
    tex = (
        rf"\frac{{\partial ({_tex(expression)})}}{{\partial {_tex(name)}}} &= {written}{_number(slope)}, "
        rf"\quad {_number(here)} \cdot {_signed(slope)} = {_number(passed)}"
    )
    yield Line(text, tex)


def _without_formula(
    node: Any, c: Contribution, incoming: Any, place: tuple[int, ...], name: str, expression: str
) -> Iterator[Line]:
    """What one element of the result passes on, by the rule itself."""
    alone = np.zeros(np.shape(plain(node)), np.asarray(incoming).dtype)
    alone[place] = np.asarray(incoming)[place]
    given = dict(shares(node, float(alone) if isinstance(node, Scalar) else alone))
    found = given.get(c.position, 0.0 * np.asarray(c.share))
    share = np.asarray(unbroadcast(found, c.input))
    entries = np.argwhere(share != 0)
    largest = sorted(entries.tolist(), key=lambda i: -abs(share[tuple(i)]))[:_FEW]
    told = ", ".join(
        f"{name}{f'[{chr(44).join(map(str, i))}]' if i else ''} gets {_float(share[tuple(i)])}"
        for i in largest
    )
    rest = f", and {len(entries) - _FEW} more" if len(entries) > _FEW else ""
    here = np.asarray(incoming)[place]
    said = told + rest if told else f"nothing comes to {name}"
    yield Line(
        f"d({expression})/d{name}: incoming {_float(here)}; {said}",
        rf"\frac{{\partial ({_tex(expression)})}}{{\partial {_tex(name)}}} &: \text{{{said}}}",
    )


def _slope(node: Any, position: int, place: tuple[int, ...]) -> Any:
    """The derivative at an element whose own gradient is 0."""
    one = 1.0 if isinstance(node, Scalar) else np.ones(node.shape, node.dtype)
    return np.asarray(dict(shares(node, one))[position])[place]


def _target(place: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The element of an input that was repeated to be at a place."""
    last = place[len(place) - len(shape) :]
    return tuple(i if n > 1 else 0 for i, n in zip(last, shape, strict=True))


def _number(x: Any) -> str:
    return f"{x if x.imag else x.real:.6g}"


def _float(x: Any) -> str:
    text = _number(x)
    return f"{text}.0" if re.fullmatch(r"-?\d+", text) else text


def _signed(x: Any) -> str:
    return f"({_number(x)})" if x.imag or x.real < 0 else _number(x)


def _tex(text: str) -> str:
    try:
        return latex(Formula(text))
    except (ValueError, SyntaxError, KeyError):
        return rf"\mathrm{{{text}}}".replace("_", r"\_")


class Trace:
    """Go through the backward sweep of a result step by step: iterate, print, or show it in a notebook.

    Each step has its ``node``, the ``incoming`` gradient and its ``contributions``: input, share, the input's
    gradient before and after.

    >>> a, b = ag.Scalar(2.0, label="a"), ag.Scalar(-3.0, label="b")
    >>> print(ag.trace(a * b + a))
    step  node       incoming  contributes to
    1     add             1.0  mul: 0.0 + 1.0 = 1.0; a: 0.0 + 1.0 = 1.0
    2     mul             1.0  a: 1.0 - 3.0 = -2.0; b: 0.0 + 2.0 = 2.0
    """

    def __init__(self, root: Any) -> None:
        self.root, self._names = root, parameter_names(graph_of("trace", root))

    def __iter__(self) -> Iterator[Step]:
        return steps(self.root)

    def _rows(self) -> list[tuple[str, str, str, str]]:
        rows = []
        for number, step in enumerate(self, 1):
            passed = "; ".join(
                f"{_called(c.input, self._names)}: {_sum(c)}" for c in step.contributions
            )
            rows.append((str(number), _called(step.node, self._names), told(step.incoming), passed))
        return rows

    def __str__(self) -> str:
        rows = [_HEAD, *self._rows()]
        wide = [max(len(row[i]) for row in rows) for i in range(3)]
        wide[0], wide[1] = max(wide[0], 4), max(wide[1], 8)
        return "\n".join(
            f"{row[0]:<{wide[0]}}  {row[1]:<{wide[1]}}  {row[2]:>{wide[2]}}  {row[3]}".rstrip()
            for row in rows
        )

    __repr__ = __str__

    @property
    def latex(self) -> str:
        """The sweep in LaTeX, an ``aligned`` line for each contribution."""
        lines = [
            rf"\bar{{{_tex(_called(c.input, self._names))}}} &\mathrel{{+}}= \text{{{told(c.share)}}}"
            for step in self
            for c in step.contributions
        ]
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def _repr_html_(self) -> str:
        return table(_HEAD, self._rows())


def _called(node: Any, names: dict[int, str]) -> str:
    return node.label or names.get(id(node)) or node.op or "leaf"


def told(x: Any) -> str:
    """A number, or the shape and the norm of an array."""
    if np.ndim(x) == 0:
        return _float(x)
    if np.size(x) <= _FEW:
        return f"[{', '.join(map(_float, np.ravel(x)))}]"
    return f"{np.shape(x)} of norm {np.linalg.norm(np.ravel(x)):.4g}"


def _sum(c: Contribution) -> str:
    if np.ndim(c.share):
        return f"+ {told(c.share)}"
    share = f"+ ({_float(c.share)})"
    if not c.share.imag:
        share = f"{'-' if c.share.real < 0 else '+'} {_float(abs(c.share))}"
    return f"{_float(c.before)} {share} = {_float(c.after)}"
