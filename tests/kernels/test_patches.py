"""Gather, scatter-add and pooling windows against their twins."""

import numpy as np
import pytest
import reference
from hypothesis import assume, given
from hypothesis import strategies as st

from agx._kernels import patches as kernels
from agx.ops.images.im2col import Geometry

KINDS = [("float", np.float32), ("double", np.float64)]


@st.composite
def geometries(draw):
    """A geometry and the shape of images that it fits."""
    pairs = lambda low, high: st.tuples(st.integers(low, high), st.integers(low, high))
    geo = Geometry(draw(pairs(1, 3)), draw(pairs(1, 3)), draw(pairs(0, 3)), draw(pairs(1, 2)))
    shape = draw(
        st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 7), st.integers(1, 7))
    )
    assume(min(geo.output(*shape[2:])) > 0)
    return geo, shape


@pytest.mark.parametrize(("name", "dtype"), KINDS)
@given(case=geometries())
def test_gather_and_its_transpose(name, dtype, case):
    geo, (n, c, h, w) = case
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, c, h, w)).astype(dtype)
    expected = reference.im2col(x, geo)
    columns = np.full_like(expected, np.nan)
    down, across = geo.output(h, w)
    kernels.gather[name](x, columns, 0, 0, c, down, across, geo.flat)
    np.testing.assert_array_equal(columns, expected)

    u = rng.standard_normal(columns.shape).astype(dtype)
    back = np.zeros_like(x)
    kernels.scatter_add[name](u, back, 0, 0, c, down, across, geo.flat)
    np.testing.assert_allclose(np.vdot(u, columns), np.vdot(back, x), rtol=1e-4, atol=1e-4)


@given(case=geometries())
def test_indices_point_at_the_patches(case):
    geo, (n, c, h, w) = case
    x = np.random.default_rng(0).standard_normal((1, c, h, w))
    down, across = geo.output(h, w)
    out = np.empty((down * across, c * geo.kernel[0] * geo.kernel[1]), np.int64)
    kernels.fill_indices(out, h, w, across, geo.flat)
    patches = np.where(out < 0, 0.0, x.reshape(-1)[out])
    np.testing.assert_array_equal(patches.T, reference.im2col(x, geo)[0])


def test_kernels_read_read_only_arrays():
    x = np.ones((1, 1, 3, 3))
    x.flags.writeable = False
    kernels.gather["double"](x, np.empty((1, 4, 4)), 0, 0, 1, 2, 2, (2, 2, 1, 1, 0, 0, 1, 1))


@pytest.mark.parametrize(("name", "dtype"), KINDS)
@given(index=st.lists(st.integers(0, 9), max_size=30))
def test_index_add(name, dtype, index):
    index = np.array(index, np.int64)
    values = np.arange(len(index)).astype(dtype)
    out = np.zeros(10, dtype)
    kernels.index_add[name](out, index, values)
    np.testing.assert_array_equal(out, reference.index_add(10, index, values))


@st.composite
def windows(draw, size):
    """Windows anywhere on an axis of length ``size``."""
    starts = draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=4))
    return np.array([(s, draw(st.integers(s + 1, size))) for s in starts], np.int64)


def check_pooling(name, dtype, rows, columns, shape):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 5, shape).astype(dtype)  # integers make ties
    u = rng.standard_normal(shape).astype(dtype)
    pooled = (shape[0], len(rows), len(columns))
    g = rng.standard_normal(pooled).astype(dtype)
    for kernel, twin, inputs, out in (
        ("max_pool", reference.max_pool, (x,), pooled),
        ("max_unpool", reference.max_unpool, (x, g), shape),
        ("max_pick", reference.max_pick, (x, u), pooled),
        ("sum_pool", reference.sum_pool, (u,), pooled),
        ("sum_unpool", lambda g, r, c: reference.sum_unpool(g, shape, r, c), (g,), shape),
    ):
        found = np.zeros(out, dtype)
        getattr(kernels, kernel)[name](*inputs, found, rows, columns)
        np.testing.assert_allclose(found, twin(*inputs, rows, columns), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "dtype"), KINDS)
@given(rows=windows(5), columns=windows(6))
def test_pooling_over_any_windows(name, dtype, rows, columns):
    check_pooling(name, dtype, rows, columns, (2, 5, 6))


@pytest.mark.parametrize(("name", "dtype"), KINDS)
@given(height=st.integers(2, 9), width=st.integers(2, 41))
def test_pooling_over_2x2_tiles(name, dtype, height, width):
    tiles = lambda n: np.array([(i, i + 2) for i in range(0, n - 1, 2)], np.int64)
    check_pooling(name, dtype, tiles(height), tiles(width), (2, height, width))


@pytest.mark.parametrize(("name", "dtype"), KINDS)
@pytest.mark.parametrize("place", range(4))
def test_nan_wins_a_window(name, dtype, place):
    x = np.array([1.0, 2.0, 3.0, 4.0], dtype)
    x[place] = np.nan
    for windows_ in (np.array([[0, 2]]), np.array([[0, 2], [0, 2]])):
        out = np.zeros((1, len(windows_), 1), dtype)
        kernels.max_pool[name](x.reshape(1, 2, 2), out, windows_, np.array([[0, 2]]))
        assert np.isnan(out).all()
