"""Loader: batches in order, or shuffled anew every epoch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agx._runtime import rng
from agx.data.dataset import ArrayDataset
from agx.data.loader import Loader


def numbers(loader):
    """The first array of every batch of one epoch, joined."""
    return np.concatenate([batch[0] for batch in loader]).tolist()


@settings(deadline=None)
@given(n=st.integers(1, 40), batch_size=st.integers(1, 12), shuffle=st.booleans())
def test_every_example_comes_exactly_once_per_epoch(n, batch_size, shuffle):
    loader = Loader((np.arange(n), -np.arange(n)), batch_size, shuffle, rng=0)
    batches = list(loader)
    assert len(batches) == len(loader) == -(-n // batch_size)
    assert all(len(x) == batch_size for x, _ in batches[:-1])
    assert sorted(numbers(loader)) == list(range(n))
    assert all((x == -y).all() for x, y in batches)


def test_without_shuffling_the_order_is_kept():
    assert numbers(Loader(np.arange(10), 4)) == list(range(10))


def test_the_last_batch_may_be_smaller():
    assert [len(x) for (x,) in Loader(np.arange(10), 4)] == [4, 4, 2]


def test_drop_last_leaves_the_smaller_batch_out():
    loader = Loader(np.arange(10), 4, drop_last=True)
    assert [len(x) for (x,) in loader] == [4, 4]
    assert len(loader) == 2


def test_every_epoch_is_shuffled_anew():
    loader = Loader(np.arange(50), 8, shuffle=True, rng=0)
    assert numbers(loader) != numbers(loader)


def test_the_same_seed_gives_the_same_epochs():
    one, two = (Loader(np.arange(50), 8, shuffle=True, rng=3) for _ in range(2))
    assert [numbers(one), numbers(one)] == [numbers(two), numbers(two)]


def test_the_default_generator_is_the_one_that_seed_restarts():
    loader = Loader(np.arange(50), 8, shuffle=True)
    rng.seed(1)
    first = numbers(loader)
    rng.seed(1)
    assert numbers(loader) == first


def test_an_epoch_does_not_change_when_something_else_draws_from_its_generator():
    def epoch(draw):
        rng = np.random.default_rng(0)
        batches = []
        for (x,) in Loader(np.arange(50), 8, True, transforms=[add_noise], rng=rng):
            batches.append(x)
            if draw:
                rng.random()
        return np.concatenate(batches)

    np.testing.assert_array_equal(epoch(draw=True), epoch(draw=False))


def test_without_shuffling_or_transforms_no_random_number_is_drawn():
    rng = np.random.default_rng(0)
    list(Loader(np.arange(5), 2, rng=rng))
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def add_noise(x, rng):
    return x + rng.random(x.shape)


def test_transforms_see_the_first_array_only_one_after_the_other():
    transforms = [lambda x, rng: x + 1, lambda x, rng: x * 10]
    (x, y), *_ = Loader((np.arange(4), np.arange(4)), 4, transforms=transforms)
    assert x.tolist() == [10, 20, 30, 40]
    assert y.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.int64])
def test_dtypes_are_untouched(dtype):
    ((x,),) = Loader(np.ones((3, 2), dtype), 3)
    assert x.dtype == dtype


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_are_copies_that_the_caller_may_keep_and_change(shuffle):
    images = np.zeros((6, 2))
    kept = [x for (x,) in Loader(images, 2, shuffle, rng=0)]
    kept[0][...] = 1
    assert not images.any()
    assert not kept[1].any()


def test_a_strided_view_gives_contiguous_batches():
    images = np.arange(48.0).reshape(2, 2, 4, 3).transpose(0, 3, 1, 2)
    ((x,),) = Loader(images, 2)
    np.testing.assert_array_equal(x, images)
    assert x.flags.c_contiguous


def test_it_takes_a_dataset_an_array_or_a_tuple_or_list_of_arrays():
    x = np.arange(3)
    for dataset in (ArrayDataset(x), x, (x,), [x]):
        assert numbers(Loader(dataset, 2)) == [0, 1, 2]


def test_two_epochs_can_run_side_by_side():
    loader = Loader(np.arange(10), 3, shuffle=True, rng=0)
    both = [(a, b) for (a,), (b,) in zip(loader, loader, strict=True)]
    for epoch in zip(*both, strict=True):
        assert sorted(np.concatenate(epoch)) == list(range(10))


@pytest.mark.parametrize("batch_size", [0, -4])
def test_a_batch_size_below_one_is_refused(batch_size):
    with pytest.raises(ValueError, match=f"batch_size is {batch_size}, expected a positive"):
        Loader(np.arange(3), batch_size)


@pytest.mark.parametrize("batch_size", [2.0, True, "2"])
def test_a_batch_size_that_is_no_integer_is_refused(batch_size):
    with pytest.raises(TypeError, match=r"batch_size is .*, expected a positive integer"):
        Loader(np.arange(3), batch_size)


def test_an_epoch_without_batches_is_refused():
    with pytest.raises(ValueError, match=r"3 examples make no batch .*drop_last=True"):
        Loader(np.arange(3), 4, drop_last=True)
    with pytest.raises(ValueError, match="0 examples make no batch"):
        Loader(np.zeros((0, 2)), 4)


def test_a_transform_that_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match="the transform 'flip' cannot be called"):
        Loader(np.arange(3), 2, transforms=["flip"])


def test_something_that_is_no_dataset_is_refused():
    with pytest.raises(TypeError, match="of type dict, expected an ArrayDataset"):
        Loader({"x": np.arange(3)}, 2)
