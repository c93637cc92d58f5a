"""Gather, scatter-add, pooling windows and convolution against their twins."""

import sys

import numpy as np
import pytest
import reference
from hypothesis import assume, given
from hypothesis import strategies as st

import agx as ag
from agx._kernels import loops as kernels
from agx._kernels import machine
from agx._runtime.threads import blas
from agx.ops.images import pool as pooling
from agx.ops.images.im2col import Geometry

DTYPES = [np.float32, np.float64]
#: The geometry of windows of several sizes.
NONE = (0, 0, 0, 0, 0, 0, 1, 1)
#: Half of the bytes that there can be, and half of the lengths.
FAR = sys.maxsize // 2 + 1
#: Dilations that only integers of 64 bits can hold.
BEYOND = [(FAR, 1), (1, 2**31)] if FAR > 2**31 else []


def team(n):
    return lambda: n


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


@pytest.mark.parametrize("dtype", DTYPES)
@given(case=geometries())
def test_gather_and_its_transpose(dtype, case):
    geo, (n, c, h, w) = case
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, c, h, w)).astype(dtype)
    expected = reference.im2col(x, geo)
    columns = np.full_like(expected, np.nan)
    down, across = geo.output(h, w)
    kernels.gather(x, columns, 0, 0, c, down, across, geo.flat)
    np.testing.assert_array_equal(columns, expected)

    u = rng.standard_normal(columns.shape).astype(dtype)
    back = np.zeros_like(x)
    kernels.scatter_add(u, back, 0, 0, c, down, across, geo.flat)
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
    kernels.gather(x, np.empty((1, 4, 4)), 0, 0, 1, 2, 2, (2, 2, 1, 1, 0, 0, 1, 1))


@pytest.mark.parametrize("dtype", DTYPES)
@given(index=st.lists(st.integers(0, 9), max_size=30))
def test_index_add(dtype, index):
    index = np.array(index, np.int64)
    values = np.arange(len(index)).astype(dtype)
    out = np.zeros(10, dtype)
    kernels.index_add(out, index, values)
    np.testing.assert_array_equal(out, reference.index_add(10, index, values))


@st.composite
def windows(draw, size):
    """Windows anywhere on an axis of length ``size``."""
    starts = draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=4))
    return np.array([(s, draw(st.integers(s + 1, size))) for s in starts], np.int64)


def check_pooling(dtype, rows, columns, shape):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 5, shape).astype(dtype)  # integers make ties
    u = rng.standard_normal(shape).astype(dtype)
    pooled = (shape[0], len(rows), len(columns))
    g = rng.standard_normal(pooled).astype(dtype)
    for kernel, twin, inputs, out, *more in (
        (kernels.largest, reference.max_pool, (x,), pooled),
        (kernels.largest, reference.max_unpool, (x, g), shape, True, g),
        (kernels.largest, reference.max_pick, (x, u), pooled, False, u),
        (kernels.window_sums, reference.sum_pool, (u,), pooled),
        (
            kernels.window_sums,
            lambda g, r, c: reference.sum_unpool(g, shape, r, c),
            (g,),
            shape,
            True,
        ),
    ):
        found = np.full(out, np.nan, dtype)
        kernel(inputs[0], found, rows, columns, NONE, team(1), *more)
        np.testing.assert_allclose(found, twin(*inputs, rows, columns), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@given(rows=windows(5), columns=windows(6))
def test_pooling_over_any_windows(dtype, rows, columns):
    check_pooling(dtype, rows, columns, (2, 5, 6))


@pytest.mark.parametrize("dtype", DTYPES)
@given(height=st.integers(2, 9), width=st.integers(2, 41))
def test_pooling_over_2x2_tiles(dtype, height, width):
    tiles = lambda n: np.array([(i, i + 2) for i in range(0, n - 1, 2)], np.int64)
    check_pooling(dtype, tiles(height), tiles(width), (2, height, width))


@st.composite
def axes(draw, dilation=3):
    """A side of images, and a kernel along it that fits: (length, kernel, stride, padding, dilation, ceil)."""
    kernel, stride = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    padding, step = draw(st.integers(0, kernel // 2)), draw(st.integers(1, dilation))
    length = draw(st.integers(max(1, step * (kernel - 1) + 1 - 2 * padding), 40))
    return length, kernel, stride, padding, step, draw(st.booleans())


def described(down, across):
    """The bounds of windows, and their geometry, as ``ops`` has them; both sides in one mode."""
    (h, *rows, ceil), (w, *columns, _) = down, across
    windows = pooling._sliding("pool", (h, w), Geometry(*zip(rows, columns, strict=True)), ceil)
    return windows.rows, windows.columns, windows.geometry


def run(kernel, x, shape, *arguments):
    out = np.full(shape, np.nan, x.dtype)
    kernel(x, out, *arguments)
    return out


levels = st.sampled_from(range(len(machine.names())))


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    down=axes(), across=axes(), level=levels, seed=st.integers(0, 99), strange=st.sampled_from([0, 1, 20])
)  # fmt: skip
def test_largest_of_windows_of_any_geometry(dtype, down, across, level, seed, strange):
    across = (*across[:5], down[5])
    rng = np.random.default_rng(seed)
    values = np.array([-1, -0.0, 0.0, 2, *[np.nan, -np.inf, np.inf] * strange], dtype)
    x = rng.choice(values, (3, down[0], across[0]))
    u = rng.standard_normal(x.shape).astype(dtype)
    best = reference.first_largest_of(x[None], down, across).reshape(3, -1)
    rows, columns, geometry = described(down, across)
    pooled = (3, len(rows), len(columns))
    g = rng.integers(-4, 5, pooled).astype(dtype)
    picked = [np.take_along_axis(a.reshape(3, -1), np.maximum(best, 0), 1) for a in (x, u)]
    wanted = np.zeros((3, x[0].size), dtype)
    image, window = np.nonzero(best >= 0)
    np.add.at(wanted, (image, best[image, window]), g.reshape(3, -1)[image, window])
    before = machine.set_level(level)
    try:
        arguments = (rows, columns, geometry, team(2))
        value = run(kernels.largest, x, pooled, *arguments)
        chosen = run(kernels.largest, x, pooled, *arguments, False, u)
        back = run(kernels.largest, x, x.shape, *arguments, True, g)
    finally:
        machine.set_level(before)
    expected = np.where(best < 0, dtype(-np.inf), picked[0]).reshape(pooled)
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(np.signbit(value), np.signbit(expected))
    np.testing.assert_array_equal(chosen, np.where(best < 0, 0, picked[1]).reshape(pooled))
    np.testing.assert_array_equal(back, wanted.reshape(x.shape))


@pytest.mark.parametrize("dtype", DTYPES)
@given(down=axes(1), across=axes(1), level=levels)
def test_sums_of_windows_of_any_geometry(dtype, down, across, level):
    """Of small integers, which are exact in any order."""
    across = (*across[:5], down[5])
    rng = np.random.default_rng(0)
    rows, columns, geometry = described(down, across)
    x = rng.integers(-4, 5, (3, down[0], across[0])).astype(dtype)
    g = rng.integers(-4, 5, (3, len(rows), len(columns))).astype(dtype)
    a, b = (reference.places(*side).sum(axis=1).astype(dtype) for side in (down, across))
    before = machine.set_level(level)
    try:
        value = run(kernels.window_sums, x, g.shape, rows, columns, geometry, team(2))
        back = run(kernels.window_sums, g, x.shape, rows, columns, geometry, team(2), True)
    finally:
        machine.set_level(before)
    np.testing.assert_array_equal(value, a @ x @ b.T)
    np.testing.assert_array_equal(back, a.T @ g @ b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kernel", [2, 3], ids=["apart", "overlapping"])
def test_threads_share_images(level, dtype, kernel):
    rows, columns, geometry = described((32, kernel, 2, 0, 1, False), (31, kernel, 2, 0, 1, False))
    x = np.random.default_rng(0).standard_normal((101, 32, 31)).astype(dtype)
    pooled = (101, len(rows), len(columns))
    once = lambda threads: (rows, columns, geometry, team(threads))
    for kernel_, source, shape, *more in (
        (kernels.largest, x, pooled),
        (kernels.largest, x, x.shape, True, np.ones(pooled, dtype)),
        (kernels.window_sums, x, pooled),
        (kernels.window_sums, np.ones(pooled, dtype), x.shape, True),
    ):
        alone, shared = (run(kernel_, source, shape, *once(n), *more) for n in (1, 3))
        np.testing.assert_array_equal(alone, shared)


def test_images_too_large_for_planes_are_pooled_one_window_at_a_time():
    x = np.zeros((1, 3, 6_000_000), np.float32)
    x[0, 1, ::3] = np.arange(2_000_000)
    rows, columns, geometry = described((3, 3, 1, 0, 1, False), (x.shape[2], 3, 2, 0, 1, False))
    out = run(kernels.largest, x, (1, 1, len(columns)), rows, columns, geometry, team(1))
    np.testing.assert_array_equal(
        out[0, 0], np.max([x[0, 1, i::2][: len(columns)] for i in range(3)], 0)
    )


@pytest.mark.parametrize("taps", [0, -1, FAR, 3])
@pytest.mark.parametrize("stride", [0, -1, FAR, 1, 2])
@pytest.mark.parametrize("padding", [-1, FAR, -FAR, 1])
@pytest.mark.parametrize("dilation", [1, 2**31 - 1])
def test_whatever_a_geometry_says_nothing_beyond_an_image_is_touched(
    taps, stride, padding, dilation
):
    rows = columns = np.array([[0, 2], [1, 3]], np.int64)
    geometry = (1, taps, 1, stride, 1, padding, 1, dilation)
    x, pooled = np.ones((1, 3, 3), np.float32), np.ones((1, 2, 2), np.float32)
    assert run(kernels.largest, x, pooled.shape, rows, columns, geometry, team(1)).shape
    assert (
        run(kernels.largest, x, x.shape, rows, columns, geometry, team(1), True, pooled).sum() == 4
    )
    assert run(kernels.window_sums, pooled, x.shape, rows, columns, geometry, team(1), True).shape


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("empty", ["rows", "columns"])
def test_a_window_of_nothing_has_no_largest(dtype, empty):
    x = np.ones((1, 2, 2), dtype)
    whole, nothing = np.array([[0, 2]], np.int64), np.array([[2, 2]], np.int64)
    sides = {"rows": whole, "columns": whole, empty: nothing}
    sides |= {"geometry": NONE, "team": team(1)}
    out, back = np.zeros((1, 1, 1), dtype), np.zeros_like(x)
    kernels.largest(x, out, **sides)
    assert out == -np.inf
    kernels.largest(x, out, **sides, u=x)
    assert out == 0
    kernels.largest(x, back, **sides, back=True, u=np.ones_like(out))
    kernels.window_sums(x, out, **sides)
    assert not back.any() and out == 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("place", range(4))
def test_nan_wins_a_window(dtype, place):
    x = np.array([1.0, 2.0, 3.0, 4.0], dtype)
    x[place] = np.nan
    whole = np.array([[0, 2]], np.int64)
    for windows_ in (whole, np.repeat(whole, 2, axis=0)):
        out = np.zeros((1, len(windows_), 1), dtype)
        kernels.largest(x.reshape(1, 2, 2), out, windows_, whole, NONE, team(1))
        assert np.isnan(out).all()


@pytest.mark.parametrize(
    "bad",
    [np.ones((1, 1, 3, 3), int), np.ones((1, 1, 3, 6))[..., ::2], np.ones((1, 1, 3, 3), "f")],
    ids=["integers", "strided", "another dtype"],
)
def test_arrays_that_do_not_belong_together_are_refused(bad):
    geometry = (0, 0, 1, 2, 2, (2, 2, 1, 1, 0, 0, 1, 1))
    with pytest.raises(TypeError, match="patches: expected C-contiguous, aligned arrays"):
        kernels.gather(bad, np.empty((1, 4, 4)), *geometry)
    frozen = np.empty((1, 4, 4))
    frozen.flags.writeable = False
    with pytest.raises(TypeError, match="the last of them writeable"):
        kernels.gather(np.ones((1, 1, 3, 3)), frozen, *geometry)
    with pytest.raises(TypeError, match="patches: expected a C-contiguous array of int64"):
        kernels.index_add(np.zeros(3), np.zeros(1), np.ones(1))


# --- convolution, with every set of instructions ---------------------------------------------------


def check_convolution(x_shape, w_shape, geo, groups=1):
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(s).astype(np.float32) for s in (x_shape, w_shape))
    tx, tw = ag.Tensor(x), ag.Tensor(w)
    out = ag.conv2d(tx, tw, None, geo.stride, geo.padding, geo.dilation, groups)
    seed = rng.standard_normal(out.shape).astype(np.float32)
    out.backward(seed)
    exact = [ag.Tensor(a.astype(np.float64)) for a in (x, w)]
    expected = ag.conv2d(*exact, None, geo.stride, geo.padding, geo.dilation, groups)
    expected.backward(seed.astype(np.float64))
    twin = reference.conv2d(x, w, None, geo, groups).reshape(out.shape)
    for found, wanted in (
        (out.value, expected.value), (out.value, twin), (tx.grad, exact[0].grad), (tw.grad, exact[1].grad),
    ):  # fmt: skip
        scale = max(1.0, float(np.abs(wanted).max()))
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=2e-6 * scale)


@pytest.mark.parametrize("filters", [1, 5, 6, 7, 12, 16, 33])
@pytest.mark.parametrize("size", [(6, 9), (12, 12), (20, 21), (32, 32)])
def test_any_number_of_rows_and_columns(level, filters, size):
    plain = Geometry((3, 3), (1, 1), (0, 0), (1, 1))
    check_convolution((2, 3, *size), (filters, 3, 3, 3), plain)


def test_one_by_one_and_groups(level):
    check_convolution((2, 8, 9, 9), (6, 8, 1, 1), Geometry((1, 1), (1, 1), (0, 0), (1, 1)))
    check_convolution(
        (2, 8, 19, 9), (6, 4, 3, 2), Geometry((3, 2), (2, 1), (1, 2), (1, 2)), groups=2
    )


@given(
    kernel=st.integers(1, 4),
    height=st.integers(1, 24),
    width=st.integers(1, 24),
    filters=st.integers(1, 9),
)
def test_best_instructions_on_any_image(kernel, height, width, filters):
    geo = Geometry((kernel, kernel), (1, 1), (1, 0), (1, 1))
    assume(min(geo.output(height, width)) > 0)
    check_convolution((1, 2, height, width), (filters, 2, kernel, kernel), geo)


def test_nothing_beyond_the_result_is_written(level):
    """Overlapping blocks and repeated rows stay inside the output and the gradients."""
    x = np.ones((3, 2, 7, 11), np.float32)
    w = np.ones((5, 2, 2, 2), np.float32)
    out = ag.conv2d(x, w)
    assert (out == 8).all()


# --- sizes that do not belong together --------------------------------------------------------------

GEO = (2, 2, 1, 1, 0, 0, 1, 1)
ROWS = np.array([[0, 2], [2, 4]], np.int64)
OUTSIDE = list(np.array([[[0, 5], [2, 4]], [[-1, 1], [2, 4]], [[3, 2], [2, 4]]], np.int64))
SIZES = (2, 4, 4, 3, 3, 3, 1, 3)


def gather(x=(1, 2, 4, 4), cols=(1, 8, 9), place=(0, 0, 2), out=(3, 3), geo=GEO):
    for kernel, arrays in (
        (kernels.gather, (np.zeros(x), np.zeros(cols))),
        (kernels.scatter_add, (np.zeros(cols), np.zeros(x))),
    ):
        kernel(*arrays, *place, *out, geo)


def convolve(x=(1, 2, 4, 4), w=(3, 8), g=(1, 3, 9), work=72, sizes=SIZES, geo=GEO, images=(0, 1)):
    x, w, g, work = (np.zeros(shape) for shape in (x, w, g, work))
    kernels.forward(x, w, None, g, work, sizes, geo, *images)
    kernels.input_gradient(g, w, x, work, sizes, geo, *images)
    kernels.weight_gradient(x, g, w, work, sizes, geo, *images)


def pool(x=(1, 4, 4), pooled=(1, 2, 2), rows=ROWS, columns=ROWS, dilation=(1, 1)):
    x, out = np.zeros(x), np.zeros(pooled)
    windows_ = (rows, columns, (*GEO[:6], *dilation), team(1))
    kernels.window_sums(x, out, *windows_)
    kernels.window_sums(out, x, *windows_, True)
    kernels.largest(x, out, *windows_)
    kernels.largest(x, np.zeros_like(x), *windows_, True, out)


def indices(out=(9, 8), height=4, width=4, across=3, geo=GEO):
    kernels.fill_indices(np.zeros(out, np.int64), height, width, across, geo)


def geometries_out_of_reach():
    for place in range(8):
        for value in (FAR, sys.maxsize, -sys.maxsize - 1, *(() if place in (4, 5) else (0, -1))):
            yield tuple(value if i == place else n for i, n in enumerate(GEO))


def test_what_belongs_together_is_taken():
    gather()
    pool()
    indices()
    if blas():
        convolve()


@pytest.mark.parametrize("geo", list(geometries_out_of_reach()), ids=str)
def test_a_geometry_out_of_reach_is_refused(geo):
    for call in gather, convolve, indices:
        with pytest.raises(ValueError, match="patches: "):
            call(geo=geo)


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        *((gather, {"cols": shape}) for shape in [(1, 8, 8), (1, 7, 9), (2, 8, 9)]),
        *((gather, {"place": place}) for place in [(1, 0, 2), (-1, 0, 2), (0, 1, 2), (0, -1, 2), (0, 0, FAR)]),
        *((gather, {"out": out}) for out in [(9, 9), (-3, -3), (FAR, 4)]),
        *((convolve, {"x": shape}) for shape in [(1, 2, 4, 3), (1, 1, 4, 4), (2, 2, 4, 4)]),
        *((convolve, {"w": shape}) for shape in [(3, 7), (2, 8)]),
        *((convolve, {"g": shape}) for shape in [(1, 3, 8), (1, 2, 9), (2, 3, 9)]),
        *((convolve, {"images": part}) for part in [(0, 2), (-1, 1), (1, 0)]),
        (convolve, {"work": 71}),
        *((convolve, {"sizes": s}) for s in [(2, 4, 4, 3, 3, 3, 2, 3), (2, 4, 4, 3, 3, 3, 0, 3), (2, 4, 4, 3, 3, 3, 1, 0), (2, 4, 4, 3, FAR, FAR, 1, 3)]),
        *((pool, {side: bad}) for side in ("rows", "columns") for bad in OUTSIDE),
        *((pool, {"pooled": shape}) for shape in [(1, 2, 1), (2, 2, 2), (1, 4, 2)]),
        (pool, {"x": (1, 3, 4)}),
        *((pool, {"dilation": steps}) for steps in [(0, 1), (1, -1), *BEYOND]),
        *((indices, {"out": shape}) for shape in [(9, 7)]),
        *((indices, {"across": n}) for n in [0, -1]),
        *((indices, {"height": n}) for n in [-1, FAR]),
    ],
)  # fmt: skip
def test_sizes_that_do_not_belong_together_are_refused(call, wrong):
    with pytest.raises(ValueError, match="patches: "):
        call(**wrong)


@pytest.mark.parametrize("at", [3, -1, 2**62, -(2**63)])
def test_indices_outside_are_refused(at):
    out = np.zeros(3)
    with pytest.raises(IndexError, match=f"patches: index {at} is outside an array of 3 elements"):
        kernels.index_add(out, np.array([0, at], np.int64), np.ones(2))
    assert not out.any()
    with pytest.raises(ValueError, match=r"expected an array of shape \(2,\), got \(3,\)"):
        kernels.index_add(out, np.array([0, 1], np.int64), np.ones(3))
