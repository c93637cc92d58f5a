"""Normalisation of channels and rows, with every set of instructions and any number of threads."""

import numpy as np
import pytest
import reference

from agx._kernels import loops as norm

DTYPES = [(np.float32, 2e-5), (np.float64, 1e-12)]
SHAPES = [(2, 3, 8), (5, 4, 3, 5), (3, 2, 28, 28), (64, 7, 9, 9), (1, 1, 100)]
EPS = 1e-3


def team(n):
    return lambda: n


def drawn(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    x, g = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    w, b = (rng.standard_normal(shape[1]).astype(dtype) for _ in range(2))
    return x + dtype(3), g, w, b


def channel_gradients(x, g, w, scale):
    """In float64, by the formulas of Ioffe and Szegedy."""
    axes = (0, *range(2, x.ndim))
    shape = (1, -1) + (1,) * (x.ndim - 2)
    c = x - x.mean(axes, keepdims=True)
    h = g * w.reshape(shape)
    r = scale.reshape(shape)
    dx = r * (h - h.mean(axes, keepdims=True) - c * r * r * (h * c).mean(axes, keepdims=True))
    return dx, g.sum(axes), (g * c).sum(axes)


@pytest.mark.parametrize(("dtype", "rtol"), DTYPES)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("shape", SHAPES)
def test_channels(level, dtype, rtol, threads, shape):
    x, g, w, b = drawn(shape, dtype)
    wide = x.astype(np.float64)
    axes, per = (0, *range(2, x.ndim)), (1, -1) + (1,) * (x.ndim - 2)
    mean, var = norm.moments(x, team(threads))
    np.testing.assert_allclose(mean, wide.mean(axes), rtol=rtol)
    np.testing.assert_allclose(var, wide.var(axes), rtol=rtol)
    scale = 1 / np.sqrt(var + EPS)
    out = norm.normalise(x, w, b, mean, scale, team(threads))
    wanted = (wide - mean.reshape(per)) * (scale * w).reshape(per) + b.reshape(per)
    np.testing.assert_allclose(out, wanted, rtol=rtol, atol=rtol)
    sums, products = norm.gradient_sums(g, x, mean, team(threads))
    dx, wanted_sums, wanted_products = channel_gradients(wide, g.astype("d"), w.astype("d"), scale)
    np.testing.assert_allclose(sums, wanted_sums, rtol=rtol, atol=100 * rtol)
    np.testing.assert_allclose(products, wanted_products, rtol=rtol, atol=100 * rtol)
    found = norm.normalise_gradient(g, x, w, mean, scale, sums, products, team(threads))
    np.testing.assert_allclose(found, dx, rtol=10 * rtol, atol=10 * rtol)


@pytest.mark.parametrize(("dtype", "rtol"), DTYPES)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("shape", [(3, 1), (4, 5), (7, 64), (2, 3, 130), (300, 256), (2, 5000)])
def test_rows(level, dtype, rtol, threads, shape):
    x, g, *_ = drawn(shape, dtype)
    w, b = (np.random.default_rng(k).standard_normal(shape[-1]).astype(dtype) for k in (1, 2))
    wide, h = x.astype("d"), g.astype("d") * w
    c = wide - wide.mean(-1, keepdims=True)
    r = 1 / np.sqrt(wide.var(-1, keepdims=True) + EPS)
    out, mean, scale = norm.normalise_rows(x, w, b, EPS, team(threads))
    np.testing.assert_allclose(out, c * r * w + b, rtol=10 * rtol, atol=10 * rtol)
    dx, shares = norm.normalise_rows_gradient(g, x, w, mean, scale, team(threads))
    wanted = r * (h - h.mean(-1, keepdims=True) - c * r * r * (h * c).mean(-1, keepdims=True))
    np.testing.assert_allclose(dx, wanted, rtol=10 * rtol, atol=100 * rtol)
    rest = tuple(range(x.ndim - 1))
    dw, db = shares.sum(axis=0)
    np.testing.assert_allclose(dw, (g * c * r).sum(rest), rtol=rtol, atol=100 * rtol)
    np.testing.assert_allclose(db, g.sum(rest, dtype="d"), rtol=rtol, atol=100 * rtol)


def test_a_large_mean_costs_no_digits(level):
    x = (np.random.default_rng(0).standard_normal((64, 2, 1024)) + 1e4).astype(np.float32)
    mean, var = norm.moments(x, team(1))
    np.testing.assert_allclose(mean, x.mean((0, 2), dtype="d"), rtol=1e-7)
    np.testing.assert_allclose(var, x.var((0, 2), dtype="d"), rtol=1e-5)


def test_threads_give_what_one_gives():
    x, g, w, b = drawn((16, 9, 15, 15), np.float32)
    for run in (
        lambda n: norm.moments(x, team(n))[1],
        lambda n: norm.gradient_sums(g, x, np.arange(9.0), team(n))[1],
    ):
        np.testing.assert_array_equal(run(1), run(3))


@pytest.mark.parametrize(
    "x",
    [
        3.0, [[[1.0] * 8]], np.ones((2, 3, 8), int), np.ones((2, 3, 8), reference.SWAPPED), np.ones((2, 3, 16), "f")[..., ::2],
        np.ones((2, 3, 2), "f"), np.ones(8, "f"), np.ones((0, 3, 8), "f"),
    ],
)  # fmt: skip
def test_other_arrays_are_left_to_others(x):
    w, m = np.ones(3, "f"), np.ones(3)
    assert norm.moments(x, team(1)) is None
    assert norm.normalise(x, w, w, m, m, team(1)) is None
    assert norm.gradient_sums(x, x, m, team(1)) is None
    assert norm.normalise_gradient(x, x, w, m, m, m, m, team(1)) is None
    assert norm.normalise_rows(x, w, w, EPS, team(1)) is None
    assert norm.normalise_rows_gradient(x, x, w, m, m, team(1)) is None


def test_shapes_and_dtypes_must_agree():
    x, w, m = np.ones((2, 3, 8), "f"), np.ones(3, "f"), np.ones(3)
    assert norm.normalise(x, w[:2], w, m, m, team(1)) is None
    assert norm.normalise(x, w, w.astype("d"), m, m, team(1)) is None
    assert norm.gradient_sums(x[:1], x, m, team(1)) is None
    assert norm.normalise_rows(x, w, w, EPS, team(1)) is None
    for g in x[:1], x.astype("d"), x.astype(">f4"), np.ones((8, 3, 2), "f").T:
        assert norm.normalise_gradient(g, x, w, m, m, m, m, team(1)) is None
