"""Convolution without patches, with every set of instructions that this processor has."""

import numpy as np
import pytest
import reference
from hypothesis import assume, given
from hypothesis import strategies as st

import agx as ag
from agx._kernels import arrays, convolution, machine
from agx.ops.images import conv
from agx.ops.images.im2col import Geometry

if not machine.has_tiles():
    pytest.skip("these instructions have no tiles", allow_module_level=True)


def results(x, w, b, geo, groups):
    tensors = x, w, b = [ag.Tensor(a) for a in (x, w, b)]
    out = ag.conv2d(x, w, b, geo.stride, geo.padding, geo.dilation, groups)
    out.backward(np.random.default_rng(1).standard_normal(out.shape).astype(out.dtype))
    return [out.value, *(t.grad for t in tensors)]


def check(x_shape, w_shape, geo, groups=1):
    """Compare values and gradients with float64, which goes another way, and the values with a twin."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s).astype("f") for s in (x_shape, w_shape, w_shape[:1])]
    found = results(*arrays, geo, groups)
    wanted = results(*(a.astype("d") for a in arrays), geo, groups)
    twin = reference.conv2d(*arrays, geo, groups).reshape(found[0].shape)
    for a, b in zip([*found, found[0]], [*wanted, twin], strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=4e-6 * max(1, np.abs(b).max()))


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


def test_one_by_one_and_depthwise(vector_level):
    check((2, 8, 9, 9), (6, 8, 1, 1), plain(1, 1))
    check((2, 5, 9, 9), (10, 1, 3, 3), plain(3, 3), groups=5)


def test_bands_of_rows_when_the_workspace_is_small(vector_level, monkeypatch):
    monkeypatch.setattr(conv, "_workspace_bytes", 1 << 12)
    check((3, 3, 31, 17), (9, 3, 3, 3), Geometry((3, 3), (1, 1), (1, 1), (1, 1)))


@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    size=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    padding=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    filters=st.integers(1, 9),
    images=st.integers(1, 3),
)
def test_any_geometry(kernel, size, padding, dilation, filters, images):
    geo = Geometry(kernel, (1, 1), padding, dilation)
    assume(min(geo.output(*size)) > 0)
    check((images, 2, *size), (filters, 2, *kernel), geo)


def test_nothing_beyond_the_result_is_written(vector_level):
    """Tiles reach beyond the last row and column; what they find there goes nowhere."""
    memory = np.full(3 * 5 * 6 * 10 + 64, 7, np.float32)
    arrays.keep_large_ones(lambda shape, dtype: memory[32:-32].reshape(shape), 1)
    try:
        out = ag.conv2d(np.ones((3, 2, 7, 11), "f"), np.ones((5, 2, 2, 2), "f"))
    finally:
        arrays.keep_large_ones(None, 1 << 16)
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


def test_thread_count_changes_no_more_than_rounding(vector_level):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s).astype("f") for s in ((9, 3, 30, 30), (6, 3, 5, 5), (6,))]
    before, found = ag.get_num_threads(), []
    for count in (1, 3, 3):
        ag.set_num_threads(count)
        found.append(results(*arrays, plain(5, 5), 1))
    ag.set_num_threads(before)
    for a, b, again in zip(*found, strict=True):
        np.testing.assert_array_equal(b, again)
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("x", "w"),
    [
        (np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2), "f")),
        (np.ones((1, 2, 4, 4), "f"), np.ones((1, 1, 2, 2), "f")),
        (np.ones((1, 1, 1, 4), "f"), np.ones((1, 1, 2, 2), "f")),
        (np.ones((0, 1, 4, 4), "f"), np.ones((1, 1, 2, 2), "f")),
        (np.ones((1, 4, 4), "f"), np.ones((1, 1, 2, 2), "f")),
    ],
    ids=["float64", "channels", "too small", "no images", "no batch"],
)
def test_others_are_left_to_patches(x, w):
    geo = plain(2, 2)
    assert convolution.plan_forward(x, w, None, geo, 1, 1 << 18, lambda: 1) is None
    if x.ndim == 4:
        assert convolution.plan_weight_gradient(x, x, w.shape, geo, 1, 1 << 18, lambda: 1) is None
        assert convolution.plan_input_gradient(x, w, x.shape, geo, 1, 1 << 18, lambda: 1) is None


def test_steps_of_two_are_left_to_patches():
    geo = Geometry((2, 2), (2, 2), (0, 0), (1, 1))
    x, w = np.ones((1, 1, 4, 4), "f"), np.ones((1, 1, 2, 2), "f")
    assert convolution.plan_forward(x, w, None, geo, 1, 1 << 18, lambda: 1) is None
