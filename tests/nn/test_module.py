"""Module: parameters in order, modes, state."""

import functools
from collections import UserDict, deque

import numpy as np
import pytest

import agx as ag
from agx import nn


class Net(nn.Module):
    def __init__(self):
        self.scale = ag.Tensor(np.ones(1, np.float32), label="scale")
        self.layers = [nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1)]
        self.by_name = {"norm": nn.BatchNorm1d(3)}
        self.constant = ag.Tensor(np.ones(2), requires_grad=False)
        self.plain = np.ones(7)
        self.tied = self.layers[0].weight

    def forward(self, x):
        return self.layers[1](self.by_name["norm"](self.layers[0](x))) * self.scale


NAMES = [
    "scale", "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias",
    "by_name.norm.weight", "by_name.norm.bias",
]  # fmt: skip


def test_parameters_come_in_order_of_definition_and_once():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert [id(p) for p in net.parameters()] == [id(p) for _, p in net.named_parameters()]
    assert net.num_parameters == 1 + 6 + 3 + 3 + 1 + 3 + 3


def test_modules_and_children():
    net = Net()
    assert [name for name, _ in net.named_modules()] == ["", "layers.0", "layers.1", "by_name.norm"]
    assert [name for name, _ in net.children()] == ["layers.0", "layers.1", "by_name.norm"]


def test_train_and_eval_reach_everything():
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    assert all(m.training for m in net.train().modules())


def test_zero_grad_forgets():
    net = Net()
    net(np.ones((4, 2), np.float32)).sum().backward()
    net.zero_grad()
    assert all(p.grad_or_none is None for p in net.parameters())


def test_state_goes_from_one_model_to_another():
    a, b = Net(), nn.Sequential()
    state = a.state_dict()
    assert "by_name.norm.running_mean" in state
    assert "plain" not in state
    b = Net()
    b.layers[0].weight.value[...] = 0
    b.load_state_dict(state)
    np.testing.assert_array_equal(b.layers[0].weight.value, a.layers[0].weight.value)
    state["scale"][0] = 9
    assert a.scale.value == 1.0


def test_frozen_parameters_belong_to_the_state():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    names = list(net.state_dict())
    net[0].weight.requires_grad = False
    assert [name for name, _ in net.named_parameters()] == ["0.bias", "1.weight", "1.bias"]
    assert list(net.state_dict()) == names
    with ag.no_grad():
        net.cached = net[1].weight * 2
    assert list(net.state_dict()) == names


def test_a_part_is_frozen_and_learns_again():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    assert net[0].requires_grad_(False) is net[0]
    assert [name for name, _ in net.named_parameters()] == ["1.weight", "1.bias"]
    net.requires_grad_()
    assert [name for name, _ in net.named_parameters()] == list(net.state_dict())


def test_sequential_names_are_pytorchs():
    net = nn.Sequential(nn.Linear(2, 3), ag.relu, nn.Linear(3, 1))
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert len(net) == 3
    assert net[1] is ag.relu
    assert len(net[:2]) == 2
    assert [*net][0] is net[0]
    assert repr(net) == "Sequential(\n  (0): Linear(2, 3)\n  (1): relu\n  (2): Linear(3, 1)\n)"


def test_a_subclass_of_sequential_keeps_parameters_of_its_own():
    class Scaled(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Linear(2, 3))
            self.scale = ag.Tensor(np.ones(1))
            self.norm = nn.BatchNorm1d(3)
            self.register_buffer("seen", [0.0])

    net = Scaled()
    assert [name for name, _ in net.named_parameters()] == [
        "0.weight", "0.bias", "scale", "norm.weight", "norm.bias",
    ]  # fmt: skip
    assert "seen" in net.state_dict()
    assert not any(m.training for m in net.eval().modules())
    assert repr(net).startswith("Scaled(\n  (0): Linear(2, 3)\n  (norm): BatchNorm1d(3")


def test_methods_and_partial_calls_of_modules_are_steps_with_parameters():
    model = nn.Sequential(nn.Linear(2, 2).forward, functools.partial(nn.Linear(2, 2)), ag.relu)
    assert list(model.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (nn.ReLU, r"step 0 is the class ReLU; make one of it, ReLU\(...\)"),
        (
            [nn.ReLU()],
            r"step 0 is no module or function, got \[ReLU\(\)\]; write Sequential\(\*steps\)",
        ),
    ],
)
def test_what_is_no_step_is_told_how_to_become_one(step, message):
    with pytest.raises(TypeError, match=message):
        nn.Sequential(step)


class Holding(nn.Module):
    def __init__(self, held):
        self.held = held


@pytest.mark.parametrize(
    "container",
    [
        lambda m: [m],
        lambda m: deque([m]),
        lambda m: {"0": m},
        lambda m: UserDict({"0": m}),
        lambda m: np.array([m], object),
        lambda m: [[m]][0],
    ],
)
def test_containers_are_searched(container):
    model = Holding(container(nn.Linear(2, 1)))
    assert [name for name, _ in model.named_parameters()] == ["held.0.weight", "held.0.bias"]


def test_no_two_arrays_of_the_state_have_one_name():
    model = Holding({1: nn.Linear(2, 1), "1": nn.Linear(2, 1)})
    for call in (model.state_dict, lambda: model.load_state_dict({})):
        with pytest.raises(
            ValueError, match="two arrays of the state are called 'held.1.weight'; rename"
        ):
            call()


def test_a_set_of_modules_has_no_order():
    with pytest.raises(
        TypeError, match="held is a set of parameters or modules, which has no order"
    ):
        Holding({nn.Linear(2, 1)}).parameters()


def test_a_part_may_know_the_whole():
    whole = Holding(nn.Linear(2, 1))
    whole.held.whole = whole
    assert list(whole.state_dict()) == ["held.weight", "held.bias"]
    assert list(whole.modules()) == [whole, whole.held]
    assert "(whole): ..." in repr(whole)


@pytest.mark.parametrize(
    ("new", "what"),
    [
        (lambda w: np.ones((2, 2)), "a plain array"),
        (lambda w: w - 0.1, "the result of op 'sub'"),
        (lambda w: without_a_graph(w), "the result of op 'sub'"),
    ],
)
def test_a_parameter_does_not_silently_stop_being_one(new, what):
    layer = nn.Linear(2, 2)
    message = (
        rf"Linear.weight is a parameter and would become {what}, .* \.weight\.value\[...\] = new"
    )
    with pytest.raises(TypeError, match=message):
        layer.weight = new(layer.weight)
    assert len(layer.parameters()) == 2


def without_a_graph(w):
    with ag.no_grad():
        return w - 0.1


def test_a_parameter_may_be_replaced_frozen_removed_and_differentiated():
    layer = nn.Linear(2, 2)
    x, start = np.ones((1, 2), np.float32), layer.weight.value.copy()

    def total(w):
        layer.weight = w
        return layer(x).sum()

    np.testing.assert_array_equal(ag.grad(lambda w: total(2 * w))(start), 2)
    for new in (ag.Tensor(start), ag.Tensor(start, requires_grad=False), None):
        layer.weight = new
        assert layer.weight is new


def test_an_attribute_that_was_computed_is_no_parameter_and_that_is_told():
    model = Holding(ag.Tensor(np.ones(2)) * 0.1)
    with pytest.warns(
        UserWarning, match=r"Holding.held is the result of op 'mul', not a parameter, .* ag.Tensor"
    ):
        assert model.parameters() == []


def test_what_was_computed_from_parameters_may_be_kept():
    model = nn.Sequential(nn.Linear(2, 2))
    model.hidden = model(np.ones((1, 2), np.float32))
    assert len(model.parameters()) == 2


def test_any_function_may_be_a_step():
    slope = functools.partial(ag.leaky_relu, negative_slope=0.5)
    net = nn.Sequential(slope, np.tanh)
    np.testing.assert_allclose(net(np.array([-1.0])), np.tanh(-0.5))
    assert repr(net) == f"Sequential(\n  (0): {slope!r}\n  (1): tanh\n)"
    assert repr(nn.Sequential()) == "Sequential()"


def test_options_reach_forward():
    class Times(nn.Module):
        def forward(self, x, factor=1):
            return x * factor

    assert Times()(2, factor=3) == 6


def test_repr_is_nested():
    assert repr(Net()).startswith("Net(\n  (layers.0): Linear(2, 3)\n  (layers.1)")


def test_a_mismatch_is_reported_whole_and_nothing_is_loaded():
    net = Net()
    before = net.state_dict()
    state = {k: np.zeros_like(v) for k, v in before.items()}
    del state["scale"]
    state["extra"] = np.ones(2)
    state["layers.1.bias"] = np.ones(5)
    with pytest.raises(ValueError, match="does not fit Net; nothing was loaded") as caught:
        net.load_state_dict(state)
    for line in (
        "missing: scale",
        "unexpected: extra",
        r"layers.1.bias: expected shape (1,), got (5,)",
    ):
        assert line in str(caught.value)
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("wrong", [np.array(["x"] * 3), np.ones(3) * 1j, np.array([None] * 3)])
def test_nothing_is_loaded_when_one_array_holds_no_real_numbers(wrong):
    layer = nn.Linear(2, 3)
    before = layer.state_dict()
    state = {"weight": before["weight"] + 1, "bias": wrong}
    with pytest.raises(ValueError, match="bias: expected real numbers, got dtype"):
        layer.load_state_dict(state)
    np.testing.assert_array_equal(layer.weight.value, before["weight"])


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            None,
            r"expected arrays by name, as state_dict\(\) returns, got NoneType; read a file with np.load",
        ),
        ("weights.npz", "got str; read a file"),
        (nn.Linear(2, 2), r"got Linear; give its state_dict\(\)"),
    ],
)
def test_what_is_no_state_is_told_how_to_become_one(state, message):
    with pytest.raises(TypeError, match=message):
        nn.Linear(2, 2).load_state_dict(state)


def test_numbers_that_would_become_infinite_are_refused():
    layer = nn.Linear(2, 1)
    before = layer.weight.value.copy()
    with pytest.raises(ValueError, match=r"weight: 1e\+300 is too large for float32"):
        layer.load_state_dict({"weight": np.array([[1.0, 1e300]]), "bias": np.ones(1)})
    np.testing.assert_array_equal(layer.weight.value, before)
    layer.load_state_dict({"weight": np.array([[np.inf, 1e30]]), "bias": np.ones(1)})


def test_tensors_can_be_loaded_too():
    a, b = nn.Linear(2, 3), nn.Linear(2, 3)
    a.load_state_dict(dict(b.named_parameters()))
    np.testing.assert_array_equal(a.weight.value, b.weight.value)
    assert a.weight is not b.weight


def test_without_strict_only_shapes_matter():
    net = Net()
    net.load_state_dict({"scale": np.array([4.0]), "extra": np.ones(2)}, strict=False)
    assert net.scale.value == 4.0


@pytest.mark.parametrize("name", ["parameters", "modules", "train", "eval", "state_dict"])
def test_an_attribute_does_not_hide_a_method(name):
    message = rf"Module.{name} would take the place of the method {name}\(\); choose another name"
    with pytest.raises(TypeError, match=message):
        setattr(nn.Module(), name, [ag.Tensor([1.0])])


def test_forward_may_be_any_function_and_training_is_a_flag():
    model = nn.Module()
    model.forward, model.training = ag.relu, False
    assert model(-1.0) == 0


def test_forward_must_be_written():
    with pytest.raises(NotImplementedError, match="Module: write a forward method"):
        nn.Module()(1)


def test_a_model_trains():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 2)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    net = nn.Sequential(nn.Linear(2, 16, rng=1), nn.Tanh(), nn.Linear(16, 2, rng=2))
    optimizer = ag.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        loss = ag.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
