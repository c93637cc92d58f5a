"""Derivatives as text: what becomes of them in docstrings and in LaTeX.

A text is an expression of Python in the names that the pull-backs give the arguments. Its functions are
those of NumPy, of agx or of ``agx.special``. A test compares each with the pull-back.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence

import numpy as np

from .._kernels.graph import Primitive


class Formula(str):
    """The derivative of an operation in one argument, as text.

    >>> ag.sin.derivative[0], ag.divide.derivative[1].latex
    ('cos(x)', '-\\\\frac{x}{y^{2}}')
    """

    __slots__ = ()

    @property
    def latex(self) -> str:
        """The same in LaTeX."""
        return latex(self)


def formulas_of(given: str | Sequence[str | None]) -> tuple[Formula | None, ...]:
    """One text or several, one for each argument, as formulas."""
    texts = (given,) if isinstance(given, str) else given
    return tuple(None if text is None else Formula(text) for text in texts)


def names_of(p: Primitive) -> tuple[str, ...]:
    """The names of the arguments of an operation, as its pull-backs call them."""
    for rule in () if callable(p.vjps) else p.vjps:
        code = getattr(rule, "__code__", None)
        if code is not None and code.co_argcount > 2:
            return tuple(code.co_varnames[2 : code.co_argcount])
    return tuple("xyz"[: len(p.derivative)])


# --- docstrings ----------------------------------------------------------------------------------


def document(p: Primitive, doc: str | None) -> str:
    """The docstring of an operation: what it computes, its derivative, and an example of that.

    Without ``doc`` the operation is a ufunc of NumPy.
    """
    ufunc = p.function if isinstance(p.function, np.ufunc) else None
    name = ufunc.__name__ if ufunc else p.name
    first = doc or f"Compute ``numpy.{name}`` of arrays or Tensors, elementwise."
    texts = {i: text for i, text in enumerate(p.derivative) if text is not None}
    if not texts:
        return first
    home = "ag.special" if ufunc and getattr(np, name, None) is not ufunc else "ag"
    names, where = names_of(p), tuple(texts)
    if len(texts) == len(p.derivative):
        are = "s are" if len(texts) > 1 else " is"
        sentence = f"The derivative{are} {' and '.join(texts.values())}."
    else:
        sentence = " and ".join(f"The derivative in {names[i]} is {texts[i]}" for i in where) + "."
    code = ", ".join(_callable(text, home) for text in texts.values())
    if len(where) > 1:
        code = f"({code})"
    which = "" if where == (0,) else f", {where[0] if len(where) == 1 else where}"
    given = ", ".join(names)
    return (
        f"{first}\n\n{sentence}\n\n>>> {given} = {_point(p)}\n"
        f">>> np.allclose(ag.grad({home}.{name}{which})({given}), {code})\nTrue\n"
    )


def _callable(text: str, home: str) -> str:
    """The text with the modules that its names are from."""

    def full(found: re.Match[str]) -> str:
        name = found[0]
        return f"{'np' if hasattr(np, name) else home}.{name}"

    return re.sub(r"\b(?:[a-zA-Z]\w+(?=\()|pi\b)", full, text)


def _point(p: Primitive) -> str:
    """Arguments inside the domain; integers where there is no derivative."""
    if len(p.derivative) > 1:
        numbers = zip((2.0, 3.0, 0.5), p.derivative, strict=False)
        return ", ".join(str(x if text else int(x)) for x, text in numbers)
    with np.errstate(all="ignore"):
        return "0.5" if np.isfinite(p.function(0.5)) else "2.0"


# --- LaTeX ---------------------------------------------------------------------------------------

_KNOWN = {
    "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "log", "max", "min"
}  # fmt: skip
_RELATIONS: dict[type, str] = {
    ast.Lt: "<", ast.Gt: ">", ast.LtE: r"\le", ast.GtE: r"\ge", ast.Eq: "=", ast.NotEq: r"\ne"
}  # fmt: skip
_SUM, _SIGN, _PRODUCT, _POWER, _ATOM = range(5)


def latex(text: str) -> str:
    """Write an expression in LaTeX; raises ValueError for syntax that no derivative needs.

    >>> from agx._engine.formulas import latex
    >>> print(latex("-x / sqrt(1 + y**2)"))
    -\\frac{x}{\\sqrt{1 + y^{2}}}
    """
    return _write(ast.parse(text, mode="eval").body)[0]


def _write(node: ast.expr) -> tuple[str, int]:
    """LaTeX and how tightly its outermost operation binds."""
    if isinstance(node, ast.Name):
        return (r"\pi" if node.id == "pi" else _word(node.id)), _ATOM
    if isinstance(node, ast.Attribute):  # the name of a parameter, as in layer.weight
        return _word(ast.unparse(node)), _ATOM
    if isinstance(node, ast.Constant):
        return f"{node.value!r}".removesuffix(".0"), _ATOM
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return f"-{_inside(node.operand, _PRODUCT)}", _SIGN
    if isinstance(node, ast.Compare):
        left, right = _write(node.left)[0], _write(node.comparators[0])[0]
        return rf"\left[{left} {_RELATIONS[type(node.ops[0])]} {right}\right]", _ATOM
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call(node.func.id, node)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        return _OPERATIONS[type(node.op)](node.left, node.right)
    raise ValueError(
        f"latex: cannot write {ast.unparse(node)!r}; use arithmetic, comparisons and calls"
    )


def _inside(node: ast.expr, least: int) -> str:
    text, binds = _write(node)
    return text if binds >= least else rf"\left({text}\right)"


def _word(name: str) -> str:
    escaped = name.replace("_", r"\_")
    return name if len(name) == 1 else rf"\mathrm{{{escaped}}}"


def _product(left: ast.expr, right: ast.expr) -> tuple[str, int]:
    times = r" \cdot " if isinstance(right, ast.Constant) else r" \, "
    return f"{_inside(left, _SIGN)}{times}{_inside(right, _POWER)}", _PRODUCT


def _quotient(left: ast.expr, right: ast.expr) -> tuple[str, int]:
    if isinstance(left, ast.UnaryOp):  # -x / y is -(x / y)
        return f"-{_quotient(left.operand, right)[0]}", _SIGN
    return rf"\frac{{{_write(left)[0]}}}{{{_write(right)[0]}}}", _POWER


_OPERATIONS: dict[type, Callable[[ast.expr, ast.expr], tuple[str, int]]] = {
    ast.Add: lambda x, y: (f"{_inside(x, _SUM)} + {_inside(y, _PRODUCT)}", _SUM),
    ast.Sub: lambda x, y: (f"{_inside(x, _SUM)} - {_inside(y, _PRODUCT)}", _SUM),
    ast.Mult: _product,
    ast.Div: _quotient,
    ast.Pow: lambda x, y: (f"{_inside(x, _ATOM)}^{{{_write(y)[0]}}}", _POWER),
}
_BRACKETS: dict[str, Callable[..., str]] = {
    "exp": lambda x: f"e^{{{x}}}",
    "sqrt": lambda x: rf"\sqrt{{{x}}}",
    "cbrt": lambda x: rf"\sqrt[3]{{{x}}}",
    "abs": lambda x: rf"\left|{x}\right|",
    "floor": lambda x: rf"\left\lfloor {x} \right\rfloor",
    "where": lambda c, x, y: (
        rf"\begin{{cases}} {x} & {c} \\ {y} & \text{{otherwise}} \end{{cases}}"
    ),
}


def _call(name: str, node: ast.Call) -> tuple[str, int]:
    args = [_write(a)[0] for a in node.args]
    args += [f"{_word(str(k.arg))} = {_write(k.value)[0]}" for k in node.keywords]
    if name in _BRACKETS and len(args) == _BRACKETS[name].__code__.co_argcount:
        return _BRACKETS[name](*args), _POWER if name == "exp" else _ATOM
    escaped = name.replace("_", r"\_")
    head = rf"\{name}" if name in _KNOWN else rf"\operatorname{{{escaped}}}"
    return rf"{head}\left({', '.join(args)}\right)", _ATOM
