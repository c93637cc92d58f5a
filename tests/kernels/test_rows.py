"""Picked rows, running sums and products, and shares of extremes, against NumPy."""

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

from agx._kernels import loops

DTYPES = [np.float32, np.float64]
SHAPES = [(1,), (7,), (3, 5), (20, 9), (2, 3, 4), (1, 300), (300, 1), (70, 5, 33)]


def team(n):
    return lambda: n


def cases():
    return [(shape, axis) for shape in SHAPES for axis in range(len(shape))]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("shape", "axis"), cases())
def test_running_sums_and_products_are_numpys(dtype, threads, shape, axis):
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    for products, function in ((False, np.cumsum), (True, np.cumprod)):
        found = loops.cumulate(x, axis, products, False, team(threads))
        np.testing.assert_array_equal(found, function(x, axis))
        found = loops.cumulate(x, axis, products, True, team(threads))
        np.testing.assert_array_equal(found, np.flip(function(np.flip(x, axis), axis), axis))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("shape", "axis"), cases())
def test_gradient_of_running_products(dtype, threads, shape, axis):
    rng = np.random.default_rng(1)
    x, g = (rng.uniform(0.5, 1.5, shape).astype(dtype) for _ in range(2))
    x.flat[::3] *= rng.integers(0, 2, x.flat[::3].shape)  # zeros among them
    y = np.cumprod(x, axis)
    found = loops.product_gradient(g, y, x, axis, team(threads))
    lines = (np.moveaxis(a.astype("d"), axis, -1).reshape(-1, shape[axis]) for a in (g, x))
    wanted = []
    for h, v in zip(*lines, strict=True):
        slopes = [
            sum(h[j] * np.prod(np.delete(v[: j + 1], i)) for j in range(i, len(v)))
            for i in range(len(v))
        ]
        wanted.append(slopes)
    order = np.moveaxis(np.empty(shape), axis, -1).shape
    wanted = np.moveaxis(np.reshape(wanted, order), -1, axis)
    np.testing.assert_allclose(
        found, wanted, rtol=1e-4 if dtype == np.float32 else 1e-12, atol=1e-30
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("shape", "axis"), cases())
def test_shares_of_extremes(dtype, threads, shape, axis):
    rng = np.random.default_rng(2)
    x = rng.integers(0, 3, shape).astype(dtype)
    best = np.asarray(x.max(axis))
    g = rng.standard_normal(best.shape).astype(dtype)
    hit = x == np.expand_dims(best, axis)
    wanted = np.where(hit, np.expand_dims(g, axis) / hit.sum(axis, keepdims=True).astype(dtype), 0)
    np.testing.assert_array_equal(loops.share_extreme(g, best, x, axis, team(threads)), wanted)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("threads", [1, 3])
@given(data=st.data())
def test_rows_are_picked_and_added_to(dtype, threads, data):
    n, *rest = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 5), st.integers(1, 3)))
    index = np.array(data.draw(st.lists(st.integers(-n, n - 1), max_size=12)), np.int64)
    x = np.random.default_rng(0).standard_normal((n, *rest)).astype(dtype)
    np.testing.assert_array_equal(loops.pick(x, index, team(threads)), x[index])
    g = np.random.default_rng(1).standard_normal((len(index), *rest)).astype(dtype)
    if len(index):
        wanted, before, out = x.copy(), x.copy(), np.full_like(x, np.nan)
        np.add.at(wanted, index, g)
        assert loops.add_at(x, index, g, team(threads), out)
        np.testing.assert_array_equal(x, before)
        np.testing.assert_array_equal(out, wanted)
        assert loops.add_at(x, index, g, team(threads))
        np.testing.assert_array_equal(x, wanted)


def test_many_rows_by_threads():
    x = np.random.default_rng(0).standard_normal((500, 256)).astype(np.float32)
    index = np.random.default_rng(1).integers(0, 500, 4000)
    g = np.random.default_rng(2).standard_normal((4000, 256)).astype(np.float32)
    one, three, other = x.copy(), x.copy(), np.empty_like(x)
    assert loops.add_at(one, index, g, team(1)) and loops.add_at(three, index, g, team(3))
    assert loops.add_at(x, index, g, team(3), other)
    np.testing.assert_array_equal(one, three)
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(loops.pick(x, index, team(3)), x[index])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (7, 64), (300, 5), (3, 40, 6), (2, 3, 700), (4000,)])
@pytest.mark.parametrize("threads", [1, 3])
def test_sums_are_numpys(level, dtype, shape, threads):
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    for axis in range(x.ndim):
        found, wanted = loops.sums(x, axis, team(threads)), x.astype("d").sum(axis).ravel()
        assert found.dtype == x.dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-5 if dtype == "f" else 1e-13, atol=2e-5)
        if axis < x.ndim - 1:  # as NumPy adds, row after row
            np.testing.assert_array_equal(found, x.sum(axis).ravel())


def test_sums_are_of_floats_that_lie_in_order():
    x = np.ones((4, 6))
    for strange in x.T, x.astype(int), x[:, ::2], np.ones((0, 3)), x.astype("F"):
        assert loops.sums(strange, 0, team(1)) is None
    assert loops.sums(x, 2, team(1)) is None


@pytest.mark.parametrize("bad", [5, -6])
def test_an_index_out_of_range_is_left_to_numpy(bad):
    x, index = np.ones((5, 2)), np.array([0, bad])
    assert loops.pick(x, index, team(1)) is None
    assert loops.add_at(x, index, np.ones((2, 2)), team(1)) is None


@pytest.mark.parametrize(
    "x",
    [
        3.0,
        [[1.0]],
        np.ones((4, 3), int),
        np.ones((4, 3), reference.SWAPPED),
        np.ones((4, 6), "f")[:, ::2],
        np.ones((0, 3)),
    ],
)
def test_other_arguments_are_left_to_others(x):
    good, index = np.ones((4, 3)), np.array([0, 1])
    assert loops.cumulate(x, 0, False, False, team(1)) is None
    assert loops.product_gradient(x, good, good, 0, team(1)) is None
    assert loops.share_extreme(np.ones(3), np.ones(3), x, 0, team(1)) is None
    assert loops.pick(x, index, team(1)) is None
    assert loops.add_at(x, index, np.ones((2, 3)), team(1)) is None
    assert loops.add_at(good, index, x, team(1)) is None
    assert loops.add_at(good, index, np.ones((2, 3)), team(1), x) is None
    assert (
        loops.pick(good, [0, 1], team(1)) is None
        and loops.pick(good, index.astype(np.int32), team(1)) is None
    )
    assert loops.cumulate(good, 2, False, False, team(1)) is None


def test_nan_among_the_best_is_left_to_others():
    x = np.array([[1.0, np.nan]])
    assert loops.share_extreme(np.ones(1), np.array([np.nan]), x, 1, team(1)) is None


def test_a_read_only_array_is_not_added_to():
    x = np.zeros((3, 2))
    x.flags.writeable = False
    assert loops.add_at(x, np.array([0]), np.ones((1, 2)), team(1)) is None
