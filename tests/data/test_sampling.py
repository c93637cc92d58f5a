"""Which examples an epoch has: WeightedRandomSampler, class_weights, and samplers of one's own."""

import numpy as np
import pytest

import agx as ag
from agx.data import ArrayDataset, Loader, Subset, WeightedRandomSampler, class_weights

LABELS = np.repeat([0, 1], [950, 50])


def drawn(loader):
    return np.concatenate([batch[0] for batch in loader])


def test_rare_classes_come_as_often_as_others():
    sampler = WeightedRandomSampler(class_weights(LABELS)[LABELS])
    labels = drawn(Loader(LABELS, 100, sampler=sampler, rng=0))
    assert len(labels) == 1000
    assert 0.45 < labels.mean() < 0.55


def test_an_example_comes_as_often_as_its_weight_says():
    sampler = WeightedRandomSampler([1, 0, 3], num_samples=4000)
    counts = np.bincount(sampler(np.random.default_rng(0)), minlength=3)
    assert counts[1] == 0 and counts.sum() == 4000
    assert abs(counts[2] / 4000 - 0.75) < 0.03


def test_without_replacement_each_comes_once():
    sampler = WeightedRandomSampler(np.arange(10), num_samples=9, replacement=False)
    assert sorted(sampler(np.random.default_rng(0)).tolist()) == list(range(1, 10))


def test_an_epoch_is_as_long_as_the_sampler():
    loader = Loader(np.arange(10), 4, sampler=WeightedRandomSampler(np.ones(10), 6), rng=0)
    assert len(loader) == 2
    assert [len(x) for (x,) in loader] == [4, 2]


def test_epochs_differ_and_the_seed_decides():
    one, two = (
        Loader(np.arange(50), 8, sampler=WeightedRandomSampler(np.ones(50)), rng=0) for _ in "12"
    )
    first = drawn(one).tolist()
    assert first == drawn(two).tolist()
    assert first != drawn(one).tolist()


def test_an_epoch_goes_on_where_it_was_left():
    one, two = (
        Loader(np.arange(50), 8, sampler=WeightedRandomSampler(np.ones(50)), rng=s) for s in (0, 1)
    )
    batches = iter(one)
    next(batches)
    two.load_state_dict(one.state_dict())
    assert drawn(two).tolist() == drawn(batches).tolist()


def test_it_samples_a_subset():
    part = Subset(ArrayDataset(np.arange(10)), [5, 6])
    loader = Loader(part, 4, sampler=WeightedRandomSampler([0, 1], 8), rng=0)
    assert drawn(loader).tolist() == [6] * 8


class Backwards:
    """A sampler of one's own."""

    def __len__(self):
        return 3

    def __call__(self, rng):
        return [2, 1, 0]


def test_a_sampler_of_ones_own():
    assert drawn(Loader(np.arange(3), 2, sampler=Backwards())).tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sampler": [0, 1]}, TypeError, r"sampler is \[0, 1\], expected a function of a generator"),
        ({"sampler": WeightedRandomSampler}, TypeError, "expected a function of a generator"),
        ({"sampler": lambda rng: [0]}, TypeError, "that has a length"),
        ({"sampler": Backwards(), "shuffle": True}, ValueError, "a sampler decides the order; leave sh"),
        ({"sampler": WeightedRandomSampler([1, 1])}, ValueError, "the sampler has 2 weights, expected one"),
    ],
)  # fmt: skip
def test_samplers_that_do_not_fit(options, error, message):
    with pytest.raises(error, match=f"Loader: .*{message}"):
        Loader(np.arange(3), 2, **options)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([0, 1, 3], "the sampler gave 0 to 3, expected 3 integers from 0 to 2"),
        ([0, 1, -1], "gave -1 to 1"),
        ([0, 1], r"gave int64 of shape \(2,\)"),
        ([0.5, 1, 2], r"gave float64 of shape \(3,\)"),
    ],
)
def test_what_a_sampler_gives_is_looked_at(given, message, monkeypatch):
    monkeypatch.setattr(Backwards, "__call__", lambda self, rng: given)
    with pytest.raises(ValueError, match=message):
        next(iter(Loader(np.arange(3), 2, sampler=Backwards())))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, -1],), "weight 1 is -1, expected finite numbers"),
        (([1, np.nan],), "weight 1 is nan"),
        (([0, 0],), "no weight is above 0"),
        (([[1, 2]],), r"int64 of shape \(1, 2\), expected one number"),
        (([1, 2], 0), "num_samples is 0, expected a positive integer"),
        (([1, 2], 1.5), "num_samples is 1.5"),
        (([1, 0], 2, False), "num_samples is 2, expected a positive integer up to 1"),
    ],
)
def test_weights_that_are_none(arguments, message):
    with pytest.raises(ValueError, match=f"WeightedRandomSampler: .*{message}"):
        WeightedRandomSampler(*arguments)


# --- class_weights ---------------------------------------------------------------------------------


def test_weights_make_all_classes_count_alike():
    weights = class_weights(LABELS)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights * np.bincount(LABELS), 500, rtol=1e-6)
    assert class_weights([0, 1, 2], classes=3).tolist() == [1, 1, 1]


def test_a_loss_takes_them():
    z = np.zeros((2, 2), np.float32)
    loss = ag.cross_entropy(z, np.array([0, 1]), weight=class_weights([0, 0, 0, 1]))
    assert loss.item() == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0, 2], None, "class 1 never occurs among 2 labels; leave it out, or add"),
        ([0, 1], ("cat", "dog", "fish"), "class 'fish' never occurs among 2 labels"),
        ([0, 3], 3, "label 3 is out of range for 3 classes; use 0 to 2"),
        ([-1, 0], None, "label -1 is out of range"),
        ([0.0, 1.0], None, r"float64 of shape \(2,\), expected integers"),
        ([], None, r"shape \(0,\)"),
    ],
)
def test_labels_that_have_no_weights(labels, classes, message):
    with pytest.raises(ValueError, match=f"class_weights: .*{message}"):
        class_weights(labels, classes)
