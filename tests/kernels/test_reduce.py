"""Stable log-sum-exp, softmax and cross entropy of rows, with every set of instructions."""

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from agx._kernels import loops as kernels


def team(n):
    return lambda: n


KINDS = [(np.float32, 3e-6), (np.float64, 1e-13)]
SIZES = [1, 2, 3, 7, 8, 15, 16, 17, 63, 64, 65, 200]


def arrays(dtype):
    shape = st.tuples(st.integers(1, 4), st.integers(1, 40))
    width = np.dtype(dtype).itemsize * 8
    return hnp.arrays(dtype, shape, elements=st.floats(-1000, 1000, width=width))


def check(x, rtol):
    expected = reference.logsumexp(x)
    np.testing.assert_allclose(kernels.logsumexp(x, team(1)), expected, rtol=rtol, atol=rtol)
    soft = kernels.softmax(x, team(1))
    np.testing.assert_allclose(soft, reference.softmax(x), rtol=30 * rtol, atol=1e-37)
    log_soft = kernels.log_softmax(x, team(1))
    np.testing.assert_allclose(log_soft, x - expected[:, None], rtol=rtol, atol=1000 * rtol)
    for found in (soft, log_soft):
        assert found.dtype == x.dtype and found.shape == x.shape


@pytest.mark.parametrize(("dtype", "rtol"), KINDS)
@given(data=st.data())
def test_rows(dtype, rtol, data):
    check(data.draw(arrays(dtype)), rtol)


@pytest.mark.parametrize(("dtype", "rtol"), KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_any_number_of_elements(level, dtype, rtol, size):
    check(np.random.default_rng(size).normal(0, 20, (3, size)).astype(dtype), rtol)


@pytest.mark.parametrize(("dtype", "rtol"), KINDS)
def test_exponentials_over_their_whole_range(level, dtype, rtol):
    x = np.linspace(-700 if dtype == np.float64 else -87, 0, 20_001).astype(dtype)
    rows = np.stack([x, np.zeros_like(x)], axis=1)
    e = np.exp(x.astype(np.float64))
    np.testing.assert_allclose(kernels.softmax(rows, team(1))[:, 0], e / (1 + e), rtol=rtol)


@pytest.mark.parametrize(("dtype", "rtol"), KINDS)
@pytest.mark.parametrize("size", [2, 70])
def test_infinities_and_nan(level, dtype, rtol, size):
    inf, nan = np.inf, np.nan
    x = np.full((5, size), -inf, dtype)
    x[:, :2] = [[-inf, -inf], [inf, 0.0], [-inf, 3.0], [nan, 0.0], [0.0, nan]]
    np.testing.assert_array_equal(kernels.logsumexp(x, team(1)), [-inf, inf, 3.0, nan, nan])
    soft = kernels.softmax(x, team(1))
    np.testing.assert_allclose(soft[0], 1 / size, rtol=1e-6)
    np.testing.assert_array_equal(soft[1:3, :2], [[1.0, 0.0], [0.0, 1.0]])
    assert np.isnan(soft[3:]).all()


def test_the_last_of_many_elements_may_be_nan(level):
    for size in SIZES:
        for place in {0, size // 2, size - 1}:
            x = np.zeros((1, size), np.float32)
            x[0, place] = np.nan
            assert (
                np.isnan(kernels.logsumexp(x, team(1))).all()
                and np.isnan(kernels.softmax(x, team(1))).all()
            )


@pytest.mark.parametrize(("dtype", "rtol"), KINDS)
def test_rows_without_elements(dtype, rtol):
    x = np.empty((2, 0), dtype)
    assert (kernels.logsumexp(x, team(1)) == -np.inf).all()
    assert kernels.softmax(x, team(1)).shape == kernels.log_softmax(x, team(1)).shape == (2, 0)
    assert kernels.logsumexp(np.empty((0, 3), dtype), team(1)).shape == (0,)


@pytest.mark.parametrize(("dtype", "rtol"), KINDS)
def test_gradient_of_logsumexp(level, dtype, rtol):
    rng = np.random.default_rng(0)
    x, g = rng.normal(0, 20, (4, 70)).astype(dtype), rng.standard_normal(4).astype(dtype)
    found = kernels.logsumexp_gradient(g, x, team(1))
    np.testing.assert_allclose(
        found, g[:, None] * reference.softmax(x), rtol=100 * rtol, atol=1e-35
    )


def test_gradient_of_logsumexp_at_infinity(level):
    inf = np.inf
    x = np.array([[-inf, -inf], [inf, 0.0], [-inf, 3.0]], np.float32)
    found = kernels.logsumexp_gradient(np.full(3, 2, np.float32), x, team(1))
    np.testing.assert_array_equal(found, [[1, 1], [2, 0], [0, 2]])


def test_the_gradient_of_a_sum_may_be_a_broadcast_view():
    x, t, g = np.eye(3), np.arange(3), np.broadcast_to(np.float64(2), 3)
    np.testing.assert_array_equal(
        kernels.logsumexp_gradient(g, x, team(1)), kernels.logsumexp_gradient(g.copy(), x, team(1))
    )
    np.testing.assert_array_equal(
        kernels.nll_gradient(g, x, t, False, team(1)),
        kernels.nll_gradient(g.copy(), x, t, False, team(1)),
    )


@pytest.mark.parametrize("size", [2, 70])
def test_gradient_of_logsumexp_of_large_numbers_keeps_its_digits(level, size):
    x = np.full((1, size), 1e8, np.float32)
    np.testing.assert_allclose(
        kernels.logsumexp_gradient(np.ones(1, np.float32), x, team(1)), 1 / size, rtol=1e-6
    )


# --- cross entropy -------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "rtol"), KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_cross_entropy_and_its_gradient(level, dtype, rtol, size):
    rng = np.random.default_rng(size)
    z, t = rng.normal(0, 9, (5, size)).astype(dtype), rng.integers(0, size, 5)
    g = rng.standard_normal(5).astype(dtype)
    picked = z[np.arange(5), t]
    losses = reference.logsumexp(z) - picked
    atol = 30 * rtol
    np.testing.assert_allclose(kernels.nll(z, t, False, team(1)), losses, rtol=rtol, atol=atol)
    mean = kernels.nll(z, t, True, team(1))
    assert mean.shape == () and mean.dtype == dtype
    np.testing.assert_allclose(mean, losses.mean(), rtol=rtol, atol=atol)
    slope = reference.softmax(z) - (np.arange(size) == t[:, None])
    np.testing.assert_allclose(
        kernels.nll_gradient(g, z, t, False, team(1)), g[:, None] * slope, atol=atol
    )
    one = np.array(2.0, dtype)
    np.testing.assert_allclose(
        kernels.nll_gradient(one, z, t, True, team(1)), 0.4 * slope, atol=atol
    )


@pytest.mark.parametrize("size", [2, 3, 7])
def test_many_short_rows_are_like_wide_ones(level, size):
    """Infinities and NaN too; columns of -inf change nothing."""
    rng = np.random.default_rng(size)
    z = rng.normal(0, 9, (300, size)).astype(np.float32)
    z[rng.random(z.shape) < 0.1] = -np.inf
    z[rng.random(z.shape) < 0.1] = np.inf
    z[rng.random(z.shape) < 0.05] = np.nan
    z[np.isneginf(z).all(axis=1)] = 0
    t, one = rng.integers(0, size, len(z)), np.ones((), np.float32)
    wide = np.full((len(z), 20), -np.inf, np.float32)
    wide[:, :size] = z
    for mean in (True, False):
        g = one if mean else np.ones(len(z), np.float32)
        np.testing.assert_allclose(
            kernels.nll(z, t, mean, team(1)),
            kernels.nll(wide, t, mean, team(1)),
            rtol=1e-6,
            atol=3e-7,
        )
        np.testing.assert_allclose(
            kernels.nll_gradient(g, z, t, mean, team(1)),
            kernels.nll_gradient(g, wide, t, mean, team(1))[:, :size],
            rtol=1e-5,
            atol=3e-7,
        )


def test_a_small_loss_of_large_logits_keeps_its_digits():
    z = np.array([[1000.0, 990.0]], np.float32)
    np.testing.assert_allclose(
        kernels.nll(z, np.zeros(1, np.int64), True, team(1)), np.log1p(np.exp(-10)), rtol=2e-3
    )


@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("wrong", [-1, 3, -(2**63), 2**63 - 1])
@pytest.mark.parametrize(("dtype", "rtol"), KINDS)
def test_targets_outside_the_row_are_not_read(dtype, rtol, wrong, mean):
    z, t = np.zeros((3, 3), dtype), np.array([0, wrong, 5], np.int64)
    g = np.ones(() if mean else 3, dtype)
    place = f"class numbers from 0 to 2, got {wrong} at position 1"
    with pytest.raises(ValueError, match=f"softmax_nll: targets must be {place}"):
        kernels.nll(z, t, mean, team(1))
    with pytest.raises(
        ValueError, match=f"targets have changed since .*: expected {place}; .* copy"
    ):
        kernels.nll_gradient(g, z, t, mean, team(1))


def test_which_targets_are_classes():
    assert kernels.are_classes(np.array([0, 2, 1], np.int64), 3, -100)
    assert not kernels.are_classes(np.array([0, 3], np.int64), 3, -100)
    assert not kernels.are_classes(np.array([0, -1], np.int64), 3, -100)
    assert not kernels.are_classes(np.array([0, 2], np.int64), 3, 2)
    assert not kernels.are_classes(np.array([[0, 2]]), 3, -100)
    assert not kernels.are_classes(np.array([0, 2], np.int32), 3, -100)
    assert not kernels.are_classes([0, 2], 3, -100)


@pytest.mark.parametrize(
    "x",
    [
        [1.0],
        np.float64(1),
        np.ones((2, 2), int),
        np.ones((2, 4))[:, ::2],
        np.ones((2, 2), reference.SWAPPED),
    ],
    ids=["list", "number", "integers", "strided", "byte order"],
)
def test_other_arguments_are_left_to_others(x):
    z, t = np.ones((2, 2)), np.array([0, 1], np.int64)
    for f in (kernels.logsumexp, kernels.softmax, kernels.log_softmax):
        assert f(x, team(1)) is None
    assert kernels.nll(x, t, True, team(1)) is None
    assert kernels.nll(z, t.astype(np.int32), True, team(1)) is None
    assert kernels.nll(z, t[:1], True, team(1)) is None
    assert kernels.nll_gradient(np.ones(2), x, t, False, team(1)) is None
    assert kernels.nll_gradient(x, z, t, False, team(1)) is None
    assert kernels.logsumexp_gradient(np.ones(2), x, team(1)) is None
    assert kernels.logsumexp_gradient(np.ones(3), z, team(1)) is None
    assert kernels.logsumexp_gradient(np.ones(2, np.float32), z, team(1)) is None


def test_results_are_the_same_again():
    x = np.random.default_rng(0).normal(0, 9, (7, 333)).astype("f")
    np.testing.assert_array_equal(kernels.softmax(x, team(1)), kernels.softmax(x.copy(), team(1)))


@pytest.mark.parametrize(("dtype", "rtol"), KINDS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("logarithm", [False, True])
def test_gradient_of_softmax(level, dtype, rtol, size, logarithm):
    rng = np.random.default_rng(size)
    z, g = (rng.normal(0, 9, (5, size)).astype(dtype) for _ in range(2))
    y = (kernels.log_softmax if logarithm else kernels.softmax)(z, team(1))
    found = kernels.softmax_gradient(g, y, logarithm, team(1))
    wide, h = y.astype("d"), g.astype("d")
    if logarithm:
        wanted = h - np.exp(wide) * h.sum(1, keepdims=True)
    else:
        wanted = wide * (h - (h * wide).sum(1, keepdims=True))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, wanted, rtol=30 * rtol, atol=300 * rtol)


def test_gradients_of_other_arrays_are_left_to_others():
    y = np.full((2, 2), 0.5)
    for g in (np.ones(2), np.ones((2, 2), np.float32), [[1.0]]):
        assert kernels.softmax_gradient(g, y, False, team(1)) is None
    assert kernels.softmax_gradient(y, y.T[::-1], False, team(1)) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_give_what_one_gives(dtype):
    rng = np.random.default_rng(0)
    z, t = rng.standard_normal((301, 200)).astype(dtype), rng.integers(0, 200, 301)
    g, one = rng.standard_normal((301, 200)).astype(dtype), rng.standard_normal(301).astype(dtype)
    for run in (
        lambda n: kernels.logsumexp(z, team(n)),
        lambda n: kernels.logsumexp_gradient(one, z, team(n)),
        lambda n: kernels.softmax(z, team(n)),
        lambda n: kernels.log_softmax(z, team(n)),
        lambda n: kernels.softmax_gradient(g, z, False, team(n)),
        lambda n: kernels.nll(z, t, False, team(n)),
        lambda n: kernels.nll_gradient(one, z, t, False, team(n)),
    ):
        np.testing.assert_array_equal(run(1), run(3))
    np.testing.assert_allclose(
        kernels.nll(z, t, True, team(1)), kernels.nll(z, t, True, team(3)), rtol=1e-6
    )
