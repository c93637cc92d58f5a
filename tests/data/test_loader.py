"""Loader: batches in order, or shuffled anew every epoch."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agx as ag
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


@pytest.mark.parametrize(
    ("transforms", "message"),
    [
        (
            lambda x, rng: x,
            r"transforms is .*, expected a list of functions: transforms=\[transform\]",
        ),
        ([ag.data.ToFloat], r"the transform is the class ToFloat; make one of it, ToFloat\(...\)"),
        (
            [lambda x: x],
            r"takes \(x\), expected the batch and a generator: write def transform\(x, rng\)",
        ),
    ],
)
def test_a_transform_of_another_kind_is_told_how_to_become_one(transforms, message):
    with pytest.raises(TypeError, match=message):
        Loader(np.arange(3), 2, transforms=transforms)


def test_a_transform_that_forgets_to_return():
    with pytest.raises(TypeError, match="returned None, expected the new array; return x"):
        next(iter(Loader(np.arange(3), 2, transforms=[lambda x, rng: x.sort()])))


@pytest.mark.parametrize(
    ("label", "fix"),
    [
        ("cat", r"got str 'cat', .*; encode labels as numbers, as with np.unique"),
        ({"y": 1}, r"got dict, .*; give its values as a tuple, such as \(x, y\)"),
    ],
)
def test_labels_that_are_no_numbers_are_told_how_to_become_some(label, fix):
    with pytest.raises(TypeError, match=f"part 1 of example 0: {fix}"):
        next(iter(Loader([(np.ones(2), label)], 1)))


def test_a_class_that_never_occurs_in_training_is_named():
    data = ArrayDataset(np.arange(6), [0, 0, 1, 1, 2, 2], classes=("cat", "dog", "fish"))
    Loader(data, 2, shuffle=True)
    part = ag.data.Subset(data, range(4))
    with pytest.warns(UserWarning, match=r"no example is of class 'fish', .*stratify=True") as told:
        Loader(part, 2, shuffle=True)
    assert [w.filename for w in told] == [__file__]
    Loader(part, 2)  # a test may lack some
    with pytest.warns(UserWarning, match="no example is of class 'cat', 'fish'"):
        Loader(ArrayDataset([0, 1], [1, 1], classes=("cat", "dog", "fish")), 2, shuffle=True)


def test_labels_beyond_the_classes_are_refused():
    wrong = ArrayDataset(np.zeros((4, 1)), [0, 1, 3, 1], classes=("cat", "dog"))
    for data in (wrong, ag.data.Subset(wrong, [3, 2])):
        with pytest.raises(
            ValueError, match=r"example 2 has label 3, expected 0 to 1 for 2 classes"
        ):
            Loader(data, 2)
    Loader(ag.data.Subset(wrong, [0, 1]), 2, shuffle=True)
    Loader(ArrayDataset(np.zeros(3), [0, 1, -100], classes=("cat", "dog")), 2)  # a loss ignores it
    Loader(ArrayDataset(np.zeros(3), [0.0, 1, 3], classes=("cat", "dog")), 2)  # no labels


@pytest.mark.parametrize("dataset", [{"x": np.arange(3)}, "abc", None, {1, 2}, 5])
def test_something_that_is_no_dataset_is_refused(dataset):
    with pytest.raises(TypeError, match="of type .*, expected an ArrayDataset"):
        Loader(dataset, 2)


def test_arrays_side_by_side_are_told_to_be_a_tuple():
    with pytest.raises(TypeError, match=r"batch_size is of type ndarray.*Loader\(\(x, y\), 64\)"):
        Loader(np.zeros((99, 2)), np.zeros(99), 64)
    with pytest.raises(TypeError, match=r"shuffle is of type ndarray, expected True or False"):
        Loader(np.zeros((99, 2)), 64, np.zeros(99))


# --- examples ------------------------------------------------------------------------------------

EXAMPLES = {
    "vectors": [(np.full(3, i, np.float32), i % 2) for i in range(6)],
    "numbers": [(float(i), 2.0 * i) for i in range(6)],
    "images": [(np.full((1, 4, 4), i), np.int64(i)) for i in range(6)],
    "equal vectors": [(np.ones(3), np.zeros(3)), (np.ones(3), np.zeros(3))],
    "pairs in lists": [[np.full(3, i), i] for i in range(6)],
    "three parts": [(np.ones(2), np.ones(1), i) for i in range(4)],
    "one part": [(np.ones(2),) for i in range(4)],
}
each_list = pytest.mark.parametrize("examples", EXAMPLES.values(), ids=EXAMPLES)


class Examples:
    """A data set in the way of PyTorch."""

    def __init__(self, examples):
        self.examples, self.read = examples, []

    def __len__(self):
        return len(self.examples)

    def __getitem__(self, i):
        self.read.append(i)
        return self.examples[i]


@each_list
@pytest.mark.parametrize("kind", [list, Examples])
def test_examples_are_stacked_part_by_part(examples, kind):
    loader = Loader(kind(examples), 2)
    batches = list(loader)
    assert len(batches) == len(loader) == len(examples) // 2
    for i, column in enumerate(zip(*examples, strict=True)):
        found = np.concatenate([batch[i] for batch in batches])
        np.testing.assert_array_equal(found, np.stack(column))


def test_a_dataset_is_read_when_its_batch_is_due():
    dataset = Examples(EXAMPLES["vectors"])
    loader = iter(Loader(dataset, 2, shuffle=True, drop_last=True, rng=0))
    assert not dataset.read
    next(loader)
    assert len(dataset.read) == 2 and all(type(i) is int for i in dataset.read)
    list(loader)
    assert sorted(dataset.read) == list(range(6))


def test_an_error_of_a_dataset_names_the_example():
    class Broken(Examples):
        def __getitem__(self, i):
            return 1 / (i - 3)

    with pytest.raises(ZeroDivisionError) as error:
        list(Loader(Broken([0] * 6), 2))
    assert error.value.__notes__ == ["Loader: this was example 3 of Broken"]


def test_shuffled_examples_are_those_of_the_arrays():
    x, y = np.arange(12.0).reshape(6, 2), np.arange(6)
    arrays, examples = (
        Loader(d, 4, True, rng=1) for d in ((x, y), Examples(list(zip(x, y, strict=True))))
    )
    for one, two in zip(arrays, examples, strict=True):
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", [list, Examples])
@pytest.mark.parametrize(
    ("examples", "error", "message"),
    [
        ([(np.ones(2), 0), (np.ones(3), 1)], ValueError, r"part 0 of example 1 has shape \(3,\), that of example 0 has \(2,\), expected one shape; pad"),
        ([(np.ones(2), 0), (np.ones(2),)], ValueError, r"example 1 has 1 parts, expected 2 as in example 0"),
        ([{"x": 1.0}, {"x": 2.0}], TypeError, "part 0 of example 0: got dict, expected an array"),
        ([("some text", 1), ("more", 0)], TypeError, "part 0 of example 0: got str 'some text'"),
    ],
)  # fmt: skip
def test_examples_that_do_not_fit_together_are_named(kind, examples, error, message):
    with pytest.raises(error, match=f"Loader: {message}"):
        next(iter(Loader(kind(examples), 2)))


@pytest.mark.parametrize(
    "dataset", [((np.ones(3), i) for i in range(4)), zip([1.0], [2.0], strict=True)]
)
def test_what_can_be_read_once_only_is_refused(dataset):
    with pytest.raises(TypeError, match=r"can be read once only; write Loader\(list\(examples\)"):
        Loader(dataset, 2)


def test_examples_in_a_tuple_are_told_to_be_a_list():
    with pytest.raises(ValueError, match=r"different lengths.*a list of tuples: \[\(x0, y0\)"):
        Loader(((np.ones(3), 0), (np.ones(3), 1)), 2)


def test_lists_of_numbers_are_arrays():
    ((x, y),) = Loader(([[0.0, 1.0], [2.0, 3.0]], [0, 1]), 2)
    assert x.shape == (2, 2) and y.tolist() == [0, 1]
    assert len(next(iter(Loader([[1.0, 2.0], [3.0, 4.0]], 2)))) == 2


def test_what_a_dataset_prescribes_comes_before_the_loaders_transforms():
    dataset = ArrayDataset(np.arange(4))
    dataset.transforms = (lambda x, rng: x + 1,)
    ((x,),) = Loader(dataset, 4, transforms=[lambda x, rng: x * 10])
    assert x.tolist() == [10, 20, 30, 40]


# --- in the middle of an epoch ---------------------------------------------------------------------


def noisy(n=23, *, seed=0, **options):
    """A loader in which everything is random that can be."""
    data = (np.arange(float(n)), np.arange(n))
    return Loader(data, 4, True, transforms=[add_noise, add_noise], rng=seed, **options)


def listed(batches):
    return [[part.tolist() for part in batch] for batch in batches]


def through_json(state):
    return json.loads(json.dumps(state))


@pytest.mark.parametrize("prefetch", [0, 3])
@pytest.mark.parametrize("taken", range(7))
def test_a_state_continues_an_epoch_to_the_bit(taken, prefetch):
    whole = noisy()
    epochs = [listed(whole) for _ in range(3)]
    stopped = noisy(prefetch=prefetch)
    first = listed(itertools.islice(iter(stopped), taken))
    other = noisy(seed=99, prefetch=prefetch)
    other.load_state_dict(through_json(stopped.state_dict()))
    rest = listed(other)
    if taken:
        assert first + rest == epochs[0]
        assert [listed(other), listed(other)] == epochs[1:]
    else:
        assert rest == epochs[0]


def test_a_state_between_epochs_begins_the_next_one():
    one, two = noisy(), noisy(seed=1)
    list(one)
    assert one.state_dict()["batches"] == 0 and one.state_dict()["seed"] is None
    two.load_state_dict(one.state_dict())
    assert listed(one) == listed(two)


def test_an_epoch_whose_last_batch_was_taken_has_nothing_left():
    loader = noisy()
    batches = iter(loader)
    for _ in range(len(loader)):
        next(batches)
    loader.load_state_dict(loader.state_dict())
    assert list(loader) == []
    assert len(list(loader)) == len(loader)


def test_a_state_that_was_loaded_is_the_state():
    loader = noisy()
    next(iter(loader))
    state = loader.state_dict()
    loader.load_state_dict(state)
    assert loader.state_dict() == state


def test_batches_that_were_taken_are_not_made_again():
    dataset = Examples(EXAMPLES["vectors"])
    loader = Loader(dataset, 2)
    next(iter(loader))
    state, dataset.read = loader.state_dict(), []
    loader.load_state_dict(state)
    list(loader)
    assert dataset.read == [2, 3, 4, 5]


def test_the_default_generator_is_not_in_the_state():
    loader = Loader(np.arange(9), 2, shuffle=True)
    rng.seed(0)
    first = numbers(loader)
    rng.seed(0)
    next(iter(loader))
    state = loader.state_dict()
    assert state["rng"] is None
    rng.seed(7)
    loader.load_state_dict(state)
    assert numbers(loader) == first[2:]


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_every_kind_of_generator_can_be_resumed(kind):
    make = lambda seed: np.random.Generator(getattr(np.random, kind)(seed))
    one, two = (Loader(np.arange(30), 4, True, rng=make(s)) for s in (0, 1))
    list(one)
    two.load_state_dict(through_json(one.state_dict()))
    assert numbers(one) == numbers(two)


def test_a_transform_that_says_that_it_draws_nothing_takes_no_number():
    source = np.random.default_rng(0)
    list(Loader(np.arange(5, dtype=np.uint8), 2, transforms=[ag.data.ToFloat()], rng=source))
    assert source.bit_generator.state == np.random.default_rng(0).bit_generator.state


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"examples": 5}, "the state has examples 5, this loader 23; resume with the data"),
        ({"batch_size": 8}, "the state has batch_size 8, this loader 4"),
        ({"rng": None}, "one of the state and this loader has a generator of its own"),
        ({"rng": {"bit_generator": "SFC64"}}, "is of the generator 'SFC64', expected 'PCG64'"),
        ({"rng": 5}, "is of the generator 5, expected 'PCG64'"),
        ({"seed": None}, "an epoch in which nothing was random"),
        ({"batches": 7}, "7 batches into the epoch"),
        ({"batches": 1.5}, "1.5 batches into the epoch"),
        ({"more": 1}, r"the state is .*, expected what state_dict\(\) returned"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, message):
    loader = noisy()
    next(iter(loader))
    before = loader.state_dict()
    with pytest.raises(ValueError, match=f"Loader: .*{message}"):
        loader.load_state_dict({**before, **change})
    assert loader.state_dict() == before
    with pytest.raises(ValueError, match="expected what state_dict"):
        loader.load_state_dict(None)


@pytest.mark.parametrize("prefetch", [-1, 1.5, True, "2"])
def test_prefetch_counts_batches(prefetch):
    with pytest.raises(ValueError, match=r"prefetch is .*, expected how many batches to make"):
        Loader(np.arange(3), 2, prefetch=prefetch)
