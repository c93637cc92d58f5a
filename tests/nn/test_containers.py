"""Modules that are kept in lists and by name."""

import copy

import numpy as np
import pytest

import agx as ag
from agx import nn


class Tower(nn.Module):
    def __init__(self):
        self.layers = nn.ModuleList([nn.Linear(3, 4), nn.Linear(4, 2)])
        self.heads = nn.ModuleDict({"a": nn.Linear(2, 1), "b": nn.BatchNorm1d(2)})

    def forward(self, x):
        for layer in self.layers:
            x = ag.tanh(layer(x))
        return self.heads["a"](self.heads["b"](x))


def test_names_of_the_state_are_pytorchs():
    names = [
        "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias", "heads.a.weight",
        "heads.a.bias", "heads.b.weight", "heads.b.bias", "heads.b.running_mean",
        "heads.b.running_var", "heads.b.num_batches_tracked",
    ]  # fmt: skip
    assert list(Tower().state_dict()) == names


def test_modes_and_gradients_reach_everything():
    net = Tower()
    net(np.ones((4, 3), np.float32)).sum().backward()
    assert all(p.grad_or_none is not None for p in net.parameters())
    assert not any(m.training for m in net.eval().modules())
    assert {type(m).__name__ for m in net.modules()} >= {"ModuleList", "ModuleDict"}
    state = net.state_dict()
    other = Tower()
    other.load_state_dict(state)
    np.testing.assert_array_equal(other.heads["a"].weight.value, state["heads.a.weight"])
    assert list(copy.deepcopy(net).state_dict()) == list(state)


def test_a_list_of_modules_is_a_list():
    first, second, third = nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 2)
    layers = nn.ModuleList([first])
    layers.append(third)
    layers.insert(1, second)
    assert list(layers) == [first, second, third]
    assert len(layers) == 3 and second in layers and layers.index(third) == 2
    assert isinstance(layers[1:], nn.ModuleList) and list(layers[1:]) == [second, third]
    layers[0] = third
    layers[1:] = [first]
    layers += [second]
    layers.extend(nn.ModuleList([second]))
    assert list(layers) == [third, first, second, second]
    del layers[0]
    assert layers.pop() is second
    layers.reverse()
    assert list(layers) == [second, first]
    assert list(layers.state_dict()) == ["1.weight", "1.bias"]
    assert repr(layers) == "ModuleList(\n  (0): ReLU()\n  (1): Linear(1, 1)\n)"


def test_modules_by_name_are_a_dict():
    first, second = nn.Linear(1, 1), nn.ReLU()
    by_name = nn.ModuleDict([("x", first)])
    by_name["y"] = second
    assert list(by_name) == list(by_name.keys()) == ["x", "y"]
    assert list(by_name.values()) == [first, second] and dict(by_name.items())["y"] is second
    assert len(by_name) == 2 and "x" in by_name and "z" not in by_name
    assert by_name.update({"x": second}) is by_name and by_name["x"] is second
    assert by_name.pop("y") is second
    assert repr(by_name) == "ModuleDict(\n  (x): ReLU()\n)"
    del by_name["x"]
    by_name["z"] = first
    by_name.clear()
    assert not list(by_name.state_dict())


def test_holders_in_holders():
    net = nn.ModuleList([nn.ModuleDict({"a": nn.ModuleList([nn.Linear(1, 1, bias=False)])})])
    assert list(net.state_dict()) == ["0.a.0.weight"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.ModuleList([ag.relu]), TypeError, "ModuleList: expected a module, got "),
        (lambda: nn.ModuleList([nn.ReLU]), TypeError, r"got <class .*ReLU'>; make one of it, ReLU\(...\)"),
        (lambda: nn.ModuleDict({"a": 3}), TypeError, "ModuleDict: expected a module, got 3"),
        (lambda: nn.ModuleDict({1: nn.ReLU()}), TypeError, "ModuleDict: a name is text, got 1; write '1'"),
        (lambda: nn.ModuleDict({"a.b": nn.ReLU()}), ValueError, "a name is not empty and has no dot, got 'a.b'"),
        (lambda: nn.ModuleList([])(1.0), NotImplementedError, "ModuleList holds modules and is not called; call them, as in for layer in self.layers: x"),
        (lambda: nn.ModuleDict({})(1.0), NotImplementedError, r"in self.layers.values\(\): x = layer\(x\), or use Sequential"),
    ],
)  # fmt: skip
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_what_is_refused_changes_nothing():
    layers, by_name = nn.ModuleList([nn.ReLU()]), nn.ModuleDict({"a": nn.ReLU()})
    for change in (
        lambda: layers.append(3),
        lambda: layers.__setitem__(slice(0, 1), [nn.ReLU(), 3]),
        lambda: by_name.update({"b": nn.ReLU(), "c": 3}),
    ):
        with pytest.raises(TypeError):
            change()
    assert len(layers) == len(by_name) == 1
