"""Optimisers and schedules against PyTorch's numbers, and their errors."""

import numpy as np
import pytest
from oracles import tables
from public import kinds

import agx as ag

PATHS, RATES = tables.answers("optimisers"), tables.answers("schedules")
KINDS = kinds(ag.optim, ag.optim.Optimizer)
each_row = pytest.mark.parametrize("row", tables.OPTIMISERS, ids=lambda row: row.text)
each_kind = pytest.mark.parametrize("kind", KINDS)


def make(row, parameters):
    return eval(row.call.replace("[p]", "p"), {**vars(ag.optim), "p": parameters})


def steps(row):
    """The gradient of each step, and the parameter after it."""
    return zip(tables.start_and_gradients(row)[1], PATHS[row.text]["path"], strict=True)


@each_row
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_five_steps_are_pytorchs(row, dtype):
    p = ag.Tensor(tables.start_and_gradients(row)[0], dtype=dtype)
    optimiser = make(row, [p])
    for gradient, expected in steps(row):
        optimiser.zero_grad()
        p.grad = gradient
        optimiser.step()
        rtol, atol = (1e-12, 0) if dtype == np.float64 else (2e-5, 2e-6)
        np.testing.assert_allclose(p.value, expected, rtol, atol)
    assert p.dtype == dtype


@each_row
def test_scalars_take_the_same_steps(row):
    scalars = [ag.Scalar(v) for v in tables.start_and_gradients(row)[0]]
    optimiser = make(row, scalars)
    for gradient, expected in steps(row):
        optimiser.zero_grad()
        for s, g in zip(scalars, gradient, strict=True):
            s.grad += g
        optimiser.step()
        assert [s.value for s in scalars] == pytest.approx(expected, rel=1e-12)


@each_row
def test_a_saved_optimiser_goes_on_where_it_stopped(row):
    p = ag.Tensor(tables.start_and_gradients(row)[0])
    optimiser = make(row, [p])
    for k, (gradient, expected) in enumerate(steps(row)):
        if k == 2:
            fresh = make(row, [p])
            fresh.load_state_dict(optimiser.state_dict())
            optimiser = fresh
        p.grad = gradient
        optimiser.step()
        np.testing.assert_allclose(p.value, expected)


def test_values_are_updated_in_place_and_strided_ones_too():
    array = np.ones((3, 4))
    p = ag.Tensor(array.T)
    p.grad = np.arange(12.0).reshape(4, 3)
    ag.optim.SGD([p], lr=1.0).step()
    np.testing.assert_array_equal(array, 1 - np.arange(12.0).reshape(4, 3).T)


@each_kind
def test_a_parameter_without_a_gradient_is_left_alone(kind):
    p = ag.Tensor([1.0])
    kind([p], lr=0.1, weight_decay=0.5).step()
    assert p.value == 1.0


@each_kind
@pytest.mark.parametrize("new", [np.ones(1000), np.ones(3, np.float32)], ids=["size", "dtype"])
def test_a_parameter_that_became_another_array_is_refused(kind, new):
    p = ag.Tensor(np.ones(3))
    optimiser = kind([p], lr=0.1)
    p.grad = np.ones(3)
    optimiser.step()
    p.value = new
    p.grad = np.ones(new.size)
    message = f"{kind.__name__}: parameter 0 had 3 numbers of float64 and now has"
    with pytest.raises(ValueError, match=message):
        optimiser.step()


def test_a_gradient_goes_when_the_value_gets_another_dtype():
    p = ag.Tensor(np.ones(2))
    p.grad = np.ones(2)
    p.value = np.ones(2, np.float32)
    assert p.grad.dtype == np.float32
    assert not p.grad.any()


def test_a_state_takes_the_dtype_and_layout_of_the_parameter():
    p = ag.Tensor(np.ones((2, 2), np.float32))
    optimiser = ag.optim.Adam([p])
    moments = np.ones((2, 2))
    state = {"lr": np.array(0.5), "steps": [1], "0.mean": moments, "0.square": moments}
    optimiser.load_state_dict(state)
    p.grad = np.ones((2, 2))
    optimiser.step()
    assert optimiser.lr == 0.5
    assert (moments == 1).all()


def test_a_state_survives_a_file_of_plain_arrays(tmp_path):
    p = ag.Tensor(np.ones((2, 2), np.float32))
    optimiser, other = ag.optim.Adam([p], lr=0.25), ag.optim.Adam([p])
    p.grad = np.ones((2, 2))
    optimiser.step()
    np.savez(tmp_path / "state.npz", **optimiser.state_dict())
    with np.load(tmp_path / "state.npz", allow_pickle=False) as state:
        other.load_state_dict(state)
    assert (other.lr, other.steps) == (0.25, [1])
    for name in optimiser.slots:
        np.testing.assert_array_equal(other.state[0][name], optimiser.state[0][name])


def test_a_state_that_does_not_fit_is_reported_whole_and_nothing_is_loaded():
    optimiser = ag.optim.Adam([ag.Tensor(np.ones(2)), ag.Tensor(np.ones(2))])
    state = {"steps": [1, 0], "0.mean": np.ones(3), "1.mean": np.ones(2), "beta": 3}
    with pytest.raises(ValueError, match="Adam: the state does not fit; nothing was loaded") as e:
        optimiser.load_state_dict(state)
    assert str(e.value).split("\n  ")[1:] == [
        "missing: 0.square", "missing: lr", "unexpected: 1.mean", "unexpected: beta",
        "0.mean has 3 elements, parameter 0 has 2",
    ]  # fmt: skip
    assert optimiser.steps == [0, 0]


def test_zero_grad_forgets():
    p, s = ag.Tensor([1.0]), ag.Scalar(1.0)
    p.grad, s.grad = np.array([2.0]), 3.0
    ag.optim.SGD([p, s], lr=0.1).zero_grad()
    assert p.grad_or_none is None
    assert s.grad == 0.0


def test_the_parameters_of_a_model_can_be_given_as_a_generator():
    model = ag.nn.Linear(2, 1)
    optimiser = ag.optim.SGD((p for p in model.parameters()), lr=0.1)
    assert len(optimiser.parameters) == 2
    assert repr(optimiser) == "SGD(2 parameters, lr=0.1, momentum=0.0, weight_decay=0.0)"


@pytest.mark.parametrize("row", tables.SCHEDULES, ids=lambda row: row.text)
def test_learning_rates_are_pytorchs(row):
    sgd = ag.optim.SGD([ag.Tensor([0.0])], lr=0.2)
    schedule = eval(row.call, {**vars(ag.optim), "sgd": sgd})
    rates = [sgd.lr]
    for metric in tables.METRICS:
        schedule.step(metric) if schedule.needs_metric else schedule.step()
        rates.append(sgd.lr)
    np.testing.assert_allclose(rates, RATES[row.text]["rates"], rtol=1e-12)


def test_clip_grad_norm():
    p, s, untouched = ag.Tensor([0.0, 0.0]), ag.Scalar(0.0), ag.Tensor([1.0])
    p.grad, s.grad = np.array([2.0, 4.0]), 4.0
    assert ag.optim.clip_grad_norm([p, s, untouched], 3.0) == 6.0
    np.testing.assert_allclose(p.grad, [1.0, 2.0], rtol=1e-6)
    assert s.grad == pytest.approx(2.0)
    assert untouched.grad_or_none is None
    assert ag.optim.clip_grad_norm([p, s], 100.0) == pytest.approx(3.0)
    assert s.grad == pytest.approx(2.0)


# --- errors --------------------------------------------------------------------------------------

W = ag.Tensor([1.0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ag.optim.SGD([], lr=0.1), ValueError, "SGD: got no parameters"),
        (lambda: ag.optim.SGD(W, lr=0.1), TypeError, "expected a list of parameters, got one Tensor"),
        (lambda: ag.optim.SGD([np.ones(2)], lr=0.1), TypeError, "parameter 0 must be a Tensor or a Scalar, got ndarray"),
        (lambda: ag.optim.SGD([W * 2], lr=0.1), ValueError, "parameter 0 is the result of op 'mul'"),
        (lambda: ag.optim.SGD([W, W], lr=0.1), ValueError, "the same parameter was given twice"),
        (lambda: ag.optim.SGD([W], lr=-1), ValueError, "SGD: lr must not be negative, got -1"),
        (lambda: ag.optim.SGD([W], lr=1, nesterov=True), ValueError, "nesterov needs a momentum"),
        (lambda: ag.optim.Adam([W], betas=(0.9, 1.0)), ValueError, "betas must be two numbers"),
        (lambda: ag.optim.SGD([W]).load_state_dict({"steps": [1, 2]}), ValueError, "for 2 parameters, this optimiser has 1"),
        (
            lambda: ag.optim.SGD([W]).load_state_dict({"lr": 1, "steps": [1], "0.velocity": np.ones(3)}),
            ValueError,
            "0.velocity has 3 elements, parameter 0 has 1",
        ),
        (lambda: ag.optim.SGD(ag.nn.Linear(1, 1), lr=0.1), TypeError, r"got one Linear; put it in a list, or give a module's .parameters\(\)"),
        (lambda: ag.optim.clip_grad_norm(W, 1), TypeError, "clip_grad_norm: expected a list of parameters, got one Tensor"),
        (lambda: ag.optim.clip_grad_norm([np.ones(2)], 1), TypeError, "clip_grad_norm: parameter 0 must be a Tensor"),
        (lambda: ag.optim.clip_grad_norm([W], -1), ValueError, "max_norm must not be negative"),
        (lambda: ag.optim.SGD([W], lr="0.1"), TypeError, "SGD: lr must be a number, got '0.1'"),
        (lambda: ag.optim.clip_grad_norm([W], None), TypeError, "clip_grad_norm: max_norm must be a number, got None"),
        (lambda: ag.optim.StepLR(ag.optim.SGD([W]), 0), ValueError, "step_size must be a positive integer"),
        (lambda: ag.optim.CosineAnnealingLR(ag.optim.SGD([W]), 0), ValueError, "T_max must be a positive"),
        (lambda: ag.optim.OneCycleLR(ag.optim.SGD([W]), 1.0, 0), ValueError, "total_steps must be positive"),
        (lambda: ag.optim.ReduceLROnPlateau(ag.optim.SGD([W]), "up"), ValueError, "mode must be 'min' or 'max'"),
        (lambda: ag.optim.ReduceLROnPlateau(ag.optim.SGD([W]), factor=2), ValueError, "factor must lie between"),
    ],
)  # fmt: skip
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("total", [1, 2, 10])
def test_one_cycle_stays_between_its_ends(share, total):
    sgd = ag.optim.SGD([W])
    schedule = ag.optim.OneCycleLR(sgd, 1.0, total, pct_start=share)
    rates = [sgd.lr, *((schedule.step(), sgd.lr)[1] for _ in range(total))]
    assert all(0 < rate <= 1 for rate in rates)


def test_one_cycle_ends():
    schedule = ag.optim.OneCycleLR(ag.optim.SGD([W]), 1.0, 3)
    for _ in range(3):
        schedule.step()
    with pytest.raises(ValueError, match="OneCycleLR: step 4 of 3; raise total_steps"):
        schedule.step()
