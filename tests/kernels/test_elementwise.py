"""Elementwise kernels against the formulas written out."""

import math

import numpy as np
import pytest

from agx._kernels import elementwise as kernels

KINDS = [("float", np.float32), ("double", np.float64)]


@pytest.mark.parametrize(("name", "dtype"), KINDS)
def test_erf(name, dtype):
    x = np.linspace(-6, 6, 101).astype(dtype)
    out = np.empty_like(x)
    kernels.erf[name](x, out)
    np.testing.assert_allclose(out, [math.erf(v) for v in x.tolist()], rtol=1e-6)


@pytest.mark.parametrize(("name", "dtype"), KINDS)
def test_relu_gradient(name, dtype):
    x = np.array([-np.inf, -1, -0.0, 0, 1e-30, 2, np.inf, np.nan] * 5, dtype)
    g = np.arange(1, 41).astype(dtype)
    out = np.empty_like(x)
    kernels.relu_gradient[name](g, x, out)
    np.testing.assert_array_equal(out, np.where(x > 0, g, 0))
