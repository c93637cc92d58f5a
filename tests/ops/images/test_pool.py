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


def test_in_ceil_mode_the_last_window_begins_in_the_image_or_the_padding_before_it():
    x = np.arange(1.0, 6.0)[None, None, :, None]
    row = lambda *sizes: ag.max_pool2d(x, *((n, 1) for n in sizes), ceil_mode=True)[0, 0, :, 0]
    assert list(row(2, 2)) == [2, 4, 5]
    assert list(row(4, 3)) == [4, 5]
    assert list(row(9, 5)) == [5]  # a kernel may reach beyond the image by less than a stride
    assert list(row(1, 5)) == [1]  # a second window would begin behind the image
    padded = lambda mode: ag.max_pool2d(x, (2, 1), (3, 1), (1, 0), ceil_mode=mode)
    assert padded(True).shape == padded(False).shape == (1, 1, 2, 1)
    with pytest.raises(ValueError, match=r"a kernel reaching over \(9, 1\) does not fit"):
        row(9, 4)


def test_windows_with_gaps():
    x = ag.Tensor(np.arange(25.0).reshape(1, 1, 5, 5))
    out = ag.max_pool2d(x, (2, 3), 1, 0, (3, 2))
    np.testing.assert_array_equal(out.value[0, 0], [[19], [24]])
    square = ag.Tensor(np.arange(4.0).reshape(1, 1, 2, 2))
    ag.max_pool2d(square, 2, 2, 0, 2, True).backward(np.ones((1, 1, 1, 1)))  # not the 2 x 2 tile
    np.testing.assert_array_equal(square.grad[0, 0], [[1, 0], [0, 0]])


def test_the_largest_of_padding_alone_is_minus_infinity():
    x = ag.Tensor(np.ones((1, 1, 1, 3)))
    out = ag.max_pool2d(x, (2, 1), 1, (1, 0), (2, 1))
    assert (out.value == -np.inf).all() and out.shape == (1, 1, 1, 3)
    out.backward(np.ones(out.shape))
    assert not x.grad.any()


def test_padding_counts_or_not_and_what_lies_beyond_it_never():
    x = np.ones((1, 1, 3, 3))
    corners = lambda **how: ag.avg_pool2d(x, 2, 2, 1, **how)[0, 0].tolist()
    assert corners() == [[0.25, 0.5], [0.5, 1]]
    assert corners(count_include_pad=False) == [[1, 1], [1, 1]]
    assert ag.avg_pool2d(x, 2, ceil_mode=True)[0, 0].tolist() == [[1, 1], [1, 1]]
    assert ag.avg_pool2d(x, 4, 3, 1, True)[0, 0].tolist() == [[9 / 16, 3 / 8], [3 / 8, 1 / 4]]
    assert corners(divisor_override=-1) == [[-1, -2], [-2, -4]]


def test_averages_of_integers():
    x = np.arange(16).reshape(1, 1, 4, 4)
    for out in ag.avg_pool2d(x, 2), ag.adaptive_avg_pool2d(x, 2):
        np.testing.assert_array_equal(out[0, 0], [[2.5, 4.5], [10.5, 12.5]])
    np.testing.assert_allclose(ag.adaptive_avg_pool2d(x, (1, 3))[0, 0], [[6.5, 7.5, 8.5]])


@pytest.mark.parametrize("size", [1, 2, (3, 4), (7, 6), (9, 8)])
def test_adaptive_average_covers_the_image(size):
    out = ag.adaptive_avg_pool2d(X, size)
    rows, columns = (size, size) if isinstance(size, int) else size
    assert out.shape == (2, 3, rows, columns)
    if size == 1:
        np.testing.assert_allclose(out[..., 0, 0], X.mean(axis=(2, 3)))
    np.testing.assert_allclose(ag.adaptive_avg_pool2d(np.ones_like(X), size), np.ones_like(out))


@pytest.mark.parametrize("size", [1, 2, (3, 4), (7, 6), (None, 4)])
def test_adaptive_windows_are_those_of_averages(size):
    largest, average = ag.adaptive_max_pool2d(X, size), ag.adaptive_avg_pool2d(X, size)
    assert largest.shape == average.shape
    if size == 1:
        np.testing.assert_array_equal(largest[..., 0, 0], X.max(axis=(2, 3)))
    if size == (None, 4):
        np.testing.assert_allclose(average[..., 3], X[..., 4:].mean(3))
        np.testing.assert_array_equal(largest[..., 3], X[..., 4:].max(3))
    ag.testing.check_grads(lambda x: ag.adaptive_max_pool2d(x, size) ** 2, X)


SEQUENCES = {
    "max": (ag.max_pool1d, ag.max_pool2d, (3, 2, 1, 2, True), ((1, 3), (1, 2), (0, 1), (1, 2), True)),
    "average": (ag.avg_pool1d, ag.avg_pool2d, (3, 2, 1, True, False), ((1, 3), (1, 2), (0, 1), True, False)),
    "adaptive average": (ag.adaptive_avg_pool1d, ag.adaptive_avg_pool2d, (4,), ((1, 4),)),
    "adaptive max": (ag.adaptive_max_pool1d, ag.adaptive_max_pool2d, (4,), ((1, 4),)),
}  # fmt: skip


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_sequence_is_an_image_of_one_row(name):
    ours, of_images, sizes, as_pairs = SEQUENCES[name]
    x = X.reshape(2, 3, 42)
    found = ours(x, *sizes)
    np.testing.assert_array_equal(found, of_images(x[:, :, None], *as_pairs)[:, :, 0])
    ag.testing.check_grads(lambda x: ours(x, *sizes) ** 2, x[:, :2, :9])
    assert ours(x.astype(np.float32), *sizes).dtype == np.float32


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
        (lambda: ag.adaptive_max_pool2d(X, (2, 3, 4)), "adaptive_max_pool2d: output_size must be"),
        (
            lambda: ag.adaptive_max_pool2d(X[0], 2),
            r"adaptive_max_pool2d: expected x of shape \(N, C, H, W\)",
        ),
        (
            lambda: ag.max_pool1d(X[0, 0], 2),
            r"max_pool1d: expected x of shape \(N, C, L\), got \(7, 6\); add the batch axis with x\[None\]",
        ),
        (lambda: ag.max_pool1d(X[0], 7), r"max_pool1d: a kernel reaching over \(7,\) does not fit"),
        (
            lambda: ag.max_pool1d(X[0], 2, padding=2),
            r"max_pool1d: padding \(2,\) is more than half of the kernel \(2,\)",
        ),
        (
            lambda: ag.avg_pool1d(X[0], (2, 2)),
            "avg_pool1d: kernel_size must be an integer of at least 1",
        ),
        (lambda: ag.avg_pool1d(X[:1, :, :0, 0], 2), "avg_pool1d: expected images with pixels"),
        (lambda: ag.adaptive_avg_pool1d(X[0], 0), "adaptive_avg_pool1d: output_size must be"),
        (lambda: ag.adaptive_max_pool1d(X[0], 1.5), "adaptive_max_pool1d: output_size must be"),
        (lambda: ag.max_pool2d(X, 3, dilation=4), r"a kernel reaching over \(9, 9\) does not fit"),
        (lambda: ag.max_pool2d(X, 2, padding=2, dilation=3), "is more than half of the kernel"),
        (
            lambda: ag.max_pool2d(X, 2, ceil_mode=1),
            "max_pool2d: ceil_mode must be True or False, got 1",
        ),
        (
            lambda: ag.avg_pool2d(X, 2, ceil_mode=None),
            "avg_pool2d: ceil_mode must be True or False, got None",
        ),
        (
            lambda: ag.avg_pool2d(X, 2, count_include_pad="no"),
            "avg_pool2d: count_include_pad must be True or False, got 'no'",
        ),
        *(
            (
                lambda divisor=divisor: ag.avg_pool2d(X, 2, divisor_override=divisor),
                "avg_pool2d: divisor_override must be an integer other than 0, of at most 2147483647, got ",
            )
            for divisor in (0, True, 2.0, "2", 2**31, -(2**63), 2**2000 + 1)
        ),
    ],
)
def test_sizes_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()
