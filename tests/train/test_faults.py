"""A loss that is not finite: who is to blame is said before anything was changed."""

import re

import numpy as np
import pytest

import agx as ag

RNG = np.random.default_rng(0)


def train(x, y, model=None, loss=ag.cross_entropy, lr=0.1, size=16, epochs=1, **options):
    """The message of the error, and whether the state is what it was before the batch."""
    model = model or ag.nn.Linear(5, 2)
    loader = ag.data.Loader((x, y), size, **options)
    states = []
    model_call = model.forward

    def spying(*inputs):
        states.append(model.state_dict())
        return model_call(*inputs)

    model.forward = spying
    sgd = ag.optim.SGD(model.parameters(), lr)
    with pytest.raises(FloatingPointError) as caught, np.errstate(all="ignore"):
        ag.fit(model, loader, loss, sgd, epochs, progress=False)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, states[-1][name], err_msg=name)
    assert caught.value.history is not None
    return str(caught.value)


def data(n=64):
    return RNG.standard_normal((n, 5)).astype(np.float32), np.arange(n) % 2


def test_the_input():
    x, y = data()
    x[37, 2] = np.nan
    assert train(x, y) == (
        "fit: the loss became nan in epoch 1/1, step 3: the input holds NaN in row 5 of the batch, "
        "row 37 of the data; leave such rows out, or fill them (np.nan_to_num)"
    )


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("label", [0, 1])
def test_an_infinity_in_the_input_even_where_the_loss_is_finite(sign, label):
    x, y = data()
    x[37, 2], y[37] = sign * np.inf, label
    message = train(x, y)
    assert "in epoch 1/1, step 3" in message
    assert "the input holds infinity in row 5 of the batch, row 37 of the data" in message


def test_missing_values_that_a_model_fills_are_left_in_peace():
    x, y = data()
    x[37, 2] = np.nan
    layer = ag.nn.Linear(5, 2)
    sgd = ag.optim.SGD(layer.parameters())
    loader = ag.data.Loader((x, y), 16)
    fill = lambda x: layer(np.nan_to_num(x))
    assert len(ag.fit(fill, loader, ag.cross_entropy, sgd, 2, progress=False)) == 2


def test_rows_of_shuffled_data_are_found_again():
    x, y = data()
    x[[3, 7, 11]] = np.nan
    assert "rows 3, 7, 11 of the data" in train(x, y, shuffle=True, rng=0)
    x[:] = np.nan
    assert "in rows 0, 1, 2, 3, 4 and 11 more of the batch" in train(x, y)


def test_rows_of_a_part_of_the_data_are_those_of_the_whole():
    x, y = data()
    x[[3, 50]] = np.nan
    part = ag.data.Subset(ag.data.ArrayDataset(x, y), range(63, 31, -1))
    model = ag.nn.Linear(5, 2)
    sgd = ag.optim.SGD(model.parameters())
    with pytest.raises(FloatingPointError, match="NaN in row 13 of the batch, row 50 of the data"):
        ag.fit(model, ag.data.Loader(part, 32), ag.cross_entropy, sgd, 1, progress=False)


@pytest.mark.parametrize("part", [False, True])
def test_an_example_that_is_read_when_its_batch_is_due(part):
    x, y = data()
    x[37, 2] = np.nan

    class Rows(ag.data.Dataset):
        def __len__(self):
            return len(x)

        def __getitem__(self, i):
            return x[i], y[i]

    rows = ag.data.Subset(Rows(), range(30, 60)) if part else Rows()
    model = ag.nn.Linear(5, 2)
    sgd = ag.optim.SGD(model.parameters())
    loader = ag.data.Loader(rows, 8, shuffle=True, rng=0)
    with pytest.raises(FloatingPointError, match="of the batch, row 37 of the data; leave"):
        ag.fit(model, loader, ag.cross_entropy, sgd, 1, progress=False)
    x[37] = 0
    loader = ag.data.Loader(rows, 8, transforms=[lambda x, rng: x * np.nan])
    with pytest.raises(FloatingPointError, match="not in the data, so a transform"):
        ag.fit(model, loader, ag.cross_entropy, sgd, 1, progress=False)


def test_the_target():
    x, y = data()
    y = y[:, None].astype(np.float32)
    y[20] = np.nan
    for loss in (ag.mse, ag.binary_cross_entropy_with_logits):
        assert "step 2: the target holds NaN in row 4 of the batch, row 20 of the data" in train(
            x, y, ag.nn.Linear(5, 1), loss
        )


def test_one_of_several_inputs():
    class Sum(ag.nn.Module):
        def __init__(self):
            self.w = ag.Tensor(np.ones((5, 2), np.float32))

        def forward(self, a, b):
            return (a + b) @ self.w

    x, y = data()
    model, bad = Sum(), np.full_like(x, np.nan)
    sgd = ag.optim.SGD(model.parameters())
    with pytest.raises(FloatingPointError, match="input 1 holds NaN in rows 0, 1, 2, 3, 4 and"):
        ag.fit(model, [(x, bad, y)], ag.cross_entropy, sgd, 1, progress=False)


def test_a_transform():
    x, y = data()
    message = train(x, y, transforms=[lambda x, rng: np.log(x * 0)])
    assert (
        "but not in the data, so a transform of the loader makes it; mend the transform" in message
    )


def test_weights_that_were_bad_before():
    model = ag.nn.Linear(5, 2)
    model.bias.value[1] = np.nan
    assert "the parameter 'bias' holds NaN before the first step; load or initialise" in train(
        *data(), model
    )


def test_a_learning_rate_that_is_too_high():
    x, y = data()
    message = train(
        1e3 * x, y[:, None].astype(np.float32), ag.nn.Linear(5, 1), ag.mse, lr=10.0, epochs=9
    )
    assert "the weights have grown to " in message and "lower the learning rate, 10.0" in message
    assert re.search(r"([\d.e+]+|inf) times what they were \d+ steps before", message)


class Applied(ag.nn.Module):
    """A linear layer and a function of its outputs."""

    def __init__(self, function):
        self.layer = ag.nn.Linear(5, 2)
        self.function = function

    def forward(self, x):
        return self.function(self.layer(x))


def test_a_model_that_makes_nan():
    message = train(*data(), Applied(lambda t: ag.log(-ag.abs(t))))
    assert (
        "the model made NaN of finite inputs and weights, first in the operation 'log'" in message
    )
    assert "'log' in Applied made NaN at (0, 0)" in message and "Applied(lambda t" in message
    assert "the logarithm of a negative number is not real" in message


def test_a_loss_that_makes_infinity():
    message = train(*data(), loss=lambda out, y: 1 / (out * 0).sum())
    assert "the loss made infinity of finite outputs up to " in message
    assert "first in the operation 'div'" in message


def test_a_gradient_that_is_not_finite():
    message = train(*data(), loss=lambda out, y: ag.sqrt(ag.abs(out) * 0 * y.sum()).sum())
    assert message.startswith("fit: the gradient of parameter '")
    assert "in epoch 1/1, step 1, where the loss is 0" in message
    assert "look for an operation with an infinite slope, such as sqrt or log at 0" in message
    assert "'sqrt' has a slope that is" in message and "loss=lambda out, y: ag.sqrt" in message


def test_running_statistics_are_put_back():
    x, y = data()
    x[37, 2] = np.nan
    model = ag.nn.Sequential(ag.nn.BatchNorm1d(5), ag.nn.Linear(5, 2))
    assert "the input holds NaN" in train(x, y, model)
    assert np.isfinite(model[0].running_mean).all() and model[0].num_batches_tracked == 2
