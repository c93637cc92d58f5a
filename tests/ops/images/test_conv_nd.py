"""Convolution of sequences and of volumes, and what keeps their sizes."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from points import normal

import agx as ag
from agx.ops.images.im2col import Geometry

rng = np.random.default_rng(0)


def correlated(x, w, b, geo, groups):
    """Convolution of any number of axes, window by window."""
    axes = range(2, x.ndim)
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in geo.padding)])
    reach = [d * (k - 1) + 1 for k, d in zip(geo.kernel, geo.dilation, strict=True)]
    views = np.lib.stride_tricks.sliding_window_view(x, reach, tuple(axes))
    steps = tuple(slice(None, None, s) for s in geo.stride)
    gaps = tuple(slice(None, None, d) for d in geo.dilation)
    views = views[(slice(None), slice(None), *steps, *gaps)]
    kernel = [*range(-len(geo.kernel), 0)]
    parts = [
        np.tensordot(v, f, ([1, *kernel], [1, *kernel]))
        for v, f in zip(np.split(views, groups, 1), np.split(w, groups), strict=True)
    ]
    return np.moveaxis(np.concatenate(parts, -1) + b, -1, 1)


@st.composite
def problems(draw, axes):
    several = lambda low, high: st.tuples(*[st.integers(low, high)] * axes)
    geo = Geometry(
        draw(several(1, 3)), draw(several(1, 3)), draw(several(0, 2)), draw(several(1, 2))
    )
    size, groups = draw(several(1, 5)), draw(st.integers(1, 2))
    assume(min(geo.output(*size)) > 0)
    per, out, n = (draw(st.integers(1, 2)) for _ in range(3))
    return geo, groups, (n, per * groups, *size), (out * groups, per, *geo.kernel)


@pytest.mark.parametrize("axes", [1, 3])
@given(data=st.data())
def test_any_geometry(axes, data):
    geo, groups, x_shape, w_shape = data.draw(problems(axes))
    x, w, b = (rng.standard_normal(shape) for shape in (x_shape, w_shape, w_shape[0]))
    convolution = {1: ag.conv1d, 3: ag.conv3d}[axes]
    found = convolution(x, w, b, geo.stride, geo.padding, geo.dilation, groups)
    np.testing.assert_allclose(found, correlated(x, w, b, geo, groups), atol=1e-12)


HOW = [{}, {"stride": 2, "padding": 1}, {"padding": "same", "dilation": 2}]


@pytest.mark.parametrize("how", HOW, ids=str)
def test_gradients_of_volumes_to_second_order(how):
    x, w, b = normal(1, 2, 3, 3, 4), normal(4, 1, 2, 2, 2), normal(4)
    ag.testing.check_grads(lambda x, w, b: ag.conv3d(x, w, b, groups=2, **how), x, w, b)


@pytest.mark.parametrize("how", HOW, ids=str)
def test_gradients_of_sequences_to_second_order(how):
    x, w, b = normal(2, 2, 5), normal(4, 1, 2), normal(4)
    ag.testing.check_grads(lambda x, w, b: ag.conv1d(x, w, b, groups=2, **how), x, w, b)


@pytest.mark.parametrize("axes", [1, 2, 3])
@given(data=st.data())
def test_same_keeps_the_size_and_puts_the_odd_zero_at_the_end(axes, data):
    sizes = lambda high: data.draw(st.tuples(*[st.integers(1, high)] * axes))
    size, kernel, dilation = sizes(5), sizes(4), sizes(2)
    x, w = rng.standard_normal((1, 2, *size)), rng.standard_normal((3, 2, *kernel))
    convolution = {1: ag.conv1d, 2: ag.conv2d, 3: ag.conv3d}[axes]
    found = convolution(x, w, padding="same", dilation=dilation)
    assert found.shape == (1, 3, *size)
    added = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    wide = np.pad(x, [(0, 0), (0, 0), *((n // 2, n - n // 2) for n in added)])
    np.testing.assert_allclose(found, convolution(wide, w, dilation=dilation), atol=1e-12)
    np.testing.assert_array_equal(
        convolution(wide, w, padding="valid", dilation=dilation),
        convolution(wide, w, dilation=dilation),
    )


def test_padding_that_is_alike_on_both_sides_costs_no_copy():
    x, w = np.ones((1, 2, 8, 8), np.float32), np.ones((4, 2, 3, 3), np.float32)
    assert ag.conv2d_plan(x, w, padding="same") == ag.conv2d_plan(x, w, padding=1)
    assert ag.conv2d_plan(x, np.ones((4, 2, 4, 4)), padding="same").x == (1, 2, 9, 9)


def test_transposed_sequences():
    x, w, b = normal(2, 4, 3), normal(4, 2, 3), normal(4)
    how = {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2}
    found = ag.conv_transpose1d(x, w, b, **how)
    back = ag.conv1d(found - b[:, None], w, stride=2, padding=1, groups=2)
    np.testing.assert_allclose((back * x).sum(), ((found - b[:, None]) ** 2).sum())
    ag.testing.check_grads(lambda x, w, b: ag.conv_transpose1d(x, w, b, **how), x, w, b)


def test_float32_stays_and_batches_may_be_empty():
    for found, shape in (
        (ag.conv3d(np.ones((0, 1, 4, 4, 4), "f4"), np.ones((2, 1, 3, 3, 3), "f4")), (0, 2, 2, 2, 2)),
        (ag.conv1d(np.ones((0, 1, 4), "f4"), np.ones((2, 1, 3), "f4")), (0, 2, 2)),
        (ag.conv_transpose1d(np.ones((0, 1, 4), "f4"), np.ones((1, 2, 3), "f4")), (0, 2, 6)),
    ):  # fmt: skip
        assert found.shape == shape
        assert found.dtype == np.float32


X, V = np.ones((1, 4, 5)), np.ones((1, 4, 3, 5, 5))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ag.conv1d(X[0], np.ones((2, 4, 3))), r"conv1d: expected x of shape \(N, C, L\) and w"),
        (lambda: ag.conv1d(X, np.ones((2, 4, 6))), r"conv1d: a kernel reaching over \(6,\) does not fit sequences of \(5,\) with padding"),
        (lambda: ag.conv1d(X, np.ones((2, 4, 3)), stride=(1, 1)), "conv1d: stride must be an integer of at least 1, got"),
        (lambda: ag.conv1d(X, np.ones((2, 4, 3)), padding="full"), "conv1d: padding must be an integer, a tuple of them, 'same' or 'valid', got 'full'"),
        (lambda: ag.conv3d(X, np.ones((2, 4, 3))), r"conv3d: expected x of shape \(N, C, D, H, W\) and w"),
        (lambda: ag.conv3d(V, np.ones((2, 4, 4, 1, 1))), r"conv3d: a kernel reaching over \(4, 1, 1\) does not fit volumes of \(3, 5, 5\)"),
        (lambda: ag.conv3d(V, np.ones((2, 3, 1, 1, 1))), "conv3d: x has 4 channels, w expects 3"),
        (lambda: ag.conv3d(V, np.ones((2, 4, 1, 1, 1)), dilation=(1, 2)), "conv3d: dilation must be an integer of at least 1 or 3 of them"),
        (lambda: ag.conv3d(V, np.ones((2, 4, 1, 1, 1)), groups=3), "conv3d: groups=3 must divide the 4 channels"),
        (lambda: ag.conv2d(V[:, :, 0], np.ones((2, 4, 3, 3)), stride=2, padding="same"), r"conv2d: padding='same' needs stride 1, got \(2, 2\); give the padding in numbers"),
        (lambda: ag.conv_transpose1d(X[0], np.ones((4, 2, 3))), r"conv_transpose1d: expected x of shape \(N, C, L\), got \(4, 5\); add the batch axis with x\[None\]"),
        (lambda: ag.conv_transpose1d(X, np.ones((4, 2))), r"conv_transpose1d: expected w of shape \(C, O / groups, K\), got \(4, 2\)"),
        (lambda: ag.conv_transpose1d(X, np.ones((3, 2, 3))), "conv_transpose1d: x has 4 channels, w expects 3"),
        (lambda: ag.conv_transpose1d(X, np.ones((4, 2, 3)), output_padding=1), "conv_transpose1d: output_padding .* must be less"),
    ],
)  # fmt: skip
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
