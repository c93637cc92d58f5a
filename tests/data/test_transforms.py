import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agx.data import Loader, Normalize, RandomCrop, RandomHorizontalFlip


def numbered(shape: tuple[int, ...], dtype=np.float64) -> np.ndarray:
    """Images whose pixels are all different (in float64), from 1 up."""
    return (1 + np.arange(np.prod(shape))).reshape(shape).astype(dtype)


@given(
    n=st.integers(0, 5),
    c=st.integers(1, 3),
    image=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    padding=st.integers(0, 3),
    data=st.data(),
)
def test_a_crop_is_a_window_of_the_padded_image(n, c, image, padding, data):
    size = tuple(data.draw(st.integers(1, side + 2 * padding)) for side in image)
    x = numbered((n, c, *image))
    out = RandomCrop(size, padding)(x, rng=data.draw(st.integers(0, 99)))
    assert out.shape == (n, c, *size)
    edges = ((0, 0), (padding, padding), (padding, padding))
    for before, after in zip(x, out, strict=True):
        padded = np.pad(before, edges)
        tops, lefts = (range(padded.shape[i + 1] - size[i] + 1) for i in range(2))
        assert any(
            np.array_equal(padded[:, t : t + size[0], left : left + size[1]], after)
            for t in tops
            for left in lefts
        )


@given(
    shape=st.tuples(*[st.integers(0, 4)] * 2, *[st.integers(1, 6)] * 2),
    p=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_a_flip_mirrors_whole_images(shape, p, seed):
    x = numbered(shape)
    out = RandomHorizontalFlip(p)(x, rng=seed)
    assert out.shape == x.shape
    for before, after in zip(x, out, strict=True):
        assert np.array_equal(before, after) or np.array_equal(before[:, :, ::-1], after)


def test_flip_probabilities():
    x = numbered((1000, 1, 1, 2))
    np.testing.assert_array_equal(RandomHorizontalFlip(0.0)(x, rng=0), x)
    np.testing.assert_array_equal(RandomHorizontalFlip(1.0)(x, rng=0), x[..., ::-1])
    flipped = (RandomHorizontalFlip(0.3)(x, rng=0) != x).all(axis=(1, 2, 3))
    assert 250 < flipped.sum() < 350


def test_every_crop_position_is_drawn():
    x = numbered((500, 1, 4, 4))
    corners = RandomCrop(2)(x, rng=0)[:, 0, 0, 0] - x[:, 0, 0, 0]
    assert sorted(set(corners.tolist())) == [0, 1, 2, 4, 5, 6, 8, 9, 10]


def test_normalize_per_channel():
    x = np.random.default_rng(0).normal(size=(4, 3, 5, 6))
    mean, std = [0.1, 0.2, 0.3], [1.0, 2.0, 4.0]
    out = Normalize(mean, std)(x)
    for c in range(3):
        np.testing.assert_allclose(out[:, c], (x[:, c] - mean[c]) / std[c])
    np.testing.assert_allclose(Normalize(0.5, 2)(x), (x - 0.5) / 2)


@pytest.mark.parametrize(
    ("transform", "dtype"),
    [(RandomCrop(3, 1), dtype) for dtype in (np.float32, np.float64, np.uint8)]
    + [(RandomHorizontalFlip(), dtype) for dtype in (np.float32, np.float64, np.uint8)]
    + [(Normalize(1, 2), dtype) for dtype in (np.float16, np.float32, np.float64)],
)
def test_dtype_is_kept_and_the_input_untouched(transform, dtype):
    x = numbered((3, 2, 4, 4), dtype)
    before = x.copy()
    out = transform(x, 0)
    assert out.dtype == dtype
    assert not np.shares_memory(out, x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("transform", [RandomCrop(4, 2), RandomHorizontalFlip()])
def test_a_seed_repeats_a_transform(transform):
    x = numbered((20, 1, 4, 4))
    np.testing.assert_array_equal(transform(x, 5), transform(x, 5))
    assert not np.array_equal(transform(x, 5), transform(x, 6))


def test_transforms_in_a_loader():
    x, y = numbered((10, 3, 8, 8)), np.arange(10)
    steps = [RandomCrop(6), RandomHorizontalFlip(), Normalize(0, 2)]
    runs = [list(Loader((x, y), 4, shuffle=True, transforms=steps, rng=1)) for _ in range(2)]
    assert [bx.shape for bx, _ in runs[0]] == [(4, 3, 6, 6), (4, 3, 6, 6), (2, 3, 6, 6)]
    for (first, _), (second, _) in zip(*runs, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normalize(0, 0), r"Normalize: expected std above 0, got \[0\.0\]"),
        (lambda: Normalize(np.zeros((3, 1, 1)), 1), r"mean of shape \(3, 1, 1\)"),
        (lambda: RandomCrop(0), r"RandomCrop: size: .* at least 1, got 0"),
        (lambda: RandomCrop((3, 3, 3)), r"number or \(height, width\)"),
        (lambda: RandomCrop(3, -1), "RandomCrop: padding: expected at least 0, got -1"),
        (lambda: RandomHorizontalFlip(1.5), r"p: expected a number from 0 to 1, got 1\.5"),
    ],
)
def test_bad_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("transform", "x", "message"),
    [
        (RandomCrop(2), np.zeros((4, 4)), r"RandomCrop: .*\(N, C, H, W\), got 2 dimensions"),
        (Normalize(0, 1), np.zeros(4), "Normalize: expected a batch"),
        (RandomHorizontalFlip(), np.zeros((3, 4, 4)), r"x\.shape == \(3, 4, 4\)"),
        (RandomCrop(9, 1), np.zeros((1, 1, 4, 8)), "window is 9x9, the padded images only 6x10"),
        (Normalize([0, 0], 1), np.zeros((1, 3, 2, 2)), "mean has 2 entries, the images have 3"),
        (Normalize(0, [1, 1]), np.zeros((1, 3, 2, 2)), "std has 2 entries"),
        (Normalize(0, 1), np.zeros((1, 1, 2, 2), np.uint8), r"got uint8; convert .* / 255"),
    ],
)
def test_bad_batches(transform, x, message):
    with pytest.raises(ValueError, match=message):
        transform(x)
