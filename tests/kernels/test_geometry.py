"""Windows of every geometry against a twin made of matrices: places of a kernel along an axis, zeros and ones.

An axis is (length, kernel, stride, padding, dilation). The suite takes some of those that there are, in which any
three of the numbers meet that can; all of them, as the rows and columns of images of every size, take some minutes:

    AGX_EVERY_GEOMETRY=1 python -m pytest tests/kernels/test_geometry.py
"""

import functools
import itertools
import os

import numpy as np
import pytest
import reference

import agx as ag
from agx._kernels import machine
from agx.ops.images import conv

DTYPES = ["f4", "f8"]
EVERY = "AGX_EVERY_GEOMETRY" in os.environ


def axes(length, kernel, stride, padding, dilation, ceil_mode=False):
    """Every axis of at most these sizes that a kernel fits; ``padding`` is a function of the kernel."""
    for n, k, s in itertools.product(
        range(1, length + 1), range(1, kernel + 1), range(1, stride + 1)
    ):
        for p, d in itertools.product(padding(k), range(1, dilation + 1 if k > 1 else 2)):
            if any(True for _ in reference.starts(n, k, s, p, d, ceil_mode)):
                yield n, k, s, p, d


def half(kernel):
    """The padding that a window of pooling may have."""
    return range(kernel // 2 + 1)


POOLED = {ceil: list(axes(14, 5, 6, half, 3, ceil)) for ceil in (False, True)}
AVERAGED = {ceil: list(axes(14, 5, 6, half, 1, ceil)) for ceil in (False, True)}
CONVOLVED = list(axes(14, 5, 6, lambda k: (0, 1, 2, 6), 3))


def some(sides, together, rng):
    """A few axes, in which any ``together`` of the numbers meet that meet at all."""
    met, found = set(), []
    for i in rng.permutation(len(sides)):
        new = set(itertools.combinations(enumerate(sides[i]), together)) - met
        if new:
            met |= new
            found.append(sides[i])
    return found


def meetings(sides, together=2, seed=0):
    """Pairs of axes: some with one another, or all so, and with those of the same window."""
    rng = np.random.default_rng(seed)
    if EVERY:
        yield from ((a, b) for a, b in itertools.product(sides, sides) if a[1:] == b[1:])
    else:
        sides = some(sides, together, rng)
    yield from zip(sides, (sides[i] for i in rng.permutation(len(sides))), strict=True)


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


def check_pooling(pair, ceil_mode, dtype, rng, spoil=lambda x, rng: x):
    (h, *_), (w, *_) = pair
    x = spoil(numbers(rng, (1, 2, h, w), dtype), rng)
    f = lambda x: ag.max_pool2d(x, *zip(*(side[1:] for side in pair), strict=True), ceil_mode)
    value, g, (dx,) = pull_back(f, rng, x)
    best = reference.first_largest_of(x, *((*side, ceil_mode) for side in pair)).reshape(2, -1)
    picked = np.take_along_axis(x.reshape(2, -1), np.maximum(best, 0), 1)
    same(value, np.where(best < 0, -np.inf, picked).astype(dtype).reshape(value.shape), pair)
    wanted = [
        np.bincount(at[at >= 0], of[at >= 0], minlength=h * w)
        for at, of in zip(best, g.reshape(2, -1), strict=True)
    ]
    same(dx, np.reshape(wanted, x.shape).astype(dtype), pair)


def spoiled(x, rng):
    """Some of the numbers become NaN and infinities, which tie too."""
    strange = np.array([np.nan, np.inf, -np.inf], x.dtype)[rng.integers(0, 3, x.shape)]
    return np.where(rng.random(x.shape) < rng.choice([0.05, 0.5, 1.0]), strange, x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ceil_mode", [False, True], ids=["floor", "ceil"])
def test_largest_of_every_window(ceil_mode, dtype):
    rng = np.random.default_rng(0)
    for pair in meetings(POOLED[ceil_mode], 3):
        check_pooling(pair, ceil_mode, dtype, rng)
    for pair in meetings(POOLED[ceil_mode], 2, 1):
        check_pooling(pair, ceil_mode, dtype, rng, spoiled)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("spoil", [lambda x, rng: x, spoiled], ids=["numbers", "spoiled"])
def test_largest_of_tiles(level, dtype, spoil):
    """Of 2 x 2, for which there are loops of their own; in ceil mode only if no row or column is left over."""
    rng = np.random.default_rng(1)
    tiles = [(n, 2, 2, 0, 1) for n in range(2, 40)]
    for i, pair in enumerate([*meetings(tiles, 1), *meetings(tiles, 1, 1)]):
        check_pooling(pair, bool(i % 2), dtype, rng, spoil)


@pytest.mark.parametrize("dtype", DTYPES)
def test_largest_of_nothing_but_minus_infinity_is_minus_infinity(dtype):
    x = ag.Tensor(np.full((1, 1, 3, 3), -np.inf, dtype))
    out = ag.max_pool2d(x, 3, 2, 1)
    out.backward(np.ones_like(out.value))
    assert (out.value == -np.inf).all()
    np.testing.assert_array_equal(x.grad[0, 0], [[1, 1, 0], [1, 1, 0], [0, 0, 0]])


def check_average(pair, ceil_mode, count_include_pad, dtype, rng):
    (h, *_), (w, *_) = pair
    kernel, stride, padding, _ = zip(*(side[1:] for side in pair), strict=True)
    met = [reference.places(*side, ceil_mode).sum(axis=1) for side in pair]
    counts = [m.sum(axis=1) for m in met]
    if count_include_pad:
        counts = [reference.lengths(*side[:4], ceil_mode) for side in pair]
    down, across = (m.astype(dtype) for m in met)
    x = numbers(rng, (1, 2, h, w), dtype)
    f = lambda x: ag.avg_pool2d(x, kernel, stride, padding, ceil_mode, count_include_pad)
    value, g, (dx,) = pull_back(f, rng, x)
    share = (1.0 / np.multiply.outer(*counts)).astype(dtype)
    with np.errstate(invalid="ignore"):  # a BLAS may flag numbers that it does not use
        wanted = down.T @ (g * share) @ across
        same(value, (down @ x @ across.T) * share, pair)
    np.testing.assert_allclose(dx, wanted, rtol=1e-5, atol=1e-5, err_msg=str(pair))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ceil_mode", [False, True], ids=["floor", "ceil"])
@pytest.mark.parametrize("count_include_pad", [False, True], ids=["inside", "padded"])
def test_average_of_every_window(ceil_mode, count_include_pad, dtype):
    rng = np.random.default_rng(2)
    for pair in meetings(AVERAGED[ceil_mode], 2):
        check_average(pair, ceil_mode, count_include_pad, dtype, rng)


@pytest.mark.parametrize("dtype", DTYPES)
def test_adaptive_average_of_every_size(dtype):
    rng = np.random.default_rng(3)
    sides = [(n, count) for n in range(1, 15) for count in range(1, 17)]
    for (h, rows), (w, columns) in meetings(sides):
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
    """Patches through BLAS, through NumPy, and in pieces of a few rows."""
    if request.param == "numpy":
        monkeypatch.setattr(conv, "blas", lambda: None)
    if request.param == "pieces":
        monkeypatch.setattr(conv, "_workspace_bytes", 256)
    before = machine.set_level(0)
    yield
    machine.set_level(before)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("dtype", DTYPES)
def test_convolution_through_patches(dtype):
    rng = np.random.default_rng(4)
    for pair in meetings(CONVOLVED, 2):
        check_convolution(pair, dtype, rng)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("room", [1 << 20, 1 << 9])
def test_convolution_by_tiles(vector_level, room, dtype, monkeypatch):
    """Few filters and many: rows of another length are chosen for many."""
    monkeypatch.setattr(conv, "_workspace_bytes", room)
    rng = np.random.default_rng(5)
    for i, pair in enumerate(meetings(CONVOLVED, 3)):
        check_convolution(pair, dtype, rng, filters=(3, 17)[i % 2])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 2])
def test_convolution_of_groups(level, dtype, channels):
    rng = np.random.default_rng(6)
    for pair in meetings(CONVOLVED, 2, 1):
        check_convolution(pair, dtype, rng, 1, int(rng.integers(1, 3)), channels, groups=3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_convolution_of_sequences(dtype):
    rng = np.random.default_rng(7)
    for side, _ in meetings(CONVOLVED, 3):
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
        ((2, 2, 0, 5), (3, 2, 3, 3)),
        ((2, 2, 5, 0), (3, 2, 3, 3)),
    ],
    ids=["images", "filters", "channels", "rows", "columns", "rows, square", "columns, square"],
)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("stride", [1, 2])
def test_convolution_of_nothing(level, x, w, dtype, stride):
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
    for pair in meetings(CONVOLVED, 2, 2):
        check_patches(pair, dtype, rng)


def test_the_sparse_matrix_is_the_dense_one():
    pytest.importorskip("scipy")
    rng = np.random.default_rng(10)
    for pair in meetings(CONVOLVED[::20], 1):
        sizes, x, matrix = check_patches(pair, "f8", rng)
        same(ag.im2col_matrix_sparse(x, *sizes).toarray(), matrix, pair)
