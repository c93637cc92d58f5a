"""Windows of every geometry against a twin made of matrices: places of a kernel along an axis, zeros and ones.

An axis is (length, kernel, stride, padding, dilation). Each axis that there is meets others of all kinds; two by two
all of them would be millions, of which the slow test does some hundred thousand.
"""

import functools
import itertools

import numpy as np
import pytest
import reference

import agx as ag
from agx.ops.images import conv

DTYPES = ["f4", "f8"]


def axes(length, kernel, stride, padding, dilation):
    """Every axis of at most these sizes that a kernel fits; ``padding`` is a function of the kernel."""
    for n, k, s in itertools.product(
        range(1, length + 1), range(1, kernel + 1), range(1, stride + 1)
    ):
        for p, d in itertools.product(padding(k), range(1, dilation + 1 if k > 1 else 2)):
            if n + 2 * p >= d * (k - 1) + 1:
                yield n, k, s, p, d


POOLED = list(axes(14, 5, 6, lambda k: range(k // 2 + 1), 1))
CONVOLVED = list(axes(14, 5, 6, lambda k: (0, 1, 2, 6), 3))


def meetings(sides, times, seed=0):
    """Pairs of axes, in which each stands ``times`` times as rows and as columns."""
    rng = np.random.default_rng(seed)
    for _ in range(times):
        yield from zip(sides, (sides[i] for i in rng.permutation(len(sides))), strict=True)


def squares(sides):
    """The same window across images of all heights and widths."""
    return [(a, b) for a, b in itertools.product(sides, sides) if a[1:] == b[1:]]


def numbers(rng, shape, dtype):
    """Small integers: sums of them are exact in any order, and there are ties."""
    return rng.integers(-4, 5, shape).astype(dtype)


def pull_back(f, rng, *arrays):
    """The value of ``f``, a cotangent, and the gradients that come of it."""
    tensors = [ag.Tensor(a) for a in arrays]
    out = f(*tensors)
    g = numbers(rng, out.shape, out.dtype)
    out.backward(g)
    return out.value, g, [t.grad for t in tensors]


def same(found, wanted, what):
    assert found.dtype == wanted.dtype, what
    assert found.shape == wanted.shape, what
    assert np.array_equal(found, wanted, equal_nan=True), what


# --- pooling ----------------------------------------------------------------------------------------


def check_pooling(pair, dtype, rng, spoil=lambda x, rng: x):
    (h, kh, sh, ph, _), (w, kw, sw, pw, _) = pair
    x = spoil(numbers(rng, (1, 2, h, w), dtype), rng)
    sizes = (kh, kw), (sh, sw), (ph, pw)
    value, g, (dx,) = pull_back(lambda x: ag.max_pool2d(x, *sizes), rng, x)
    best = reference.first_largest_of(x, *pair)
    flat = x.reshape(2, -1)
    same(value, np.take_along_axis(flat, best.reshape(2, -1), 1).reshape(value.shape), pair)
    wanted = [
        np.bincount(*of, minlength=h * w)
        for of in zip(best.reshape(2, -1), g.reshape(2, -1), strict=True)
    ]
    same(dx, np.reshape(wanted, x.shape).astype(dtype), pair)


@pytest.mark.parametrize("dtype", DTYPES)
def test_largest_of_every_window(level, dtype):
    rng = np.random.default_rng(0)
    for pair in meetings(POOLED, 1 if level else 2):
        check_pooling(pair, dtype, rng)


def spoiled(x, rng):
    """Some of the numbers become NaN and infinities, which tie too."""
    strange = np.array([np.nan, np.inf, -np.inf], x.dtype)[rng.integers(0, 3, x.shape)]
    return np.where(rng.random(x.shape) < rng.choice([0.05, 0.5, 1.0]), strange, x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_largest_among_nan_and_infinities(level, dtype):
    rng = np.random.default_rng(1)
    tiles = [(n, 2, 2, 0, 1) for n in range(2, 40)]
    for pair in [*meetings(POOLED, 1), *meetings(tiles, 4)]:
        check_pooling(pair, dtype, rng, spoiled)


@pytest.mark.parametrize("dtype", DTYPES)
def test_largest_of_nothing_but_minus_infinity_is_minus_infinity(dtype):
    x = ag.Tensor(np.full((1, 1, 3, 3), -np.inf, dtype))
    out = ag.max_pool2d(x, 3, 2, 1)
    out.backward(np.ones_like(out.value))
    assert (out.value == -np.inf).all()
    np.testing.assert_array_equal(x.grad[0, 0], [[1, 1, 0], [1, 1, 0], [0, 0, 0]])


def check_average(pair, dtype, rng):
    (h, kh, sh, ph, _), (w, kw, sw, pw, _) = pair
    down, across = (reference.places(*side).sum(axis=1).astype(dtype) for side in pair)
    x = numbers(rng, (1, 2, h, w), dtype)
    value, g, (dx,) = pull_back(lambda x: ag.avg_pool2d(x, (kh, kw), (sh, sw), (ph, pw)), rng, x)
    share = np.array(1.0 / (kh * kw), dtype)
    same(value, (down @ x @ across.T) * share, pair)
    wanted = down.T @ g @ across
    np.testing.assert_allclose(dx, wanted * share, rtol=1e-5, atol=1e-5, err_msg=str(pair))


@pytest.mark.parametrize("dtype", DTYPES)
def test_average_of_every_window(dtype):
    rng = np.random.default_rng(2)
    for pair in meetings(POOLED, 2):
        check_average(pair, dtype, rng)


@pytest.mark.parametrize("dtype", DTYPES)
def test_adaptive_average_of_every_size(dtype):
    rng = np.random.default_rng(3)
    sides = [(n, count) for n in range(1, 15) for count in range(1, 17)]
    for (h, rows), (w, columns) in meetings(sides, 3):
        x = numbers(rng, (1, 2, h, w), dtype)
        value, g, (dx,) = pull_back(
            functools.partial(ag.adaptive_avg_pool2d, output_size=(rows, columns)), rng, x
        )
        down, across = reference.evenly(h, rows), reference.evenly(w, columns)
        np.testing.assert_allclose(value, down @ x @ across.T, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(dx, down.T @ g @ across, rtol=1e-5, atol=1e-5)
        assert value.dtype == dx.dtype == dtype


# --- convolution ------------------------------------------------------------------------------------


def check_convolution(pair, dtype, rng, images=2, filters=3, channels=2, groups=1):
    (h, kh, sh, ph, dh), (w, kw, sw, pw, dw) = pair
    x = numbers(rng, (images, channels * groups, h, w), dtype)
    weight = numbers(rng, (filters * groups, channels, kh, kw), dtype)
    bias = numbers(rng, filters * groups, dtype)
    f = lambda x, w, b: ag.conv2d(x, w, b, (sh, sw), (ph, pw), (dh, dw), groups)
    value, g, found = pull_back(f, rng, x, weight, bias)
    wanted = reference.convolution(x, weight, g, *pair, groups)
    same(value, wanted[0] + bias[:, None, None], pair)
    for a, b in zip(found, [*wanted[1:], g.sum(axis=(0, 2, 3))], strict=True):
        same(a, b, pair)


@pytest.fixture(params=["blas", "numpy", "pieces"])
def way(request, monkeypatch):
    """Through BLAS, through NumPy, and in pieces of a few rows."""
    if request.param == "numpy":
        monkeypatch.setattr(conv, "blas", lambda: None)
    if request.param == "pieces":
        monkeypatch.setattr(conv, "_workspace_bytes", 256)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("dtype", DTYPES)
def test_convolution_through_patches(dtype):
    rng = np.random.default_rng(4)
    for pair in meetings(CONVOLVED[:: 3 if dtype == "f8" else 5], 1):
        check_convolution(pair, dtype, rng)


@pytest.mark.parametrize("room", [1 << 20, 1 << 9])
def test_convolution_with_stride_1_in_float32(level, room, monkeypatch):
    monkeypatch.setattr(conv, "_workspace_bytes", room)
    rng = np.random.default_rng(5)
    for pair in meetings([side for side in CONVOLVED if side[2] == 1], 1):
        check_convolution(pair, "f4", rng)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 2])
def test_convolution_of_groups(level, dtype, channels):
    rng = np.random.default_rng(6)
    for pair in meetings(CONVOLVED[:: 7 if dtype == "f4" else 13], 1):
        check_convolution(pair, dtype, rng, 1, int(rng.integers(1, 3)), channels, groups=3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_convolution_of_sequences(dtype):
    rng = np.random.default_rng(7)
    for side in CONVOLVED[::4]:
        n, k, s, p, d = side
        x, w, b = (numbers(rng, shape, dtype) for shape in ((2, 4, n), (6, 2, k), 6))
        f = lambda x, w, b, s=s, p=p, d=d: ag.conv1d(x, w, b, s, p, d, 2)
        value, g, found = pull_back(f, rng, x, w, b)
        flat = (1, 1, 1, 0, 1)
        wanted = reference.convolution(x[:, :, None], w[:, :, None], g[:, :, None], flat, side, 2)
        same(value, wanted[0][:, :, 0] + b[:, None], side)
        for a, c in zip(
            found, [*(a[:, :, 0] for a in wanted[1:]), g.sum(axis=(0, 2))], strict=True
        ):
            same(a, c, side)


@pytest.mark.parametrize(
    ("x", "w"),
    [
        ((0, 2, 5, 4), (3, 2, 3, 2)),
        ((2, 2, 5, 4), (0, 2, 3, 2)),
        ((2, 0, 5, 4), (3, 0, 3, 2)),
        ((2, 2, 0, 4), (3, 2, 3, 2)),
        ((2, 2, 5, 0), (3, 2, 3, 2)),
    ],
    ids=["images", "filters", "channels", "rows", "columns"],
)
@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("stride", [1, 2])
def test_convolution_of_nothing(x, w, dtype, stride):
    rng = np.random.default_rng(8)
    pair = [(n, k, stride, 2, 1) for n, k in zip(x[2:], w[2:], strict=True)]
    x, w = numbers(rng, x, dtype), numbers(rng, w, dtype)
    value, g, found = pull_back(lambda x, w: ag.conv2d(x, w, None, stride, 2), rng, x, w)
    for a, b in zip([value, *found], reference.convolution(x, w, g, *pair, 1), strict=True):
        same(a, b, (x.shape, w.shape))


# --- patches ----------------------------------------------------------------------------------------


def check_patches(pair, dtype, rng):
    (h, kh, *_), (w, kw, *_) = pair
    sizes = (kh, kw), *((a, b) for a, b in zip(pair[0][2:], pair[1][2:], strict=True))
    x = numbers(rng, (2, 3, h, w), dtype)
    value, g, (dx,) = pull_back(lambda x: ag.im2col(x, *sizes), rng, x)
    wanted = np.moveaxis(reference.patches_of(x, *pair), 1, 3)
    same(value, wanted.reshape(value.shape), pair)
    cut = np.moveaxis(g.reshape(wanted.shape), 3, 1)
    back = reference.patches_added(cut, *pair)
    same(dx, back, pair)
    same(ag.col2im(g, x.shape, *sizes), back, pair)
    index = ag.im2col_indices(x, *sizes)
    picked = np.where(index < 0, 0, x.reshape(2, -1)[:, index]).astype(dtype)
    same(picked, value, pair)
    matrix = ag.im2col_matrix_dense(x[:1], *sizes)
    same((x.reshape(2, -1) @ matrix).reshape(value.shape), value, pair)
    return sizes, x, matrix


@pytest.mark.parametrize("dtype", DTYPES)
def test_patches_and_their_matrices(dtype):
    rng = np.random.default_rng(9)
    for pair in meetings(CONVOLVED[:: 3 if dtype == "f8" else 10], 1):
        check_patches(pair, dtype, rng)


def test_the_sparse_matrix_is_the_dense_one():
    pytest.importorskip("scipy")
    rng = np.random.default_rng(10)
    for pair in meetings(CONVOLVED[::20], 1):
        sizes, x, matrix = check_patches(pair, "f8", rng)
        same(ag.im2col_matrix_sparse(x, *sizes).toarray(), matrix, pair)


# --- many more --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_height_with_every_width(dtype):
    rng = np.random.default_rng(11)
    for pair in squares(POOLED):
        check_pooling(pair, dtype, rng)
        check_average(pair, dtype, rng)
    for pair in squares(CONVOLVED):
        check_convolution(pair, dtype, rng)
