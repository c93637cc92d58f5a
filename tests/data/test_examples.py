"""Examples that come one after the other: of a function that is called anew, or of an iterable."""

import json

import numpy as np
import pytest

import agx as ag
from agx.data import Loader


def squares(stop=7):
    for i in range(stop):
        yield np.full(2, i, np.float32), i * i


class Iterable:
    """Examples that can be read again, but not counted."""

    def __iter__(self):
        return squares()


class IterableDataset:
    """PyTorch's kind: it has the methods of others, but no numbers."""

    def __iter__(self):
        return squares()

    def __len__(self):
        return 7

    def __getitem__(self, i):
        raise NotImplementedError


KINDS = [squares, Iterable(), IterableDataset(), lambda: list(squares())]


@pytest.mark.parametrize("kind", KINDS)
def test_batches_are_cut_as_examples_come(kind):
    loader = Loader(kind, 3)
    for _ in range(2):  # epochs
        batches = list(loader)
        assert [y.tolist() for _, y in batches] == [[0, 1, 4], [9, 16, 25], [36]]
        assert batches[0][0].dtype == np.float32 and batches[0][0].shape == (3, 2)


def test_only_what_is_due_is_read():
    read = []

    def examples():
        for x in squares():
            read.append(x)
            yield x

    batches = iter(Loader(examples, 2))
    assert not read
    next(batches)
    assert len(read) == 2


def test_the_last_one_may_be_left_out():
    assert [len(x) for x, _ in Loader(squares, 3, drop_last=True)] == [3, 3]


def test_their_number_is_not_known():
    with pytest.raises(TypeError, match="how many batches an iterable gives is not known"):
        len(Loader(squares, 3))


def test_training_needs_no_number(capsys):
    model = ag.nn.Linear(2, 1)
    sgd = ag.optim.SGD(model.parameters(), 1e-3)
    schedule = ag.optim.CosineAnnealingLR(sgd, T_max=2)
    history = ag.fit(
        model, Loader(squares, 3), lambda z, y: ((z[:, 0] - y) ** 2).mean(), sgd, 2, schedule=schedule,
        progress=True,
    )  # fmt: skip
    assert len(history) == 2 and "epoch" in capsys.readouterr().err


def test_an_epoch_goes_on_where_it_was_left():
    loader, other = Loader(squares, 2, rng=0), Loader(squares, 2, rng=1)
    batches = iter(loader)
    next(batches), next(batches)
    other.load_state_dict(json.loads(json.dumps(loader.state_dict())))
    assert [y.tolist() for _, y in other] == [y.tolist() for _, y in batches] == [[16, 25], [36]]


def test_they_cannot_be_shuffled():
    with pytest.raises(
        ValueError, match=r"cannot be shuffled or sampled; .*Loader\(list\(examples\)"
    ):
        Loader(squares, 2, shuffle=True)


def test_an_example_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"part 0 of example 3 has shape \(3,\), .* example 2 has"):
        list(Loader(lambda: iter([(np.ones(2), 0)] * 3 + [(np.ones(3), 0)]), 2))


def test_a_function_that_returns_no_iterator():
    def nothing():
        pass

    with pytest.raises(TypeError, match="the function 'nothing' returned NoneType, expected an it"):
        next(iter(Loader(nothing, 2)))
