"""L-BFGS against PyTorch's path through two valleys, its state, and its errors."""

import numpy as np
import pytest
from oracles import tables

import agx as ag

PATHS = tables.answers("searches")
each_row = pytest.mark.parametrize("row", tables.SEARCHES, ids=lambda row: row.text)


def make(row, parameters):
    return eval(row.call.replace("[p]", "p"), {**vars(ag.optim), "p": parameters})


def search(row, p, parameters=None):
    """The optimiser, its closure, and the heights that it asks for, in a list that grows."""
    optimiser = make(row, parameters or [p])
    heights = []

    def closure():
        optimiser.zero_grad()
        height = tables.valley(row, p)
        height.backward()
        heights.append(height.item() if isinstance(height, ag.Tensor) else height.value)
        return height

    return optimiser, closure, heights


@each_row
def test_steps_are_pytorchs(row):
    p = ag.Tensor(row.draw("start", 4))
    optimiser, closure, heights = search(row, p)
    for k, expected in enumerate(PATHS[row.text]["path"]):
        before = len(heights)
        assert optimiser.step(closure).item() == heights[before]
        np.testing.assert_allclose(p.value, expected, rtol=1e-6, err_msg=f"step {k}")
    np.testing.assert_allclose(heights, PATHS[row.text]["heights"], rtol=1e-5, atol=1e-12)
    assert optimiser.evaluations == len(heights)


def as_scalars(start):
    scalars = [ag.Scalar(value) for value in start]
    return scalars, scalars


def as_parts(start):
    array = np.ones((2, 3))
    array[:, 1] = start[2:]
    first = ag.Tensor(start[:2].copy())
    second = ag.Tensor(array[:, 1])  # it does not lie in order
    return [first, second], {0: (first, 0), 1: (first, 1), 2: (second, 0), 3: (second, 1)}


class At:
    """Four numbers that are looked up anew."""

    def __init__(self, places):
        self.places = places

    def __getitem__(self, k):
        place = self.places[k]
        return place[0][place[1]] if isinstance(place, tuple) else place


@each_row
@pytest.mark.parametrize("way", [as_scalars, as_parts])
def test_scalars_and_parameters_anywhere_take_the_same_steps(row, way):
    start = row.draw("start", 4)
    p = ag.Tensor(start)
    whole, closure, heights = search(row, p)
    parameters, places = way(start)
    parts, parted, found = search(row, At(places), parameters)
    for _ in range(2):
        whole.step(closure)
        parts.step(parted)
    np.testing.assert_allclose(found, heights, rtol=1e-5, atol=1e-12)
    now = np.concatenate([np.reshape(q.value, -1) for q in parameters])
    np.testing.assert_allclose(now, p.value, rtol=1e-6)


@each_row
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_saved_search_goes_on_where_it_stopped(row, dtype, tmp_path):
    p = ag.Tensor(row.draw("start", 4), dtype=dtype)
    optimiser, closure, _ = search(row, p)
    optimiser.step(closure)
    np.savez(tmp_path / "state.npz", **optimiser.state_dict())
    other = ag.Tensor(p.value.copy())
    resumed, resumed_closure, _ = search(row, other)
    with np.load(tmp_path / "state.npz", allow_pickle=False) as state:
        resumed.load_state_dict(state)
    for _ in range(2):
        optimiser.step(closure)
        resumed.step(resumed_closure)
    np.testing.assert_array_equal(other.value, p.value)
    assert other.dtype == dtype
    assert repr(resumed) == repr(optimiser)
    assert resumed.evaluations == optimiser.evaluations


@pytest.mark.parametrize("edge", [np.nan, np.inf])
def test_a_line_search_turns_back_where_the_loss_is_no_number(edge):
    p = ag.Tensor([4.0])
    lbfgs = ag.optim.LBFGS([p], lr=50.0, line_search_fn="strong_wolfe")

    def closure():
        lbfgs.zero_grad()
        loss = ((p - 1.0) ** 2).sum()
        loss.backward()
        return loss if p.value[0] > 0 else edge

    for _ in range(3):
        lbfgs.step(closure)
    np.testing.assert_allclose(p.value, 1.0, rtol=1e-4)


def test_a_compiled_function_searches_in_each_call():
    p = ag.Tensor([4.0])
    lbfgs = ag.optim.LBFGS([p], lr=0.25, max_iter=1)

    def closure():
        lbfgs.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    def step():
        return lbfgs.step(closure).item()

    compiled = ag.compile(step)
    with pytest.warns(UserWarning, match="runs as it is, because it searches with LBFGS"):
        first = compiled()
    found = [first, compiled(), compiled()]
    assert found[0] == 16 and found[0] > found[1] > found[2] > 0


def test_no_gradient_is_said_once():
    p = ag.Tensor([4.0])
    lbfgs = ag.optim.LBFGS([p])
    with pytest.warns(UserWarning, match="LBFGS.step: the parameter has a gradient"):
        lbfgs.step(lambda: 1.0)
    lbfgs.step(lambda: 1.0)
    assert p.value == 4


W = ag.Tensor([1.0])


def load(**changed):
    lbfgs = ag.optim.LBFGS([W])
    lbfgs.load_state_dict({**lbfgs.state_dict(), **changed})


def load_huge():
    p = ag.Tensor(np.ones(1, np.float32))
    lbfgs = ag.optim.LBFGS([p])
    one = dict.fromkeys(("direction", "gradient"), np.array([1e300]))
    several = dict.fromkeys(("moves", "changes"), np.zeros((0, 1)))
    lbfgs.load_state_dict({**lbfgs.state_dict(), "count": 1, **one, **several})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ag.optim.LBFGS([W], lr=-1), ValueError, "LBFGS: lr must not be negative, got -1"),
        (lambda: ag.optim.LBFGS([W], max_iter=0), ValueError, "LBFGS: max_iter must be a positive integer, got 0"),
        (lambda: ag.optim.LBFGS([W], max_iter="x"), TypeError, "LBFGS: max_iter must be a positive integer, got 'x'"),
        (lambda: ag.optim.LBFGS([W], max_iter=2.5), TypeError, "LBFGS: max_iter must be a positive integer, got 2.5"),
        (lambda: ag.optim.LBFGS([W], history_size=0), ValueError, "LBFGS: history_size must be a positive integer"),
        (lambda: ag.optim.LBFGS([W], line_search_fn="armijo"), ValueError, "line_search_fn must be 'strong_wolfe' or None, got 'armijo'"),
        (lambda: ag.optim.LBFGS([{"params": [W]}, {"params": [ag.Tensor(1.0)]}]), ValueError, "LBFGS: there can be one group of parameters; put all in one list"),
        (lambda: ag.optim.LBFGS([W]).step(None), TypeError, "LBFGS.step: closure must be a function that computes the loss and its gradients, got NoneType"),
        (lambda: ag.optim.LBFGS([W]).step(lambda: None), TypeError, "closure must return the loss, one number, got NoneType"),
        (lambda: ag.optim.LBFGS([W]).load_state_dict("x"), TypeError, r"expected what state_dict\(\) returned, got str"),
        (lambda: load(other=1), ValueError, "nothing was loaded\n  unexpected: other"),
        (lambda: load(scale=1j), ValueError, "scale: expected real numbers, got dtype complex128"),
        (lambda: load(count=1), ValueError, r"direction has shape \(0,\), the parameters have 1 numbers"),
        (load_huge, ValueError, r"gradient: 1e\+300 is too large for float32"),
        (lambda: load(max_iter=0), ValueError, "LBFGS: the state: max_iter must be a positive integer, got 0"),
    ],
)  # fmt: skip
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()
    assert W.value == 1
