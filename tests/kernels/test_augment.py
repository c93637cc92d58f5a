"""Images that are changed one by one against their twins, which look up every pixel."""

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st

from agx._kernels import loops

SIDES = st.integers(0, 20)
DTYPES = [np.uint8, np.float32]
each_dtype = pytest.mark.parametrize("dtype", DTYPES)


def team(n):
    return lambda: n


def pictures(shape, dtype, rng):
    x = rng.integers(0, 256, shape).astype(np.uint8)
    return x if dtype == np.uint8 else x.astype(dtype) / 7


def fetched(x, rows, columns):
    """Pixels (n, i, j) from rows and columns (N, H, W); zeros beyond the image."""
    n, _, height, width = x.shape
    out = np.zeros((*x.shape[:2], *rows.shape[1:]), x.dtype)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    image, i, j = np.nonzero(inside)
    out[image, :, i, j] = x[image, :, rows[inside], columns[inside]]
    return out


def windows(x, how, height, width):
    i, j = np.arange(height), np.arange(width)
    top, left, flips = how.T[:, :, None]
    rows = top + np.where(flips & 2, i[::-1], i)
    columns = left + np.where(flips & 1, j[::-1], j)
    shape = (len(x), height, width)
    return fetched(
        x, np.broadcast_to(rows[:, :, None], shape), np.broadcast_to(columns[:, None], shape)
    )


def drawn_windows(n, rng):
    return np.stack([*rng.integers(-9, 10, (2, n)), rng.integers(0, 4, n)], axis=1)


@settings(deadline=None)
@given(
    st.integers(0, 5), st.integers(1, 3), SIDES, SIDES, SIDES, SIDES,
    st.sampled_from(["u1", "f4", "f8", "c16", "?", "i2"]), st.integers(1, 3), st.integers(0, 99),
)  # fmt: skip
def test_windows_of_any_numbers(n, channels, h, w, height, width, dtype, threads, seed):
    rng = np.random.default_rng(seed)
    x, how = rng.integers(1, 99, (n, channels, h, w)).astype(dtype), drawn_windows(n, rng)
    found = loops.cut(x, how, height, width, team(threads))
    np.testing.assert_array_equal(found, windows(x, how, height, width), strict=True)


@settings(deadline=None)
@given(
    st.integers(0, 5), st.integers(1, 3), SIDES, SIDES, st.sampled_from(DTYPES), st.booleans(),
    st.booleans(), st.integers(0, 99),
)  # fmt: skip
def test_windows_whose_bytes_are_looked_up(n, channels, h, w, dtype, by_image, by_channel, seed):
    rng = np.random.default_rng(seed)
    x, how = pictures((n, channels, h, w), np.uint8, rng), drawn_windows(n, rng)
    shape = (n if by_image else 1, channels if by_channel else 1, 256)
    tables = pictures(shape, dtype, rng)
    found = loops.cut(x, how, w, h, team(2), tables)
    cut = windows(x, how, w, h).reshape(n, channels, w * h)
    wanted = np.take_along_axis(
        np.broadcast_to(tables, (n, channels, 256)), cut.astype(int), axis=2
    )
    np.testing.assert_array_equal(found, wanted.reshape(n, channels, w, h), strict=True)


@settings(deadline=None)
@given(
    st.integers(0, 4), SIDES, SIDES, st.sampled_from(DTYPES), st.integers(1, 3), st.integers(0, 99)
)
def test_pixels_from_other_places(n, h, w, dtype, threads, seed):
    rng = np.random.default_rng(seed)
    x = pictures((n, 2, h, w), dtype, rng)
    how = rng.integers(-100_000, 100_000, (n, 6))
    a, b, c, d, e, f = how.T[:, :, None, None]
    i, j = np.arange(h)[:, None], np.arange(w)
    y, x_ = a * i + b * j + c, d * i + e * j + f
    nearest = fetched(x, (y + 32768) >> 16, (x_ + 32768) >> 16)
    np.testing.assert_array_equal(loops.warp(x, how, False, team(threads)), nearest, strict=True)
    down, right = (((axis & 65535) >> 8)[:, None].astype(np.int64) for axis in (y, x_))
    above, left, wide = y >> 16, x_ >> 16, x.astype(np.float64 if dtype == np.float32 else np.int64)
    total = sum(
        weight * fetched(wide, above + di, left + dj)
        for di, dj, weight in (
            (0, 0, (256 - down) * (256 - right)), (0, 1, (256 - down) * right),
            (1, 0, down * (256 - right)), (1, 1, down * right),
        )
    )  # fmt: skip
    found = loops.warp(x, how, True, team(threads))
    if dtype == np.uint8:
        np.testing.assert_array_equal(found, ((total + 32768) >> 16).astype(np.uint8), strict=True)
    else:
        np.testing.assert_allclose(found, total / 65536, rtol=1e-6)


@each_dtype
@pytest.mark.parametrize("threads", [1, 3])
def test_mixtures(dtype, threads):
    rng = np.random.default_rng(0)
    x = pictures((9, 3, 70, 71), dtype, rng)
    weights = [0, 1, 30_000, 32_768, 65_535, 65_536, 7, 9, 60_000]
    how = np.stack([rng.permutation(9), weights], axis=1).astype(np.int64)
    weight = how[:, 1, None, None, None]
    wide = x.astype(np.float64 if dtype == np.float32 else np.int64)
    total = weight * wide + (65536 - weight) * wide[how[:, 0]]
    found = loops.mix_images(x, how, team(threads))
    if dtype == np.uint8:
        np.testing.assert_array_equal(found, ((total + 32768) >> 16).astype(np.uint8), strict=True)
    else:
        np.testing.assert_allclose(found, total / 65536, rtol=1e-6)


def test_what_does_not_fit_is_refused():
    x, how = np.zeros((2, 1, 3, 3), np.uint8), np.zeros((2, 3), np.int64)
    for wrong in (x[0], x[..., ::2], x.astype(reference.SWAPPED), [[[[0]]]]):
        with pytest.raises(
            TypeError, match=r"images: expected a C-contiguous array \(N, C, H, W\)"
        ):
            loops.cut(wrong, how, 3, 3, team(1))
    with pytest.raises(ValueError, match=r"expected an array of shape \(2, 3\), got \(1, 3\)"):
        loops.cut(x, how[:1], 3, 3, team(1))
    with pytest.raises(ValueError, match=r"tables of shape \(3, 1, 256\) do not go with images"):
        loops.cut(x, how, 3, 3, team(1), np.zeros((3, 1, 256), np.uint8))
    with pytest.raises(TypeError, match="expected uint8, got float32"):
        loops.cut(x.astype("f"), how, 3, 3, team(1), np.zeros((1, 1, 256), np.uint8))
    with pytest.raises(TypeError, match="expected uint8 or float32, got float64"):
        loops.warp(x.astype("d"), np.zeros((2, 6), np.int64), False, team(1))
    with pytest.raises(ValueError, match="expected a number below 2 and a weight"):
        loops.mix_images(x, np.array([[0, 0], [2, 0]], np.int64), team(1))


def test_a_window_beside_the_image_is_black_also_when_turned():
    x, tables = np.full((1, 1, 2, 2), 5, np.uint8), np.full((1, 1, 256), 9, np.uint8)
    found = loops.cut(x, np.array([[-9, 7, 1]], np.int64), 3, 3, team(1), tables)
    assert (found == 9).all()
