"""Elementwise operations at kinks, zeros and large arguments."""

import math

import numpy as np
import pytest

import agx as ag

inf = np.inf


def gradient(function, *values):
    leaves = [ag.Tensor(np.array(v, float)) for v in values]
    function(*leaves).sum().backward()
    found = [t.grad.tolist() for t in leaves]
    return found[0] if len(found) == 1 else found


def test_relu_like_functions_agree_at_zero():
    for function in (
        ag.relu, lambda x: ag.maximum(x, 0), lambda x: ag.maximum(0.0, x), lambda x: ag.clip(x, 0),
        lambda x: -ag.minimum(-x, 0), lambda x: ag.leaky_relu(x, 0.0), lambda x: ag.where(x > 0, x, 0.0),
    ):  # fmt: skip
        assert gradient(function, [-1.0, 0.0, 2.0]) == [0.0, 0.0, 1.0]


def test_ties_share_the_gradient():
    assert gradient(ag.maximum, [1.0, 2.0], [1.0, 3.0]) == [[0.5, 0.0], [0.5, 1.0]]
    assert gradient(ag.minimum, [1.0, 2.0], [1.0, 3.0]) == [[0.5, 1.0], [0.5, 0.0]]
    assert gradient(ag.abs, [0.0, -2.0]) == [0.0, -1.0]


def test_powers_of_zero():
    assert gradient(lambda x: x**2, [0.0]) == [0.0]
    assert gradient(lambda x: x**1, [0.0]) == [1.0]
    assert gradient(lambda x: x**0, [0.0]) == [0.0]
    assert gradient(ag.power, [0.0, 0.0, 2.0], [2.0, 0.0, 3.0]) == [
        [0.0, 0.0, 12.0],
        [0.0, 0.0, 8 * math.log(2)],
    ]
    assert gradient(lambda x: x**0.5, [0.0]) == [inf]


def test_large_arguments_keep_value_and_gradient():
    with np.errstate(all="raise", under="ignore"):
        assert ag.sigmoid(np.array([-1000.0, 1000.0])).tolist() == [0.0, 1.0]
        assert ag.softplus(np.array([-1000.0, 1000.0])).tolist() == [0.0, 1000.0]
        assert ag.logaddexp(np.array([1000.0]), np.array([1000.0])).tolist() == [
            1000.0 + math.log(2)
        ]
    assert gradient(ag.sigmoid, [-40.0])[0] == pytest.approx(math.exp(-40.0))
    assert gradient(ag.sigmoid, [40.0])[0] == pytest.approx(math.exp(-40.0))
    assert gradient(ag.softplus, [-1000.0, 1000.0]) == [0.0, 1.0]
    assert gradient(ag.logaddexp, [1000.0], [-1000.0]) == [[1.0], [0.0]]


def test_clip_with_open_and_tensor_bounds():
    assert gradient(lambda x: ag.clip(x, None, 1.0), [0.5, 1.0, 2.0]) == [1.0, 0.0, 0.0]
    assert gradient(lambda x, low: ag.clip(x, low), [0.0, 3.0], [1.0]) == [[0.0, 1.0], [1.0]]


def test_where_takes_its_condition_from_anything():
    x = ag.Tensor([1.0, -1.0])
    np.testing.assert_array_equal(ag.where(x, x, 5.0).value, [1.0, -1.0])
    np.testing.assert_array_equal(ag.where([True, False], x, [7, 8]).value, [1.0, 8.0])
    assert ag.where(np.array([True, False]), 1.0, 2.0).tolist() == [1.0, 2.0]


def test_erf_is_the_error_function():
    x = np.linspace(-3, 3, 13)
    np.testing.assert_allclose(ag.erf(x), [math.erf(v) for v in x], rtol=1e-15)
    assert ag.erf(np.float32(0.5)).dtype == np.float32
    assert ag.erf(np.ones((2, 3))[:, ::2]).shape == (2, 2)


def test_steps_have_gradient_zero():
    for function in (ag.sign, ag.floor, ag.ceil, ag.rint, ag.trunc, lambda x: x // 2):
        assert gradient(lambda x, f=function: f(x) + x, [0.3, -1.7]) == [1.0, 1.0]


def test_gelu_has_two_forms():
    with pytest.raises(ValueError, match="gelu: approximate must be 'none' or 'tanh', got 'fast'"):
        ag.gelu(np.ones(1), "fast")
    np.testing.assert_allclose(
        ag.gelu(np.linspace(-3, 3, 7), "tanh"), ag.gelu(np.linspace(-3, 3, 7)), atol=1e-3
    )
