"""The derivatives of elementwise operations as text: there, right, and in LaTeX."""

import importlib
from importlib.util import find_spec

import numpy as np
import pytest
from op_table import rows

import agx as ag
from agx._engine.formulas import latex, names_of
from agx._engine.graph import Node, no_gradient, registry
from agx._engine.walk import wanted_below

#: Elementwise operations without a text, and why.
WITHOUT = {"conj": "the conjugate of a complex number has no derivative"}
#: Its operations are registered when it is imported.
SPECIAL = vars(importlib.import_module("agx.special")) if find_spec("scipy") else {}
WITH = [name for name, p in registry.items() if p.derivative]


def names():
    """What a text may use besides the arguments of its operation."""
    own = {name: p for name, p in registry.items() if name not in SPECIAL}
    return {**vars(ag), **own, **SPECIAL, **vars(np)}


def uses(name):
    """Every node of the operation in the graphs of its rows in the op table."""
    for function, *arrays in rows[name]:
        with np.errstate(all="ignore"):
            out = function(*map(ag.Tensor, arrays))
        yield from (node for node in wanted_below(out) if node.op == name)


def test_every_elementwise_operation_has_a_derivative_or_a_reason_to_have_none():
    assert {name for name, p in registry.items() if p.elementwise and not p.derivative} == set(
        WITHOUT
    )


@pytest.mark.parametrize("name", WITH)
def test_texts_are_what_the_pull_backs_compute(name):
    p, space, compared = registry[name], names(), 0
    assert len(p.derivative) == len(p.vjps)
    for node in uses(name):
        args = [a.array if isinstance(a, Node) else a for a in node.arguments]
        given = {**space, **node.params, **dict(zip(names_of(p), args, strict=True))}
        for rule, text in zip(p.vjps, p.derivative, strict=True):
            if text is None:
                assert rule in (None, no_gradient)
                continue
            with np.errstate(all="ignore"):
                expected = np.broadcast_to(eval(text, given), node.shape)
                found = rule(np.ones(node.shape), node.array, *args, **node.params)
            regular = np.isfinite(expected)  # a formula may divide 0 by 0 where the limit is known
            found = np.broadcast_to(0.0 if found is None else found, node.shape)
            np.testing.assert_allclose(found[regular], expected[regular], rtol=1e-7, atol=1e-7)
            compared += int(regular.sum())
    assert compared > 0


@pytest.mark.parametrize("name", ["sin", "divide", "arctan2", "pow", "relu", "sigmoid", "ldexp"])
def test_docstrings_tell_the_derivative(name):
    function = getattr(ag, name)
    texts = [text for text in function.derivative if text]
    assert " and ".join(texts) + ".\n" in function.__doc__
    assert f">>> np.allclose(ag.grad(ag.{name}" in function.__doc__


def balanced(text):
    depth = 0
    for before, c in zip(" " + text, text, strict=False):
        if c in "{}" and before != "\\":
            depth += 1 if c == "{" else -1
        assert depth >= 0
    return depth == 0 and text.count(r"\left") == text.count(r"\right")


@pytest.mark.parametrize("name", WITH)
def test_latex_is_well_formed(name):
    for text in filter(None, registry[name].derivative):
        written = latex(text)
        assert balanced(written), written
        assert "**" not in written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cos(x)", r"\cos\left(x\right)"),
        ("-1 / sqrt(1 - x**2)", r"-\frac{1}{\sqrt{1 - x^{2}}}"),
        ("y * x**(y - 1)", r"y \, x^{y - 1}"),
        ("2 * exp(-x**2) / pi", r"\frac{2 \, e^{-x^{2}}}{\pi}"),
        ("(x > y) + (x == y) / 2", r"\left[x > y\right] + \frac{\left[x = y\right]}{2}"),
        ("1 - (x - y)", r"1 - \left(x - y\right)"),
        ("(-x)**2", r"\left(-x\right)^{2}"),
        ("x * 2.5", r"x \cdot 2.5"),
        ("pos_weight * (1 - t)", r"\mathrm{pos\_weight} \, \left(1 - t\right)"),
        ("f(x, n=n + 1)", r"\operatorname{f}\left(x, n = n + 1\right)"),
        (
            "where(x > 0, 1, slope)",
            r"\begin{cases} 1 & \left[x > 0\right] \\ \mathrm{slope} & \text{otherwise} \end{cases}",
        ),
    ],
)
def test_latex(text, expected):
    assert latex(text) == expected


def test_latex_says_what_it_cannot_write():
    with pytest.raises(ValueError, match=r"latex: cannot write 'x\[0\]'; use arithmetic"):
        latex("x[0]")


def test_an_operation_knows_its_derivative_in_latex():
    assert ag.sin.derivative[0].latex == r"\cos\left(x\right)"
    assert [d.latex for d in ag.multiply.derivative] == ["y", "x"]
    cube = ag.primitive(
        "cube", lambda x: x**3, [lambda g, out, x: 3 * g * x**2], derivative="3 * x**2"
    )
    assert cube.derivative == ("3 * x**2",)
    assert cube.derivative[0].latex == r"3 \, x^{2}"
