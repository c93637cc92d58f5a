"""Augmentations, checked against what they are said to do."""

import numpy as np
import pytest

import agx as ag
from agx.data import ColorJitter, Loader, MixUp, RandomAffine, RandomErasing, RandomRotation


def pictures(n=6, channels=2, height=9, width=9):
    return np.random.default_rng(0).integers(1, 256, (n, channels, height, width), np.uint8)


@pytest.mark.parametrize("turns", [-1, 0, 1, 2])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("side", [8, 9])
def test_quarter_turns_are_anti_clockwise(turns, interpolation, side):
    x = pictures(height=side, width=side)
    found = RandomRotation((90 * turns, 90 * turns), interpolation)(x)
    np.testing.assert_array_equal(found, np.rot90(x, turns, axes=(2, 3)))


def test_small_angles_are_scipys():
    ndimage = pytest.importorskip("scipy.ndimage")
    x = ndimage.gaussian_filter(pictures(1, 1, 30, 40).astype(np.float32), (0, 0, 2, 2))
    found = RandomRotation((10, 10), "bilinear")(x)
    wanted = ndimage.rotate(x, 10, axes=(3, 2), reshape=False, order=1)
    inside = np.s_[:, :, 10:20, 10:30]
    np.testing.assert_allclose(found[inside], wanted[inside], atol=0.3)
    assert abs(found - x)[inside].max() > 2


def test_angles_are_spread_over_the_range():
    mark = np.zeros((2000, 1, 41, 41), np.uint8)
    mark[:, :, 20, 40] = 255
    rows = RandomRotation(30)(mark, rng=0).max(axis=3)[:, 0].argmax(axis=1)
    seen = 20 - rows[rows > 0]
    assert abs(seen.mean()) < 1 and -10 <= seen.min() < -8 and 8 < seen.max() <= 10


def test_shifts_go_by_whole_pixels_up_to_the_share():
    x = np.zeros((3000, 1, 11, 21), np.float32)
    x[:, :, 5, 10] = 1
    found = RandomAffine(0, translate=(0.2, 0.3))(x, rng=0)
    assert (found.sum(axis=(1, 2, 3)) == 1).all()
    down, across = np.divmod(found[:, 0].reshape(3000, -1).argmax(axis=1), 21)
    assert set(down - 5) == set(range(-3, 4)) and set(across - 10) == set(range(-4, 5))


def test_a_scale_of_two_shows_the_middle_twice_as_large():
    x = np.zeros((1, 1, 9, 9), np.uint8)
    x[0, 0, 4, 4:6] = 200
    found = RandomAffine(0, scale=(2, 2))(x)[0, 0]
    assert found[4, 4] == found[4, 6] == 200 and found.astype(bool).sum() in (4, 6, 8)


def test_brightness_is_a_factor_cut_off_at_white():
    x = np.array([0, 10, 101, 200], np.uint8).reshape(1, 1, 2, 2)
    assert ColorJitter((1.5, 1.5))(x).ravel().tolist() == [0, 15, 151, 255]
    np.testing.assert_allclose(
        ColorJitter((1.5, 1.5))(x / np.float32(255)).ravel(),
        [0, 15 / 255, 151.5 / 255, 1],
        rtol=1e-6,
    )
    many = ColorJitter(0.25)(np.full((900, 1, 1, 1), 100, np.uint8), rng=0)
    assert 74 <= many.min() <= 76 and 123 <= many.max() <= 125 and abs(many.mean() - 100) < 2
    assert ColorJitter(3).brightness == (0, 4)


def test_holes_are_rectangles_of_the_asked_area_and_shape():
    x = np.ones((600, 2, 30, 40), np.float32)
    found = RandomErasing(p=0.5, scale=(0.1, 0.2), ratio=(0.5, 2), value=7)(x, rng=0)
    holes = found == 7
    assert set(np.unique(found)) == {1, 7}
    np.testing.assert_array_equal(holes[:, 0], holes[:, 1])
    has = holes.any(axis=(1, 2, 3))
    assert abs(has.mean() - 0.5) < 0.06
    tall, wide = holes[has, 0].any(axis=2).sum(axis=1), holes[has, 0].any(axis=1).sum(axis=1)
    area = holes[has, 0].sum(axis=(1, 2))
    np.testing.assert_array_equal(area, tall * wide)
    assert area.min() > 0.09 * 1200 and area.max() < 0.22 * 1200
    assert (tall / wide).min() > 0.45 and (tall / wide).max() < 2.3
    assert holes.any(axis=(0, 1, 2)).all() and holes.any(axis=(0, 1, 3)).all()  # also at the border


def test_a_hole_that_never_fits_is_left_out():
    x = pictures(height=2, width=40)
    np.testing.assert_array_equal(RandomErasing(1, scale=(0.9, 0.9), ratio=(9, 9))(x), x)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_mixtures_of_images_have_the_same_mixture_of_targets(dtype):
    x = (255 * np.eye(5, dtype=np.float32)).astype(dtype).reshape(5, 1, 1, 5)
    mixed, soft = MixUp(num_classes=5)(x, np.arange(5), rng=0)
    assert soft.dtype == np.float32 and mixed.dtype == dtype
    np.testing.assert_allclose(mixed.reshape(5, 5) / 255, soft, atol=0.003)
    np.testing.assert_allclose(soft.sum(axis=1), 1, rtol=1e-6)
    share = soft[0, 0]
    assert 0 < share < 1 and soft[0, 4] == 1 - share
    again, twice = MixUp(num_classes=5)(x, np.eye(5), rng=0)
    np.testing.assert_array_equal(again, mixed)
    np.testing.assert_array_equal(twice, soft)


def test_a_loader_mixes_what_cross_entropy_takes():
    dataset = ag.data.digits("train")
    loader = Loader(dataset, 100, shuffle=True, transforms=[MixUp(num_classes=10)], rng=0)
    x, y = next(iter(loader))
    assert x.shape == (100, 1, 8, 8) and y.shape == (100, 10)
    model = ag.nn.Sequential(ag.nn.Flatten(), ag.nn.Linear(64, 10, rng=0))
    history = ag.fit(
        model, loader, ag.cross_entropy, ag.optim.Adam(model.parameters(), 0.02), 3,
        progress=False, metrics=[],
    )  # fmt: skip
    assert history[-1]["loss"] < history[0]["loss"]


def test_a_loader_without_targets_cannot_mix_them():
    loader = Loader(pictures(), 3, transforms=[MixUp(num_classes=2)])
    with pytest.raises(
        TypeError, match=r"MixUp\(.*\) takes targets, expected batches that have some"
    ):
        next(iter(loader))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomRotation((9, 3)), r"RandomRotation: degrees is \(9, 3\), expected two finite"),
        (lambda: RandomRotation(float("nan")), "degrees is .*nan.*, expected two finite numbers"),
        (lambda: RandomRotation((1, 2, 3)), r"degrees is \(1, 2, 3\), expected two finite numbers"),
        (lambda: RandomAffine(0, (0.1, 2)), r"translate is \(0.1, 2\), expected two shares between"),
        (lambda: RandomAffine(0, scale=(0, 1)), r"scale is \(0, 1\), expected factors above 0"),
        (lambda: RandomAffine(0, scale=(-1, 1)), r"expected two finite numbers of at least 0, the lower"),
        (lambda: RandomRotation(5, "cubic"), "interpolation is 'cubic', expected 'nearest' or 'bilin"),
        (lambda: ColorJitter(-0.5), r"ColorJitter: brightness is \(0.0, -0.5\), expected two finite"),
        (lambda: RandomErasing(1.5), "RandomErasing: p is 1.5, expected between 0 and 1"),
        (lambda: RandomErasing(scale=(0.5, 2)), r"scale is \(0.5, 2\) and ratio .*, expected shares of"),
        (lambda: MixUp(0), "MixUp: alpha is 0, expected a positive number such as 1.0"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("y", "num_classes"),
    [([0, 1], None), ([0, 5], 5), ([-1, 0], 5), ([0.0, 1.0], 5), ([0], 5), (np.eye(2), 5)],
)  # fmt: skip
def test_targets_that_cannot_be_mixed_are_refused(y, num_classes):
    x = np.zeros((2, 1, 3, 3), np.uint8)
    with pytest.raises(ValueError, match=r"MixUp: the targets are .* for 2 images, expected class"):
        MixUp(num_classes=num_classes)(x, np.asarray(y))
