"""Arithmetic on small arrays: NumPy's results to the bit, and the rest left to NumPy."""

import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import agx as ag
from agx._engine.graph import pullback
from agx._kernels import graph as kernels

SYMBOLS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
DTYPES = [np.float32, np.float64]
shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)


def arrays(dtype, shape):
    return hnp.arrays(dtype, shape, elements=st.floats(-100, 100, width=32))


@given(
    data=st.data(),
    dtype=st.sampled_from(DTYPES),
    shape=shapes,
    symbol=st.sampled_from(list(SYMBOLS)),
)
def test_arrays_of_one_shape(data, dtype, shape, symbol):
    x, y = (data.draw(arrays(dtype, shape)) for _ in range(2))
    compare(symbol, x, y)


@given(
    data=st.data(),
    dtype=st.sampled_from(DTYPES),
    shape=shapes,
    symbol=st.sampled_from(list(SYMBOLS)),
    number=st.one_of(st.floats(-9, 9), st.integers(-(10**9), 10**9)),
)
def test_an_array_and_a_number(data, dtype, shape, symbol, number):
    x = data.draw(arrays(dtype, shape))
    compare(symbol, x, number)
    compare(symbol, number, x)


def compare(symbol, x, y):
    found = kernels.calculate(symbol, x, y)
    with np.errstate(all="ignore"):
        expected = np.asarray(SYMBOLS[symbol](x, y))
    if found is None:
        large = any(type(v) is int and abs(v) >= 1 << 24 for v in (x, y))
        assert large or not np.isfinite(expected).all()
    else:
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.ones(3), np.ones((2, 3))),
        (np.ones(3), np.ones(3, np.float32)),
        (np.ones(3, int), np.ones(3, int)),
        (np.ones(3), np.float64(1.0)),
        (np.ones(3), True),
        (np.ones(6)[::2], np.ones(3)),
        (np.ones(257), np.ones(257)),
        (1.0, 2.0),
        (np.ma.masked_array(np.ones(3)), np.ones(3)),
    ],
    ids=[
        "broadcast",
        "dtypes",
        "integers",
        "NumPy number",
        "bool",
        "strided",
        "large",
        "numbers",
        "subclass",
    ],
)
def test_the_rest_is_left_to_numpy(x, y):
    assert kernels.calculate("+", x, y) is None
    assert isinstance(x, float) or not kernels.accumulate(x, y)


def test_numpy_warns_about_what_is_not_finite():
    x = ag.Tensor([1.0, 2.0])
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        x / np.zeros(2)
    with pytest.warns(RuntimeWarning, match="overflow"):
        ag.Tensor([1e308]) * 10.0


@pytest.mark.parametrize("dtype", DTYPES)
def test_adding_in_place(dtype):
    total, x = np.arange(6, dtype=dtype).reshape(2, 3), np.ones((2, 3), dtype)
    assert kernels.accumulate(total, x)
    np.testing.assert_array_equal(total, np.arange(1, 7).reshape(2, 3))
    total.flags.writeable = False
    assert not kernels.accumulate(total, x)


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("size", [3, 300])
@pytest.mark.parametrize("other", ["array", "number", "row"])
def test_pull_backs_are_those_of_the_rules(symbol, size, other):
    """Differentiating twice goes through the rules of the table; once, through the kernel."""
    rng = np.random.default_rng(0)
    x = rng.uniform(1, 2, (2, size))
    y = {"array": rng.uniform(1, 2, (2, size)), "number": 1.5, "row": rng.uniform(1, 2, size)}[
        other
    ]
    for f in (SYMBOLS[symbol], lambda a, b: SYMBOLS[symbol](b, a)):
        a, b = ag.Tensor(x), ag.Tensor(y)
        loss = (f(a, b) * x).sum()
        loss.backward()
        for t, wanted in zip((a, b), pullback(loss, [a, b], create_graph=True), strict=True):
            np.testing.assert_allclose(t.grad, np.asarray(wanted), rtol=1e-13)
