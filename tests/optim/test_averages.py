"""Moving averages of weights against PyTorch's, lent to a model and saved."""

import numpy as np
import pytest
from oracles import tables

import agx as ag

PATHS = tables.answers("averages")


@pytest.mark.parametrize("row", tables.AVERAGES, ids=lambda row: row.text)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_averages_are_pytorchs(row, dtype):
    p = ag.Tensor(np.zeros(3, dtype))
    scalars = [ag.Scalar(0.0) for _ in range(3)]
    names = {**vars(ag.optim), "p": p}
    ema = eval(row.call, names)
    of_scalars = eval(row.call.replace("[p]", "p"), {**names, "p": scalars})
    for values, expected in zip(row.draw("values", 6, 3), PATHS[row.text]["path"], strict=True):
        p.value[...] = values
        for scalar, value in zip(scalars, values, strict=True):
            scalar.value = value
        ema.update()
        of_scalars.update()
        rtol = 1e-12 if dtype == np.float64 else 1e-5
        np.testing.assert_allclose(ema.averages["0"], expected, rtol, rtol)
        found = [of_scalars.averages[str(k)] for k in range(3)]
        np.testing.assert_allclose(found, expected, 1e-12)
    assert ema.averages["0"].dtype == dtype


class Net(ag.nn.Module):
    def __init__(self):
        self.norm, self.head = ag.nn.BatchNorm1d(3), ag.nn.Linear(3, 2)

    def forward(self, x):
        return self.head(self.norm(x))


X = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)


def trained(steps=3, decay=0.5):
    ag.seed(0)
    model = Net()
    ema = ag.optim.ExponentialMovingAverage(model, decay)
    train(model, ema, steps)
    return model, ema


def train(model, ema, steps):
    sgd = ag.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        sgd.zero_grad()
        ag.cross_entropy(model(X), np.arange(8) % 2).backward()
        sgd.step()
        ema.update()


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_averages_are_lent_and_given_back_even_after_an_error():
    model, ema = trained()
    before, arrays = model.state_dict(), [p.value for p in model.parameters()]
    with ema.average_parameters():
        inside = model.state_dict()
    assert same(model.state_dict(), before)
    with pytest.raises(KeyError), ema.average_parameters():
        raise KeyError
    assert same(inside, ema.averages)
    assert not np.array_equal(inside["head.weight"], before["head.weight"])
    assert same(model.state_dict(), before)
    assert all(p.value is array for p, array in zip(model.parameters(), arrays, strict=True))


def test_buffers_are_the_newest():
    model, ema = trained()
    assert int(ema.averages["norm.num_batches_tracked"]) == 3
    np.testing.assert_array_equal(ema.averages["norm.running_mean"], model.norm.running_mean)


def test_the_averages_can_be_kept():
    model, ema = trained()
    ema.copy_to()
    assert same(model.state_dict(), ema.averages)


def test_saved_averages_go_on_where_they_stopped(tmp_path):
    model, ema = trained(2)
    np.savez(tmp_path / "ema.npz", **ema.state_dict())
    other = Net()
    other.load_state_dict(model.state_dict())
    resumed = ag.optim.ExponentialMovingAverage(other)
    with np.load(tmp_path / "ema.npz", allow_pickle=False) as state:
        resumed.load_state_dict(state)
    train(model, ema, 2)
    train(other, resumed, 2)
    assert same(resumed.averages, ema.averages)
    assert repr(resumed) == "ExponentialMovingAverage(4 parameters, decay=0.5, 4 updates)"


def test_a_compiled_step_updates_them():
    w = ag.Tensor([1.0, 2.0])
    sgd, ema = ag.optim.SGD([w], lr=0.25), ag.optim.ExponentialMovingAverage([w], 0.5)

    @ag.compile
    def step(x):
        sgd.zero_grad()
        loss = (w * x).sum()
        loss.backward()
        sgd.step()
        ema.update()
        return loss.item()

    for _ in range(3):
        step(np.ones(2))
    assert ema.n_averaged == 3
    np.testing.assert_array_equal(ema.averages["0"], [0.4375, 1.4375])


W = ag.Tensor([1.0])


def update_inside():
    ema = ag.optim.ExponentialMovingAverage([W])
    with ema.average_parameters():
        ema.update()


def nested():
    ema = ag.optim.ExponentialMovingAverage([W])
    with ema.average_parameters(), ema.average_parameters():
        pass


def grown():
    w = ag.Tensor([1.0])
    ema = ag.optim.ExponentialMovingAverage([w])
    w.value = np.ones(2)
    ema.update()


def load(**changed):
    ema = ag.optim.ExponentialMovingAverage([W])
    ema.load_state_dict({**ema.state_dict(), **changed})


def load_single(value):
    ema = ag.optim.ExponentialMovingAverage([ag.Tensor(np.ones(1, np.float32))])
    try:
        ema.load_state_dict({**ema.state_dict(), "module.0": np.array([value])})
    finally:
        assert ema.averages["0"] == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ag.optim.ExponentialMovingAverage(W), TypeError, "expected a list of parameters, got one Tensor"),
        (lambda: ag.optim.ExponentialMovingAverage([]), ValueError, "got no parameters; give a module or its parameters"),
        (lambda: ag.optim.ExponentialMovingAverage([W], 1.5), ValueError, r"decay must lie in \[0, 1\], got 1.5"),
        (lambda: ag.optim.ExponentialMovingAverage([W], "x"), TypeError, "decay must be a number, got 'x'"),
        (update_inside, RuntimeError, r"the parameters are averages now; call update\(\) outside of"),
        (nested, RuntimeError, "the parameters are averages already; leave the other"),
        (grown, ValueError, r"0 had shape \(1,\) and now has \(2,\); make a new one"),
        (lambda: ag.optim.ExponentialMovingAverage([W]).load_state_dict("x"), TypeError, r"expected what state_dict\(\) returned, got str"),
        (lambda: load(other=1), ValueError, "nothing was loaded\n  unexpected: other"),
        (lambda: load(decay=2), ValueError, r"decay: expected a number in \[0, 1\], got 2"),
        (lambda: load(**{"module.0": np.ones(2)}), ValueError, r"module.0: expected shape \(1,\), got \(2,\)"),
        (lambda: load(**{"module.0": np.array(["x"])}), ValueError, "module.0: expected real numbers, got dtype <U1"),
        (lambda: load_single(1e300), ValueError, r"module.0: 1e\+300 is too large for float32"),
    ],
)  # fmt: skip
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()
    assert W.value == 1
