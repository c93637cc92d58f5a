"""Winograd's convolution of 3 x 3, with every set of instructions that this processor has."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import agx as ag
from agx._kernels import graph, machine
from agx.ops.images import conv

if not machine.has_tiles():
    pytest.skip("these instructions have no tiles", allow_module_level=True)


@pytest.fixture
def three_threads(use_threads):
    use_threads(3)


def numbers(images, channels, filters, size, padding):
    """An image, filters, a bias and a gradient of the result."""
    rng = np.random.default_rng(0)
    result = [n + 2 * padding - 2 for n in size]
    shapes = (
        (images, channels, *size),
        (filters, channels, 3, 3),
        (filters,),
        (images, filters, *result),
    )
    return [rng.standard_normal(s).astype("f") for s in shapes]


def results(x, w, b, g, padding):
    """The convolution and its gradients."""
    x, w, b = map(ag.Tensor, (x, w, b))
    out = ag.conv2d(x, w, b, padding=padding)
    out.backward(g)
    return [out.value, x.grad, w.grad, b.grad]


def otherwise(*args):
    """The same without Winograd's way."""
    before = ag.set_winograd(False)
    try:
        return results(*args)
    finally:
        ag.set_winograd(before)


def check(*sizes):
    args = numbers(*sizes)
    assert "Winograd" in str(ag.conv2d_plan(*args[:2], padding=sizes[-1]))
    wanted = otherwise(*(a.astype("d") for a in args), sizes[-1])
    for a, b in zip(results(*args, sizes[-1]), wanted, strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-6 * np.abs(b).max())


@pytest.mark.parametrize("size", [(8, 8), (9, 7), (5, 28), (33, 16)])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_any_number_of_rows_and_columns(vector_level, size, padding):
    check(4, 16, 48, size, padding)
    check(3, 40, 24, size, padding)


@pytest.mark.parametrize("size", [(8, 8), (7, 30)])
def test_more_filters_than_a_block_has(vector_level, size):
    check(4, 72, 136, size, 1)


def test_few_rows_at_a_time_when_the_workspace_is_small(vector_level, monkeypatch):
    monkeypatch.setattr(conv, "_workspace_bytes", 1 << 17)
    for size in (40, 16), (3, 64), (4, 4):
        check(9, 32, 32, size, 1)


def test_images_shared_out_to_threads(vector_level, three_threads):
    for images in 1, 2, 7:
        check(images, 32, 48, (14, 14), 1)


@given(
    images=st.integers(1, 9),
    channels=st.integers(2, 6),
    filters=st.integers(2, 6),
    size=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    padding=st.integers(0, 4),
)
def test_any_size(images, channels, filters, size, padding):
    assume(min(size) + 2 * padding > 2)
    args = numbers(images, 8 * channels, 8 * filters, size, padding)
    for a, b in zip(results(*args, padding), otherwise(*args, padding), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=5e-6 * np.abs(b).max())


def test_rounding_is_that_of_a_product_of_matrices(vector_level):
    for channels in 16, 64, 128:
        args = numbers(8, channels, 64, (16, 16), 1)
        exact = otherwise(*(a.astype("d") for a in args), 1)
        x, w, b, g = args
        columns = ag.im2col(x, 3, padding=1).reshape(8 * 256, -1)
        product = (columns @ w.reshape(64, -1).T + b).reshape(8, 256, 64).transpose(0, 2, 1)
        gradient = g.transpose(1, 0, 2, 3).reshape(64, -1) @ columns
        found = results(*args, 1)
        for mine, its, true in (found[0], product, exact[0]), (found[2], gradient, exact[2]):
            mine, its = (np.sqrt(((a.reshape(true.shape) - true) ** 2).mean()) for a in (mine, its))
            assert mine <= 2 * its, (channels, mine, its)


def test_the_same_bits_each_time(vector_level, three_threads):
    args = numbers(7, 32, 32, (12, 12), 1)
    for a, b in zip(results(*args, 1), results(*args, 1), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", range(4), ids=["image", "filter", "bias", "gradient"])
def test_what_is_not_finite_reaches_what_it_meets_and_no_more(vector_level, which, strange):
    args = numbers(4, 32, 32, (9, 9), 1)
    args[which].flat[37 % args[which].size] = strange
    for a, b in zip(results(*args, 1), otherwise(*args, 1), strict=True):
        np.testing.assert_array_equal(np.isfinite(a), np.isfinite(b))
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
        kept = np.isfinite(b)
        np.testing.assert_allclose(a[kept], b[kept], rtol=1e-4, atol=5e-5)


def test_numbers_near_the_largest_do_not_overflow_on_the_way(vector_level):
    x, w, b, g = numbers(4, 16, 32, (8, 8), 1)
    x[:], w[:], b[:] = 3e38, 0, 0
    w[:, 3, 1, 1] = 1
    assert (results(x, w, b, g, 1)[0] == np.float32(3e38)).all()
    g[:] = 3e36
    x[:] = 0
    x[0, :, 4, 4] = 100
    assert (results(x, w, b, g, 1)[2] == np.float32(3e38)).all()


def test_nothing_beyond_the_result_is_written(vector_level):
    x, w, *_ = numbers(4, 16, 40, (7, 9), 1)
    shape = 4, 40, 7, 9
    memory = np.full(np.prod(shape) + 64, 7, "f")
    graph.keep_large_ones(lambda s, t: memory[32:-32].reshape(s), 1)
    try:
        out = ag.conv2d(x, w, padding=1)
    finally:
        graph.keep_large_ones(None, 1 << 16)
    assert np.shares_memory(out, memory)
    assert (memory[:32] == 7).all() and (memory[-32:] == 7).all()


def test_what_an_earlier_image_left_behind_does_not_count(vector_level):
    args = numbers(4, 32, 32, (16, 16), 1)
    results(np.full_like(args[0], np.inf), *args[1:], 1)
    check(3, 32, 32, (9, 9), 1)


def way(x, w, **settings):
    return ag.conv2d_plan(np.ones(x, "f"), np.ones(w, "f"), **settings)


def test_the_plan_says_so(vector_level):
    assert way((4, 32, 8, 8), (32, 32, 3, 3), padding=1).forward.split(", ")[1] == "Winograd"
    before = ag.set_winograd(False)
    try:
        assert "Winograd" not in str(way((4, 32, 8, 8), (32, 32, 3, 3), padding=1))
    finally:
        assert ag.set_winograd(before) is False


@pytest.mark.parametrize(
    ("x", "w", "settings"),
    [
        ((4, 32, 8, 8), (32, 32, 5, 5), {}),
        ((4, 32, 8, 8), (32, 32, 3, 3), {"stride": 2}),
        ((4, 32, 9, 9), (32, 32, 3, 3), {"dilation": 2}),
        ((4, 64, 8, 8), (64, 32, 3, 3), {"groups": 2}),
        ((4, 36, 8, 8), (32, 36, 3, 3), {}),
        ((4, 32, 8, 8), (36, 32, 3, 3), {}),
        ((4, 8, 8, 8), (64, 8, 3, 3), {}),
        ((64, 32, 3, 3), (32, 32, 3, 3), {}),
        ((1, 32, 6, 6), (32, 32, 3, 3), {}),
    ],
    ids=[
        "kernel",
        "stride",
        "dilation",
        "groups",
        "channels",
        "filters",
        "few",
        "lonely",
        "single",
    ],
)
def test_others_are_multiplied_the_other_way(x, w, settings):
    assert "Winograd" not in str(way(x, w, **settings))


def test_gradients_of_gradients(vector_level):
    x, w, *_ = numbers(2, 16, 32, (6, 6), 1)

    def squares(x, w):
        return sum((g**2).sum() for g in ag.grad(loss, argnums=(0, 1))(x, w))

    def loss(x, w):
        return (ag.conv2d(x, w, padding=1) ** 2).sum()

    found = ag.grad(squares, argnums=(0, 1))(x, w)
    wanted = ag.grad(squares, argnums=(0, 1))(x.astype("d"), w.astype("d"))
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * np.abs(b).max())


def test_the_switch_takes_true_or_false():
    with pytest.raises(TypeError, match="set_winograd: expected True or False, got 1"):
        ag.set_winograd(1)
