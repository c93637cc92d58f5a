"""Paths in a model, as people write them."""

import numpy as np
import pytest

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


# --- errors --------------------------------------------------------------------------------------


class Wrong(ag.nn.Module):
    """A layer among others, and what is done with its result."""

    def __init__(self, layer, then=lambda y: y):
        self.layer, self.then = layer, then

    def forward(self, x):
        return self.then(self.layer(x))


def f4(*shape):
    return np.ones(shape, np.float32)


nn = ag.nn
LAYERS = [
    (nn.Linear(400, 120), f4(2, 256), "Linear(400, 120): expected 400 features", "in_features=256"),
    (nn.Conv1d(3, 6, 5), f4(2, 4, 8), "Conv1d(3, 6, ", "check in_channels: x has 4 channels"),
    (nn.Conv2d(3, 6, 5), f4(2, 5, 8, 8), "Conv2d(3, 6, ", "check in_channels: x has 5 channels"),
    (nn.Conv3d(3, 6, 1), f4(2, 4, 2, 2, 2), "Conv3d(3, 6, ", "check in_channels: x has 4 channels"),
    (nn.ConvTranspose2d(3, 6, 2), f4(2, 5, 8, 8), "ConvTranspose2d(3, 6", "in_channels: x has 5"),
    (nn.BatchNorm1d(4), f4(2, 3), "BatchNorm1d(4, ", "check num_features: x has 3 channels"),
    (nn.BatchNorm2d(4), f4(2, 3, 8, 8), "BatchNorm2d(4, ", "check num_features: x has 3 channels"),
    (
        nn.InstanceNorm1d(4),
        f4(2, 3, 8),
        "InstanceNorm1d(4, ",
        "check num_features: x has 3 channels",
    ),
    (nn.GroupNorm(2, 4), f4(2, 3, 8), "GroupNorm(2, 4, ", "check num_channels: x has 3 channels"),
    (nn.LayerNorm(4), f4(2, 3), "LayerNorm((4,), ", "check normalized_shape: x ends in (3,)"),
    (nn.LSTM(4, 5), f4(2, 3, 7), "LSTM(4, 5): expected sequences", "check input_size"),
    (nn.GRUCell(4, 5), f4(2, 7), "GRUCell(4, 5): expected x of shape", "check input_size"),
    (nn.PReLU(4), f4(2, 3), "PReLU(num_parameters=4): expected 4 channels", "PReLU(3)"),
    (nn.Linear(400, 120), f4(2, 16, 5, 5), "Linear(400, 120): expected 400", "ag.nn.Flatten()"),
    (nn.Conv2d(3, 6, 5), f4(2, 8, 8, 3), "Conv2d(3, 6, ", "x.transpose(0, 3, 1, 2)"),
    (nn.Conv2d(4, 8, 3, groups=2), f4(2, 6, 8, 8), "Conv2d(4, 8, ", "in_channels: x has 6"),
    (nn.ConvTranspose1d(3, 6, 2), f4(2, 5, 8), "ConvTranspose1d(3, 6", "in_channels: x has 5"),
    (nn.BatchNorm2d(4), f4(2, 4), "BatchNorm2d(4, ", "use BatchNorm1d"),
    (nn.RMSNorm(4), f4(2, 3), "RMSNorm((4,), ", "check normalized_shape: x ends in (3,)"),
    (nn.RNN(4, 5), f4(2, 3, 7), "RNN(4, 5): expected sequences", "check input_size"),
    (nn.LSTMCell(4, 5), f4(2, 7), "LSTMCell(4, 5): expected x of shape", "check input_size"),
    (nn.Flatten(), f4(3), "Flatten(): there are no axes", "check start_dim"),
    (nn.Unflatten(1, (2, 2)), f4(2, 3), "Unflatten(dim=1, ", "check dim and unflattened_size"),
]
#: Layers that leave the message to an operation.
NOTED = [
    (nn.Conv2d(3, 6, 5), f4(2, 3, 3, 3), "conv2d: a kernel .* use a smaller kernel"),
    (nn.MaxPool2d(4), f4(2, 3, 2, 2), "max_pool2d: a kernel .* use a smaller kernel"),
    (nn.AvgPool2d(2), f4(2, 3), "avg_pool2d: expected x of shape .* got \\(2, 3\\)"),
    (nn.AdaptiveAvgPool2d(2), f4(2, 3), "adaptive_avg_pool2d: expected x of shape"),
    (nn.Softmax(3), f4(2, 3), "softmax: axis 3 is out of bounds"),
    (nn.GLU(), f4(2, 3), "glu: axis 1 must have an even length"),
]


@pytest.mark.parametrize(("layer", "x", "start", "fix"), LAYERS, ids=lambda v: type(v).__name__)
def test_layer_that_does_not_fit_is_named_by_its_path(layer, x, start, fix):
    with pytest.raises(ValueError) as alone:  # noqa: PT011
        layer(x)
    assert str(alone.value).startswith(start) and fix in str(alone.value)
    with pytest.raises(ValueError) as within:  # noqa: PT011
        nn.Sequential(nn.Identity(), Wrong(layer))(x)
    assert str(within.value) == f"Sequential.1.layer = {alone.value}"


@pytest.mark.parametrize(("layer", "x", "message"), NOTED, ids=lambda v: type(v).__name__)
def test_layer_whose_operation_refuses_is_named_in_a_note(layer, x, message):
    with pytest.raises(ValueError, match=message) as caught:
        nn.Sequential(nn.Identity(), Wrong(layer))(x)
    assert caught.value.__notes__ == [f"in Sequential.1.layer = {layer!r}"]


def test_attention_inside_a_layer_names_the_argument():
    with pytest.raises(ValueError, match="check embed_dim$") as caught:
        nn.Sequential(nn.TransformerEncoderLayer(8, 2))(f4(2, 3, 7))
    assert str(caught.value).startswith("Sequential.0.self_attn = MultiheadAttention(8, 2, ")


def test_error_of_an_operation_has_the_path_as_a_note():
    model = nn.Sequential(Wrong(nn.Linear(4, 5), lambda y: y @ f4(4, 2)))
    with pytest.raises(ValueError, match="matmul: shapes") as caught:
        model(f4(2, 4))
    assert caught.value.__notes__ == ["in Sequential.0 = Wrong"]
    with pytest.raises(IndexError) as caught:
        nn.Sequential(nn.Sequential(nn.Embedding(10, 3)))(np.array([11]))
    assert caught.value.__notes__ == ["in Sequential.0.0 = Embedding(10, 3)"]


def test_an_operation_of_the_outermost_module_names_that():
    with pytest.raises(ValueError, match="matmul: shapes") as caught:
        Wrong(nn.Identity(), lambda y: ag.Tensor(y) @ f4(3, 2))(f4(2, 4))
    assert caught.value.__notes__ == ["in Wrong"]


def test_a_layer_that_is_called_alone_names_itself_and_other_errors_are_left_alone():
    with pytest.raises(ValueError, match=r"^Linear\(3, 2\): expected 3 features") as caught:
        nn.Linear(3, 2)(f4(2, 4))
    assert not hasattr(caught.value, "__notes__")

    class Own(nn.Module):
        def forward(self, x):
            raise KeyError("mine")

    with pytest.raises(KeyError) as caught:
        nn.Sequential(Own())(f4(1))
    assert caught.value.args == ("mine",) and not hasattr(caught.value, "__notes__")
