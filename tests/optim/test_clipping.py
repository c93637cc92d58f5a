"""Gradients that are cut to a norm or to a range."""

import numpy as np
import pytest

import agx as ag


def test_clip_grad_norm():
    p, s, untouched = ag.Tensor([0.0, 0.0]), ag.Scalar(0.0), ag.Tensor([1.0])
    p.grad, s.grad = np.array([2.0, 4.0]), 4.0
    assert ag.optim.clip_grad_norm([p, s, untouched], 3.0) == 6.0
    np.testing.assert_allclose(p.grad, [1.0, 2.0], rtol=1e-6)
    assert s.grad == pytest.approx(2.0)
    assert untouched.grad_or_none is None
    assert ag.optim.clip_grad_norm([p, s], 100.0) == pytest.approx(3.0)
    assert s.grad == pytest.approx(2.0)


def test_clip_grad_value():
    p, s, untouched = ag.Tensor([0.0, 0.0]), ag.Scalar(0.0), ag.Tensor([1.0])
    p.grad, s.grad = np.array([0.5, -4.0]), 4.0
    assert ag.optim.clip_grad_value([p, s, untouched], 1.5) is None
    np.testing.assert_array_equal(p.grad, [0.5, -1.5])
    assert s.grad == 1.5
    assert untouched.grad_or_none is None
    p.grad = np.array([np.nan, np.inf])
    ag.optim.clip_grad_value([p], 1.5)
    np.testing.assert_array_equal(p.grad, [np.nan, 1.5])


def test_clipping_gradients_keeps_their_graph():
    p = ag.Tensor([2.0, 1.0])
    np.sum(p**3).backward(create_graph=True)
    ag.optim.clip_grad_value([p], 5.0)
    clipped = p.grad
    np.testing.assert_array_equal(clipped.value, [5.0, 3.0])
    p.grad = None
    clipped.sum().backward()
    np.testing.assert_array_equal(p.grad, [0.0, 6.0])


@pytest.mark.parametrize("size", [1e-25, 1.0, 1e25])
def test_the_norm_of_float32_gradients_neither_overflows_nor_vanishes(size):
    p = ag.Tensor(np.zeros(2, np.float32))
    p.grad = np.array([3 * size, 4 * size], np.float32)
    assert ag.optim.clip_grad_norm([p], size) == pytest.approx(5 * size)
    if size >= 1:
        np.testing.assert_allclose(p.grad, [0.6 * size, 0.8 * size], rtol=1e-5)


W = ag.Tensor([1.0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ag.optim.clip_grad_value(W, 1), TypeError, "clip_grad_value: expected a list of parameters, got one Tensor"),
        (lambda: ag.optim.clip_grad_value([W], -1), ValueError, "clip_grad_value: clip_value must not be negative, got -1"),
        (lambda: ag.optim.clip_grad_norm(W, 1), TypeError, "clip_grad_norm: expected a list of parameters, got one Tensor"),
        (lambda: ag.optim.clip_grad_norm([np.ones(2)], 1), TypeError, "clip_grad_norm: parameter 0 must be a Tensor"),
        (lambda: ag.optim.clip_grad_norm([W], -1), ValueError, "max_norm must not be negative"),
        (lambda: ag.optim.clip_grad_norm([W], None), TypeError, "clip_grad_norm: max_norm must be a number, got None"),
    ],
)  # fmt: skip
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()
