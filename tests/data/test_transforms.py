"""Transforms on whole batches, checked image by image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from public import kinds

import agx.data
from agx.data import (
    ColorJitter,
    Loader,
    MixUp,
    Normalize,
    RandomAffine,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomRotation,
    RandomVerticalFlip,
    ToFloat,
)
from agx.data.transforms import Joined, joined

TRANSFORMS = [
    Normalize(0.5, 0.25),
    RandomCrop((3, 4), padding=2),
    RandomHorizontalFlip(),
    RandomVerticalFlip(),
    ColorJitter(brightness=0.5),
    RandomAffine(30, translate=(0.2, 0.1), scale=(0.5, 1.5), interpolation="bilinear"),
    RandomErasing(p=0.9),
    RandomRotation((5.0, 50.0)),
    ToFloat(),
]
RANDOM = [transform for transform in TRANSFORMS if getattr(transform, "random", True)]
each_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=repr)
SIDES = st.integers(1, 7)
DTYPES = st.sampled_from([np.float32, np.float64, np.uint8])


def distinct(n, channels, height, width, dtype):
    """Images whose pixels are all different and none zero, as far as the dtype allows."""
    size = n * channels * height * width
    return (np.arange(size) % 250 + 1).astype(dtype).reshape(n, channels, height, width)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normalize_subtracts_the_mean_and_divides_by_the_deviation_per_channel(dtype):
    x = np.ones((2, 2, 3, 3), dtype)
    out = Normalize(mean=(0.5, 2.0), std=(0.25, 4.0))(x)
    assert out.dtype == dtype
    np.testing.assert_array_equal(out[:, 0], 2.0)
    np.testing.assert_array_equal(out[:, 1], -0.25)
    assert (x == 1).all()


def test_one_number_normalizes_all_channels():
    out = Normalize(0.5, 0.5)(np.ones((2, 3, 4, 4), np.float32))
    np.testing.assert_array_equal(out, np.ones((2, 3, 4, 4)))


def test_normalize_refuses_integers():
    with pytest.raises(TypeError, match=r"images are uint8, expected floating-point"):
        Normalize(0.5, 0.5)(np.ones((1, 1, 2, 2), np.uint8))


def test_normalize_refuses_another_number_of_channels():
    with pytest.raises(ValueError, match=r"images have 1 channels, expected 3 \(x.shape == "):
        Normalize((0.5,) * 3, (0.5,) * 3)(np.ones((1, 1, 2, 2)))


def test_normalize_refuses_mean_and_std_of_different_lengths():
    with pytest.raises(ValueError, match=r"mean has shape \(3,\) and std \(2,\)"):
        Normalize((0, 0, 0), (1, 1))


@pytest.mark.parametrize("std", [0, (1, -1), float("nan"), float("inf")])
def test_normalize_refuses_deviations_that_are_not_positive(std):
    with pytest.raises(ValueError, match=r"std is .*, expected finite numbers above 0"):
        Normalize(np.zeros_like(std, dtype=float), std)


def test_normalize_refuses_a_mean_that_is_not_finite():
    with pytest.raises(ValueError, match="mean is nan, expected finite numbers"):
        Normalize(float("nan"), 1)


@settings(deadline=None)
@given(st.integers(0, 4), SIDES, SIDES, SIDES, SIDES, st.integers(0, 3), DTYPES, st.data())
def test_each_crop_is_a_window_of_the_padded_image(n, channels, h, w, size, padding, dtype, data):
    height = min(size, h + 2 * padding)
    width = data.draw(st.integers(1, w + 2 * padding))
    x = distinct(n, channels, h, w, dtype)
    out = RandomCrop((height, width), padding)(x, rng=0)
    assert out.shape == (n, channels, height, width)
    assert out.dtype == dtype
    border = [(0, 0), (padding, padding), (padding, padding)]
    for image, crop in zip(x, out, strict=True):
        padded = np.pad(image, border)
        assert any(
            np.array_equal(crop, padded[:, top : top + height, left : left + width])
            for top in range(h + 2 * padding - height + 1)
            for left in range(w + 2 * padding - width + 1)
        )


def test_crops_reach_every_place_about_equally_often():
    marked = np.zeros((9000, 1, 3, 3), np.float32)
    marked[:, :, 1, 1] = 1
    out = RandomCrop(3, padding=1)(marked, rng=0)
    counts = out.sum(axis=(0, 1))
    assert counts.sum() == 9000
    assert (abs(counts - 1000) < 150).all()


def test_a_crop_of_the_same_size_without_padding_changes_nothing():
    x = distinct(3, 2, 4, 5, np.float32)
    np.testing.assert_array_equal(RandomCrop((4, 5))(x), x)


def test_a_crop_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"window of 9 x 9 does not fit in images of 4 x 4 with"):
        RandomCrop(9, padding=2)(np.zeros((1, 1, 4, 4)))


def test_a_crop_size_or_padding_out_of_range_is_refused():
    with pytest.raises(ValueError, match="size is 0, expected a positive"):
        RandomCrop(0)
    with pytest.raises(ValueError, match="padding is -1, expected 0 or more"):
        RandomCrop(4, padding=-1)


@settings(deadline=None)
@given(st.integers(0, 8), SIDES, SIDES, SIDES, DTYPES, st.floats(0, 1))
def test_each_image_is_kept_or_mirrored_whole(n, channels, height, width, dtype, p):
    x = distinct(n, channels, height, width, dtype)
    before = x.copy()
    out = RandomHorizontalFlip(p)(x, rng=0)
    assert out.dtype == dtype
    for image, flipped in zip(x, out, strict=True):
        mirrored = np.array_equal(flipped, image[:, :, ::-1])
        assert np.array_equal(flipped, image) or mirrored
    np.testing.assert_array_equal(x, before)


def test_an_image_upside_down_ends_with_its_first_row():
    x = distinct(5, 2, 3, 4, np.uint8)
    np.testing.assert_array_equal(RandomVerticalFlip(1)(x), x[:, :, ::-1])
    kept = (RandomVerticalFlip(0.5)(distinct(500, 1, 3, 4, np.uint8), rng=0) == 0).any()
    assert not kept


def test_p_zero_keeps_and_p_one_mirrors_every_image():
    x = distinct(5, 1, 2, 3, np.float32)
    np.testing.assert_array_equal(RandomHorizontalFlip(0)(x), x)
    np.testing.assert_array_equal(RandomHorizontalFlip(1)(x), x[..., ::-1])


def test_about_a_share_p_of_the_images_is_mirrored():
    x = np.tile(np.array([0.0, 1.0]), (4000, 1, 1, 1))
    flipped = RandomHorizontalFlip(0.25)(x, rng=0)[:, 0, 0, 0]
    assert abs(flipped.mean() - 0.25) < 0.03


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_probability_out_of_range_is_refused(p):
    with pytest.raises(ValueError, match=r"p is .*, expected between 0 and 1"):
        RandomHorizontalFlip(p)


@pytest.mark.parametrize("transform", RANDOM, ids=repr)
def test_the_same_seed_gives_the_same_images(transform):
    x = distinct(20, 3, 4, 4, np.float32)
    same = transform(x, np.random.default_rng(5))
    np.testing.assert_array_equal(transform(x, np.random.default_rng(5)), same)
    assert not np.array_equal(transform(x, np.random.default_rng(6)), same)


@pytest.mark.parametrize("transform", TRANSFORMS[:-1], ids=repr)
def test_images_that_are_not_four_dimensional_are_refused(transform):
    with pytest.raises(ValueError, match=r"expected images of shape \(N, C, H, W\), got shape"):
        transform(np.zeros((3, 4, 4)))


@each_transform
def test_transforms_show_their_settings(transform):
    assert repr(eval(repr(transform), vars(agx.data))) == repr(transform)
    assert "=" in repr(transform)


@each_transform
def test_transforms_return_new_images_of_the_same_dtype(transform):
    x = distinct(5, 2, 4, 4, np.float32)
    before = x.copy()
    out = transform(x, rng=0)
    assert out.dtype == np.float32 and out.shape[:2] == (5, 2) and not np.shares_memory(out, x)
    np.testing.assert_array_equal(x, before)


def test_every_transform_is_tested():
    others = {agx.data.Compose, agx.data.TableEncoder, agx.data.WeightedRandomSampler, MixUp}
    transforms = {kind for kind in kinds(agx.data, object) if "__call__" in dir(kind)}
    assert {type(transform) for transform in TRANSFORMS} == transforms - others


@pytest.mark.parametrize(
    ("x", "white", "expected"),
    [
        (np.array([0, 51, 255], np.uint8), 255, [0, 0.2, 1]),
        (np.array([[0, 51, 255]]), 255, [[0, 0.2, 1]]),
        (np.array([0, 13107, 65535], np.uint16), 65535, [0, 0.2, 1]),
        (np.array([False, True]), 255, [0, 1]),
        (np.zeros((0, 2), np.uint8), 255, np.zeros((0, 2))),
    ],
)
def test_to_float_divides_integers_by_white(x, white, expected):
    out = ToFloat(white)(x)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, expected, rtol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_to_float_leaves_floats_as_they_are(dtype):
    x = np.array([0.5, 200.0], dtype)
    out = ToFloat()(x)
    assert out.dtype == dtype
    np.testing.assert_array_equal(out, x)


@pytest.mark.parametrize("x", [np.array([0, 256]), np.array([-1, 3])])
def test_to_float_refuses_pixels_beyond_white(x):
    with pytest.raises(ValueError, match=rf"from {x[0]} to {x[1]}, expected 0 to 255; set white"):
        ToFloat()(x)


def test_to_float_refuses_text_and_a_white_of_zero():
    with pytest.raises(TypeError, match="the pixels are <U1, expected integers"):
        ToFloat()(np.array(["a"]))
    with pytest.raises(ValueError, match="white is 0, expected a positive number"):
        ToFloat(0)


# --- chains, of which bytes see one pass -------------------------------------------------------------

EVEN = Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
CHAINS = [
    [ToFloat(), RandomCrop(6, padding=2), RandomHorizontalFlip(), EVEN],
    [RandomHorizontalFlip(), RandomVerticalFlip(), ToFloat(), RandomCrop((5, 7), padding=1)],
    [RandomCrop(4), ToFloat(300), EVEN],
    [ToFloat(), EVEN, RandomCrop(8, padding=3)],
    [ToFloat(), RandomCrop(8, padding=1), RandomCrop(8, padding=1), EVEN, RandomVerticalFlip()],
    [ToFloat(), EVEN, EVEN, RandomErasing()],
    [RandomErasing(), ToFloat()],
]


@pytest.mark.parametrize("chain", CHAINS, ids=repr)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_chain_gives_the_bits_that_its_transforms_give_one_by_one(chain, dtype):
    x = distinct(40, 3, 8, 8, dtype)
    rng, other = (np.random.default_rng(3) for _ in range(2))
    out = wanted = x
    steps = joined(chain)
    assert any(isinstance(step, Joined) for step in steps)
    for step in steps:
        out = step(out, rng)
    for transform in chain:
        wanted = transform(wanted, other)
    np.testing.assert_array_equal(out, wanted, strict=True)
    assert rng.integers(1 << 40) == other.integers(1 << 40)


@pytest.mark.parametrize(
    "chain",
    [
        [RandomCrop(6), RandomHorizontalFlip()],
        [EVEN, RandomCrop(6)],
        [ToFloat(16), EVEN],
        [lambda x, rng: x, ToFloat(16), lambda x, rng: x, EVEN],
        [Normalize(0.0, 1.0), ToFloat(16), Normalize(0.0, 1.0)],
    ],
)
def test_what_does_not_go_into_one_pass_stays_as_it_is(chain):
    assert joined(chain) == chain


def test_a_loader_joins_what_its_dataset_and_its_user_ask_for():
    x = distinct(30, 3, 8, 8, np.uint8)
    dataset = agx.data.ImageDataset(x, np.arange(30))
    chain = [RandomCrop(8, padding=2), RandomHorizontalFlip(), EVEN]
    found = list(Loader(dataset, 8, shuffle=True, transforms=chain, rng=0))
    floats = list(Loader((dataset[:][0], np.arange(30)), 8, shuffle=True, transforms=chain, rng=0))
    for (a, i), (b, j) in zip(found, floats, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)
        np.testing.assert_array_equal(i, j)


def test_transforms_of_a_loader_may_be_set():
    loader = Loader(agx.data.ImageDataset(distinct(3, 1, 4, 4, np.uint8)), 3)
    loader.transforms = [*loader.transforms, Normalize(0.5, 0.5)]
    ((x,),) = loader
    np.testing.assert_array_equal(x, Normalize(0.5, 0.5)(loader.dataset[:][0]))


@pytest.mark.parametrize("transform", RANDOM, ids=repr)
def test_bytes_and_floats_are_changed_alike_by_any_number_of_threads(transform):
    x = np.random.default_rng(0).integers(0, 256, (64, 3, 24, 24), np.uint8)
    before = agx.get_num_threads()
    found = []
    for threads in (1, 2, before):
        agx.set_num_threads(threads)
        found.append(transform(x, rng=1))
        np.testing.assert_array_equal(found[-1], found[0])
    rounding = (
        0.51 if "bilinear" in repr(transform) else 1.0 if "Jitter" in repr(transform) else 1e-4
    )
    assert abs(transform(ToFloat()(x), rng=1) * 255 - found[0]).max() < rounding


def test_images_in_another_order_of_bytes_or_of_axes():
    x = distinct(4, 2, 5, 6, np.float32)
    wanted = RandomCrop(4)(x, rng=0)
    for other in (x.astype(">f4"), np.asfortranarray(x)):
        np.testing.assert_array_equal(RandomCrop(4)(other, rng=0), wanted)


def test_images_that_are_no_numbers_are_refused():
    with pytest.raises(TypeError, match="RandomCrop: the images are object, expected numbers"):
        RandomCrop(2)(np.full((1, 1, 2, 2), None))
    with pytest.raises(
        TypeError, match="RandomAffine: the images are float64, expected uint8 or fl"
    ):
        RandomAffine(3)(np.zeros((1, 1, 2, 2)))
