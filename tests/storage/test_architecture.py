"""How models are described, and built again without running code that a file names."""

import json
import textwrap

import numpy as np
import pytest
from oracles import tables
from public import public

import agx as ag
from agx import nn
from agx.storage import architecture

MODELS = {
    "cnn": (3, 7, 12),
    "lenet5": (3, 7, 28),
    "lenet5_bn": (3, 7, 16),
    "mlp": (6, (5, 4), 2),
    "resnet20": (1, 2),
    "resnet8": (1, 2),
}


def again(model):
    """What JSON makes of a description, built."""
    return architecture.build(json.loads(json.dumps(architecture.describe(model))))


def test_every_model_has_a_row():
    assert list(MODELS) == public(ag.models)


@pytest.mark.parametrize("name", MODELS)
def test_models_of_agx_say_how_they_are_built(name):
    model = getattr(ag.models, name)(*MODELS[name])
    found = again(model)
    assert repr(found) == repr(model)
    assert architecture.describe(found) == architecture.describe(model)
    assert architecture.describe(model)["factory"] == name


@pytest.mark.parametrize("row", tables.LAYERS, ids=lambda row: row.text)
def test_layers_are_described_by_how_they_are_printed(row):
    model = nn.Sequential(eval(row.call, vars(nn)), nn.Sequential(nn.ReLU(), ag.tanh))
    assert repr(again(model)) == repr(model)
    assert repr(again(model[0])) == repr(model[0])


def test_building_draws_nothing_from_the_usual_generator():
    model, draws = ag.models.mlp(4), []
    for build in (lambda: None, lambda: again(model)):
        ag.seed(3)
        build()
        draws.append(nn.Linear(2, 2).weight.value)
    np.testing.assert_array_equal(*draws)


def test_a_model_that_was_changed_is_described_as_it_is():
    model = ag.models.mlp(4, hidden=(3,), classes=2)
    model.steps[-1] = nn.Linear(3, 5)
    assert architecture.describe(model) == {
        "layers": ["Flatten()", "Linear(4, 3)", "ReLU()", "Linear(3, 5)"]
    }
    lenet = ag.models.lenet5()
    lenet.steps[1] = nn.LeakyReLU(0.3)
    assert architecture.describe(lenet) is None


class Own(nn.Module):
    def __init__(self):
        self.inner = nn.Linear(2, 2)


@pytest.mark.parametrize(
    "model", [Own(), nn.Sequential(Own()), nn.Sequential(np.sin), nn.Sequential(lambda x: x)]
)
def test_other_models_are_not_described(model):
    assert architecture.describe(model) is None


@pytest.fixture
def factory(tmp_path, monkeypatch):
    """A module in the current folder, with a function that builds a model."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here_to_build.py").write_text(
        textwrap.dedent("""
        from agx import nn

        def small(shape, outputs):
            assert shape == (1, 2, 3)
            return nn.Sequential(nn.Flatten(), nn.Linear(6, outputs))

        none = 3
        """)
    )
    return "here_to_build:small"


def test_code_outside_agx_runs_only_if_it_is_named(factory):
    model = architecture.factory(factory)((1, 2, 3), 4)
    described = json.loads(json.dumps(architecture.describe(model)))
    assert described == {"factory": factory, "arguments": [[1, 2, 3], 4]}
    assert repr(architecture.build(described, factory)) == repr(model)
    with pytest.raises(
        ValueError,
        match=r"is built by here_to_build:small, which is code outside agx.*model='here_to_build:small'",
    ):
        architecture.build(described)
    with pytest.raises(ValueError, match=r"is built by here_to_build:small, not by os:system"):
        architecture.build(described, "os:system")
    with pytest.raises(ValueError, match=r"does not take the arguments \{'size': 3\}"):
        architecture.build({"factory": factory, "arguments": {"size": 3}}, factory)


@pytest.mark.parametrize(
    ("described", "message"),
    [
        (None, "expected the description of a model, got None"),
        ({"factory": "lenet5"}, "expected the description of a model"),
        ({"factory": "os:system", "arguments": ["true"]}, "built by os:system, which is code outside agx"),
        ({"factory": "mlp", "arguments": {"sizes": 3}}, "mlp does not take the arguments"),
        ({"layers": "__import__('os').system('true')"}, "expected the call of a layer"),
        ({"layers": ["Linear(2, 2", "ReLU()"]}, r"the layer 'Linear\(2, 2' cannot be built"),
        ({"layers": ["Linear(2, (lambda: 2)())"]}, "cannot be built: malformed node"),
        ({"layers": ["open('x', 'w')"]}, "ag.nn has no layer open"),
        ({"layers": ["init(1)"]}, "ag.nn has no layer init"),
        ({"layers": ["Linear(2, -1)"]}, "cannot be built.*must be a positive integer"),
        ({"layers": [{"x": 1}]}, "cannot be built"),
        ({"layers": [3]}, "cannot be built"),
    ],
)  # fmt: skip
def test_descriptions_that_are_none(described, message):
    with pytest.raises(ValueError, match=message):
        architecture.build(described)
