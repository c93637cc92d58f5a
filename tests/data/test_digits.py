from pathlib import Path

import numpy as np
import pytest

import agx as ag
from agx.data import digits


@pytest.mark.parametrize(("split", "count"), [("train", 1437), ("test", 360)])
@pytest.mark.parametrize("size", [8, 32])
def test_shapes_and_ranges(split, count, size):
    data = digits(split, size=size)
    images, labels = data.arrays
    assert images.shape == (count, 1, size, size)
    assert images.dtype == np.float32
    assert images.min() == 0
    assert images.max() <= 1
    assert labels.shape == (count,)
    assert labels.dtype == np.int64
    assert data.classes == tuple("0123456789")


def test_splits_are_balanced_and_disjoint():
    (train, train_labels), (test, test_labels) = digits("train").arrays, digits("test").arrays
    for labels in (train_labels, test_labels):
        share = np.bincount(labels, minlength=10) / len(labels)
        assert share.min() > 0.07
    seen = {image.tobytes() for image in train}
    assert not any(image.tobytes() in seen for image in test)


def test_the_order_is_fixed():
    assert digits("train").arrays[1][:10].tolist() == [6, 6, 6, 2, 5, 6, 6, 2, 2, 1]
    assert digits("test").arrays[1][:10].tolist() == [0, 8, 8, 9, 8, 3, 7, 5, 0, 6]


def test_classes_filter_and_relabel():
    images, labels = digits("test").arrays
    for classes in (("7", "3"), (7, 3), np.array([7, 3]), ["7", 3]):
        data = digits("test", classes=classes)
        keep = (labels == 7) | (labels == 3)
        np.testing.assert_array_equal(data.arrays[0], images[keep])
        np.testing.assert_array_equal(data.arrays[1], np.where(labels[keep] == 7, 0, 1))
        assert data.classes == ("7", "3")


def test_resizing_interpolates_between_pixel_centres():
    small, large = (digits("test", size=s).arrays[0].astype(float) for s in (8, 24))
    np.testing.assert_allclose(large[..., 1::3, 1::3], small, atol=1e-6)
    between = (2 * small[..., :-1] + small[..., 1:]) / 3
    np.testing.assert_allclose(large[..., 1::3, 2:-1:3], between, atol=1e-6)
    np.testing.assert_allclose(large[..., 0, :], large[..., 1, :], atol=1e-6)


def test_each_call_returns_fresh_arrays():
    digits("test").arrays[0][...] = 7
    assert digits("test").arrays[0].max() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "valid"}, "split: expected 'train' or 'test', got 'valid'"),
        ({"size": 7}, "size: expected at least 8, .* got 7"),
        ({"classes": ("ten",)}, r"classes: 'ten' is not a class; expected one of 0, 1, .*, 9 or"),
        ({"classes": (10,)}, "classes: 10 is not a class"),
        ({"classes": (-1,)}, "classes: -1 is not a class"),
        ({"classes": ()}, r"expected different classes, at least one, got \(\)"),
        ({"classes": (1, "1")}, r"expected different classes, at least one, got \(1, '1'\)"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        digits(**arguments)


def test_the_licence_lies_next_to_the_data():
    folder = Path(ag.data.__file__).parent
    text = (folder / "digits.LICENSE").read_text(encoding="utf-8")
    assert "CC BY 4.0" in text
    assert "10.24432/C50P49" in text
    assert (folder / "digits.npz").stat().st_size < 100_000
