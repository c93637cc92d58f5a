"""ArrayDataset: arrays that share their first dimension."""

import numpy as np
import pytest

from agx.data import Subset
from agx.data.dataset import ArrayDataset, ImageDataset


@pytest.fixture
def pair():
    return ArrayDataset(
        np.arange(6.0).reshape(3, 2), np.array([10, 20, 30], np.int64), classes=["cat", "dog"]
    )


def test_its_length_is_the_number_of_examples(pair):
    assert len(pair) == 3


def test_an_integer_gives_one_example(pair):
    x, y = pair[-1]
    np.testing.assert_array_equal(x, [4.0, 5.0])
    assert y == 30


@pytest.mark.parametrize(
    "index", [slice(1, 3), [1, 2], np.array([1, 2]), np.array([False, True, True])]
)
def test_a_slice_a_list_or_an_array_gives_arrays(pair, index):
    x, y = pair[index]
    np.testing.assert_array_equal(x, [[2.0, 3.0], [4.0, 5.0]])
    np.testing.assert_array_equal(y, [20, 30])


def test_it_can_be_iterated_example_by_example(pair):
    assert [int(y) for _, y in pair] == [10, 20, 30]


def test_it_keeps_the_arrays_and_class_names_it_was_given():
    x = np.zeros((3, 1))
    dataset = ArrayDataset(x, classes=["cat"])
    assert dataset.arrays[0] is x
    assert dataset.classes == ("cat",)
    assert ArrayDataset(x).classes is None


def test_its_repr_shows_dtypes_shapes_and_classes(pair):
    assert repr(pair) == "ArrayDataset(float64 (3, 2), int64 (3,), classes=('cat', 'dog'))"


def test_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"lengths 3, 3, 2, expected equal lengths"):
        ArrayDataset(np.zeros(3), np.zeros((3, 2)), np.zeros(2))


def test_no_array_at_all_is_refused():
    with pytest.raises(ValueError, match="expected at least one array, got none"):
        ArrayDataset()


def test_a_single_number_is_refused():
    with pytest.raises(ValueError, match="array 1 is a single number"):
        ArrayDataset(np.zeros(3), 5)


def test_a_tuple_index_is_refused(pair):
    with pytest.raises(TypeError, match=r"index is a tuple.*write dataset\[\[0, 1\]\]"):
        pair[0, 1]


def test_images_are_kept_as_bytes_and_given_as_numbers_from_zero_to_one():
    x = np.arange(2 * 3 * 4 * 4, dtype=np.uint8).reshape(2, 3, 4, 4)
    dataset = ImageDataset(x, [3, 4], classes=("cat", "dog"))
    assert dataset.stored[0] is x and len(dataset.arrays) == 2
    for images in (dataset.arrays[0], dataset.arrays[:1][0], Subset(dataset, [0, 1]).arrays[0]):
        np.testing.assert_array_equal(images, x / np.float32(255), strict=True)
    for index in (1, slice(None), [1, 0]):
        images, labels = dataset[index]
        assert images.dtype == np.float32
        np.testing.assert_array_equal(images, x[index] / np.float32(255))
        np.testing.assert_array_equal(labels, np.array([3, 4])[index])


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.zeros((2, 1, 3, 3)), TypeError, "ImageDataset: the images are float64, expected uint8"),
        (
            np.zeros((2, 3, 3), np.uint8),
            ValueError,
            r"images of shape \(N, C, H, W\), got \(2, 3, 3\)",
        ),
    ],
)
def test_other_images_are_refused(images, error, message):
    with pytest.raises(error, match=message):
        ImageDataset(images, [0, 1])
