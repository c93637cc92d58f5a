"""Loops over whole arrays, with every set of instructions and any number of threads."""

import math

import numpy as np
import pytest
import reference

import agx as ag
from agx._kernels import graph, loops

DTYPES = [np.float32, np.float64]
SPECIAL = [-np.inf, -1, -0.0, 0, 1e-30, 2, np.inf, np.nan]


def team(n):
    return lambda: n


def tiles(n):
    return np.array([(i, i + 2) for i in range(0, n - 1, 2)], np.int64).reshape(-1, 2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("threads", [1, 3])
def test_relu_and_its_gradient(level, dtype, threads):
    for size in (0, 1, 7, 8, 9, 40, 70_000):
        x = np.resize(np.array(SPECIAL, dtype), size)
        g = np.arange(1, size + 1).astype(dtype)
        found = loops.relu(x, team(threads))
        np.testing.assert_array_equal(found, np.maximum(x, 0))
        assert found.dtype == dtype
        np.testing.assert_array_equal(
            loops.relu_gradient(g, x, team(threads)), np.where(x > 0, g, 0)
        )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    "size", [(2, 2), (3, 5), (8, 8), (10, 11), (28, 28), (6, 41), (1, 9), (9, 1)]
)
def test_largest_of_2x2_tiles_and_its_transpose(level, dtype, threads, size):
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 3, (3, 40, *size)).astype(dtype)
    windows = tiles(size[0]), tiles(size[1])
    stack = x.reshape(-1, *size)
    found = loops.max_pool_2x2(x, team(threads))
    wanted = reference.max_pool(stack, *windows)
    assert found.shape == (3, 40, size[0] // 2, size[1] // 2)
    np.testing.assert_array_equal(found.reshape(wanted.shape), wanted)
    g = rng.standard_normal(found.shape).astype(dtype)
    back = loops.max_unpool_2x2(g, x, team(threads))
    np.testing.assert_array_equal(
        back.reshape(stack.shape), reference.max_unpool(stack, g.reshape(wanted.shape), *windows)
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("place", range(4))
def test_nan_wins_a_tile(level, dtype, place):
    x = np.array([1, 2, 3, 4], dtype)
    x[place] = np.nan
    assert np.isnan(loops.max_pool_2x2(np.tile(x.reshape(2, 2), (1, 1, 1, 9)), team(1))).all()


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    "shape", [(2, 3, 1, 1), (5, 4, 3, 5), (3, 2, 28, 28), (30, 16, 10, 10), (0, 2, 3, 3)]
)
def test_channel_sums(level, threads, shape):
    g = np.random.default_rng(0).standard_normal(shape).astype("f")
    found = loops.channel_sums(g, team(threads))
    np.testing.assert_allclose(found, g.astype("d").sum(axis=(0, 2, 3)), rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(found, loops.channel_sums(g, team(1)))


@pytest.mark.parametrize(
    "x",
    [
        3.0,
        [[1.0]],
        np.ones((2, 2, 2, 2), int),
        np.ones((2, 2, 2, 2), reference.SWAPPED),
        np.ones((2, 2, 2, 4), "f")[..., ::2],
    ],
    ids=["number", "list", "integers", "byte order", "strided"],
)
def test_other_arguments_are_left_to_others(x):
    good = np.ones((2, 2, 2, 2), "f")
    assert loops.relu(x, team(1)) is None
    assert loops.relu_gradient(good, x, team(1)) is None
    assert loops.relu_gradient(x, good, team(1)) is None
    assert loops.max_pool_2x2(x, team(1)) is None
    assert loops.max_unpool_2x2(x, good, team(1)) is None
    assert loops.max_unpool_2x2(good, x, team(1)) is None
    assert loops.channel_sums(x, team(1)) is None
    assert loops.erf(x) is None


def test_shapes_and_dtypes_must_agree():
    a, b = np.ones((2, 2), "f"), np.ones((2, 3), "f")
    assert loops.relu_gradient(a, b, team(1)) is None
    assert loops.relu_gradient(a, a.astype("d"), team(1)) is None
    assert loops.max_pool_2x2(a, team(1)) is None


@pytest.mark.parametrize("dtype", [*DTYPES, np.float16])
def test_looking_for_nan(level, dtype):
    x = np.full((5, 67), np.inf, dtype)
    assert not graph.any_nan(x)
    x[4, 66] = np.nan
    assert graph.any_nan(x) and graph.any_nan(x[:, ::2]) and not graph.any_nan(x[:4])


@pytest.mark.parametrize("dtype", [*DTYPES, np.float16])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_looking_for_what_is_not_finite(level, dtype, bad):
    for size in (1, 3, 70_000):
        x = np.full(size, np.finfo(dtype).max, dtype)
        assert graph.all_finite(x) and graph.all_finite(-x)
        x[-1] = bad
        assert not graph.all_finite(x)


def test_a_gradient_that_may_not_be_written_is_not():
    g = np.ones(3)
    g.flags.writeable = False
    assert loops.relu_gradient(g, np.ones(3), team(1), overwrite=True) is None


@pytest.mark.parametrize("dtype", DTYPES)
def test_erf(dtype):
    x = np.linspace(-6, 6, 101).astype(dtype)
    found = loops.erf(x)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, [math.erf(v) for v in x.tolist()], rtol=1e-6)


def test_exponentials_are_near_to_a_unit_in_the_last_place(vector_level):
    rng = np.random.default_rng(0)
    ranges = (-708, 709), (-1, 1), (-1e-8, 1e-8), (300, 400)
    x = np.concatenate([rng.uniform(*ends, 100_000) for ends in ranges])
    x[:6] = 0.0, -0.0, -708, 709, 5e-324, np.log(2) / 2
    found = loops.exp(x, team(2))
    for at in range(0, len(x), 97):
        exact = math.exp(x[at])  # which is within one itself
        assert abs(found[at] - exact) <= 2 * math.ulp(exact)
    assert (found[:2] == 1).all()
    np.testing.assert_array_equal(found, loops.exp(x, team(3)))


def test_exponentials_leave_what_is_no_normal_number_to_numpy(vector_level):
    x = np.linspace(-5, 5, 50_001)
    for strange in -708.5, 709.5, np.inf, -np.inf:
        for at in 0, 20_000, -1:
            other = x.copy()
            other[at] = strange
            assert loops.exp(other, team(2)) is None
    x[17] = np.nan
    found = loops.exp(x, team(2))
    assert np.isnan(found[17]) and np.isnan(found).sum() == 1


def test_exponentials_are_of_many_float64_that_lie_in_order(level):
    x = np.ones((300, 300))
    for other in x.T[::2], x.astype("f"), x.astype("D"), np.ones(5):
        assert loops.exp(other, team(2)) is None


def test_large_exponentials_warn_as_numpy_does():
    x = ag.Tensor(np.full(20_000, 1.0))
    np.testing.assert_allclose(ag.exp(x).value, np.e, rtol=1e-15)
    ag.exp(x).sum().backward()
    np.testing.assert_allclose(x.grad, np.e, rtol=1e-15)
    x = np.full(20_000, 1.0)
    x[7] = 1000
    with pytest.warns(RuntimeWarning, match="overflow encountered in exp"):
        assert np.isinf(ag.exp(ag.Tensor(x)).value[7])
