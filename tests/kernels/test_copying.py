"""What threads share of large arrays: NumPy's loops, and copies (of gradients, in tests of reductions)."""

import numpy as np
import pytest

import agx as ag
from agx._kernels import graph, machine


@pytest.fixture(params=[1, 3])
def threads(request, use_threads):
    use_threads(request.param)
    ag.max_pool2d(np.ones((64, 8, 90, 90), "f"), 3)  # which wakes them


SIZE = 1_100_003
ONE = {"negative": np.negative, "tanh": np.tanh, "square": np.square, "sin": np.sin}
TWO = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide}


@pytest.mark.parametrize("dtype", ["f", "d"])
def test_results_are_numpys_to_the_bit(threads, dtype):
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal(SIZE).astype(dtype) for _ in range(2))
    for ufunc in ONE.values():
        found = ufunc(ag.Tensor(x)).value
        np.testing.assert_array_equal(found, ufunc(x))
        assert found.dtype == x.dtype
    for ufunc in TWO.values():
        for other in y, 3.0, y[:1], y.reshape(1, -1):
            np.testing.assert_array_equal(ufunc(ag.Tensor(x), other).value, ufunc(x, other))
            np.testing.assert_array_equal(ufunc(other, ag.Tensor(x)).value, ufunc(other, x))


@pytest.mark.parametrize("strange", [0, SIZE - 1])
def test_warnings_are_numpys(threads, strange):
    x = np.full(SIZE, 2.0)
    x[strange] = 1e300
    with pytest.warns(RuntimeWarning, match="overflow encountered in square"):
        assert np.isinf(np.square(ag.Tensor(x)).value[strange])
    with pytest.warns(RuntimeWarning, match="overflow encountered in multiply") as told:
        ag.Tensor(x) * x
    assert len(told) == 1 and told[0].filename == __file__
    x[strange] = 0
    with np.errstate(all="ignore"):
        assert np.isinf((1.0 / ag.Tensor(x)).value[strange])
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide by zero"):
        np.ones(SIZE) / ag.Tensor(x)
    x[strange] = 1e-200
    assert np.square(ag.Tensor(x)).value[strange] == 0
    with np.errstate(under="raise"), pytest.raises(FloatingPointError, match="underflow"):
        np.square(ag.Tensor(x))


def test_threads_are_asked(threads, monkeypatch):
    asked = []
    before = machine.run
    monkeypatch.setattr("agx._kernels.graph.run", lambda *a: asked.append(before(*a)))
    np.sin(ag.Tensor(np.ones(SIZE)))
    assert len(asked) == (machine.has_threads() and ag.get_num_threads() > 1)


@pytest.mark.parametrize("size", [3, 70_000])
@pytest.mark.parametrize("dtype", [">f8", "<f8", ">f4", "<i2"])
def test_what_is_repeated_keeps_its_numbers(dtype, size):
    x = np.array([[1.5], [2.0]]).astype(dtype)
    found = graph.spread(x, (3, 2, size))
    np.testing.assert_array_equal(found, np.broadcast_to(x, (3, 2, size)))
    assert found.dtype.isnative
