"""Optimisers against PyTorch's numbers, groups of parameters, what is said of steps without gradients."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes
from oracles import tables
from public import kinds

import agx as ag

PATHS, GROUPS = tables.answers("optimisers"), tables.answers("groups")
KINDS = [kind for kind in kinds(ag.optim, ag.optim.Optimizer) if not kind.needs_closure]
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
def test_parameters_made_of_the_same_memory_are_updated_each_for_itself(kind):
    start = np.ones(3)
    a, b, c = ag.Tensor(start), ag.Tensor(start), ag.Tensor(start[:2])
    optimiser = kind([a, b, c], lr=0.5)
    a.grad = np.ones(3)
    optimiser.step()
    assert (a.value != 1).all()
    assert (b.value == 1).all()
    assert (c.value == 1).all()


@each_kind
@given(shape=array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
def test_shape_and_layout_do_not_matter(kind, shape):
    start = np.linspace(-1, 1, math.prod(shape), dtype=np.float32)
    apart = np.zeros((*shape, 2), np.float32)
    apart[..., 0] = start.reshape(shape)
    ways = [ag.Tensor(start), ag.Tensor(start.reshape(shape).copy()), ag.Tensor(apart[..., 0])]
    for p in ways:
        optimiser = kind([p])
        for k in range(3):
            p.grad = np.cos(k + np.arange(p.size, dtype=np.float32)).reshape(p.shape)
            optimiser.step()
    for p in ways[1:]:
        np.testing.assert_array_equal(p.value.reshape(-1), ways[0].value)
    assert not apart[..., 1].any()


def test_neighbours_in_one_array_stay_in_it():
    whole = np.ones((3, 2))
    left, right = ag.Tensor(whole[:, 0]), ag.Tensor(whole[:, 1])
    left.grad, right.grad = np.full(3, 1.0), np.full(3, 2.0)
    ag.optim.SGD([left, right], lr=0.25).step()
    np.testing.assert_array_equal(whole, [[0.75, 0.5]] * 3)


def test_parameters_that_may_not_be_written_to_are_copied():
    start = np.ones(3)
    start.flags.writeable = False
    p = ag.Tensor(start)
    p.grad = np.ones(3)
    ag.optim.SGD([p], lr=0.25).step()
    np.testing.assert_array_equal(p.value, 0.75)
    np.testing.assert_array_equal(start, 1)


def test_zeros_in_place_of_no_gradients_let_momentum_and_decay_go_on():
    p = ag.Tensor([1.0])
    sgd = ag.optim.SGD([p], lr=0.5, momentum=0.5)
    p.grad = np.ones(1)
    sgd.step()
    sgd.zero_grad(set_to_none=False)
    sgd.step()
    assert p.value == 1 - 0.5 - 0.25


@each_kind
def test_a_parameter_without_a_gradient_is_left_alone(kind):
    p, other = ag.Tensor([1.0]), ag.Tensor([1.0])
    other.grad = np.ones(1)
    decay = {"weight_decay": 0.5} if "weight_decay" in kind([p]).defaults else {}
    kind([p, other], lr=0.1, **decay).step()
    assert p.value == 1.0 != other.value


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


@pytest.mark.parametrize("kind", [ag.optim.Adam, ag.optim.RMSprop, ag.optim.AdamW])
def test_a_state_that_would_become_infinite_is_refused(kind):
    optimiser = kind([ag.Tensor(np.ones(2, np.float32))])
    optimiser.parameters[0].grad = np.ones(2, np.float32)
    optimiser.step()
    state = optimiser.state_dict()
    name = f"0.{optimiser.slots[0]}"
    huge = {**state, name: np.array([1.0, -1e300])}
    with pytest.raises(ValueError, match=rf"{name}: -1e\+300 is too large for float32"):
        optimiser.load_state_dict(huge)
    assert optimiser.state_dict()[name].tolist() == state[name].tolist()
    optimiser.load_state_dict({**state, name: np.array([1.0, np.inf])})


@pytest.mark.parametrize("way", [lambda f: f, ag.compile])
def test_a_step_may_compute_the_gradient_itself(way):
    p = ag.Tensor([4.0])
    sgd = ag.optim.SGD([p], lr=0.25)

    def closure():
        sgd.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    step = way(lambda: sgd.step(closure).item())
    assert [step() for _ in range(3)] == [16, 4, 1]
    assert p.value == 0.5


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
    assert (
        repr(optimiser)
        == "SGD(2 parameters, lr=0.1, momentum=0.0, dampening=0.0, weight_decay=0.0)"
    )


# --- what is kept beside -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "option"), [(ag.optim.Adam, "amsgrad"), (ag.optim.RMSprop, "centered")]
)
def test_an_option_that_keeps_one_more_array_can_be_turned_on_later_and_is_saved(kind, option):
    p = ag.Tensor(np.ones(3))
    optimiser = kind([p], lr=0.1)
    p.grad = np.arange(3.0)
    optimiser.step()
    assert len(optimiser.state[0]) == 2
    optimiser.param_groups[0][option] = True
    p.grad = np.ones(3)
    optimiser.step()
    assert list(optimiser.state[0]) == [*kind.slots, kind.extra[1]]
    other = kind([ag.Tensor(p.value.copy())])
    other.load_state_dict(optimiser.state_dict())
    p.grad = other.parameters[0].grad = np.arange(3.0)
    optimiser.step()
    other.step()
    np.testing.assert_array_equal(other.parameters[0].value, p.value)
    assert (p.value[1:] < 1).all() and other.param_groups[0][option] is True


def test_a_variance_that_rounds_below_zero_is_none():
    p = ag.Tensor(np.zeros(1000, np.float32))
    optimiser = ag.optim.RMSprop([p], 1e-3, alpha=0.5, eps=1e-3, centered=True)
    for _ in range(60):
        p.grad = np.linspace(1, 2, 1000, dtype=np.float32)
        optimiser.step()
    assert np.isfinite(p.value).all()


@pytest.mark.parametrize("kind", [k for k in KINDS if "maximize" in k([ag.Tensor(1.0)]).defaults])
def test_climbing_is_descending_the_other_way_in_any_layout(kind):
    array = np.arange(12.0).reshape(3, 4)
    down, up = ag.Tensor(-array), ag.Tensor(array.T)  # the latter does not lie in order
    downhill, uphill = kind([down]), kind([up], maximize=True)
    for k in range(4):
        down.grad = np.cos(k + array)
        up.grad = np.cos(k + array).T
        downhill.step()
        uphill.step()
    np.testing.assert_allclose(array, -down.value, rtol=1e-12)
    assert (array != np.arange(12.0).reshape(3, 4)).all()


# --- groups --------------------------------------------------------------------------------------

each_group_row = pytest.mark.parametrize("row", tables.GROUPS, ids=lambda row: row.text)


def make_groups(row):
    starts, gradients = tables.groups_start_and_gradients(row)
    parameters = [ag.Tensor(start) for start in starts]
    names = dict(zip("pqr", parameters, strict=True))
    return parameters, gradients, eval(row.call, {**vars(ag.optim), **names})


def walk(parameters, gradients, optimiser):
    for step in gradients:
        optimiser.zero_grad()
        for p, gradient in zip(parameters, step, strict=True):
            p.grad = gradient
        optimiser.step()
        yield [p.value.copy() for p in parameters]


@each_group_row
def test_groups_take_pytorchs_steps(row):
    path = list(walk(*make_groups(row)))
    np.testing.assert_allclose(path, GROUPS[row.text]["path"], 1e-12)


@each_group_row
def test_groups_go_on_where_they_stopped_through_a_file(row, tmp_path):
    parameters, gradients, optimiser = make_groups(row)
    list(walk(parameters, gradients[:2], optimiser))
    optimiser.param_groups[1]["lr"] *= 0.5
    np.savez(tmp_path / "state.npz", **optimiser.state_dict())
    others, _, fresh = make_groups(row)
    for other, p in zip(others, parameters, strict=True):
        other.value = p.value.copy()
    with np.load(tmp_path / "state.npz", allow_pickle=False) as state:
        fresh.load_state_dict(state)
    assert repr(fresh) == repr(optimiser)
    expected = list(walk(parameters, gradients[2:], optimiser))
    np.testing.assert_array_equal(list(walk(others, gradients[2:], fresh)), expected)


def test_groups_are_shown_and_can_be_changed():
    a, b, c = (ag.Tensor([1.0]) for _ in range(3))
    sgd = ag.optim.SGD([{"params": a}, {"params": [b], "lr": 0.5, "name": "head"}], lr=0.1)
    sgd.add_param_group({"params": (p for p in [c]), "momentum": 0.9})
    assert repr(sgd).splitlines() == [
        "SGD(3 parameters in 3 groups",
        "  group 0: 1 parameters, lr=0.1, momentum=0.0, dampening=0.0, weight_decay=0.0",
        "  group 1 'head': 1 parameters, lr=0.5, momentum=0.0, dampening=0.0, weight_decay=0.0",
        "  group 2: 1 parameters, lr=0.1, momentum=0.9, dampening=0.0, weight_decay=0.0",
        ")",
    ]
    sgd.param_groups[1]["lr"] = 2.0
    for p in sgd.parameters:
        p.grad = np.ones(1)
    sgd.step()
    assert [p.value.item() for p in (a, b, c)] == [0.9, -1.0, 0.9]


def test_one_rate_for_groups_that_have_one():
    sgd = ag.optim.SGD([{"params": [ag.Tensor([1.0])]}, {"params": [ag.Tensor([1.0])]}], lr=0.1)
    sgd.lr = 0.2
    assert sgd.lr == 0.2 and [g["lr"] for g in sgd.param_groups] == [0.2, 0.2]
    sgd.param_groups[1]["lr"] = 0.5
    with pytest.raises(
        ValueError, match=r"SGD: the groups have the learning rates 0.2, 0.5; set each"
    ):
        sgd.lr = 0.1


def test_a_state_of_other_groups_is_refused():
    a, b = ag.Tensor([1.0]), ag.Tensor([1.0])
    one = ag.optim.SGD([a, b])
    two = ag.optim.SGD([{"params": [a]}, {"params": [b]}])
    for source, target, message in (
        (one, two, r"for groups of \[2\] parameters, this optimiser has groups of \[1, 1\]"),
        (two, one, r"for groups of \[1, 1\] parameters, this optimiser has groups of \[2\]"),
    ):
        with pytest.raises(ValueError, match=message):
            target.load_state_dict(source.state_dict())


def test_a_state_brings_the_options_along():
    p = ag.Tensor([1.0])
    other = ag.optim.Adam([p])
    other.load_state_dict(ag.optim.Adam([p], 0.5, betas=(0.8, 0.9), weight_decay=0.1).state_dict())
    assert (
        repr(other) == "Adam(1 parameters, lr=0.5, betas=(0.8, 0.9), eps=1e-08, weight_decay=0.1)"
    )
    with pytest.raises(ValueError, match="lr must not be negative, got -1"):
        other.load_state_dict({"lr": -1.0, "steps": [0]})
    assert other.lr == 0.5


# --- steps without a gradient --------------------------------------------------------------------


def tell(*steps):
    """The warnings that ``steps`` give, however often they are shown."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for step in steps:
            step()
    return told


def net():
    model = ag.nn.Linear(2, 1)
    x = np.ones((3, 2), np.float32)
    return model, lambda: (model(x) ** 2).mean()


@each_kind
def test_no_backward_is_said_once_at_the_line_of_the_step(kind):
    model, loss = net()
    optimiser = kind(model.parameters())
    (told,) = tell(*[loss, optimiser.zero_grad, lambda: optimiser.step()] * 5)
    assert f"{kind.__name__}.step: none of the 2 parameters has a gradient" in str(told.message)
    assert "call loss.backward() before step()" in str(told.message)
    assert told.filename == __file__


def test_the_optimiser_of_another_model_is_noticed():
    _, loss = net()
    optimiser = ag.optim.SGD(ag.nn.Linear(2, 1).parameters())
    (told,) = tell(*[optimiser.zero_grad, lambda: loss().backward(), optimiser.step] * 3)
    assert "make the optimiser of the parameters of the model that the loss" in str(told.message)


def test_gradients_that_were_thrown_away_are_noticed():
    model, loss = net()
    optimiser = ag.optim.SGD(model.parameters())
    (told,) = tell(*[lambda: loss().backward(), optimiser.zero_grad, optimiser.step] * 3)
    assert "zero_grad() came after backward() and threw the gradients away" in str(told.message)


def test_a_gradient_that_was_used_already_is_noticed():
    model, loss = net()
    optimiser = ag.optim.SGD(model.parameters())
    (told,) = tell(lambda: loss().backward(), *[optimiser.step] * 3)
    assert "used by the last step already" in str(told.message)


def test_frozen_parameters_are_named():
    w = ag.Tensor([1.0], requires_grad=False)
    (told,) = tell(ag.optim.SGD([w]).step)
    assert "the parameter requires a gradient: requires_grad is False" in str(told.message)


def test_scalars_without_a_gradient_are_noticed_at_the_first_step_only():
    s = ag.Scalar(1.0)
    optimiser = ag.optim.SGD([s], lr=0.5)
    (told,) = tell(optimiser.step, optimiser.step)
    assert "SGD.step: every gradient is 0; call loss.backward()" in str(told.message)
    fresh = ag.optim.SGD([s], lr=0.5)
    s.grad = 2.0
    assert not tell(fresh.step, fresh.zero_grad, fresh.step)


def accumulated(model, loss, optimiser):
    optimiser.zero_grad()
    loss().backward()
    loss().backward()
    optimiser.step()


def never_zeroed(model, loss, optimiser):
    loss().backward()
    ag.optim.clip_grad_norm(model.parameters(), 1e-3)
    optimiser.step()


def changed_in_place(model, loss, optimiser):
    for p in model.parameters():
        p.grad[...] = 1.0
    optimiser.step()


def set_by_hand(model, loss, optimiser):
    for p in model.parameters():
        p.grad = np.ones(p.shape)
    optimiser.step()


def graph_kept(model, loss, optimiser):
    optimiser.zero_grad()
    loss().backward(create_graph=True)
    for p in model.parameters():
        p.grad = p.grad.value
    optimiser.step()


def one_part(model, loss, optimiser):
    optimiser.zero_grad()
    model.weight.grad = np.ones(model.weight.shape)
    optimiser.step()


@pytest.mark.parametrize(
    "way", [accumulated, never_zeroed, changed_in_place, set_by_hand, graph_kept, one_part]
)
def test_right_loops_are_left_in_peace(way):
    model, loss = net()
    optimiser = ag.optim.SGD(model.parameters())
    assert not tell(*[lambda: way(model, loss, optimiser)] * 3)


# --- errors --------------------------------------------------------------------------------------

W = ag.Tensor([1.0])


def step_with(rate):
    sgd = ag.optim.SGD([W])
    sgd.param_groups[0]["lr"] = rate
    sgd.step()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ag.optim.SGD([], lr=0.1), ValueError, "SGD: got no parameters"),
        (lambda: ag.optim.SGD(W, lr=0.1), TypeError, "expected a list of parameters, got one Tensor"),
        (lambda: ag.optim.SGD([np.ones(2)], lr=0.1), TypeError, "parameter 0 must be a Tensor or a Scalar, got ndarray"),
        (lambda: ag.optim.SGD([W * 2], lr=0.1), ValueError, "parameter 0 is the result of op 'mul'"),
        (lambda: ag.optim.SGD([W, W], lr=0.1), ValueError, "the same parameter was given twice"),
        (lambda: ag.optim.SGD([{"params": [W]}, {"params": [W]}]), ValueError, "SGD: group 1: parameter 0 is in group 0 already"),
        (lambda: ag.optim.SGD([{"params": [W, W]}]), ValueError, "SGD: group 0: the same parameter was given twice"),
        (lambda: ag.optim.SGD([{"params": []}]), ValueError, "SGD: group 0: got no parameters"),
        (lambda: ag.optim.SGD([{"params": [W], "beta": 1}]), TypeError, "SGD: group 0 has no option 'beta'; there are lr, momentum, dampening, weight_decay, nesterov, maximize"),
        (lambda: ag.optim.SGD([{"lr": 1}]), TypeError, "group 0 must be a dict with 'params', a list of parameters, got keys 'lr'"),
        (lambda: ag.optim.SGD([{"params": [W]}, W]), TypeError, "group 1 must be a dict with 'params'"),
        (lambda: ag.optim.SGD([W, {"params": [W]}]), TypeError, "parameter 1 must be a Tensor or a Scalar, got dict; .* a list of dicts"),
        (lambda: ag.optim.SGD({"params": [W]}), TypeError, "expected a list of parameters, got one dict"),
        (lambda: ag.optim.SGD([{"params": [W], "lr": -1}]), ValueError, "SGD: group 0: lr must not be negative, got -1"),
        (lambda: ag.optim.Adam([{"params": [W], "betas": 3}]), ValueError, "Adam: group 0: betas must be two numbers"),
        (lambda: ag.optim.SGD([W], lr=-1), ValueError, "SGD: lr must not be negative, got -1"),
        (lambda: ag.optim.SGD([W], lr=1, nesterov=True), ValueError, "nesterov needs a momentum and no dampening"),
        (lambda: ag.optim.SGD([W], 1, 0.9, 0.1, nesterov=True), ValueError, "nesterov needs a momentum and no dampening"),
        (lambda: ag.optim.SGD([W], maximize=2), TypeError, "SGD: maximize must be True or False, got 2"),
        (lambda: ag.optim.Adam([{"params": [W], "amsgrad": "yes"}]), TypeError, "Adam: group 0: amsgrad must be True or False, got 'yes'"),
        (lambda: ag.optim.Adadelta([W], rho=1.5), ValueError, r"Adadelta: rho must lie in \[0, 1\], got 1.5"),
        (lambda: ag.optim.Rprop([W], etas=(0.5, 0.9)), ValueError, r"Rprop: etas must be two numbers below and above 1, got \(0.5, 0.9\)"),
        (lambda: ag.optim.Rprop([W], step_sizes=(2, 1)), ValueError, "Rprop: step_sizes must be two numbers in ascending order"),
        (lambda: ag.optim.Adam([W], betas=(0.9, 1.0)), ValueError, "betas must be two numbers"),
        (lambda: ag.optim.SGD([W]).load_state_dict({"steps": [1, 2]}), ValueError, "for 2 parameters, this optimiser has 1"),
        (
            lambda: ag.optim.SGD([W]).load_state_dict({"lr": 1, "steps": [1], "0.velocity": np.ones(3)}),
            ValueError,
            "0.velocity has 3 elements, parameter 0 has 1",
        ),
        (lambda: ag.optim.SGD(ag.nn.Linear(1, 1), lr=0.1), TypeError, r"got one Linear; put it in a list, or give a module's .parameters\(\)"),
        (lambda: ag.optim.SGD([]), ValueError, r"keep them as Tensors in attributes of the model, self.w = ag.Tensor\(...\)"),
        (lambda: ag.optim.SGD({W}), TypeError, "a set of parameters has no order, .*; give a list"),
        (lambda: ag.optim.SGD(ag.nn.Linear(1, 1).named_parameters()), TypeError, r"parameter 0 is a tuple; give model.parameters\(\)"),
        (lambda: ag.optim.SGD([W], lr=np.inf), ValueError, "SGD: lr must be finite, got inf"),
        (lambda: setattr(ag.optim.SGD([W]), "lr", -1), ValueError, "SGD: lr must not be negative, got -1"),
        (lambda: setattr(ag.optim.SGD([W]), "lr", "fast"), TypeError, "SGD: lr must be a number, got 'fast'"),
        (lambda: ag.optim.Adam([W], betas=("a", "b")), ValueError, "betas must be two numbers"),
        (lambda: step_with(-0.1), ValueError, "SGD: lr must not be negative, got -0.1"),
        (lambda: step_with("fast"), TypeError, "SGD: lr must be a number, got 'fast'"),
        (lambda: ag.optim.RMSprop([W], alpha=1.0), ValueError, r"RMSprop: alpha must lie in \[0, 1\), got 1.0"),
        (lambda: ag.optim.SGD([W]).load_state_dict("sgd.npz"), TypeError, r"expected what state_dict\(\) returned, got str; .* np.load"),
        (lambda: ag.optim.SGD([W]).load_state_dict({"lr": 1, "steps": [-1]}), ValueError, "counts of steps of the state must be integers from 0"),
        (
            lambda: ag.optim.SGD([W]).load_state_dict({"lr": 1, "steps": [1], "0.velocity": np.array([1j])}),
            ValueError,
            "0.velocity: expected real numbers, got dtype complex128",
        ),
        (lambda: ag.optim.SGD([W], lr="0.1"), TypeError, "SGD: lr must be a number, got '0.1'"),
    ],
)  # fmt: skip
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()
