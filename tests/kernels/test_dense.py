"""Products of matrices with every set of instructions that this processor has."""

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

import agx as ag
from agx._kernels import loops, machine

if not machine.has_tiles():
    pytest.skip("these instructions have no tiles", allow_module_level=True)


def matrix(rows, columns, layout, rng):
    if layout == "rows":
        return rng.standard_normal((rows, columns)).astype("f")
    if layout == "columns":
        return rng.standard_normal((columns, rows)).astype("f").T
    return rng.standard_normal((2 * rows, 3 * columns)).astype("f")[::2, ::-3]


def check(m, n, k, left="rows", right="rows", bias=False, threads=1):
    rng = np.random.default_rng(0)
    x, y = matrix(m, k, left, rng), matrix(k, n, right, rng)
    b = rng.standard_normal(n).astype("f") if bias else None
    out = loops.matmul(x, y, b, lambda: threads)
    exact = x.astype("d") @ y.astype("d") + (b if bias else 0)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, exact, rtol=1e-4, atol=1e-6 * max(1, np.abs(exact).max()))
    return out


@pytest.mark.parametrize("m", [1, 2, 3, 5, 7, 8, 14, 33])
@pytest.mark.parametrize("n", [1, 10, 48, 129])
@pytest.mark.parametrize("right", ["rows", "columns"])
def test_any_number_of_rows_and_columns(vector_level, m, n, right):
    for k in (1, 7, 16, 40, 130):
        check(m, n, k, right=right)


@given(
    m=st.integers(1, 70),
    n=st.integers(1, 70),
    k=st.integers(1, 70),
    left=st.sampled_from(["rows", "columns", "strided"]),
    right=st.sampled_from(["rows", "columns", "strided"]),
    bias=st.booleans(),
)
def test_any_layout(m, n, k, left, right, bias):
    check(m, n, k, left, right, bias)


def test_threads_change_nothing(vector_level):
    for sizes in ((64, 400, 120), (16, 700, 90), (3, 600, 700), (700, 9, 600)):
        for right in ("rows", "columns"):
            one = check(*sizes, right=right, bias=True)
            for threads in (2, 3):
                again = check(*sizes, right=right, bias=True, threads=threads)
                np.testing.assert_array_equal(one, again)


def test_nothing_beyond_the_factors_counts(vector_level):
    """Rows and columns past the end are padding; what lies there in memory must not be used."""
    memory = np.full((9, 70), np.nan, "f")
    memory[:3, :10] = 1
    x = memory[:3, :10]
    assert (loops.matmul(x, x.T, None, lambda: 1) == 10).all()
    assert (loops.matmul(x.T, x, None, lambda: 1) == 3).all()


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.ones((2, 3)), np.ones((3, 2), "f")),
        (np.ones((2, 3), "f"), np.ones((4, 2), "f")),
        (np.ones(3, "f"), np.ones((3, 2), "f")),
        (np.ones((2, 2, 3), "f"), np.ones((3, 2), "f")),
        (np.ones((0, 3), "f"), np.ones((3, 2), "f")),
        (np.ones((2, 3), reference.SWAPPED), np.ones((3, 2), "f")),
        ([[1.0]], np.ones((1, 2), "f")),
        (
            np.broadcast_to(np.float32(1), (3000, 3000)),
            np.broadcast_to(np.float32(1), (3000, 3000)),
        ),
    ],
    ids=["float64", "sizes", "vector", "stack", "empty", "byte order", "list", "large"],
)
def test_others_are_left_to_numpy(x, y):
    assert loops.matmul(x, y, None, lambda: 1) is None


def test_baseline_leaves_all_to_numpy():
    x = np.ones((2, 2), "f")
    before = machine.set_level(0)
    try:
        assert loops.matmul(x, x, None, lambda: 1) is None
        assert (ag.matmul(x, x) == 2).all()
    finally:
        machine.set_level(before)
