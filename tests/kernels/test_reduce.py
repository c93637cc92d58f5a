"""Stable log-sum-exp and softmax of rows against their twins."""

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from agx._kernels import reduce as kernels

KINDS = [("float", np.float32, 3e-6), ("double", np.float64, 1e-13)]


def arrays(dtype):
    shape = st.tuples(st.integers(1, 4), st.integers(1, 40))
    width = np.dtype(dtype).itemsize * 8
    return hnp.arrays(dtype, shape, elements=st.floats(-1000, 1000, width=width))


@pytest.mark.parametrize(("name", "dtype", "rtol"), KINDS)
@given(data=st.data())
def test_rows(name, dtype, rtol, data):
    x = data.draw(arrays(dtype))
    lse, soft, log_soft = np.empty(len(x), dtype), np.empty_like(x), np.empty_like(x)
    kernels.logsumexp_rows[name](x, lse, np.empty(x.shape[1], dtype))
    kernels.softmax_rows[name](x, soft)
    kernels.log_softmax_rows[name](x, log_soft)
    expected = reference.logsumexp(x)
    np.testing.assert_allclose(lse, expected, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(soft, reference.softmax(x), rtol=30 * rtol, atol=1e-37)
    np.testing.assert_allclose(log_soft, x - expected[:, None], rtol=rtol, atol=1000 * rtol)


@pytest.mark.parametrize(("name", "dtype", "rtol"), KINDS)
def test_exponentials_over_their_whole_range(name, dtype, rtol):
    x = np.linspace(-700 if name == "double" else -87, 0, 20_001).astype(dtype)
    rows = np.stack([x, np.zeros_like(x)], axis=1)
    out = np.empty_like(rows)
    kernels.softmax_rows[name](rows, out)
    e = np.exp(x.astype(np.float64))
    np.testing.assert_allclose(out[:, 0], e / (1 + e), rtol=rtol)


@pytest.mark.parametrize(("name", "dtype", "rtol"), KINDS)
def test_infinities_and_nan(name, dtype, rtol):
    inf, nan = np.inf, np.nan
    x = np.array([[-inf, -inf], [inf, 0.0], [-inf, 3.0], [nan, 0.0], [0.0, nan]], dtype)
    out, soft = np.empty(5, dtype), np.empty_like(x)
    kernels.logsumexp_rows[name](x, out, np.empty(2, dtype))
    np.testing.assert_array_equal(out, [-inf, inf, 3.0, nan, nan])
    kernels.softmax_rows[name](x, soft)
    np.testing.assert_array_equal(
        soft, [[0.5, 0.5], [1.0, 0.0], [0.0, 1.0], [nan, nan], [nan, nan]]
    )


@pytest.mark.parametrize(("name", "dtype", "rtol"), KINDS)
def test_rows_without_elements(name, dtype, rtol):
    x, out = np.empty((2, 0), dtype), np.empty(2, dtype)
    kernels.logsumexp_rows[name](x, out, np.empty(1, dtype))
    assert (out == -np.inf).all()
    kernels.softmax_rows[name](x, x.copy())
    kernels.log_softmax_rows[name](x, x.copy())
