"""Pooling: values, conventions, errors."""

import numpy as np
import pytest

import agx as ag

X = np.random.default_rng(0).standard_normal((2, 3, 7, 6))


def test_max_pooling_ignores_padding():
    out = ag.max_pool2d(-np.ones((1, 1, 3, 3)), 3, 1, 1)
    assert (out == -1).all()


def test_of_equal_elements_the_first_gets_the_gradient():
    for size in (2, 3):
        x = ag.Tensor(np.zeros((1, 1, size, size)))
        ag.max_pool2d(x, size).sum().backward()
        expected = np.zeros((size, size))
        expected[0, 0] = 1
        np.testing.assert_array_equal(x.grad[0, 0], expected)


def test_overlapping_windows_accumulate():
    x = ag.Tensor(np.arange(9.0).reshape(1, 1, 3, 3))
    ag.max_pool2d(x, 2, 1).sum().backward()
    np.testing.assert_array_equal(x.grad[0, 0], [[0, 0, 0], [0, 1, 1], [0, 1, 1]])


def test_average_counts_padding_as_zeros():
    out = ag.avg_pool2d(np.ones((1, 1, 2, 2)), 2, 2, 1)
    np.testing.assert_array_equal(out[0, 0], [[0.25, 0.25], [0.25, 0.25]])


@pytest.mark.parametrize("size", [1, 2, (3, 4), (7, 6), (9, 8)])
def test_adaptive_average_covers_the_image(size):
    out = ag.adaptive_avg_pool2d(X, size)
    rows, columns = (size, size) if isinstance(size, int) else size
    assert out.shape == (2, 3, rows, columns)
    if size == 1:
        np.testing.assert_allclose(out[..., 0, 0], X.mean(axis=(2, 3)))
    np.testing.assert_allclose(ag.adaptive_avg_pool2d(np.ones_like(X), size), np.ones_like(out))


def test_kernel_sizes_may_be_pairs_or_lists():
    np.testing.assert_array_equal(ag.max_pool2d(X, [2, 3]), ag.max_pool2d(X, (2, 3), (2, 3)))
    assert ag.max_pool2d(np.empty((0, 3, 4, 4)), 2).shape == (0, 3, 2, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ag.max_pool2d(X[0], 2), r"max_pool2d: expected x of shape \(N, C, H, W\)"),
        (lambda: ag.max_pool2d(X, 8), r"max_pool2d: a kernel reaching over \(8, 8\) does not fit"),
        (
            lambda: ag.max_pool2d(X, 2, padding=2),
            r"padding \(2, 2\) is more than half of the kernel \(2, 2\)",
        ),
        (lambda: ag.avg_pool2d(X, 2, 0), "avg_pool2d: stride must be"),
        (lambda: ag.adaptive_avg_pool2d(X, 0), "adaptive_avg_pool2d: output_size must be"),
    ],
)
def test_sizes_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()
