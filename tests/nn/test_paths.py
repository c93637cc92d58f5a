"""Paths in a model, as people write them."""

import agx as ag
from agx._engine.walk import nodes_below
from agx.nn.paths import calls_of, parameter_names, path_of


class Net(ag.nn.Module):
    def __init__(self):
        self.features = ag.nn.Sequential(ag.nn.Linear(3, 4), ag.nn.ReLU())
        self.heads = [ag.nn.Linear(4, 2)]

    def forward(self, x):
        return self.heads[0](self.features(x))


def test_path_goes_through_containers_and_lists():
    out = Net()(ag.ones((1, 3), dtype="f4"))
    assert path_of(out.scope) == "Net.heads.0"
    assert {path_of(n.scope) for n in nodes_below(out) if n.op} == {
        "Net.heads.0",
        "Net.features.0",
        "Net.features.1",
    }
    assert path_of(None) == ""


def test_module_alone_has_the_name_of_its_class():
    assert path_of(ag.nn.ReLU()(ag.Tensor([1.0])).scope) == "ReLU"


def test_module_that_is_no_part_of_the_one_that_calls_it():
    class Made(ag.nn.Module):
        def forward(self, x):
            return ag.nn.Tanh()(x)

    out = Made()(ag.Tensor([1.0]))
    assert path_of(out.scope) == "Made.Tanh"
    assert [type(call.module).__name__ for call in calls_of(out.scope)] == ["Made", "Tanh"]


def test_parameters_have_the_names_of_the_outermost_module():
    model = Net()
    out = model(ag.ones((1, 3), dtype="f4"))
    names = parameter_names(nodes_below(out))
    assert {names[id(p)] for p in model.parameters()} == {
        "features.0.weight",
        "features.0.bias",
        "heads.0.weight",
        "heads.0.bias",
    }
    assert parameter_names([ag.Tensor([1.0])]) == {}
