"""The bundled digits, their fixed split and their enlargement; choosing classes."""

from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import agx.data
from agx.data import digits
from agx.data.dataset import ArrayDataset


@pytest.mark.parametrize(("split", "count"), [("train", 1437), ("test", 360)])
@pytest.mark.parametrize("size", [8, 28, 32])
def test_digits_are_float32_images_between_zero_and_one_with_int64_labels(split, count, size):
    dataset = digits(split, size=size)
    images, labels = dataset.arrays
    assert isinstance(dataset, ArrayDataset)
    assert images.shape == (count, 1, size, size)
    assert images.dtype == np.float32
    assert labels.dtype == np.int64
    assert (images.min(), images.max()) == (0, 1)
    assert dataset.classes == tuple("0123456789")


def test_the_pixels_are_sixteenths():
    images = digits().arrays[0] * 16
    np.testing.assert_array_equal(images, images.astype(int))


@pytest.mark.parametrize(
    ("split", "first_labels", "first_sum"),
    [("train", [6, 6, 5, 6, 6, 2, 2, 1], 288), ("test", [6, 2, 0, 4, 1, 5, 9, 7], 357)],
)
def test_the_split_and_its_order_never_change(split, first_labels, first_sum):
    images, labels = digits(split).arrays
    assert labels[:8].tolist() == first_labels
    assert images[0].sum() * 16 == first_sum


def test_the_split_is_stratified():
    train, test = (np.bincount(digits(split).arrays[1]) for split in ("train", "test"))
    share = test / (train + test)
    assert (abs(share - 0.2) < 0.005).all()
    assert (train + test).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_no_image_is_in_both_splits():
    train, test = ({image.tobytes() for image in digits(s).arrays[0]} for s in ("train", "test"))
    assert len(train) + len(test) == 1797
    assert not train & test


def test_enlarging_interpolates_bilinearly_between_pixel_centres():
    small, large = (digits("test", size=size).arrays[0][:, 0] for size in (8, 32))
    # New row 2 has its centre 1/8 of an old pixel below that of old row 0, and so on.
    rows = 7 / 8 * small[:, 0] + 1 / 8 * small[:, 1]
    np.testing.assert_array_equal(large[:, 2, 2], 7 / 8 * rows[:, 0] + 1 / 8 * rows[:, 1])
    np.testing.assert_array_equal(large[:, 0, 0], small[:, 0, 0])
    np.testing.assert_allclose(large.mean(), small.mean(), rtol=1e-2)


def test_a_size_below_eight_is_refused():
    with pytest.raises(ValueError, match="size is 7, expected 8 pixels or more"):
        digits(size=7)


@pytest.mark.parametrize("name", ["ten", 1])
def test_an_unknown_class_is_refused(name):
    with pytest.raises(
        ValueError, match=f"unknown class {name!r} in classes; choose from '0', '1'"
    ):
        digits(classes=("0", name))


@pytest.mark.parametrize("classes", [(), ("1", "1")])
def test_no_class_or_a_repeated_class_is_refused(classes):
    with pytest.raises(ValueError, match="expected one or more different names"):
        digits(classes=classes)


def test_a_string_of_classes_is_refused():
    with pytest.raises(TypeError, match=r"classes is the string '01'.*write classes=\('01',\)"):
        digits(classes="01")


def test_the_data_come_with_their_licence():
    (licence,) = [
        f for f in metadata.files("agx") if f.match("licenses/src/agx/data/digits.LICENSE")
    ]
    assert "CC BY 4.0" in licence.read_text(encoding="utf-8")
    folder = Path(agx.data.__file__).parent
    assert (folder / "digits.npz").stat().st_size < 60_000
