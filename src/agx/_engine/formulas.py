"""Derivatives of NumPy's ufuncs as formulas, for docstrings; a test compares them with the rules."""

from __future__ import annotations

#: By name: the derivatives in x (and y), a point, and what ``ag.grad`` returns there.
DERIVATIVES = {
    "absolute": ("sign(x)", "(0.5)", "array(1.)"),
    "arccos": ("-1 / sqrt(1 - x**2)", "(0.5)", "array(-1.15470054)"),
    "arccosh": ("1 / sqrt(x**2 - 1)", "(2.0)", "array(0.57735027)"),
    "arcsin": ("1 / sqrt(1 - x**2)", "(0.5)", "array(1.15470054)"),
    "arcsinh": ("1 / sqrt(1 + x**2)", "(0.5)", "array(0.89442719)"),
    "arctan": ("1 / (1 + x**2)", "(0.5)", "array(0.8)"),
    "arctanh": ("1 / (1 - x**2)", "(0.5)", "array(1.33333333)"),
    "cbrt": ("1 / (3 * cbrt(x)**2)", "(0.5)", "array(0.52913368)"),
    "cos": ("-sin(x)", "(0.5)", "array(-0.47942554)"),
    "cosh": ("sinh(x)", "(0.5)", "array(0.52109531)"),
    "exp": ("exp(x)", "(0.5)", "array(1.64872127)"),
    "exp2": ("log(2) * 2**x", "(0.5)", "array(0.98025814)"),
    "expm1": ("exp(x)", "(0.5)", "array(1.64872127)"),
    "log": ("1 / x", "(0.5)", "array(2.)"),
    "log10": ("1 / (log(10) * x)", "(0.5)", "array(0.86858896)"),
    "log1p": ("1 / (1 + x)", "(0.5)", "array(0.66666667)"),
    "log2": ("1 / (log(2) * x)", "(0.5)", "array(2.88539008)"),
    "negative": ("-1", "(0.5)", "array(-1.)"),
    "reciprocal": ("-1 / x**2", "(0.5)", "array(-4.)"),
    "sign": ("0", "(0.5)", "array(0.)"),
    "sin": ("cos(x)", "(0.5)", "array(0.87758256)"),
    "sinh": ("cosh(x)", "(0.5)", "array(1.12762597)"),
    "sqrt": ("1 / (2 * sqrt(x))", "(0.5)", "array(0.70710678)"),
    "square": ("2 * x", "(0.5)", "array(1.)"),
    "tan": ("1 / cos(x)**2", "(0.5)", "array(1.29844641)"),
    "tanh": ("1 - tanh(x)**2", "(0.5)", "array(0.78644773)"),
    "add": ("1 and 1", "(2.0, 3.0)", "(array(1.), array(1.))"),
    "subtract": ("1 and -1", "(2.0, 3.0)", "(array(1.), array(-1.))"),
    "multiply": ("y and x", "(2.0, 3.0)", "(array(3.), array(2.))"),
    "divide": ("1 / y and -x / y**2", "(2.0, 3.0)", "(array(0.33333333), array(-0.22222222))"),
    "power": ("y * x**(y - 1) and log(x) * x**y", "(2.0, 3.0)", "(array(12.), array(5.54517744))"),
    "arctan2": (
        "y / (x**2 + y**2) and -x / (x**2 + y**2)",
        "(2.0, 3.0)", "(array(0.23076923), array(-0.15384615))",
    ),
    "hypot": ("x / hypot(x, y) and y / hypot(x, y)", "(2.0, 3.0)", "(array(0.5547002), array(0.83205029))"),
    "logaddexp": (
        "exp(x) / (exp(x) + exp(y)) and exp(y) / (exp(x) + exp(y))",
        "(2.0, 3.0)", "(array(0.26894142), array(0.73105858))",
    ),
    "maximum": ("(x > y) + (x == y) / 2 and (x < y) + (x == y) / 2", "(2.0, 3.0)", "(array(0.), array(1.))"),
    "minimum": ("(x < y) + (x == y) / 2 and (x > y) + (x == y) / 2", "(2.0, 3.0)", "(array(1.), array(0.))"),
    "remainder": ("1 and -floor(x / y)", "(2.0, 3.0)", "(array(1.), array(-0.))"),
}  # fmt: skip


def describe(name: str) -> str:
    """Return the docstring of a ufunc."""
    first = f"Compute ``numpy.{name}`` of arrays or Tensors, elementwise."
    if name not in DERIVATIVES:
        return first
    formula, at, found = DERIVATIVES[name]
    several, which = ("s are", ", (0, 1)") if "," in at else (" is", "")
    return f"{first}\n\nThe derivative{several} {formula}.\n\n>>> ag.grad(ag.{name}{which}){at}\n{found}\n"
