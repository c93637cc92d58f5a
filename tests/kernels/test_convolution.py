"""Convolution without patches, with every set of instructions that this processor has."""

import numpy as np
import pytest
import reference
from hypothesis import assume, given
from hypothesis import strategies as st

import agx as ag
from agx._kernels import graph, loops, machine
from agx.ops.images import conv
from agx.ops.images.im2col import Geometry

if not machine.has_tiles():
    pytest.skip("these instructions have no tiles", allow_module_level=True)


def results(x, w, b, geo, groups):
    tensors = x, w, b = [ag.Tensor(a) for a in (x, w, b)]
    out = ag.conv2d(x, w, b, geo.stride, geo.padding, geo.dilation, groups)
    out.backward(np.random.default_rng(1).standard_normal(out.shape).astype(out.dtype))
    return [out.value, *(t.grad for t in tensors)]


def by_patches(*args):
    level = machine.set_level(0)
    try:
        return results(*args)
    finally:
        machine.set_level(level)


def check(x_shape, w_shape, geo, groups=1, dtypes="fd"):
    """Compare values and gradients with those of patches in float64, and the values with a twin."""
    rng = np.random.default_rng(0)
    numbers = [rng.standard_normal(s) for s in (x_shape, w_shape, w_shape[:1])]
    for dtype in dtypes:
        arrays = [a.astype(dtype) for a in numbers]
        found = results(*arrays, geo, groups)
        wanted = by_patches(*(a.astype("d") for a in arrays), geo, groups)
        twin = reference.conv2d(*arrays, geo, groups).reshape(found[0].shape)
        near = 4e-6 if dtype == "f" else 1e-12
        for a, b in zip([*found, found[0]], [*wanted, twin], strict=True):
            assert a.dtype == dtype
            np.testing.assert_allclose(a, b, rtol=20 * near, atol=near * max(1, np.abs(b).max()))


def plain(*kernel):
    return Geometry(kernel, (1, 1), (0, 0), (1, 1))


@pytest.mark.parametrize("filters", [1, 2, 3, 5, 8, 14, 33])
@pytest.mark.parametrize("size", [(3, 3), (6, 9), (12, 12), (20, 21)])
def test_any_number_of_rows_and_columns(vector_level, filters, size):
    check((3, 2, *size), (filters, 2, 3, 3), plain(3, 3))


@pytest.mark.parametrize("padding", [(0, 1), (2, 2), (5, 4)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 3)])
def test_padding_and_dilation(vector_level, padding, dilation):
    geo = Geometry((2, 3), (1, 1), padding, dilation)
    check((3, 4, 9, 8), (6, 2, 2, 3), geo, groups=2)


@pytest.mark.parametrize("size", [(9, 9), (12, 16), (13, 11), (16, 16)])
def test_one_by_one_and_depthwise(vector_level, size):
    check((2, 8, *size), (6, 8, 1, 1), plain(1, 1))
    check((2, 8, *size), (6, 4, 1, 1), Geometry((1, 1), (2, 2), (0, 0), (1, 1)), groups=2)
    check((2, 5, *size), (10, 1, 3, 3), plain(3, 3), groups=5)
    for stride in (1, 2), (3, 1):
        check((2, 5, *size), (5, 1, 3, 3), Geometry((3, 3), stride, (1, 1), (1, 1)), groups=5)


@pytest.mark.parametrize("size", [(4, 16), (6, 7), (9, 18), (13, 33)])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_three_by_three_channel_by_channel(vector_level, size, padding, monkeypatch):
    geo = Geometry((3, 3), (1, 1), (padding, padding), (1, 1))
    check((2, 5, *size), (5, 1, 3, 3), geo, groups=5)
    monkeypatch.setattr(conv, "_workspace_bytes", 1 << 10)
    check((1, 2, *size), (2, 1, 3, 3), geo, groups=2)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [(8, 8), (16, 16), (15, 17)])
def test_rows_as_short_as_those_of_the_result(vector_level, size, stride):
    """Many filters make it worth while to lay out a plane for each column of the kernel."""
    check((3, 4, *size), (40, 4, 3, 3), Geometry((3, 3), (stride, stride), (1, 1), (1, 1)))
    check((1, 4, *size), (25, 4, 2, 5), Geometry((2, 5), (1, stride), (1, 2), (2, 1)))


def test_more_weights_than_a_tile_takes_at_a_time(vector_level):
    check((2, 1300, 9, 9), (9, 1300, 1, 1), plain(1, 1), dtypes="f")
    check((1, 1300, 12, 12), (3, 1300, 1, 1), plain(1, 1))
    check((1, 100, 7, 7), (9, 100, 3, 3), Geometry((3, 3), (2, 2), (1, 1), (1, 1)))


def test_bands_of_rows_when_the_workspace_is_small(vector_level, monkeypatch):
    monkeypatch.setattr(conv, "_workspace_bytes", 1 << 12)
    for size in (40, 16), (33, 20), (200, 3), (31, 64):
        check((2, 3, *size), (9, 3, 1, 1), plain(1, 1))
    for stride in (1, 1), (2, 2), (1, 3):
        check((3, 3, 31, 17), (9, 3, 3, 3), Geometry((3, 3), stride, (1, 1), (1, 1)))


@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    size=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    padding=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    filters=st.integers(1, 9),
    images=st.integers(1, 3),
    groups=st.integers(1, 3),
)
def test_any_geometry(kernel, stride, size, padding, dilation, filters, images, groups):
    geo = Geometry(kernel, stride, padding, dilation)
    assume(min(geo.output(*size)) > 0)
    check((images, 2 * groups, *size), (filters * groups, 2, *kernel), geo, groups)


@pytest.mark.parametrize("dtype", ["f", "d"])
@pytest.mark.parametrize("stride", [1, 2])
def test_nothing_beyond_the_result_is_written(vector_level, stride, dtype):
    """Tiles reach beyond the last row and column; what they find there goes nowhere."""
    for size in (7, 11), (12, 13):
        shape = 3, 5, *((n - 2) // stride + 1 for n in size)
        memory = np.full(np.prod(shape) + 64, 7, dtype)
        graph.keep_large_ones(lambda s, t, m=memory: m[32:-32].reshape(s), 1)
        try:
            out = ag.conv2d(
                np.ones((3, 2, *size), dtype), np.ones((5, 2, 2, 2), dtype), stride=stride
            )
        finally:
            graph.keep_large_ones(None, 1 << 16)
        assert np.shares_memory(out, memory) and (out == 8).all()
        assert (memory[:32] == 7).all() and (memory[-32:] == 7).all()


def test_what_an_earlier_image_left_behind_does_not_count(vector_level):
    """Scratch memory is kept from call to call; padding must be zero again, not infinity."""
    wide = Geometry((3, 3), (1, 1), (1, 1), (1, 1))
    ag.conv2d(np.full((2, 3, 30, 30), np.inf, "f"), np.ones((4, 3, 3, 3), "f"), padding=1)
    check((2, 3, 12, 12), (4, 3, 3, 3), wide)


def test_an_infinite_pixel_gives_infinite_weights_and_no_nan(vector_level):
    x = np.ones((1, 1, 6, 6), "f")
    x[0, 0, 2, 5] = np.inf
    w = ag.Tensor(np.ones((1, 1, 3, 3), "f"))
    ag.conv2d(x, w).backward(np.ones((1, 1, 4, 4), "f"))
    wanted = np.full((3, 3), 16.0)
    wanted[:, 2] = np.inf
    np.testing.assert_array_equal(w.grad[0, 0], wanted)


@pytest.mark.parametrize("dtype", ["f", "d"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("filters", "groups"), [(1, 1), (20, 1), (2, 2)])
@pytest.mark.parametrize("strange", [np.nan, np.inf])
def test_a_strange_pixel_reaches_its_windows_and_no_others(
    vector_level, filters, groups, stride, dtype, strange
):
    for at in (0, 0), (4, 17), (8, 0), (3, 4):
        x, w = np.ones((2, 2, 9, 18), dtype), np.ones((filters, 2 // groups, 3, 3), dtype)
        x[0, 1][at] = strange
        b, geo = np.zeros(filters, dtype), Geometry((3, 3), (stride, stride), (1, 1), (1, 1))
        found, wanted = results(x, w, b, geo, groups), by_patches(x, w, b, geo, groups)
        for a, c in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(np.isfinite(a), np.isfinite(c))
            np.testing.assert_array_equal(np.isnan(a), np.isnan(c))


def test_thread_count_changes_no_more_than_rounding(vector_level):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s).astype("f") for s in ((9, 3, 30, 30), (6, 3, 5, 5), (6,))]
    before = ag.get_num_threads()
    for geo in plain(5, 5), Geometry((5, 5), (2, 2), (2, 2), (1, 1)):
        found = []
        for count in (1, 3, 3):
            ag.set_num_threads(count)
            found.append(results(*arrays, geo, 1))
        ag.set_num_threads(before)
        for a, b, again in zip(*found, strict=True):
            np.testing.assert_array_equal(b, again)
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_gradients_of_gradients(vector_level):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 4, 7, 6)), rng.standard_normal((6, 2, 3, 3))
    ag.testing.check_grads(lambda x, w: ag.conv2d(x, w, None, (2, 1), 1, 1, 2), x, w)
    ag.testing.check_grads(lambda x, w: ag.conv2d(x, w, None, 3, 2, (1, 2), 2), x, w)


@pytest.mark.parametrize(
    ("x", "w"),
    [
        (np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2), "f")),
        (np.ones((1, 1, 4, 4), "i"), np.ones((1, 1, 2, 2), "i")),
        (np.ones((1, 2, 4, 4), "f"), np.ones((1, 1, 2, 2), "f")),
        (np.ones((1, 1, 1, 4), "f"), np.ones((1, 1, 2, 2), "f")),
        (np.ones((0, 1, 4, 4), "f"), np.ones((1, 1, 2, 2), "f")),
        (np.ones((1, 4, 4), "f"), np.ones((1, 1, 2, 2), "f")),
    ],
    ids=["mixed", "integers", "channels", "too small", "no images", "no batch"],
)
def test_others_are_left_to_patches(x, w):
    geo = plain(2, 2)
    assert loops.plan_forward(x, w, None, geo, 1, 1 << 18, lambda: 1) is None
    if x.ndim == 4:
        assert loops.plan_weight_gradient(x, x, w.shape, geo, 1, 1 << 18, lambda: 1) is None
        assert loops.plan_input_gradient(x, w, x.shape, geo, 1, 1 << 18, lambda: 1) is None


def test_long_steps_are_left_to_patches():
    geo = Geometry((17, 17), (17, 17), (0, 0), (1, 1))
    x, w, g = (np.ones((1, 1, n, n), "f") for n in (40, 17, 2))
    assert loops.plan_forward(x, w, None, geo, 1, 1 << 20, lambda: 1) is None
    assert loops.plan_weight_gradient(x, g, w.shape, geo, 1, 1 << 20, lambda: 1) is None
    assert loops.plan_input_gradient(g, w, x.shape, geo, 1, 1 << 20, lambda: 1) is None
