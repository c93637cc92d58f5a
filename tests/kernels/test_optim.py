"""Fused updates against the formulas written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agx._kernels import loops as kernels

KINDS = [("float", np.float32, 1e-5), ("double", np.float64, 1e-12)]


@pytest.fixture(params=KINDS, ids=lambda k: k[0])
def kind(request):
    return request.param


def draw(dtype, size=37):
    rng = np.random.default_rng(size)
    return [rng.standard_normal(size).astype(dtype) for _ in range(3)] + [
        rng.uniform(0.1, 1, size).astype(dtype)
    ]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_sgd(kind, momentum, nesterov, first):
    _, dtype, rtol = kind
    p, g, v, _ = draw(dtype)
    d = g + 0.1 * p
    u = d if first else momentum * v + d
    step = d if not momentum else d + momentum * u if nesterov else u
    expected = p - 0.5 * step
    kept = v.copy()
    assert kernels.sgd(p, g, v, 0.5, momentum, 0.1, nesterov, first)
    np.testing.assert_allclose(p, expected, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(v, u if momentum else kept, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("decoupled", [False, True])
@given(step=st.integers(1, 2000))
def test_adam(decoupled, step):
    for _, dtype, rtol in KINDS:
        p, g, m, s = draw(dtype)
        d = g if decoupled else g + 0.1 * p
        mean, square = 0.9 * m + 0.1 * d, 0.99 * s + 0.01 * d * d
        shrunk = p * (1 - 0.5 * 0.1) if decoupled else p
        root = np.sqrt(square / (1 - 0.99**step)) + 1e-3
        expected = shrunk - 0.5 * mean / (1 - 0.9**step) / root
        assert kernels.adam(p, g, m, s, 0.5, 0.9, 0.99, 1e-3, 0.1, decoupled, step)
        np.testing.assert_allclose(p, expected, rtol=10 * rtol, atol=rtol)
        np.testing.assert_allclose(m, mean, rtol=rtol, atol=rtol)
        np.testing.assert_allclose(s, square, rtol=rtol, atol=rtol)


def test_the_first_step_of_adam_has_the_length_of_the_rate():
    """1 - 0.999 rounded to float32 before the subtraction would be off by 1 in 80,000."""
    p, g, m, s = np.zeros((4, 50), np.float32)
    g += np.linspace(1, 9, 50, dtype=np.float32)
    assert kernels.adam(p, g, m, s, 1.0, 0.9, 0.999, 0.0, 0.0, False, 1)
    np.testing.assert_allclose(p, -1, rtol=5e-7)


@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_rmsprop(kind, momentum):
    _, dtype, rtol = kind
    p, g, v, s = draw(dtype)
    d = g + 0.1 * p
    square = 0.9 * s + 0.1 * d * d
    u = momentum * v + d / (np.sqrt(square) + 1e-3)
    expected = p - 0.5 * u
    assert kernels.rmsprop(p, g, s, v, 0.5, 0.9, 1e-3, 0.1, momentum)
    np.testing.assert_allclose(p, expected, rtol=10 * rtol, atol=rtol)
    np.testing.assert_allclose(s, square, rtol=rtol, atol=rtol)


@pytest.mark.parametrize(
    "bad",
    [np.zeros(3), np.zeros(4, np.float32), np.zeros((4, 2))[:, 0], np.zeros(4, int), [0.0] * 4],
    ids=["size", "dtype", "strided", "integers", "list"],
)
def test_arrays_that_do_not_belong_together_are_left_alone(bad):
    p, g, v = np.ones((3, 4))
    for arrays in ((bad, g, v), (p, bad, v), (p, g, bad)):
        assert not kernels.sgd(*arrays, 0.5, 0.9, 0.0, False, False)
        assert not kernels.adam(*arrays, v, 0.5, 0.9, 0.9, 1e-8, 0.0, False, 1)
        assert not kernels.rmsprop(*arrays, v, 0.5, 0.9, 1e-8, 0.0, 0.0)
    assert (p == 1).all() and (v == 1).all()


def test_parameters_that_may_not_be_written_are_left_alone():
    p, g, v = np.ones((3, 4))
    p.flags.writeable = False
    assert not kernels.sgd(p, g, v, 0.5, 0.9, 0.0, False, False)
