import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agx as ag
from agx.data import ArrayDataset, Loader


def arange_pair(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(3 * n, dtype=np.float32).reshape(n, 3), np.arange(n)


def test_dataset_indexes_every_array():
    x, y = arange_pair(5)
    data = ArrayDataset(x, y, classes=["a", "b"])
    assert len(data) == 5
    assert data.classes == ("a", "b")
    assert data.arrays[0] is x
    for index in (2, slice(1, 4), np.array([3, 0]), y > 2):
        got_x, got_y = data[index]
        np.testing.assert_array_equal(got_x, x[index])
        np.testing.assert_array_equal(got_y, y[index])
    assert repr(data) == "ArrayDataset(float32[5, 3], int64[5], 2 classes)"


def test_dataset_converts_lists():
    assert ArrayDataset([1, 2, 3]).arrays[0].tolist() == [1, 2, 3]


def test_dataset_refuses_unequal_lengths():
    with pytest.raises(
        ValueError, match=r"ArrayDataset: the arrays have lengths 5, 4, 5; expected"
    ):
        ArrayDataset(np.zeros(5), np.zeros(4), np.zeros(5))


def test_dataset_refuses_nothing_and_numbers():
    with pytest.raises(ValueError, match="at least one array, got none"):
        ArrayDataset()
    with pytest.raises(ValueError, match="array 1 is a single number"):
        ArrayDataset(np.zeros(2), 3.0)


@given(n=st.integers(0, 30), size=st.integers(1, 12), drop=st.booleans(), shuffle=st.booleans())
def test_a_pass_covers_the_data_once(n, size, drop, shuffle):
    x, y = arange_pair(n)
    loader = Loader((x, y), size, shuffle=shuffle, drop_last=drop, rng=0)
    batches = list(loader)
    assert len(batches) == len(loader)
    assert all(len(bx) == len(by) == size for bx, by in batches[:-1])
    seen = [i for _, by in batches for i in by.tolist()]
    assert len(seen) == len(set(seen)) == (n // size * size if drop else n)
    for bx, by in batches:
        np.testing.assert_array_equal(bx, x[by])


def test_unshuffled_order_is_the_datasets():
    x, y = arange_pair(7)
    assert [by.tolist() for _, by in Loader((x, y), 3)] == [[0, 1, 2], [3, 4, 5], [6]]


def test_every_kind_of_dataset():
    x, y = arange_pair(4)
    assert len(next(iter(Loader(x, 2)))) == 1
    assert len(next(iter(Loader((x, y, y), 2)))) == 3
    data = ArrayDataset(x, y)
    assert Loader(data, 2).dataset is data


def test_each_pass_is_reshuffled_and_a_seed_repeats_them():
    y = np.arange(50)
    first, second = Loader(y, 50, shuffle=True, rng=3), Loader(y, 50, shuffle=True, rng=3)
    passes = [next(iter(first))[0].tolist() for _ in range(3)]
    assert passes[0] != passes[1] != passes[2] != passes[0]
    assert passes == [next(iter(second))[0].tolist() for _ in range(3)]


def test_ag_seed_repeats_the_default_order():
    orders = []
    for _ in range(2):
        ag.seed(11)
        orders.append([b.tolist() for (b,) in Loader(np.arange(20), 6, shuffle=True)])
    assert orders[0] == orders[1]


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_batch_is_a_copy(shuffle):
    x, _ = arange_pair(4)
    before = x.copy()
    for (batch,) in Loader(x, 2, shuffle=shuffle, rng=0):
        batch[...] = -1
    np.testing.assert_array_equal(x, before)


def test_transforms_run_in_order_on_the_first_array_with_the_loaders_generator():
    x, y = arange_pair(4)
    rng = np.random.default_rng(0)
    seen = []

    def double(batch, given_rng):
        seen.append(given_rng)
        return 2 * batch

    def add_one(batch, given_rng):
        return batch + 1

    batches = list(Loader((x, y), 2, transforms=[double, add_one], rng=rng))
    np.testing.assert_array_equal(np.concatenate([bx for bx, _ in batches]), 2 * x + 1)
    np.testing.assert_array_equal(np.concatenate([by for _, by in batches]), y)
    assert all(r is rng for r in seen)


def test_loader_errors():
    with pytest.raises(ValueError, match="batch_size: expected at least 1, got 0"):
        Loader(np.zeros(3), 0)
    with pytest.raises(TypeError, match=r"batch_size: expected an integer, got 2\.5"):
        Loader(np.zeros(3), 2.5)
    with pytest.raises(TypeError, match=r"got list; write Loader\(\(x, y\)"):
        Loader([np.zeros(3), np.zeros(3)], 1)
    with pytest.raises(ValueError, match="lengths 3, 2"):
        Loader((np.zeros(3), np.zeros(2)), 1)
    with pytest.raises(TypeError, match="rng: expected"):
        Loader(np.zeros(3), 1, rng="seed")
