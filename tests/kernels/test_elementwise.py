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
