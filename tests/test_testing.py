"""check_grads accepts what is right and finds what is wrong."""

import numpy as np
import pytest

import agx as ag

X = np.array([0.4, -1.3, 2.1])


def wrong(name, value, rule):
    return ag.primitive(f"test_wrong_{name}", value, [rule])


@pytest.mark.parametrize(
    "broken",
    [
        wrong("sign", np.sin, lambda g, out, x: -g * ag.cos(x)),
        wrong("factor", np.square, lambda g, out, x: g * x),
        wrong("constant", np.exp, lambda g, out, x: g),
        wrong("nothing", np.tanh, lambda g, out, x: None),
        wrong("tiny", np.square, lambda g, out, x: g * x * 2.0001),
    ],
    ids=lambda p: p.name,
)
def test_a_wrong_formula_is_found(broken):
    with pytest.raises(AssertionError, match="derivative 1 along a random direction"):
        ag.testing.check_grads(broken, X)


def test_a_formula_right_to_first_order_only_is_found():
    frozen = wrong("frozen", np.exp, lambda g, out, x: g * np.exp(np.asarray(x)))
    ag.testing.check_grads(frozen, X, order=1)
    with pytest.raises(AssertionError, match="derivative 2 along a random direction"):
        ag.testing.check_grads(frozen, X, order=2)


def test_third_order():
    ag.testing.check_grads(lambda x: ag.exp(x) * x, X, order=3)


def test_several_arguments_and_a_result_of_any_shape():
    ag.testing.check_grads(lambda x, y: ag.outer(x, y)[None], X, X[:2])


def test_a_constant_function_has_zero_gradient():
    ag.testing.check_grads(lambda x: np.ones(3), X)
