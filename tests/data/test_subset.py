"""Subset and random_split: parts of a data set."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agx as ag
from agx.data import ArrayDataset, Dataset, Loader, Subset, random_split


class Squares(Dataset):
    """A data set of one's own."""

    classes = ("even", "odd")

    def __len__(self):
        return 10

    def __getitem__(self, i):
        return np.float32(i * i), i % 2


ARRAYS = ArrayDataset(np.arange(10.0) ** 2, np.arange(10) % 2, classes=("even", "odd"))
each_kind = pytest.mark.parametrize("data", [ARRAYS, Squares()], ids=["arrays", "examples"])


# --- data sets of one's own ------------------------------------------------------------------------


def test_a_data_set_is_what_has_both_methods():
    class Duck:
        __len__ = Squares.__len__
        __getitem__ = Squares.__getitem__

    assert isinstance(Duck(), Dataset) and isinstance(ARRAYS, Dataset)
    assert not isinstance(5, Dataset)
    assert [len(x) for x, _ in Loader(Duck(), 4)] == [4, 4, 2]


def test_a_class_without_a_method_is_no_data_set():
    class Half(Dataset):
        def __len__(self):
            return 1

    with pytest.raises(TypeError, match="abstract method.*__getitem__"):
        Half()


# --- subsets ---------------------------------------------------------------------------------------


@each_kind
def test_a_subset_has_the_examples_at_its_indices(data):
    part = Subset(data, [7, 2, -1])
    assert len(part) == 3
    assert [(float(x), int(y)) for x, y in (part[i] for i in range(3))] == [
        (49, 1),
        (4, 0),
        (81, 1),
    ]
    assert part[-1] == data[9]
    with pytest.raises(IndexError):
        part[3]


@each_kind
def test_it_has_the_classes_and_the_transforms(data):
    assert Subset(data, [0]).classes == ("even", "odd")
    assert Subset(data, [0]).transforms == ()
    scaled = ArrayDataset(np.arange(4, dtype=np.uint8))
    scaled.transforms = (ag.data.ToFloat(3),)
    ((x,),) = Loader(Subset(scaled, [3]), 1)
    assert x.tolist() == [1.0] and x.dtype == np.float32


@pytest.mark.parametrize(
    "indices",
    [range(2, 5), (i for i in (2, 3, 4)), np.array([2, 3, 4], np.uint8), np.isin(np.arange(10), [2, 3, 4])],
)  # fmt: skip
def test_indices_come_in_many_kinds(indices):
    assert Subset(ARRAYS, indices).indices.tolist() == [2, 3, 4]


@each_kind
def test_a_loader_cuts_and_shuffles_it(data):
    part = Subset(data, [1, 3, 5, 7, 8])
    (x, y), _ = Loader(part, 3)
    assert x.tolist() == [1, 9, 25] and y.tolist() == [1, 1, 1]
    shuffled = np.concatenate([x for x, _ in Loader(part, 2, shuffle=True, rng=0)])
    assert sorted(shuffled.tolist()) == [1, 9, 25, 49, 64]


def test_arrays_are_not_copied_for_it():
    part = Subset(ARRAYS, [1, 2])
    assert np.shares_memory(Loader(part, 2)._arrays[0], ARRAYS.arrays[0])
    assert [a.tolist() for a in part.arrays] == [[1, 4], [1, 0]]
    assert [a.tolist() for a in part[:1]] == [[1], [1]]
    assert not hasattr(Subset(Squares(), [0]), "arrays")


@each_kind
def test_a_subset_of_a_subset_refers_to_the_whole(data):
    part = Subset(Subset(data, [9, 8, 7]), [2, 0])
    assert part.dataset is data and part.indices.tolist() == [7, 9]


def test_a_model_predicts_it():
    part = Subset(ArrayDataset(np.ones((5, 3), np.float32), np.zeros(5)), [0, 1])
    assert ag.predict(ag.nn.Linear(3, 2), part).shape == (2, 2)
    with pytest.raises(TypeError, match=r"got Subset.*ag.data.Loader\(dataset, batch_size=32\)"):
        ag.evaluate(ag.nn.Linear(3, 2), part, ag.cross_entropy)


def test_its_repr_names_the_whole():
    assert repr(Subset(ARRAYS, [1, 2])).startswith("Subset(2 of ArrayDataset(float64 (10,)")


@pytest.mark.parametrize(
    ("indices", "error", "message"),
    [
        ([0, 10], IndexError, "index 10 is out of range for 10 examples; use -10 to 9"),
        ([-11], IndexError, "index -11 is out of range"),
        ([0.5], TypeError, r"float64 of shape \(1,\), expected integers \(M,\)"),
        ([[0, 1]], TypeError, r"shape \(1, 2\), expected integers"),
        ([True, False], TypeError, r"bool of shape \(2,\), expected .* booleans of shape \(10,\)"),
        ("text", TypeError, "got str 'text'"),
    ],
)
def test_indices_that_do_not_fit(indices, error, message):
    with pytest.raises(error, match=f"Subset: .*{message}"):
        Subset(ARRAYS, indices)


# --- random_split ----------------------------------------------------------------------------------


@settings(deadline=None)
@given(n=st.integers(2, 60), parts=st.integers(1, 5), stratify=st.booleans())
def test_every_example_is_in_one_part(n, parts, stratify):
    data = ArrayDataset(np.arange(n), np.arange(n) % 3)
    found = random_split(data, [1 / parts] * parts, rng=0, stratify=stratify)
    assert [len(part) for part in found] == [(n + parts - 1 - i) // parts for i in range(parts)]
    assert sorted(np.concatenate([part.indices for part in found]).tolist()) == list(range(n))


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [([7, 3], [7, 3]), ([0.8, 0.2], [8, 2]), ([0.33, 0.33, 0.34], [4, 3, 3]), ([10, 0], [10, 0]), ([1.0], [10])],
)  # fmt: skip
def test_lengths_are_numbers_or_shares_as_in_pytorch(lengths, expected):
    assert [len(part) for part in random_split(ARRAYS, lengths, rng=0)] == expected


@pytest.mark.parametrize("stratify", [False, True])
def test_the_seed_decides(stratify):
    def split(rng):
        return random_split(ARRAYS, [5, 5], rng, stratify=stratify)[0].indices.tolist()

    assert split(3) == split(3) == split(np.random.default_rng(3)) != split(4)
    ag.seed(1)
    first = split(None)
    ag.seed(1)
    assert split(None) == first


@pytest.mark.parametrize("given", [True, "labels"])
def test_each_part_has_its_share_of_every_class(given):
    labels = np.repeat([0, 1, 2], [500, 90, 10])
    data = ArrayDataset(np.arange(600), labels)
    parts = random_split(data, [0.7, 0.2, 0.1], rng=0, stratify=True if given is True else labels)
    for part, share in zip(parts, (0.7, 0.2, 0.1), strict=True):
        counts = np.bincount(part.arrays[1], minlength=3)
        assert (abs(counts - share * np.array([500, 90, 10])) <= 1).all()
        assert len(set(part.arrays[1][:50].tolist())) > 1  # in no order


def test_names_are_classes_too():
    names = np.array(["a", "b"] * 5)
    train, _ = random_split(Squares(), [0.8, 0.2], rng=0, stratify=names)
    assert sorted(names[train.indices]) == ["a"] * 4 + ["b"] * 4


@pytest.mark.parametrize(
    ("lengths", "stratify", "message"),
    [
        ([5, 4], False, r"lengths \[5, 4\] add up to 9, expected 10, the number of examples, or 1"),
        ([0.5, 0.4], False, "add up to 0.9"),
        ([9.5, 0.5], False, "add up to 10.0, expected 10"),
        ([-1, 11], False, r"lengths are \[-1, 11\], expected numbers of examples or shares"),
        ([], False, r"lengths are \[\], expected"),
        (["a"], False, "lengths are"),
        ([5, 5], np.zeros(3, int), r"int64 of shape \(3,\), expected one class for each of 10"),
        ([5, 5], np.zeros(10), "float64 of shape"),
    ],
)
def test_splits_that_are_none(lengths, stratify, message):
    with pytest.raises(ValueError, match=f"random_split: .*{message}"):
        random_split(ARRAYS, lengths, rng=0, stratify=stratify)
    with pytest.raises(ValueError, match="Squares has no arrays to take the labels of; give them"):
        random_split(Squares(), [5, 5], stratify=True)
