"""Convolution loops with every set of instructions that this processor has."""

import numpy as np
import pytest
import reference
from hypothesis import assume, given
from hypothesis import strategies as st

import agx as ag
from agx._runtime import threads
from agx.ops.images.im2col import Geometry

if threads.blas() is None:
    pytest.skip("NumPy's BLAS has no symbols to call", allow_module_level=True)


def check(x_shape, w_shape, geo, groups=1):
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
    check((2, 3, *size), (filters, 3, 3, 3), plain)


def test_one_by_one_and_groups(level):
    check((2, 8, 9, 9), (6, 8, 1, 1), Geometry((1, 1), (1, 1), (0, 0), (1, 1)))
    check((2, 8, 19, 9), (6, 4, 3, 2), Geometry((3, 2), (2, 1), (1, 2), (1, 2)), groups=2)


@given(
    kernel=st.integers(1, 4),
    height=st.integers(1, 24),
    width=st.integers(1, 24),
    filters=st.integers(1, 9),
)
def test_best_instructions_on_any_image(kernel, height, width, filters):
    geo = Geometry((kernel, kernel), (1, 1), (1, 0), (1, 1))
    assume(min(geo.output(height, width)) > 0)
    check((1, 2, height, width), (filters, 2, kernel, kernel), geo)


def test_nothing_beyond_the_result_is_written(level):
    """Overlapping blocks and repeated rows stay inside the output and the gradients."""
    x = np.ones((3, 2, 7, 11), np.float32)
    w = np.ones((5, 2, 2, 2), np.float32)
    out = ag.conv2d(x, w)
    assert (out == 8).all()
